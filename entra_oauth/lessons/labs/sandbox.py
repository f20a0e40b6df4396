"""The world a lab plays in: a practice tenant, some invented hosts, and no way out.

Every message goes through `Sandbox.send` or through a back channel that refuses every host
that is not this machine. Invented names (`evil.example`) are known here only, as if they
stood in a hosts file, and lead to this machine.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from entra_oauth.channels.base import Channels, look_away, say_nothing
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.channels.listener.listener import Listener
from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.errors import DestinationRefused, EntraOAuthError, UsageError
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.lessons.labs.naive import NaiveClient
from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send, serve
from entra_oauth.practice.directory.defaults import DEFAULT, DEFAULT_PASSWORD
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.jwt import decode
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire, is_loopback, parse_form
from entra_oauth.protocol.scopes import DATABRICKS
from entra_oauth.recording import Occurred, Recorder, Recording

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from entra_oauth.channels.base import BackChannel, FrontChannel
    from entra_oauth.practice.browser.user_agent import BrowserPage
    from entra_oauth.protocol.endpoints.token import TokenResponse

    Send = Callable[[HttpRequest], HttpResponse]

__all__ = [
    "CLIENT",
    "PASSWORD",
    "TENANT",
    "Ended",
    "Sandbox",
    "aadsts",
    "full_name",
    "give_up",
    "owner_of",
]

TENANT = DEFAULT.tenants[0].id
CLIENT = DEFAULT.apps[0].client_id
PASSWORD = DEFAULT_PASSWORD
PATIENCE_S = 20.0
"""Seconds after which a lab gives up; no lab needs two."""


def full_name(person: str) -> str:
    """The sign-in name of one of the practice tenant's people."""
    return next(u.name for u in DEFAULT.users if u.name.partition("@")[0] == person)


def owner_of(token: str) -> str:
    """The person whose token it is; "nobody" where there is none."""
    claims = decode(token).claims if token else {}
    name = str(claims.get("upn") or claims.get("preferred_username") or "nobody")
    return name.partition("@")[0]


def aadsts(response: HttpResponse) -> str:
    """The number of an error of the tenant, from JSON or from a page; or the status."""
    text = response.body.decode("utf-8", "replace")
    start = text.find("AADSTS")
    if start < 0:
        return f"HTTP {response.status}"
    end = start + 6
    while text[end : end + 1].isdigit():
        end += 1
    return text[start:end]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The end of a sign-in of this project's own client: tokens, or an error."""

    tokens: TokenResponse | None = field(repr=False)
    error: EntraOAuthError | None
    recording: Recording = field(repr=False)

    @property
    def owner(self) -> str:
        """The person whose tokens came; "nobody" where none did."""
        return owner_of(self.tokens.access_token if self.tokens else "")

    @property
    def refusals(self) -> tuple[str, ...]:
        """The reasons for which redirects were refused, as the listener said them."""
        events = (each.event for each in self.recording.exchanges if each.event is not None)
        return tuple(
            event.detail
            for event in events
            if event.kind is Occurred.REFUSED and not event.ends_the_wait
        )


