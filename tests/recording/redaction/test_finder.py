"""The finder: what goes from each container, to the character, and what stays."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest

from entra_oauth.recording.redaction.finder import Finder, Looked
from entra_oauth.recording.redaction.free_text import is_address, may_be_form, tokens
from entra_oauth.recording.redaction.redact import Redactor
from entra_oauth.recording.redaction.views import whole
from entra_oauth.recording.step import Level
from kit.canaries import jwt

KEY = b"k" * 32
REDACTOR = Redactor(level=Level.SECRETS, key=KEY)
PEOPLE = Redactor(level=Level.PII, key=KEY)
SECRET = "Canary-Secret-Of-Some-Length-0123456789"
UNKNOWN = "never_heard_of_it"


def found(text: str, name: str = "scope", redactor: Redactor = REDACTOR) -> list[str]:
    """The values that go from a parameter of that name."""
    return [find.value for find in redactor.parameter(name, text).finds]


# ---- a value under a name that says nothing ---------------------------------------------


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ('{"scope": "openid", "state": "12345"}', '{"scope": "openid", "state": "~state~"}'),
        (' [{"scope": "openid"}, 1] ', ' [{"scope": "openid"}, 1] '),
        ("[]", "[]"),
        ('{"scope": "a"', "~val~"),
        ('"scope": "a"}', "~val~"),
        ('{"scope"}', "~val~"),
        ("https://a.example/?state=12345", "https://a.example/?state=~state~"),
        (" https://a.example/p ", " https://a.example/p "),
        ("https://a.example/{x}", "https://a.example/{x}"),
        ("x https://a.e/", "~val~"),
        ("a word", "~val~"),
        ("2", "~val~"),
    ],
)
def test_json_and_an_address_are_looked_into_under_an_unknown_name(value: str, left: str) -> None:
    assert REDACTOR.parameter(UNKNOWN, value).text == left


@pytest.mark.parametrize(
    "word", ["true", "false", "null", "none", "yes", "no", "on", "off", "0", "1", "True", "NONE"]
)
def test_true_and_false_tell_nothing(word: str) -> None:
    assert REDACTOR.parameter(UNKNOWN, word).text == word
    assert REDACTOR.parameter("state", word).text == "~state~"


def test_json_in_a_harmless_value_is_one_layer_down() -> None:
    finder, value = Finder(key=KEY), whole('{"scope": "openid"}')
    assert list(finder.inside(value, 10)) == []
    assert [find.value for find in finder.inside(value, 11)] == ["openid"]


def test_json_that_is_too_deep_goes_whole() -> None:
    finder, value = Finder(key=KEY), whole('{"scope": "openid"}')

    def values(depth: int) -> list[str]:
        return [find.value for find in finder.named(UNKNOWN, value, depth)]

    assert values(11) == ["openid"], "one layer down is the limit"
    assert values(10) == []
    assert values(12) == [value.text]
    assert list(finder.inside(whole("scope=openid&prompt=none"), 9)) == []
    assert len(list(finder.inside(whole("scope=openid&prompt=none"), 10))) == 2
    address = whole("https://a.example/?scope=openid")
    assert list(finder.named(UNKNOWN, address, 8)) == []
    assert [find.value for find in finder.named(UNKNOWN, address, 9)] == ["openid"]


@pytest.mark.parametrize("value", ["", "~state~", "state~0123456789~~~"])
def test_what_is_gone_is_not_found_again(value: str) -> None:
    assert found(value, "state") == []
    assert found(value, UNKNOWN) == []
    body = json.dumps({"state": value, UNKNOWN: [value], value: 1, "password": value}).encode()
    for redactor in (REDACTOR, PEOPLE):
        assert redactor.body(body, "application/json").data == body


# ---- a value that may stay --------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ('{"state": "12345", "scope": "a"}', '{"state": "~state~", "scope": "a"}'),
        (' [{"state": "12345"}] ', ' [{"state": "~state~"}] '),
        ('{"state": "12345"', '{"state": "12345"'),
        ("prompt=none&state=12345", "prompt=none&state=~state~"),
        ("state=12345", "state=~state~"),
        ("state: 12345", "state: 12345"),
        ("a state=12345", "a state=12345"),
        ("see https://a.e/?state=12345&x", "see https://a.e/?state=~state~&x"),
    ],
)
def test_a_harmless_value_is_looked_into(value: str, left: str) -> None:
    assert REDACTOR.parameter("scope", value).text == left


TOKEN = jwt({"alg": "RS256"}, {"aud": "api://x"}, "c2lnbmF0dXJl" * 4)
BARE = "ey" + "A" * 10 + ".ey" + "A" * 2 + "."


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        (f"a {TOKEN} b", [TOKEN]),
        (f"{TOKEN} {TOKEN[:-1]}", [TOKEN, TOKEN[:-1]]),
        (BARE, [BARE]),
        (BARE.replace("AA.", "A.", 1), []),
        (f"x{BARE}", []),
        (f"-{BARE}", []),
        (f"+{BARE}", [BARE]),
        (f"{BARE}sig~0123456789~~~", []),
        (f"{BARE}c2lnbmF0~", [f"{BARE}c2lnbmF0"]),
    ],
)
def test_a_token_is_found_wherever_it_stands(text: str, gone: list[str]) -> None:
    assert found(text) == gone


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Basic", "PoP", "DPoP"])
def test_credentials_are_found_by_their_scheme(scheme: str) -> None:
    assert found(f"sent {scheme} abcdefghijkl=") == ["abcdefghijkl="]
    assert found(f"sent {scheme} abcdefghijk") == []
    assert found(f"sent x{scheme} abcdefghijkl") == []


# ---- text for people --------------------------------------------------------------------

DIGITS_AND_LETTERS = "ab1" * 6 + "ab"


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        (DIGITS_AND_LETTERS, [DIGITS_AND_LETTERS]),
        (DIGITS_AND_LETTERS[:-1], []),
        (f"({DIGITS_AND_LETTERS}==)", [f"{DIGITS_AND_LETTERS}=="]),
        ("the code=12345 was spent", ["12345"]),
        ("the code: '12345' was spent", ["12345"]),
        ("the error=12345 was spent", []),
        ("12a34b56-789c-0d12-e3fa-b456789c0123", []),
        (f"https://a.example/?scope={DIGITS_AND_LETTERS}", []),
        (f"https://a.example/?scope={DIGITS_AND_LETTERS} " * 3, []),
        ("authorization_code_verifier", []),
        (f"{BARE}sig~0123456789~~~~~~~~~~", []),
        (f"{TOKEN.rpartition('.')[0]}.sig~0123456789~~~~~~~~~~", []),
        (f"{BARE}sig~0123456789~~~~~~~~~~ {DIGITS_AND_LETTERS}", [DIGITS_AND_LETTERS]),
    ],
)
def test_of_a_text_what_looks_like_a_secret_goes(text: str, gone: list[str]) -> None:
    assert [find.value for find in REDACTOR.words(text).finds] == gone


def test_what_was_looked_into_is_not_shown() -> None:
    assert repr(Looked(3, 9, "Canary")) == "Looked(from 3 to 9)"


def test_a_name_may_have_to_be_longer_to_count() -> None:
    finder = Finder(key=KEY)

    def values(text: str, shortest: int) -> list[str]:
        return [find.value for find in finder.looks(whole(text), 0, shortest=shortest)]

    assert values("code=12345", 4) == ["12345"]
    assert values("code=12345", 5) == []
    assert values("password=12345", 5) == ["12345"]


# ---- addresses --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "left"),
    [
        ("https://user:word@a.example/", "https://~pw~@a.example/"),
        ("https://user@b@a.example/x@y", "https://~pw~@a.example/x@y"),
        ("https://@a.example/", "https://@a.example/"),
        ("https://u@a.example/", "https://~pw~@a.example/"),
        (f"https://u:{SECRET}@a.example/", "https://~pw~@a.example/"),
        ("https://a.example", "https://a.example"),
        ("/p?state=12345#code=12345", "/p?state=~state~#code=~code~"),
        ("https://a.example/p#a?state=12345", "https://a.example/p#a?state=~val~"),
        (f"https://a.example/{DIGITS_AND_LETTERS}/x", "https://a.example/val~"),
        (f"/{DIGITS_AND_LETTERS}/x", "/val~"),
        ("https://a.example/val~0123456789~~~~~~/x", "https://a.example/val~0123456789~~~~~~/x"),
        (f"https://a.example/{BARE}sig~0123456789~~~/x", f"https://a.example/{BARE}sig~0123456789"),
        ("https://a.example/ab%31ab1ab1ab1ab1ab1ab/x", "https://a.example/val~"),
    ],
)
def test_of_an_address_the_user_long_segments_query_and_fragment_are_looked_at(
    url: str, left: str
) -> None:
    done = REDACTOR.url(url).text
    assert done.startswith(left)
    assert done.endswith("/x") or done == left


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("/contoso.example/oauth2/v2.0/token", "/~pii~/oauth2/v2.0/token"),
        ("/contoso.example/v2.0/x", "/~pii~/v2.0/x"),
        ("/contoso.example/discovery/keys", "/~pii~/discovery/keys"),
        ("/common/oauth2/v2.0/token", "/common/oauth2/v2.0/token"),
        ("/organizations/v2.0/x", "/organizations/v2.0/x"),
        ("/consumers/discovery/keys", "/consumers/discovery/keys"),
        ("/~pii~/oauth2/token", "/~pii~/oauth2/token"),
        ("/pii~0123456789~~~/oauth2/token", "/pii~0123456789~~~/oauth2/token"),
        ("/a/b/oauth2/token", "/a/~pii~/oauth2/token"),
        ("/a/b", "/a/b"),
        ("//oauth2/token", "//oauth2/token"),
    ],
)
def test_a_tenant_in_a_path_goes_where_people_do(path: str, left: str) -> None:
    assert PEOPLE.url(f"https://login.example{path}").text == f"https://login.example{left}"
    assert REDACTOR.url(f"https://login.example{path}").text == f"https://login.example{path}"


# ---- forms and JSON ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "left"),
    [
        ("a=&state=12345", "a=&state=~state~"),
        ("state=a%26b=c&scope=x", "state=~state~&scope=x"),
        ("st%61te=12345", "st%61te=~state~"),
        ("state", "state"),
        ("=12345", "=~val~"),
        ("Canary-Secret+Of=1", "name~6aaa9c925e~=1"),
        ("Canary-Secret=1", "Canary-Secret=1"),
        ("name~0123456789~~~=1", "name~0123456789~~~=1"),
        (
            "code_challenge=v&code_challenge_method=S256",
            "code_challenge=v&code_challenge_method=S256",
        ),
        (
            "code_challenge=v&code_challenge_method=plain",
            "code_challenge=~pkce~&code_challenge_method=plain",
        ),
        (
            "Code_Challenge=v&code_challenge_method=s256",
            "Code_Challenge=~pkce~&code_challenge_method=s256",
        ),
    ],
)
def test_a_form_is_split_first_and_decoded_then(form: str, left: str) -> None:
    done = REDACTOR.body(form.encode(), "application/x-www-form-urlencoded")
    assert done.text == left


def test_what_is_in_a_list_goes_by_the_lists_name() -> None:
    body = {"state": ["12345", ["x"], {"scope": "a"}, 5, 1, None, True], "scope": ["a"]}
    done = json.loads(REDACTOR.body(json.dumps(body).encode(), "application/json").data)
    assert done == {
        "state": ["~state~", ["~state~"], {"scope": "a"}, 0, 1, None, True],
        "scope": ["a"],
    }


# ---- credentials ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "left"),
    [
        ("Basic eDp5", "Basic ~pw~"),
        ("basic   eDp5  ", "basic   ~pw~  "),
        ("Bearer short", "Bearer ~at~"),
        ("short", "~auth~"),
        ("Bearer ~at~", "Bearer ~at~"),
        ("Basic ~pw~", "Basic ~pw~"),
        ("Bearer", "~auth~"),
        ("~auth~", "~auth~"),
    ],
)
def test_the_scheme_stays_and_the_rest_goes(header: str, left: str) -> None:
    assert REDACTOR.header("Authorization", header).text == left


def test_a_readable_token_needs_room_for_what_says_that_its_signature_is_gone() -> None:
    for name in ("access_token", "id_token"):
        shown = REDACTOR.parameter(name, TOKEN).text
        header, claims, signature = shown.split(".")
        assert (header, claims) == tuple(TOKEN.split(".")[:2])
        assert signature.startswith("sig~")
        assert len(shown) == len(TOKEN)
    in_a_form = TOKEN.replace(".", "%2E")
    done = REDACTOR.body(f"access_token={in_a_form}".encode(), "application/x-www-form-urlencoded")
    assert done.text.startswith("access_token=at~"), "its places are not those of its characters"


def test_no_part_of_a_readable_token_is_longer_than_it_was() -> None:
    claims = urlsafe_b64encode(json.dumps({"nonce": "12345"}).encode()).rstrip(b"=").decode()
    head = TOKEN.partition(".")[0]
    token = f"{head}.{claims}." + "c" * 32
    shown = REDACTOR.parameter("id_token", token).text
    assert len(shown) == len(token)
    assert "12345" not in shown


# ---- places in free text --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("a=b", True),
        ("a=b&c=d", True),
        ("a=b&c", True),
        ("a", False),
        ("=", False),
        ("a=", False),
        ("a=b c", False),
        ("a&b", False),
        ("a:b", False),
        ("https://h/?a=b&c=d", False),
    ],
)
def test_a_form_has_a_pair_and_is_no_address(text: str, is_one: bool) -> None:
    assert may_be_form(text) is is_one


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("https://a.example/p?q=1", True), ("see https://a.example/", False), ("a.example", False)],
)
def test_an_address_is_one_from_end_to_end(text: str, is_one: bool) -> None:
    assert is_address(text) is is_one


def test_a_token_is_one_whose_signature_says_sig_and_was_not_taken_out() -> None:
    text = f"{BARE}sig and {BARE}sig~0123456789~~~"
    assert [text[start:end] for start, end in tokens(text)] == [f"{BARE}sig"]
