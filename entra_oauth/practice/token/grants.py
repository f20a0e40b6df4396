"""What a token request can be paid with. One function per grant type.

A grant function gets the request, checks what is handed in, and says what may be
issued for it. It issues nothing itself: `token.py` does, the same way for all.
To add a grant, write such a function and put it into `GRANTS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.practice.directory.model import Platform
from entra_oauth.practice.http.refusals import entra_time, refuse
from entra_oauth.practice.request.challenge import check_verifier
from entra_oauth.practice.request.claims_request import read_claims
from entra_oauth.practice.token.app_grants import client_credentials, on_behalf_of
from entra_oauth.practice.token.app_proof import check_platform
from entra_oauth.practice.token.device_grant import redeem_device_code
from entra_oauth.practice.token.grant_request import Granted, choose_resource
from entra_oauth.practice.token.password_grant import password

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.practice.state.issued import IssuedCode, RefreshGrant
    from entra_oauth.practice.token.grant_request import GrantedToApp, TokenCall

__all__ = ["GRANTS"]

_CODE_LIVES_S = 600  # "valid for about ten minutes": v2-oauth2-auth-code-flow
_REFRESH_LIVES_S = 90 * 86_400
_SPA_REFRESH_LIVES_S = 86_400


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
    check_platform(token, request.platform)
    _check_binding(token, issued)
    if issued.spent:
        raise refuse(54005)  # fidelity: code-single-use, code-reuse-revokes
    if call.now - issued.issued > _CODE_LIVES_S:
        raise refuse(70008)  # fidelity: code-life
    # fidelity: pkce-wrong-verifier - a wrong verifier does not use the code up
    check_verifier(request.challenge, call.form.get("code_verifier"))
    wanted = choose_resource(token, request.asked, issued.user)
    claims = read_claims(call.form.get("claims"))
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
        amr=issued.amr,
        claims=claims.joined(request.claims),
    )


def redeem_refresh(token: TokenCall) -> Granted:
    """`refresh_token` (RFC 6749 §6). The old token stays good: Entra does not revoke it."""
    # fidelity: refresh-rotation
    grant = token.world.ledger.refresh(token.need("refresh_token"))
    if grant is None:
        raise refuse(9002313)
    _check_whose(token, grant)
    check_platform(token, grant.platform)
    _check_age(token, grant)
    return Granted(
        user=grant.user,
        tenant=grant.tenant,
        platform=grant.platform,
        wanted=choose_resource(token, grant.asked, grant.user),
        asked=grant.asked,
        first_issued=grant.first_issued,
        amr=grant.amr,
        claims=read_claims(token.call.form.get("claims")),
    )


GRANTS: dict[str, Callable[[TokenCall], Granted | GrantedToApp]] = {
    "authorization_code": redeem_code,
    "refresh_token": redeem_refresh,
    "password": password,
    "client_credentials": client_credentials,
    "urn:ietf:params:oauth:grant-type:device_code": redeem_device_code,
    "device_code": redeem_device_code,  # fidelity: device-short-name
    "urn:ietf:params:oauth:grant-type:jwt-bearer": on_behalf_of,
}
"""By `grant_type`. Whatever is not here is AADSTS70003."""  # fidelity: grants


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


def _check_whose(token: TokenCall, grant: RefreshGrant) -> None:
    """A refresh token belongs to one app, or to a family of them."""
    # fidelity: family
    if grant.app.client_id == token.app.client_id:
        return
    if grant.app.family and token.app.family:
        return
    raise refuse(70000, suberror="client_mismatch" if grant.app.family else None)


def _check_age(token: TokenCall, grant: RefreshGrant) -> None:
    now = token.call.now
    revoked = token.world.ledger.revoked(grant.user.oid)
    if revoked is not None and grant.first_issued <= revoked:
        raise refuse(50173, entra_time(grant.issued), entra_time(revoked))  # fidelity: revoked
    if grant.platform is Platform.SPA:
        if now - grant.first_issued > _SPA_REFRESH_LIVES_S:
            raise refuse(700084, entra_time(grant.first_issued))
    elif now - grant.issued > _REFRESH_LIVES_S:
        raise refuse(700082, entra_time(grant.issued))
