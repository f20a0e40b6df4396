"""The use that is made of `requests`: send these bytes, once, and show what was sent.

Imported late, in the worker thread of `back_channel.py`: it costs more than a hundred
milliseconds. The subclasses below override what their libraries offer for it. The one
private member of theirs that is used is urllib3's `HTTPConnection._new_conn`, read in 2.6 to
2.8; `_tunnel` is the standard library's.
"""

from __future__ import annotations

import http.client
import io
import logging
import socket
import ssl
import threading
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import SKIP_HEADER

from entra_oauth.channels.base import monotonic
from entra_oauth.channels.https.early_connection import MAX_IDLE_S, check_handshake, name_of_peer
from entra_oauth.channels.https.environment_proxy import wants_sign_in
from entra_oauth.channels.https.failures import host_of
from entra_oauth.channels.https.job import WORKER_NAME
from entra_oauth.channels.https.trust import read_tickets, with_tls
from entra_oauth.errors import UnexpectedAnswer, UsageError
from entra_oauth.light import replace
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Times, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from urllib3.connectionpool import HTTPConnectionPool

    from entra_oauth.channels.https.environment_proxy import EnvironmentProxy
    from entra_oauth.channels.https.job import Job, Tap

__all__ = ["ExactAdapter", "Tapped", "TappedHTTP", "TappedHTTPS", "exchange", "make_ready"]


class _Quiet(logging.Filter):
    """Keeps our traffic out of urllib3's log, which quotes addresses and odd headers."""

    def filter(self, record: logging.LogRecord) -> bool:
        return threading.current_thread().name != WORKER_NAME


for _name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
    logging.getLogger(f"urllib3.{_name}").addFilter(_Quiet())


class Tapped:
    """Stands before one of urllib3's connection classes.

    Notes what goes out after the connection stands; a proxy's CONNECT, which is not
    ours, is noted apart.
    """

    # A user's global `http.client.HTTPConnection.debuglevel = 1` would print the
    # body, code and all, to standard output.
    debuglevel = 0
    tap: Tap
    host: str
    port: int
    sock: Any
    socket_options: Any
    link = Wire()
    used_at = 0.0
    _connecting = False
    _handle: socket.socket | None = None

    @property
    def response_class(self) -> Callable[..., TappedAnswer]:
        """Makes the answer, which is tapped too."""
        return partial(TappedAnswer, self.tap)

    def connect(self) -> None:
        early = self.tap.early
        ready = early.take(self.host, self.port) if early is not None else None
        if ready is None:
            self._connect_now()
        else:
            self.sock, self.link = ready
            self.is_verified = isinstance(self.sock, ssl.SSLSocket)
        self.used_at = monotonic()

    def _connect_now(self) -> None:
        self._connecting = True
        begun_at = monotonic()
        try:
            super().connect()  # type: ignore[misc]
            if isinstance(self.sock, ssl.SSLSocket):
                check_handshake(self.sock)
            if hasattr(self.sock, "cipher"):  # TLS inside TLS is no SSLSocket
                self.link = with_tls(self.link, self.sock, monotonic() - begun_at)
        finally:
            self._connecting = False
            if self._handle is not None:
                self._handle.close()

    def _new_conn(self) -> socket.socket:
        begun_at = monotonic()
        options = _Noticed(self.socket_options)
        self.socket_options = options
        try:
            sock: socket.socket = super()._new_conn()  # type: ignore[misc]
        finally:
            self.socket_options = options.options
        looked_up_at = options.noticed_at or begun_at
        times = Times(dns=looked_up_at - begun_at, connect=monotonic() - looked_up_at)
        try:
            self.link = Wire(peer=name_of_peer(sock), times=times)
            # TLS takes the socket over and gives out the new one only after the
            # handshake; through a second handle that can be ended too.
            self._handle = sock.dup()
            self.tap.hold(self._handle)
        except BaseException:
            sock.close()
            raise
        return sock

    def _tunnel(self) -> None:
        begun_at = monotonic()
        self.tap.tunnel = sent, received = bytearray(), bytearray()
        try:
            super()._tunnel()  # type: ignore[misc]
        except OSError:
            self.tap.proxy_refusal = bytes(received)
            raise
        finally:
            self.tap.tunnel = None
            self.link = replace(
                self.link,
                tunnel_sent=bytes(sent),
                tunnel_received=bytes(received),
                times=replace(self.link.times, tunnel=monotonic() - begun_at),
            )

    def putrequest(self, *args: Any, **kwargs: Any) -> None:
        self.link = replace(self.link, reused=self.sock is not None)
        super().putrequest(*args, **kwargs)  # type: ignore[misc]

    def send(self, data: Any) -> None:
        if self._connecting:
            if self.tap.tunnel is not None:
                self.tap.tunnel[0].extend(data)
            super().send(data)  # type: ignore[misc]
            return
        if self.sock is None:
            self.connect()
        self.tap.hold(self._socket)  # a connection that is reused need not be the newest one
        self.tap.add_sent(self.link, data)
        self.used_at = monotonic()
        super().send(data)  # type: ignore[misc]
        self.tap.all_sent()

    @property
    def _socket(self) -> socket.socket:
        # TLS inside TLS is no socket itself, but has one.
        sock: socket.socket = getattr(self.sock, "socket", self.sock)
        return sock

    @property
    def is_connected(self) -> bool:
        """False once the peer has closed. TLS 1.3 session tickets are no sign that it has."""
        if monotonic() - self.used_at > MAX_IDLE_S:
            return False
        if isinstance(self.sock, ssl.SSLSocket) and not read_tickets(self.sock):
            return False
        return bool(super().is_connected)  # type: ignore[misc]


