"""Redaction: no secret survives, lengths stay, and what was well formed still is."""

from __future__ import annotations

import base64
import gzip
import json
import re
import time
from html import escape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entra_oauth.recording.raw import split_message
from entra_oauth.recording.redaction.finds import mask
from entra_oauth.recording.redaction.redact import Redactor
from entra_oauth.recording.step import Level
from kit.canaries import jwt
from kit.sweep import found_in_bytes

KEY = b"k" * 32
REDACTOR = Redactor(level=Level.SECRETS, key=KEY)
PEOPLE = Redactor(level=Level.PII, key=KEY)

SECRET = "0.Canary+/=-~_Secret-1234567890-abcdef"
NAMES = (
    *("code", "state", "nonce", "code_verifier", "access_token", "refresh_token", "id_token"),
    *("client_secret", "client_assertion", "assertion", "password", "device_code", "Password"),
    *("session_state", "client_info", "SAMLResponse", "never_heard_of_it", "x-custom"),
)
FIXED = ("client_secret", "password", "Password", "user_code")


# ---- single values -------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_parameter_is_replaced_by_its_name(name: str) -> None:
    done = REDACTOR.parameter(name, SECRET)
    assert found_in_bytes(done.data, [SECRET]) == []
    if name in FIXED:
        assert done.text == mask(done.finds[0].kind), "nothing tells how long a password was"
    else:
        assert len(done.text) == len(SECRET)


@pytest.mark.parametrize("name", ["d", "p", "q", "dp", "dq", "qi", "k", "private_key"])
@pytest.mark.parametrize("label", ["application/json", "application/jwk+json", ""])
def test_of_a_key_the_private_half_goes_and_the_public_one_stays(name: str, label: str) -> None:
    public = {"kty": "RSA", "kid": "key-1", "n": f"public{'Ab1' * 20}", "e": "AQAB", "x5t": "t1"}
    body = json.dumps({"keys": [{**public, name: "Canary" + "xY7" * 20}]})
    done = REDACTOR.body(body.encode(), label)
    assert "Canary" not in done.text
    (left,) = json.loads(done.text)["keys"]
    assert {each: left[each] for each in public} == public


def test_equal_values_look_equal_and_others_do_not() -> None:
    one, again, other = (
        REDACTOR.parameter("code", value).text for value in (SECRET, SECRET, SECRET[::-1])
    )
    assert one == again != other
    assert one != Redactor(level=Level.SECRETS, key=b"x" * 32).parameter("code", SECRET).text
    assert one.rstrip("~") in REDACTOR.url(f"http://localhost/?code={quote_plus(SECRET)}").text


@pytest.mark.parametrize("short", ["12345", "x", "ABCD-1234", "123456789012345"])
def test_what_is_short_gets_one_mask_for_all_lengths(short: str) -> None:
    assert REDACTOR.parameter("state", short).text == "~state~"


KEPT = [
    ("client_id", "12a34b56-789c-0d12-e3fa-b456789c0123"),
    ("scope", "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default openid profile offline_access"),
    ("redirect_uri", "http://localhost:8400/back"),
    ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
    ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
    ("correlation_id", "5d2f20eb-3c04-4e36-9d88-1badacba1700"),
    ("error_description", "AADSTS50011: The redirect URI 'http://localhost' does not match. "),
    ("error_uri", "https://login.microsoftonline.com/error?error=50011"),
    ("login_hint", "alice@contoso.example"),
    ("issuer", "https://login.microsoftonline.com/{tenantid}/v2.0"),
    ("code", "code~0123456789~~~~~~~"),
    ("state", "~state~"),
]


@pytest.mark.parametrize(("name", "value"), KEPT)
def test_what_is_harmless_stays(name: str, value: str) -> None:
    assert REDACTOR.parameter(name, value).text == value


def test_a_challenge_that_is_the_verifier_goes() -> None:
    url = "https://a/authorize?code_challenge=" + "v" * 43
    assert "v" * 43 not in REDACTOR.url(f"{url}&code_challenge_method=plain").text
    assert "v" * 43 not in REDACTOR.url(url).text
    assert "v" * 43 in REDACTOR.url(f"{url}&code_challenge_method=S256").text


