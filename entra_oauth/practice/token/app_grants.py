"""An app asks for itself, or hands on what a person gave it.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
and .../v2-oauth2-on-behalf-of-flow
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.practice.directory.model import Platform
from entra_oauth.practice.http.refusals import refuse
from entra_oauth.practice.request.claims_request import read_claims
from entra_oauth.practice.request.scope_string import check_target, read_app_scope
from entra_oauth.practice.signing.jws import believed, is_current, split
from entra_oauth.practice.token.app_proof import check_confidential
from entra_oauth.practice.token.grant_request import (
    AppGrant,
    UserGrant,
    need_consent,
    requested_now,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.practice.directory.model import User
    from entra_oauth.practice.token.grant_request import GrantRequest

__all__ = ["client_credentials", "on_behalf_of"]

_APP_LIFE_S = 3600
_FEDERATED_LIFE_S = 86_400


def client_credentials(request: GrantRequest) -> AppGrant:
    """`client_credentials` (RFC 6749 §4.4)."""
    tenant = request.authority.tenant
    if tenant is None:
        raise refuse(50059)  # fidelity: app-common
    check_confidential(request)
    if request.version == 1:
        (resource_scope,) = requested_now(request).resources
    else:
        scope = request.need("scope")
        check_target(request.call.form.get("resource"), scope, request.context.directory)
        resource_scope = read_app_scope(scope, request.context.directory, tenant, request.app)
    assertion = request.credential.assertion
    federated = assertion is not None and not _names_certificate(assertion)
    return AppGrant(
        tenant=tenant,
        resource_scope=resource_scope,
        life_s=_FEDERATED_LIFE_S if federated else _APP_LIFE_S,  # fidelity: app-life
        claims=read_claims(request.call.form.get("claims")),
    )


def _names_certificate(assertion: str) -> bool:
    read = split(assertion)
    return read is not None and bool({"x5t", "x5t#S256"} & set(read.header))


def on_behalf_of(request: GrantRequest) -> UserGrant:
    """`urn:ietf:params:oauth:grant-type:jwt-bearer` with `requested_token_use`."""
    if request.need("requested_token_use") != "on_behalf_of":
        raise refuse(90023, "requested_token_use")
    assertion = request.need("assertion")
    check_confidential(request)
    requested = requested_now(request)
    claims = _claims_for(request, assertion)
    user = _person(request, claims)
    (resource_scope,) = requested.resources
    need_consent(request, resource_scope, user)
    return UserGrant(
        user=user,
        tenant=request.context.directory.tenant_of(user),
        platform=Platform.WEB,
        resource_scope=resource_scope,
        requested=requested,
        first_issued_at=request.call.now,
        amr=("pwd", "mfa") if user.mfa else ("pwd",),
        claims=read_claims(request.call.form.get("claims")),
    )


def _claims_for(request: GrantRequest, assertion: str) -> Mapping[str, object]:
    """The claims of an access token that was made for this very app."""
    # fidelity: on-behalf-of
    claims = believed(assertion, request.context.keys.key())
    if claims is None:
        raise refuse(50013)
    mine = request.context.directory.resource(request.app.client_id)
    names = {request.app.client_id, *(mine.uris if mine is not None else ())}
    if claims.get("aud") not in names:
        raise refuse(500131)
    if not is_current(claims, request.call.now):
        raise refuse(500133)
    if "azp" not in claims and "appid" not in claims:
        raise refuse(240002)
    return claims


def _person(request: GrantRequest, claims: Mapping[str, object]) -> User:
    user = request.context.directory.user_with_oid(str(claims.get("oid")))
    if user is None:
        raise refuse(7000114, request.app.client_id)
    return user
