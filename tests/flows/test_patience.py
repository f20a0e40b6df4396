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
from entra_oauth.flows import client_credentials
from entra_oauth.flows.patience import ATTEMPTS, LONGEST_S, exchange
from entra_oauth.flows.refresh_token import refresh
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.client_auth import ClientSecret, Proof
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
    fields,
    json_reply,
    person,
    refusal,
    tokens,
)

UNREACHED = ConnectFailed("login.example could not be reached.", advice="Check the network.")
BROKEN = ExchangeBroken("The connection broke off.", advice="Check the network.", was_sent=True)
REFRESH = TokenRequest.refresh(person(), REFRESH_TOKEN)


def busy(status: int, *headers: tuple[str, str]) -> HttpResponse:
    return HttpResponse(status=status, headers=headers)


def page(status: int) -> HttpResponse:
    headers = (("Content-Type", "text/html"),)
    return HttpResponse(status=status, headers=headers, body=b"<title>Bad Gateway</title>")


def nested(status: int) -> HttpResponse:
    return json_reply({"error": {"code": "BadGateway", "message": "Try later."}}, status=status)


def redemption() -> TokenRequest:
    request = canaries.article_request()
    url = f"http://localhost/?code={canaries.CODE}&state={canaries.STATE}"
    callback = HttpRequest(method="GET", url=url)
    return TokenRequest.redeem(AuthorizationResponse.read(callback, answering=request))


PROOF = ClientSecret(SECRET).prove("c", "a", now=NOW)

ONCE = {
    "code": redemption(),
    "password": TokenRequest.password(person(), USER, PASSWORD),
    "on behalf of": TokenRequest.on_behalf_of(person(), ASSERTION, proof=PROOF),
}


@pytest.mark.parametrize("request_", ONCE.values(), ids=ONCE)
@pytest.mark.parametrize(
    "answer", [UNREACHED, BROKEN, busy(429), busy(503, ("Retry-After", "1")), busy(500), page(502)]
)
def test_whatever_is_spent_by_being_sent_is_sent_once(
    request_: TokenRequest, answer: HttpResponse | EntraOAuthError
) -> None:
    world = World([answer, tokens()])
    with pytest.raises(EntraOAuthError) as caught:
        exchange(lambda: request_, world.channels, timeout_s=1)
    assert isinstance(caught.value, ConnectFailed | ExchangeBroken | UnexpectedAnswer)
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
        ([BROKEN, UNREACHED], [1, 2]),
        ([busy(408), busy(504)], [5, 10]),
        ([busy(500), busy(502)], [5, 10]),
        ([page(502)], [5]),
        ([nested(500)], [5]),
        ([refusal("temporarily_unavailable", 90055)], [5]),
        ([refusal("server_error", 90033)], [5]),
        ([json_reply({"error": "server_error"}, status=500)], [5]),
        ([json_reply({"error": None}, status=500)], [5]),
    ],
)
def test_a_refresh_is_sent_again_after_a_wait(
    answers: list[HttpResponse | EntraOAuthError], slept: list[float]
) -> None:
    world = World([*answers, tokens()])
    assert exchange(lambda: REFRESH, world.channels, timeout_s=1).expires_in == 3599
    assert world.slept == slept
    assert [line.rpartition("Trying again in ")[2] for line in world.said] == [
        f"{seconds:g} s." for seconds in slept
    ]
    assert {request.body for request in world.requests} == {REFRESH.to_http().body}


@pytest.mark.parametrize("value", ["61", "315360000", "Fri, 01 Jan 2038 00:00:00 GMT"])
def test_a_wait_of_ten_years_is_told_and_not_waited_for(value: str) -> None:
    world = World([busy(429, ("Retry-After", value))])
    with canaries.refused(UnexpectedAnswer) as caught:
        exchange(lambda: REFRESH, world.channels, timeout_s=1)
    assert world.slept == []
    wait = "Wait 61 seconds" if value == "61" else "It asks for a wait of an hour or more: wait"
    assert caught.value.advice == f"{wait}, then try again."


