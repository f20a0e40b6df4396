"""A peer that speaks raw bytes to a port of this machine, well or badly.

Most tests of a listener are about peers that no HTTP library can play.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

__all__ = [
    "Reply",
    "connect",
    "exchange",
    "get",
    "occupied",
    "post",
    "read_all",
    "silent_peers",
    "split",
]

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back, taken apart but not judged."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def all(self, name: str) -> list[str]:
        return [v for n, v in self.headers if n.lower() == name.lower()]


def connect(port: int, address: str = "127.0.0.1", *, timeout_s: float = 30.0) -> socket.socket:
    """A connection. Only a failure takes so long as `timeout_s` for each thing it waits for."""
    return socket.create_connection((address, port), timeout=timeout_s)


def read_all(sock: socket.socket) -> bytes:
    """Until the other side ends the connection."""
    pieces = []
    while piece := sock.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def exchange(port: int, message: bytes, address: str = "127.0.0.1") -> bytes:
    """Send these bytes on a connection of their own, and read to its end."""
    with connect(port, address) as sock:
        sock.sendall(message)
        return read_all(sock)


def split(answer: bytes) -> Reply:
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    version, status, *_ = line.split(" ", 2)
    assert version == "HTTP/1.1"
    pairs = (each.partition(": ") for each in lines)
    return Reply(status=int(status), headers=tuple((n, v) for n, _, v in pairs), body=body)


def get(port: int, target: str = "/", *, host: str | None = None, method: str = "GET") -> Reply:
    host = host or f"localhost:{port}"
    return split(exchange(port, f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()))


def post(
    port: int,
    target: str = "/",
    body: str = "",
    *,
    host: str | None = None,
    kind: str = FORM,
    more: str = "",
) -> Reply:
    host = host or f"localhost:{port}"
    head = f"POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\n{more}"
    length = len(body.encode())
    return split(exchange(port, f"{head}Content-Length: {length}\r\n\r\n{body}".encode()))


@contextmanager
def silent_peers(port: int, count: int) -> Iterator[list[socket.socket]]:
    """Connections that are opened and then say nothing."""
    with ExitStack() as stack:
        yield [stack.enter_context(connect(port)) for _ in range(count)]


@contextmanager
def occupied(*addresses: str) -> Iterator[int]:
    """A port that another program listens on, at these addresses and no other."""
    for _ in range(50):
        port = 0
        with ExitStack() as stack:
            try:
                for address in addresses:
                    family = socket.AF_INET6 if ":" in address else socket.AF_INET
                    theirs = stack.enter_context(socket.socket(family))
                    theirs.bind((address, port))
                    theirs.listen()
                    port = theirs.getsockname()[1]
            except OSError:
                continue  # a remnant of some connection holds that port of the other address
            yield port
            return
    raise AssertionError("no port is free")
