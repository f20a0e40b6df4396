"""The token endpoint: the client, its grant, and the tokens that it gets.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.practice.directory.model import Platform, client_info
from entra_oauth.practice.directory.tenant_authority import read_authority
from entra_oauth.practice.http.refusals import Refused, refuse
from entra_oauth.practice.http.responses import as_json, empty_answer, json_answer, text_answer
from entra_oauth.practice.pages import forms
from entra_oauth.practice.signing.jws import compact_json
from entra_oauth.practice.state.issued import RefreshGrant
from entra_oauth.practice.token.app_proof import read_credential
from entra_oauth.practice.token.grant_request import AppGrant, GrantRequest
from entra_oauth.practice.token.grants import GRANTS
from entra_oauth.practice.token.signed_tokens import Subject, make_access_token, make_id_token

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import RegisteredApp
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.state.context import Context
    from entra_oauth.practice.token.grant_request import UserGrant
    from entra_oauth.protocol.messages import Fields, HttpResponse

__all__ = ["preflight", "readable_by_page", "throttled", "token", "token_v1"]

_SHORTEST_LIFE_S = 60 * 60
_LONGEST_LIFE_S = 90 * 60
_SHORTEST_CAE_LIFE_S = 20 * 3600
_LONGEST_CAE_LIFE_S = 28 * 3600


def token(context: Context, call: Call) -> HttpResponse:
    """POST `/{tenant}/oauth2/v2.0/token`."""
    return _token(context, call, version=2)


def token_v1(context: Context, call: Call) -> HttpResponse:
    """POST `/{tenant}/oauth2/token`: the older endpoint, with `resource`."""
    return _token(context, call, version=1)


def _token(context: Context, call: Call, *, version: int) -> HttpResponse:
    if call.method != "POST":
        return forms.error(refuse(900561, "POST", call.method), call)
    readable: Fields = ()
    try:
        # Who asks is known before `readable` is set: until then there is no app whose page could
        # have a right to read the error.
        request = _read_grant_request(context, call, version)
        readable = readable_by_page(request.app, call)
        grant = GRANTS[call.form.need("grant_type")](request)
        if isinstance(grant, AppGrant):
            body = _issue_to_app(request, grant)
        else:
            body = _issue(request, grant)
    except Refused as refused:
        return as_json(refused, call, extra=readable)
    answer = compact_json(body)
    return json_answer(200, answer, call, telemetry="1,0,0,,", extra=readable)


def throttled(context: Context, call: Call) -> HttpResponse | None:
    """429 as plain text for a client that has to wait; None if it may ask."""
    # fidelity: throttling
    fields = call.form.fields
    client = next((value.lower() for name, value in fields if name == "client_id"), "")
    wait_s = context.limits.wait_s(client, call.now)
    if wait_s is None:
        return None
    return text_answer(429, "Too Many Requests", call, extra=(("Retry-After", str(wait_s)),))


def preflight(context: Context, call: Call) -> HttpResponse:
    """OPTIONS on the token endpoint: a browser's question before a page's request."""
    # fidelity: cors
    origin = call.origin
    if origin is None:
        return empty_answer(call)
    allowed = (
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Methods", "POST, OPTIONS"),
        ("Access-Control-Allow-Headers", "content-type, client-request-id"),
        ("Vary", "Origin"),
    )
    return empty_answer(call, extra=allowed)


def _read_grant_request(context: Context, call: Call, version: int) -> GrantRequest:
    """Check all that comes before the grant itself, in Entra's order.

    Tenant, grant type and client come first; the proof is only read here. The grant checks it,
    because each knows whether one is due.
    """
    authority = read_authority(call.segments[0], context.directory)
    grant_type = call.form.need("grant_type")
    if grant_type not in GRANTS:
        raise refuse(70003, grant_type)
    basic_id, credential = read_credential(call)
    client_id = call.form.get("client_id") or basic_id or call.form.need("client_id")
    # fidelity: unknown-parameters - `state` and everything else that is not named is ignored
    return GrantRequest(
        context=context,
        call=call,
        authority=authority,
        app=authority.app(client_id, context.directory),
        credential=credential,
        version=version,
    )


def readable_by_page(app: RegisteredApp, call: Call) -> Fields:
    """The headers that let the script of a single-page app read the answer, and no other (CORS)."""
    # fidelity: cors
    if call.origin is None or all(r.platform is not Platform.SPA for r in app.redirects):
        return ()
    return (("Access-Control-Allow-Origin", call.origin), ("Vary", "Origin"))


def _issue(request: GrantRequest, grant: UserGrant) -> dict[str, object]:
    """The body of a good answer; its members in the order Entra was seen to use."""
    context, call, resource_scope = request.context, request.call, grant.resource_scope
    cae = grant.claims.cae and resource_scope.resource.cae
    subject = Subject(
        app=request.app,
        tenant=grant.tenant,
        user=grant.user,
        proof=request.credential.proof,
        amr=grant.amr,
        cae=cae,
    )
    # fidelity: token-life, cae-life
    shortest, longest = (
        (_SHORTEST_CAE_LIFE_S, _LONGEST_CAE_LIFE_S) if cae else (_SHORTEST_LIFE_S, _LONGEST_LIFE_S)
    )
    life_s = context.chance.between(shortest, longest)
    oidc = grant.requested.oidc  # fidelity: oidc-from-authorize
    access = make_access_token(
        context, call, subject, resource_scope, life_s=life_s, not_before=grant.claims.not_before
    )
    refresh = _refresh(request, grant) if "offline_access" in oidc else {}
    identity = _identity(request, grant, subject) if "openid" in oidc else {}
    body: dict[str, object] = {
        "token_type": "Bearer",
        "scope": " ".join(resource_scope.permissions)
        if request.version == 1
        else resource_scope.echo,
        **_life(request, resource_scope.prefix.removesuffix("/"), life_s),
        "access_token": access,
    }
    if cae:
        body["refresh_in"] = life_s // 2  # fidelity: refresh-in
    body |= refresh | identity
    if call.form.get("client_info") == "1":
        body["client_info"] = client_info(grant.user, grant.tenant)
    return body


def _issue_to_app(request: GrantRequest, grant: AppGrant) -> dict[str, object]:
    """An app's own token: no scope, no refresh token, no ID token."""
    resource_scope = grant.resource_scope
    cae = grant.claims.cae and resource_scope.resource.cae
    subject = Subject(
        app=request.app, tenant=grant.tenant, user=None, proof=request.credential.proof, cae=cae
    )
    life_s = grant.life_s
    if cae:
        life_s = request.context.chance.between(_SHORTEST_CAE_LIFE_S, _LONGEST_CAE_LIFE_S)
    access = make_access_token(
        request.context,
        request.call,
        subject,
        resource_scope,
        life_s=life_s,
        not_before=grant.claims.not_before,
    )
    return {
        "token_type": "Bearer",
        **_life(request, resource_scope.prefix.removesuffix("/"), life_s),
        "access_token": access,
    }


