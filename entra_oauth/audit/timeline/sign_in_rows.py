"""A row of Entra's exported sign-in log, whatever form the export has.

Facts of the fields: the resource type signIn of Microsoft Graph, and the portal's columns.
Everything in a row is text of strangers.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

__all__ = ["SignInRow", "request_id_of", "row_of_csv", "row_of_json", "time_of"]

_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|\+00:00)?", re.ASCII
)
_GUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UTI = re.compile(r"[A-Za-z0-9_-]{22}")
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRow:
    """One attempt, as Entra saw it. Empty texts are not in the export."""

    at: float
    """Start of the request, seconds since 1970."""
    id: str = ""
    """Entra's id of the request, lower case."""
    correlation_id: str = ""
    uti: str = ""
    session_id: str = ""
    app_id: str = ""
    user_id: str = field(default="", repr=False)
    user: str = field(default="", repr=False)
    """The name that the person signed in with."""
    resource: str = ""
    ip: str = field(default="", repr=False)
    user_agent: str = field(default="", repr=False)
    interactive: bool | None = None
    """False for what an app handed in; None where the export does not say."""
    error: int | None = None
    """AADSTS number; 0 for a success, None where it cannot be read."""
    incoming_token: str = ""
    credential: str = ""
    """`none` for a public client."""

    @property
    def ok(self) -> bool:
        return self.error == 0


def time_of(text: str) -> float | None:
    """Seconds since 1970 of a time in UTC; None for anything else: a guess would mislead."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return datetime(*(int(part) for part in found.groups()), tzinfo=UTC).timestamp()  # type: ignore[arg-type,misc]
    except ValueError:
        return None


def request_id_of(uti: str) -> str:
    """The request's id that a token's `uti` is: sixteen octets in .NET's order; else empty."""
    if not _UTI.fullmatch(uti):
        return ""
    return str(UUID(bytes_le=urlsafe_b64decode(f"{uti}==")))


def row_of_json(found: Mapping[str, object]) -> SignInRow | None:
    """A row of Graph's, of the portal's JSON or of Log Analytics'; None for what is none."""
    # Log Analytics writes the same names with a capital.
    member = {name[:1].lower() + name[1:]: value for name, value in found.items()}
    at = time_of(_text(member.get("createdDateTime")))
    if at is None:
        return None
    status = member.get("status")
    code = status.get("errorCode") if isinstance(status, Mapping) else member.get("resultType")
    return SignInRow(
        at=at,
        id=_text(member.get("id")).lower(),
        correlation_id=_text(member.get("correlationId")).lower(),
        uti=_text(member.get("uniqueTokenIdentifier")),
        session_id=_text(member.get("sessionId")).lower(),
        app_id=_text(member.get("appId")).lower(),
        user_id=_text(member.get("userId")).lower(),
        user=_text(member.get("userPrincipalName")),
        resource=_text(member.get("resourceDisplayName")),
        ip=_text(member.get("ipAddress") or member.get("iPAddress")),
        user_agent=_text(member.get("userAgent")),
        interactive=_interactive(member),
        error=_number(code),
        incoming_token=_text(member.get("incomingTokenType")),
        credential=_text(member.get("clientCredentialType")),
    )


def _interactive(member: Mapping[str, object]) -> bool | None:
    types = member.get("signInEventTypes")
    if isinstance(types, list) and types:
        return "interactiveUser" in types
    value = member.get("isInteractive")
    return value if isinstance(value, bool) else None


_COLUMNS = {
    "date (utc)": "at",
    "request id": "id",
    "correlation id": "correlation_id",
    "unique token identifier": "uti",
    "session id": "session_id",
    "application id": "app_id",
    "user id": "user_id",
    "username": "user",
    "resource": "resource",
    "ip address": "ip",
    "user agent": "user_agent",
    "sign-in error code": "error",
    "incoming token type": "incoming_token",
    "client credential type": "credential",
    "is interactive": "interactive",
    "status": "status",
}


def columns_of(header: list[str]) -> dict[int, str]:
    """For each column that is used its field. Blanks at ends and doubled ones are real."""
    found: dict[int, str] = {}
    for number, name in enumerate(header):
        known = _COLUMNS.get(" ".join(name.split()).lower())
        if known is not None and known not in found.values():  # the first of two counts
            found[number] = known
    return found


def row_of_csv(cells: list[str], columns: Mapping[int, str]) -> SignInRow | None:
    """A row of the portal's CSV; None for what is none."""
    cell = {name: _text(cells[at]) for at, name in columns.items() if at < len(cells)}
    at = time_of(cell.get("at", ""))
    if at is None:
        return None
    says = {"true": True, "yes": True, "false": False, "no": False}
    error = _number(cell.get("error", ""))
    if error is None and cell.get("status", "").lower() == "success":
        error = 0
    return SignInRow(
        at=at,
        id=cell.get("id", "").lower(),
        correlation_id=cell.get("correlation_id", "").lower(),
        uti=cell.get("uti", ""),
        session_id=cell.get("session_id", "").lower(),
        app_id=cell.get("app_id", "").lower(),
        user_id=cell.get("user_id", "").lower(),
        user=cell.get("user", ""),
        resource=cell.get("resource", ""),
        ip=cell.get("ip", ""),
        user_agent=cell.get("user_agent", ""),
        interactive=says.get(cell.get("interactive", "").lower()),
        error=error,
        incoming_token=cell.get("incoming_token", ""),
        credential=cell.get("credential", ""),
    )


def _text(value: object) -> str:
    return value.strip()[:_LONGEST] if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value < 10_000_000_000 else None
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) else None
