"""Microsoft Graph as far as a sign-in needs it.

It takes tokens for Graph alone, looks at the permissions in them, and whatever it does not know
is an error in its own JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from entra_oauth.practice.directory.model import GRAPH
from entra_oauth.practice.graph.graph_answers import (
    GraphRefusal,
    graph_error,
    graph_json,
    graph_octets,
)
from entra_oauth.practice.graph.people import PHOTO_SIZE, described, photo
from entra_oauth.practice.graph.sign_in_records import listed
from entra_oauth.practice.http.refusals import Refused
from entra_oauth.practice.token.presented_token import (
    REVOKED_TEXT,
    TokenFlaw,
    TokenUnfit,
    read_presented,
)

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import Tenant, User
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.state.context import Context
    from entra_oauth.practice.token.presented_token import PresentedToken
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["graph"]

_VERSIONS = ("v1.0", "beta")
_FLAWS = {
    TokenFlaw.ABSENT: "Access token is empty.",
    TokenFlaw.UNREADABLE: "Access token validation failure. Invalid signature.",
    TokenFlaw.AUDIENCE: "Access token validation failure. Invalid audience.",
    TokenFlaw.EXPIRED: "Lifetime validation failed, the token is expired.",
    TokenFlaw.REVOKED: REVOKED_TEXT,
}
_NO_PHOTO = (
    "Exception of type 'Microsoft.Fast.Profile.Core.Exception.ImageNotFoundException' was thrown."
)
_OTHERS = frozenset(
    {
        "User.ReadBasic.All",
        "User.Read.All",
        "User.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
        "Directory.AccessAsUser.All",
    }
)
"""Permissions with which other people can be read."""
_ONESELF = _OTHERS | {"User.Read", "User.ReadWrite"}
_REVOKING = frozenset(
    {
        "User.RevokeSessions.All",
        "User.ReadWrite",
        "User.ReadWrite.All",
        "Directory.ReadWrite.All",
        "Directory.AccessAsUser.All",
    }
)
_ORGANISATION = frozenset(
    {
        "Organization.Read.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
        "Directory.AccessAsUser.All",
    }
)


def graph(context: Context, call: Call) -> HttpResponse:
    """Anything at Graph's host."""
    try:
        return _found(context, call, _let_in(context, call))
    except GraphRefusal as no:
        return graph_error(call, no)
    except Refused:  # a parameter that stands twice, or a query that is none
        said = "The query specified in the URI is not valid."
        return graph_error(call, GraphRefusal(400, "BadRequest", said))


def _let_in(context: Context, call: Call) -> PresentedToken:
    # fidelity: graph-token-refused
    try:
        return read_presented(context, call, GRAPH)
    except TokenUnfit as unfit:
        said = _FLAWS[unfit.flaw]
        raise GraphRefusal(
            401, "InvalidAuthenticationToken", said, challenge=unfit.challenge
        ) from None


