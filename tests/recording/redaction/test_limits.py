"""The redactor at its limits: one character, one layer, one byte."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from entra_oauth.recording.redaction.bodies import LARGEST_BODY
from entra_oauth.recording.redaction.finder import Finder
from entra_oauth.recording.redaction.finds import cleaned_jwt, unsigned_jwt
from entra_oauth.recording.redaction.redact import Redactor
from entra_oauth.recording.redaction.views import View, html_text, json_string, percent, whole
from entra_oauth.recording.step import Level
from kit.canaries import jwt

KEY = b"k" * 32
REDACTOR = Redactor(level=Level.SECRETS, key=KEY)
SECRET = "Canary-Secret-Of-Some-Length-0123456789"


# ---- the redactor ---------------------------------------------------------------------


@pytest.mark.parametrize(("length", "shown"), [(15, "~state~"), (16, "state~")])
def test_from_sixteen_characters_on_a_value_keeps_its_length(length: int, shown: str) -> None:
    done = REDACTOR.parameter("state", "S3" * 7 + "x" * (length - 14)).text
    assert done.startswith(shown)
    assert len(done) == (16 if length == 16 else len("~state~"))


@pytest.mark.parametrize(("word", "is_found"), [("elevenchars", False), ("twelve-chars", True)])
def test_from_twelve_characters_on_a_known_secret_is_found_in_any_text(
    word: str, is_found: bool
) -> None:
    redactor = Redactor(level=Level.SECRETS, key=KEY, known={word: "code"})
    assert (word not in redactor.words(f"said {word} aloud").text) == is_found
    assert (word not in redactor.url(f"https://a.example/{word}/b").text) == is_found


def test_of_two_known_secrets_the_longer_goes_as_a_whole() -> None:
    known = {"twelve-chars": "code", "twelve-chars-and-more": "state"}
    redactor = Redactor(level=Level.SECRETS, key=KEY, known=known)
    assert redactor.words("a twelve-chars-and-more b").text.startswith("a state~")
    assert redactor.words("twelve-chars twelve-chars").text == "~code~ ~code~"


@pytest.mark.parametrize("body", [b'"text"', b"5", b"true", b"null"])
def test_json_without_a_brace_is_understood_by_its_label(body: bytes) -> None:
    for label in ("application/json", "application/problem+json", "application/jwk-set+json"):
        assert REDACTOR.body(body, label).understood, label
    torn = REDACTOR.body(b"text that is no JSON", "application/problem+json")
    assert not torn.understood
    assert b"text" not in torn.data


def test_a_string_alone_is_read_under_its_label_and_taken_out() -> None:
    done = REDACTOR.body(json.dumps(SECRET).encode(), "application/problem+json")
    assert SECRET.encode() not in done.data
    assert done.data.startswith(b'"')


PAIRS: list[tuple[dict[str, Any], str]] = [
    ({"name": "state", "value": "12345"}, "~state~"),
    ({"Name": "state", "Value": "12345"}, "~state~"),
    ({"name": "client_id", "value": "12345"}, "12345"),
    ({"name": "client_secret", "value": "x"}, "~sec~"),
]


@pytest.mark.parametrize(
    "name", ["state", "\\u0073tate", "st\\u0061te", "stat\\u0065", "\\u0053tate"]
)
def test_a_name_with_escapes_is_the_name_that_it_says(name: str) -> None:
    body = f'{{"{name}": "12345", "scope": "a"}}'
    assert REDACTOR.body(body.encode()).text == body.replace("12345", "~state~")


@pytest.mark.parametrize(("pair", "value"), PAIRS)
def test_a_pair_of_name_and_value_is_read_by_its_name(pair: dict[str, Any], value: str) -> None:
    done = json.loads(REDACTOR.body(json.dumps(pair).encode(), "application/json").data)
    named = pair.get("name", pair.get("Name"))
    assert list(done.values()) == [named, value], "and the name stays"
    people = Redactor(level=Level.PII, key=KEY)
    kept = json.loads(people.body(json.dumps(pair).encode(), "application/json").data)
    assert next(iter(kept.values())) == named


def test_a_name_alone_is_a_persons_and_no_pair() -> None:
    people = Redactor(level=Level.PII, key=KEY)
    done = json.loads(people.body(b'{"name": "Ada", "value": "state"}', "application/json").data)
    assert done["value"] != "state", "under a name that says nothing"
    for more in ({}, {"kty": "RSA"}):
        alone = json.dumps({"name": "Ada", **more}).encode()
        assert json.loads(people.body(alone, "application/json").data)["name"] == "~pii~"
    number = json.loads(people.body(b'{"name": 12345, "value": "x"}', "application/json").data)
    assert number == {"name": 0, "value": "~val~"}


def test_beside_a_pair_the_other_members_go_by_their_own_names() -> None:
    run = "ab1" * 10
    pair = {"name": "scope", "value": "a", "state": "12345", "n": run}
    done = json.loads(REDACTOR.body(json.dumps(pair).encode(), "application/json").data)
    assert (done["name"], done["value"], done["state"]) == ("scope", "a", "~state~")
    assert done["n"] != run
    as_key = json.dumps({"kty": "RSA", "n": run}).encode()
    assert REDACTOR.body(as_key, "application/json").data == as_key, "of a key it is public"


def test_what_could_be_a_secret_is_no_name_of_a_pair_where_people_go() -> None:
    people = Redactor(level=Level.PII, key=KEY)
    pair = {"name": "0.Canary+/=-~_Secret-1234567890", "value": "x"}
    done = json.loads(people.body(json.dumps(pair).encode(), "application/json").data)
    assert done["name"].startswith("pii~")
    assert done["value"] == "~val~"


@pytest.mark.parametrize("key", ["Ada", "Ada Lovelace", "x Ada", "Ada x"])
def test_a_name_that_is_known_goes_from_the_names_of_members_too(key: str) -> None:
    people = Redactor(level=Level.PII, key=KEY, names=["Ada", "Ada Lovelace"])
    done = people.body(json.dumps({key: True, "scope": "a"}).encode(), "application/json")
    left = "~pii~" if "Lovelace" in key else key
    assert json.loads(done.data) == {left.replace("Ada", "~pii~"): True, "scope": "a"}
    coded = f"scope={quote(json.dumps({key: True}))}".encode()
    assert b"Ada" not in people.body(coded, "application/x-www-form-urlencoded").data


@pytest.mark.parametrize(
    ("number", "left"),
    [("0", "0"), ("1", "1"), ("2", "0"), ("9", "9"), ("99", "99"), ("-1", "0")]
    + [("1" * 15, "0"), ("1" * 16, "9" * 16), ("9" * 20, "9" * 20)],
)
def test_a_number_under_an_unknown_name_goes(number: str, left: str) -> None:
    body = f'{{"never_heard_of_it": {number}, "expires_in": {number}}}'.encode()
    done = REDACTOR.body(body, "application/json").data.decode()
    assert done == f'{{"never_heard_of_it": {left}, "expires_in": {number}}}'


def test_a_number_that_tells_of_a_person_goes_only_where_people_do() -> None:
    body = b'{"phone_number": 12345}'
    assert REDACTOR.body(body, "application/json").data == body
    people = Redactor(level=Level.PII, key=KEY)
    assert people.body(body, "application/json").data == b'{"phone_number": 0}'


def test_the_largest_body_is_looked_into_and_one_byte_more_is_not() -> None:
    text = b"a " * (LARGEST_BODY // 2)
    assert REDACTOR.body(text, "text/plain").understood
    assert not REDACTOR.body(text + b"b", "text/plain").understood


def test_of_a_body_that_is_gone_it_is_said_whether_that_was_for_its_size() -> None:
    large = b"a " * (LARGEST_BODY // 2) + b"b"
    assert REDACTOR.body(large, "text/plain").too_large
    assert not REDACTOR.body(large[:-1], "text/plain").too_large
    assert not REDACTOR.body(b"\0", "x/y").too_large
    assert not REDACTOR.body(b"\0" * LARGEST_BODY, "x/y").too_large
    assert REDACTOR.body(b"\0" * (LARGEST_BODY + 1), "x/y").too_large
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
    assert REDACTOR.message(head + large)[2] == ("too-large",)
    assert REDACTOR.message(head.replace(b"text/plain", b"x/y") + b"b")[2] == ("not-understood",)


@pytest.mark.parametrize("layers", [1, 2, 5, 11, 12, 13, 40])
def test_a_secret_is_found_however_deep_it_lies(layers: int) -> None:
    text = f"code={SECRET}"
    for _ in range(layers):
        text = "redirect_uri=" + quote(f"https://a.example/?{text}", safe="")
    done = REDACTOR.url(f"https://a.example/?{text}")
    assert SECRET not in done.text


def test_a_finder_does_not_go_deeper_than_its_limit() -> None:
    finder = Finder(key=KEY)
    view = whole("scope=openid&prompt=none")
    assert list(finder.form(view, 10)) == []
    assert [f.value for f in finder.form(view, 11)] == ["openid", "none"]
    (found,) = finder.form(view, 12)
    assert (found.start, found.end) == (0, len(view.text))
    assert list(finder.inside(whole("openid"), 11)) == []
    assert [f.kind for f in finder.inside(whole("openid"), 12)] == ["val"]


def test_a_form_inside_of_a_harmless_value_is_looked_into() -> None:
    done = REDACTOR.parameter("scope", f"prompt=none&state=12345&code={SECRET}").text
    assert done.startswith("prompt=none&state=~state~&code=code~")
    assert REDACTOR.parameter("scope", "state=12345").text == "state=~state~"
    address = "https://a.example/?prompt=none&state=12345"
    assert REDACTOR.parameter("scope", address).text == address.replace("12345", "~state~")


def test_a_name_that_was_taken_out_before_stays_as_it_is() -> None:
    body = b'{"name~0123456789~~~~~~~": 1}'
    assert REDACTOR.body(body, "application/json").data == body
    taken = REDACTOR.body(b'{"0.Canary+/=-~_Secret-1234567890": 1}', "application/json")
    assert re.fullmatch(r'\{"name~[0-9a-f]{10}~{16}": 1\}', taken.text)


SIGNATURE = "c2lnbmF0dXJl" * 4


@pytest.mark.parametrize(("length", "readable"), [(31, False), (32, True)])
def test_a_token_with_a_short_signature_goes_whole(length: int, readable: bool) -> None:
    token = jwt({"alg": "RS256"}, {"aud": "api://x"}, SIGNATURE[:length])
    done = REDACTOR.parameter("access_token", token).text
    assert len(done) == len(token)
    assert done.startswith("ey" if readable else "at~")


def _with_blanks(in_head: int, in_claims: int) -> Callable[[str], str]:
    return lambda text: text[:-1] + " " * (in_head if '"alg"' in text else in_claims) + "}"


def test_a_token_keeps_its_length_as_long_as_there_is_room_for_its_mark() -> None:
    token = jwt({"alg": "RS256"}, {"aud": "api://x"}, SIGNATURE)
    *parts, signature = token.split(".")
    rooms = set()
    for more in range(14 * 14):
        clean = _with_blanks(more % 14, more // 14)
        longer = [
            urlsafe_b64encode(clean(urlsafe_b64decode(f"{each}==").decode()).encode()).rstrip(b"=")
            for each in parts
        ]
        room = len(signature) - sum(map(len, longer)) + sum(map(len, parts))
        rooms.add(room)
        made = unsigned_jwt(token, clean=clean, key=KEY)
        assert (made is not None) == (room >= 16), room
        assert made is None or len(made) == len(token)
    assert {15, 16} <= rooms


def test_a_mark_that_stands_without_filling_needs_no_more_room() -> None:
    head, claims = jwt({"alg": "RS256"}, {"aud": "api://x"}).split(".")[:2]
    for filling in ("", "~", "~~~"):
        token = f"{head}.{claims}.sig~0123456789{filling}"
        assert cleaned_jwt(token, clean=lambda text: text) == token
        longer = cleaned_jwt(token, clean=lambda text: text.replace("api://", "api:// "))
        assert (longer is not None) == (len(filling) > 1)
        assert longer is None or len(longer) == len(token)


def test_a_part_whose_encoding_is_not_the_usual_one_is_no_readable_token() -> None:
    usual = jwt({"alg": "RS256"}, {"aud": "xy"}, SIGNATURE)
    header, claims, signature = usual.split(".")
    padded = len(claims) % 4
    assert padded, "else there are no bits after the last byte"
    odd = f"{claims[:-1]}{chr(ord(claims[-1]) + 1)}"
    assert REDACTOR.parameter("access_token", usual).text.startswith("ey")
    changed = REDACTOR.parameter("access_token", f"{header}.{odd}.{signature}").text
    assert changed.startswith("at~")
    array = jwt({"alg": "RS256"}, [], SIGNATURE)  # type: ignore[arg-type]
    assert REDACTOR.parameter("access_token", array).text.startswith("at~")


# ---- views ------------------------------------------------------------------------------


def places(view: View) -> list[tuple[str, int, int]]:
    return list(zip(view.text, view.starts, view.ends, strict=True))


def test_each_character_knows_the_whole_escape_that_it_came_from() -> None:
    assert places(percent(whole("a%2Fb+c"))) == [
        *(("a", 0, 1), ("/", 1, 4), ("b", 4, 5), (" ", 5, 6), ("c", 6, 7))
    ]
    assert places(json_string(whole(r"a\u00e9\n"))) == [
        *(("a", 0, 1), ("\xc3", 1, 7), ("\xa9", 1, 7), ("\n", 7, 9))
    ]
    assert places(html_text(whole("&lt;x&#65;"))) == [("<", 0, 4), ("x", 4, 5), ("A", 5, 10)]
    pair = json_string(whole(r"\ud83d\ude00!"))
    assert pair.text == "\U0001f600".encode().decode("latin-1") + "!"
    assert (pair.cut(0, 4).place(), pair.cut(4).place()) == ((0, 12), (12, 13))


def test_what_has_nothing_to_undo_stays_the_view_that_it_is() -> None:
    for undo, text in (
        *((percent, each) for each in ("", "100%", "%zz", "%2")),
        *((json_string, each) for each in ("", "a", "a\\")),
        *((html_text, each) for each in ("", "a & b", "&", "&#;")),
    ):
        view = whole(text)
        assert undo(view) is view, text


@pytest.mark.parametrize(
    ("text", "undone"),
    [("a+b", "a b"), ("a%2Bb+c", "a+b c"), ("%41%", "A%"), ("+", " "), ("%2b", "+"), ("ab", "ab")],
)
def test_of_a_form_percent_and_plus_are_undone(text: str, undone: str) -> None:
    assert percent(whole(text)).text == undone


@pytest.mark.parametrize("text", ["=x", "x=", "x", "", "a=b=c", "="])
def test_a_view_is_parted_as_its_text_is(text: str) -> None:
    before, _, after = text.partition("=")
    assert tuple(each.text for each in whole(text).partition("=")) == (before, after)
    assert [each.text for each in whole(text).split("=")] == text.split("=")


def test_a_view_of_a_view_has_its_places_in_the_outermost_text() -> None:
    outer = whole("v=%5Cu0041%22")
    inner = json_string(percent(outer.cut(2)))
    assert places(inner) == [("A", 2, 10), ('"', 10, 13)]
    assert inner.strip() == inner
    assert [part.text for part in whole("a&b&&c").split("&")] == ["a", "b", "", "c"]
    before, after = whole("a=b=c").partition("=")
    assert (before.place(), after.place(), after.text) == ((0, 1), (2, 5), "b=c")
    alone, nothing = whole("abc").partition("=")
    assert (alone.text, nothing.text) == ("abc", "")
    assert whole("  x ").strip().place() == (2, 3)
    assert whole("   ").strip().text == ""
