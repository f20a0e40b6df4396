"""Which function answers which address.

The functions are named, and their modules imported when they are first asked: most
runs of a tenant use few of them, and all of them together take longer to import than
the rest of its start.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, cast

from entra_oauth.practice.answers import dated
from entra_oauth.practice.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.practice.calls import Call
    from entra_oauth.practice.world import World
    from entra_oauth.protocol.messages import HttpResponse

    Endpoint = Callable[[World, Call], HttpResponse]

__all__ = ["answer", "endpoint"]

_FIXED: dict[tuple[str, str], str] = {
    ("GET", "/"): "info.start",
    ("GET", "/fidelity"): "info.fidelity",
    ("GET", "/error"): "info.error_lookup",
    ("GET", "/devicelogin"): "device.device_login",
    ("GET", "/oidc/userinfo"): "userinfo.userinfo",
    ("POST", "/oidc/userinfo"): "userinfo.userinfo",
    ("GET", "/aad/auth"): "workspace.aad_auth",
    ("GET", "/oidc/oauth2/v2.0/authorize"): "workspace.authorize",
    ("GET", "/api/2.0/clusters/list"): "workspace.clusters",
    ("GET", "/api/2.1/clusters/list"): "workspace.clusters",
    ("GET", "/api/2.0/preview/scim/v2/Me"): "workspace.who_am_i",
    ("GET", "/common/discovery/instance"): "discovery.instances",
}

_UNDER_TENANT: dict[tuple[str, str], str] = {
    ("GET", "oauth2/v2.0/authorize"): "signin.authorize",
    ("POST", "oauth2/v2.0/authorize"): "signin.authorize",
    ("GET", "oauth2/authorize"): "signin.authorize_v1",
    ("POST", "oauth2/authorize"): "signin.authorize_v1",
    ("POST", "login"): "signin.sign_in",
    ("POST", "pick"): "signin.pick_account",
    ("POST", "mfa"): "passage.second_step",
    ("POST", "confirm"): "passage.confirm_app",
    ("POST", "consent"): "passage.decide_consent",
    ("POST", "approval"): "passage.decide_admin",
    ("GET", "oauth2/deviceauth"): "device.enter_code",
    ("POST", "oauth2/deviceauth"): "device.typed_code",
    ("POST", "oauth2/v2.0/devicecode"): "device.device_code",
    ("POST", "oauth2/devicecode"): "device.device_code_v1",
    ("GET", "adminconsent"): "admin.admin_consent",
    ("GET", "v2.0/adminconsent"): "admin.admin_consent_v2",
    ("GET", "oauth2/v2.0/logout"): "signin.log_out",
    ("GET", "oauth2/logout"): "signin.log_out",
    ("GET", "oauth2/v2.0/token"): "token.token",
    ("POST", "oauth2/v2.0/token"): "token.token",
    ("OPTIONS", "oauth2/v2.0/token"): "token.preflight",
    ("GET", "oauth2/token"): "token.token_v1",
    ("POST", "oauth2/token"): "token.token_v1",
    ("GET", "v2.0/.well-known/openid-configuration"): "discovery.configuration",
    ("GET", ".well-known/openid-configuration"): "discovery.configuration_v1",
    ("GET", "discovery/v2.0/keys"): "discovery.keys",
    ("GET", "discovery/keys"): "discovery.keys_v1",
    ("GET", "openid/userinfo"): "userinfo.userinfo",
}

_THROTTLED = ("token.token", "token.token_v1", "device.device_code", "device.device_code_v1")
_METHODS = ("GET", "POST", "OPTIONS")


def answer(world: World, call: Call) -> HttpResponse:
    """Let the endpoint of that address answer; a refusal that nobody caught is a page.

    The answer says what time it is there.
    """
    return dated(_undated(world, call), call.now)


def _undated(world: World, call: Call) -> HttpResponse:
    name = _find(call, call.method)
    if name is None:
        from entra_oauth.practice import pages

        allowed = tuple(m for m in _METHODS if m != call.method and _find(call, m) is not None)
        return pages.missing(call, allowed=allowed)
    if name in _THROTTLED:
        from entra_oauth.practice import token

        wait = token.throttled(world, call)
        if wait is not None:
            return wait
    try:
        return endpoint(name)(world, call)
    except Refused as refused:
        from entra_oauth.practice import pages

        return pages.error(refused, call)


@cache
def endpoint(name: str) -> Endpoint:
    """The function of that name: module, dot, function."""
    module, _, function = name.partition(".")
    return cast("Endpoint", getattr(import_module(f"entra_oauth.practice.{module}"), function))


def _find(call: Call, method: str) -> str | None:
    path = "/".join(call.segments)
    if method == "GET" and call.segments[1:2] and call.segments[1].lower() == "userrealm":
        return "password.user_realm" if len(call.segments) > 2 else None
    return _FIXED.get((method, f"/{path}")) or _UNDER_TENANT.get(
        (method, "/".join(call.segments[1:]))
    )
