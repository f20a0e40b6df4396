"""Databricks as an authority of its own: what it says of itself, and its token endpoint."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from entra_oauth.practice.directory.workloads import DATABRICKS_ACCOUNT
from entra_oauth.practice.http.refusals import Refused
from entra_oauth.practice.token.app_proof import basic_proof
from entra_oauth.practice.workspace.api_caller import as_json
from entra_oauth.practice.workspace.federation import Granted, NotIssued, exchange
from entra_oauth.practice.workspace.identity import at_home
from entra_oauth.practice.workspace.own_answers import SCOPES, refusal
from entra_oauth.practice.workspace.own_sign_in import redeem_own_code, redeem_own_refresh
from entra_oauth.practice.workspace.own_tokens import (
    ACCOUNT_URL,
    ALL_APIS,
    is_account,
    issuer_of,
    make_own_token,
    workspace_id,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.state.context import Context
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["host_metadata", "own_keys", "own_metadata", "own_token"]

_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_APP_LIFE_S = 3600


def host_metadata(context: Context, call: Call) -> HttpResponse:
    """GET `/.well-known/databricks-config`: what SDKs ask a host before anything else."""
    # fidelity: databricks-config
    at = issuer_of(call)
    if call.base_url == ACCOUNT_URL:
        return as_json(
            200,
            {
                "oidc_endpoint": f"{call.base_url}/oidc/accounts/{{account_id}}",
                "cloud": "AZURE",
                "host_type": "account",
                "token_federation_default_oidc_audiences": [DATABRICKS_ACCOUNT],
            },
        )
    return as_json(
        200,
        {
            "oidc_endpoint": at,
            "account_id": DATABRICKS_ACCOUNT,
            "workspace_id": workspace_id(call),
            "cloud": "AZURE",
            "host_type": "workspace",
            # So a program whose workspace is called otherwise fits the default's policies too.
            "token_federation_default_oidc_audiences": [DATABRICKS_ACCOUNT],
        },
    )


def own_metadata(context: Context, call: Call) -> HttpResponse:
    """GET `/oidc/.well-known/oauth-authorization-server`, and `openid-configuration` (RFC 8414)."""
    # fidelity: databricks-metadata, databricks-account
    at = issuer_of(call)
    if is_account(call):
        return as_json(
            200,
            {
                "issuer": at,
                "token_endpoint": f"{at}/v1/token",
                # Nobody signs in here; SDKs want the member all the same.
                "authorization_endpoint": f"{at}/v1/authorize",
                "grant_types_supported": [_EXCHANGE, "client_credentials"],
            },
        )
    return as_json(
        200,
        {
            "issuer": at,
            "authorization_endpoint": f"{at}/v1/authorize",
            "token_endpoint": f"{at}/v1/token",
            "jwks_uri": f"{at}/jwks.json",
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": list(_GRANTS),
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": [
                "client_secret_basic",
                "client_secret_post",
                "none",
            ],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        },
    )


def own_keys(context: Context, call: Call) -> HttpResponse:
    """GET `/oidc/jwks.json`."""
    return as_json(200, {"keys": [context.keys.key().public]})


def own_token(context: Context, call: Call) -> HttpResponse:
    """POST `/oidc/v1/token`: token exchange (RFC 8693), an app's secret, a person's sign-in."""
    try:
        return _issue(context, call)
    except NotIssued as no:
        return refusal(no)
    except Refused as refused:  # a form that could not be read
        return refusal(NotIssued(400, "invalid_request", refused.text.partition(": ")[2]))


def _issue(context: Context, call: Call) -> HttpResponse:
    grant = _GRANTS.get(call.form.need("grant_type"))
    if grant is None:
        raise NotIssued(400, "unsupported_grant_type", "the grant type is not supported")
    scope = call.form.get("scope") or ALL_APIS
    if not set(scope.split()) <= set(SCOPES):
        raise NotIssued(400, "invalid_scope", "a scope is unknown")
    granted = grant(context, call)
    scope = granted.scope or scope
    token = make_own_token(
        context, call, granted.who, client_id=granted.client_id, scope=scope, life_s=granted.life_s
    )
    body: dict[str, object] = {
        "access_token": token,
        "scope": scope,
        "token_type": "Bearer",
        "expires_in": granted.life_s,
    }
    if granted.refresh_token is not None:
        body["refresh_token"] = granted.refresh_token
    return as_json(200, body, ("Pragma", "no-cache"))  # RFC 6749 §5.1


def _as_itself(context: Context, call: Call) -> Granted:
    """`client_credentials` with the service principal's secret."""
    # fidelity: databricks-secrets
    client_id, secret = basic_proof(call)
    app = context.directory.app(client_id or call.form.get("client_id") or "")
    if app is None or app.secret is None or not app.in_workspace:
        raise NotIssued(401, "invalid_client", "no service principal here has that client_id")
    given = secret or call.form.get("client_secret") or ""
    if not hmac.compare_digest(app.secret.encode(), given.encode()):
        raise NotIssued(401, "invalid_client", "the client_secret is wrong")
    return Granted(who=at_home(app), client_id=app.client_id, life_s=_APP_LIFE_S)


_GRANTS: dict[str, Callable[[Context, Call], Granted]] = {
    _EXCHANGE: exchange,
    "client_credentials": _as_itself,
    "authorization_code": redeem_own_code,
    "refresh_token": redeem_own_refresh,
}