@pytest.mark.parametrize("answer", [UNREACHED, busy(503)])
def test_it_ends(answer: HttpResponse | EntraOAuthError) -> None:
    world = World([answer])
    with pytest.raises((ConnectFailed, UnexpectedAnswer)):
        exchange(lambda: REFRESH, world.channels, timeout_s=1)
    assert len(world.requests) == ATTEMPTS
    assert len(world.slept) == ATTEMPTS - 1


@pytest.mark.parametrize("kind", [TlsFailed, DeadlineExceeded])
def test_a_fault_that_stays_is_met_once(kind: type[EntraOAuthError]) -> None:
    world = World([kind("It broke.", advice="Check it."), tokens()])
    with canaries.refused(kind):
        exchange(lambda: REFRESH, world.channels, timeout_s=1)
    assert len(world.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        json_reply({}, status=400),
        json_reply({}, status=401),
        json_reply({}, status=403),
        json_reply({}, status=501),
        json_reply({"error": "invalid_grant"}, status=500),
        json_reply({"error": "invalid_request"}, status=502),
        json_reply({"error": "server_error"}, status=400),
        refusal("server_error", 50000 - 1),
        refusal("invalid_grant", 90033),
        tokens(access_token=None),
    ],
)
def test_a_final_answer_is_taken_at_once(answer: HttpResponse) -> None:
    world = World([answer, tokens()])
    with pytest.raises((AuthorityError, UnexpectedAnswer)):
        exchange(lambda: REFRESH, world.channels, timeout_s=1)
    assert (len(world.requests), world.slept) == (1, [])


def test_the_waits_of_one_request_do_not_add_up_without_a_bound() -> None:
    world = World([busy(429, ("Retry-After", "60"))])
    before = world.channels.monotonic()
    with canaries.refused(UnexpectedAnswer):
        exchange(lambda: REFRESH, world.channels, timeout_s=1)
    assert world.channels.monotonic() - before <= LONGEST_S

    waits = iter([70.0, 70.0, 70.0])

    def late(request: HttpRequest) -> HttpResponse:
        world.channels.sleep(next(waits))
        return busy(503)

    world = World([late])
    with canaries.refused(UnexpectedAnswer):
        exchange(lambda: REFRESH, world.channels, timeout_s=1)
    assert len(world.requests) == 2


def test_each_try_of_an_app_carries_a_proof_of_its_own() -> None:
    world = World([busy(502), BROKEN, tokens(refresh_token=None)])
    proofs = iter(["first", "second", "third"])

    class Fresh:
        """A proof that is good for one request."""

        def prove(self, client_id: str, audience: str, *, now: float) -> Proof:
            return Proof(fields=(("client_assertion", next(proofs)),))

    client_credentials.get_token(app(), Fresh(), world.channels)
    sent = [fields(request)["client_assertion"] for request in world.requests]
    assert sent == ["first", "second", "third"]
    world, proofs = World([busy(502), tokens()]), iter(["first", "second"])
    refresh(person(), REFRESH_TOKEN, world.channels, credential=Fresh())
    assert [fields(each)["client_assertion"] for each in world.requests] == ["first", "second"]


def test_an_echo_of_the_last_proof_is_hidden_as_well() -> None:
    said = refusal("invalid_client", 7000215, error_description=f"AADSTS7000215: {SECRET} is bad.")
    world = World([busy(502), said])
    secrets = iter(["an-older-secret", SECRET])

    class Changing:
        def prove(self, client_id: str, audience: str, *, now: float) -> Proof:
            return ClientSecret(next(secrets)).prove(client_id, audience, now=now)

    with canaries.refused(AuthorityError) as caught:
        client_credentials.get_token(app(), Changing(), world.channels)
    assert canaries.found_in(caught.value, [SECRET]) == []
