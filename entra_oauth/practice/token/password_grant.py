"""The password grant, and the question that clients ask before it.

https://learn.microsoft.com/entra/identity-platform/v2-oauth-ropc
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import unquote

from entra_oauth.practice.http.refusals import refuse
from entra_oauth.practice.http.responses import json_answer
from entra_oauth.practice.request.claims_request import read_claims
from entra_oauth.practice.state.accounts import check_password, wants_second_step
from entra_oauth.practice.token.app_proof import check_public_flow
from entra_oauth.practice.token.grant_request import Granted, asked_now, need_consent

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.http.refusals import Refused
    from entra_oauth.practice.request.scope_string import Wanted
    from entra_oauth.practice.state.context import World
    from entra_oauth.practice.token.grant_request import TokenCall
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["password", "user_realm"]

_LONGEST_PASSWORD = 256


def password(token: TokenCall) -> Granted:
    """`password` (RFC 6749 §4.3): what no new program should use."""
    name, secret = token.need("username"), token.need("password")
    if token.authority.segment in ("common", "consumers"):
        raise refuse(9001023)  # fidelity: ropc-common
    platform = check_public_flow(token)
    asked = asked_now(token)
    if len(secret) > _LONGEST_PASSWORD:
        raise refuse(50052)
    now = token.call.now
    _refuse_federated(token, name)
    user = check_password(token.world, name, secret, token.authority.tenant, now)
    (wanted,) = asked.wanted
    if wants_second_step(user, ("pwd",)):
        raise _second_step_needed(token, wanted)
    need_consent(token, wanted, user)
    return Granted(
        user=user,
        tenant=token.world.directory.tenant_of(user),
        platform=platform,
        wanted=wanted,
        asked=asked,
        first_issued=now,
        claims=read_claims(token.call.form.get("claims")),
    )


def _second_step_needed(token: TokenCall, wanted: Wanted) -> Refused:
    """v2.0 names a suberror; v1.0 had an error of its own, and claims to send back."""
    if token.version == 2:
        return refuse(50076, wanted.resource.id)
    no = refuse(50076, wanted.resource.id, error="interaction_required")  # fidelity: mfa-v1
    policies = {"essential": True, "values": [token.world.chance.guid()]}
    no.suberror = None
    no.claims = json.dumps({"access_token": {"polids": policies}}, separators=(",", ":"))
    return no


def _refuse_federated(token: TokenCall, name: str) -> None:
    """Entra does not have the password of a federated account to compare."""
    # fidelity: ropc-federated
    user = token.world.directory.user(name)
    if user is not None and user.federated:
        raise refuse(50126)


def user_realm(world: World, call: Call) -> HttpResponse:
    """GET `/common/userrealm/{name}`: who knows that person's password."""
    # fidelity: user-realm
    name = unquote("/".join(call.segments[2:]), errors="replace").lower()
    user = world.directory.user(name)
    domain = name.rpartition("@")[2]
    body: dict[str, object] = {"ver": "1.0", "account_type": "Unknown", "domain_name": domain}
    if user is not None or world.directory.tenant(domain) is not None:
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
