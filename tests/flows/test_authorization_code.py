"""The flow from top to bottom, with both channels played: what is sent, and what is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.channels.base import Outcome, Witness
from entra_oauth.errors import (
    AuthorityError,
    CallbackRefused,
    DeadlineExceeded,
    EntraOAuthError,
    ExchangeBroken,
    IdTokenRefused,
    PortBusy,
    StateMismatch,
    TimedOut,
    UnexpectedAnswer,
    UsageError,
)
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import Hints, Procedure, s256
from entra_oauth.protocol.endpoints.token import TokenResponse
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, parse_form
from kit.canaries import ACCESS_TOKEN, CLIENT_ID, CODE, REFRESH_TOKEN, TENANT, assert_clean, jwt
from kit.played_channels import FakeBack, FakeFront, answer_to, channels, parameters

NOW = 1_700_000_000.0
AUTHORITY = Authority.of(TENANT)
ORDER = ["open", "enter", "warm", "receive", "send", "report_outcome", "exit"]
JSON = (("Content-Type", "application/json; charset=utf-8"),)


def plan(procedure: Procedure = Procedure.HARDENED) -> SignIn:
    return SignIn(
        procedure=procedure,
        authority=AUTHORITY,
        client_id=CLIENT_ID,
        scopes=("databricks",),
        timeout_s=7.0,
        http_timeout_s=3.0,
    )


class Run:
    """One sign-in with everything that came of it."""

    def __init__(
        self,
        the_plan: SignIn,
        *,
        answers: Callable[[str], Sequence[HttpRequest]] | None = None,
        token: Callable[[Run, HttpRequest], HttpResponse] | None = None,
    ) -> None:
        self.events: list[str] = []
        self.front = FakeFront(
            answers or (lambda url: [answer_to(url, ("code", CODE))]),
            self.events,
            mode="query" if the_plan.procedure is Procedure.ARTICLE else "form_post",
        )
        respond = token or Run.good
        self.back = FakeBack(lambda request: respond(self, request), self.events)
        self.plan = the_plan

    def sign_in(self) -> TokenResponse:
        return sign_in(self.plan, channels(self.front, self.back, at=NOW))

    def fails(self, kind: type[BaseException]) -> BaseException:
        with pytest.raises(kind) as caught:
            self.sign_in()
        assert type(caught.value) is kind
        assert_clean(caught.value)
        return caught.value

    @property
    def asked(self) -> dict[str, str]:
        (url,) = self.front.asked
        return parameters(url)

    @property
    def sent(self) -> dict[str, str]:
        (request,) = self.back.requests
        return dict(parse_form(request.body.decode("ascii")))

    @property
    def told(self) -> Outcome:
        (outcome,) = self.front.told
        assert_clean(outcome)
        return outcome

    def good(self, request: HttpRequest) -> HttpResponse:
        members: dict[str, object] = {
            "token_type": "Bearer",
            "scope": "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/user_impersonation",
            "expires_in": 3599,
            "access_token": ACCESS_TOKEN,
        }
        if "nonce" in self.asked:
            members |= {"id_token": self.id_token(), "refresh_token": REFRESH_TOKEN}
        return answer(200, members)

    def id_token(self, **other: object) -> str:
        claims = {
            "iss": AUTHORITY.issuer(TENANT),
            "tid": TENANT,
            "aud": CLIENT_ID,
            "sub": "subject",
            "nonce": self.asked["nonce"],
            "iat": NOW,
            "exp": NOW + 3600,
            "preferred_username": "alice@example.test",
        }
        return jwt({"alg": "RS256"}, {**claims, **other})


def answer(status: int, members: object) -> HttpResponse:
    return HttpResponse(status=status, headers=JSON, body=json.dumps(members).encode())


def test_the_articles_procedure_sends_the_articles_two_requests() -> None:
    run = Run(replace(plan(Procedure.ARTICLE), state="12345"))
    tokens = run.sign_in()
    assert list(run.asked) == [
        "client_id",
        "response_type",
        "redirect_uri",
        "response_mode",
        "scope",
        "state",
    ]
    assert list(run.sent) == ["client_id", "scope", "code", "redirect_uri", "grant_type", "state"]
    assert (run.sent["code"], run.sent["state"], run.asked["state"]) == (CODE, "12345", "12345")
    assert tokens.access_token == ACCESS_TOKEN
    assert (tokens.identity, tokens.refresh_token) == (None, None)
    assert run.told == Outcome(
        succeeded=True,
        headline="Signed in",
        detail="The token has arrived in the program that asked for it.",
        advice="You can close this window.",
    )
    assert run.events == ORDER


def test_the_hardened_procedure_adds_pkce_and_a_nonce_and_says_who_signed_in() -> None:
    run = Run(replace(plan(), hints=Hints(prompt="login", login_hint="alice@example.test")))
    tokens = run.sign_in()
    assert run.asked["response_mode"] == "form_post"
    assert run.asked["code_challenge"] == s256(run.sent["code_verifier"])
    assert run.asked["code_challenge_method"] == "S256"
    assert run.asked["login_hint"] == "alice@example.test"
    assert "state" not in run.sent
    assert run.sent["redirect_uri"] == run.asked["redirect_uri"] == "http://localhost:8400"
    assert tokens.identity is not None
    assert tokens.identity.username == "alice@example.test"
    assert (tokens.refresh_token, tokens.expires_at) == (REFRESH_TOKEN, NOW + 3599)
    assert run.told.headline == "Signed in as alice@example.test"
    assert run.events == ORDER


def test_every_attempt_has_secrets_of_its_own() -> None:
    first, second = Run(plan()), Run(plan())
    first.sign_in()
    second.sign_in()
    for name in ("state", "nonce", "code_challenge"):
        assert first.asked[name] != second.asked[name]


def test_the_connection_is_warmed_up_and_the_two_deadlines_are_kept_apart() -> None:
    run = Run(plan())
    run.sign_in()
    assert run.back.warmed == [AUTHORITY.token_endpoint]
    assert run.back.requests[0].url == AUTHORITY.token_endpoint
    assert run.back.timeouts_s == [3.0]


# ---- before a code came ------------------------------------------------------------


def _forged(url: str) -> list[HttpRequest]:
    return [
        answer_to(url, ("code", "x"), state="another"),
        answer_to(url, ("error", "e"), state=""),
    ]


def test_a_forged_answer_does_not_keep_the_genuine_one_out() -> None:
    run = Run(plan(), answers=lambda url: [*_forged(url), answer_to(url, ("code", CODE))])
    run.sign_in()
    assert run.sent["code"] == CODE
    assert run.events == ORDER


def _two_codes(url: str) -> list[HttpRequest]:
    return [answer_to(url, ("code", CODE), ("code", "other"))]


def _nothing(url: str) -> list[HttpRequest]:
    return []


@pytest.mark.parametrize(
    ("answers", "kind"),
    [(_forged, StateMismatch), (_two_codes, CallbackRefused), (_nothing, TimedOut)],
)
def test_without_a_good_answer_nothing_is_sent_and_the_page_says_why(
    answers: Callable[[str], Sequence[HttpRequest]], kind: type[EntraOAuthError]
) -> None:
    run = Run(plan(), answers=answers)
    error = run.fails(kind)
    assert isinstance(error, EntraOAuthError)
    assert (run.told.succeeded, run.told.detail, run.told.advice) == (
        False,
        error.what,
        error.advice,
    )
    assert run.events == [event for event in ORDER if event != "send"]


def test_a_refusal_of_the_authority_is_told_with_what_support_will_ask_for() -> None:
    description = (
        "AADSTS65004: User declined to consent to access the app.\r\n"
        "Trace ID: 0d3b5c5e-1111-4222-8333-444455556666\r\n"
        "Correlation ID: 7f6e5d4c-1111-4222-8333-444455556666\r\n"
        "Timestamp: 2024-01-01 00:00:00Z"
    )

    def declined(url: str) -> list[HttpRequest]:
        return [answer_to(url, ("error", "access_denied"), ("error_description", description))]

    run = Run(plan(), answers=declined)
    error = run.fails(AuthorityError)
    assert isinstance(error, AuthorityError)
    assert (error.stage, error.error_codes) == ("authorize", (65004,))
    assert "declined to consent" in run.told.detail
    assert run.told.reference == (
        "Correlation ID: 7f6e5d4c-1111-4222-8333-444455556666\n"
        "Trace ID: 0d3b5c5e-1111-4222-8333-444455556666\n"
        "Time: 2024-01-01 00:00:00Z"
    )
    assert run.back.requests == []


# ---- after it ------------------------------------------------------------------------


def _spent(run: Run, request: HttpRequest) -> HttpResponse:
    return answer(
        400,
        {
            "error": "invalid_grant",
            "error_description": "AADSTS54005: OAuth2 Authorization code was already redeemed.",
            "error_codes": [54005],
            "correlation_id": "7f6e5d4c-1111-4222-8333-444455556666",
        },
    )


def _foreign(run: Run, request: HttpRequest) -> HttpResponse:
    members = json.loads(run.good(request).body)
    return answer(200, {**members, "id_token": run.id_token(nonce="of another sign-in")})


def _html(run: Run, request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=200, headers=(("Content-Type", "text/html"),), body=b"<html>")


def _moved(run: Run, request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=307, headers=(("Location", "https://elsewhere.example/"),))


def _broken(run: Run, request: HttpRequest) -> HttpResponse:
    raise ExchangeBroken("It broke off.", advice="Sign in again.")


@pytest.mark.parametrize("procedure", Procedure)
@pytest.mark.parametrize(
    ("token", "kind"),
    [
        (_spent, AuthorityError),
        (_html, UnexpectedAnswer),
        (_moved, UnexpectedAnswer),
        (_broken, ExchangeBroken),
    ],
)
def test_when_the_code_is_not_redeemed_it_is_told_once_and_not_tried_again(
    token: Callable[[Run, HttpRequest], HttpResponse],
    kind: type[EntraOAuthError],
    procedure: Procedure,
) -> None:
    # Once, whatever happens.
    run = Run(plan(procedure), token=token)
    error = run.fails(kind)
    assert isinstance(error, EntraOAuthError)
    assert (run.told.succeeded, run.told.headline) == (False, "Not signed in")
    assert (run.told.detail, run.told.advice) == (error.what, error.advice)
    assert run.events == ORDER


@pytest.mark.parametrize("was_sent", [True, False])
def test_a_code_counts_as_spent_where_any_of_the_request_went_out(was_sent: bool) -> None:
    def broken(run: Run, request: HttpRequest) -> HttpResponse:
        raise DeadlineExceeded("No answer.", advice="Allow more time.", was_sent=was_sent)

    run = Run(plan(), token=broken)
    error = run.fails(DeadlineExceeded)
    assert isinstance(error, DeadlineExceeded)
    spent = " The code counts as spent: sign in again."
    assert error.advice == f"Allow more time.{spent if was_sent else ''}"
    assert run.told.advice == error.advice


def test_an_error_at_the_token_endpoint_says_that_it_was_there() -> None:
    run = Run(plan(), token=_spent)
    error = run.fails(AuthorityError)
    assert isinstance(error, AuthorityError)
    assert (error.stage, error.http_status) == ("token", 400)
    assert run.told.reference == "Correlation ID: 7f6e5d4c-1111-4222-8333-444455556666"


def test_an_id_token_of_another_sign_in_is_refused_though_the_code_was_redeemed() -> None:
    run = Run(plan(), token=_foreign)
    error = run.fails(IdTokenRefused)
    assert isinstance(error, IdTokenRefused)
    assert run.told.detail == error.what
    assert run.events == ORDER


# ---- Ctrl-C, and what nobody thought of -------------------------------------------------


class Unforeseen(Exception):
    """Not one of ours."""


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, Unforeseen])
def test_who_stops_while_the_person_signs_in_leaves_no_browser_waiting(
    kind: type[BaseException],
) -> None:
    def stop(url: str) -> list[HttpRequest]:
        raise kind

    run = Run(plan(), answers=stop)
    run.fails(kind)
    assert run.told.succeeded is False
    assert "given up" in run.told.detail
    assert run.events == [event for event in ORDER if event != "send"]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, Unforeseen])
def test_who_stops_while_the_code_is_redeemed_redeems_it_once(kind: type[BaseException]) -> None:
    def stop(run: Run, request: HttpRequest) -> HttpResponse:
        raise kind

    run = Run(plan(), token=stop)
    run.fails(kind)
    assert run.told.succeeded is False
    assert "given up" in run.told.detail
    assert run.events == ORDER


def test_who_stops_while_the_good_end_is_told_does_not_tell_a_bad_one() -> None:
    run = Run(plan())

    def report_outcome(self: object, outcome: Outcome) -> None:
        run.front.told.append(outcome)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kit.played_channels.FakeReceiver.report_outcome", report_outcome)
        run.fails(KeyboardInterrupt)
    assert run.told.succeeded is True


def test_what_cannot_be_asked_is_never_asked() -> None:
    run = Run(replace(plan(), client_id=""))
    run.fails(UsageError)
    assert run.events == ["open", "enter", "exit"]


def test_without_a_door_nothing_happens_at_all() -> None:
    class Occupied(FakeFront):
        def open(self, witness: Witness | None = None) -> Any:
            raise PortBusy("Port 8400 is taken.", advice="Take another.")

    run = Run(plan())
    run.front = Occupied(run.front.answers, run.events)
    run.fails(PortBusy)
    assert run.events == []
