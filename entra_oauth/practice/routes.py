"""The function that answers each address.

The functions are named, and their modules imported when they are first asked: most
runs of a tenant use few of them, and all of them together take longer to import than
the rest of its start.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from entra_oauth.practice.directory.workloads import DATABRICKS_ACCOUNT
from entra_oauth.practice.http.refusals import Refused
from entra_oauth.practice.http.responses import dated
from entra_oauth.practice.server.host_names import (
    GRAPH_HOSTS,
    MANAGEMENT_HOSTS,
    is_issuer,
    is_workspace,
)
from entra_oauth.protocol.messages import HttpResponse, is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.pages.reply_to_app import Answer
    from entra_oauth.practice.state.context import Context

    Endpoint = Callable[[Context, Call], Answer]

__all__ = ["answer", "endpoint"]

_FIXED: dict[tuple[str, str], str] = {
    ("GET", "/"): "documents.info.start",
    ("GET", "/fidelity"): "documents.info.fidelity",
    ("GET", "/error"): "documents.info.error_lookup",
    ("GET", "/devicelogin"): "interaction.device.device_login",
    ("GET", "/oidc/userinfo"): "documents.userinfo.userinfo",
    ("POST", "/oidc/userinfo"): "documents.userinfo.userinfo",
    ("GET", "/aad/auth"): "workspace.toy_api.aad_auth",
    ("GET", "/oidc/oauth2/v2.0/authorize"): "workspace.toy_api.authorize",
    ("GET", "/.well-known/databricks-config"): "workspace.own_authority.host_metadata",
    ("GET", "/oidc/.well-known/oauth-authorization-server"): "workspace.own_authority.own_metadata",
    ("GET", "/oidc/.well-known/openid-configuration"): "workspace.own_authority.own_metadata",
    ("GET", "/oidc/jwks.json"): "workspace.own_authority.own_keys",
    ("GET", "/oidc/v1/authorize"): "workspace.own_sign_in.own_authorize",
    ("GET", "/login.html"): "workspace.own_sign_in.come_back",
    ("POST", "/oidc/v1/token"): "workspace.own_authority.own_token",
    ("GET", "/metadata/identity/oauth2/token"): "workload.managed_identity.instance_metadata",
    ("GET", "/arc/metadata/identity/oauth2/token"): "workload.managed_identity.arc_agent",
    ("GET", "/msi/token"): "workload.managed_identity.app_service",
    ("GET", "/github/idtoken"): "workload.builds.github_token",
    ("GET", "/api/2.0/clusters/list"): "workspace.toy_api.clusters",
    ("GET", "/api/2.1/clusters/list"): "workspace.toy_api.clusters",
    ("GET", "/api/2.0/preview/scim/v2/Me"): "workspace.toy_api.who_am_i",
    ("GET", "/common/discovery/instance"): "documents.discovery.instances",
}

_UNDER_TENANT: dict[tuple[str, str], str] = {
    ("GET", "oauth2/v2.0/authorize"): "interaction.sign_in.authorize",
    ("POST", "oauth2/v2.0/authorize"): "interaction.sign_in.authorize",
    ("GET", "oauth2/authorize"): "interaction.sign_in.authorize_v1",
    ("POST", "oauth2/authorize"): "interaction.sign_in.authorize_v1",
    ("POST", "login"): "interaction.sign_in.sign_in",
    ("POST", "pick"): "interaction.sign_in.pick_account",
    ("POST", "mfa"): "interaction.consent.second_step",
    ("POST", "confirm"): "interaction.consent.confirm_app",
    ("POST", "consent"): "interaction.consent.decide_consent",
    ("POST", "approval"): "interaction.consent.decide_admin",
    ("GET", "oauth2/deviceauth"): "interaction.device.enter_code",
    ("POST", "oauth2/deviceauth"): "interaction.device.typed_code",
    ("POST", "oauth2/v2.0/devicecode"): "interaction.device.device_code",
    ("POST", "oauth2/devicecode"): "interaction.device.device_code_v1",
    ("GET", "adminconsent"): "interaction.admin.admin_consent",
    ("GET", "v2.0/adminconsent"): "interaction.admin.admin_consent_v2",
    ("GET", "oauth2/v2.0/logout"): "interaction.sign_in.log_out",
    ("GET", "oauth2/logout"): "interaction.sign_in.log_out",
    ("GET", "oauth2/v2.0/token"): "token.token_endpoint.token",
    ("POST", "oauth2/v2.0/token"): "token.token_endpoint.token",
    ("OPTIONS", "oauth2/v2.0/token"): "token.token_endpoint.preflight",
    ("GET", "oauth2/token"): "token.token_endpoint.token_v1",
    ("POST", "oauth2/token"): "token.token_endpoint.token_v1",
    ("GET", "v2.0/.well-known/openid-configuration"): "documents.discovery.configuration",
    ("GET", ".well-known/openid-configuration"): "documents.discovery.configuration_v1",
    ("GET", "discovery/v2.0/keys"): "documents.discovery.keys",
    ("GET", "discovery/keys"): "documents.discovery.keys_v1",
    ("GET", "openid/userinfo"): "documents.userinfo.userinfo",
}

_THROTTLED = (
    "token.token_endpoint.token",
    "token.token_endpoint.token_v1",
    "interaction.device.device_code",
    "interaction.device.device_code_v1",
)
_HERE = "here"
_GRAPH, _MANAGEMENT = "graph.graph_api.graph", "arm.management_api.manage"
_API_PATHS = {
    "v1.0": _GRAPH,
    "beta": _GRAPH,
    "tenants": _MANAGEMENT,
    "subscriptions": _MANAGEMENT,
    "providers": _MANAGEMENT,
}
"""On this machine's own address, where all hosts are one, the first part of a path decides."""
_ACCOUNT_PATHS = (".well-known/oauth-authorization-server", "v1/token")
_METHODS = ("GET", "POST", "OPTIONS")


