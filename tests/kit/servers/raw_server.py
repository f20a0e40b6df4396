"""A server on this machine that answers as a script says, byte for byte, well or badly.

What a client must withstand, no HTTP library would send.
"""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

__all__ = [
    "Peer",
    "RawServer",
    "Script",
    "answer",
    "answering",
    "each",
    "hearing",
    "saying",
    "silent",
]

PATIENCE_S = 20.0
"""A script that waits longer than this has been forgotten by its test."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Peer:
    """One accepted connection, for a script to use."""

    def __init__(self, server: RawServer, sock: socket.socket, below: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.below = below
        """The socket that TLS runs over; without TLS the same as `sock`."""
        self._read = b""

    def request(self) -> bytes:
        """The next whole request, also kept in `server.requests`; empty if the client left."""
        while not (whole := _whole(self._read)):
            if not (more := self.sock.recv(65536)):
                return b""
            self._read += more
        message, self._read = self._read[:whole], self._read[whole:]
        self.server.requests.append(message)
        return message

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def until_gone(self) -> None:
        """Say nothing until the client leaves."""
        with suppress(OSError):
            while self.sock.recv(65536):
                pass

    def reset(self) -> None:
        """End the connection the rude way (RST)."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Script = Callable[[Peer], None]


def _whole(data: bytes) -> int:
    """How many bytes the first request in `data` has; 0 if it is not complete."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return 0
    length = _LENGTH.search(data, 0, end + 2)
    size = end + 4 + (int(length[1]) if length else 0)
    return size if len(data) >= size else 0


def answer(body: bytes = b"{}", *, status: str = "200 OK", more: str = "") -> bytes:
    """A proper answer. `more` are header lines, each with its line end."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body


def answering(message: bytes | None = None) -> Script:
    """The same answer to each request of a connection, as long as the client stays."""
    data = answer() if message is None else message

    def play(peer: Peer) -> None:
        while peer.request():
            peer.send(data)

    return play


def saying(message: bytes) -> Script:
    """One answer to one request, then the end of the connection."""

    def play(peer: Peer) -> None:
        if peer.request():
            peer.send(message)

    return play


def silent(peer: Peer) -> None:
    """Not a byte, to whatever comes."""
    peer.until_gone()


def hearing(peer: Peer) -> None:
    """Takes a request, and says nothing to it."""
    peer.request()
    peer.until_gone()


def each(*messages: bytes) -> Script:
    """One answer after another, then the end of the connection."""

    def play(peer: Peer) -> None:
        for message in messages:
            if not peer.request():
                return
            peer.send(message)

    return play


class RawServer:
    """Plays the first script on the first connection, and so on; the last one again and again.

    `tls` makes it a TLS server. What a script raises, save for a lost connection, the
    `with` block raises at its end.
    """

    def __init__(
        self, *scripts: Script, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1"
    ) -> None:
        self._scripts = scripts or (answering(),)
        self._tls = tls
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, 0), family=family)
        self.port: int = self._listener.getsockname()[1]
        self.accepted = 0
        self.failed_handshakes = 0
        self.requests: list[bytes] = []
        """Every request that came whole, of all connections."""
        self._failures: list[Exception] = []
        self._socks: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)

    @property
    def url(self) -> str:
        """Its origin, by the name `localhost`."""
        return f"{'http' if self._tls is None else 'https'}://localhost:{self.port}"

    @property
    def serving(self) -> bool:
        """Whether a connection is open at our end."""
        return any(thread.is_alive() for thread in self._threads)

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(PATIENCE_S)
        for sock in self._socks:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "a script that does not end"
        if self._failures and error is None:
            raise self._failures[0]

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(PATIENCE_S)
            script = self._scripts[min(self.accepted, len(self._scripts) - 1)]
            self.accepted += 1
            # TLS replaces the socket, so that it needs a second handle to be ended by.
            handle = sock if self._tls is None else sock.dup()
            self._socks.append(handle)
            thread = threading.Thread(target=self._serve, args=(sock, handle, script), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, handle: socket.socket, script: Script) -> None:
        try:
            if self._tls is not None:
                try:
                    sock = self._tls.wrap_socket(sock, server_side=True)
                except OSError:
                    self.failed_handshakes += 1
                    return
            script(Peer(self, sock, handle))
        except (OSError, ValueError):
            pass
        except Exception as failure:
            self._failures.append(failure)
        finally:
            sock.close()
            handle.close()
