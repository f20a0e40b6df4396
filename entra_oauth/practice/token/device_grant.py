"""A device asks for its tokens, again and again, until somebody has said yes or no."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from entra_oauth.practice.http.refusals import because_of, refuse
from entra_oauth.practice.request.claims_request import read_claims
from entra_oauth.practice.state.issued import DEVICE_LIVES_S, INTERVAL_S
from entra_oauth.practice.token.app_proof import check_public_flow
from entra_oauth.practice.token.grant_request import UserGrant, choose_resource

if TYPE_CHECKING:
    from entra_oauth.practice.http.refusals import Refused
    from entra_oauth.practice.state.issued import DeviceGrant
    from entra_oauth.practice.token.grant_request import GrantRequest

__all__ = ["redeem_device_code"]

_EARLY_S = INTERVAL_S - 1
"""A poll that comes sooner than this after the one before counts as hasty."""


def redeem_device_code(request: GrantRequest) -> UserGrant:
    """`urn:ietf:params:oauth:grant-type:device_code` (RFC 8628 §3.4)."""
    form, issued = request.call.form, request.context.issued
    # fidelity: device-code-twice - msal sends the value under both names
    device_code = form.get("device_code") or form.get("code") or request.need("device_code")
    if form.get("code") not in (None, device_code):
        raise refuse(9002313)
    grant = issued.device(device_code)
    if grant is None:
        raise refuse(70018)
    if grant.app.client_id != request.app.client_id:
        raise refuse(70000)
    if grant.authority.key != request.authority.key:
        raise refuse(700005)
    platform = check_public_flow(request)
    _check_haste(request, device_code, grant)
    if request.call.now - grant.issued_at > DEVICE_LIVES_S:
        raise _of(grant, refuse(70020))
    if grant.declined:
        no = refuse(65004, error="authorization_declined")  # fidelity: declined
        raise _of(grant, because_of(grant.fault, no))
    if grant.user is None:
        raise _of(grant, refuse(70016))
    resource_scope = choose_resource(request, grant.requested, grant.user)
    claims = read_claims(form.get("claims"))
    if not issued.change_device(device_code, _spend):
        raise refuse(54005)  # fidelity: device-code-spent
    return UserGrant(
        user=grant.user,
        tenant=request.context.directory.tenant_of(grant.user),
        platform=platform,
        resource_scope=resource_scope,
        requested=grant.requested,
        first_issued_at=request.call.now,
        amr=grant.amr,
        claims=claims,
    )


def _spend(grant: DeviceGrant) -> DeviceGrant | None:
    return None if grant.spent else replace(grant, spent=True)


def _check_haste(request: GrantRequest, device_code: str, grant: DeviceGrant) -> None:
    """AADSTS50196 for a client that keeps asking much faster than it was told to."""
    now = request.call.now
    request.context.issued.change_device(device_code, lambda g: replace(g, last_poll=now))
    hasty = grant.last_poll and now - grant.last_poll < _EARLY_S
    if hasty and request.context.limits.loops(("device", device_code), now):
        raise _of(grant, refuse(50196))  # fidelity: loop-guard


def _of(grant: DeviceGrant, refused: Refused) -> Refused:
    """The answer carries the ids of the request for the code, as was recorded."""
    # fidelity: device-correlation
    refused.correlation_id = grant.device_call.correlation_id
    refused.echoes_correlation = grant.device_call.echoes_correlation
    return refused
