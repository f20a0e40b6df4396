"""What a token request can be paid with. One function per grant type.

A grant function gets the request, checks what is handed in, and says what may be
issued for it. It issues nothing itself: `token.py` does, the same way for all.
To add a grant, write such a function and put it into `GRANTS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from entra_oauth.practice.directory import Platform
from entra_oauth.practice.pkce import check_verifier
from entra_oauth.practice.refusals import refuse, stamp
from entra_oauth.practice.scopes import Asked, Wanted, read_scope

if TYPE_CHECKING:
    from entra_oauth.practice.calls import Call
    from entra_oauth.practice.directory import App, Tenant, User
    from entra_oauth.practice.ledger import IssuedCode
    from entra_oauth.practice.world import Authority, World

__all__ = ["GRANTS", "Credential", "Granted", "TokenCall"]

_CODE_LIVES_S = 600  # "valid for about ten minutes": v2-oauth2-auth-code-flow
_REFRESH_LIVES_S = 90 * 86_400
_SPA_REFRESH_LIVES_S = 86_400


@dataclass(frozen=True, slots=True)
class Credential:
    """How the app proved itself, if it did."""

    secret: str | None = field(default=None, repr=False)

    @property
    def proof(self) -> str:
        return "0" if self.secret is None else "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCall:
    """A token request whose client is known to exist."""

    world: World
    call: Call
    authority: Authority
    app: App
    credential: Credential

    def need(self, name: str) -> str:
        return self.call.form.need(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What may be issued."""

    user: User
    tenant: Tenant
    platform: Platform
    wanted: Wanted
    """The one resource that the access token is for."""
    asked: Asked
    """All that was agreed; a refresh token stands for this."""
    nonce: str | None = field(default=None, repr=False)
    first_issued: float
    """When the line of refresh tokens began."""


def redeem_code(token: TokenCall) -> Granted:
    """`authorization_code` (RFC 6749 §4.1.3, RFC 7636 §4.6)."""
    world, call = token.world, token.call
    code = token.need("code")
    issued = world.ledger.code(code)
    if issued is None:
        # fidelity: malformed-code - a code that was never issued, or was cut or changed
        raise refuse(70000 if _looks_like_ours(code) else 9002313)
    request = issued.request
    if request.app.client_id != token.app.client_id:
        raise refuse(70000)
    check_client(token, request.platform)
    _check_binding(token, issued)
    if issued.spent:
        raise refuse(54005)  # fidelity: code-single-use, code-reuse-revokes
    if call.now - issued.issued > _CODE_LIVES_S:
        raise refuse(70008)  # fidelity: code-life
    # fidelity: pkce-wrong-verifier - a wrong verifier does not use the code up
    check_verifier(request.challenge, call.form.get("code_verifier"))
    wanted = choose_resource(token, request.asked, issued.user)
    if not world.ledger.spend(code):
        raise refuse(54005)
    return Granted(
        user=issued.user,
        tenant=issued.tenant,
        platform=request.platform,
        wanted=wanted,
        asked=request.asked,
        nonce=request.nonce,
        first_issued=call.now,
    )


def redeem_refresh(token: TokenCall) -> Granted:
    """`refresh_token` (RFC 6749 §6). The old token stays good: Entra does not revoke it."""
    # fidelity: refresh-rotation
    world, call = token.world, token.call
    grant = world.ledger.refresh(token.need("refresh_token"))
    if grant is None:
        raise refuse(9002313)
    if grant.app.client_id != token.app.client_id:
        raise refuse(70000)
    check_client(token, grant.platform)
    if grant.platform is Platform.SPA:
        if call.now - grant.first_issued > _SPA_REFRESH_LIVES_S:
            raise refuse(700084, stamp(grant.first_issued))
    elif call.now - grant.issued > _REFRESH_LIVES_S:
        raise refuse(700082, stamp(grant.issued))
    return Granted(
        user=grant.user,
        tenant=grant.tenant,
        platform=grant.platform,
        wanted=choose_resource(token, grant.asked, grant.user),
        asked=grant.asked,
        first_issued=grant.first_issued,
    )


GRANTS: dict[str, Callable[[TokenCall], Granted]] = {
    "authorization_code": redeem_code,
    "refresh_token": redeem_refresh,
}
"""By `grant_type`. Whatever is not here is AADSTS70003."""  # fidelity: grants


def check_client(token: TokenCall, platform: Platform) -> None:
    """Does the client behave as the platform of its redirect URI demands?"""
    # fidelity: platforms
    origin = token.call.request.header("Origin")
    if platform is Platform.SPA and origin is None:
        raise refuse(9002327)
    if platform is not Platform.SPA and origin is not None:
        raise refuse(9002326, origin)
    secret = token.credential.secret
    if platform is not Platform.WEB:
        if secret is not None or token.call.form.has("client_assertion"):
            raise refuse(700025)
    elif secret is None:
        raise refuse(7000218)
    elif secret != token.app.secret:
        raise refuse(7000215, token.app.client_id)


def choose_resource(token: TokenCall, asked: Asked, user: User) -> Wanted:
    """The resource of this token: what `scope` says now, else the first that was agreed."""
    form = token.call.form
    text = form.get("scope")
    if text is None:
        if form.has("scope"):
            raise refuse(28003)
        return asked.wanted[0]
    directory = token.world.directory
    now = read_scope(text, directory, token.authority.home(directory), token.app)
    if len(now.wanted) > 1:
        raise refuse(28000, text)
    if _names_only_oidc(now, text):
        return asked.wanted[0]
    wanted = now.wanted[0]
    if not token.world.ledger.consented(user.oid, token.app.client_id, wanted.resource.id):
        raise refuse(65001, token.app.client_id, token.app.name)
    return wanted


def _names_only_oidc(now: Asked, text: str) -> bool:
    return set(text.split()) <= set(now.oidc)


def _check_binding(token: TokenCall, issued: IssuedCode) -> None:
    """A code is good for one tenant segment and one redirect URI only."""
    if issued.request.authority.key != token.authority.key:
        raise refuse(700005)  # fidelity: code-tenant
    # fidelity: redirect-uri-at-token - equal as text, not merely equivalent
    given, ours = token.need("redirect_uri"), issued.request.destination.redirect_uri
    if given != ours:
        raise refuse(500112, given, ours)


def _looks_like_ours(code: str) -> bool:
    return code.isascii() and all(c.isalnum() or c in "-_." for c in code) and len(code) > 16