HEADERS = [
    ("Authorization", "Bearer {}", "Bearer at~"),
    ("Authorization", "Basic {}", "Basic ~pw~"),
    ("Proxy-Authorization", "Basic {}", "Basic ~pw~"),
    ("authorization", "{}", "auth~"),
    ("Cookie", "a={}; b=short", "a=ck~"),
    ("Set-Cookie", "fpc={}; expires=Fri, 01 Jan 2027 00:00:00 GMT; path=/; secure", "fpc=ck~"),
    ("Location", "http://localhost/?code={}&state=x#id_token={}", "http://localhost/?code=code~"),
    ("Referer", "https://a.example/p?code={}", "https://a.example/p?code=code~"),
    ("Location", "https://user:{}@a.example/", "https://~pw~@a.example/"),
    ("X-Unheard-Of", "{}", "val~"),
    ("WWW-Authenticate", 'Bearer realm="", error_description="token {} is bad"', "Bearer realm"),
]


@pytest.mark.parametrize(("name", "value", "start"), HEADERS)
def test_headers_lose_their_secrets_and_keep_their_form(name: str, value: str, start: str) -> None:
    done = REDACTOR.header(name, value.replace("{}", "Canary0Secret1Value2Canary3Secret4"))
    assert "Canary0Secret1" not in done.text
    assert done.text.startswith(start)
    assert ("path=/; secure" in done.text) == ("path=/; secure" in value)


# ---- a JWT ---------------------------------------------------------------------------

SIGNATURE = base64.urlsafe_b64encode(b"signature" * 30).rstrip(b"=").decode()
TOKEN = jwt(
    {"alg": "RS256", "kid": "key-1", "typ": "JWT"},
    {
        "aud": "api://x",
        "nonce": SECRET,
        "name": "Alice Practice",
        "upn": "alice@contoso.example",
        "tid": "a1bc2d34-5e67-8f89-01ab-c2345d6c78de",
        "aio": SECRET * 2,
        "exp": 1_800_000_000,
        "unheard_of": {"deep": [SECRET, 123456]},
    },
    SIGNATURE,
)


def _claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    value = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert isinstance(value, dict)
    return value


def test_a_jwt_stays_readable_and_loses_its_signature_and_what_is_secret_inside() -> None:
    done = REDACTOR.parameter("id_token", TOKEN).text
    assert len(done) == len(TOKEN)
    assert found_in_bytes(done, [SECRET, TOKEN, SIGNATURE]) == []
    claims = _claims(done)
    assert (claims["aud"], claims["exp"]) == ("api://x", 1_800_000_000)
    assert claims["nonce"] == REDACTOR.parameter("nonce", SECRET).text
    assert claims["upn"] == "alice@contoso.example"
    assert claims["unheard_of"]["deep"][1] == 0


def test_names_of_people_go_too_where_that_was_asked_for() -> None:
    claims = _claims(PEOPLE.parameter("id_token", TOKEN).text)
    assert "lice" not in json.dumps(claims)
    assert claims["tid"].startswith("pii~")
    url = PEOPLE.url("https://login.example/contoso.example/oauth2/v2.0/token?login_hint=alice@x")
    assert url.text == "https://login.example/~pii~/oauth2/v2.0/token?login_hint=~pii~"


@pytest.mark.parametrize(
    "token",
    [TOKEN + ".more.parts", TOKEN.replace(".", "..", 1), "eyJ.eyJ.x", TOKEN[:-350], "x.y.z" * 20],
)
def test_what_only_looks_like_a_jwt_goes_whole(token: str) -> None:
    done = REDACTOR.parameter("access_token", token).text
    assert done.startswith("at~") or done == "~at~"


# ---- anything inside anything ------------------------------------------------------------

Nested = tuple[str, str]
"""A name and a value in which the secret is somewhere."""

BENIGN = st.sampled_from(["client_id", "scope", "error", "redirect_uri", "claims", "message"])
WHATEVER = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)


def _in_form(inner: Nested) -> Nested:
    return "redirect_uri", f"https://a.example/?x=y&{quote_plus(inner[0])}={quote_plus(inner[1])}"


def _in_json(inner: Nested) -> Nested:
    return "claims", json.dumps({"outer": [{inner[0]: inner[1]}, 1.5e3, None]})


def _in_ascii_json(inner: Nested) -> Nested:
    return "claims", json.dumps({inner[0]: inner[1]}, ensure_ascii=False, indent=1)


def _in_pair(inner: Nested) -> Nested:
    return "claims", json.dumps({"list": [{"name": inner[0], "value": inner[1]}]})


