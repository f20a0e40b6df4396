"""The token endpoint: who asks, what is handed in, what is issued.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from entra_oauth.practice import pages
from entra_oauth.practice.answers import json_answer
from entra_oauth.practice.directory import Platform
from entra_oauth.practice.grants import GRANTS, Credential, TokenCall
from entra_oauth.practice.ledger import RefreshGrant
from entra_oauth.practice.refusals import Refused, as_json, refuse
from entra_oauth.practice.tokens import Subject, client_info, make_access_token, make_id_token
from entra_oauth.practice.world import read_authority

if TYPE_CHECKING:
    from entra_oauth.practice.calls import Call
    from entra_oauth.practice.grants import Granted
    from entra_oauth.practice.world import World
    from entra_oauth.protocol.messages import Fields, HttpResponse

__all__ = ["token"]

_SHORTEST_LIFE_S = 60 * 60
_LONGEST_LIFE_S = 90 * 60


def token(world: World, call: Call) -> HttpResponse:
    """POST `/{tenant}/oauth2/v2.0/token`."""
    if call.method != "POST":
        return pages.error(refuse(900561, "POST", call.method), call)
    try:
        asking = _who_asks(world, call)
        granted = GRANTS[call.form.need("grant_type")](asking)
        body = _issue(asking, granted)
        readable = _readable_by_page(asking, granted)
    except Refused as refused:
        return as_json(refused, call)
    answer = json.dumps(body, separators=(",", ":"))
    return json_answer(200, answer, call, telemetry="1,0,0,,", extra=readable)


def _who_asks(world: World, call: Call) -> TokenCall:
    """Everything that is checked before the grant itself is looked at."""
    authority = read_authority(call.segments[0], world.directory)
    grant_type = call.form.need("grant_type")
    if grant_type not in GRANTS:
        raise refuse(70003, grant_type)
    basic_id, credential = _basic(call)
    client_id = call.form.get("client_id") or basic_id or call.form.need("client_id")
    app = authority.app(client_id, world.directory)
    secret = call.form.get("client_secret")
    # fidelity: unknown-parameters - `state` and everything else that is not named is ignored
    return TokenCall(
        world=world,
        call=call,
        authority=authority,
        app=app,
        credential=Credential(secret) if secret is not None else credential,
    )


def _readable_by_page(asking: TokenCall, granted: Granted) -> Fields:
    """What lets the script of a single-page app read the answer (CORS)."""
    origin = asking.call.request.header("Origin")
    if granted.platform is not Platform.SPA or origin is None:
        return ()
    return (("Access-Control-Allow-Origin", origin), ("Vary", "Origin"))


def _basic(call: Call) -> tuple[str | None, Credential]:
    """Client id and secret of an Authorization header (RFC 6749 §2.3.1), if there is one."""
    scheme, _, value = (call.request.header("Authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return None, Credential()
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise refuse(9002313) from None
    return unquote_plus(name), Credential(unquote_plus(secret))


def _issue(asking: TokenCall, granted: Granted) -> dict[str, object]:
    """The body of a good answer; its members in the order Entra was seen to use."""
    world, call = asking.world, asking.call
    subject = Subject(
        app=asking.app,
        tenant=granted.tenant,
        user=granted.user,
        proof=asking.credential.proof,
    )
    # fidelity: token-life
    life_s = world.chance.between(_SHORTEST_LIFE_S, _LONGEST_LIFE_S)
    body: dict[str, object] = {
        "token_type": "Bearer",
        "scope": granted.wanted.echo,
        "expires_in": life_s - 1,
        "ext_expires_in": life_s - 1,
        "access_token": make_access_token(world, call, subject, granted.wanted, life_s=life_s),
    }
    oidc = granted.asked.oidc  # fidelity: oidc-from-authorize
    if "offline_access" in oidc:
        body["refresh_token"] = _new_refresh_token(asking, granted)
        if granted.platform is Platform.SPA:
            left = granted.first_issued + 86_400 - call.now
            body["refresh_token_expires_in"] = int(left)
    if "openid" in oidc:
        body["id_token"] = make_id_token(world, call, subject, oidc=oidc, nonce=granted.nonce)
    if call.form.get("client_info") == "1":
        body["client_info"] = client_info(granted.user, granted.tenant)
    return body


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
        ),
    )
    return value
