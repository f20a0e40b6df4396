"""The function of lab 12, WRONG ON PURPOSE: to be repaired, never to be copied."""

from typing import Any


def caller(claims: dict[str, Any], me: str, now: float) -> str:
    """Return who calls (upn), or raise ValueError for a token that is not for us now.

    `claims` are those of a token whose signature was checked. `me` is our own id as
    in aud; `now` is in seconds, like exp and nbf. nbf may be missing, exp may not.
    """
    name: str = claims["upn"]
    return name
