"""The token endpoint: who asks, what is handed in, what is issued.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.practice.directory.model import Platform, client_info
from entra_oauth.practice.directory.tenant_authority import read_authority
from entra_oauth.practice.http.error_responses import as_json
from entra_oauth.practice.http.refusals import Refused, refuse
from entra_oauth.practice.http.responses import empty_answer, json_answer, text_answer
from entra_oauth.practice.pages import forms
from entra_oauth.practice.signing.jws import compact_json
from entra_oauth.practice.state.issued import RefreshGrant
from entra_oauth.practice.token.app_proof import read_credential
from entra_oauth.practice.token.grant_request import GrantedToApp, TokenCall
from entra_oauth.practice.token.grants import GRANTS
from entra_oauth.practice.token.tokens import Subject, make_access_token, make_id_token

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.state.context import World
    from entra_oauth.practice.token.grant_request import Granted
    from entra_oauth.protocol.messages import Fields, HttpResponse

__all__ = ["preflight", "throttled", "token", "token_v1"]

_SHORTEST_LIFE_S = 60 * 60
_LONGEST_LIFE_S = 90 * 60
_SHORTEST_CAE_LIFE_S = 20 * 3600
_LONGEST_CAE_LIFE_S = 28 * 3600


def token(world: World, call: Call) -> HttpResponse:
    """POST `/{tenant}/oauth2/v2.0/token`."""
    return _token(world, call, version=2)


def token_v1(world: World, call: Call) -> HttpResponse:
    """POST `/{tenant}/oauth2/token`: the older endpoint, with `resource`."""
    return _token(world, call, version=1)


def _token(world: World, call: Call, *, version: int) -> HttpResponse:
    if call.method != "POST":
        return forms.error(refuse(900561, "POST", call.method), call)
    readable: Fields = ()
    try:
        asking = _who_asks(world, call, version)
        readable = _readable_by_page(asking)
        granted = GRANTS[call.form.need("grant_type")](asking)
        if isinstance(granted, GrantedToApp):
            body = _issue_to_app(asking, granted)
        else:
            body = _issue(asking, granted)
    except Refused as refused:
        return as_json(refused, call, extra=readable)
    answer = compact_json(body)
    return json_answer(200, answer, call, telemetry="1,0,0,,", extra=readable)


def throttled(world: World, call: Call) -> HttpResponse | None:
    """429 as plain text for a client that was told to wait; None if it may ask."""
    # fidelity: throttling
    fields = call.form.fields
    client = next((value.lower() for name, value in fields if name == "client_id"), "")
    wait_s = world.limits.wait_s(client, call.now)
    if wait_s is None:
        return None
    return text_answer(429, "Too Many Requests", call, extra=(("Retry-After", str(wait_s)),))


def preflight(world: World, call: Call) -> HttpResponse:
    """OPTIONS on the token endpoint: what a browser asks before a page's request."""
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


def _who_asks(world: World, call: Call, version: int) -> TokenCall:
    """Everything that is checked before the grant itself is looked at."""
    authority = read_authority(call.segments[0], world.directory)
    grant_type = call.form.need("grant_type")
    if grant_type not in GRANTS:
        raise refuse(70003, grant_type)
    basic_id, credential = read_credential(call)
    client_id = call.form.get("client_id") or basic_id or call.form.need("client_id")
    if version == 2 and call.form.has("resource"):
        raise refuse(901002)
    # fidelity: unknown-parameters - `state` and everything else that is not named is ignored
    return TokenCall(
        world=world,
        call=call,
        authority=authority,
        app=authority.app(client_id, world.directory),
        credential=credential,
        version=version,
    )


def _readable_by_page(asking: TokenCall) -> Fields:
    """What lets the script of a single-page app read the answer, and no other (CORS)."""
    # fidelity: cors
    origin = asking.call.origin
    if origin is None or all(r.platform is not Platform.SPA for r in asking.app.redirects):
        return ()
    return (("Access-Control-Allow-Origin", origin), ("Vary", "Origin"))


