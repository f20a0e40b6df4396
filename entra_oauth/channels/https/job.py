"""One request on its way through the back channel's worker, and what is seen of it there."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from entra_oauth.channels.base import monotonic, say_nothing
from entra_oauth.errors import UnexpectedAnswer
from entra_oauth.light import TYPE_CHECKING, replace
from entra_oauth.protocol.messages import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.channels.https.early_connection import EarlyConnection
    from entra_oauth.channels.https.environment_proxy import EnvironmentProxy
    from entra_oauth.errors import EntraOAuthError
    from entra_oauth.protocol.messages import Fields, HttpRequest, HttpResponse

__all__ = ["MAX_RAW_BYTES", "SLICE_S", "WORKER_NAME", "Job", "Tap", "what_became_of_it"]

WORKER_NAME = "entra-oauth-back"
"""The name of each thread that has traffic of ours."""

SLICE_S = 0.25
"""Seconds of one wait. Ctrl-C does not interrupt it on Windows; between two it is seen."""

MAX_RAW_BYTES = 4 * 1024 * 1024
"""The most that is taken in and kept of one answer, headers and framing included."""


def what_became_of_it(*, sent: bool) -> str:
    """The end of an advice: the flow knows what it means where something was sent."""
    return "" if sent else " Nothing was sent."


class Job:
    """One request on its way through the worker; without a request, a warm-up."""

    def __init__(
        self,
        request: HttpRequest | None,
        url: str,
        timeout_s: float,
        *,
        announce: Callable[[str], None] = say_nothing,
    ) -> None:
        self.request = request
        self.url = url
        self.deadline = monotonic() + timeout_s
        self.timeout_s = timeout_s
        self.announce = announce
        self.proxy: EnvironmentProxy | None = None
        self.proxy_refusal = b""
        """The proxy's answer to a CONNECT that it refused."""
        self.has_begun = False
        """True once the worker has taken it up."""
        self.wire: Wire | None = None
        """The bytes and the link that were seen of it, where it failed."""
        self._response: HttpResponse | None = None
        self._error: EntraOAuthError | None = None
        self._done = threading.Event()

    @property
    def proxy_url(self) -> str | None:
        """The address of the proxy, if there is one, without credentials."""
        return self.proxy.url if self.proxy else None

    @property
    def remaining_s(self) -> float:
        """Seconds left, never less than none."""
        return max(self.deadline - monotonic(), 0.0)

    @property
    def has_ended(self) -> bool:
        """True once there is a result."""
        return self._done.is_set()

    def succeed(self, response: HttpResponse | None) -> None:
        """It has ended well, unless it has ended already; a warm-up has no response."""
        if not self._done.is_set():
            self._response = response
            self._done.set()

    def fail(self, error: EntraOAuthError) -> None:
        """It has ended so, unless it has ended already."""
        if not self._done.is_set():
            # The frames of the worker hold the request and the answer.
            self._error = error.with_traceback(None)
            self._done.set()

    def wait(self, until: float) -> bool:
        """Wait for its end until that moment of the monotonic clock; tell if it has ended."""
        while not self._done.wait(min(SLICE_S, max(until - monotonic(), 0.0))):
            if monotonic() >= until:
                return False
        return True

    def result(self) -> HttpResponse:
        """The response, or the error raised."""
        if self._response is not None:
            return self._response
        assert self._error is not None  # noqa: S101 - an ended job has one or the other
        raise self._error


class Tap:
    """The bytes and the socket of the request under way.

    Once `cut` has returned, nothing more goes out, and `sent` is final: whoever
    gives up waiting can say truly whether a code was sent.

    Two threads use it. The worker adds bytes; whoever waits for the worker reads and
    cuts. Bytes are added under the lock *before* they are given to the system, and
    adding is refused once the tap is cut. So after `cut` either the bytes are in `sent`,
    or they will never go out. What was added and not sent yet counts as sent: a code is
    then called spent that may not be, which is the safe side.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sock: socket.socket | None = None
        self._sent = bytearray()
        self._received = bytearray()
        self._link = Wire()
        self._began_at = self._sent_at = self._answered_at = self._received_at = 0.0
        self.tunnel: tuple[bytearray, bytearray] | None = None
        """All that went to the proxy, and that it answered; None once the authority is
        talked to."""
        self.headers: Fields = ()
        """Those of the last answer, in wire order."""
        self.proxy_refusal = b""
        """The proxy's answer to the last CONNECT that it refused."""
        self.is_cut = False
        self.early: EarlyConnection | None = None
        """The connection that is made beside the imports, for whoever connects first."""

    @property
    def sent(self) -> bytes:
        """The bytes that were handed to the socket since `start`."""
        return bytes(self._sent)

    @property
    def link(self) -> Wire:
        """The connection that it was handed to."""
        return self._link

    def wire(self, *, proxy: str | None = None) -> Wire:
        """All that was seen since `start`."""
        with self._lock:
            times = replace(
                self._link.times,
                send=_between(self._began_at, self._sent_at),
                wait=_between(self._sent_at, self._answered_at),
                receive=_between(self._answered_at, self._received_at),
            )
            return replace(
                self._link,
                sent=bytes(self._sent),
                received=bytes(self._received),
                proxy=proxy,
                times=times,
            )

    def start(self) -> None:
        """Another request begins; nothing of it is sent yet."""
        with self._lock:
            self._sent.clear()
            self._received.clear()
            self.proxy_refusal = b""
            self._link = Wire()
            self._began_at = self._sent_at = self._answered_at = self._received_at = 0.0

    def hold(self, sock: socket.socket) -> None:
        """Remember the socket that is in use. Raises `ConnectionAbortedError` if cut."""
        with self._lock:
            self._refuse_if_cut()
            self._sock = sock

    def add_sent(self, link: Wire, data: bytes) -> None:
        """These bytes are about to go out. Raises `ConnectionAbortedError` if cut."""
        with self._lock:
            self._refuse_if_cut()
            self._began_at = self._began_at or monotonic()
            self._sent += data
            self._link = link

    def all_sent(self) -> None:
        """The system has all that was added."""
        self._sent_at = monotonic()

    def add_received(self, data: bytes) -> None:
        """These bytes have come in. Raises `UnexpectedAnswer` if they do not end."""
        with self._lock:
            taken = self._received if self.tunnel is None else self.tunnel[1]
            if len(taken) > MAX_RAW_BYTES:
                # Without a body: interim answers, empty gzip blocks, trailers for ever.
                raise UnexpectedAnswer(
                    f"An answer came in {MAX_RAW_BYTES:,} bytes and more.",
                    advice="No token answer is that large. Check the authority's address and any "
                    f"proxy in between.{what_became_of_it(sent=bool(self._sent))}",
                    was_sent=bool(self._sent),
                )
            if self.tunnel is None:
                self._received_at = monotonic()
                self._answered_at = self._answered_at or self._received_at
            taken += data

    def cut(self) -> None:
        """End whatever the socket is doing, for good; its thread wakes up with an error."""
        # The flag and the socket in one step: a socket that the worker wants to hold later
        # is refused, and one that it holds already is found here.
        with self._lock:
            self.is_cut = True
            sock = self._sock
        if sock is not None:
            with suppress(OSError):
                # Not SSLSocket.shutdown, which takes the encryption away first: what
                # the other thread sends in that moment would go out in the clear.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _refuse_if_cut(self) -> None:
        if self.is_cut:
            raise ConnectionAbortedError


def _between(start: float, end: float) -> float | None:
    return max(end - start, 0.0) if start and end else None
