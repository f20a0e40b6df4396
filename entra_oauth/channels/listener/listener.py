"""The front channel: the person's browser, and the listener it comes back to.

The listener waits for one answer. Whatever else knocks, whether silent, slow,
broken or hostile, is put off without an effect on the wait: `redirect_latch` judges
each request. The browser is then sent on to an address that holds no code, and its
page is held there until the sign-in has really ended.
"""

from __future__ import annotations

import threading

from entra_oauth.channels.base import monotonic
from entra_oauth.channels.listener.redirect_latch import LoopbackUri, Obstacle, RedirectLatch
from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.channels.loopback.http1 import rehearse
from entra_oauth.errors import LocalError, TimedOut, UsageError
from entra_oauth.light import TYPE_CHECKING, dataclass
from entra_oauth.protocol.messages import HttpRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self, TypeVar

    from entra_oauth.channels.base import Outcome, Witness
    from entra_oauth.protocol.messages import HttpResponse

    T = TypeVar("T")

__all__ = ["Listener", "ListeningReceiver"]


_METHODS = {"query": "GET", "form_post": "POST"}
# Between two slices Ctrl-C is seen: on Windows it does not interrupt a wait, and elsewhere
# it can fall into the moment before a wait begins.
_SLICE_S = 0.25
# Codes have about a thousand characters; nobody needs a megabyte to bring one.
_BODY_LIMIT = 64 * 1024
_ANY_ADDRESS = ("0.0.0.0", "::", "[::]")  # noqa: S104 - not bound here; nobody is called so
_PATIENCE_S = 1.0
_PATIENCE_WHEN_STOPPED_S = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A one-shot listener on this machine, as a `FrontChannel`.

    Raises `UsageError` for values that do not fit together.
    """

    launch: Callable[[str], bool]
    """Opens the browser, and says whether it could."""
    say: Callable[[str], None]
    """Shows the person a line."""
    redirect_uri: str = "http://localhost"
    """Sent as it is given, save for the port: if it names none, `port` is put in."""
    port: int | None = None
    """None takes a free one. The one that is not put in is 80: a browser uses it unsaid,
    so that `http://localhost` stays as it is."""
    address: str | None = None
    """Another address to listen on than 127.0.0.1 and ::1, for a container whose port
    is published."""
    response_mode: str = "form_post"
    reminder_after_s: float = 15.0
    """Seconds without an answer after which the person is told what may be wrong."""

    browser_failed: Callable[[], bool] = bool
    """Tells if the browser's command ended with an error, which is said elsewhere."""
    tell: Callable[[str], None] | None = None
    """Shows the person an obstacle that was met; None shows it as any line."""

    def __post_init__(self) -> None:
        named = self.uri.port
        if self.port is not None and named not in (None, self.port):
            raise UsageError(
                f"The redirect URI names port {named}, but {self.port} is to be listened on.",
                advice="Name the port in one place only.",
            )
        if self.response_mode not in _METHODS:
            raise UsageError(
                f"A listener cannot receive the response mode {self.response_mode}.",
                advice="Use form_post or query.",
            )

    @property
    def uri(self) -> LoopbackUri:
        """The redirect URI, taken apart."""
        return LoopbackUri.parse(self.redirect_uri)

    def open(self, witness: Witness | None = None) -> ListeningReceiver:
        """Take the port. Raises `PortBusy` or another `LocalError`."""
        return ListeningReceiver(self, witness)