def _in_jwt(inner: Nested) -> Nested:
    return "request", jwt({"alg": "RS256"}, {inner[0]: inner[1]}, SIGNATURE)


def _in_fragment(inner: Nested) -> Nested:
    return "error_uri", f"https://a.example/p#{quote(inner[0])}={quote(inner[1], safe='')}"


SOMEWHERE = st.recursive(
    st.sampled_from(NAMES).map(lambda name: (name, SECRET)),
    lambda inner: st.one_of(
        *(
            inner.map(f)
            for f in (_in_form, _in_json, _in_ascii_json, _in_pair, _in_jwt, _in_fragment)
        )
    ),
    max_leaves=1,
)


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "input":
            self.names.append(dict(attrs).get("name"))


@given(SOMEWHERE, WHATEVER)
@settings(max_examples=150, deadline=None)
def test_no_secret_survives_in_a_form(inner: Nested, other: str) -> None:
    body = f"scope={quote_plus(other)}&{quote_plus(inner[0])}={quote_plus(inner[1])}"
    done = REDACTOR.body(body.encode(), "application/x-www-form-urlencoded")
    assert found_in_bytes(done.data, [SECRET]) == []
    assert [n for n, _ in parse_qsl(done.text, True)] == [n for n, _ in parse_qsl(body, True)]
    if not any(find.masked or len(find.value) < 16 for find in done.finds):
        assert len(done.data) == len(body)


@given(SOMEWHERE, WHATEVER)
@settings(max_examples=150, deadline=None)
def test_no_secret_survives_in_json(inner: Nested, other: str) -> None:
    body = json.dumps({"scope": other, inner[0]: inner[1], "n": [1, True]}).encode()
    done = REDACTOR.body(body, "application/json; charset=utf-8")
    assert found_in_bytes(done.data, [SECRET]) == []
    assert list(json.loads(done.data)) == list(json.loads(body))
    if not any(find.masked or len(find.value) < 16 for find in done.finds):
        assert len(done.data) == len(body)


@given(SOMEWHERE)
@settings(max_examples=150, deadline=None)
def test_no_secret_survives_in_an_address(inner: Nested) -> None:
    url = f"https://a.example/t/oauth2?x=1&{quote(inner[0])}={quote(inner[1], safe='')}"
    done = REDACTOR.url(url)
    assert found_in_bytes(done.data, [SECRET]) == []
    assert urlsplit(done.text)[:3] == urlsplit(url)[:3]


@given(SOMEWHERE, st.sampled_from("'\""))
@settings(max_examples=150, deadline=None)
def test_no_secret_survives_in_a_page(inner: Nested, mark: str) -> None:
    link = f"https://a.example/?{quote(inner[0])}={quote(inner[1], safe='')}"
    page = (
        f"<!doctype html><html><head><title>t</title><script>var a={mark}{SECRET}{mark}</script>"
        f"<!-- {SECRET} --></head><body><form method=post action={mark}{escape(link)}{mark}>"
        f"<input type=hidden name={mark}{escape(inner[0])}{mark}"
        f" value={mark}{escape(inner[1])}{mark}>"
        f"<a href={mark}{escape(link)}{mark}>x</a><p>code={SECRET}</p></form></body></html>"
    )
    done = REDACTOR.body(page.encode(), "text/html")
    assert found_in_bytes(done.data, [SECRET]) == []
    before, after = _Fields(), _Fields()
    before.feed(page)
    after.feed(done.text)
    assert after.names == before.names


@given(st.binary(max_size=300), st.sampled_from(["application/json", "text/html", "x/y", ""]))
@settings(max_examples=100, deadline=None)
def test_whatever_comes_does_not_break_it_and_twice_is_once(body: bytes, kind: str) -> None:
    done = REDACTOR.body(body + SECRET.encode(), kind)
    assert found_in_bytes(done.data, [SECRET]) == []
    assert REDACTOR.body(done.data, kind).data == done.data


UNREADABLE = [
    (b'{"access_token": "' + SECRET.encode(), "application/json"),
    (b"\xff\xfe" + SECRET.encode("utf-16-le"), "application/json"),
    (
        b'--b\r\nContent-Disposition: form-data; name="code"\r\n\r\n' + SECRET.encode(),
        "multipart/x",
    ),
    (SECRET.encode(), "application/octet-stream"),
    (b"[" * 500 + SECRET.encode(), "application/json"),
    (SECRET.encode(), "text/html"),
    (SECRET.encode(), "application/javascript"),
]


