"""Sees what one worker sends, and can end it from another thread."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from entra_oauth.protocol.messages import Wire

__all__ = ["Tap"]


class Tap:
    """The bytes and the socket of the request under way.

    Once `cut` has returned, nothing more goes out, and `sent` is final: whoever
    gives up waiting can say truly whether a code was sent.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sock: socket.socket | None = None
        self._sent = bytearray()
        self._link = Wire()
        self.is_cut = False

    @property
    def sent(self) -> bytes:
        """What was handed to the socket since `start`."""
        return bytes(self._sent)

    @property
    def link(self) -> Wire:
        """The connection that it was handed to."""
        return self._link

    def start(self) -> None:
        """Another request begins; nothing of it is sent yet."""
        self._sent.clear()
        self._link = Wire()

    def hold(self, sock: socket.socket) -> None:
        """Remember the socket that is in use. Raises `ConnectionAbortedError` if cut."""
        with self._lock:
            self._refuse_if_cut()
            self._sock = sock

    def note(self, link: Wire, data: bytes) -> None:
        """These bytes are about to go out. Raises `ConnectionAbortedError` if cut."""
        with self._lock:
            self._refuse_if_cut()
            self._sent += data
            self._link = link

    def cut(self) -> None:
        """End whatever the socket is doing, for good; its thread wakes up with an error."""
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
