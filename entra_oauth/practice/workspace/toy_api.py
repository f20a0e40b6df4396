"""A toy Databricks workspace: enough to see that a token works, or why it does not.

It believes only tokens that this tenant signed for Databricks and that are still
good. How a real workspace words its refusals is known from reports only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from entra_oauth.practice.directory.model import DATABRICKS
from entra_oauth.practice.http.responses import redirect_answer
from entra_oauth.practice.workspace.api_caller import TurnedAway, as_json, identify_caller
from entra_oauth.protocol.messages import is_loopback

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.state.context import Context
    from entra_oauth.practice.workspace.identity import Identity
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["aad_auth", "authority_of", "authorize", "clusters", "who_am_i"]

_CLOUDS = (
    (".databricks.azure.us", "https://login.microsoftonline.us"),
    (".databricks.azure.cn", "https://login.chinacloudapi.cn"),
)


def clusters(context: Context, call: Call) -> HttpResponse:
    """GET `/api/2.0/clusters/list`, and 2.1."""
    try:
        who = identify_caller(context, call)
    except TurnedAway as no:
        return no.answer
    listed = [
        {
            "cluster_id": f"0101-120000-practice{number}",
            "cluster_name": name,
            "creator_user_name": who.name,
            "spark_version": "15.4.x-scala2.12",
            "node_type_id": "Standard_DS3_v2",
            "state": state,
        }
        for number, (name, state) in enumerate(
            (("lesson", "RUNNING"), ("nightly", "TERMINATED")), 1
        )
    ]
    return as_json(200, {"clusters": listed})


def who_am_i(context: Context, call: Call) -> HttpResponse:
    """GET `/api/2.0/preview/scim/v2/Me`."""
    try:
        who = identify_caller(context, call)
    except TurnedAway as no:
        return no.answer
    return as_json(200, _described(who))


def _described(who: Identity) -> dict[str, object]:
    user = who.user
    kind = "User" if user is not None else "ServicePrincipal"
    described: dict[str, object] = {
        "schemas": [f"urn:ietf:params:scim:schemas:core:2.0:{kind}"],
        "id": str(int(who.oid[-12:], 16)),
        "userName": who.name,
        "displayName": who.display_name,
        "active": True,
    }
    if user is not None:
        described["emails"] = [{"type": "work", "value": user.name, "primary": True}]
    return described


def aad_auth(context: Context, call: Call) -> HttpResponse:
    """GET `/aad/auth`: its redirect tells which tenant and cloud the workspace belongs to."""
    # fidelity: aad-auth
    at = authority_of(context, call)
    query = urlencode(
        {
            "client_id": DATABRICKS,
            "response_type": "code",
            "redirect_uri": f"{call.base_url}/login.html",
            "resource": DATABRICKS,
        }
    )
    return redirect_answer(f"{at}/oauth2/authorize?{query}", call)


def authorize(context: Context, call: Call) -> HttpResponse:
    """GET `/oidc/oauth2/v2.0/authorize`: leads to the authority, with the query as it came."""
    query = urlsplit(call.request.url).query
    at = f"{authority_of(context, call)}/oauth2/v2.0/authorize"
    return redirect_answer(f"{at}?{query}" if query else at, call)


def authority_of(context: Context, call: Call) -> str:
    """The tenant's address: of its own host here, of the cloud's where we stand in for one."""
    tenant = context.directory.tenants[0].id
    host = urlsplit(call.base_url).hostname or ""
    if is_loopback(host):
        return f"{call.base_url}/{tenant}"
    login = next((login for suffix, login in _CLOUDS if host.endswith(suffix)), None)
    return f"{login or 'https://login.microsoftonline.com'}/{tenant}"
