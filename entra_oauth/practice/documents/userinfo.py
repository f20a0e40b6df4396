"""The person who signed in, for a client that asks with its access token for Microsoft Graph.

https://learn.microsoft.com/entra/identity-platform/userinfo
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from entra_oauth.practice.directory.model import GRAPH
from entra_oauth.practice.signing.jws import believed, is_current
from entra_oauth.practice.token.signed_tokens import sub_for
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import User
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.state.context import Context

__all__ = ["userinfo"]


def userinfo(context: Context, call: Call) -> HttpResponse:
    """GET or POST `/oidc/userinfo`, at Graph's host."""
    # fidelity: userinfo
    found = _caller(context, call)
    if found is None:
        refusal = {"code": "InvalidAuthenticationToken", "message": "Access token is not valid."}
        return _json(401, {"error": refusal}, ("WWW-Authenticate", "Bearer"))
    user, client_id = found
    return _json(
        200,
        {
            # The same as in the ID token (OpenID Connect Core §5.3.2).
            "sub": sub_for(user.tenant_id, user.oid, client_id),
            "name": user.display_name,
            "family_name": user.family_name,
            "given_name": user.given_name,
            "picture": "https://graph.microsoft.com/v1.0/me/photo/$value",
            "email": user.name,
        },
    )


def _caller(context: Context, call: Call) -> tuple[User, str] | None:
    scheme, _, text = (call.request.header("Authorization") or "").partition(" ")
    claims = believed(text.strip(), context.keys.key()) if scheme.lower() == "bearer" else None
    graph = context.directory.resource(GRAPH)
    if claims is None or graph is None or not graph.answers_to(str(claims.get("aud"))):
        return None
    if not is_current(claims, call.now):
        return None
    user = context.directory.user_with_oid(str(claims.get("oid")))
    client_id = claims.get("appid", claims.get("azp"))
    return (user, str(client_id)) if user is not None else None


def _json(status: int, content: dict[str, object], *extra: tuple[str, str]) -> HttpResponse:
    return HttpResponse(
        status=status,
        reason={200: "OK", 401: "Unauthorized"}[status],
        headers=(("Content-Type", "application/json"), ("Cache-Control", "no-store"), *extra),
        body=json.dumps(content).encode("utf-8"),
    )
