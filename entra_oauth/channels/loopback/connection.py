"""One accepted connection: bytes read ahead, and one deadline for all reads."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from urllib.parse import urlsplit

from entra_oauth.channels.base import monotonic
from entra_oauth.channels.loopback import http1
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    import threading
    from collections.abc import Callable

    from entra_oauth.channels.exchange import Exchange
    from entra_oauth.channels.loopback.served_exchange import ConnectionNotes
    from entra_oauth.protocol.messages import HttpRequest, HttpResponse

__all__ = ["Connection"]

_LINGER_S = 1.0


class Connection:
    """A socket of a `LoopbackHost`, used by one thread and cut by any.

    Reads and writes raise `TimeoutError` once `until` (monotonic seconds) is
    past, however the bytes are spread, and `OSError` when the peer is gone.
    """

    __slots__ = (
        "_buffer",
        "_notes",
        "_timeout_s",
        "encrypted",
        "sock",
        "tunnel",
        "until",
        "waiting",
    )

    def __init__(
        self,
        sock: socket.socket,
        *,
        timeout_s: float = 5.0,
        witness: Callable[[Exchange], None] | None = None,
    ) -> None:
        self.sock = sock
        self._timeout_s = timeout_s
        """The time for a request to arrive, for a handshake, and for an answer to be taken."""
        self._notes: ConnectionNotes | None = None
        if witness is not None:  # the listener of a sign-in has none, and no use for this
            from entra_oauth.channels.loopback.served_exchange import ConnectionNotes

            self._notes = ConnectionNotes(witness, sock)
        self.encrypted = False
        self.tunnel = ""
        """The host that we play for a client of a proxy."""
        self.waiting = True
        """No whole request has been delivered; guarded by the host's lock."""
        self.until = 0.0
        self._buffer = bytearray()

    @property
    def buffered(self) -> bool:
        return bool(self._buffer)

    @property
    def begins_with_tls(self) -> bool:
        """True for a TLS handshake record where none was awaited; no request begins so."""
        return self._buffer[:1] == b"\x16"

    def refuse_tls(self) -> None:
        """Say to a client in its own words that no TLS is spoken."""
        self.until = monotonic() + self._timeout_s
        self.send(http1.TLS_ALERT)
        self._linger()

    def await_first_byte(self, silence_s: float) -> bool:
        """Wait for a request, `silence_s` seconds at most; tell if one begins."""
        self.until = monotonic() + silence_s
        try:
            return bool(self._buffer) or self._fill()
        except TimeoutError:
            return False

    def shake_hands(self, tls: ssl.SSLContext, lock: threading.Lock) -> None:
        """Encrypt what follows."""
        with lock:  # `cut` must not meet a socket that is being replaced
            self.sock = sock = tls.wrap_socket(
                self.sock, server_side=True, do_handshake_on_connect=False
            )
            self.encrypted = True
        sock.settimeout(self._timeout_s)
        began = monotonic()
        sock.do_handshake()
        if self._notes is not None:
            self._notes.encrypted(sock, monotonic() - began)

    def open_tunnel(self, target: str) -> None:
        """Tell the client of a proxy that it has been connected with the `target`."""
        self.until = monotonic() + self._timeout_s
        self.tunnel = target.rpartition(":")[0].lower()
        self.send(http1.ESTABLISHED)
        if self._notes is not None:
            self._notes.tunnelled()

    def read_head(self, body_limit: int) -> http1.Head:
        self.until = monotonic() + self._timeout_s
        if self._notes is not None:
            self._notes.begin()
        while self._buffer.startswith(b"\r\n"):  # RFC 9112 section 2.2
            del self._buffer[:2]
        searched = 0
        while (end := self._buffer.find(http1.HEAD_END, searched)) < 0:
            searched = max(0, len(self._buffer) - 3)
            http1.refuse_early(bytes(self._buffer))
            if len(self._buffer) >= http1.HEAD_LIMIT + len(http1.HEAD_END):
                raise http1.Refusal(431)  # an end that is not there yet would be too late
            self._fill_or_refuse()
        if end > http1.HEAD_LIMIT:
            raise http1.Refusal(431)
        return http1.parse_head(self._take(end, skip=4), body_limit=body_limit)

    def read_request(self, head: http1.Head, fallback_host: str) -> HttpRequest:
        """The whole request. Raises `Refusal`, for another host than the tunnel's too."""
        if head.waits_for_continue and not self._buffer:
            self.send(http1.CONTINUE)
        while len(self._buffer) < head.length:
            self._fill_or_refuse()
        scheme = "https" if self.encrypted else "http"
        body = self._take(head.length)
        request = http1.build_request(head, body, scheme=scheme, fallback_host=fallback_host)
        if self.tunnel and urlsplit(request.url).hostname != self.tunnel:
            raise http1.Refusal(421)
        if self._notes is not None:
            self._notes.arrived()
        return request

    def answer(self, request: HttpRequest, response: HttpResponse, message: bytes) -> None:
        """Send a `message` that was made of the `response`."""
        self.until = monotonic() + self._timeout_s
        failure = None
        if self._notes is not None:
            self._notes.ready()
        try:
            self.send(message)
        except OSError as error:
            failure = type(error).__name__
            raise
        finally:
            if self._notes is not None:
                self._notes.end(request, response, failure=failure)

    def refuse(self, status: int) -> None:
        """Answer a request that was not read as a whole, and take no other."""
        self.until = monotonic() + self._timeout_s
        response = http1.bare(status)
        try:
            self.send(http1.encode_response(response, method="GET", keep=False))
        finally:
            if self._notes is not None:
                self._notes.end(None, response, unread=bytes(self._buffer))
        self._linger()

    def hang_up(self, request: HttpRequest | None, *, reset: bool) -> None:
        """End without an answer; with `reset` the peer sees it torn down."""
        if reset:
            self._reset()
        if self._notes is not None:
            unread = bytes(self._buffer) if request is None else b""
            self._notes.end(request, None, unread=unread, failure="HangUp")

    def send(self, message: bytes) -> None:
        rest = memoryview(message)
        while rest:
            self._apply_deadline()
            count = self.sock.send(rest)
            if self._notes is not None:
                self._notes.given += rest[:count]
            rest = rest[count:]

    def _linger(self) -> None:
        """Read on a little after a refusal.

        Closing while bytes of the peer are unread would reset the connection, and
        the peer would never see the answer.
        """
        self.until = monotonic() + _LINGER_S
        socket.socket.shutdown(self.sock, socket.SHUT_WR)
        while self._fill():
            self._buffer.clear()

    def cut(self) -> None:
        """End the connection from another thread: its reads and writes return."""
        with suppress(OSError):
            # Not SSLSocket.shutdown, which would take the encryption away first.
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def _reset(self) -> None:
        """Have the close that follows show the peer a reset, whatever is under way."""
        self.encrypted = False  # no goodbye
        with suppress(OSError):
            import struct  # a sign-in tears nothing down

            no_linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)

    def close(self) -> None:
        if self.encrypted:
            with suppress(OSError, ValueError):
                self.sock.settimeout(0.0)
                self.sock.unwrap()  # type: ignore[attr-defined]  # says goodbye, waits for none
        self.sock.close()

    def _fill_or_refuse(self) -> None:
        try:
            more = self._fill()
        except TimeoutError:
            raise http1.Refusal(408) from None
        if not more:
            raise ConnectionResetError

    def _fill(self) -> bool:
        self._apply_deadline()
        more = self.sock.recv(65536)
        self._buffer += more
        return bool(more)

    def _apply_deadline(self) -> None:
        remaining = self.until - monotonic()
        if remaining <= 0:
            raise TimeoutError
        self.sock.settimeout(remaining)

    def _take(self, size: int, *, skip: int = 0) -> bytes:
        taken = bytes(self._buffer[: size + skip])
        if self._notes is not None:
            self._notes.taken += taken
        del self._buffer[: size + skip]
        return taken[:size]
