"""What `requests` is made to do: send these bytes, once, and show what was sent.

Imported late, in the worker thread of `back.py`: it costs more than a hundred
milliseconds. The subclasses below override what their libraries offer for it, and
nothing else.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import SKIP_HEADER

from entra_oauth.channels.back import SPENT, too_late
from entra_oauth.channels.base import monotonic
from entra_oauth.errors import (
    ConnectFailed,
    EntraOAuthError,
    ExchangeBroken,
    TlsFailed,
    UnexpectedAnswer,
    plain,
)
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire

if TYPE_CHECKING:
    from urllib3.connectionpool import HTTPConnectionPool

__all__ = ["Call", "ExactAdapter", "Tap", "connect", "exchange", "translate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The circumstances of one request."""

    url: str
    context: ssl.SSLContext | None
    """Whom to trust; None for plain http, which is loopback only."""
    proxies: dict[str, str]
    deadline: float
    """On the monotonic clock, in seconds."""

    @property
    def remaining_s(self) -> float:
        """Seconds left, never nothing: a zero would mean 'no timeout' to some."""
        return max(self.deadline - monotonic(), 0.001)

    @property
    def proxy(self) -> str | None:
        """The proxy that will be used, without its user information."""
        url = select_proxy(self.url, self.proxies)
        if not url:
            return None
        parts = urlsplit(url if "://" in url else f"http://{url}")
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


