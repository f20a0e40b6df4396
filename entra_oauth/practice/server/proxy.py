"""A proxy that plays the cloud: software written for Entra is led here unchanged.

It is asked to CONNECT to a host. For the hosts of `host_names` it ends the
encryption itself and hands what is inside to the tenant, which then speaks in
that host's name, unless a fault says that the way there is shut; every other host, and
every other port, is refused with 403. So whatever runs behind it reaches nothing but
the tenant.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING

from entra_oauth.channels.exchange import Exchange
from entra_oauth.channels.loopback.host import LoopbackHost, Refusal
from entra_oauth.practice.server.host_names import METADATA_HOST, stands_in_for
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from typing import Self

    from entra_oauth.protocol.messages import HttpRequest

__all__ = ["Proxy"]

_REMEMBERED = 50
_LONGEST_NAME = 255
_PLAIN_HTTP = (
    b"This is the proxy of a practice tenant. It does not carry plain http: whatever is meant for "
    b"Entra goes by https.\n"
)


class Proxy:
    """The proxy, in a `with` block. `tls` presents a certificate in place of the real hosts.

    `connect` gives the status for a client that wants to be connected with a
    host that is played: 200 lets it in. It may take its time, and raise `HangUp`.
    `port=0` picks a free one. With `plays_metadata` Azure's metadata service is played too, which
    is plain http. `witness` is a `LoopbackHost`'s. Raises `PortBusy`.
    """

    def __init__(
        self,
        handle: Callable[[HttpRequest], HttpResponse],
        *,
        tls: ssl.SSLContext,
        connect: Callable[[str], int],
        port: int = 0,
        plays_metadata: bool = False,
        witness: Callable[[Exchange], None] | None = None,
    ) -> None:
        self._handle_inside = handle
        self._tls = tls
        self._connect = connect
        self._plays_metadata = plays_metadata
        self._lock = Lock()
        self._refused: deque[str] = deque(maxlen=_REMEMBERED)
        self._host = LoopbackHost(
            self._handle, port=port, tunnel=self._tunnel, witness=witness, keep_alive=True
        )
        self.port = self._host.port

    @property
    def url(self) -> str:
        """The value for `HTTPS_PROXY`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def refused(self) -> tuple[str, ...]:
        """The places that clients wanted to reach and could not, each once; the last fifty."""
        with self._lock:
            return tuple(dict.fromkeys(self._refused))

    def __enter__(self) -> Self:
        self._host.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._host.close()

    def _tunnel(self, target: str) -> ssl.SSLContext:
        """Decide on a CONNECT: the TLS context of the inside, or `Refusal`.

        The host calls this in the thread of the connection, so a fault that waits or hangs up
        here holds up nobody else. Returning a context instead of a socket is the whole trick:
        the host answers 200, does the handshake on the same socket with our certificate, and
        reads the requests inside as its own. Nothing is ever connected to the real host.
        """
        host, _, port = target.rpartition(":")
        if port != "443" or not stands_in_for(host):
            self._note(target)
            raise Refusal(403)
        status = self._connect(host.lower())
        if status != 200:
            raise Refusal(status)
        return self._tls

    def _handle(self, request: HttpRequest) -> HttpResponse:
        # Only what came through a tunnel has an https URL, and `_tunnel` let in none but the
        # hosts that are played. Whatever else arrives asks for plain http of anywhere.
        is_metadata = request.url.startswith(f"http://{METADATA_HOST}/metadata/")
        if request.url.startswith("https:") or (is_metadata and self._plays_metadata):
            return self._handle_inside(request)
        self._note(request.header("Host") or "")
        return HttpResponse(
            status=403,
            reason="Forbidden",
            headers=(("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")),
            body=_PLAIN_HTTP,
        )

    def _note(self, target: str) -> None:
        with self._lock:  # many connections, each a thread
            self._refused.append(target[:_LONGEST_NAME])
