"""Clients that sign in at a practice tenant without a socket: ours, msal's and authlib's.

Each call is one sign-in, kept as a recording with the bytes of both directions.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter

from entra_oauth.audit.case import Case, case_of, case_of_evidence
from entra_oauth.audit.inputs import har_case
from entra_oauth.channels.loopback.http1 import encode_response
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire, parse_form
from entra_oauth.recording import Exchange, FrontEvent, Occurred, Recorder, Recording
from entra_oauth.recording.har.har_write import har_of
from entra_oauth.recording.save import evidence_of
from entra_oauth.recording.step import Level, rebuilt
from kit.played_channels import FakeBack, FakeFront, channels
from kit.practice import NOON, SCOPE, Kit, consented

__all__ = ["WAYS", "Client", "as_har", "as_redacted", "by_authlib", "by_msal", "by_us", "whole"]

LANDED = HttpResponse(status=200, headers=(("Content-Type", "text/html"),), body=b"done")

Client = Callable[[int], Recording]
"""Signs in; the number is that of the sign-in."""


@cache
def _tenant() -> PracticeTenant:
    """One for all: to make its keys takes longer than a sign-in."""
    return consented()


@dataclass
class World:
    """One tenant, whose clock goes on with each sign-in."""

    number: int
    tenant: PracticeTenant = field(default_factory=lambda: _tenant())

    def __post_init__(self) -> None:
        self.at = NOON + 3600.0 * self.number
        self.kit = Kit(tenant=self.tenant)
        self.kept: list[Exchange] = []

    def answer(self, request: HttpRequest) -> HttpResponse:
        """The tenant's answer, with the bytes as they would pass."""
        response = self.tenant.handle(request)
        received = encode_response(response, method=request.method, keep=True)
        wire = Wire(sent=rebuilt(request), received=received)
        return replace(response, wire=wire)

    def came(self, url: str) -> HttpRequest:
        """What the browser brings to the redirect URI for this authorize address."""
        self.kit.received.clear()
        self.kit.browser.open(url)
        (request,) = self.kit.received
        return request

    def front(self, url: str, came: HttpRequest) -> None:
        asked = HttpRequest(method="GET", url=url)
        self._keep(asked, None, FrontEvent(Occurred.ASKED))
        self._keep(came, LANDED, FrontEvent(Occurred.ACCEPTED))

    def _keep(
        self, request: HttpRequest, response: HttpResponse | None, event: FrontEvent | None = None
    ) -> None:
        self.at += 1
        self.kept.append(
            Exchange(
                event=event,
                request=request,
                response=response,
                started_at=self.at,
                ended_at=self.at,
                wire=response.wire if response is not None else None,
            )
        )

    def session(self) -> requests.Session:
        """A session whose every request goes to the tenant, and is kept."""
        session = requests.Session()
        session.trust_env = False
        session.mount("https://", _Adapter(self))
        return session

    def send(self, request: HttpRequest) -> HttpResponse:
        response = self.answer(request)
        self._keep(request, response)
        return response


class _Adapter(BaseAdapter):
    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        body = request.body or b""
        host = urlsplit(request.url or "").netloc
        came = self._world.send(
            HttpRequest(
                method=request.method or "",
                url=request.url or "",
                headers=(("Host", host), *request.headers.items()),
                body=body if isinstance(body, bytes) else str(body).encode(),
            )
        )
        response = requests.Response()
        response.status_code, response._content = came.status, came.body
        response.headers.update(came.headers)
        response.url, response.request = request.url or "", request
        return response

    def close(self) -> None:
        """Nothing is open."""


def by_us(number: int, *, procedure: Procedure = Procedure.HARDENED) -> Recording:
    """A sign-in of this package's."""
    world = World(number)
    back = FakeBack(world.answer)
    front = FakeFront(lambda url: [world.came(url)], [], mode="form_post")
    if procedure is Procedure.ARTICLE:
        front.mode = "query"
    recorder = Recorder()
    played = channels(front, back, at=NOON)
    times = iter(range(1, 100))
    played = replace(played, now=lambda: NOON + next(times), aside=FakeBack(world.answer))
    plan = SignIn(
        procedure=procedure,
        authority=Authority.of(ARTICLE_TENANT_ID),
        client_id=ARTICLE_CLIENT_ID,
        scopes=(SCOPE,),
        timeout_s=7.0,
        http_timeout_s=3.0,
    )
    sign_in(plan, recorder.wrap(played))
    return recorder.recording


def by_the_article(number: int) -> Recording:
    return by_us(number, procedure=Procedure.ARTICLE)


def by_msal(number: int) -> Recording:
    """A sign-in of msal's."""
    msal = import_module("msal")  # it has no types

    world = World(number)
    app = msal.PublicClientApplication(
        ARTICLE_CLIENT_ID,
        authority=f"https://login.microsoftonline.com/{ARTICLE_TENANT_ID}",
        http_client=world.session(),
        instance_discovery=False,
    )
    port = 40_000 + number
    flow = app.initiate_auth_code_flow(
        [SCOPE], redirect_uri=f"http://localhost:{port}", response_mode="form_post"
    )
    came = world.came(flow["auth_uri"])
    world.front(flow["auth_uri"], came)
    tokens = app.acquire_token_by_auth_code_flow(flow, dict(parse_form(came.body.decode())))
    assert "access_token" in tokens, tokens
    again = app.acquire_token_silent([SCOPE], app.get_accounts()[0], force_refresh=True)
    assert "access_token" in again
    return Recording(tuple(world.kept))


def by_authlib(number: int) -> Recording:
    """A sign-in of authlib's, with PKCE, and a renewal."""
    from authlib.common.security import generate_token
    from authlib.integrations.requests_client import OAuth2Session

    world = World(number)
    base = f"https://login.microsoftonline.com/{ARTICLE_TENANT_ID}/oauth2/v2.0"
    client = OAuth2Session(
        ARTICLE_CLIENT_ID,
        scope=f"{SCOPE} offline_access",
        redirect_uri=f"http://localhost:{41_000 + number}",
        token_endpoint_auth_method="none",
        code_challenge_method="S256",
    )
    client.trust_env = False
    client.mount("https://", _Adapter(world))
    verifier = generate_token(48)
    url, _ = client.create_authorization_url(f"{base}/authorize", code_verifier=verifier)
    came = world.came(url)
    world.front(url, came)
    tokens = client.fetch_token(
        f"{base}/token", authorization_response=came.url, code_verifier=verifier
    )
    client.refresh_token(f"{base}/token", refresh_token=tokens["refresh_token"])
    return Recording(tuple(world.kept))


def whole(recording: Recording) -> Case:
    """The recording with its secrets, in memory."""
    return case_of(recording)


def as_har(recording: Recording) -> Case:
    """The same as another program's HAR file, without anything that only ours have."""
    evidence = evidence_of(recording, level=Level.NONE, created_at=NOON)
    har = har_of(evidence)
    for entry in har["log"]["entries"]:
        for name in [name for name in entry if name.startswith("_")]:
            del entry[name]
    har["log"]["creator"] = {"name": "another program", "version": "1"}
    for name in [name for name in har["log"] if name.startswith("_")]:
        del har["log"][name]
    return har_case(json.dumps(har).encode())


def as_redacted(recording: Recording) -> Case:
    """The same as it is written down: without its secrets."""
    return case_of_evidence(evidence_of(recording, level=Level.SECRETS, created_at=NOON))


WAYS: dict[str, Client] = {
    "ours": by_us,
    "the article": by_the_article,
    "msal": by_msal,
    "authlib": by_authlib,
}
