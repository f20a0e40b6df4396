"""A failed request of the back channel, told as one of our errors.

Nothing of a library's text is quoted that may hold a URL or a header, and its error is
not chained: it holds the request.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from entra_oauth.channels.https.job import what_became_of_it
from entra_oauth.errors import (
    ConnectFailed,
    DeadlineExceeded,
    EntraOAuthError,
    ExchangeBroken,
    TlsFailed,
    UnexpectedAnswer,
    plain,
)
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.channels.https.environment_proxy import EnvironmentProxy
    from entra_oauth.channels.https.job import Job

__all__ = ["abandoned", "host_of", "too_late", "translate"]

_NOT_YET_VALID, _HAS_EXPIRED = 9, 10
_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH = 62, 64


def host_of(url: str) -> str:
    """Host and port of a URL, for messages; user information is left out."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or "nowhere"
    except ValueError:
        return "an address that is none"


def too_late(url: str, timeout_s: float, *, sent: bool) -> DeadlineExceeded:
    """The authority took longer than it may."""
    return DeadlineExceeded(
        f"{host_of(url)} did not answer within {timeout_s:g} seconds.",
        advice="Check the network, then allow more time with --http-timeout."
        + what_became_of_it(sent=sent),
        was_sent=sent,
    )


def abandoned(url: str, *, sent: bool) -> ExchangeBroken:
    """The channel was closed in the middle."""
    return ExchangeBroken(
        f"The request to {host_of(url)} was abandoned.",
        advice="Run this again." if sent else "Nothing was sent.",
        was_sent=sent,
    )


def translate(error: Exception, job: Job, *, sent: bool) -> EntraOAuthError:
    """A library's error as one of ours. `sent` tells whether any of the request had gone out."""
    import http.client  # all of these are there by now

    from urllib3 import exceptions as libs

    host = host_of(job.url)
    causes = _chain(error)
    timeouts = (TimeoutError, libs.TimeoutError)
    # NewConnectionError is derived from one of them.
    if any(isinstance(c, timeouts) and not isinstance(c, libs.NewConnectionError) for c in causes):
        return too_late(job.url, job.timeout_s, sent=sent)
    if not sent:
        return _not_sent(job, causes)
    if any(isinstance(c, libs.DecodeError) for c in causes):
        return UnexpectedAnswer(
            f"{host} answered with a compressed body that cannot be opened.",
            advice="Check any proxy in between.",
            was_sent=True,
        )
    no_http = (http.client.HTTPException, libs.InvalidHeader)
    broken = (http.client.RemoteDisconnected, http.client.IncompleteRead)
    if any(isinstance(c, no_http) and not isinstance(c, broken) for c in causes):
        return UnexpectedAnswer(
            f"{host} answered with something that is not HTTP: {type(causes[-1]).__name__}.",
            advice="Check the authority's address and any proxy in between.",
            was_sent=True,
        )
    return ExchangeBroken(
        f"The connection to {host} broke off in the middle: {type(causes[-1]).__name__}.",
        advice="Check the network and any proxy in between.",
        was_sent=True,
    )


def _not_sent(job: Job, causes: list[BaseException]) -> EntraOAuthError:
    import ssl

    from urllib3.exceptions import ProxyError

    blames_proxy = any(isinstance(c, ProxyError) for c in causes)
    if any(isinstance(c, ssl.SSLError) for c in causes) and not blames_proxy:
        return TlsFailed(
            f"The TLS connection to {host_of(job.url)} failed: {_reason(causes)}.",
            advice=f"{_tls_advice(causes)} Verification cannot be switched off.",
        )
    if job.proxy is not None:
        return _of_the_proxy(job, job.proxy, causes)
    from entra_oauth.channels.https.environment_proxy import exception_for

    passed_by = exception_for(job.url)
    check = "the network, the host name and HTTPS_PROXY"
    if passed_by is not None:
        check = f"the network and the host name. {passed_by[1]} lets it go past {passed_by[0]}"
    return ConnectFailed(
        f"No connection to {host_of(job.url)}: {_reason(causes)}.",
        advice=f"Check {check}. Nothing was sent.",
    )


def _tls_advice(causes: list[BaseException]) -> str:
    """The cure of what the verification found (x509_vfy.h of OpenSSL)."""
    codes = {getattr(cause, "verify_code", None) for cause in causes}
    if codes & {_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH}:
        return (
            "The certificate is for another host: check the address, and whether something on "
            "the way answers in its place, such as the sign-in page of a network."
        )
    if codes & {_NOT_YET_VALID, _HAS_EXPIRED}:
        return "Check the date and the time of this machine; else the certificate has run out."
    return "If your network inspects TLS, name its certificates with --ca-bundle."


def _of_the_proxy(job: Job, proxy: EnvironmentProxy, causes: list[BaseException]) -> ConnectFailed:
    import re

    from entra_oauth.channels.https.environment_proxy import proxy_refused, wants_sign_in

    if re.match(rb"HTTP/1\.[01] 407\b", job.proxy_refusal):
        lines = re.findall(rb"(?im)^proxy-authenticate:[ \t]*([^\r\n]*)", job.proxy_refusal)
        return wants_sign_in(proxy, job.url, [line.decode("latin-1") for line in lines])
    wrong = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
    no_tls = any(getattr(cause, "reason", "") in wrong for cause in causes)
    if proxy.scheme == "https" and no_tls:
        return proxy_refused(
            job.url,
            f"{proxy.url} speaks no TLS",
            f"Write http:// in the place of https:// in {proxy.source}.",
        )
    return ConnectFailed(
        f"The proxy on the way to {host_of(job.url)} cannot be used: "
        f"{proxy.url}: {_reason(causes)}.",
        advice=f"Check {proxy.source}, or except the host with NO_PROXY. Nothing was sent.",
    )


def _reason(causes: list[BaseException]) -> str:
    """The system's own words. The libraries' texts may quote a URL or a header."""
    import ssl

    import requests

    for cause in reversed(causes):
        if isinstance(cause, OSError) and not isinstance(cause, requests.RequestException):
            said = str(cause) if isinstance(cause, ssl.SSLError) else cause.strerror or str(cause)
            if said:
                return plain(said, limit=200)
    return type(causes[-1]).__name__


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
