"""The grants of a token request. One function for each grant type.

A grant function gets the request, checks what is handed in, and says what may be
issued for it. It issues nothing itself: `token_endpoint` does, the same way for all.
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
from entra_oauth.practice.token.grant_request import UserGrant, choose_resource
from entra_oauth.practice.token.password_grant import password

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.practice.http.refusals import Refused
    from entra_oauth.practice.state.issued import IssuedCode, RefreshGrant
    from entra_oauth.practice.token.grant_request import AppGrant, GrantRequest

__all__ = ["GRANTS"]

_CODE_LIVES_S = 600  # "valid for about ten minutes": v2-oauth2-auth-code-flow
_REFRESH_LIVES_S = 90 * 86_400
_SPA_REFRESH_LIVES_S = 86_400


def redeem_code(request: GrantRequest) -> UserGrant:
    """`authorization_code` (RFC 6749 §4.1.3, RFC 7636 §4.6)."""
    context, call = request.context, request.call
    code = request.need("code")
    issued_code = context.issued.code(code)
    if issued_code is None:
        # fidelity: malformed-code - a code that was never issued, or was cut or changed
        raise refuse(70000 if _looks_like_ours(code) else 9002313)
    # Whose code it is comes first: somebody who holds a stolen one must not learn more about it
    # than that. The app's proof follows, then what the code is bound to, then its state.
    authorized = issued_code.request
    if authorized.app.client_id != request.app.client_id:
        raise refuse(70000)
    check_platform(request, authorized.platform)
    _check_binding(request, issued_code)
    if issued_code.spent:
        raise _spent(request, issued_code)  # fidelity: code-single-use, code-reuse-revokes
    if call.now - issued_code.issued_at > _CODE_LIVES_S:
        raise refuse(70008)  # fidelity: code-life
    # fidelity: pkce-wrong-verifier - a wrong verifier does not use the code up
    check_verifier(authorized.challenge, call.form.get("code_verifier"))
    resource_scope = choose_resource(request, authorized.requested, issued_code.user)
    claims = read_claims(call.form.get("claims"))
    # Everything that can fail comes before this line, so that a request with a mistake does not
    # use the code up. Of two good ones at the same moment only one gets past it.
    if not context.issued.spend(code):
        raise _spent(request, issued_code)
    _note(request, issued_code, None)
    return UserGrant(
        user=issued_code.user,
        tenant=issued_code.tenant,
        platform=authorized.platform,
        resource_scope=resource_scope,
        requested=authorized.requested,
        nonce=authorized.nonce,
        first_issued_at=call.now,
        amr=issued_code.amr,
        claims=claims.joined(authorized.claims),
    )


def _spent(request: GrantRequest, issued_code: IssuedCode) -> Refused:
    no = refuse(54005)
    _note(request, issued_code, no)
    return no


def _note(request: GrantRequest, issued_code: IssuedCode, no: Refused | None) -> None:
    """Each time a code is handed in, the administrator's log gets a row without a person."""
    # fidelity: sign-in-log
    requested = issued_code.request.requested
    request.context.sign_ins.note(
        request.call,
        issued_code.user,
        request.app,
        requested.resources[0].resource,
        in_browser=False,
        no=no,
        interactive=False,
        session=issued_code.session,
    )


def redeem_refresh(request: GrantRequest) -> UserGrant:
    """`refresh_token` (RFC 6749 §6). The old token stays good: Entra does not revoke it."""
    # fidelity: refresh-rotation
    grant = request.context.issued.refresh(request.need("refresh_token"))
    if grant is None:
        raise refuse(9002313)
    _check_whose(request, grant)
    check_platform(request, grant.platform)
    _check_age(request, grant)
    return UserGrant(
        user=grant.user,
        tenant=grant.tenant,
        platform=grant.platform,
        resource_scope=choose_resource(request, grant.requested, grant.user),
        requested=grant.requested,
        first_issued_at=grant.first_issued_at,
        amr=grant.amr,
        claims=read_claims(request.call.form.get("claims")),
    )


GRANTS: dict[str, Callable[[GrantRequest], UserGrant | AppGrant]] = {
    "authorization_code": redeem_code,
    "refresh_token": redeem_refresh,
    "password": password,
    "client_credentials": client_credentials,
    "urn:ietf:params:oauth:grant-type:device_code": redeem_device_code,
    "device_code": redeem_device_code,  # fidelity: device-short-name
    "urn:ietf:params:oauth:grant-type:jwt-bearer": on_behalf_of,
}
"""By `grant_type`. Whatever is not here is AADSTS70003."""  # fidelity: grants


def _check_binding(request: GrantRequest, issued_code: IssuedCode) -> None:
    """A code is good for one tenant segment and one redirect URI only."""
    # fidelity: code-tenant - one of a tenant's own address is taken at organizations as well:
    # Databricks' SQL connector is led to the first and redeems at the second
    origin = issued_code.request.authority
    widened = origin.tenant is not None and request.authority.segment == "organizations"
    if origin.key != request.authority.key and not widened:
        raise refuse(700005)
    # fidelity: redirect-uri-at-token - equal as text, not merely equivalent
    given, ours = request.need("redirect_uri"), issued_code.request.destination.redirect_uri
    if given != ours:
        raise refuse(500112, given, ours)


def _looks_like_ours(code: str) -> bool:
    return code.isascii() and all(c.isalnum() or c in "-_." for c in code) and len(code) > 16


def _check_whose(request: GrantRequest, grant: RefreshGrant) -> None:
    """A refresh token belongs to one app, or to a family of them."""
    # fidelity: family
    if grant.app.client_id == request.app.client_id:
        return
    if grant.app.family and request.app.family:
        return
    raise refuse(70000, suberror="client_mismatch" if grant.app.family else None)


def _check_age(request: GrantRequest, grant: RefreshGrant) -> None:
    now = request.call.now
    revoked = request.context.issued.revoked(grant.user.oid)
    if revoked is not None and grant.first_issued_at <= revoked:
        raise refuse(50173, entra_time(grant.issued_at), entra_time(revoked))  # fidelity: revoked
    if grant.platform is Platform.SPA:
        if now - grant.first_issued_at > _SPA_REFRESH_LIVES_S:
            raise refuse(700084, entra_time(grant.first_issued_at))
    elif now - grant.issued_at > _REFRESH_LIVES_S:
        raise refuse(700082, entra_time(grant.issued_at))
