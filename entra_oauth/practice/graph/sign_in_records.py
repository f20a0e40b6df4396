"""`/auditLogs/signIns`: the sign-ins of this tenant, newest first.

https://learn.microsoft.com/graph/api/signin-list
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from entra_oauth.moments import utc
from entra_oauth.practice.graph.graph_answers import GraphRefusal

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import Tenant
    from entra_oauth.practice.state.sign_in_log import SignInEvent, SignInLog

__all__ = ["listed"]

_MOST = 1_000
_FILTER = re.compile(r"(?P<name>[A-Za-z/]+) eq (?:'(?P<text>[^']*)'|(?P<number>[0-9]{1,9}))")


def listed(log: SignInLog, tenant: Tenant, *, top: str | None, only: str | None) -> list[object]:
    """Those that `only` (a `$filter` of one comparison) lets through, at most `top`.

    Raises `GraphRefusal` for a filter or number that is not understood.
    """
    # fidelity: sign-in-log
    if top is not None and not (top.isascii() and top.isdigit() and 0 < int(top[:9]) <= _MOST):
        raise GraphRefusal(400, "BadRequest", "Invalid value for the query option $top.")
    events = [_described(e) for e in log.newest_first if e.user.tenant_id == tenant.id]
    if only is not None:
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


def _described(event: SignInEvent) -> dict[str, object]:
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
        "isInteractive": True,
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