@pytest.mark.parametrize(("body", "kind"), UNREADABLE)
def test_a_body_that_is_not_understood_goes_whole(body: bytes, kind: str) -> None:
    done = REDACTOR.body(body, kind)
    assert not done.understood
    assert re.fullmatch(r"body~[0-9a-f]{10}~*", done.text)
    assert len(done.data) == len(body)


@pytest.mark.parametrize(
    "body",
    [
        b"<html" + b" a" * 20,
        b"<html " + b"x" * 30 + b"\n ",
        b"<html><body class='" + b"y" * 30,
        b"\n<!doctype html><html data-x=" + b"z" * 40 + b"\r\n",
    ],
)
def test_a_page_without_an_end_is_the_same_when_redacted_twice(body: bytes) -> None:
    once = REDACTOR.body(body, "text/html")
    assert once.data != body
    assert REDACTOR.body(once.data, "text/html").data == once.data


def test_a_secret_that_is_known_goes_wherever_it_stands() -> None:
    knowing = Redactor(level=Level.SECRETS, key=KEY, known={"a plain word of 12": "code"})
    body = b'{"error_description": "The code a plain word of 12 is spent.", "scope": "x"}'
    done = knowing.body(body, "application/json")
    assert b"plain word" not in done.data
    assert len(done.data) == len(body)


# ---- messages -------------------------------------------------------------------------

FORM = f"grant_type=authorization_code&code={quote_plus(SECRET)}&state={quote_plus(SECRET)}"


def _post(body: str, *more: str) -> bytes:
    lines = ["POST /t/token HTTP/1.1", "hOST: a.example", f"Content-Length: {len(body)}"]
    lines += ["Content-Type: application/x-www-form-urlencoded", *more, "", body]
    return "\r\n".join(lines).encode()


def test_a_request_keeps_every_byte_beside_its_secrets() -> None:
    raw = _post(FORM)
    data, _, changes = REDACTOR.message(raw)
    assert len(data) == len(raw)
    assert changes == ()
    assert found_in_bytes(data, [SECRET]) == []
    assert data.partition(b"\r\n\r\n")[0] == raw.partition(b"\r\n\r\n")[0]


def test_content_length_is_true_where_a_password_was_masked() -> None:
    for password in ("short", SECRET * 3):
        data, _, changes = REDACTOR.message(_post(f"username=a&password={quote_plus(password)}"))
        message = split_message(data)
        assert changes == ("content-length",)
        assert message.header("Content-Length") == str(len(message.body)) == "24"
        assert message.body == b"username=a&password=~pw~"


def _chunks(body: bytes, *sizes: int) -> bytes:
    out, at = b"", 0
    for size in (*sizes, len(body) - sum(sizes)):
        out += b"%x\r\n%b\r\n" % (size, body[at : at + size])
        at += size
    return out + b"0\r\n\r\n"


ANSWER = json.dumps({"token_type": "Bearer", "access_token": SECRET}).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def test_chunks_keep_their_sizes() -> None:
    raw = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + _chunks(ANSWER, 5, 30)
    data, _, changes = REDACTOR.message(raw)
    assert (len(data), changes) == (len(raw), ())
    found = split_message(data).chunks()
    assert found is not None
    assert [len(chunk) for chunk in found[0]] == [5, 30, len(ANSWER) - 35]
    assert b"".join(found[0]) == REDACTOR.body(ANSWER, "application/json").data
    assert found_in_bytes(data, [SECRET]) == []


def test_a_trailer_goes() -> None:
    raw = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + _chunks(ANSWER)
    raw = raw.removesuffix(b"\r\n") + b"X-Echo: " + SECRET.encode() + b"\r\n\r\n"
    data, _, changes = REDACTOR.message(raw)
    assert found_in_bytes(data, [SECRET]) == []
    assert "trailer" in changes


