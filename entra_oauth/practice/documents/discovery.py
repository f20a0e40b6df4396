"""The documents that clients read first: configurations, signing keys, known hosts.

https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
"""

from __future__ import annotations

import json
import pkgutil
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.practice.directory.tenant_authority import CONSUMERS_ID, read_authority
from entra_oauth.practice.http.refusals import Refused, refuse
from entra_oauth.practice.http.responses import as_json, document
from entra_oauth.practice.server.host_names import GRAPH_HOSTS, LOGIN_HOSTS
from entra_oauth.protocol.messages import is_loopback

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.state.context import Context
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["configuration", "configuration_v1", "instances", "keys", "keys_v1", "userinfo_url"]

# The claims that each version names, and the names of each cloud as recorded in 2025.
_DATA = json.loads(pkgutil.get_data("entra_oauth.practice.documents", "discovery.json") or b"")


def configuration(context: Context, call: Call) -> HttpResponse:
    """GET `/{tenant}/v2.0/.well-known/openid-configuration`.

    A domain in the URL comes back as the id; `common` stays, and its issuer holds
    the literal text `{tenantid}`. There is neither `grant_types_supported` nor
    `code_challenge_methods_supported`, as with Entra.
    """  # fidelity: discovery
    try:
        at, issuer, region = _names(context, call)
    except Refused as refused:
        return as_json(refused, call)
    return document(
        {
            "token_endpoint": f"{at}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
                "client_secret_basic",
            ],
            "jwks_uri": f"{at}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{call.base_url}/{issuer}/v2.0",
            "request_uri_parameter_supported": False,
            "userinfo_endpoint": userinfo_url(call),
            "authorization_endpoint": f"{at}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{at}/oauth2/v2.0/devicecode",
            "http_logout_supported": True,
            "frontchannel_logout_supported": True,
            "end_session_endpoint": f"{at}/oauth2/v2.0/logout",
            "claims_supported": _DATA["claims"],
            "kerberos_endpoint": f"{at}/kerberos",
            **_cloud(region),
        },
        extra=(("x-ms-request-id", call.trace_id),),
    )


def configuration_v1(context: Context, call: Call) -> HttpResponse:
    """GET `/{tenant}/.well-known/openid-configuration`: of the v1.0 endpoints."""
    # fidelity: discovery-v1
    try:
        at, issuer, region = _names(context, call)
    except Refused as refused:
        return as_json(refused, call)
    return document(
        {
            "token_endpoint": f"{at}/oauth2/token",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
                "client_secret_basic",
            ],
            "jwks_uri": f"{call.base_url}/common/discovery/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token"],
            "scopes_supported": ["openid"],
            "issuer": f"https://sts.windows.net/{issuer}/",
            "microsoft_multi_refresh_token": True,
            "authorization_endpoint": f"{at}/oauth2/authorize",
            "device_authorization_endpoint": f"{at}/oauth2/devicecode",
            "http_logout_supported": True,
            "frontchannel_logout_supported": True,
            "end_session_endpoint": f"{at}/oauth2/logout",
            "claims_supported": _DATA["claims_v1"],
            "userinfo_endpoint": f"{at}/openid/userinfo",
            "kerberos_endpoint": f"{at}/kerberos",
            **_cloud(region),
        }
    )


def _names(context: Context, call: Call) -> tuple[str, str, str | None]:
    """The address of the endpoints, the tenant's name in the issuer, and the region."""
    authority = read_authority(call.segments[0], context.directory)
    issuer = authority.key if authority.tenant else "{tenantid}"
    if authority.personal:
        issuer = CONSUMERS_ID
    region = "NA" if authority.tenant else None
    return f"{call.base_url}/{authority.key}", issuer, region


def _cloud(region: str | None) -> dict[str, object]:
    return {
        "tenant_region_scope": region,
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
        "rbac_url": "https://pas.windows.net",
    }


def userinfo_url(call: Call) -> str:
    """The address of the person's own data: at Graph's host, or here, if we are no known host."""
    # fidelity: userinfo
    host = urlsplit(call.base_url).hostname
    base = f"https://{GRAPH_HOSTS[0]}" if host in LOGIN_HOSTS else call.base_url
    return f"{base}/oidc/userinfo"


def keys(context: Context, call: Call) -> HttpResponse:
    """GET `/{tenant}/discovery/v2.0/keys`."""
    return _keys(context, call, {"issuer": f"{call.base_url}/{{tenantid}}/v2.0"})


def keys_v1(context: Context, call: Call) -> HttpResponse:
    """GET `/{tenant}/discovery/keys`: the same keys, without an issuer."""
    return _keys(context, call, {})


def _keys(context: Context, call: Call, more: dict[str, object]) -> HttpResponse:
    try:
        read_authority(call.segments[0], context.directory)
    except Refused as refused:
        return as_json(refused, call)
    return document({"keys": [context.keys.key().public | more]})


def instances(context: Context, call: Call) -> HttpResponse:
    """GET `/common/discovery/instance`: is that host a Microsoft cloud?"""
    # fidelity: instance-discovery
    try:
        asked = urlsplit(call.query.need("authorization_endpoint"))
        host = (asked.hostname or "").lower()
        known = {name for cloud in _DATA["clouds"] for name in cloud["aliases"]}
        if host not in known and not is_loopback(host):
            raise refuse(50049)
    except (Refused, ValueError) as error:
        return as_json(error if isinstance(error, Refused) else refuse(50050), call)
    metadata = list(_DATA["clouds"])
    if is_loopback(host):
        metadata.append(
            {"preferred_network": asked.netloc, "preferred_cache": host, "aliases": [asked.netloc]}
        )
    tenant = asked.path.split("/")[1] if asked.path.count("/") else "common"
    found = f"{asked.scheme}://{asked.netloc}/{tenant}/v2.0/.well-known/openid-configuration"
    return document(
        {"tenant_discovery_endpoint": found, "api-version": "1.1", "metadata": metadata}
    )
