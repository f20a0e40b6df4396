"""The device flow against a server that counts questions, on a clock that sleeping moves."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from entra_oauth.errors import (
    AuthorityError,
    ConnectFailed,
    DeadlineExceeded,
    EntraOAuthError,
    ExchangeBroken,
    IdTokenRefused,
    ProxyRefused,
    TimedOut,
    TlsFailed,
    UnexpectedAnswer,
)
from entra_oauth.flows.device_code import sign_in
from entra_oauth.protocol.endpoints.token import DEVICE_GRANT
from entra_oauth.protocol.messages import HttpResponse
from kit import canaries
from kit.canaries import CLIENT_ID
from kit.grants import SECRETS, World, fields, id_token, json_reply, person, refusal, tokens
from kit.servers import id_token_key

DEVICE_CODE = "CanaryDevice~" + "Dd1_" * 8
PAGE = "https://microsoft.com/devicelogin"
PENDING = refusal("authorization_pending", 70016)
UNREACHED = ConnectFailed("login.microsoftonline.com could not be reached.", advice="Check it.")


def device(**changes: Any) -> HttpResponse:
    members: dict[str, Any] = {
        "user_code": "BL6XB575V",
        "device_code": DEVICE_CODE,
        "verification_uri": PAGE,
        "expires_in": 900,
        "interval": 5,
        "message": f"To sign in, use a web browser to open the page {PAGE} and enter the code "
        "BL6XB575V to authenticate.",
    } | changes
    return json_reply({name: value for name, value in members.items() if value is not None})


def pauses(world: World) -> list[float]:
    """Seconds between the first answer and each question."""
    return [after - before for before, after in itertools.pairwise(world.at)]


def test_the_person_is_told_page_and_code_and_the_tokens_come() -> None:
    world = World([device(), PENDING, PENDING, tokens()])
    answer = sign_in(person(), world.channels)
    assert answer.access_token == canaries.ACCESS_TOKEN
    assert world.said == [
        f"To sign in, use a web browser to open the page {PAGE} and enter the code BL6XB575V to "
        "authenticate."
    ]
    first, *polls = world.requests
    assert first.url.endswith("/oauth2/v2.0/devicecode")
    assert set(fields(first)) == {"client_id", "scope"}
    for poll in polls:
        assert poll.url.endswith("/oauth2/v2.0/token")
        assert fields(poll) == {
            "client_id": CLIENT_ID,
            "scope": fields(first)["scope"],
            "device_code": DEVICE_CODE,
            "grant_type": DEVICE_GRANT,
        }
    assert pauses(world) == [5, 5, 5]


@pytest.mark.parametrize(
    ("interval", "expected"), [(None, 5), (5, 5), (1, 1), (0, 1), ("7", 7), (60, 60)]
)
def test_it_never_asks_faster_than_it_may(interval: object, expected: int) -> None:
    # RFC 8628 §3.2
    world = World([device(interval=interval), PENDING, PENDING, tokens()])
    sign_in(person(), world.channels)
    assert pauses(world) == [expected] * 3


def test_slow_down_adds_five_seconds_for_good() -> None:
    slow = refusal("slow_down")
    world = World([device(), PENDING, slow, PENDING, slow, PENDING, tokens()])
    sign_in(person(), world.channels)
    assert pauses(world) == [5, 5, 10, 10, 15, 15]


def test_a_thousand_times_pending_is_patience_until_the_code_has_expired() -> None:
    world = World([device(expires_in=86_400), *[PENDING] * 1000, tokens()])
    sign_in(person(), world.channels)
    assert len(world.requests) == 1002
    assert set(pauses(world)) == {5}


def test_it_ends_when_the_code_has_expired_by_the_clock_that_only_goes_forward() -> None:
    world = World([device(expires_in=900), PENDING])
    world_before = world.now
    with canaries.refused(TimedOut) as caught:
        sign_in(person(), world.channels)
    assert "not used in time" in caught.value.what
    assert caught.value.exit_code == 7
    assert sum(world.slept) < 900
    assert len(world.requests) == 1 + 179
    assert world.now > world_before


@pytest.mark.parametrize(
    "answer",
    [
        refusal("expired_token", 70019),
        refusal("expired_token"),
        refusal("invalid_grant", 70020),
        refusal("code_expired", 70020),
    ],
)
def test_a_code_that_the_authority_calls_expired_is_out_of_time(answer: HttpResponse) -> None:
    world = World([device(), answer])
    with canaries.refused(TimedOut):
        sign_in(person(), world.channels)
    assert len(world.requests) == 2


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        ("authorization_declined", 0, "accept"),
        ("access_denied", 65004, "declined"),
        ("bad_verification_code", 70018, "start again"),
        ("invalid_grant", 53003, "Conditional Access"),
        ("invalid_client", 7000218, "Allow public client flows"),
        ("unauthorized_client", 700016, "client id"),
    ],
)
def test_a_no_ends_it_at_once(error: str, code: int, word: str) -> None:
    world = World([device(), PENDING, refusal(error, code)])
    with canaries.refused(AuthorityError) as caught:
        sign_in(person(), world.channels)
    assert word in caught.value.advice
    assert canaries.found_in(caught.value, [DEVICE_CODE]) == []
    assert len(world.requests) == 3


def test_a_proxy_that_will_not_have_it_is_asked_once() -> None:
    refusal_of_the_proxy = ProxyRefused("It wants a sign-in.", advice="Name a helper.")
    world = World([device(), PENDING, refusal_of_the_proxy])
    with canaries.refused(ProxyRefused):
        sign_in(person(), world.channels)
    assert len(world.requests) == 3


FAULTS = [
    UNREACHED,
    DeadlineExceeded("It did not answer within 30 seconds.", advice="Check the network."),
    ExchangeBroken("The connection ended in the middle.", advice="Check the network."),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_after_a_fault_of_the_network_it_asks_less_often(fault: EntraOAuthError) -> None:
    # RFC 8628 §3.5
    world = World([device(), PENDING, fault, fault, fault, fault, fault, PENDING, tokens()])
    sign_in(person(), world.channels)
    assert pauses(world) == [5, 5, 10, 20, 40, 65, 65, 5]
    assert all("Asking again in" in line for line in world.said[1:])
    assert len(world.said) == 6


def test_a_bad_certificate_ends_it() -> None:
    world = World([device(), TlsFailed("The certificate is not trusted.", advice="Check it.")])
    with canaries.refused(TlsFailed):
        sign_in(person(), world.channels)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_authority_is_left_alone_for_as_long_as_it_says(status: int) -> None:
    busy = HttpResponse(status=status, headers=(("Retry-After", "42"),))
    world = World([device(), busy, tokens()])
    sign_in(person(), world.channels)
    assert pauses(world) == [5, 42]
    assert world.said[1] == f"The authority answered HTTP {status}. Asking again in 42 s."


@pytest.mark.parametrize(
    "passing",
    [
        *(HttpResponse(status=status) for status in (408, 500, 502, 504)),
        json_reply({"error": {"code": "BadGateway", "message": "Later."}}, status=502),
        refusal("temporarily_unavailable", 90055),
        refusal("server_error", 90033),
    ],
)
def test_it_asks_on_after_an_answer_whose_cause_passes(passing: HttpResponse) -> None:
    world = World([device(), PENDING, passing, PENDING, tokens()])
    sign_in(person(), world.channels)
    assert pauses(world) == [5, 5, 10, 5]
    assert world.said[1] == f"The authority answered HTTP {passing.status}. Asking again in 10 s."


@pytest.mark.parametrize("value", ["315360000", "Fri, 01 Jan 2038 00:00:00 GMT", "9" * 4000])
def test_a_wait_of_ten_years_is_longer_than_the_code_lives(value: str) -> None:
    world = World([device(), HttpResponse(status=429, headers=(("Retry-After", value),))])
    with canaries.refused(TimedOut):
        sign_in(person(), world.channels)
    assert len(world.requests) == 2
    assert world.slept == [5]
    assert world.said[1:] == ["The authority answered HTTP 429."]  # nobody asks again


def test_ctrl_c_ends_it() -> None:
    world = World([device(), PENDING, KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        sign_in(person(), world.channels)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"device_code": None}, "it has no device_code"),
        ({"device_code": 5}, "its device_code is not a text"),
        ({"user_code": None}, "it has no user_code"),
        ({"user_code": "AB\x1b[2J"}, "characters that cannot be sent"),
        ({"verification_uri": None}, "it has no verification_uri"),
        ({"verification_uri": "http://evil.test/devicelogin"}, "not an https address"),
        ({"verification_uri": "javascript:alert(1)"}, "not an https address"),
        ({"verification_uri": "https://[evil"}, "not an https address"),
        ({"expires_in": None}, "it has no expires_in"),
        ({"expires_in": 0}, "not a positive number"),
        ({"expires_in": "soon"}, "not a number"),
        ({"interval": -1}, "not a positive number"),
        ({"interval": [5]}, "not a number"),
    ],
)
def test_a_first_answer_that_is_none_is_refused(changes: dict[str, Any], word: str) -> None:
    world = World([device(**changes)])
    with canaries.refused(UnexpectedAnswer) as caught:
        sign_in(person(), world.channels)
    assert word in caught.value.what
    assert "no answer of the device flow" in caught.value.what
    assert "code can be sent only once" not in caught.value.advice
    assert len(world.requests) == 1


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (None, f"To sign in, open {PAGE} in a browser and enter the code BL6XB575V."),
        ("Do as you like.", f"To sign in, open {PAGE} in a browser and enter the code BL6XB575V."),
        (7, f"To sign in, open {PAGE} in a browser and enter the code BL6XB575V."),
        (f"Öffnen: {PAGE}\r\n BL6XB575V", f"Öffnen: {PAGE} BL6XB575V"),
        (f"{PAGE} BL6XB575V \x1b[2J\u202e", f"{PAGE} BL6XB575V <ESC>[2J<U+202E>"),
    ],
)
def test_the_authoritys_words_are_shown_if_they_name_page_and_code(
    message: object, shown: str
) -> None:
    world = World([device(message=message), tokens()])
    sign_in(person(), world.channels)
    assert world.said == [shown]


def test_the_signature_of_the_id_token_is_checked() -> None:
    good = World([device(), tokens(id_token=id_token())], keys=id_token_key.keys_answer())
    answer = sign_in(person(), good.channels)
    assert answer.identity is not None
    assert answer.warnings == ()
    forged = World(
        [device(), tokens(id_token=id_token(by="other"))], keys=id_token_key.keys_answer()
    )
    with canaries.refused(IdTokenRefused) as caught:
        sign_in(person(), forged.channels)
    assert "does not publish" in caught.value.what
    assert canaries.found_in(caught.value, SECRETS) == []


@pytest.mark.parametrize(("wait_s", "asked"), [(4, 0), (6, 1), (12, 2), (None, 3), (9000, 3)])
def test_the_wait_for_the_person_can_be_shorter_than_the_codes_live(
    wait_s: float | None, asked: int
) -> None:
    world = World([device(expires_in=19), *[PENDING] * 9])
    with canaries.refused(TimedOut):
        sign_in(person(), world.channels, wait_s=wait_s)
    assert len(world.requests) - 1 == asked
