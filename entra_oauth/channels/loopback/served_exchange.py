"""The exchanges of one connection of a loopback host, with the bytes at our end of it."""

from __future__ import annotations

import re

from entra_oauth.channels.base import monotonic, now
from entra_oauth.channels.exchange import Exchange
from entra_oauth.light import TYPE_CHECKING, replace
from entra_oauth.protocol.messages import HttpRequest, Times, Wire

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable

    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["ConnectionNotes"]

_START = rb"([A-Z]{1,20}) ([!-~]{1,8192}) HTTP/"
_HOST = rb"(?i)\r\nhost:[ \t]*([0-9A-Za-z.:\[\]_-]{1,255})[ \t]*\r\n"


class ConnectionNotes:
    """The notes that a host takes of one connection, for its witness.

    They hold the link, and the bytes of the exchange under way.
    """

    def __init__(self, witness: Callable[[Exchange], None], sock: socket.socket) -> None:
        self._witness = witness
        self.taken = bytearray()
        """The bytes of the message that were taken."""
        self.given = bytearray()
        """The bytes of its answer that were given."""
        host, port = sock.getsockname()[:2]
        self._link = Wire(peer=f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        self._reused = False
        self._started_at = self._began = self._arrived = self._ready = 0.0

    def begin(self) -> None:
        """The first byte of a message is there."""
        self.taken.clear()
        self.given.clear()
        self._started_at = now()
        self._began = self._arrived = self._ready = monotonic()

    def arrived(self) -> None:
        """The request is there as a whole."""
        self._arrived = self._ready = monotonic()

    def ready(self) -> None:
        """Its answer is about to be sent."""
        self._ready = monotonic()

    def tunnelled(self) -> None:
        """All that passed since `begin` was a CONNECT and its answer."""
        self._link = replace(
            self._link,
            tunnel_sent=bytes(self.taken),
            tunnel_received=bytes(self.given),
            proxy=f"http://{self._link.peer}",
        )

    def encrypted(self, sock: ssl.SSLSocket, seconds: float) -> None:
        """The handshake is done, and took so long."""
        cipher = sock.cipher()
        self._link = replace(
            self._link,
            tls_version=sock.version(),
            cipher=cipher[0] if cipher else None,
            alpn=sock.selected_alpn_protocol(),
            times=Times(tls=seconds),
        )

    def end(
        self,
        request: HttpRequest | None,
        response: HttpResponse | None,
        *,
        unread: bytes = b"",
        failure: str | None = None,
    ) -> None:
        """The message has ended: the witness is told.

        `request` is None where it could not be read; `unread` is what else there is of it.
        """
        sent, received = bytes(self.taken) + unread, bytes(self.given)
        times = replace(
            self._link.times,
            send=self._arrived - self._began,
            wait=self._ready - self._arrived,
            receive=monotonic() - self._ready if received else None,
        )
        wire = replace(self._link, sent=sent, received=received, reused=self._reused, times=times)
        self._reused = True
        self._witness(
            Exchange(
                request=request or self._guess(sent),
                response=response,
                started_at=self._started_at,
                ended_at=now(),
                failure=failure,
                wire=wire,
            )
        )

    def _guess(self, sent: bytes) -> HttpRequest:
        """Method and address of a request that was refused unread, where they can be told."""
        scheme = "https" if self._link.tls_version else "http"
        start, host = re.match(_START, sent), re.search(_HOST, sent)
        method, target = (part.decode("ascii") for part in start.groups()) if start else ("?", "/")
        where = host[1].decode("ascii") if host else str(self._link.peer)
        if method == "CONNECT":
            scheme, where, target = "https", target, "/"
        elif not target.startswith("/"):
            return HttpRequest(method=method, url=target, raw=sent)
        return HttpRequest(method=method, url=f"{scheme}://{where}{target}", raw=sent)
