"""Other people's HAR files: no secret survives, and the report says what was done."""

from __future__ import annotations

import base64
import gzip
import json
import sys
from types import FrameType
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entra_oauth.errors import UsageError
from entra_oauth.recording.har.har_json import har_object
from entra_oauth.recording.har.har_redact import redact_har
from entra_oauth.recording.step import Level
from kit.canaries import ACCESS_TOKEN, CODE, NONCE, REFRESH_TOKEN, STATE, VERIFIER
from kit.sweep import found_in_bytes

COOKIE = "CanaryCookie-" + "Kk7_" * 8
PASSWORD = "CanaryPassword-" + "Pw8!" * 6
SECRETS = (CODE, STATE, VERIFIER, NONCE, ACCESS_TOKEN, REFRESH_TOKEN, COOKIE, PASSWORD)

FORM = f"code={CODE}&code_verifier={VERIFIER}&password={quote_plus(PASSWORD)}&client_id=app"
TOKENS = json.dumps({"access_token": ACCESS_TOKEN, "refresh_token": REFRESH_TOKEN, "expires_in": 1})
PAGE = f"<!doctype html><form><input type=hidden name=code value='{CODE}'><p>{STATE}</p></form>"


def pair(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def entry(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "startedDateTime": "2026-11-25T09:00:00.123Z",
        "time": 12.5,
        "request": {
            "method": "POST",
            "url": f"https://login.example/t/oauth2/v2.0/token?state={STATE}&prompt=login",
            "httpVersion": "HTTP/2",
            "cookies": [{"name": "fpc", "value": COOKIE, "httpOnly": True}],
            "headers": [
                pair("Cookie", f"fpc={COOKIE}"),
                pair("content-length", str(len(FORM))),
                pair("Referer", f"https://a.example/?code={CODE}"),
                pair("X-Program", f"{NONCE}"),
                pair("Accept", "*/*"),
            ],
            "queryString": [pair("state", STATE), pair("prompt", "login")],
            "postData": {
                "mimeType": "application/x-www-form-urlencoded",
                "text": FORM,
                "params": [pair("code", CODE), pair("password", quote_plus(PASSWORD))],
            },
            "headersSize": 500,
            "bodySize": len(FORM),
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "httpVersion": "HTTP/2",
            "cookies": [],
            "headers": [pair("Set-Cookie", f"esctx={COOKIE}; path=/")],
            "content": {"size": len(TOKENS), "mimeType": "application/json", "text": TOKENS},
            "redirectURL": f"http://localhost/?code={CODE}",
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {"afterRequest": {"eTag": ACCESS_TOKEN}},
        "timings": {"send": 1, "wait": 2, "receive": 3, "_queued": 1},
        "serverIPAddress": "192.0.2.1",
        "comment": f"the code was {CODE}",
        "_initiator": {"url": f"https://a.example/?code={CODE}"},
        "_webSocketMessages": [{"data": ACCESS_TOKEN}],
    }
    return {**base, **changes}


def har(*entries: Any, **log: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "version": "1.2",
        "creator": {"name": "WebInspector", "version": "537.36"},
        "pages": [
            {"id": "page_1", "title": f"https://login.example/?nonce={NONCE}", "pageTimings": {}}
        ],
        "entries": list(entries),
    }
    return {"log": {**base, **log}}


def test_no_secret_survives_and_the_form_stays() -> None:
    data, report = redact_har(har_object(json.dumps(har(entry())).encode()), Level.SECRETS)
    assert found_in_bytes(data, SECRETS) == []
    log = json.loads(data)["log"]
    (found,) = log["entries"]
    assert found["request"]["queryString"][1] == pair("prompt", "login")
    assert found["request"]["headers"][4] == pair("Accept", "*/*")
    assert found["request"]["postData"]["text"].endswith("&password=~pw~&client_id=app")
    assert json.loads(found["response"]["content"]["text"])["expires_in"] == 1
    assert found["cache"] == {}
    assert found["serverIPAddress"] == "192.0.2.1"
    assert report.entries == 1
    assert {"code", "pkce", "pw", "at", "rt", "ck", "state", "nonce", "val"} <= set(report.removed)
    assert {"prompt", "Accept"} <= report.kept
    assert "the member _initiator, left out: entry 1" in report.not_understood
    assert "the member _webSocketMessages, left out: entry 1" in report.not_understood


def test_equal_values_look_equal_in_every_place() -> None:
    data, _ = redact_har(har(entry()), Level.SECRETS)
    (found,) = json.loads(data)["log"]["entries"]
    tag = found["request"]["postData"]["params"][0]["value"].rstrip("~")
    assert tag.startswith("code~")
    assert tag in found["response"]["redirectURL"]
    assert tag in found["request"]["postData"]["text"]
    assert tag in found["comment"]


def test_a_body_that_is_too_large_to_be_looked_into_is_said_to_be_gone_for_that() -> None:
    one = entry()
    one["response"]["content"] = {"mimeType": "text/plain", "text": "a " * (2 * 2**20) + "b"}
    two = entry()
    two["response"]["content"] = {"mimeType": "x/y", "text": "b"}
    _, report = redact_har(har(one, two), Level.SECRETS)
    assert "the answer's body, larger than 4 MiB, taken out whole: entry 1" in report.not_understood
    assert "the answer's body, taken out whole: entry 2" in report.not_understood


def test_the_length_of_a_password_does_not_show() -> None:
    sizes = set()
    for password in ("short", PASSWORD * 3):
        one = entry()
        text = f"password={quote_plus(password)}"
        one["request"]["postData"] = {"mimeType": "application/x-www-form-urlencoded", "text": text}
        one["request"]["bodySize"] = len(text)
        one["request"]["headers"][1]["value"] = str(len(text))
        data, _ = redact_har(har(one), Level.SECRETS)
        request = json.loads(data)["log"]["entries"][0]["request"]
        sizes.add((request["bodySize"], request["headers"][1]["value"], len(data)))
    assert len(sizes) == 1


BODIES = [
    ("application/json", TOKENS, None),
    ("application/json", base64.b64encode(TOKENS.encode()).decode(), "base64"),
    ("text/html", PAGE, None),
    ("application/octet-stream", CODE, None),
    ("text/plain", f"code={CODE}", None),
    ("", TOKENS, None),
    ("application/json", TOKENS[:-9], None),
    ("application/json", "\ufeff" + TOKENS, None),
    ("image/png", base64.b64encode(b"\x89PNG").decode(), "base64"),
    ("application/json", "%%% not base64 %%%" + CODE, "base64"),
]


@pytest.mark.parametrize(("kind", "text", "encoding"), BODIES)
def test_bodies_of_every_kind(kind: str, text: str, encoding: str | None) -> None:
    one = entry()
    one["response"]["content"] = {"size": 1, "mimeType": kind, "text": text}
    if encoding:
        one["response"]["content"]["encoding"] = encoding
    data, _ = redact_har(har(one), Level.SECRETS)
    assert found_in_bytes(data, SECRETS) == []
    content = json.loads(data)["log"]["entries"][0]["response"]["content"]
    assert content.get("encoding") in (encoding, None)
    if kind == "image/png":
        assert content["text"] == text


OPAQUE = "Zk3-wcqFxX3mzPcZ8LtR0vQnYb71sDaJ_uE2hGi"


@pytest.mark.parametrize("name", ["n", "e", "enc", "keys", "display", "status", "use", "timestamp"])
def test_what_is_public_in_a_key_only_is_a_value_elsewhere(name: str) -> None:
    one = entry()
    one["request"]["url"] = f"https://shop.example/x?{name}={OPAQUE}"
    one["request"]["queryString"] = [pair(name, OPAQUE)]
    body = {"keys": [{"kty": "RSA", name: f"public{OPAQUE}"}], "inner": {name: OPAQUE}}
    one["response"]["content"] = {
        "size": 1,
        "mimeType": "application/json",
        "text": json.dumps(body),
    }
    data, _ = redact_har(har(one), Level.SECRETS)
    assert data.count(OPAQUE.encode()) == data.count(f"public{OPAQUE}".encode()) == 1


@pytest.mark.parametrize(
    "element",
    [
        '<meta name="csrf-token" content="{}">',
        '<meta property="x:token" content="{}">',
        '<meta content="{}" name="anything">',
    ],
)
def test_a_token_in_a_meta_element_goes(element: str) -> None:
    one = entry()
    page = f"<!doctype html><html><head>{element.format(OPAQUE)}</head>"
    page += '<meta name="viewport" content="width=device-width, initial-scale=1">'
    one["response"]["content"] = {"size": 1, "mimeType": "text/html", "text": page}
    data, _ = redact_har(har(one), Level.SECRETS)
    assert OPAQUE.encode() not in data
    assert b"width=device-width, initial-scale=1" in data


WORDS = [
    "error: user_access_token={}",
    "db_password: {}",
    "bad my_refresh_token={}; see there",
    "appClientSecret={}",
    "x-csrf: {}",
]


@pytest.mark.parametrize("text", WORDS)
def test_names_with_something_before_them_count_in_words(text: str) -> None:
    one, value = entry(), "k9Jx2mPq7Lr4"
    one["comment"] = f"{text.format(value)} and error_code: 50011, country_code=DE"
    data, _ = redact_har(har(one), Level.SECRETS)
    assert value.encode() not in data
    assert b"error_code: 50011, country_code=DE" in data


def test_what_http_2_puts_before_the_headers_stays() -> None:
    one = entry()
    path = f"/cb?code={CODE}&state={STATE}"
    mine = [(":authority", "app.example"), (":method", "GET"), (":scheme", "https")]
    one["request"]["headers"] = [pair(name, value) for name, value in mine] + [pair(":path", path)]
    data, _ = redact_har(har(one), Level.SECRETS)
    headers = json.loads(data)["log"]["entries"][0]["request"]["headers"]
    assert headers[:3] == [pair(name, value) for name, value in mine]
    assert headers[3]["value"].startswith("/cb?code=code~")
    assert found_in_bytes(data, SECRETS) == []


@pytest.mark.parametrize(
    "word",
    [
        "{host}",
        "https://{host}/",
        "authorization_code",
        "application/json",
        "code_challenge_method",
    ],
)
def test_a_public_word_in_a_cookie_is_not_looked_for_elsewhere(word: str) -> None:
    host = "login.microsoftonline.com"
    one = entry()
    one["request"]["url"] = f"https://{host}/authorize?code_challenge_method=S256"
    one["request"]["headers"].append(pair("Cookie", f"last={word.format(host=host)}"))
    data, _ = redact_har(har(one), Level.SECRETS)
    request = json.loads(data)["log"]["entries"][0]["request"]
    assert request["url"] == one["request"]["url"]
    assert word.format(host=host) not in request["headers"][-1]["value"]


def test_the_report_has_a_line_for_each_kind_of_member() -> None:
    entries = [entry(_fetchedViaServiceWorker=False) for _ in range(60)]
    _, report = redact_har(har(*entries), Level.SECRETS)
    (line,) = [each for each in report.not_understood if "_fetched" in each]
    assert line.startswith("the member _fetchedViaServiceWorker, left out: entry 1, entry 2,")
    assert line.endswith(" and 55 more")
    assert len(report.not_understood) < 10


def _work(count: int) -> int:
    """Calls of functions that it takes to redact so many entries, each with its own cookie."""
    cookies = [f"sid={OPAQUE}{number:06}" for number in range(count)]
    entries = [
        {"request": {"url": "https://a.example/", "headers": [pair("Cookie", cookie)]}}
        for cookie in cookies
    ]
    calls = 0

    def counted(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        redact_har(har(*entries), Level.SECRETS)
    finally:
        sys.setprofile(before)
    return calls


def test_work_grows_with_the_file_and_not_with_its_secrets_squared() -> None:
    assert _work(400) < 5 * _work(100)


def test_headers_in_lists_and_values_that_are_lists_are_read() -> None:
    one = entry()
    one["request"]["headers"] = [["Accept", "*/*"], ["Cookie", f"a={OPAQUE}"], ["odd"], 7]
    one["response"]["headers"] = [pair("set-cookie", ["a=1", f"b={OPAQUE}"])]  # type: ignore[arg-type]
    data, _ = redact_har(har(one), Level.SECRETS)
    (clean,) = json.loads(data)["log"]["entries"]
    assert clean["request"]["headers"][0] == {"name": "Accept", "value": "*/*"}
    assert [each["name"] for each in clean["request"]["headers"]] == ["Accept", "Cookie"]
    assert clean["response"]["headers"][0]["value"].startswith("a=~ck~\nb=ck~")
    assert OPAQUE.encode() not in data


def test_twice_is_once() -> None:
    once, _ = redact_har(har(entry()), Level.SECRETS)
    twice, report = redact_har(json.loads(once), Level.SECRETS)
    assert json.loads(twice) == json.loads(once)
    assert not report.not_understood


def test_names_of_people_go_where_that_was_asked_for() -> None:
    one = entry()
    one["request"]["url"] = "https://login.example/contoso.example/oauth2/v2.0/authorize"
    one["request"]["queryString"] = [pair("login_hint", "ada@contoso.example")]
    data, _ = redact_har(har(one), Level.PII)
    assert b"contoso" not in data
    assert b"ada@" not in data


READABLE = {
    "HAR 1.1": json.dumps(har(entry(), version="1.1")).encode(),
    "HAR 1.3": json.dumps(har(entry(), version="1.3")).encode(),
    "another version": json.dumps(har(entry(), version="7")).encode(),
    "a byte order mark": b"\xef\xbb\xbf" + json.dumps(har(entry())).encode(),
    "gzip": gzip.compress(json.dumps(har(entry())).encode()),
    "nothing but entries": json.dumps({"log": {"entries": [{}]}}).encode(),
    "entries that are none": json.dumps(har(1, None, "x", [entry()])).encode(),
    "members of other types": json.dumps(
        har({"request": 7, "response": [], "timings": "x", "time": "y", "comment": 3})
    ).encode(),
    "numbers that are none": json.dumps(har(entry(time=float("inf")))).encode(),
}


@pytest.mark.parametrize("name", READABLE)
def test_what_others_write_is_read(name: str) -> None:
    data, report = redact_har(har_object(READABLE[name]), Level.SECRETS)
    assert found_in_bytes(data, SECRETS) == []
    log = json.loads(data)["log"]
    assert log["version"] in ("1.1", "1.2", "1.3")
    assert isinstance(log["pages"], list)
    assert report.entries == len(log["entries"])


UNREADABLE: list[tuple[bytes, str]] = [
    (b"", "malformed or breaks off at character 0"),
    (json.dumps(har(entry())).encode()[:-100], "malformed or breaks off"),
    (b"[]", "has no member log"),
    (b'{"log": []}', "has no member log"),
    (b'{"log": {}}', "no list of entries"),
    (json.dumps(har(entry())).encode() + b"\xff", "not UTF-8"),
    (b"[" * 100_000, "nested too deeply"),
    (b"\x1f\x8b\x08nonsense", "gzip, but broken"),
    (b"<log/>", "malformed"),
    (b"9" * 5000, "number out of all range"),
]


@pytest.mark.parametrize(("data", "said"), UNREADABLE)
def test_what_cannot_be_read_is_one_clear_message(data: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        har_object(data)


def test_what_needs_more_memory_than_is_allowed_is_refused() -> None:
    with pytest.raises(UsageError, match="needs about 11 MiB of memory, and 10 are allowed") as one:
        har_object(b" " * (1024 * 1024 + 1), max_mib=10)
    assert "--max-memory 11." in one.value.advice
    with pytest.raises(UsageError, match="needs more than 10 MiB of memory") as two:
        har_object(gzip.compress(b" " * (3 * 1024 * 1024)), max_mib=10)
    assert "--max-memory 20." in two.value.advice


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from([CODE, "x", "https://a/?b=c"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "value", "url", "headers", "text", "request", "postData", "log"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["request", "response", "cache", "timings"]), JSON))
@settings(max_examples=100, deadline=None)
def test_an_entry_of_any_shape_is_no_crash(one: dict[str, Any]) -> None:
    data, _ = redact_har(har(entry(), one), Level.SECRETS)
    assert found_in_bytes(data, SECRETS) == []
