"""Requests that are sent again, and those that never are."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from entra_oauth.errors import (
    AuthorityError,
    ConnectFailed,
    DeadlineExceeded,
    EntraOAuthError,
    ExchangeBroken,
    TlsFailed,
    UnexpectedAnswer,
)
from entra_oauth.flows.patience import ATTEMPTS, exchange
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.client_auth import ClientSecret
from entra_oauth.protocol.endpoints.token import TokenRequest
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit import canaries
from kit.canaries import REFRESH_TOKEN
from kit.grants import (
    ASSERTION,
    NOW,
    PASSWORD,
    SECRET,
    USER,
    World,
    app,
    json_reply,
    person,
    refusal,
    tokens,
)

UNREACHED = ConnectFailed("login.example could not be reached.", advice="Check the network.")
REFRESH = TokenRequest.refresh(person(), REFRESH_TOKEN)


def busy(status: int, *headers: tuple[str, str]) -> HttpResponse:
    return HttpResponse(status=status, headers=headers)


def redemption() -> TokenRequest:
    request = canaries.article_request()
    url = f"http://localhost/?code={canaries.CODE}&state={canaries.STATE}"
    callback = HttpRequest(method="GET", url=url)
    return TokenRequest.redeem(AuthorizationResponse.read(callback, answering=request))


PROOF = ClientSecret(SECRET).prove("c", "a", now=NOW)

ONCE = {
    "code": redemption(),
    "password": TokenRequest.password(person(), USER, PASSWORD),
    "client credentials": TokenRequest.client_credentials(app(), proof=PROOF),
    "on behalf of": TokenRequest.on_behalf_of(person(), ASSERTION, proof=PROOF),
}


@pytest.mark.parametrize("request_", ONCE.values(), ids=ONCE)
@pytest.mark.parametrize("answer", [UNREACHED, busy(429), busy(503, ("Retry-After", "1"))])
def test_whatever_is_spent_by_being_sent_is_sent_once(
    request_: TokenRequest, answer: HttpResponse | EntraOAuthError
) -> None:
    world = World([answer, tokens()])
    with pytest.raises(EntraOAuthError) as caught:
        exchange(request_, world.channels, timeout_s=1)
    assert isinstance(caught.value, ConnectFailed | UnexpectedAnswer)
    assert (len(world.requests), world.slept, world.said) == (1, [], [])


@pytest.mark.parametrize(
    ("answers", "slept"),
    [
        ([UNREACHED], [1]),
        ([UNREACHED, UNREACHED], [1, 2]),
        ([busy(429)], [5]),
        ([busy(503), busy(503)], [5, 10]),
        ([busy(429, ("Retry-After", "7"))], [7]),
        ([busy(429, ("Retry-After", "60"))], [60]),
        ([busy(429, ("Retry-After", "0"))], [1]),
        ([busy(503, ("Retry-After", formatdate(NOW + 30, usegmt=True)))], [30]),
        ([busy(503, ("Retry-After", formatdate(NOW - 999, usegmt=True)))], [1]),
        ([busy(503, ("Retry-After", "soon"))], [5]),
        ([UNREACHED, busy(429, ("Retry-After", "3"))], [1, 3]),
        ([refusal("temporarily_unavailable", 90055)], None),
    ],
)
def test_a_refresh_is_sent_again_after_a_wait(
    answers: list[HttpResponse | EntraOAuthError], slept: list[float] | None
) -> None:
    world = World([*answers, tokens()])
    if slept is None:  # an OAuth error with status 400 is an answer
        with canaries.refused(AuthorityError):
            exchange(REFRESH, world.channels, timeout_s=1)
        return
    assert exchange(REFRESH, world.channels, timeout_s=1).expires_in == 3599
    assert world.slept == slept
    assert [line.rpartition("Trying again in ")[2] for line in world.said] == [
        f"{seconds:g} s." for seconds in slept
    ]
    assert {request.body for request in world.requests} == {REFRESH.to_http().body}


@pytest.mark.parametrize("value", ["61", "315360000", "Fri, 01 Jan 2038 00:00:00 GMT"])
def test_a_wait_of_ten_years_is_told_and_not_waited_for(value: str) -> None:
    world = World([busy(429, ("Retry-After", value))])
    with canaries.refused(UnexpectedAnswer) as caught:
        exchange(REFRESH, world.channels, timeout_s=1)
    assert world.slept == []
    wait = "Wait 61 seconds" if value == "61" else "It asks for a wait of an hour or more: wait"
    assert caught.value.advice == f"{wait}, then try again."


@pytest.mark.parametrize("answer", [UNREACHED, busy(503)])
def test_it_ends(answer: HttpResponse | EntraOAuthError) -> None:
    world = World([answer])
    with pytest.raises((ConnectFailed, UnexpectedAnswer)):
        exchange(REFRESH, world.channels, timeout_s=1)
    assert len(world.requests) == ATTEMPTS
    assert len(world.slept) == ATTEMPTS - 1


@pytest.mark.parametrize("kind", [TlsFailed, DeadlineExceeded, ExchangeBroken])
def test_what_may_have_been_sent_is_not_sent_again(kind: type[EntraOAuthError]) -> None:
    world = World([kind("It broke.", advice="Check it."), tokens()])
    with canaries.refused(kind):
        exchange(REFRESH, world.channels, timeout_s=1)
    assert len(world.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 500, 502, 504])
def test_no_other_status_is_a_reason_to_send_again(status: int) -> None:
    world = World([json_reply({}, status=status), tokens()])
    with canaries.refused(UnexpectedAnswer):
        exchange(REFRESH, world.channels, timeout_s=1)
    assert len(world.requests) == 1
