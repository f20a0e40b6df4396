"""A sign-in at the practice tenant, recorded so that every byte is the same on each run.

The client's flow and the tenant are the real ones. What would differ from run to run is
held still: the clock, chance on both sides, and the ports, for which messages are handed
over within this process.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, TypeVar
from unittest.mock import patch
from urllib.parse import urlsplit

from entra_oauth._version import __version__
from entra_oauth.channels.base import Channels, Outcome, Witness, look_away
from entra_oauth.channels.front_event import FrontEvent, Occurred
from entra_oauth.channels.listener import landing_pages
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.practice import PracticeBrowser, PracticeTenant
from entra_oauth.practice.directory.defaults import DEFAULT, DEFAULT_PASSWORD
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire
from entra_oauth.recording import Recorder
from entra_oauth.recording.redaction.secrets import live_secrets
from entra_oauth.recording.save import evidence_of
from entra_oauth.recording.step import Evidence, Level

if TYPE_CHECKING:
    from typing import Self

    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["SEED_TO_DECODE", "recorded", "to_decode"]

T = TypeVar("T")
SEED = 7
SEED_TO_DECODE = 8
"""Of a token that is shown whole: it opens nothing, as its tenant exists in no process."""
BASE = "http://localhost:8400"
HERE = "http://localhost:8401"
AT = 1_780_000_000.0
"""Seconds since 1970, at the tenant and here."""


def recorded(procedure: Procedure) -> tuple[Evidence, tuple[str, ...]]:
    """One sign-in of Alice's with its secrets taken out, and what these were."""
    recorder = Recorder()
    _signed_in(procedure, SEED, recorder)
    evidence = evidence_of(
        recorder.recording,
        level=Level.SECRETS,
        created_at=AT,
        facts={"program": {"name": "entra-oauth", "version": __version__, "verb": "practice"}},
        key=hashlib.sha256(b"the tags of the class kit").digest(),
    )
    return evidence, tuple(live_secrets(recorder.recording))


def to_decode(procedure: Procedure) -> str:
    """A whole token, signature and all, from a sign-in that is in no recording.

    The access token in the article's procedure, the ID token in today's.
    """
    tokens = _signed_in(procedure, SEED_TO_DECODE, Recorder())
    return (tokens.id_token or "") if procedure is Procedure.HARDENED else tokens.access_token


def _signed_in(procedure: Procedure, seed: int, recorder: Recorder) -> TokenResponse:
    tenant = PracticeTenant(directory=DEFAULT.with_admin_consent(), seed=seed, clock=lambda: AT)
    plan = SignIn(
        procedure=procedure,
        authority=Authority(BASE, DEFAULT.tenants[0].id),
        client_id=DEFAULT.apps[0].client_id,
        scopes=("databricks",),
    )
    ticks = count()
    channels = Channels(
        front=_Front(tenant, "query" if procedure is Procedure.ARTICLE else "form_post"),
        back=_Back(tenant),
        now=lambda: AT + next(ticks) / 16,
        monotonic=lambda: 0.0,
    )
    with patch(
        "entra_oauth.protocol.endpoints.authorize.fresh_secret", _chance(seed, procedure.value)
    ):
        return sign_in(plan, recorder.wrap(channels))


def _chance(seed: int, name: str) -> Callable[[], str]:
    numbers = count()

    def fresh_secret() -> str:
        digest = hashlib.sha256(f"{seed} {name} {next(numbers)}".encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    return fresh_secret


class _Back:
    """The back channel, straight to the tenant."""

    def __init__(self, tenant: PracticeTenant) -> None:
        self._tenant = tenant

    def warm(self, url: str) -> None:
        """Nothing to get ready."""

    def send(
        self, request: HttpRequest, *, timeout_s: float, saw: Callable[[Wire], None] = look_away
    ) -> HttpResponse:
        return self._tenant.handle(request)


class _Front:
    """The front channel: a browser without a screen, and a receiver without a socket."""

    def __init__(self, tenant: PracticeTenant, response_mode: str) -> None:
        self._tenant = tenant
        self._response_mode = response_mode

    def open(self, witness: Witness | None = None) -> _Receiver:
        return _Receiver(self._tenant, self._response_mode, witness)


class _Receiver:
    redirect_uri = HERE

    def __init__(self, tenant: PracticeTenant, response_mode: str, witness: Witness | None) -> None:
        self.response_mode = response_mode
        self._tenant = tenant
        self._witness = witness

    def receive(self, url: str, read: Callable[[HttpRequest], T], *, timeout_s: float) -> T:
        self._tell(FrontEvent(Occurred.ASKED), HttpRequest(method="GET", url=url), None)
        answers: list[T] = []

        def send(request: HttpRequest) -> HttpResponse:
            parts = urlsplit(request.url)
            if f"{parts.scheme}://{parts.netloc}" != HERE:
                return self._tenant.handle(request)
            if answers:
                return HttpResponse(status=200)
            arrived = HttpRequest(
                method=request.method,
                url=request.url,
                headers=(("Host", parts.netloc), *request.headers),
                body=request.body,
            )
            answers.append(read(arrived))
            response = landing_pages.see_other("/done/practice")
            self._tell(FrontEvent(Occurred.ACCEPTED), arrived, response)
            return response

        user = DEFAULT.users[0]
        PracticeBrowser(send, user.name, DEFAULT_PASSWORD).open(url)
        return answers[0]

    def _tell(self, event: FrontEvent, request: HttpRequest, response: HttpResponse | None) -> None:
        if self._witness is not None:
            self._witness(event, request, response)

    def report_outcome(self, outcome: Outcome) -> None:
        request = HttpRequest(
            method="GET", url=f"{HERE}/done/practice", headers=(("Host", urlsplit(HERE).netloc),)
        )
        self._tell(FrontEvent(Occurred.PAGE), request, landing_pages.done(outcome))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        """Nothing is open."""
