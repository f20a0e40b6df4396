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
        return _read_rest(sent, authority, app, platform, destination, requested)
    except Refused as refused:
        raise RefusedTo(refused, destination) from None


def find_destination(sent: Parameters, app: RegisteredApp) -> tuple[Destination, Platform]:
    """Find the place to which the answer may go. Raises 50011 or 500113."""
    redirect_uri = _redirect_uri(sent, app)
    registered = redirects.find(app, redirect_uri)
    if registered is None:
        raise refuse(50011, redirect_uri, app.client_id)
    destination = Destination(
        redirect_uri=redirect_uri, mode=_mode_or_query(sent), state=_or_none(sent, "state")
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


def _mode_or_query(sent: Parameters) -> str:
    """Errors must travel somehow, even the one that says that this value is wrong."""
    mode = _or_none(sent, "response_mode")
    return mode if mode in _MODES else "query"


def _or_none(sent: Parameters, name: str) -> str | None:
    """The first value; that it stands twice is found out with the other checks."""
    return next((v for n, v in sent.fields if n == name), None)


def _read_requested(
    sent: Parameters, authority: TenantAuthority, directory: Directory, app: RegisteredApp
) -> RequestedScope:
    _check_type(sent)
    scope = sent.need("scope")
    check_target(sent.get("resource"), scope, directory)
    return read_scope(scope, directory, authority.home(directory), app)


def _read_requested_v1(
    sent: Parameters, authority: TenantAuthority, directory: Directory, app: RegisteredApp
) -> RequestedScope:
    # fidelity: v1-resource - left out, it may still be named at the token endpoint
    _check_type(sent)
    return read_resource(sent.get("resource") or GRAPH, directory, authority.home(directory))


def _check_type(sent: Parameters) -> None:
    sent.get("state")
    if sent.need("response_type") != "code":
        raise refuse(70005)  # fidelity: response-type
    mode = sent.get("response_mode")
    if mode not in (None, *_MODES):
        raise refuse(70007, mode)


def _read_rest(
    sent: Parameters,
    authority: TenantAuthority,
    app: RegisteredApp,
    platform: Platform,
    destination: Destination,
    requested: RequestedScope,
) -> AuthorizeRequest:
    prompt = sent.get("prompt")
    if prompt not in (None, *_PROMPTS):
        raise refuse(90023, "prompt")
    challenge = read_challenge(sent, platform)
    sent.get("domain_hint")  # fidelity: hints
    return AuthorizeRequest(
        authority=authority,
        app=app,
        platform=platform,
        destination=destination,
        requested=requested,
        challenge=challenge,
        nonce=sent.get("nonce"),
        prompt=prompt,
        login_hint=sent.get("login_hint"),
        client_info=sent.get("client_info") == "1",
        claims=read_claims(sent.get("claims")),
        sent=sent.fields,
    )
