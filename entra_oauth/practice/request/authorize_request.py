"""Reading an authorize request, check by check, in Entra's order.

Until client and redirect URI are known to be right, an error stays on a page:
sending it anywhere could send a person to an attacker. After that, errors go to
the redirect URI. https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from entra_oauth.practice.directory.model import GRAPH
from entra_oauth.practice.http.refusals import Refused, refuse
from entra_oauth.practice.request import redirects
from entra_oauth.practice.request.challenge import Challenge, read_challenge
from entra_oauth.practice.request.claims_request import read_claims
from entra_oauth.practice.request.scope_string import (
    RequestedScope,
    check_target,
    read_resource,
    read_scope,
)

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import Directory, Platform, RegisteredApp
    from entra_oauth.practice.directory.tenant_authority import TenantAuthority
    from entra_oauth.practice.http.call import Parameters
    from entra_oauth.practice.request.claims_request import ClaimsRequest
    from entra_oauth.protocol.messages import Fields

__all__ = ["AuthorizeRequest", "Destination", "RefusedTo", "find_destination", "read_request"]

_KINDS = {"code", "id_token"}
_MODES = ("query", "form_post", "fragment")
_PROMPTS = ("login", "none", "select_account", "consent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """The place to which an answer goes, good or bad, and its way there."""

    redirect_uri: str
    mode: str
    state: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeRequest:
    """An authorize request that passed every check."""

    authority: TenantAuthority
    app: RegisteredApp
    platform: Platform
    destination: Destination
    requested: RequestedScope
    wants: frozenset[str]
    """The words of `response_type`: `code`, `id_token`, or both (the hybrid flow)."""
    version: int
    """Of the endpoint, 1 or 2: an ID token from it has the same."""
    challenge: Challenge | None = field(repr=False)
    nonce: str | None = field(repr=False)
    prompt: str | None
    login_hint: str | None
    client_info: bool
    claims: ClaimsRequest
    sent: Fields = field(repr=False)
    """All that was sent, for the page that explains it."""


class RefusedTo(Exception):
    """A refusal that goes to the redirect URI."""

    def __init__(self, refused: Refused, destination: Destination) -> None:
        super().__init__(refused.kind.number)
        self.refused = refused
        self.destination = destination


def read_request(
    sent: Parameters, authority: TenantAuthority, directory: Directory, *, version: int
) -> AuthorizeRequest:
    """Check a request. Raises `Refused` for the page, `RefusedTo` for the redirect URI."""
    # The order is a matter of safety. As long as it is not known that the redirect URI is one
    # of the app's own, an error must stay on a page here: sent on, it would make this endpoint
    # lead people to any address that somebody writes into a link (RFC 9700 §4.11.2).
    # fidelity: page-errors
    app = authority.app(sent.need("client_id"), directory)
    destination, platform = find_destination(sent, app)
    # From here on the app itself is told.
    try:
        read = _read_requested_v1 if version == 1 else _read_requested
        requested = read(sent, authority, directory, app)
        return _read_rest(sent, authority, app, platform, destination, requested, version)
    except Refused as refused:
        raise RefusedTo(refused, destination) from None


def find_destination(sent: Parameters, app: RegisteredApp) -> tuple[Destination, Platform]:
    """Find the place to which the answer may go. Raises 50011 or 500113."""
    redirect_uri = _redirect_uri(sent, app)
    registered = redirects.find(app, redirect_uri)
    if registered is None:
        raise refuse(50011, redirect_uri, app.client_id)
    destination = Destination(
        redirect_uri=redirect_uri, mode=_mode_or_usual(sent), state=_or_none(sent, "state")
    )
    return destination, registered.platform


def _redirect_uri(sent: Parameters, app: RegisteredApp) -> str:
    # fidelity: redirect-uri-missing - the page says the server then picks a registered one
    given = sent.get("redirect_uri")
    if given is not None:
        return given
    if not app.redirects:
        raise refuse(500113)
    return app.redirects[0].uri


def _mode_or_usual(sent: Parameters) -> str:
    """The way of the answer; errors must travel somehow, even those about these parameters.

    A token never comes by query, and nor does an error in its place (OAuth 2.0 Multiple
    Response Types §3).
    """
    mode = _or_none(sent, "response_mode")
    by_query = {"id_token", "token"}.isdisjoint(_words(_or_none(sent, "response_type")))
    usual = "query" if by_query else "fragment"
    return usual if mode not in _MODES or (mode == "query" and not by_query) else mode


def _words(response_type: str | None) -> frozenset[str]:
    return frozenset((response_type or "").split(" ")) - {""}


def _or_none(sent: Parameters, name: str) -> str | None:
    """The first value; that it stands twice is found out with the other checks."""
    return next((v for n, v in sent.fields if n == name), None)


def _read_requested(
    sent: Parameters, authority: TenantAuthority, directory: Directory, app: RegisteredApp
) -> RequestedScope:
    wants = _check_type(sent, app)
    scope = sent.need("scope")
    check_target(sent.get("resource"), scope, directory)
    requested = read_scope(scope, directory, authority.home(directory), app)
    if "id_token" in wants and "openid" not in requested.oidc:
        raise refuse(70005)  # fidelity: response-type-other
    return requested


def _read_requested_v1(
    sent: Parameters, authority: TenantAuthority, directory: Directory, app: RegisteredApp
) -> RequestedScope:
    # fidelity: v1-resource - left out, it may still be named at the token endpoint
    _check_type(sent, app)
    name = sent.get("resource") or GRAPH
    return read_resource(name, directory, authority.home(directory), app)


def _check_type(sent: Parameters, app: RegisteredApp) -> frozenset[str]:
    """The words of `response_type`. Raises 70005, 700051, 700054, 70007 or 900144."""
    sent.get("state")
    wants = _words(sent.need("response_type"))
    if "token" in wants:
        raise refuse(700051)  # fidelity: response-type-token
    if not wants or not wants <= _KINDS:
        raise refuse(70005)
    mode = sent.get("response_mode")
    if mode not in (None, *_MODES):
        raise refuse(70007, mode)
    # fidelity: response-type
    if "id_token" in wants:
        if not app.id_tokens:
            raise refuse(700054)
        if mode == "query":
            raise refuse(70007, mode)
        sent.need("nonce")
    return wants


def _read_rest(
    sent: Parameters,
    authority: TenantAuthority,
    app: RegisteredApp,
    platform: Platform,
    destination: Destination,
    requested: RequestedScope,
    version: int,
) -> AuthorizeRequest:
    prompt = sent.get("prompt")
    if prompt not in (None, *_PROMPTS):
        raise refuse(90023, "prompt")
    wants = _words(sent.get("response_type"))
    challenge = read_challenge(sent, platform) if "code" in wants else None
    sent.get("domain_hint")  # fidelity: hints
    return AuthorizeRequest(
        authority=authority,
        app=app,
        platform=platform,
        destination=destination,
        requested=requested,
        wants=wants,
        version=version,
        challenge=challenge,
        nonce=sent.get("nonce"),
        prompt=prompt,
        login_hint=sent.get("login_hint"),
        client_info=sent.get("client_info") == "1",
        claims=read_claims(sent.get("claims")),
        sent=sent.fields,
    )
