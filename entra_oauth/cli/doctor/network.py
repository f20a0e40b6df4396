"""The things that doctor learns from one request: proxy, TLS, endpoints and clock."""

from __future__ import annotations

from entra_oauth.channels.https.environment_proxy import (
    environment_proxy,
    exceptions_without_effect,
)
from entra_oauth.cli.doctor.machine import DoctorCheck
from entra_oauth.cli.session.times import duration
from entra_oauth.errors import EntraOAuthError, LocalError, TransportError, plain
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.id_token import CLOCK_SKEW_S
from entra_oauth.protocol.jwt import read_object
from entra_oauth.protocol.messages import USER_AGENT, HttpRequest, is_loopback, split_origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from entra_oauth.channels.base import Channels
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.messages import HttpResponse, Wire

__all__ = ["discovery", "way_checks"]

_SLACK_S = 30
"""Seconds of difference between two clocks that are not worth a word."""


def discovery(authority: Authority) -> HttpRequest:
    """The one request: the authority's own description of itself."""
    return HttpRequest(
        method="GET",
        url=f"{authority}/v2.0/.well-known/openid-configuration",
        headers=(("User-Agent", USER_AGENT), ("Accept", "application/json")),
    )


def way_checks(
    authority: Authority, channels: Channels, environ: Mapping[str, str], *, timeout_s: float
) -> Iterator[DoctorCheck]:
    """Send it once, and tell what there was on the way."""
    yield _proxy(authority, environ)
    request = discovery(authority)
    before = channels.now()
    try:
        reply = channels.back.send(request, timeout_s=timeout_s)
    except EntraOAuthError as error:
        yield DoctorCheck.problem("authority", error)
        return
    after = channels.now()
    if authority.base.startswith("https:"):
        yield _tls(reply.wire)
    yield _endpoints(reply, authority)
    yield _clock(reply, (before + after) / 2)


def _proxy(authority: Authority, environ: Mapping[str, str]) -> DoctorCheck:
    try:
        proxy = environment_proxy(authority.token_endpoint, environ)
    except TransportError as error:
        return DoctorCheck.problem("proxy", error)
    host = split_origin(authority.base)[0].partition("://")[2]
    named = [name for name in _VARIABLES if environ.get(name)]
    advice = "HTTPS_PROXY names one where one is needed."
    if proxy is not None:
        verb = "names" if proxy.source in environ else "name"
        found = f"Requests go through {proxy.url}: {proxy.source} {verb} it."
        advice = "NO_PROXY leaves hosts out."
    elif is_loopback(host.rpartition(":")[0] or host):
        found = "None: this machine is always reached directly."
    elif named:
        found = f"None for {host}, though {named[0]} names one: NO_PROXY leaves it out."
    else:
        found = "None: neither a variable nor the system names one."
    if idle := exceptions_without_effect(environ):
        return DoctorCheck.note(
            "proxy",
            f"{found} In NO_PROXY, this has no effect: {', '.join(idle)}.",
            "Write names and addresses without a port and without *, with commas between them.",
        )
    return DoctorCheck.fine("proxy", found, advice)


_VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


def _tls(wire: Wire | None) -> DoctorCheck:
    version = (wire and wire.tls_version) or "TLS"
    issuer = _issuer(wire)
    by = f", certificate by {issuer}" if issuer else ""
    return DoctorCheck.fine(
        "TLS",
        f"{version}{by}; verified.",
        "An issuer that is your own company means that it reads the traffic.",
    )


def _issuer(wire: Wire | None) -> str | None:
    """The maker of the certificate, in the words of the certificate."""
    if wire is None or not wire.certificates:
        return None
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        name = x509.load_der_x509_certificate(wire.certificates[0]).issuer
        parts = [
            str(each.value)
            for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
            for each in name.get_attributes_for_oid(oid)
        ]
    except ValueError:
        return None
    return plain(", ".join(parts), limit=120) or None


def _endpoints(reply: HttpResponse, authority: Authority) -> DoctorCheck:
    try:
        members = read_object(reply.body)
    except ValueError as error:
        strange = TransportError(
            f"It answered HTTP {reply.status}, and not with its description: {error}.",
            advice="A proxy or a sign-in page of the network may stand in between: open any "
            "page in a browser.",
        )
        return DoctorCheck.problem("authority", strange)
    endpoint = members.get("token_endpoint")
    if reply.status != 200 or not isinstance(endpoint, str):
        said = members.get("error_description") or members.get("error") or "no reason"
        refused = TransportError(
            f"It answered HTTP {reply.status}: {plain(str(said), limit=160)}",
            advice="Check --tenant and --cloud.",
        )
        return DoctorCheck.problem("authority", refused)
    if split_origin(endpoint)[0] != authority.base:
        return DoctorCheck.note(
            "authority",
            f"It calls its token endpoint {plain(endpoint, limit=160)}.",
            "Give that host with --authority-host, or the right --cloud.",
        )
    found = f"{authority} answers; its endpoints are the ones that are used here."
    return DoctorCheck.fine("authority", found, "Nothing secret was sent.")


def _clock(reply: HttpResponse, now: float) -> DoctorCheck:
    theirs = _date(reply)
    if theirs is None:
        found = "The authority did not say what time it is."
        advice = "Compare this machine's clock with another one."
        return DoctorCheck.note("clock", found, advice)
    offset = now - theirs
    way = "ahead of" if offset > 0 else "behind"
    if abs(offset) <= _SLACK_S:
        found = "It agrees with the authority's, to half a minute."
        return DoctorCheck.fine("clock", found, "Tokens are dated by it.")
    found = f"It is {duration(offset)} {way} the authority's."
    advice = "Set this machine's date and time, best from the network (NTP)."
    if abs(offset) > CLOCK_SKEW_S:
        return DoctorCheck.problem("clock", LocalError(found, advice=advice))
    return DoctorCheck.note("clock", found, advice)


def _date(reply: HttpResponse) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(reply.header("Date") or "").timestamp()
    except (ValueError, OverflowError):
        return None