class Sandbox:
    """One run's world; to be used in a `with` block."""

    def __init__(self) -> None:
        self.tenant = PracticeTenant(directory=DEFAULT.with_admin_consent())
        self._open = ExitStack()
        self._names: dict[str, int] = {}
        self.base_url = ""

    def __enter__(self) -> Self:
        self.base_url = self._open.enter_context(serve(self.tenant, tls=False)).base_url
        return self

    def __exit__(self, *exc: object) -> None:
        self._open.close()

    # ---- messages ----------------------------------------------------------------

    def host(self, handle: Send, name: str = "localhost") -> str:
        """Another server on this machine, under an invented name. Returns its origin."""
        port = self._open.enter_context(LoopbackHost(handle)).port
        if name == "localhost":
            return f"http://localhost:{port}"
        self._names[name] = port
        return f"http://{name}"

    def host_at(self, origin: str, handle: Send) -> str:
        """Another server under an invented origin. Returns it."""
        return self.host(handle, urlsplit(origin).hostname or "")

    def send(self, request: HttpRequest) -> HttpResponse:
        """Carry one message to this machine. Raises `DestinationRefused` for any other."""
        parts = urlsplit(request.url)
        port = self._names.get(parts.hostname or "")
        if port is not None:
            path = f"{parts.path}{'?' + parts.query if parts.query else ''}"
            request = HttpRequest(
                method=request.method,
                url=f"http://127.0.0.1:{port}{path or '/'}",
                headers=request.headers,
                body=request.body,
            )
        return http_send(request, timeout_s=PATIENCE_S)

    def get(self, url: str) -> HttpResponse:
        """A GET."""
        return self.send(HttpRequest(method="GET", url=url))

    def post(self, url: str, **fields: str) -> HttpResponse:
        """A form."""
        return self.send(
            HttpRequest(
                method="POST",
                url=url,
                headers=(("Content-Type", "application/x-www-form-urlencoded"),),
                body=urlencode(fields).encode(),
            )
        )

    # ---- people ------------------------------------------------------------------

    def browser(self, person: str, send: Send | None = None) -> PracticeBrowser:
        """A browser in which that person signs in."""
        return PracticeBrowser(send or self.send, full_name(person), PASSWORD)

    def open(self, url: str, person: str = "alice") -> BrowserPage:
        """Open an address as that person."""
        return self.browser(person).open(url)

    def answer_for(self, url: str, person: str) -> HttpRequest:
        """Sign in, and stop where the answer would go to the app: that message."""
        parts = urlsplit(dict(parse_form(urlsplit(url).query))["redirect_uri"])
        caught: list[HttpRequest] = []

        def send(request: HttpRequest) -> HttpResponse:
            if urlsplit(request.url).netloc == parts.netloc:
                caught.append(request)
                return HttpResponse(status=200)
            return self.send(request)

        self.browser(person, send).open(url)
        return caught[0]

    @staticmethod
    def code_of(answer: HttpRequest) -> str:
        """The code that a redirect brings."""
        fields = dict(parse_form(answer.query or answer.body.decode()))
        return fields.get("code", "")

    def naive_client(self, redirect_uri: str = "") -> NaiveClient:
        """The client to be attacked, at the practice tenant."""
        authority = self.authority
        return NaiveClient(
            self.send, authority.authorization_endpoint, authority.token_endpoint, redirect_uri
        )

    # ---- the real client ---------------------------------------------------------

    @property
    def authority(self) -> Authority:
        """The practice tenant, as the client names it."""
        return Authority(self.base_url, TENANT)

    def authority_at(self, origin: str) -> Authority:
        """Another server that plays an authority. Raises `DestinationRefused`."""
        _refuse_others(origin)
        return Authority(origin, TENANT)

    def sign_in(
        self,
        visit: Callable[[str], object],
        *,
        procedure: Procedure = Procedure.HARDENED,
        authority: Authority | None = None,
        front: FrontChannel | None = None,
        say: Callable[[str], None] = say_nothing,
    ) -> Ended:
        """Run this project's own client. `visit` is what the browser does with the address."""
        recorder = Recorder()
        plan = SignIn(
            procedure=procedure,
            authority=authority or self.authority,
            client_id=CLIENT,
            scopes=(DATABRICKS,),
            timeout_s=PATIENCE_S,
        )
        mode = "query" if procedure is Procedure.ARTICLE else "form_post"
        trip = _Trip(visit)
        front = front or Listener(launch=trip.begin, say=say, response_mode=mode)
        tokens, error = None, None
        # A key log is no matter here: nothing is encrypted on the way to this machine.
        with RequestsBack(allow_keylog=True) as back, RequestsBack(allow_keylog=True) as aside:
            channels = Channels(front=front, back=_NearBack(back), aside=_NearBack(aside), say=say)
            try:
                tokens = sign_in(plan, recorder.wrap(channels))
            except EntraOAuthError as failure:
                error = failure.with_traceback(None)
        # The client is done; the browser may still be fetching its last page.
        trip.end()
        return Ended(tokens=tokens, error=error, recording=recorder.recording)

    def channels(self, say: Callable[[str], None] = say_nothing) -> Channels:
        """Channels for the flows that need no listener."""
        back = RequestsBack(allow_keylog=True)
        self._open.callback(back.close)
        return Channels(front=Listener(launch=lambda url: False, say=say), back=_NearBack(back))


def give_up(sandbox: Sandbox, url: str) -> None:
    """The person closes the sign-in: a genuine refusal, so that the client's wait ends."""
    asked = dict(parse_form(urlsplit(url).query))
    answer = {"error": "access_denied", "error_subcode": "cancel", "state": asked["state"]}
    if asked["response_mode"] == "query":
        page = sandbox.get(f"{asked['redirect_uri']}/?{urlencode(answer)}")
    else:
        page = sandbox.post(f"{asked['redirect_uri']}/", **answer)
    if location := page.header("Location"):
        sandbox.get(f"{asked['redirect_uri']}{location}")


class _Trip:
    """A browser's way, in a thread of its own: the client waits for its answer meanwhile."""

    def __init__(self, visit: Callable[[str], object]) -> None:
        self._visit = visit
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    def begin(self, url: str) -> bool:
        self._thread = threading.Thread(target=self._go, args=(url,), daemon=True)
        self._thread.start()
        return True

    def end(self) -> None:
        if self._thread is not None:
            self._thread.join(PATIENCE_S)
        if self._failure is not None:
            raise self._failure

    def _go(self, url: str) -> None:
        try:
            self._visit(url)
        except BaseException as error:  # raised again by `end`, in the thread of the lab
            self._failure = error


@dataclass(frozen=True, slots=True)
class _NearBack:
    """A back channel that reaches this machine only."""

    inner: BackChannel

    def warm(self, url: str) -> None:
        _refuse_others(url)
        self.inner.warm(url)

    def send(
        self, request: HttpRequest, *, timeout_s: float, saw: Callable[[Wire], None] = look_away
    ) -> HttpResponse:
        _refuse_others(request.url)
        return self.inner.send(request, timeout_s=timeout_s)


def _refuse_others(url: str) -> None:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        raise UsageError("That is no address.", advice="Give one of this machine.") from None
    if not is_loopback(host):
        raise DestinationRefused(
            "A lab reaches this machine only.", advice="Use the practice tenant."
        )