def _found(context: Context, call: Call, token: PresentedToken) -> HttpResponse:
    version, *path = [unquote(part, errors="replace") for part in call.segments if part] or [""]
    if version not in _VERSIONS:
        raise GraphRefusal(400, "BadRequest", f"Invalid version: {version}")
    match (call.method, *path):
        case ("POST", "me", "revokeSignInSessions"):
            return _revoked(context, call, version, token)
        case ("GET", "me", *rest):
            return _about(call, version, _oneself(token), rest)
        case ("GET", "users", name, *rest):
            return _about(call, version, _somebody(context, token, name), rest)
        case ("GET", "organization"):
            return _organisation(call, version, token)
        case ("GET", "auditLogs", "signIns"):
            return _sign_ins(context, call, version, token)
    # fidelity: graph-unknown-path
    segment = path[0] if path else ""
    raise GraphRefusal(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


def _revoked(context: Context, call: Call, version: str, token: PresentedToken) -> HttpResponse:
    """All that the person was given is to be asked for anew."""
    # fidelity: graph-revoke
    user = _oneself(token)
    _need(token, _REVOKING)
    context.issued.revoke(user.oid, call.now)
    context.issued.challenge(user.oid, call.now)
    return _entity(call, version, "Edm.Boolean", {"value": True})


def _oneself(token: PresentedToken) -> User:
    if token.user is None:
        said = "/me request is only valid with delegated authentication flow."
        raise GraphRefusal(400, "BadRequest", said)
    _need(token, _ONESELF)
    return token.user


def _somebody(context: Context, token: PresentedToken, name: str) -> User:
    book = context.directory
    user = book.user(name, token.tenant.id) or book.user_with_oid(name.lower())
    if user is not None and user == token.user:
        _need(token, _ONESELF)
    elif token.user is not None:
        _need(token, _OTHERS)
    elif not context.issued.consented_for_all(token.app.client_id, GRAPH):
        raise _denied()  # fidelity: graph-app-only
    if user is None or user.tenant_id != token.tenant.id:
        said = (
            f"Resource '{name}' does not exist or one of its queried reference-property objects "
            "are not present."
        )
        raise GraphRefusal(404, "Request_ResourceNotFound", said)
    return user


def _need(token: PresentedToken, any_of: frozenset[str]) -> None:
    # fidelity: graph-permissions
    if token.permissions.isdisjoint(any_of):
        raise _denied()


def _denied() -> GraphRefusal:
    said = "Insufficient privileges to complete the operation."
    return GraphRefusal(403, "Authorization_RequestDenied", said)


def _about(call: Call, version: str, user: User, rest: list[str]) -> HttpResponse:
    match rest:
        case []:
            # fidelity: graph-user
            select = tuple(filter(None, (call.query.get("$select") or "").split(",")))
            shown = described(user, tuple(name.strip() for name in select))
            chosen = f"({','.join(shown)})" if select else ""
            return _entity(call, version, f"users{chosen}/$entity", shown)
        case ["photo"]:
            return _photo_facts(call, version, user)
        case ["photo", "$value"]:
            octets = photo(user)
            if octets is None:
                # fidelity: graph-photo
                raise GraphRefusal(404, "ErrorEntityNotFound", _NO_PHOTO)
            return graph_octets(call, "image/png", octets)
    raise GraphRefusal(400, "BadRequest", f"Resource not found for the segment '{rest[0]}'.")


def _photo_facts(call: Call, version: str, user: User) -> HttpResponse:
    pixels = PHOTO_SIZE if user.photo else 1
    shown: dict[str, object] = {
        "@odata.mediaContentType": "image/png" if user.photo else "image/gif",
        "id": f"{pixels}x{pixels}",
        "height": pixels,
        "width": pixels,
    }
    return _entity(call, version, f"users('{user.oid}')/photo/$entity", shown)


def _entity(call: Call, version: str, context: str, members: dict[str, object]) -> HttpResponse:
    return graph_json(call, {"@odata.context": _metadata(version, context), **members})


def _metadata(version: str, what: str) -> str:
    return f"https://graph.microsoft.com/{version}/$metadata#{what}"


def _organisation(call: Call, version: str, token: PresentedToken) -> HttpResponse:
    # fidelity: graph-organization
    if token.user is not None:
        _need(token, _ONESELF | _ORGANISATION)
    full = not token.permissions.isdisjoint(_ORGANISATION)
    shown = {"value": [_tenant(token.tenant, full=full)]}
    return _entity(call, version, "organization", dict(shown))


def _tenant(tenant: Tenant, *, full: bool) -> dict[str, object]:
    domain = {
        "capabilities": "Email, OfficeCommunicationsOnline",
        "isDefault": True,
        "isInitial": True,
        "name": tenant.domain,
        "type": "Managed",
    }
    return {
        "id": tenant.id,
        "displayName": tenant.name,
        "verifiedDomains": [domain],
        "countryLetterCode": "US" if full else None,
        "tenantType": "AAD" if full else None,
        "technicalNotificationMails": [] if full else None,
    }


def _sign_ins(context: Context, call: Call, version: str, token: PresentedToken) -> HttpResponse:
    if token.user is None:
        allowed = context.issued.consented_for_all(token.app.client_id, GRAPH)
    else:
        allowed = "AuditLog.Read.All" in token.permissions
    if not allowed:
        said = "Calling principal does not have required MSGraph permissions AuditLog.Read.All"
        raise GraphRefusal(403, "Authentication_MSGraphPermissionMissing", said)
    asked = call.query
    found = listed(
        context.sign_ins, token.tenant, version, top=asked.get("$top"), only=asked.get("$filter")
    )
    return _entity(call, version, "auditLogs/signIns", {"value": found})
