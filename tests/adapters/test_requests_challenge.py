"""A claims challenge in `requests`: answered once, to the same origin, with the same body."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from entra_oauth.adapters.authlib import oauth2_session
from entra_oauth.adapters.http import EntraAuth
from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.errors import AuthorityError
from entra_oauth.protocol.messages import parse_form
from kit import signed_in as at_hand
from kit.challenging import CHALLENGE, CLAIMS, Api
from kit.practice import claims_of


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def _file() -> io.BytesIO:
    file = io.BytesIO(b"not this a body")
    file.seek(9)
    return file


class _Once:
    """A body of six bytes that nobody can rewind."""

    def __len__(self) -> int:
        return 6

    def __iter__(self) -> Iterator[bytes]:
        yield b"a body"


@pytest.mark.parametrize("body", [None, b"a body", "a body", _file()])
def test_requests_answers_a_challenge_by_one_renewal_and_sends_the_same_body(
    ours: at_hand.AtHand, tokens: StoredTokens, api: tuple[Api, str], body: Any
) -> None:
    served, url = api
    count = len(ours.tenant.log)
    answer = requests.post(f"{url}/challenge", data=body, auth=EntraAuth(tokens), timeout=10)
    assert answer.status_code == 200
    assert [each.status_code for each in answer.history] == [401]
    (_, first, one), (_, second, two) = served.seen
    assert first != second
    assert one == two == (b"a body" if body else b"")
    (sent,) = [request for request, _ in ours.tenant.log[count:]]
    assert ("claims", CLAIMS) in parse_form(sent.body.decode())
    assert f"Bearer {tokens.get().token.text}" == second  # which the next request has at once


def test_a_body_that_is_used_up_is_not_sent_as_an_empty_one_but_the_next_request_passes(
    tokens: StoredTokens, api: tuple[Api, str]
) -> None:
    served, url = api

    auth, once = EntraAuth(tokens), _Once()
    answer = requests.post(f"{url}/challenge", data=once, auth=auth, timeout=10)
    assert (answer.status_code, len(served.seen)) == (401, 1)
    assert requests.post(f"{url}/challenge", data=b"2", auth=auth, timeout=10).status_code == 200
    assert len(served.seen) == 2


@pytest.mark.parametrize("session", [False, True])
def test_the_second_refusal_is_the_answer(
    tokens: StoredTokens, api: tuple[Api, str], session: bool
) -> None:
    served, url = api
    auth = EntraAuth(tokens)
    with requests.Session() as one:
        send = one.get if session else requests.get
        answer = send(f"{url}/always", auth=auth, timeout=10)
    assert (answer.status_code, len(served.seen)) == (401, 2)


def test_a_redirect_after_the_answer_has_the_better_token_and_is_not_answered_again(
    tokens: StoredTokens, api: tuple[Api, str]
) -> None:
    served, url = api
    served.sends_to = f"{url}/always"
    answer = requests.get(f"{url}/challenged-then-away", auth=EntraAuth(tokens), timeout=10)
    assert answer.status_code == 401
    paths, seen = [path for path, _, _ in served.seen], [token for _, token, _ in served.seen]
    assert paths == ["/challenged-then-away"] * 2 + ["/always"]
    assert (seen[0] != seen[1], seen[1] == seen[2]) == (True, True)


@pytest.mark.parametrize(
    ("path", "status", "paths"),
    [
        ("challenge", 200, ["/challenge"] * 2),
        ("always", 401, ["/always"] * 2),
        ("challenged-then-away", 401, ["/challenged-then-away"] * 2 + ["/always"]),
    ],
)
def test_authlibs_session_answers_once_too(
    tokens: StoredTokens, api: tuple[Api, str], path: str, status: int, paths: list[str]
) -> None:
    served, url = api
    served.sends_to = f"{url}/always"
    with oauth2_session(tokens) as session:
        for _ in range(2):
            served.seen.clear()
            answer = session.post(f"{url}/{path}", data=b"a body", timeout=10)
            assert answer.status_code == status
            assert [each for each, _, _ in served.seen] == paths
            assert {body for _, _, body in served.seen} == {b"a body"}


def test_another_host_behind_a_redirect_gets_no_token_and_no_answer(
    ours: at_hand.AtHand, tokens: StoredTokens, api: tuple[Api, str]
) -> None:
    served, url = api
    other, count = Api(), len(ours.tenant.log)
    with LoopbackHost(other.handle) as elsewhere:
        served.sends_to = f"http://localhost:{elsewhere.port}/always"
        answer = requests.get(f"{url}/away", auth=EntraAuth(tokens), timeout=10)
    assert answer.status_code == 401
    assert [token for _, token, _ in other.seen] == [None]
    assert len(ours.tenant.log) == count


def test_whoever_still_has_the_header_at_another_origin_is_not_answered(
    ours: at_hand.AtHand, tokens: StoredTokens
) -> None:
    """requests keeps it from http to https, and a session of somebody else's may keep it always."""
    asked = requests.Request("GET", "http://127.0.0.1:1/", auth=EntraAuth(tokens)).prepare()
    count, response = len(ours.tenant.log), requests.Response()
    response.status_code, response.headers["WWW-Authenticate"] = 401, CHALLENGE
    (answer,) = asked.hooks["response"]
    for url in ("https://127.0.0.1:1/", "http://127.0.0.1:2/", "http://localhost:1/"):
        response.request = asked.copy()
        response.request.url = url
        assert answer(response) is response
    assert len(ours.tenant.log) == count


def test_a_challenge_that_needs_a_person_is_told_and_what_the_authority_refuses_is_raised(
    ours: at_hand.AtHand, tokens: StoredTokens, api: tuple[Api, str]
) -> None:
    told: list[str] = []
    auth = EntraAuth(tokens, on_claims=told.append)
    try:
        ours.tenant.faults.add("token aadsts=50076")
        answer = requests.get(f"{api[1]}/always", auth=auth, timeout=10)
        assert (answer.status_code, told) == (401, [CLAIMS])
        ours.tenant.faults.clear()
        ours.tenant.faults.add("token aadsts=700016")
        with pytest.raises(AuthorityError):
            requests.get(f"{api[1]}/always", auth=auth, timeout=10)
    finally:
        ours.tenant.faults.clear()


def test_a_401_without_a_challenge_is_no_challenge(
    ours: at_hand.AtHand, tokens: StoredTokens, api: tuple[Api, str]
) -> None:
    served, url = api
    count = len(ours.tenant.log)
    assert requests.get(f"{url}/plain-401", auth=EntraAuth(tokens), timeout=10).status_code == 401
    assert (len(served.seen), len(ours.tenant.log)) == (1, count)


def test_with_enable_cae_the_token_declares_it_and_so_does_the_answer_to_a_challenge(
    ours: at_hand.AtHand, tokens: StoredTokens, api: tuple[Api, str]
) -> None:
    served, url = api
    auth = EntraAuth(tokens, enable_cae=True)
    assert requests.get(f"{url}/challenge", auth=auth, timeout=10).status_code == 200
    seen = [(token or "").removeprefix("Bearer ") for _, token, _ in served.seen]
    assert ["xms_cc" in claims_of(token) for token in seen] == [True, True]
    sent = dict(parse_form(ours.tenant.log[-1][0].body.decode()))
    assert '"xms_cc"' in sent["claims"]
    assert '"nbf"' in sent["claims"]
    assert tokens.get().token.text not in seen