def answer(context: Context, call: Call) -> Answer:
    """Let the endpoint of that address answer; a refusal that nobody caught is a page.

    A message has the time in a header; a reply to the app gets it when it is rendered.
    """
    found = _undated(context, call)
    return dated(found, call.now) if isinstance(found, HttpResponse) else found


def _undated(context: Context, call: Call) -> Answer:
    name = _find(call, call.method)
    if name is None:
        from entra_oauth.practice.http.unknown_paths import unknown_path
        from entra_oauth.practice.pages import forms

        allowed = tuple(m for m in _METHODS if m != call.method and _find(call, m) is not None)
        return unknown_path(call, allowed=allowed) or forms.missing(call, allowed=allowed)
    if name in _THROTTLED:
        from entra_oauth.practice.token import token_endpoint

        wait = token_endpoint.throttled(context, call)
        if wait is not None:
            return wait
    try:
        return endpoint(name)(context, call)
    except Refused as refused:
        from entra_oauth.practice.pages import forms

        return forms.error(refused, call)


@cache
def endpoint(name: str) -> Endpoint:
    """The function of that name: room, dot, module, dot, function."""
    module, _, function = name.rpartition(".")
    return cast("Endpoint", getattr(_imported(module), function))


def _imported(name: str) -> ModuleType:
    """The module of that name in this package, each named whole, so that its import is seen."""
    match name:
        case "arm.management_api":
            return import_module("entra_oauth.practice.arm.management_api")
        case "documents.discovery":
            return import_module("entra_oauth.practice.documents.discovery")
        case "documents.info":
            return import_module("entra_oauth.practice.documents.info")
        case "documents.userinfo":
            return import_module("entra_oauth.practice.documents.userinfo")
        case "graph.graph_api":
            return import_module("entra_oauth.practice.graph.graph_api")
        case "interaction.admin":
            return import_module("entra_oauth.practice.interaction.admin")
        case "interaction.consent":
            return import_module("entra_oauth.practice.interaction.consent")
        case "interaction.device":
            return import_module("entra_oauth.practice.interaction.device")
        case "interaction.sign_in":
            return import_module("entra_oauth.practice.interaction.sign_in")
        case "token.password_grant":
            return import_module("entra_oauth.practice.token.password_grant")
        case "token.token_endpoint":
            return import_module("entra_oauth.practice.token.token_endpoint")
        case "workload.builds":
            return import_module("entra_oauth.practice.workload.builds")
        case "workload.issuer_documents":
            return import_module("entra_oauth.practice.workload.issuer_documents")
        case "workload.managed_identity":
            return import_module("entra_oauth.practice.workload.managed_identity")
        case "workspace.own_authority":
            return import_module("entra_oauth.practice.workspace.own_authority")
        case "workspace.own_sign_in":
            return import_module("entra_oauth.practice.workspace.own_sign_in")
        case "workspace.toy_api":
            return import_module("entra_oauth.practice.workspace.toy_api")
    raise LookupError(name)


def _find(call: Call, method: str) -> str | None:
    path = "/".join(call.segments)
    if call.segments[0] == "azure-devops" and call.segments[-1] == "oidctoken":
        return "workload.builds.azure_devops_token" if method == "POST" else None
    if call.segments[:2] == ("oidc", "accounts"):
        return _of_account(call, method)
    api = _api(call)
    if api == _GRAPH and path == "oidc/userinfo" and (method, f"/{path}") in _FIXED:
        return _FIXED[method, f"/{path}"]
    if api is not None:
        return api
    if method == "GET" and call.segments[1:2] and call.segments[1].lower() == "userrealm":
        return "token.password_grant.user_realm" if len(call.segments) > 2 else None
    return _FIXED.get((method, f"/{path}")) or _UNDER_TENANT.get(
        (method, "/".join(call.segments[1:]))
    )


def _of_account(call: Call, method: str) -> str | None:
    """The endpoint of Databricks' account, at the host of accounts and on this machine."""
    host = (urlsplit(call.base_url).hostname or "").lower()
    if is_workspace(host) and not host.startswith("accounts."):
        return None
    path = "/".join(call.segments[3:])
    is_known = call.segments[2:3] == (DATABRICKS_ACCOUNT,) and path in _ACCOUNT_PATHS
    return _FIXED.get((method, f"/oidc/{path}")) if is_known else None


def _api(call: Call) -> str | None:
    """The API that answers everything at its host, whatever the method."""
    api = _api_of(call.base_url)
    if api != _HERE:
        return api
    if call.segments[:2] == ("metadata", "endpoints"):
        return _MANAGEMENT
    return _API_PATHS.get(call.segments[0])


@lru_cache(maxsize=64)
def _api_of(base_url: str) -> str | None:
    host = (urlsplit(base_url).hostname or "").lower()
    if host in GRAPH_HOSTS:
        return _GRAPH
    if host in MANAGEMENT_HOSTS:
        return _MANAGEMENT
    if is_issuer(host):
        return "workload.issuer_documents.document"
    return _HERE if is_loopback(host) else None
