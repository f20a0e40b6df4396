"""A token of another issuer that proves an app: what it says of itself.

Nothing here verifies it: that is Entra's part. It finds what is wrong in most cases all the same,
for Entra compares issuer, subject and audience letter by letter (Microsoft, "Workload identity
federation").
"""

from __future__ import annotations

from typing import Any

from entra_oauth.errors import UsageError, plain
from entra_oauth.protocol.jwt import decode

__all__ = ["LEEWAY_S", "check_life", "claims_of", "described", "presented"]

LEEWAY_S = 300.0
"""Seconds that this machine's clock may be ahead: so many does Entra allow as well."""

_MISMATCHES = frozenset(
    [70021, 70025, 700211, 700212, 700213, 700222, 700223, 700229, 700238, 7002137, 7002138]
)
"""Entra's numbers for a token that is not the one that the app registration trusts."""


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token; none of one that cannot be read."""
    try:
        return decode(token).claims
    except UsageError:
        return {}


def check_life(token: str, *, now: float) -> None:
    """Raise `UsageError` for a token that is over by more than a clock can be wrong."""
    ends = claims_of(token).get("exp")
    if isinstance(ends, bool) or not isinstance(ends, int | float) or now < ends + LEEWAY_S:
        return
    minutes = min(int((now - ends) // 60), 999_999)
    raise UsageError(
        f"The federated token expired {minutes} minutes ago, by this machine's clock.",
        advice="Whatever keeps it fresh has stopped, or the clock is wrong: look at both.",
    )


def presented(assertion: str | None, codes: tuple[int, ...]) -> str:
    """The sentence on issuer, subject and audience, where Entra's error says that one differs.

    Begins with a blank; empty where it is another error, or nothing can be read.
    """
    if assertion is None or not _MISMATCHES.intersection(codes):
        return ""
    return described(assertion)


def described(token: str) -> str:
    """The sentence on a token's issuer, subject and audience, which others compare.

    Begins with a blank; empty where nothing can be read.
    """
    claims = claims_of(token)
    names = (("iss", "issuer"), ("sub", "subject"), ("aud", "audience"))
    said = [f"{word} {_shown(claims[name])}" for name, word in names if name in claims]
    if not said:
        return ""
    return f" The token that was presented has {', '.join(said)}; case counts."


def _shown(value: object) -> str:
    several = value if isinstance(value, list) else [value]
    return " and ".join(f"“{plain(str(each), limit=600)}”" for each in several[:5])