def _life(request: GrantRequest, resource: str, life_s: int) -> dict[str, object]:
    """The members about a token's life; v1.0 writes numbers as text, and has more of them."""
    if request.version == 2:
        return {"expires_in": life_s - 1, "ext_expires_in": life_s - 1}
    now = int(request.call.now)  # fidelity: v1-members
    return {
        "expires_in": str(life_s - 1),
        "ext_expires_in": str(life_s - 1),
        "expires_on": str(now + life_s),
        "not_before": str(now - 300),
        "resource": resource,
    }


def _refresh(request: GrantRequest, grant: UserGrant) -> dict[str, object]:
    """A refresh token, and the members about it."""
    members: dict[str, object] = {"refresh_token": _new_refresh_token(request, grant)}
    if grant.platform is Platform.SPA:
        left = grant.first_issued_at + 86_400 - request.call.now
        members["refresh_token_expires_in"] = int(left)
    if request.app.family:
        members["foci"] = "1"
    return members


def _identity(request: GrantRequest, grant: UserGrant, subject: Subject) -> dict[str, object]:
    token = make_id_token(
        request.context,
        request.call,
        subject,
        grant.user,
        oidc=grant.requested.oidc,
        nonce=grant.nonce,
        version=request.version,
    )
    return {"id_token": token}


def _new_refresh_token(request: GrantRequest, grant: UserGrant) -> str:
    value = request.context.chance.refresh_token()
    request.context.issued.save_refresh(
        value,
        RefreshGrant(
            app=request.app,
            platform=grant.platform,
            user=grant.user,
            tenant=grant.tenant,
            requested=grant.requested,
            issued_at=request.call.now,
            first_issued_at=grant.first_issued_at,
            amr=grant.amr,
        ),
    )
    return value
