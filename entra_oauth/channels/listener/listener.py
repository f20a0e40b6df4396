"""The front channel: the person's browser, and the listener it comes back to.

The listener waits for one answer. Whatever else knocks, whether silent, slow,
broken or hostile, is put off without an effect on the wait. The first message
that `read` accepts wins. The browser is then sent on to an address that holds no
code, and its page is held there until the sign-in has really ended.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from typing import TYPE_CHECKING, TypeVar

from entra_oauth.channels.base import ignore, monotonic
from entra_oauth.channels.exchange import FrontEvent, Occurred
from entra_oauth.channels.listener import landing_pages
from entra_oauth.channels.listener.redirect_uri import LoopbackUri
from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.channels.paste.paste_prompt import heard_no_other
from entra_oauth.errors import (
    AuthorityError,
    CallbackRefused,
    EntraOAuthError,
    LocalError,
    TimedOut,
    UsageError,
)
from entra_oauth.protocol.messages import FORM, HttpRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from entra_oauth.channels.base import Outcome, Witness
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["Listener", "ListeningReceiver"]

T = TypeVar("T")

_METHODS = {"query": "GET", "form_post": "POST"}
# Between two slices Ctrl-C is seen: on Windows it does not interrupt a wait, and elsewhere
# it can fall into the moment before a wait begins.
_SLICE_S = 0.25
# Codes have about a thousand characters; nobody needs a megabyte to bring one.
_BODY_LIMIT = 64 * 1024
_WITNESSED = 1000
_ANY_ADDRESS = ("0.0.0.0", "::", "[::]")  # noqa: S104 - not bound here; nobody is called so
_PATIENCE_S = 1.0
_PATIENCE_WHEN_STOPPED_S = 0.3


class Listener:
    """A one-shot listener on this machine, as a `FrontChannel`.

    `redirect_uri` is sent as it is given, save for the port: if it names none,
    `port` is put in, and without a `port` a free one. The one exception is
    `port=80`, which a browser uses unsaid, so that `http://localhost` stays as it
    is. `address` is another address to listen on than 127.0.0.1 and ::1, for a
    container whose port is published.

    `launch` opens the browser and says whether it could; `say` shows the person a
    line, and after `reminder_after_s` seconds without an answer also what may be
    wrong. Raises `UsageError` for values that do not fit together.
    """

    def __init__(
        self,
        *,
        launch: Callable[[str], bool],
        say: Callable[[str], None],
        redirect_uri: str = "http://localhost",
        port: int | None = None,
        address: str | None = None,
        response_mode: str = "form_post",
        reminder_after_s: float = 15.0,
    ) -> None:
        self._uri = LoopbackUri.parse(redirect_uri)
        if port is not None and self._uri.port not in (None, port):
            raise UsageError(
                f"The redirect URI names port {self._uri.port}, but {port} is to be listened on.",
                advice="Name the port in one place only.",
            )
        if response_mode not in _METHODS:
            raise UsageError(
                f"A listener cannot receive the response mode {response_mode}.",
                advice="Use form_post or query.",
            )
        self._port = port
        self._address = address
        self._response_mode = response_mode
        self._launch = launch
        self._say = say
        self._reminder_after_s = reminder_after_s

    def open(self, witness: Witness = ignore) -> ListeningReceiver:
        """Take the port. Raises `PortBusy` or another `LocalError`."""
        return ListeningReceiver(
            uri=self._uri,
            port=self._uri.port if self._uri.port is not None else self._port,
            address=self._address,
            response_mode=self._response_mode,
            launch=self._launch,
            say=self._say,
            reminder_after_s=self._reminder_after_s,
            witness=witness,
        )


class ListeningReceiver:
    """One attempt's `RedirectReceiver`; made by `Listener.open`, to be used in a `with` block."""

    def __init__(
        self,
        *,
        uri: LoopbackUri,
        port: int | None,
        address: str | None,
        response_mode: str,
        launch: Callable[[str], bool],
        say: Callable[[str], None],
        reminder_after_s: float,
        witness: Witness,
    ) -> None:
        self._host = LoopbackHost(
            self._handle, port=port or 0, address=address, body_limit=_BODY_LIMIT
        )
        if uri.host == "[::1]" and address is None and "::1" not in self._host.addresses:
            self._host.close()
            raise LocalError("This machine has no ::1.", advice="Use http://localhost instead.")
        unsaid = uri.port is None and port == 80
        self._redirect_uri = uri.with_port(None if unsaid else self._host.port)
        self._registered_uri = uri.with_port(None if uri.host == "localhost" else uri.port)
        self._path = uri.path
        self._hosts = _host_headers(self._host.port, address)
        self._response_mode = response_mode
        self._method = _METHODS[response_mode]
        self._launch = launch
        self._say = say
        self._reminder_after_s = reminder_after_s
        self._witness = witness

        self._lock = threading.Lock()
        self._read: Callable[[HttpRequest], None] | None = None
        self._latched = False
        self._left = False
        self._over = threading.Event()
        self._error: Exception | None = None
        self._refusal: CallbackRefused | None = None
        self._refusals = 0
        self._ignored = 0
        self._witnessed = 0
        self._done_path = f"/done/{secrets.token_urlsafe(32)}"
        self._outcome: Outcome | None = None
        self._told = threading.Event()
        self._fetched = threading.Event()

    @property
    def redirect_uri(self) -> str:
        """The redirect URI to be sent; its port is already ours."""
        return self._redirect_uri

    @property
    def response_mode(self) -> str:
        """`form_post` or `query`."""
        return self._response_mode

    def receive(self, url: str, read: Callable[[HttpRequest], T], *, timeout_s: float) -> T:
        """Open the browser at `url` and wait, as `RedirectReceiver` says. Once per receiver.

        It ends with `TimedOut` too when another thread leaves the `with` block.
        """
        until = monotonic() + timeout_s
        answers: list[T] = []
        with self._lock:
            self._read = lambda request: answers.append(read(request))
            self._witness(FrontEvent(Occurred.ASKED), HttpRequest(method="GET", url=url), None)
        self._invite(url, opened=self._launch(url))
        self._wait(until)
        with self._lock:
            self._read = None
        if self._error is not None:
            raise self._error
        if answers:
            return answers[0]
        if self._left:
            raise TimedOut(
                "The sign-in was given up before an answer came.", advice="Start it again."
            )
        if self._refusal is not None:
            self._say(f"{_times(self._refusals, 'redirect')} refused, and no other came.")
            raise heard_no_other(self._refusal)
        raise self._timed_out(timeout_s)

    def report_outcome(self, outcome: Outcome) -> None:
        """Give the browser, which is waiting for it, its last page."""
        self._outcome = outcome
        self._told.set()

    def __enter__(self) -> Self:
        self._host.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Whoever presses Ctrl-C wants to be gone; the page comes second.
        stopped = not self._told.is_set() or (kind is not None and not issubclass(kind, Exception))
        patience_s = _PATIENCE_WHEN_STOPPED_S if stopped else _PATIENCE_S
        self._told.set()
        self._left = True
        self._over.set()  # for a `receive` that another thread is still in
        try:
            if self._latched:
                self._fetched.wait(patience_s)
        finally:
            self._host.close(grace_s=patience_s)

    # ---- the waiting thread ----------------------------------------------------

    def _invite(self, url: str, *, opened: bool) -> None:
        self._say(
            "Your browser opens for the sign-in. If it does not, open this address in it:"
            if opened
            else "Open this address in a browser to sign in:"
        )
        self._say(url)

    def _wait(self, until: float) -> None:
        remind_at: float | None = monotonic() + self._reminder_after_s
        while (now := monotonic()) < until:
            if remind_at is not None and now >= remind_at:
                remind_at = None
                self._remind()
            if self._over.wait(min(_SLICE_S, until - now)):
                return

    def _remind(self) -> None:
        self._say(
            "Still waiting for the browser. An error on Microsoft's own page, such as AADSTS50011 "
            "(the redirect URI is not registered), never reaches this program: if you see one, "
            "stop here with Ctrl-C."
        )
        if self._refusal is not None:
            self._say(f"{_times(self._refusals, 'redirect')} refused so far. {self._refusal.what}")

    def _timed_out(self, timeout_s: float) -> TimedOut:
        seen = f" {_times(self._ignored, 'other request')} ignored." if self._ignored else ""
        return TimedOut(
            f"No answer came to {self._redirect_uri} within {timeout_s:g} seconds.{seen}",
            advice=(
                "If the sign-in page was closed, or opened in a browser on another machine, start "
                "again. If it ended on an error such as AADSTS50011, which Microsoft shows and "
                f"never sends back, add exactly {self._registered_uri} to the app registration "
                "under Authentication, Mobile and desktop applications."
            ),
        )

    # ---- the threads of the host -------------------------------------------------

    def _handle(self, request: HttpRequest) -> HttpResponse:
        if self._leads_to_done(request):
            return self._hold(request)
        with self._lock:
            try:
                event, response = self._route(request)
                self._tell_witness(event, request, response)
            except Exception as error:
                # A mistake of ours ends the wait; a hang would hide it.
                self._latched, self._error = True, error
                raise
            finally:
                if self._latched:
                    self._over.set()
        return response

    def _leads_to_done(self, request: HttpRequest) -> bool:
        return (
            request.method == "GET"
            and self._is_for_us(request)
            and hmac.compare_digest(request.path, self._done_path)
        )

    def _is_for_us(self, request: HttpRequest) -> bool:
        # Another name that leads here is how a page from elsewhere would reach us (DNS
        # rebinding). Origin says nothing: Chromium sends `null` after a form_post.
        return (request.header("host") or "").lower() in self._hosts

    def _hold(self, request: HttpRequest) -> HttpResponse:
        self._told.wait()
        page = landing_pages.done(self._outcome) if self._outcome else landing_pages.stopped()
        with self._lock:
            self._tell_witness(FrontEvent(Occurred.PAGE), request, page)
        self._fetched.set()
        return page

    def _route(self, request: HttpRequest) -> tuple[FrontEvent, HttpResponse]:
        if not self._is_for_us(request):
            return self._ignore("meant for another host", landing_pages.wrong_host())
        if request.path == self._path:
            return self._at_redirect_uri(request)
        if request.path == "/favicon.ico":
            return FrontEvent(Occurred.IGNORED, "the icon"), landing_pages.empty()
        return self._ignore("another path", landing_pages.not_found())

    def _at_redirect_uri(self, request: HttpRequest) -> tuple[FrontEvent, HttpResponse]:
        if request.method != self._method:
            return self._ignore("another method", landing_pages.wrong_method(self._method))
        kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
        if self._method == "POST" and kind != FORM:
            return self._ignore("not a form", landing_pages.wrong_kind())
        if self._latched:
            late = FrontEvent(Occurred.REFUSED, "there has been an answer")
            return late, landing_pages.already_answered()
        return self._callback(request)

    def _callback(self, request: HttpRequest) -> tuple[FrontEvent, HttpResponse]:
        if self._read is None:
            return self._ignore("nothing has been asked yet", landing_pages.still_waiting())
        event = FrontEvent(Occurred.ACCEPTED)
        try:
            self._read(request)
        except CallbackRefused as error:
            self._refusals += 1
            self._refusal = error.with_traceback(None)
            return FrontEvent(Occurred.REFUSED, error.what), landing_pages.still_waiting()
        except AuthorityError as error:
            event = FrontEvent(Occurred.ACCEPTED, "an error of the authority")
            self._error = error.with_traceback(None)
        except EntraOAuthError as error:
            event = FrontEvent(Occurred.REFUSED, error.what, ends_the_wait=True)
            self._error = error.with_traceback(None)
        self._latched = True
        return event, landing_pages.see_other(self._done_path)

    def _ignore(self, why: str, response: HttpResponse) -> tuple[FrontEvent, HttpResponse]:
        self._ignored += 1
        return FrontEvent(Occurred.IGNORED, why), response

    def _tell_witness(
        self, event: FrontEvent, request: HttpRequest, response: HttpResponse
    ) -> None:
        # What is kept has an end, whoever floods us; what decides is always kept.
        self._witnessed += 1
        if self._witnessed <= _WITNESSED or response.status in (200, 303):
            self._witness(event, request, response)


def _host_headers(port: int, address: str | None) -> frozenset[str]:
    names = ["localhost", "127.0.0.1", "[::1]"]
    if address is not None and address not in _ANY_ADDRESS:
        bare = address.strip("[]").lower()
        names.append(f"[{bare}]" if ":" in bare else bare)
    without_port = names if port == 80 else []
    return frozenset([*(f"{name}:{port}" for name in names), *without_port])


def _times(count: int, what: str) -> str:
    return f"{count} {what} was" if count == 1 else f"{count} {what}s were"
