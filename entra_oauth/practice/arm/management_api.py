"""Azure Resource Manager as far as a sign-in needs it: tenants and subscriptions.

https://learn.microsoft.com/rest/api/resources/subscriptions. It takes tokens for Azure's
management alone, and whatever it does not know is an error in its own JSON.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from entra_oauth.moments import utc
from entra_oauth.practice.arm.arm_answers import arm_error, arm_json
from entra_oauth.practice.arm.clouds import endpoints
from entra_oauth.practice.directory.model import MANAGEMENT
from entra_oauth.practice.http.refusals import Refused
from entra_oauth.practice.server.host_names import USUAL_WORKSPACE
from entra_oauth.practice.signing.jws import seconds
from entra_oauth.practice.token.presented_token import (
    REVOKED_TEXT,
    TokenFlaw,
    TokenUnfit,
    read_presented,
)

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import Tenant
    from entra_oauth.practice.directory.subscriptions import Subscription
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.state.context import Context
    from entra_oauth.practice.token.presented_token import PresentedToken
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["manage"]

_VERSION = re.compile(r"20\d\d-\d\d-\d\d(-[a-z]+)?", re.ASCII)
_AUDIENCES = (
    "'https://management.core.windows.net/','https://management.core.windows.net',"
    "'https://management.azure.com/','https://management.azure.com'"
)


def manage(context: Context, call: Call) -> HttpResponse:
    """Anything at Azure's management host."""
    path = tuple(unquote(part, errors="replace") for part in call.segments if part)
    try:
        version = call.query.get("api-version")
    except Refused:  # a parameter that stands twice, or a query that is none
        return arm_error(call, 400, "InvalidRequestUri", "The request URI is not valid.")
    # fidelity: arm-version
    if version is None:
        return arm_error(
            call,
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if not _VERSION.fullmatch(version):
        said = f"The api-version '{version}' is invalid."
        return arm_error(call, 400, "InvalidApiVersionParameter", said)
    if call.method == "GET" and path == ("metadata", "endpoints"):
        return endpoints(call, version)
    try:
        token = read_presented(context, call, MANAGEMENT)
    except TokenUnfit as unfit:
        return _turned_away(call, unfit)
    return _found(context, call, token, path)


def _found(
    context: Context, call: Call, token: PresentedToken, path: tuple[str, ...]
) -> HttpResponse:
    book = context.directory
    match (call.method, *path):
        case ("GET", "tenants"):
            return arm_json(call, {"value": [_tenant(token.tenant)]})
        case ("GET", "subscriptions"):
            # fidelity: arm-subscriptions
            mine = [each for each in book.subscriptions if each.tenant_id == token.tenant.id]
            count = {"type": "Total", "value": len(mine)}
            return arm_json(call, {"value": [_subscription(s) for s in mine], "count": count})
        case ("GET", "subscriptions", name, *rest):
            subscription = book.subscription(name)
            if subscription is None:
                said = f"The subscription '{name}' could not be found."
                return arm_error(call, 404, "SubscriptionNotFound", said)
            if subscription.tenant_id != token.tenant.id:
                return _wrong_tenant(call, token.tenant.id, subscription.tenant_id)
            if not rest:
                return arm_json(call, _subscription(subscription))
            return _in_subscription(call, path, [part.lower() for part in rest])
    # fidelity: arm-unknown-path
    said = f"No HTTP resource was found that matches the request '/{'/'.join(path)}'."
    return arm_error(call, 404, "NotFound", said)


def _in_subscription(call: Call, path: tuple[str, ...], rest: list[str]) -> HttpResponse:
    """A subscription holds nothing here but the practice workspace, under any name."""
    match rest:
        case ["locations" | "resourcegroups" | "resources"]:
            return arm_json(call, {"value": []})
        case ["resourcegroups", _, "providers", "microsoft.databricks", "workspaces", _]:
            return arm_json(call, _workspace(path))
    said = f"The Resource '{'/'.join(path[2:])}' was not found."
    return arm_error(call, 404, "ResourceNotFound", said)


def _workspace(path: tuple[str, ...]) -> dict[str, object]:
    """The resource by which clients find the workspace's address."""
    # fidelity: arm-workspace
    return {
        "id": "/" + "/".join(path),
        "name": path[-1],
        "type": "Microsoft.Databricks/workspaces",
        "location": "westeurope",
        "sku": {"name": "premium"},
        "tags": {},
        "properties": {
            "managedResourceGroupId": f"/subscriptions/{path[1]}/resourceGroups/practice-managed",
            "provisioningState": "Succeeded",
            "workspaceId": USUAL_WORKSPACE.removeprefix("adb-").partition(".")[0],
            "workspaceUrl": USUAL_WORKSPACE,
        },
    }


def _tenant(tenant: Tenant) -> dict[str, object]:
    return {
        "id": f"/tenants/{tenant.id}",
        "tenantId": tenant.id,
        "countryCode": "US",
        "displayName": tenant.name,
        "domains": [tenant.domain],
        "tenantCategory": "Home",
        "defaultDomain": tenant.domain,
        "tenantType": "AAD",
    }


def _subscription(subscription: Subscription) -> dict[str, object]:
    return {
        "id": f"/subscriptions/{subscription.id}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription.id,
        "tenantId": subscription.tenant_id,
        "displayName": subscription.name,
        "state": subscription.state,
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


def _turned_away(call: Call, unfit: TokenUnfit) -> HttpResponse:
    # fidelity: arm-token
    match unfit.flaw:
        case TokenFlaw.ABSENT:
            code = "AuthenticationFailed"
            said = "Authentication failed. The 'Authorization' header is missing."
        case TokenFlaw.AUDIENCE:
            code = "InvalidAuthenticationTokenAudience"
            said = (
                "The access token has been obtained for wrong audience or resource "
                f"'{unfit.claims.get('aud')}'. It should exactly match with one of the allowed "
                f"audiences {_AUDIENCES}."
            )
        case TokenFlaw.EXPIRED:
            code = "ExpiredAuthenticationToken"
            said = (
                f"The access token expiry UTC time '{_dotnet(seconds(unfit.claims, 'exp'))}' is "
                f"earlier than current UTC time '{_dotnet(call.now)}'."
            )
        case TokenFlaw.REVOKED:
            code, said = "InvalidAuthenticationToken", REVOKED_TEXT
        case _:
            code = "InvalidAuthenticationToken"
            said = "The access token is invalid."
    challenge = unfit.challenge or (
        'Bearer authorization_uri="https://login.microsoftonline.com/common", '
        f'error="invalid_token", error_description="{_quotable(said)}"'
    )
    return arm_error(call, 401, code, said, extra=(("WWW-Authenticate", challenge),))


def _quotable(text: str) -> str:
    """The text in characters that `error_description` may have (RFC 6750 §3)."""
    return re.sub(r"[^ !#-\[\]-~]", "?", text)


def _wrong_tenant(call: Call, had: str, needs: str) -> HttpResponse:
    # fidelity: arm-wrong-tenant
    said = (
        f"The access token is from the wrong issuer 'https://sts.windows.net/{had}/'. It must "
        f"match the tenant 'https://sts.windows.net/{needs}/' associated with this subscription. "
        f"Please use the authority (URL) 'https://login.windows.net/{needs}' to get the token."
    )
    return arm_error(call, 401, "InvalidAuthenticationTokenTenant", said)


def _dotnet(at: float) -> str:
    """A time as .NET writes it for Americans; `at` is in seconds since 1970."""
    moment = utc(at)
    half = "AM" if moment.hour < 12 else "PM"
    hour = moment.hour % 12 or 12
    return f"{moment.month}/{moment.day}/{moment.year} {hour}:{moment:%M:%S} {half}"
