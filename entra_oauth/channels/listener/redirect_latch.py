"""The redirect URI, and the judgement on each request: one redirect counts, once.

Entra compares the path of a redirect URI exactly, and ignores the port of
`http://localhost` (Entra documentation, "Redirect URI restrictions"). So the
spelling that was given is never normalised; a port is put in, and nothing else.

A latch stands behind `read`: the first redirect that it accepts, or that ends the wait,
sets it, and no later one is looked at (RFC 6749 §4.1.2: a code is used once). Whatever
else knocks is put off with a page and changes nothing.
"""

from __future__ import annotations

import threading
from enum import Enum
from urllib.parse import urlsplit

from entra_oauth.channels.front_event import FrontEvent, Occurred
from entra_oauth.channels.listener import landing_pages
from entra_oauth.channels.loopback.http1 import bare
from entra_oauth.errors import AuthorityError, CallbackRefused, EntraOAuthError, UsageError, plain
from entra_oauth.light import TYPE_CHECKING, dataclass, pattern
from entra_oauth.protocol.endpoints.authorize import fresh_secret
from entra_oauth.protocol.messages import FORM, parse_form, refuse_control_characters

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.channels.base import Witness
    from entra_oauth.protocol.messages import HttpRequest, HttpResponse

__all__ = ["LoopbackUri", "Obstacle", "RedirectLatch"]

_WITNESSED = 1000
_MODES = {"GET": "query", "POST": "form_post"}
_NAMES = ("localhost", "127.0.0.1", "[::1]")
_REST = pattern(r"([/?][A-Za-z0-9._~:/?@!$&'()*+,;=%-]*)?")
_ADVICE = "Use http://localhost, with a port or a path if the app is registered so."


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopbackUri:
    """An `http` URI of this machine, as it was given."""

    host: str
    """`localhost`, `127.0.0.1` or `[::1]`."""
    port: int | None
    """None if the URI names none."""
    rest: str
    """Path and query as they were spelled; may be empty."""

    @classmethod
    def parse(cls, text: str) -> LoopbackUri:
        """Raises `UsageError` for a URI that no listener on this machine can serve."""
        refuse_control_characters("The redirect URI", text)
        scheme, _, after = text.partition("://")
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise UsageError("The redirect URI is not a URI.", advice=_ADVICE) from None
        host = parts.netloc.removesuffix(f":{port}")
        if scheme != "http" or host not in _NAMES or port == 0:
            raise UsageError(
                "The redirect URI does not lead to a port of this machine over plain HTTP.",
                advice=_ADVICE,
            )
        rest = after[len(parts.netloc) :]
        if not _REST.fullmatch(rest):
            raise UsageError(
                "The redirect URI holds a fragment, or a character that a URI cannot hold "
                "(RFC 6749 §3.1.2).",
                advice=_ADVICE,
            )
        return cls(host=host, port=port, rest=rest)

    @property
    def path(self) -> str:
        """The path as a request line will have it, without the query: at least `/`."""
        return self.rest.partition("?")[0] or "/"

    def with_port(self, port: int | None) -> str:
        """The URI as it is to be sent; None puts no port in."""
        return f"http://{self.host}{'' if port is None else f':{port}'}{self.rest}"


class Obstacle(Enum):
    """A thing that keeps the answer away, and that the person can get out of the way."""

    HTTPS = "https"
    OTHER_MODE = "another response mode"
    OTHER_HOST = "another host"


