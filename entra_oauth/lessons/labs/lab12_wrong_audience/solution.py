"""Lab 12, one solution of many: for us, and at this time (RFC 7519 section 4.1)."""

from typing import Any


def caller(claims: dict[str, Any], me: str, now: float) -> str:
    if claims.get("aud") != me:
        raise ValueError("a token for somebody else")
    if not isinstance(claims.get("exp"), int | float):
        raise ValueError("a token without an end")
    if not claims.get("nbf", now) <= now < claims["exp"]:
        raise ValueError("a token of another time")
    if not isinstance(claims.get("upn"), str):
        raise ValueError("a token of nobody")
    name: str = claims["upn"]
    return name