class TappedHTTP(Tapped, HTTPConnection):  # type: ignore[misc] # a property for an attribute
    """A connection in the clear: to this machine, or to a proxy."""


class TappedHTTPS(Tapped, HTTPSConnection):  # type: ignore[misc] # as before
    """A connection with TLS."""


class TappedAnswer(http.client.HTTPResponse):
    """Tells the tap every byte that it takes from the socket, before it makes sense of any."""

    def __init__(self, tap: Tap, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tap = tap
        self.fp = io.BufferedReader(_WatchedReader(self.fp.detach(), tap))

    def begin(self) -> None:
        super().begin()
        # urllib3's own headers put those of one name together.
        self.tap.headers = tuple(self.headers.items())


class _WatchedReader(io.RawIOBase):
    """A socket's reading end, with a listener."""

    def __init__(self, inner: io.RawIOBase, tap: Tap) -> None:
        self._inner = inner
        self._tap = tap

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count: int | None = self._inner.readinto(buffer)
        if count:
            self._tap.add_received(bytes(buffer[:count]))
        return count

    def close(self) -> None:
        try:
            self._inner.close()
        finally:
            super().close()


class _Noticed:
    """Socket options that notice when they are first read.

    urllib3 looks a name up, makes a socket, sets its options and connects: so this is
    the moment when the look-up has ended.
    """

    def __init__(self, options: Sequence[Any]) -> None:
        self.options = options
        self.noticed_at = 0.0

    def __iter__(self) -> Iterator[Any]:
        self.noticed_at = self.noticed_at or monotonic()
        return iter(self.options)


class ExactAdapter(HTTPAdapter):
    """An adapter that trusts what it is told to, retries nothing, and is tapped."""

    def __init__(self, tap: Tap) -> None:
        self.context: ssl.SSLContext | None = None
        """The certificates to trust; None for plain http, which is loopback only."""
        self._proxy: EnvironmentProxy | None = None
        self._tap = tap
        super().__init__(max_retries=0)

    def go_through(self, proxy: EnvironmentProxy | None) -> dict[str, str]:
        """Use it from now on. Returns it as `requests` wants it."""
        if proxy != self._proxy:
            self.proxy_manager.clear()  # it holds the credentials of an earlier one
            self._proxy = proxy
        return {"all": proxy.full_url} if proxy else {}

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        return self._proxy.headers if self._proxy else {}

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        host, pool = super().build_connection_pool_key_attributes(request, True, None)
        if self.context is not None:
            pool = {"cert_reqs": "CERT_REQUIRED", "ssl_context": self.context}
        return host, pool

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        # A proxy that is spoken to over TLS is trusted no further than the authority.
        if self._proxy is None or not self._proxy.is_socks:
            proxy_kwargs["proxy_ssl_context"] = self.context
        return super().proxy_manager_for(proxy, **proxy_kwargs)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        # requests would load certifi's bundle on top of the context's certificates.
        conn.cert_reqs = "CERT_REQUIRED"

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        # requests would read cookies and an encoding out of it, and log both.
        response = requests.Response()
        response.raw = resp
        return response

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> HTTPConnectionPool:
        pool = cast(
            "HTTPConnectionPool",
            super().get_connection_with_tls_context(request, verify, proxies, cert),
        )
        if not isinstance(pool.ConnectionCls, _Making):
            pool.ConnectionCls = _Making(self._kind_for(pool.scheme), self._tap)  # type: ignore[assignment]
        return pool

    def _kind_for(self, scheme: str | None) -> type[Tapped]:
        if self._proxy is not None and self._proxy.is_socks:
            in_the_clear, with_tls = _socks_kinds()
            return with_tls if scheme == "https" else in_the_clear
        return TappedHTTPS if scheme == "https" else TappedHTTP


@cache
def _socks_kinds() -> tuple[type[Tapped], type[Tapped]]:
    """The same pair for who goes through a SOCKS proxy; here, because it needs PySocks."""
    from urllib3.contrib.socks import SOCKSConnection, SOCKSHTTPSConnection

    class TappedSocks(Tapped, SOCKSConnection):  # type: ignore[misc] # as those above
        pass

    class TappedSocksTLS(Tapped, SOCKSHTTPSConnection):  # type: ignore[misc] # as before
        pass

    return TappedSocks, TappedSocksTLS


class _Making:
    """Makes connections of one kind with one tap, as a class is called to."""

    def __init__(self, kind: type[Tapped], tap: Tap) -> None:
        self._kind = kind
        self._tap = tap

    def __call__(self, *args: Any, **kwargs: Any) -> Tapped:
        made = self._kind(*args, **kwargs)
        made.tap = self._tap
        return made


def _prepare(request: HttpRequest) -> requests.PreparedRequest:
    names = [name.lower() for name, _ in request.headers]
    if len(set(names)) != len(names):
        raise UsageError(
            "A request with a header twice cannot be sent as it is.",
            advice="Join the values with a comma.",
        )
    headers = dict(request.headers)
    for name in ("User-Agent", "Accept-Encoding"):
        if name.lower() not in names:
            headers[name] = SKIP_HEADER  # else a default would be added
    # By hand: an address needs no preparing, which would rewrite its dots and escapes, and no
    # user in it becomes a header.
    prepared = requests.PreparedRequest()
    prepared.prepare_method(request.method)
    prepared.url = request.url
    prepared.prepare_headers(headers)
    prepared.prepare_body(request.body, None)
    return prepared


def make_ready(adapter: ExactAdapter, url: str) -> None:
    """Make what a request to this address needs and send nothing: a first time is a slow one."""
    rehearsed = HttpRequest(method="POST", url=url, headers=(("Accept", "*/*"),), body=b"-")
    adapter.get_connection_with_tls_context(_prepare(rehearsed), True, {})


def exchange(
    adapter: ExactAdapter, tap: Tap, job: Job, request: HttpRequest, *, cap: int
) -> HttpResponse:
    """Send and read one message. `cap` is in bytes, after decompression."""
    with adapter.send(
        _prepare(request),
        stream=True,
        timeout=urllib3.Timeout(total=_time_for(job)),  # type: ignore[arg-type] # the stubs lack it
        proxies=adapter.go_through(job.proxy),
    ) as reply:
        raw: Any = reply.raw
        if raw.status == 407 and job.proxy is not None:
            raise wants_sign_in(job.proxy, job.url, raw.headers.getlist("Proxy-Authenticate"))
        try:
            body = _read_body(raw, job, cap)
        except BaseException:
            # urllib3 has put the connection back once the last byte of an answer was read,
            # before it finds out that those bytes made no sense. Nobody knows what follows.
            adapter.close()
            raise
        return HttpResponse(
            status=raw.status,
            reason=raw.reason,
            headers=tap.headers,
            body=body,
            wire=tap.wire(proxy=job.proxy_url),
        )


def _time_for(job: Job) -> float:
    return max(job.remaining_s, 0.001)  # a zero would mean 'no timeout' to some


def _read_body(raw: Any, job: Job, cap: int) -> bytes:
    body = bytearray()
    while chunk := raw.read(min(65536, cap + 1 - len(body)), decode_content=True):
        body += chunk
        if len(body) > cap:
            raise UnexpectedAnswer(
                f"{host_of(job.url)} answered HTTP {raw.status} with more than {cap:,} bytes.",
                advice="No token answer is that large. Check the authority's address and any "
                "proxy in between.",
                was_sent=True,
            )
    return bytes(body)