class ListeningReceiver:
    """One attempt's `RedirectReceiver`; made by `Listener.open`, to be used in a `with` block."""

    def __init__(self, front: Listener, witness: Witness | None) -> None:
        self._front = front
        uri, address = front.uri, front.address
        port = uri.port if uri.port is not None else front.port
        self._host = LoopbackHost(
            self._handle,
            port=port or 0,
            address=address,
            body_limit=_BODY_LIMIT,
            met_tls=lambda: self._latch.met_tls(),
        )
        if uri.host == "[::1]" and address is None and "::1" not in self._host.addresses:
            self._host.close()
            raise LocalError("This machine has no ::1.", advice="Use http://localhost instead.")
        unsaid = uri.port is None and port == 80
        self._redirect_uri = uri.with_port(None if unsaid else self._host.port)
        self._latch = RedirectLatch(
            method=_METHODS[front.response_mode],
            path=uri.path,
            hosts=_host_headers(self._host.port, address),
            witness=witness,
        )
        self._left = False
        # Three threads meet here: the one that waits, the host's that took the redirect,
        # and the host's that holds the last page until `_told`. `_fetched` is for the
        # first again, which must not close the host before that page is out.
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
        return self._front.response_mode

    def receive(self, url: str, read: Callable[[HttpRequest], T], *, timeout_s: float) -> T:
        """Open the browser at `url` and wait, as `RedirectReceiver` says. Once per receiver.

        It ends with `TimedOut` too when another thread leaves the `with` block.
        """
        until = monotonic() + timeout_s
        answers: list[T] = []
        latch = self._latch
        # Before the browser opens: its answer may come before `launch` has returned.
        latch.expect(
            lambda request: answers.append(read(request)), HttpRequest(method="GET", url=url)
        )
        opened = self._front.launch(url)
        # While the browser comes up: no redirect and no page comes before.
        from entra_oauth.channels.listener import landing_pages

        landing_pages.load()
        rehearse()
        self._invite(url, opened=opened)
        self._wait(until)
        # An answer in the very last moment still counts; from here on there is none.
        latch.stop()
        if latch.error is not None:
            raise latch.error
        if answers:
            return answers[0]
        if self._left:
            raise TimedOut(
                "The sign-in was given up before an answer came.", advice="Start it again."
            )
        if latch.refusal is not None:
            self._front.say(f"{_times(latch.refusals, 'redirect')} refused, and no other came.")
            from entra_oauth.channels.paste.paste_prompt import heard_no_other

            raise heard_no_other(latch.refusal)
        raise self._timed_out(timeout_s)

    def report_outcome(self, outcome: Outcome) -> None:
        """Give the browser, which is waiting for it, its last page."""
        self._outcome = outcome
        self._told.set()

    def __enter__(self) -> Self:
        self._host.start()
        return self

    def __exit__(self, *exc: object) -> None:
        # Whoever presses Ctrl-C wants to be gone; the page comes second.
        stopped = not self._told.is_set() or not isinstance(exc[1], Exception | None)
        patience_s = _PATIENCE_WHEN_STOPPED_S if stopped else _PATIENCE_S
        self._told.set()
        self._left = True
        self._latch.over.set()  # for a `receive` that another thread is still in
        try:
            if self._latch.is_set:
                self._fetched.wait(patience_s)
        finally:
            self._host.close(grace_s=patience_s)

    # ---- the waiting thread ----------------------------------------------------

    def _invite(self, url: str, *, opened: bool) -> None:
        self._front.say(
            "Your browser opens for the sign-in. If it does not, open this address in it:"
            if opened
            else "Open this address in a browser to sign in:"
        )
        self._front.say(url)

    def _wait(self, until: float) -> None:
        remind_at: float | None = monotonic() + self._front.reminder_after_s
        told = 0
        while (now := monotonic()) < until:
            if remind_at is not None and now >= remind_at:
                remind_at = None
                self._remind()
            for obstacle in list(self._latch.obstacles)[told:]:
                told += 1
                (self._front.tell or self._front.say)(" ".join(self._obstacle(obstacle)))
            if self._latch.over.wait(min(_SLICE_S, until - now)):
                return

    def _remind(self) -> None:
        if self._is_explained:
            return
        if (refusal := self._latch.refusal) is not None:
            count = _times(self._latch.refusals, "redirect")
            self._front.say(
                f"Still waiting for the browser. {count} refused so far. {refusal.what}"
            )
            return
        self._front.say(
            "Still waiting for the browser. An error on Microsoft's own page, such as AADSTS50011 "
            "(the redirect URI is not registered), never reaches this program: if you see one, "
            "stop here with Ctrl-C."
        )

    @property
    def _is_explained(self) -> bool:
        """True if the person was told why no answer comes."""
        return bool(self._latch.obstacles) or self._front.browser_failed()

    def _obstacle(self, obstacle: Obstacle) -> tuple[str, str]:
        """The sentences about it: what has happened, and the way out."""
        asked = self.response_mode
        if obstacle is Obstacle.HTTPS:
            happened = (
                f"A browser came to {self._redirect_uri} with https://, and only http:// is "
                "understood there: it, or a rule of it, insists on https."
            )
            if asked == "query":
                return happened, (
                    "Change https:// to http:// in its address bar and press Enter, or paste that "
                    "address (--paste)."
                )
            return happened, ("Sign in again with --paste, or with a browser that does not.")
        if obstacle is Obstacle.OTHER_MODE:
            came = self._latch.obstacles[obstacle]
            return (
                f"The answer of this sign-in came by {came or 'another method'}, and {asked} was "
                "asked for. It was not used: something on its way changes it.",
                f"Sign in again with --response-mode {came or 'query'}.",
            )
        way_out = "Sign in again with --response-mode query, then "
        return (
            f"The answer of this sign-in came to the host {self._latch.obstacles[obstacle]}. It "
            "was not used: only this machine's own names are answered.",
            f"{'P' if asked == 'query' else way_out + 'p'}ut localhost in that name's place in "
            "the browser's address bar, or paste that address (--paste).",
        )

    def _timed_out(self, timeout_s: float) -> TimedOut:
        ignored = self._latch.ignored
        seen = f" {_times(ignored, 'other request')} ignored." if ignored else ""
        silence = f"No answer came to {self._redirect_uri} within {timeout_s:g} seconds.{seen}"
        if self._latch.obstacles:
            happened, way_out = self._obstacle(list(self._latch.obstacles)[-1])
            return TimedOut(f"{silence} {happened}", advice=way_out)
        if self._front.browser_failed():
            return TimedOut(
                f"{silence} The command that opens the browser had failed.",
                advice="Open the address in a browser yourself, name another with --browser, or "
                "paste the answer (--paste).",
            )
        uri = self._front.uri
        registered = uri.with_port(None if uri.host == "localhost" else uri.port)
        return TimedOut(
            silence,
            advice=(
                "If the sign-in page was closed, or opened in a browser on another machine, start "
                "again. If it ended on an error such as AADSTS50011, which Microsoft shows and "
                f"never sends back, add exactly {registered} to the app registration "
                "under Authentication, Mobile and desktop applications."
            ),
        )

    # ---- the threads of the host -------------------------------------------------

    def _handle(self, request: HttpRequest) -> HttpResponse:
        # Not through the latch's lock: this one is held for as long as the token request takes.
        if self._latch.leads_to_done(request):
            return self._hold(request)
        return self._latch.handle(request)

    def _hold(self, request: HttpRequest) -> HttpResponse:
        from entra_oauth.channels.listener import landing_pages

        self._told.wait()
        page = landing_pages.done(self._outcome) if self._outcome else landing_pages.page("stopped")
        self._latch.saw_last_page(request, page)
        self._fetched.set()
        return page


def _host_headers(port: int, address: str | None) -> frozenset[str]:
    names = ["localhost", "127.0.0.1", "[::1]"]
    if address is not None and address not in _ANY_ADDRESS:
        bare = address.strip("[]").lower()
        names.append(f"[{bare}]" if ":" in bare else bare)
    without_port = names if port == 80 else []
    return frozenset([*(f"{name}:{port}" for name in names), *without_port])


def _times(count: int, what: str) -> str:
    return f"{count} {what} was" if count == 1 else f"{count} {what}s were"
