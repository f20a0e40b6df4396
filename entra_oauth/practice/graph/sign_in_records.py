"""`/auditLogs/signIns`: the sign-ins of this tenant, newest first.

https://learn.microsoft.com/graph/api/signin-list
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING
from uuid import UUID

from entra_oauth.moments import utc
from entra_oauth.practice.graph.graph_answers import GraphRefusal

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import Tenant
    from entra_oauth.practice.state.sign_in_log import SignInEvent, SignInLog

__all__ = ["listed"]

_MOST = 1_000
_FILTER = re.compile(r"(?P<name>[A-Za-z/]+) eq (?:'(?P<text>[^']*)'|(?P<number>[0-9]{1,9}))")


_TYPES = re.compile(
    r"signInEventTypes/any\((?P<each>[a-z]): ?(?P=each) eq '(?P<type>[A-Za-z]{1,40})'\)"
)


def listed(
    log: SignInLog, tenant: Tenant, version: str, *, top: str | None, only: str | None
) -> list[object]:
    """Those that `only` (a `$filter` of one comparison) lets through, at most `top`.

    Without a filter by their type they are those at which a person was (interactive ones).
    Raises `GraphRefusal` for a filter or number that is not understood.
    """
    # fidelity: sign-in-log
    if top is not None and not (top.isascii() and top.isdigit() and 0 < int(top[:9]) <= _MOST):
        raise GraphRefusal(400, "BadRequest", "Invalid value for the query option $top.")
    events = [_described(e, version) for e in log.newest_first if e.user.tenant_id == tenant.id]
    typed = _TYPES.fullmatch((only or "").strip())
    wanted_type = typed["type"] if typed is not None else "interactiveUser"
    events = [e for e in events if e["isInteractive"] is (wanted_type == "interactiveUser")]
    if wanted_type not in ("interactiveUser", "nonInteractiveUser"):
        events = []
    if only is not None and typed is None:
        found = _FILTER.fullmatch(only.strip())
        if found is None:
            raise GraphRefusal(400, "BadRequest", "Invalid filter clause")
        wanted = found["text"] if found["number"] is None else int(found["number"])
        events = [event for event in events if _member(event, found["name"]) == wanted]
    return list(events[: int(top) if top is not None else _MOST])


def _member(event: dict[str, object], path: str) -> object:
    value: object = event
    for name in path.split("/"):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _described(event: SignInEvent, version: str) -> dict[str, object]:
    return {**_in_both(event), **(_in_beta(event) if version == "beta" else {})}


def _in_beta(event: SignInEvent) -> dict[str, object]:
    kind = "interactiveUser" if event.interactive else "nonInteractiveUser"
    return {
        "signInEventTypes": [kind],
        "sessionId": event.session or None,
        "uniqueTokenIdentifier": _uti(event.id),
        "incomingTokenType": "none",
        "authenticationProtocol": "oAuth2" if event.interactive or event.session else "ropc",
        "clientCredentialType": "none",
    }


def _uti(request_id: str) -> str:
    """The request's id as tokens have it: .NET's byte order, base64url."""
    octets = UUID(request_id).bytes_le
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _in_both(event: SignInEvent) -> dict[str, object]:
    return {
        "id": event.id,
        "createdDateTime": f"{utc(event.at):%Y-%m-%dT%H:%M:%SZ}",
        "userDisplayName": event.user.display_name,
        "userPrincipalName": event.user.name,
        "userId": event.user.oid,
        "appId": event.app.client_id,
        "appDisplayName": event.app.name,
        "ipAddress": "127.0.0.1",
        "clientAppUsed": "Browser" if event.in_browser else "Mobile Apps and Desktop clients",
        "correlationId": event.correlation_id,
        "conditionalAccessStatus": "notApplied",
        "isInteractive": event.interactive,
        "riskDetail": "none",
        "riskLevelAggregated": "none",
        "riskLevelDuringSignIn": "none",
        "riskState": "none",
        "riskEventTypes": [],
        "riskEventTypes_v2": [],
        "resourceDisplayName": event.resource.name,
        "resourceId": event.resource.id,
        "status": {
            "errorCode": event.error,
            "failureReason": event.reason or "Other.",
            "additionalDetails": None,
        },
        "deviceDetail": {
            "deviceId": "",
            "displayName": "",
            "operatingSystem": "",
            "browser": "",
            "isCompliant": False,
            "isManaged": False,
            "trustType": "",
        },
        "location": {"city": "", "state": "", "countryOrRegion": "", "geoCoordinates": {}},
        "appliedConditionalAccessPolicies": [],
    }