class Tap:
    """Sees the bytes and the socket of the request under way."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.peer: str | None = None
        self.tls_version: str | None = None
        self.cipher: str | None = None
        self._sock: Any = None

    def start(self) -> None:
        self.sent.clear()

    def note(self, sock: Any, data: bytes) -> None:
        self.sent += data
        self._sock = sock
        host, port = sock.getpeername()[:2]
        self.peer = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        if isinstance(sock, ssl.SSLSocket):
            self.tls_version = sock.version()
            cipher = sock.cipher()
            self.cipher = cipher[0] if cipher else None

    def cut(self) -> None:
        """End whatever the socket is doing; its thread wakes up with an error."""
        import contextlib
        import socket

        if self._sock is not None:
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)


class _Tapped:
    """Notes what goes out after the connection stands (a proxy's CONNECT is not ours)."""

    # A user's global `http.client.HTTPConnection.debuglevel = 1` would print the
    # body, code and all, to standard output.
    debuglevel = 0
    tap: Tap
    connecting = False

    def connect(self) -> None:
        self.connecting = True
        try:
            super().connect()  # type: ignore[misc]
        finally:
            self.connecting = False

    def send(self, data: bytes) -> None:
        super().send(data)  # type: ignore[misc]
        if not self.connecting:
            self.tap.note(self.sock, data)  # type: ignore[attr-defined]

    @property
    def is_connected(self) -> bool:
        """Whether the peer has not closed. TLS 1.3 session tickets are no sign that it has."""
        sock = self.sock  # type: ignore[attr-defined]
        if isinstance(sock, ssl.SSLSocket) and not _read_tickets(sock):
            return False
        return bool(super().is_connected)  # type: ignore[misc]


def _read_tickets(sock: ssl.SSLSocket) -> bool:
    """Let OpenSSL take in what is no application data. False if the peer is done.

    urllib3 takes a readable idle socket for a closed one and would connect again.
    """
    timeout = sock.gettimeout()
    sock.settimeout(0)
    try:
        sock.recv(1)
    except ssl.SSLWantReadError:
        return True
    except OSError:
        return False
    else:
        return False  # closed, or talking out of turn
    finally:
        sock.settimeout(timeout)


class ExactAdapter(HTTPAdapter):
    """An adapter that trusts what it is told to, retries nothing, and is tapped."""

    def __init__(self, tap: Tap) -> None:
        self._context: ssl.SSLContext | None = None
        self._http: type[HTTPConnection] = type("_Http", (_Tapped, HTTPConnection), {"tap": tap})
        self._https: type[HTTPSConnection] = type(
            "_Https", (_Tapped, HTTPSConnection), {"tap": tap}
        )
        super().__init__(max_retries=0)

    def trust(self, context: ssl.SSLContext | None) -> None:
        """Use this context from now on."""
        self._context = context

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        host, pool = super().build_connection_pool_key_attributes(request, True, None)
        if self._context is not None:
            pool = {"cert_reqs": "CERT_REQUIRED", "ssl_context": self._context}
        return host, pool

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        # requests would load certifi's bundle on top of the context's certificates.
        conn.cert_reqs = "CERT_REQUIRED"

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> HTTPConnectionPool:
        pool = cast(
            "HTTPConnectionPool",
            super().get_connection_with_tls_context(request, verify, proxies, cert),
        )
        pool.ConnectionCls = self._https if pool.scheme == "https" else self._http
        return pool


def _prepare(request: HttpRequest) -> requests.PreparedRequest:
    headers = dict(request.headers)
    if request.header("Accept-Encoding") is None:
        headers["Accept-Encoding"] = SKIP_HEADER  # else `identity` would be added
    return requests.Request(
        request.method, request.url, headers=headers, data=request.body or None
    ).prepare()


def connect(adapter: ExactAdapter, call: Call) -> None:
    """Have a connection ready for `call.url`; quietly does nothing if there is a proxy."""
    if call.proxy is not None:
        return
    adapter.trust(call.context)
    prepared = requests.Request("GET", call.url).prepare()
    pool = adapter.get_connection_with_tls_context(prepared, True, {})
    connection = pool._get_conn()
    connection.timeout = call.remaining_s
    connection.connect()
    pool._put_conn(connection)


def exchange(
    adapter: ExactAdapter, tap: Tap, request: HttpRequest, call: Call, *, cap: int
) -> HttpResponse:
    """Send and read one message. `cap` is in bytes, after decompression."""
    adapter.trust(call.context)
    tap.start()
    timeout = urllib3.Timeout(total=call.remaining_s)
    with adapter.send(
        _prepare(request),
        stream=True,
        timeout=timeout,  # type: ignore[arg-type] # the stubs do not know urllib3's Timeout
        proxies=call.proxies,
    ) as reply:
        raw = reply.raw
        body = _read_body(raw, call, cap)
        return HttpResponse(
            status=raw.status,
            reason=raw.reason or "",
            headers=tuple(raw.headers.iteritems()),
            body=body,
            wire=Wire(
                sent=bytes(tap.sent),
                peer=tap.peer,
                proxy=call.proxy,
                tls_version=tap.tls_version,
                cipher=tap.cipher,
            ),
        )


def _read_body(raw: Any, call: Call, cap: int) -> bytes:
    body = bytearray()
    while chunk := raw.read(min(65536, cap + 1 - len(body)), decode_content=True):
        body += chunk
        if len(body) > cap:
            raise UnexpectedAnswer(
                f"{_host(call.url)} answered HTTP {raw.status} with more than {cap:,} bytes.",
                advice="No token answer is that large. Check the authority's address and any "
                "proxy in between.",
            )
        if monotonic() > call.deadline:
            raise TimeoutError
    return bytes(body)


def _host(url: str) -> str:
    return urlsplit(url).netloc


def translate(error: Exception, call_url: str, timeout_s: float) -> EntraOAuthError:
    """A library's error as one of ours. The library's holds the request, so it is not chained."""
    host = _host(call_url)
    causes = list(_chain(error))
    text = plain(str(causes[-1]), limit=200)
    if any(isinstance(c, ssl.SSLError) for c in causes):
        return TlsFailed(
            f"The TLS connection to {host} failed: {text}.",
            advice="If your network inspects TLS, name its certificates with --ca-bundle; "
            "verification cannot be switched off.",
        )
    if any(isinstance(c, urllib3.exceptions.ProxyError) for c in causes):
        return ConnectFailed(
            f"The proxy on the way to {host} refused the connection: {text}.",
            advice="Check HTTPS_PROXY, or except the host with NO_PROXY.",
        )
    if any(isinstance(c, _CONNECT_ERRORS) for c in causes):
        return ConnectFailed(
            f"No connection to {host}: {text}.",
            advice="Check the network, the host name and HTTPS_PROXY. Nothing was sent.",
        )
    if any(isinstance(c, TimeoutError | urllib3.exceptions.TimeoutError) for c in causes):
        return too_late(call_url, timeout_s)
    return ExchangeBroken(
        f"The connection to {host} broke off in the middle: {type(causes[-1]).__name__}.",
        advice=f"Check the network and any proxy in between. {SPENT}",
    )


_CONNECT_ERRORS = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.NameResolutionError,
)


def _chain(error: BaseException) -> list[BaseException]:
    """An error and what is inside it, outermost first."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting and len(found) < 20:
        item = waiting.pop(0)
        if not isinstance(item, BaseException) or any(item is f for f in found):
            continue
        found.append(item)
        waiting += [*item.args, getattr(item, "reason", None), item.__cause__, item.__context__]
    return found