@pytest.mark.parametrize("chunked", [False, True])
def test_what_was_compressed_is_compressed_again(chunked: bool) -> None:
    packed = gzip.compress(ANSWER)
    frame = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(packed)
    body = _chunks(packed, 10) if chunked else packed
    raw = HEAD + b"Content-Encoding: gzip\r\n" + frame + b"\r\n\r\n" + body
    data, _, changes = REDACTOR.message(raw)
    message = split_message(data)
    decoded = message.decoded()
    assert decoded is not None
    assert "compressed-again" in changes
    assert json.loads(decoded)["access_token"] == REDACTOR.parameter("access_token", SECRET).text
    assert found_in_bytes(data, [SECRET]) == []
    if not chunked:
        assert message.header("content-length") == str(len(message.body))


def test_a_coding_that_is_not_known_here_takes_the_whole_body() -> None:
    raw = HEAD + b"Content-Encoding: br\r\nContent-Length: %d\r\n\r\n" % len(SECRET)
    data, _, changes = REDACTOR.message(raw + SECRET.encode())
    assert changes == ("not-understood",)
    assert found_in_bytes(data, [SECRET]) == []


ODD = [
    SECRET.encode(),
    b"HTTP/1.1 200 " + SECRET.encode(),
    HEAD + SECRET.encode() + b" is no header\r\n\r\n{}",
    HEAD + SECRET.encode() + b": x\r\n\r\n{}",
    HEAD + b"Set-Cookie: a=" + SECRET.encode() + b"\r\n\tfolded=" + SECRET.encode() + b"\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\nX-A: " + SECRET.encode() + b"\r\n\r\n" + HEAD + b"\r\n" + ANSWER,
    HEAD.replace(b"\r\n", b"\n") + b"Content-Length: 9\n\n" + ANSWER,
    b"GET /?code=" + SECRET.encode() + b"\r\n\r\n",
    b"GET http://proxy.example/?code=" + quote(SECRET).encode() + b" HTTP/1.1\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + ANSWER,
    b"CONNECT a.example:443 HTTP/1.1\r\nProxy-Authorization: Basic "
    + SECRET.encode()
    + b"\r\n\r\n",
]


@pytest.mark.parametrize("raw", ODD)
def test_a_message_out_of_shape_keeps_no_secret(raw: bytes) -> None:
    data, finds, _ = REDACTOR.message(raw)
    assert found_in_bytes(data, [SECRET]) == []
    assert finds


@pytest.mark.parametrize("place", ["login.microsoftonline.com:443", "[::1]:8443"])
def test_whom_a_proxy_is_asked_for_stays(place: str) -> None:
    raw = f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode()
    assert REDACTOR.message(raw) == (raw, (), ())


def test_what_is_no_place_does_not_stay_because_it_stands_there() -> None:
    data, _, _ = REDACTOR.message(f"CONNECT {SECRET}:443 HTTP/1.1\r\n\r\n".encode())
    assert found_in_bytes(data, [SECRET]) == []


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_can_be_taken_apart_and_put_together(raw: bytes) -> None:
    assert bytes(split_message(raw)) == raw
    REDACTOR.message(raw)


def test_nothing_is_touched_where_nothing_is_to_go() -> None:
    plain = Redactor(level=Level.NONE, key=KEY)
    assert plain.message(_post(FORM))[0] == _post(FORM)
    assert plain.parameter("password", SECRET).text == SECRET


HOSTILE = [
    *(
        b"<html>" + piece * 60_000
        for piece in (b'<a"', b"<!--", b"<script>", b"&amp;", b"<a ", b"'")
    ),
    *(piece * 100_000 for piece in (b"eyJ", b"a=", b"&a", b"%25", b"~a", b"a:", b"bearer ")),
    b"[" + b"1," * 100_000 + b"1]",
    b'["' + b"\\u0041" * 50_000 + b'"]',
    b"https://a.example/?c=d " * 10_000,
    b'{"_' + b"Ab" * 29 + b'!": 1}',
]


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: body[:12].decode())
def test_a_body_made_to_be_slow_is_not(body: bytes) -> None:
    begun = time.perf_counter()
    REDACTOR.body(body, "text/html" if body.startswith(b"<") else "")
    assert time.perf_counter() - begun < 20.0


def test_claims_that_are_no_json_are_words_like_any_others() -> None:
    asked = '{"access_token":{"xms_cc":{"values":["cp1"]}}}'
    assert REDACTOR.parameter("claims", "VHVzckRuNDdoWlZSRUdEaWJ1YVhldEF0bVlL").text.startswith(
        "val~"
    )
    before = REDACTOR.parameter("claims", asked)
    assert json.loads(before.text)["access_token"]["xms_cc"]