def _issue(asking: TokenCall, granted: Granted) -> dict[str, object]:
    """The body of a good answer; its members in the order Entra was seen to use."""
    world, call, wanted = asking.world, asking.call, granted.wanted
    cae = granted.claims.cae and wanted.resource.cae
    subject = Subject(
        app=asking.app,
        tenant=granted.tenant,
        user=granted.user,
        proof=asking.credential.proof,
        amr=granted.amr,
        cae=cae,
    )
    # fidelity: token-life, cae-life
    shortest, longest = (
        (_SHORTEST_CAE_LIFE_S, _LONGEST_CAE_LIFE_S) if cae else (_SHORTEST_LIFE_S, _LONGEST_LIFE_S)
    )
    life_s = world.chance.between(shortest, longest)
    oidc = granted.asked.oidc  # fidelity: oidc-from-authorize
    access = make_access_token(
        world,
        call,
        subject,
        wanted,
        life_s=life_s,
        not_before=granted.claims.not_before,
    )
    refresh = _refresh(asking, granted) if "offline_access" in oidc else {}
    identity = _identity(asking, granted, subject) if "openid" in oidc else {}
    body: dict[str, object] = {
        "token_type": "Bearer",
        "scope": " ".join(wanted.permissions) if asking.version == 1 else wanted.echo,
        **_life(asking, wanted.prefix.removesuffix("/"), life_s),
        "access_token": access,
    }
    if cae:
        body["refresh_in"] = life_s // 2  # fidelity: refresh-in
    body |= refresh | identity
    if call.form.get("client_info") == "1":
        body["client_info"] = client_info(granted.user, granted.tenant)
    return body


def _issue_to_app(asking: TokenCall, granted: GrantedToApp) -> dict[str, object]:
    """An app's own token: no scope, no refresh token, no ID token."""
    wanted = granted.wanted
    cae = granted.claims.cae and wanted.resource.cae
    subject = Subject(
        app=asking.app,
        tenant=granted.tenant,
        user=None,
        proof=asking.credential.proof,
        cae=cae,
    )
    life_s = granted.life_s
    if cae:
        life_s = asking.world.chance.between(_SHORTEST_CAE_LIFE_S, _LONGEST_CAE_LIFE_S)
    access = make_access_token(
        asking.world,
        asking.call,
        subject,
        wanted,
        life_s=life_s,
        not_before=granted.claims.not_before,
    )
    return {
        "token_type": "Bearer",
        **_life(asking, wanted.prefix.removesuffix("/"), life_s),
        "access_token": access,
    }


def _life(asking: TokenCall, resource: str, life_s: int) -> dict[str, object]:
    """How long a token lives; v1.0 writes numbers as text, and says more."""
    if asking.version == 2:
        return {"expires_in": life_s - 1, "ext_expires_in": life_s - 1}
    now = int(asking.call.now)  # fidelity: v1-members
    return {
        "expires_in": str(life_s - 1),
        "ext_expires_in": str(life_s - 1),
        "expires_on": str(now + life_s),
        "not_before": str(now - 300),
        "resource": resource,
    }


def _refresh(asking: TokenCall, granted: Granted) -> dict[str, object]:
    """A refresh token, and what is said of it."""
    members: dict[str, object] = {"refresh_token": _new_refresh_token(asking, granted)}
    if granted.platform is Platform.SPA:
        left = granted.first_issued + 86_400 - asking.call.now
        members["refresh_token_expires_in"] = int(left)
    if asking.app.family:
        members["foci"] = "1"
    return members


def _identity(asking: TokenCall, granted: Granted, subject: Subject) -> dict[str, object]:
    token = make_id_token(
        asking.world,
        asking.call,
        subject,
        granted.user,
        oidc=granted.asked.oidc,
        nonce=granted.nonce,
        version=asking.version,
    )
    return {"id_token": token}


def _new_refresh_token(asking: TokenCall, granted: Granted) -> str:
    chance = asking.world.chance
    value = f"1.A{chance.text(85)}.AgABAwEAAAD{chance.text(900)}"
    asking.world.ledger.keep_refresh(
        value,
        RefreshGrant(
            app=asking.app,
            platform=granted.platform,
            user=granted.user,
            tenant=granted.tenant,
            asked=granted.asked,
            issued=asking.call.now,
            first_issued=granted.first_issued,
            amr=granted.amr,
        ),
    )
    return value
