"""The `claims` parameter: extra demands on a token, and the challenges that make them.

https://learn.microsoft.com/entra/identity-platform/claims-challenge
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from entra_oauth.practice.http.refusals import refuse

__all__ = ["NO_CLAIMS", "ClaimsRequest", "challenge_json", "read_claims"]

_MOST_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsRequest:
    """The part of a `claims` parameter that the tenant understands."""

    cae: bool = False
    """True if the client says that it can handle a claims challenge (`cp1`)."""
    not_before: int | None = None
    """The token must not be older than this (seconds since 1970): an API's challenge."""

    def joined(self, other: ClaimsRequest) -> ClaimsRequest:
        """Both demands in one, where this one comes first."""
        not_before = self.not_before if self.not_before is not None else other.not_before
        return ClaimsRequest(cae=self.cae or other.cae, not_before=not_before)


NO_CLAIMS = ClaimsRequest()


def read_claims(text: str | None) -> ClaimsRequest:
    """Understand a `claims` parameter; AADSTS9002313 if it is no JSON object."""
    if text is None:
        return NO_CLAIMS
    if len(text) > _MOST_CHARACTERS:
        raise refuse(9002313)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise refuse(9002313) from None  # fidelity: claims-malformed
    if not isinstance(content, dict):
        raise refuse(9002313)
    wanted = _member(content, "access_token")
    values = _member(wanted, "xms_cc").get("values")
    return ClaimsRequest(
        cae=isinstance(values, list) and any(str(v).lower() == "cp1" for v in values),
        not_before=_seconds(_member(wanted, "nbf").get("value")),
    )


def challenge_json(not_before: int) -> str:
    """The demand of an API whose caller's session has ended, for the `claims` parameter."""
    wanted = {"nbf": {"essential": True, "value": str(not_before)}}
    return json.dumps({"access_token": wanted}, separators=(",", ":"))


def _member(content: dict[str, object], name: str) -> dict[str, object]:
    found = content.get(name)
    return found if isinstance(found, dict) else {}


def _seconds(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 13 else None
