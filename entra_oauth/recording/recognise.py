"""Exchanges recognised as OAuth's, by their addresses and their fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from entra_oauth.protocol.glossary.message_kind import asks_for_identity
from entra_oauth.protocol.messages import FORM, host_of, is_loopback, is_redirect, parse_form

if TYPE_CHECKING:
    from collections.abc import Iterable

    from entra_oauth.protocol.messages import Fields, HttpRequest, HttpResponse

__all__ = ["answer_fields", "endpoint_of", "is_answer", "kind_of", "leads_to", "same_place"]

_PATHS = (
    (re.compile(r"/oauth2/(?:v\d\.\d/)?authorize$"), "authorize"),
    # Not that of a machine's metadata service: it is no authority.
    (re.compile(r"(?<!/metadata/identity)/oauth2/(?:v\d\.\d/)?token$"), "token"),
    (re.compile(r"/oauth2/(?:v\d\.\d/)?devicecode$"), "devicecode"),
    (re.compile(r"/discovery/(?:v\d\.\d/)?keys$"), "keys"),
    (re.compile(r"/\.well-known/(?:openid-configuration|oauth-authorization-server)"), "metadata"),
)


def endpoint_of(path: str) -> str | None:
    """The endpoint of an authority that a path names, such as `token`; None for any other."""
    return next((kind for pattern, kind in _PATHS if pattern.search(path)), None)


def kind_of(request: HttpRequest) -> str | None:
    """The word for an exchange in OAuth, such as `token`; None for one that is none of it.

    A managed identity's is `identity`: its service is no authority, and its answers are no OAuth.
    """
    if asks_for_identity(request):
        return "identity"
    if (endpoint := endpoint_of(request.path)) is not None:
        return endpoint
    pairs = parse_form(request.query)
    fields = {name for name, _ in pairs}
    form = set()
    if (request.header("content-type") or "").lower().startswith(FORM):
        form = {name for name, _ in parse_form(request.body.decode("latin-1"))}
    # Its parameters may be in a JWT instead (RFC 9101 §5).
    by_jwt = any(name == "request" and value.count(".") in (2, 4) for name, value in pairs)
    if "client_id" in fields and (by_jwt or fields & {"response_type", "request_uri"}):
        return "authorize"
    if "grant_type" in form:
        return "token"
    both = fields | form
    is_answer = "state" in both and ("code" in both or "error" in both)
    if is_answer and (is_loopback(host_of(request.url)) or not form & {"ctx", "flowToken"}):
        return "redirect"
    bearer = (request.header("authorization") or "").lower().startswith("bearer ")
    return "api" if bearer or _shows_a_token(both) else None


def _shows_a_token(names: set[str]) -> bool:
    """True for an API call that has its token in the address or in a form (RFC 6750 §2.2, §2.3).

    An authority's answer to an app has more beside it (RFC 6749 §4.2.2).
    """
    beside = {"token_type", "expires_in", "state", "id_token", "code", "error"}
    return "access_token" in names and names.isdisjoint(beside)


def answer_fields(url: str) -> Fields:
    """The parameters of an address to which a browser is sent: of its query and its fragment."""
    before, _, fragment = url.partition("#")
    return (*parse_form(before.partition("?")[2]), *parse_form(fragment))


def is_answer(request: HttpRequest, redirect_uris: Iterable[str]) -> bool:
    """True if an answer is brought to one of these redirect URIs, with or without a state."""
    names = {name for name, _ in answer_fields(request.url)}
    if (request.header("content-type") or "").lower().startswith(FORM):
        names |= {name for name, _ in parse_form(request.body.decode("latin-1"))}
    return not names.isdisjoint(_ANSWERS) and any(
        same_place(request.url, uri) for uri in redirect_uris
    )


def leads_to(url: str, response: HttpResponse | None) -> str:
    """The address, without its query, to which an answer from `url` redirects; else empty."""
    if response is None or not is_redirect(response.status):
        return ""
    location = response.header("location")
    if not location:
        return ""
    try:
        return urljoin(url, location).partition("?")[0]
    except ValueError:
        return ""


_ANSWERS = ("code", "error", "access_token", "id_token")


def same_place(url: str, redirect_uri: str) -> bool:
    """True if both have one scheme, host and path, and off this machine one port."""
    one, other = _place(url), _place(redirect_uri)
    return one is not None and one == other


def _place(url: str) -> tuple[str, str, int | None, str] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    if not parts.scheme:
        return None
    host = parts.hostname or ""
    # Only of http and https is an empty path the same as a slash (RFC 9110 §4.2.3). A program's
    # listener takes a port of its own choice (RFC 8252 §7.3).
    path = parts.path or ("/" if parts.scheme in ("http", "https") else "")
    return parts.scheme, host, None if is_loopback(host) else port, path
