"""The password grant, and the question that clients ask before it.

https://learn.microsoft.com/entra/identity-platform/v2-oauth-ropc
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import unquote

from entra_oauth.practice.http.refusals import Refused, refuse
from entra_oauth.practice.http.responses import json_answer
from entra_oauth.practice.request.claims_request import read_claims
from entra_oauth.practice.state.accounts import check_password, wants_second_step
from entra_oauth.practice.token.app_proof import check_public_flow
from entra_oauth.practice.token.grant_request import UserGrant, need_consent, requested_now

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import User
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.request.scope_string import ResourceScope
    from entra_oauth.practice.state.context import Context
    from entra_oauth.practice.token.grant_request import GrantRequest
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["password", "user_realm"]

_LONGEST_PASSWORD = 256


def password(request: GrantRequest) -> UserGrant:
    """`password` (RFC 6749 §4.3): what no new program should use."""
    name, secret = request.need("username"), request.need("password")
    if request.authority.segment in ("common", "consumers"):
        raise refuse(9001023)  # fidelity: ropc-common
    platform = check_public_flow(request)
    requested = requested_now(request)
    if len(secret) > _LONGEST_PASSWORD:
        raise refuse(50052)
    (resource_scope,) = requested.resources
    try:
        user = _signed_in(request, resource_scope, name, secret)
    except Refused as no:
        _note(request, resource_scope, request.context.directory.user(name), no)
        raise
    _note(request, resource_scope, user, None)
    return UserGrant(
        user=user,
        tenant=request.context.directory.tenant_of(user),
        platform=platform,
        resource_scope=resource_scope,
        requested=requested,
        first_issued_at=request.call.now,
        claims=read_claims(request.call.form.get("claims")),
    )


def _signed_in(
    request: GrantRequest, resource_scope: ResourceScope, name: str, secret: str
) -> User:
    """The person, if name and password are enough. Raises `Refused`."""
    _refuse_federated(request, name)
    user = check_password(request.context, name, secret, request.authority.tenant, request.call.now)
    if wants_second_step(user, ("pwd",)):
        raise _second_step_needed(request, resource_scope)
    need_consent(request, resource_scope, user)
    return user


def _note(
    request: GrantRequest, resource_scope: ResourceScope, user: User | None, no: Refused | None
) -> None:
    log, resource = request.context.sign_ins, resource_scope.resource
    log.note(request.call, user, request.app, resource, in_browser=False, no=no)


def _second_step_needed(request: GrantRequest, resource_scope: ResourceScope) -> Refused:
    """v2.0 names a suberror; v1.0 had an error of its own, and claims to send back."""
    if request.version == 2:
        return refuse(50076, resource_scope.resource.id)
    no = refuse(50076, resource_scope.resource.id, error="interaction_required")  # fidelity: mfa-v1
    policies = {"essential": True, "values": [request.context.chance.guid()]}
    no.suberror = None
    no.claims = json.dumps({"access_token": {"polids": policies}}, separators=(",", ":"))
    return no


def _refuse_federated(request: GrantRequest, name: str) -> None:
    """Entra does not have the password of a federated account to compare."""
    # fidelity: ropc-federated
    user = request.context.directory.user(name)
    if user is not None and user.federated:
        raise refuse(50126)


def user_realm(context: Context, call: Call) -> HttpResponse:
    """GET `/common/userrealm/{name}`: who knows that person's password."""
    # fidelity: user-realm
    name = unquote("/".join(call.segments[2:]), errors="replace").lower()
    user = context.directory.user(name)
    domain = name.rpartition("@")[2]
    body: dict[str, object] = {"ver": "1.0", "account_type": "Unknown", "domain_name": domain}
    if user is not None or context.directory.tenant(domain) is not None:
        body["account_type"] = "Federated" if user is not None and user.federated else "Managed"
        body["cloud_instance_name"] = "microsoftonline.com"
        body["cloud_audience_urn"] = "urn:federation:MicrosoftOnline"
    if body["account_type"] == "Federated":
        at = f"{call.base_url}/adfs/services/trust"  # fidelity: ws-trust
        body["federation_protocol"] = "WSTrust"
        body["federation_metadata_url"] = f"{at}/mex"
        body["federation_active_auth_url"] = f"{at}/2005/usernamemixed"
    disposition = ("Content-Disposition", "inline; filename=userrealm.json")
    text = json.dumps(body, separators=(",", ":"))
    return json_answer(200, text, call, telemetry="1,0,0,,", extra=(disposition,))