class RedirectLatch:
    """The state of one wait, shared by the host's threads and the one that waits.

    The host's threads call `handle`; the waiting thread calls `expect` and `stop`, waits
    for `over`, and reads the rest after that. `method` is the one of the agreed response
    mode; `path` and `hosts` are those of the redirect URI.
    """

    def __init__(
        self, *, method: str, path: str, hosts: frozenset[str], witness: Witness | None
    ) -> None:
        self._method = method
        self._path = path
        self._hosts = hosts
        self._witness = witness
        # The browser is sent there after the redirect. Nobody can guess it, so that no
        # page elsewhere can fetch the last page before the person's browser does.
        self._done_path = f"/done/{fresh_secret()}"
        # Guards all that follows. `read` runs inside it: two redirects that come at once
        # are judged one after the other, and the second finds the latch set.
        self._lock = threading.Lock()
        self._read: Callable[[HttpRequest], None] | None = None
        self._state = ""
        self._witnessed = 0
        self.is_set = False
        """True once an answer was accepted, or one came that ends the wait."""
        self.over = threading.Event()
        """Set with the latch, and by `stop`."""
        self.error: Exception | None = None
        """The error that ended the wait, if one did."""
        self.refusal: CallbackRefused | None = None
        """The latest refusal, after which the wait went on."""
        self.obstacles: dict[Obstacle, str] = {}
        """Each with a detail for people, in the order in which they were met."""
        self.refusals = 0
        self.ignored = 0

    def expect(self, read: Callable[[HttpRequest], None], asked: HttpRequest) -> None:
        """Let redirects in from now on; `asked` is the address that the person is sent to."""
        with self._lock:
            self._read = read
            self._state = dict(parse_form(asked.query)).get("state", "")
            if self._witness is not None:
                self._witness(FrontEvent(Occurred.ASKED), asked, None)

    def stop(self) -> None:
        """Let none in any more. One that is being judged is waited for."""
        with self._lock:
            self._read = None

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Judge one request, and tell the witness."""
        with self._lock:
            try:
                event, response = self._route(request)
                self._tell_witness(event, request, response)
            except Exception as error:
                # A mistake of ours ends the wait; a hang would hide it.
                self.is_set, self.error = True, error
                raise
            finally:
                if self.is_set:
                    # Inside the lock: whoever waits and then takes it finds all in place.
                    self.over.set()
        return response

    def met_tls(self) -> None:
        """A client spoke TLS: a browser that insists on https, most likely."""
        with self._lock:
            self.obstacles.setdefault(Obstacle.HTTPS, "")

    def saw_last_page(self, request: HttpRequest, page: HttpResponse) -> None:
        """Tell the witness of the page that ends the browser's way."""
        with self._lock:
            self._tell_witness(FrontEvent(Occurred.PAGE), request, page)

    def leads_to_done(self, request: HttpRequest) -> bool:
        """Tell if the browser has come for its last page."""
        import hmac  # it loads OpenSSL, which the browser need not wait for

        return (
            request.method == "GET"
            and self._is_for_us(request)
            and not _is_prefetch(request)
            and hmac.compare_digest(request.path, self._done_path)
        )

    def _is_for_us(self, request: HttpRequest) -> bool:
        # Another name that leads here is how a page from elsewhere would reach us (DNS
        # rebinding). Origin says nothing: Chromium sends `null` after a form_post.
        return (request.header("host") or "").lower() in self._hosts

    def _route(self, request: HttpRequest) -> tuple[FrontEvent, HttpResponse]:
        # The host first: a stranger's page learns nothing, not even which paths there are.
        if not self._is_for_us(request):
            if request.path == self._path and self._has_our_state(request):
                host = plain(request.header("host") or "", limit=100)
                self.obstacles.setdefault(Obstacle.OTHER_HOST, host)
            return self._ignore("meant for another host", landing_pages.wrong_host())
        if _is_prefetch(request):
            return self._ignore("fetched ahead of time", bare(503))
        if request.path == self._path:
            return self._at_redirect_uri(request)
        if request.path == "/favicon.ico":
            return FrontEvent(Occurred.IGNORED, "the icon"), landing_pages.empty()
        return self._ignore("another path", landing_pages.page("not found"))

    def _at_redirect_uri(self, request: HttpRequest) -> tuple[FrontEvent, HttpResponse]:
        if request.method != self._method:
            if self._has_our_state(request):
                self.obstacles.setdefault(Obstacle.OTHER_MODE, _MODES.get(request.method, ""))
            # No CORS header, so no grant.
            page = landing_pages.page("wrong method", (("Allow", self._method),))
            return self._ignore("another method", page)
        kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
        if self._method == "POST" and kind != FORM:
            return self._ignore("not a form", landing_pages.page("wrong kind"))
        if self.is_set:
            late = FrontEvent(Occurred.REFUSED, "there has been an answer")
            return late, landing_pages.page("already answered")
        return self._callback(request)

    def _callback(self, request: HttpRequest) -> tuple[FrontEvent, HttpResponse]:
        if self._read is None:
            return self._ignore("nothing has been asked yet", landing_pages.page("still waiting"))
        event = FrontEvent(Occurred.ACCEPTED)
        try:
            self._read(request)
        except CallbackRefused as error:
            self.refusals += 1
            # Without its frames, which hold what was sent.
            self.refusal = error.with_traceback(None)
            return FrontEvent(Occurred.REFUSED, error.what), landing_pages.page("still waiting")
        except AuthorityError as error:
            event = FrontEvent(Occurred.ACCEPTED, "an error of the authority")
            self.error = error.with_traceback(None)
        except EntraOAuthError as error:
            event = FrontEvent(Occurred.REFUSED, error.what, ends_the_wait=True)
            self.error = error.with_traceback(None)
        self.is_set = True
        # On to an address without a code: it stays in no history, and a reload sends none.
        return event, landing_pages.see_other(self._done_path)

    def _has_our_state(self, request: HttpRequest) -> bool:
        import hmac

        text = request.query if request.method == "GET" else request.body.decode("latin-1")
        states = [value for name, value in parse_form(text) if name == "state"]
        return (
            bool(self._state)
            and len(states) == 1
            and hmac.compare_digest(states[0].encode(), self._state.encode())
        )

    def _ignore(self, why: str, response: HttpResponse) -> tuple[FrontEvent, HttpResponse]:
        self.ignored += 1
        return FrontEvent(Occurred.IGNORED, why), response

    def _tell_witness(
        self, event: FrontEvent, request: HttpRequest, response: HttpResponse
    ) -> None:
        if self._witness is None:
            return
        # A flood of requests must not fill the memory; what decides is always told.
        self._witnessed += 1
        if self._witnessed <= _WITNESSED or response.status in (200, 303):
            self._witness(event, request, response)


def _is_prefetch(request: HttpRequest) -> bool:
    """A page that a browser fetches before anybody has asked for it is no answer."""
    purpose = request.header("sec-purpose") or request.header("purpose") or ""
    return "prefetch" in purpose.lower()
