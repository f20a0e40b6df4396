"""The way of the practice browser's requests: to this machine, or to the tenant's proxy on it."""

from __future__ import annotations

import errno
import io
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from entra_oauth.channels.base import monotonic, sleep
from entra_oauth.errors import ConnectFailed, DestinationRefused, ExchangeBroken
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, is_loopback

if TYPE_CHECKING:
    from http.client import HTTPConnection
    from socket import socket

__all__ = ["SocketTap", "http_send"]

_LOOK_AGAIN_S = 0.05
# `localhost` has two addresses, of which a machine may lack one: then that is said first.
_NOBODY_YET = (errno.ECONNREFUSED, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_NO_WAY = (errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH)


def http_send(
    request: HttpRequest,
    *,
    ca_file: str | None = None,
    timeout_s: float = 30.0,
    proxy_port: int | None = None,
    tap: SocketTap | None = None,
    patience_s: float = 0.0,
) -> HttpResponse:
    """Carry one request to a server on this machine, and to no other.

    `ca_file` is trusted in place of the system's certificates. `proxy_port` is that of a
    practice tenant's proxy on this machine: https requests to other hosts go there. `tap`
    collects the bytes of both directions. `patience_s` is how long it is tried again where
    nobody listens yet.
    Raises `DestinationRefused` for another host, `ConnectFailed`, `ExchangeBroken`.
    """
    import http.client

    parts = urlsplit(request.url)
    host = parts.hostname or ""
    near = is_loopback(host) and parts.scheme in ("http", "https")
    if not near and (proxy_port is None or parts.scheme != "https"):
        raise DestinationRefused(
            "The built-in browser goes to this machine only.",
            advice="Use a real browser for other addresses.",
        )
    if near:
        connection = _connection(parts.scheme, host, parts.port, ca_file, timeout_s)
    else:
        connection = _connection("https", "127.0.0.1", proxy_port, ca_file, timeout_s)
        connection.set_tunnel(host, parts.port or 443)
    target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    _connect(connection, patience_s)
    if tap is not None:
        connection.sock = tap.on(connection.sock)
    try:
        connection.putrequest(request.method, target, skip_accept_encoding=True)
        for name, value in request.headers:
            connection.putheader(name, value)
        if request.body or request.method == "POST":
            connection.putheader("Content-Length", str(len(request.body)))
        connection.putheader("Connection", "close")
        connection.endheaders(request.body or None)
        answer = connection.getresponse()
        return HttpResponse(
            status=answer.status,
            reason=answer.reason,
            headers=tuple(answer.getheaders()),
            body=answer.read(),
        )
    except (OSError, http.client.HTTPException) as error:
        raise ExchangeBroken(
            f"The connection ended while a page was loading ({type(error).__name__}).",
            advice="Try again.",
        ) from None
    finally:
        connection.close()


def _connect(connection: HTTPConnection, patience_s: float) -> None:
    until = monotonic() + patience_s
    while True:
        try:
            return connection.connect()
        except OSError as error:
            if error.errno in _NOBODY_YET and monotonic() < until:
                sleep(_LOOK_AGAIN_S)
                continue
            # A plain OSError has no name that says anything, such as of a network that is down.
            why = error.strerror if type(error) is OSError else type(error).__name__
            raise ConnectFailed(
                f"Nothing could be reached at port {connection.port} of this machine ({why}).",
                advice=_advice(error),
            ) from None


def _advice(error: OSError) -> str:
    import ssl

    if error.errno in _NO_WAY:
        return (
            "This machine does not reach itself: its loopback interface is down. "
            "On Linux, root brings it up: ip link set lo up."
        )
    if isinstance(error, ssl.SSLError):
        return "Check that the server speaks TLS at this port and its certificate is trusted."
    return "Check that the server is running."


def _connection(
    scheme: str, host: str, port: int | None, ca_file: str | None, timeout_s: float
) -> HTTPConnection:
    from http.client import HTTPConnection, HTTPSConnection

    if scheme == "http":
        return HTTPConnection(host, port, timeout=timeout_s)
    import ssl

    context = ssl.create_default_context(cafile=ca_file)
    return HTTPSConnection(host, port, timeout=timeout_s, context=context)


class SocketTap:
    """Collects all that a connection of `http_send` has sent and received, inside TLS."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.received = bytearray()

    def on(self, sock: socket) -> Any:
        """A stand-in for the socket: as much of one as `http.client` uses."""
        return _CollectingSocket(sock, self)


class _CollectingSocket:
    def __init__(self, sock: socket, tap: SocketTap) -> None:
        self._sock = sock
        self._tap = tap

    def sendall(self, data: bytes) -> None:
        self._sock.sendall(data)
        self._tap.sent += data

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(
            _CollectingReader(self._sock.makefile("rb", buffering=0), self._tap)
        )

    def close(self) -> None:
        self._sock.close()


class _CollectingReader(io.RawIOBase):
    def __init__(self, file: io.RawIOBase, tap: SocketTap) -> None:
        self._file = file
        self._tap = tap

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count: int = self._file.readinto(buffer) or 0
        self._tap.received += memoryview(buffer)[:count]
        return count

    def close(self) -> None:
        self._file.close()
        super().close()
