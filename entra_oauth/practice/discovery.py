"""The documents that clients read first: OpenID configuration and signing keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from entra_oauth.practice.refusals import Refused, as_json
from entra_oauth.practice.world import read_authority
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    from entra_oauth.practice.calls import Call
    from entra_oauth.practice.world import World

__all__ = ["configuration", "keys"]


def configuration(world: World, call: Call) -> HttpResponse:
    """GET `/{tenant}/v2.0/.well-known/openid-configuration`.

    A domain in the URL comes back as the id; `common` stays, and its issuer holds
    the literal text `{tenantid}`. There is neither `grant_types_supported` nor
    `code_challenge_methods_supported`, as with Entra.
    """  # fidelity: discovery
    try:
        authority = read_authority(call.segments[0], world.directory)
    except Refused as refused:
        return as_json(refused, call)
    at = f"{call.base_url}/{authority.key}"
    issuer = authority.key if authority.tenant else "{tenantid}"
    return _document(
        {
            "token_endpoint": f"{at}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "jwks_uri": f"{at}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{call.base_url}/{issuer}/v2.0",
            "request_uri_parameter_supported": False,
            "authorization_endpoint": f"{at}/oauth2/v2.0/authorize",
            "http_logout_supported": False,
            "frontchannel_logout_supported": False,
            "end_session_endpoint": f"{at}/oauth2/v2.0/logout",
            "claims_supported": [
                "sub",
                "iss",
                "aud",
                "exp",
                "iat",
                "nonce",
                "preferred_username",
                "name",
                "tid",
                "ver",
                "email",
            ],
            "tenant_region_scope": "NA" if authority.tenant else None,
            "cloud_instance_name": "practice",
        }
    )


def keys(world: World, call: Call) -> HttpResponse:
    """GET `/{tenant}/discovery/v2.0/keys`."""
    try:
        read_authority(call.segments[0], world.directory)
    except Refused as refused:
        return as_json(refused, call)
    issuer = f"{call.base_url}/{{tenantid}}/v2.0"
    return _document({"keys": [world.keys.key().public | {"issuer": issuer}]})


def _document(content: dict[str, object]) -> HttpResponse:
    return HttpResponse(
        status=200,
        reason="OK",
        headers=(
            ("Cache-Control", "max-age=86400, private"),
            ("Content-Type", "application/json; charset=utf-8"),
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Allow-Methods", "GET, OPTIONS"),
            ("X-Content-Type-Options", "nosniff"),
        ),
        body=json.dumps(content, separators=(",", ":")).encode("utf-8"),
    )
