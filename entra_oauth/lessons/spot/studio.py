"""The studio in which an exchange is recorded: a practice tenant, a clock, and no socket.

The tenant stands in for the real hosts, and everything by chance comes from a known sequence, so
that an exchange is the same on each run.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from entra_oauth.channels.base import Outcome
from entra_oauth.channels.front_event import FrontEvent, Occurred
from entra_oauth.channels.listener import landing_pages
from entra_oauth.practice import PracticeBrowser, PracticeTenant
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import Redirect
from entra_oauth.practice.http.chance import Chance
from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse, encode_form, parse_form
from entra_oauth.recording import Exchange

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import Directory
    from entra_oauth.protocol.messages import Fields

__all__ = ["BACK", "KEYS", "METADATA", "NATIVE", "SERVICE", "Studio"]

_SEED = 17
_START = 1_795_942_800.0
"""A morning in November 2026."""

_LOGIN = "https://login.microsoftonline.com"
_TENANT = "a1bc2d34-5e67-8f89-01ab-c2345d6c78de"
_ENDPOINTS = f"{_LOGIN}/{_TENANT}/oauth2/v2.0"
METADATA = f"{_LOGIN}/{_TENANT}/v2.0/.well-known/openid-configuration"
KEYS = f"{_LOGIN}/{_TENANT}/discovery/v2.0/keys"
NATIVE = "12a34b56-789c-0d12-e3fa-b456789c0123"
SERVICE = "5eb00000-0000-4000-8000-000000000002"
"""An app with a secret."""
BACK = "http://127.0.0.1:52117/"
"""The redirect URI of the native app."""
_CLUSTERS = "https://adb-1234567890123456.7.azuredatabricks.net/api/2.0/clusters/list"
_ORDERS = "https://api.contoso.example/orders"
_PERSON, _PASSWORD = "alice@contoso-practice.example", "practice"


class Studio:
    """One exchange being recorded. The clock goes on only where somebody waits."""

    def __init__(self) -> None:
        self._at = _START
        self._chance = Chance(_SEED)
        self._tenant = PracticeTenant(directory=_directory(), seed=_SEED, clock=lambda: self._at)
        self.exchanges: list[Exchange] = []

    def wait(self, seconds: float) -> None:
        self._at += seconds

    def random(self) -> str:
        """A value of 43 characters, as a state, a nonce and a verifier are."""
        return self._chance.text(43)

    def get(self, url: str, *headers: tuple[str, str]) -> None:
        """A request of the program's own."""
        accepts = (("Accept", "application/json"), *headers)
        self._send(HttpRequest(method="GET", url=url, headers=accepts))

    def post(
        self, fields: Fields, *more: tuple[str, str], at: str = "token", purpose: str = ""
    ) -> dict[str, Any]:
        """A form to an endpoint of the authority. Returns the members of its answer."""
        headers = (("Accept", "application/json"), ("Content-Type", FORM), *more)
        body = encode_form(fields).encode("ascii")
        url = f"{_ENDPOINTS}/{at}"
        request = HttpRequest(method="POST", url=url, headers=headers, body=body)
        found: dict[str, Any] = json.loads(self._send(request, purpose).body)
        return found

    def call_api(self, token: str) -> None:
        """List the clusters of the workspace."""
        self.get(_CLUSTERS, ("Authorization", f"Bearer {token}"))

    def call_own_api(self, token: str) -> None:
        """List the orders, at an API that the practice tenant does not play."""
        headers = (("Accept", "application/json"), ("Authorization", f"Bearer {token}"))
        answered = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
        reply = HttpResponse(status=200, headers=answered, body=b'{"orders": []}')
        self._keep(HttpRequest(method="GET", url=_ORDERS, headers=headers), reply, None, "orders")

    def authorize(self, fields: Fields) -> str:
        """Send the person there. Returns the address."""
        url = f"{_ENDPOINTS}/authorize?{encode_form(fields)}"
        self._keep(HttpRequest(method="GET", url=url), None, FrontEvent(Occurred.ASKED))
        self.wait(20.0)
        return url

    def take_answer(self, url: str, *, cancels: bool = False) -> dict[str, str]:
        """The person signs in, or cancels; the answer comes to the listener. Returns its fields."""
        taken: dict[str, str] = {}

        def send(request: HttpRequest) -> HttpResponse:
            if urlsplit(request.url).netloc != urlsplit(BACK).netloc:
                return self._tenant.handle(request)
            return self._listen(request, taken)

        PracticeBrowser(send, _PERSON, _PASSWORD, cancels=cancels).open(url)
        return taken

    def enter(self, user_code: str) -> None:
        """The person types a device's code."""
        browser = PracticeBrowser(self._tenant.handle, _PERSON, _PASSWORD, user_code=user_code)
        browser.open(f"{_LOGIN}/common/oauth2/deviceauth")

    def _listen(self, request: HttpRequest, taken: dict[str, str]) -> HttpResponse:
        if taken:
            return landing_pages.done(Outcome(succeeded=True, headline="Done"))
        taken.update(parse_form(request.body.decode("ascii")))
        reply = landing_pages.see_other(f"/done/{self.random()}")
        self._keep(request, reply, FrontEvent(Occurred.ACCEPTED))
        self.wait(0.1)
        return reply

    def _send(self, request: HttpRequest, purpose: str = "") -> HttpResponse:
        response = self._tenant.handle(request)
        self._keep(request, response, None, purpose)
        self.wait(0.3)
        return response

    def _keep(
        self,
        request: HttpRequest,
        response: HttpResponse | None,
        event: FrontEvent | None,
        purpose: str = "",
    ) -> None:
        self.exchanges.append(
            Exchange(
                event=event,
                purpose=purpose,
                request=request,
                response=response,
                started_at=self._at,
                ended_at=self._at + (0.2 if event is None else 0.0),
            )
        )


def _directory() -> Directory:
    """The usual one, but that the native app may be answered at an address of this machine, and
    the workspace lets the service in."""
    book = DEFAULT.with_admin_consent()
    changed = {
        app.client_id: replace(app, redirects=(Redirect(uri=BACK),))
        if app.client_id == NATIVE
        else replace(app, in_workspace=app.client_id == SERVICE)
        for app in book.apps
    }
    return replace(book, apps=tuple(changed.values()))
