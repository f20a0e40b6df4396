"""A person signs in at Databricks' own authority, which sends them to Entra and back.

https://learn.microsoft.com/azure/databricks/dev-tools/auth/oauth-u2m: the code flow with PKCE of
the public client `databricks-cli`, at any port of this machine.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from entra_oauth.practice.directory.model import DATABRICKS
from entra_oauth.practice.http.refusals import Refused
from entra_oauth.practice.http.responses import redirect_answer
from entra_oauth.practice.signing.jws import base64url
from entra_oauth.practice.state.own_sign_ins import OwnCode, OwnRefresh, OwnRequest
from entra_oauth.practice.workspace.federation import Granted, NotIssued
from entra_oauth.practice.workspace.identity import at_home
from entra_oauth.practice.workspace.own_answers import SCOPES, refusal
from entra_oauth.practice.workspace.own_tokens import ALL_APIS, issuer_of
from entra_oauth.practice.workspace.toy_api import authority_of
from entra_oauth.protocol.messages import is_loopback

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.state.context import Context
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["come_back", "own_authorize", "redeem_own_code", "redeem_own_refresh"]

_CLIENT = "databricks-cli"
_REGISTERED = "https://adb-1234567890123456.7.azuredatabricks.net"
"""The one real host to which Entra sends people back, whatever a workspace is called."""

_HERE = re.compile(r"http://(?:localhost|127\.0\.0\.1)(?::[0-9]{1,5})?/?", re.ASCII)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_CODE_LIVES_S = 600
_LIFE_S = 3600


def own_authorize(context: Context, call: Call) -> HttpResponse:
    """GET `/oidc/v1/authorize`: on to Entra, if the client is one that there is."""
    # fidelity: databricks-sign-in
    try:
        request = _read(call)
    except NotIssued as no:
        return refusal(no)
    except Refused as refused:
        return refusal(NotIssued(400, "invalid_request", refused.text.partition(": ")[2]))
    name = context.chance.text(43)
    context.own_sign_ins.requests.put(name, request)
    query = {
        "client_id": DATABRICKS,
        "response_type": "code",
        "response_mode": "query",
        "redirect_uri": f"{request.back}/login.html",
        "scope": "openid profile",
        "state": name,
    }
    at = authority_of(context, call)
    return redirect_answer(f"{at}/oauth2/v2.0/authorize?{urlencode(query)}", call)


def _read(call: Call) -> OwnRequest:
    """Raises `NotIssued` and `Refused`. Nothing goes to an address that is not known."""
    query = call.query
    if query.need("client_id") != _CLIENT:
        raise NotIssued(400, "invalid_client", "no client has that client_id")
    redirect_uri = query.need("redirect_uri")
    if not _HERE.fullmatch(redirect_uri):
        raise NotIssued(400, "invalid_request", "the redirect_uri is not on this machine")
    if query.need("response_type") != "code":
        raise NotIssued(400, "unsupported_response_type", "response_type must be code")
    challenge = query.need("code_challenge")
    if query.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise NotIssued(400, "invalid_request", "a code_challenge of S256 is needed")
    scope = query.get("scope") or ALL_APIS
    if not set(scope.split()) <= set(SCOPES):
        raise NotIssued(400, "invalid_scope", "a scope is unknown")
    is_here = is_loopback(urlsplit(call.base_url).hostname or "")
    return OwnRequest(
        issuer=issuer_of(call),
        back=call.base_url if is_here else _REGISTERED,
        client_id=_CLIENT,
        redirect_uri=redirect_uri,
        scope=scope,
        state=query.get("state"),
        challenge=challenge,
    )


def come_back(context: Context, call: Call) -> HttpResponse:
    """GET `/login.html`: from Entra with its code, and on to the client with one of ours."""
    try:
        request = context.own_sign_ins.requests.take(call.query.get("state") or "")
        code = call.query.get("code") or ""
    except Refused:
        request, code = None, ""
    if request is None or request.back != call.base_url:
        return refusal(NotIssued(400, "invalid_request", "no sign-in is under way here"))
    issued = context.issued.code(code)
    mine = issued is not None and issued.request.app.client_id == DATABRICKS
    if issued is None or not mine or not context.issued.spend(code):
        return _reply(call, request, {"error": "access_denied"})
    if not issued.user.in_workspace:
        return _reply(call, request, {"error": "access_denied"})
    own = context.chance.text(86)
    agreed = OwnCode(request=request, user=issued.user, issued_at=call.now)
    context.own_sign_ins.codes.put(own, agreed)
    return _reply(call, request, {"code": own})


def _reply(call: Call, request: OwnRequest, fields: dict[str, str]) -> HttpResponse:
    state = {} if request.state is None else {"state": request.state}
    return redirect_answer(f"{request.redirect_uri}?{urlencode(fields | state)}", call)


def redeem_own_code(context: Context, call: Call) -> Granted:
    """`authorization_code` (RFC 6749 §4.1.3, RFC 7636 §4.6). Raises `NotIssued`, `Refused`."""
    form = call.form
    agreed = context.own_sign_ins.codes.take(form.need("code"))
    if agreed is None or call.now - agreed.issued_at > _CODE_LIVES_S:
        raise NotIssued(400, "invalid_grant", "the code is unknown, used or too old")
    request = agreed.request
    given = (issuer_of(call), form.get("client_id"), form.get("redirect_uri"))
    if given != (request.issuer, request.client_id, request.redirect_uri):
        raise NotIssued(400, "invalid_grant", "the code was made for another request")
    digest = hashlib.sha256((form.get("code_verifier") or "").encode()).digest()
    if not hmac.compare_digest(base64url(digest).decode("ascii"), request.challenge):
        raise NotIssued(400, "invalid_grant", "the code_verifier is wrong")
    kept = OwnRefresh(
        issuer=request.issuer, client_id=request.client_id, scope=request.scope, user=agreed.user
    )
    return _granted(context, kept)


def redeem_own_refresh(context: Context, call: Call) -> Granted:
    """`refresh_token` (RFC 6749 §6); the old one is dead afterwards."""
    kept = context.own_sign_ins.refresh.take(call.form.need("refresh_token"))
    given = (issuer_of(call), call.form.get("client_id"))
    if kept is None or given != (kept.issuer, kept.client_id):
        raise NotIssued(400, "invalid_grant", "the refresh_token is unknown, or used")
    return _granted(context, kept)


def _granted(context: Context, kept: OwnRefresh) -> Granted:
    token = None
    if "offline_access" in kept.scope.split():
        token = context.chance.text(86)
        context.own_sign_ins.refresh.put(token, kept)
    return Granted(
        who=at_home(kept.user),
        client_id=kept.client_id,
        life_s=_LIFE_S,
        scope=kept.scope,
        refresh_token=token,
    )
