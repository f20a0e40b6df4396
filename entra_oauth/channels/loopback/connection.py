"""One accepted connection: bytes read ahead, and one deadline for all reads."""

from __future__ import annotations

import os
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

from entra_oauth.channels.base import monotonic
from entra_oauth.channels.loopback import http1
from entra_oauth.channels.loopback.served_exchange import ConnectionNotes

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.channels.exchange import Exchange

__all__ = ["Connection"]

_LINGER_S = 1.0


class Connection:
    """A socket of a `LoopbackHost`, used by one thread and cut by any.

    Reads and writes raise `TimeoutError` once `until` (monotonic seconds) is
    past, however the bytes are spread, and `OSError` when the peer is gone.
    """

    __slots__ = ("_buffer", "encrypted", "notes", "sock", "tunnel", "until", "waiting")

    def __init__(
        self, sock: socket.socket, witness: Callable[[Exchange], None] | None = None
    ) -> None:
        self.sock = sock
        self.notes = ConnectionNotes(witness, sock)
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
    def unread(self) -> bytes:
        """The bytes that came and were not taken yet."""
        return bytes(self._buffer)

    def await_first_byte(self, silence_s: float) -> bool:
        """Wait for a request, `silence_s` seconds at most; tell if one begins."""
        self.until = monotonic() + silence_s
        try:
            return bool(self._buffer) or self._fill()
        except TimeoutError:
            return False

    def read_head(self, body_limit: int) -> http1.Head:
        while self._buffer.startswith(b"\r\n"):  # RFC 9112 section 2.2
            del self._buffer[:2]
        searched = 0
        while (end := self._buffer.find(http1.HEAD_END, searched)) < 0:
            searched = max(0, len(self._buffer) - 3)
            http1.refuse_early(bytes(self._buffer))
            if len(self._buffer) > http1.HEAD_LIMIT:
                raise http1.Refusal(431)
            self._fill_or_refuse()
        if end > http1.HEAD_LIMIT:
            raise http1.Refusal(431)
        return http1.parse_head(self._take(end, skip=4), body_limit=body_limit)

    def read_body(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self._fill_or_refuse()
        return self._take(length)

    def send(self, message: bytes) -> None:
        rest = memoryview(message)
        while rest:
            self._apply_deadline()
            count = self.sock.send(rest)
            self.notes.add_response(rest[:count])
            rest = rest[count:]

    def linger(self) -> None:
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

    def reset(self) -> None:
        """End the connection so that the peer sees a reset, whatever is under way."""
        self.encrypted = False  # no goodbye
        with suppress(OSError):
            no_linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
        self.sock.close()

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
        self.notes.add_request(taken)
        del self._buffer[: size + skip]
        return taken[:size]
