"""HAR files of browsers and proxies: the OAuth exchanges are found, bad files are refused."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.channels.loopback.http1 import encode_response
from entra_oauth.errors import EntraOAuthError, LocalError, UsageError
from entra_oauth.recording.har.har_read import read_har
from entra_oauth.recording.har.har_select import Import, import_foreign
from entra_oauth.recording.har.har_write import har_text
from entra_oauth.recording.importing.given import read_file
from entra_oauth.recording.save import finished_files
from entra_oauth.recording.step import Level, Seen, rebuilt
from kit import recordings as kit
from kit.canaries import ACCESS_TOKEN, CLIENT_ID, CODE, REFRESH_TOKEN, STATE, TENANT, refused
from kit.sweep import assert_swept

BASE = f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0"
BODY = f"client_id={CLIENT_ID}&code={CODE}&grant_type=authorization_code"
ANSWER = json.dumps({"access_token": ACCESS_TOKEN, "refresh_token": REFRESH_TOKEN})


def entry(method: str, url: str, **more: Any) -> dict[str, Any]:
    """As Chrome writes one; `more` are members of the request, `answer` those of the answer."""
    answer = more.pop("answer", {})
    return {
        "startedDateTime": "2026-11-25T09:00:00.123Z",
        "time": 12.5,
        "request": {"method": method, "url": url, "headers": [], **more},
        "response": {"status": 200, "statusText": "OK", "headers": [], "content": {}, **answer},
        "cache": {},
        "timings": {"send": 1, "wait": 10, "receive": 1.5},
    }


def post(**data: Any) -> dict[str, Any]:
    return entry("POST", f"{BASE}/token", postData=data, answer=_content(ANSWER))


def _content(text: str, **more: Any) -> dict[str, Any]:
    return {"content": {"mimeType": "application/json", "text": text, **more}}


def har(*entries: object, **log: Any) -> bytes:
    log = {"version": "1.2", "creator": {"name": "WebInspector", "version": "1"}, **log}
    return json.dumps({"log": {**log, "entries": entries}}).encode()


def imported(data: bytes, level: Level = Level.SECRETS) -> Import:
    return import_foreign(read_har(data), level=level, created_at=5.0, facts={})


AUTHORIZE = entry("GET", f"{BASE}/authorize?client_id={CLIENT_ID}&response_type=code&state={STATE}")
REDIRECT = entry("GET", f"http://localhost:8400/?code={CODE}&state={STATE}")
TOKEN = post(mimeType="application/x-www-form-urlencoded", text=BODY)


def test_the_exchanges_of_a_sign_in_are_picked_out_and_the_rest_is_counted() -> None:
    noise = [
        entry("GET", "https://aadcdn.msftauth.net/a.js"),
        entry("POST", f"https://login.microsoftonline.com/{TENANT}/login"),
        entry("GET", "https://aadcdn.msftauth.net/b.js"),
    ]
    keys = entry("GET", f"https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys")
    done = imported(har(noise[0], AUTHORIZE, *noise[1:], REDIRECT, TOKEN, keys))
    assert done.taken == ((2, "authorize"), (5, "redirect"), (6, "token"), (7, "keys"))
    assert done.left == (("aadcdn.msftauth.net", 2), ("login.microsoftonline.com", 1))
    assert [s.name for s in done.evidence.steps] == ["authorize", "redirect", "token", "keys"]
    assert {s.request.seen for s in done.evidence.steps} <= {Seen.REBUILT, Seen.ADDRESS}
    assert any("WebInspector" in line for line in done.evidence.not_seen)


def test_what_is_written_holds_no_secret_and_the_claims_were_taken_before() -> None:
    done = imported(har(AUTHORIZE, REDIRECT, TOKEN))
    files = finished_files(done.evidence, done.recording)
    for data in files.values():
        assert_swept(data, [CODE, STATE, ACCESS_TOKEN, REFRESH_TOKEN])
    claims = {claim.name: claim.verdict for claim in done.evidence.claims}
    assert (claims["state-equal"], claims["code-equal"]) == ("yes", "yes")


FORMS = [
    {"mimeType": "application/x-www-form-urlencoded", "text": BODY},
    {"mimeType": "application/x-www-form-urlencoded; charset=UTF-8", "text": BODY, "params": []},
    {"params": [{"name": n, "value": v} for n, v in (p.split("=") for p in BODY.split("&"))]},
    {"mimeType": "application/x-www-form-urlencoded", "text": None, "params": [
        {"name": "grant_type", "value": "authorization_code"}, {"name": "code", "value": CODE}]},
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_found_however_a_program_writes_it(form: dict[str, Any]) -> None:
    done = imported(har(post(**form)))
    (step,) = done.evidence.steps
    assert b"grant_type=authorization_code" in step.request.data
    assert b"Content-Type: application/x-www-form-urlencoded" in step.request.data
    answer = step.http_response
    assert answer is not None
    assert b"access_token" in answer.body


def test_params_that_are_encoded_already_are_not_encoded_again() -> None:
    form = {"params": [{"name": "redirect_uri", "value": "http%3A%2F%2Flocalhost"}]}
    (read,) = read_har(har(post(**form))).entries
    assert read.request.body == b"redirect_uri=http%3A%2F%2Flocalhost"
    assert not read.body_exact


SPELLED = [
    b"\xef\xbb\xbf" + har(TOKEN),
    gzip.compress(har(TOKEN)),
    har(TOKEN, version="1.1"),
    har(TOKEN, version="1.3"),
    json.dumps({"log": {"entries": [TOKEN]}}).encode(),
    har(TOKEN, None, "text", 3, [], {}, {"request": None}),
    har({"request": TOKEN["request"]}),
    har({**TOKEN, "startedDateTime": "yesterday", "time": "x", "timings": 3, "_more": {"a": 1}}),
    har({**TOKEN, "response": None}),
    har({**TOKEN, "response": {"status": 0, "content": {"text": "~"}}}),
    har(post(mimeType=None, text=BODY, params=None)),
]


@pytest.mark.parametrize("data", SPELLED)
def test_whatever_readers_must_bear_is_borne(data: bytes) -> None:
    done = imported(data)
    assert [step.name for step in done.evidence.steps] == ["token"]


def test_a_body_in_base64_is_read() -> None:
    coded = base64.b64encode(ANSWER.encode()).decode()
    answer = _content(coded, encoding="base64")
    done = imported(har({**TOKEN, "response": {"status": 200, "headers": [], **answer}}))
    response = done.evidence.steps[0].http_response
    assert response is not None
    assert b'"access_token"' in response.body


def test_a_compressed_answer_is_kept_unpacked_and_says_so_no_more() -> None:
    headers = [{"name": "Content-Encoding", "value": "gzip"}, {"name": "Vary", "value": "b"}]
    answer = {"status": 200, "headers": headers, **_content(ANSWER)}
    (step,) = imported(har({**TOKEN, "response": answer})).evidence.steps
    assert b"Content-Encoding" not in step.response.data
    assert b"Vary: b" in step.response.data


def test_pseudo_headers_and_line_breaks_do_no_harm() -> None:
    headers = [
        {"name": ":authority", "value": "x"},
        {"name": "Bad Name", "value": "x"},
        {"name": "X-A", "value": "b\r\nInjected: yes"},
        {"name": None, "value": None},
    ]
    (read,) = read_har(har({**TOKEN, "request": {**TOKEN["request"], "headers": headers}})).entries
    assert [name for name, _ in read.request.headers] == ["X-A", "Content-Type"]
    assert "\n" not in read.request.headers[0][1]


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("X-A", "a\x1b]0;owned\x07b\x7f", b"X-A: a ]0;owned b \r\n"),
        ("X-A", "名\u202e", "X-A: 名\u202e\r\n".encode()),
        ("X-A", "caf\xe9\tau lait", b"X-A: caf\xe9\tau lait\r\n"),
        ("X-A", "\ud800", b"X-A: \xed\xa0\x80\r\n"),
        ("X" * 41 + "\r\nInjected", "yes", b""),
        ("X" * 60, "yes", b"X" * 60 + b": yes\r\n"),
    ],
)
def test_no_header_of_a_file_breaks_a_message_or_adds_to_it(
    name: str, value: str, kept: bytes
) -> None:
    answer = {**_content(ANSWER), "headers": [{"name": name, "value": value}]}
    asked = {"headers": [{"name": name, "value": value}], "postData": TOKEN["request"]["postData"]}
    hostile = entry("POST", f"{BASE}/token", **asked, answer={**answer, "statusText": f"OK{value}"})
    read = read_har(har(hostile)).entries[0]
    assert read.response is not None
    for head in (rebuilt(read.request), encode_response(read.response, method="POST", keep=True)):
        assert b"Injected" not in head
        assert kept in head
        assert (name.encode() in head) == bool(kept)
    imported(har(AUTHORIZE, REDIRECT, hostile))


WRONG: list[tuple[bytes, str]] = [
    (har(TOKEN)[:-20], "This is no HAR file"),
    (har(TOKEN)[: len(har(TOKEN)) // 2], "This is no HAR file"),
    (b"", "This is no HAR file"),
    (b"null", "This is no HAR file"),
    (b"[]", "no member log"),
    (b'{"log": []}', "no member log"),
    (b'{"log": {}}', "no list of entries"),
    (b'{"log": {"entries": {}}}', "no list of entries"),
    (har(TOKEN) + b"\xff", "not UTF-8"),
    (b"[" * 200_000, "nested too deeply"),
    (gzip.compress(har(TOKEN))[:-30], "gzip, but broken"),
    (b"\x1f\x8b\x08broken", "gzip, but broken"),
    (har(), "no OAuth exchange among the 0"),
    (har(entry("GET", "https://example.com/")), "no OAuth exchange among the 1"),
    (har(*[None] * 50_001), "more than 50,000 entries"),
]


@pytest.mark.parametrize(("data", "said"), WRONG)
def test_a_file_that_is_no_use_is_refused_in_one_sentence(data: bytes, said: str) -> None:
    with refused(UsageError) as caught:
        imported(data)
    assert said in caught.value.what


def test_a_file_that_needs_more_than_a_gibibyte_is_refused_before_it_is_read(
    tmp_path: Path,
) -> None:
    file = tmp_path / "big.har"
    with file.open("wb") as out:
        out.truncate(110 * 1000 * 1000)
    with pytest.raises(UsageError, match="needs about 1,050 MiB of memory, and 1,024 are allowed"):
        read_file(file)


def test_a_small_file_that_unpacks_to_a_large_one_is_refused() -> None:
    with pytest.raises(UsageError, match="needs more than 20 MiB of memory"):
        read_har(gzip.compress(b" " * (3 * 1024 * 1024), 1), max_mib=20)


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir()])
def test_a_file_that_cannot_be_read_is_said(make: Any, tmp_path: Path) -> None:
    make(tmp_path / "x.har")
    with pytest.raises(LocalError, match="cannot be read"):
        read_file(tmp_path / "x.har")


NO_ADDRESSES = ["token", "https://[::1/oauth2/token", "https://a:b/oauth2/token", "https://a\n/"]


@pytest.mark.parametrize("url", [*NO_ADDRESSES, "http://a:99999/oauth2/token"])
def test_an_entry_whose_address_is_none_is_counted_and_breaks_nothing(url: str) -> None:
    assert imported(har(entry("POST", url), TOKEN)).unusable == (1,)


JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["request", "response", "url", "method", "headers", "name", "value", "postData"]
                + [
                    "text",
                    "params",
                    "content",
                    "status",
                    "timings",
                    "_raw",
                    "_tls",
                    "encoding",
                    "_file",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(JUNK, max_size=3))
def test_no_entry_whatever_is_in_it_breaks_the_reader(entries: list[Any]) -> None:
    try:
        done = imported(json.dumps({"log": {"entries": [*entries, TOKEN]}}).encode())
    except EntraOAuthError:
        return
    assert done.evidence.steps


@given(st.binary(max_size=200))
def test_no_file_whatever_is_in_it_breaks_the_reader(data: bytes) -> None:
    with pytest.raises(UsageError):
        imported(data)


def test_our_own_har_comes_back_with_its_bytes() -> None:
    before = kit.evidence()
    done = imported(har_text(before).encode())
    assert [s.name for s in done.evidence.steps] == ["authorize", "redirect", "token", "list"]
    for one, other in zip(before.steps[1:3], done.evidence.steps[1:3], strict=True):
        assert one.request.data == other.request.data
        assert other.request.seen is Seen.WIRE
    assert done.evidence.steps[2].link.tls_version == "TLSv1.3"
    assert done.evidence.steps[2].link.peer == "192.0.2.7:443"


@pytest.mark.parametrize("posted", [False, True])
def test_an_api_call_with_its_token_in_the_address_or_a_form_is_taken(posted: bool) -> None:
    url = "https://graph.microsoft.com/v1.0/me"
    call = entry("GET", f"{url}?access_token={ACCESS_TOKEN}")
    if posted:
        kind = [{"name": "Content-Type", "value": "application/x-www-form-urlencoded"}]
        form = {"mimeType": kind[0]["value"], "text": f"access_token={ACCESS_TOKEN}"}
        call = entry("POST", url, headers=kind, postData=form)
    for entries, taken in (((AUTHORIZE, REDIRECT, TOKEN, call), (4, "api")), ((call,), (1, "api"))):
        done = imported(har(*entries))
        assert done.taken[-1] == taken
        for data in finished_files(done.evidence, done.recording).values():
            assert_swept(data, [ACCESS_TOKEN])


def test_an_implicit_answer_is_no_api_call() -> None:
    page = "https://app.example/cb"
    asked = f"client_id={CLIENT_ID}&response_type=token&redirect_uri={page}&state={STATE}"
    came = entry("GET", f"{page}?access_token={ACCESS_TOKEN}")
    done = imported(har(entry("GET", f"{BASE}/authorize?{asked}"), came))
    assert done.taken == ((1, "authorize"), (2, "redirect"))


def test_a_request_that_was_pushed_before_is_taken_with_its_sign_in() -> None:
    page, uri = "https://app.example/cb", "urn:ietf:params:oauth:request_uri:abc"
    form = {
        "mimeType": "application/x-www-form-urlencoded",
        "text": f"client_id={CLIENT_ID}&response_type=code&redirect_uri={page}&state={STATE}",
    }
    kind = [{"name": "Content-Type", "value": form["mimeType"]}]
    answer = _content(json.dumps({"request_uri": uri, "expires_in": 60}))
    push = entry("POST", f"{BASE}/par", headers=kind, postData=form, answer=answer)
    asked = entry("GET", f"{BASE}/authorize?client_id={CLIENT_ID}&request_uri={uri}")
    came = entry("GET", f"{page}?code={CODE}")
    done = imported(har(push, asked, came, REDIRECT))
    assert done.taken == ((1, "pushed"), (2, "authorize"), (3, "redirect"), (4, "redirect"))
    claims = [c.verdict for c in done.evidence.claims if c.name == "state-equal"]
    assert claims == ["no", "yes"]
    for data in finished_files(done.evidence, done.recording).values():
        assert_swept(data, [CODE, STATE])
