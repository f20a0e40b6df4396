"""Sign-ins at a practice tenant whose clock goes on, honest and stolen, and its log of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from entra_oauth.audit.case import Case, case_of
from entra_oauth.channels.loopback.http1 import encode_response
from entra_oauth.errors import EntraOAuthError
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire, parse_form
from entra_oauth.recording import Recorder, Recording
from entra_oauth.recording.har.har_write import har_of
from entra_oauth.recording.save import evidence_of
from entra_oauth.recording.step import Level, rebuilt
from kit.played_channels import FakeBack, FakeFront, channels
from kit.practice import NOON, PASSWORD, SCOPE, TRENT, Kit, body_of

__all__ = ["AZURE_CLI", "Scene", "honest", "never_arrived", "stolen", "tried_again"]

AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
GRAPH = "https://graph.microsoft.com"


@dataclass
class Scene:
    """A tenant, what the program recorded, and what the browser carried."""

    now: float = NOON
    carried: list[HttpRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tenant = PracticeTenant(directory=DEFAULT.with_admin_consent(), clock=lambda: self.now)
        self.kit = Kit(tenant=self.tenant)
        self.recorder = Recorder()

    @property
    def recording(self) -> Recording:
        return self.recorder.recording

    @property
    def browser_side(self) -> Recording:
        """What passed the browser."""
        return Recording(tuple(e for e in self.recording.exchanges if e.event is not None))

    @property
    def case(self) -> Case:
        return case_of(self.recording)

    def answer(self, request: HttpRequest) -> HttpResponse:
        response = self.tenant.handle(request)
        received = encode_response(response, method=request.method, keep=True)
        return replace(response, wire=Wire(sent=rebuilt(request), received=received))

    def sign_in(self, between: Callable[[HttpRequest], None], *, arrives: bool = True) -> None:
        """One sign-in without PKCE; `between` is what happens before the program has the code."""

        def came(url: str) -> list[HttpRequest]:
            self.kit.received.clear()
            self.now += 2
            self.kit.browser.open(url)
            self.carried += self.kit.received
            between(self.kit.received[0])
            return self.kit.received if arrives else []

        front = FakeFront(came, [], mode="query")
        played = channels(front, FakeBack(self.answer), at=NOON)
        played = replace(played, now=self._tick)
        plan = SignIn(
            procedure=Procedure.ARTICLE,
            authority=Authority.of(ARTICLE_TENANT_ID),
            client_id=ARTICLE_CLIENT_ID,
            scopes=(SCOPE,),
            timeout_s=7.0,
            http_timeout_s=3.0,
        )
        with suppress(EntraOAuthError):
            sign_in(plan, self.recorder.wrap(played))

    def _tick(self) -> float:
        self.now += 1
        return self.now

    def redeem_elsewhere(self, came: HttpRequest) -> None:
        """Somebody who saw the address hands the code in."""
        fields = dict(parse_form(came.url.partition("?")[2]))
        uri = came.url.partition("?")[0].rstrip("/")
        self.kit.redeem(fields["code"], {"redirect_uri": uri})

    def later(self, seconds: float) -> None:
        """Time goes on, and somebody else signs in, so that the log is seen to reach so far."""
        self.now += seconds
        self._token()

    def _token(self) -> str:
        form = {
            "client_id": AZURE_CLI,
            "grant_type": "password",
            "username": TRENT,
            "password": PASSWORD,
            "scope": f"{GRAPH}/.default",
        }
        return str(body_of(self.kit.ask(form))["access_token"])

    def log(self, version: str = "beta") -> dict[str, Any]:
        """The export, as Graph gives it: people's rows and the others."""
        header = ("Authorization", f"Bearer {self._token()}")
        rows: list[Any] = []
        for kind in ("interactiveUser", "nonInteractiveUser"):
            query = quote(f"signInEventTypes/any(t: t eq '{kind}')")
            url = f"{GRAPH}/{version}/auditLogs/signIns?$filter={query}"
            rows += body_of(self.kit.get(url, header))["value"]
        return {"@odata.context": f"{GRAPH}/{version}/$metadata#auditLogs/signIns", "value": rows}

    def write_log(self, file: Path) -> Path:
        file.write_text(json.dumps(self.log(), indent=1), encoding="utf-8")
        return file

    def har(self, *, level: Level = Level.NONE) -> dict[str, Any]:
        """What the browser saw, as a HAR file: the request, and where it was sent."""
        har = har_of(evidence_of(self.browser_side, level=level, created_at=self.now))
        for entry in har["log"]["entries"]:
            for name in [name for name in entry if name.startswith("_")]:
                del entry[name]
        har["log"]["creator"] = {"name": "a browser", "version": "1"}
        return har


def _nothing(came: HttpRequest) -> None:
    """Nobody is there."""


def honest() -> Scene:
    scene = Scene()
    scene.sign_in(_nothing)
    return scene


def stolen() -> Scene:
    """Somebody hands the code in before the program does."""
    scene = Scene()
    scene.sign_in(scene.redeem_elsewhere)
    return scene


def never_arrived() -> Scene:
    """The person gave the address away, and the program never had it."""
    scene = Scene()
    scene.sign_in(scene.redeem_elsewhere, arrives=False)
    return scene


def tried_again() -> Scene:
    """Somebody hands the code in after the program did."""
    scene = honest()
    scene.now += 20
    scene.redeem_elsewhere(scene.carried[0])
    return scene
