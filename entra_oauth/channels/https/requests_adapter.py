"""The use that is made of `requests`: send these bytes, once, and show what was sent.

Imported late, in the worker thread of `back_channel.py`: it costs more than a hundred
milliseconds. The subclasses below override what their libraries offer for it, and
nothing else.
"""

from __future__ import annotations

import http.client
import logging
import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import SKIP_HEADER

from entra_oauth.channels.base import monotonic
from entra_oauth.channels.https.job import WORKER_NAME, host_of, too_late, what_became_of_it
from entra_oauth.channels.https.tapped import Tapped, TappedAnswer
from entra_oauth.errors import (
    ConnectFailed,
    EntraOAuthError,
    ExchangeBroken,
    TlsFailed,
    UnexpectedAnswer,
    UsageError,
    plain,
)
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from urllib3.connectionpool import HTTPConnectionPool

    from entra_oauth.channels.https.job import Job
    from entra_oauth.channels.https.tap import Tap

__all__ = ["ExactAdapter", "Route", "connect", "exchange", "translate"]


class _Quiet(logging.Filter):
    """Keeps our traffic out of urllib3's log, which quotes addresses and odd headers."""

    def filter(self, record: logging.LogRecord) -> bool:
        return threading.current_thread().name != WORKER_NAME


for _name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
    logging.getLogger(f"urllib3.{_name}").addFilter(_Quiet())


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The way that one request takes, and the time that it has."""

    url: str
    context: ssl.SSLContext | None
    """The certificates to trust; None for plain http, which is loopback only."""
    proxies: dict[str, str]
    deadline: float
    """On the monotonic clock, in seconds."""

    @property
    def remaining_s(self) -> float:
        """Seconds left, never nothing: a zero would mean 'no timeout' to some."""
        return max(self.deadline - monotonic(), 0.001)

    @property
    def proxy(self) -> str | None:
        """The proxy that will be used, without its user information.

        Raises `ConnectFailed` if its address makes no sense.
        """
        url = select_proxy(self.url, self.proxies)
        if not url:
            return None
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host = None
        if not host:
            raise _proxy_failed(self.url, "the address that the environment gives is malformed")
        host = f"[{host}]" if ":" in host else host
        return plain(f"{parts.scheme}://{host}" + (f":{port}" if port else ""))


class ExactAdapter(HTTPAdapter):
    """An adapter that trusts what it is told to, retries nothing, and is tapped."""

    def __init__(self, tap: Tap) -> None:
        self._context: ssl.SSLContext | None = None
        answer = type("_Answer", (TappedAnswer,), {"tap": tap})
        ours = {"tap": tap, "response_class": answer}
        self._http: type[HTTPConnection] = type("_Http", (Tapped, HTTPConnection), ours)
        self._https: type[HTTPSConnection] = type("_Https", (Tapped, HTTPSConnection), ours)
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

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        # A proxy that is spoken to over TLS is trusted no further than the authority.
        return super().proxy_manager_for(proxy, proxy_ssl_context=self._context, **proxy_kwargs)

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
        pool.ConnectionCls = self._https if pool.scheme == "https" else self._http
        return pool


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
    prepared = requests.Request(
        request.method,
        request.url,
        headers=headers,
        data=request.body or None,
        auth=lambda it: it,  # else a user in the URL would become a header
    ).prepare()
    # `prepare` has rewritten dots and escapes of the path.
    prepared.url = request.url
    return prepared


def connect(adapter: ExactAdapter, route: Route) -> None:
    """Have a connection ready for `route.url`; quietly does nothing if there is a proxy."""
    if route.proxy is not None:
        return
    adapter.trust(route.context)
    prepared = requests.Request("GET", route.url).prepare()
    pool = adapter.get_connection_with_tls_context(prepared, True, {})
    connection = pool._get_conn()
    try:
        if connection.is_closed:
            connection.timeout = route.remaining_s
            connection.connect()
    except BaseException:
        connection.close()
        raise
    finally:
        pool._put_conn(connection)


def exchange(
    adapter: ExactAdapter, tap: Tap, request: HttpRequest, route: Route, *, cap: int
) -> HttpResponse:
    """Send and read one message. `cap` is in bytes, after decompression."""
    adapter.trust(route.context)
    timeout = urllib3.Timeout(total=route.remaining_s)
    with adapter.send(
        _prepare(request),
        stream=True,
        timeout=timeout,  # type: ignore[arg-type] # the stubs do not know urllib3's Timeout
        proxies=route.proxies,
    ) as reply:
        raw: Any = reply.raw
        try:
            body = _read_body(raw, route, cap)
        except BaseException:
            # urllib3 has put the connection back once the last byte of an answer was read,
            # before it finds out that those bytes made no sense. Nobody knows what follows.
            adapter.close()
            raise
        return HttpResponse(
            status=raw.status,
            reason=raw.reason or "",
            # urllib3's own headers put those of one name together.
            headers=tuple(raw._original_response.headers.items()),
            body=body,
            wire=tap.wire(proxy=route.proxy),
        )


def _read_body(raw: Any, route: Route, cap: int) -> bytes:
    body = bytearray()
    while chunk := raw.read(min(65536, cap + 1 - len(body)), decode_content=True):
        body += chunk
        if len(body) > cap:
            raise UnexpectedAnswer(
                f"{host_of(route.url)} answered HTTP {raw.status} with more than {cap:,} bytes.",
                advice="No token answer is that large. Check the authority's address and any "
                f"proxy in between. {what_became_of_it(sent=True)}",
            )
        if monotonic() > route.deadline:
            raise TimeoutError
    return bytes(body)


def translate(error: Exception, job: Job, *, sent: bool) -> EntraOAuthError:
    """A library's error as one of ours. The library's holds the request, so it is not chained.

    `sent` tells whether any of the request had gone out.
    """
    host = host_of(job.url)
    causes = _chain(error)
    if any(isinstance(c, _TIMEOUTS) and not isinstance(c, _NO_TIMEOUT) for c in causes):
        return too_late(job.url, job.timeout_s, sent=sent)
    if not sent:
        return _not_sent(job, causes)
    if any(isinstance(c, _NOT_HTTP) and not isinstance(c, _BROKEN) for c in causes):
        return UnexpectedAnswer(
            f"{host} answered with something that is not HTTP: {type(causes[-1]).__name__}.",
            advice=f"Check the authority's address and any proxy in between. "
            f"{what_became_of_it(sent=True)}",
        )
    return ExchangeBroken(
        f"The connection to {host} broke off in the middle: {type(causes[-1]).__name__}.",
        advice=f"Check the network and any proxy in between. {what_became_of_it(sent=True)}",
    )


def _not_sent(job: Job, causes: list[BaseException]) -> EntraOAuthError:
    blames_proxy = any(isinstance(c, _PROXY_ERRORS) for c in causes)
    if any(isinstance(c, ssl.SSLError) for c in causes) and not blames_proxy:
        return TlsFailed(
            f"The TLS connection to {host_of(job.url)} failed: {_reason(causes)}.",
            advice="If your network inspects TLS, name its certificates with --ca-bundle; "
            "verification cannot be switched off.",
        )
    if job.proxy is not None:
        return _proxy_failed(job.url, f"{job.proxy}: {_reason(causes)}")
    return ConnectFailed(
        f"No connection to {host_of(job.url)}: {_reason(causes)}.",
        advice="Check the network, the host name and HTTPS_PROXY. Nothing was sent.",
    )


def _proxy_failed(url: str, why: str) -> ConnectFailed:
    return ConnectFailed(
        f"The proxy on the way to {host_of(url)} cannot be used: {why}.",
        advice="Check HTTPS_PROXY, or except the host with NO_PROXY. Nothing was sent.",
    )


def _reason(causes: list[BaseException]) -> str:
    """The system's own words. The libraries' texts may quote a URL or a header."""
    for cause in reversed(causes):
        if isinstance(cause, OSError) and not isinstance(cause, requests.RequestException):
            said = str(cause) if isinstance(cause, ssl.SSLError) else cause.strerror or str(cause)
            if said:
                return plain(said, limit=200)
    return type(causes[-1]).__name__


_TIMEOUTS = (TimeoutError, urllib3.exceptions.TimeoutError)
_NO_TIMEOUT = (urllib3.exceptions.NewConnectionError,)  # is derived from one
_PROXY_ERRORS = (urllib3.exceptions.ProxyError,)
_NOT_HTTP = (
    http.client.HTTPException,
    urllib3.exceptions.DecodeError,
    urllib3.exceptions.InvalidHeader,
)
_BROKEN = (http.client.RemoteDisconnected, http.client.IncompleteRead)


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
