"""What can be done with what is kept, at a given time. Pure.

A token counts as good for `min_validity_s` more seconds or not at all: whoever gets
it must be able to use it, and Databricks for one refuses a token in its last seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from entra_oauth.cache.paths import seconds_left

__all__ = ["MIN_VALIDITY_S", "AccessToken", "Verdict", "decide"]

MIN_VALIDITY_S = 300
"""Five minutes: what azure-core and the Databricks SDKs ask of a token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """An access token as it is kept. Its repr does not show it."""

    text: str = field(repr=False)
    expires_on: int
    """Seconds since 1970."""
    arrived_at: int
    """Seconds since 1970."""
    arrived_on_clock: int
    """The machine's monotonic clock at that moment, in seconds."""
    granted: str | None = None
    """The scopes that the authority named, if it did."""

    @property
    def times(self) -> tuple[int, int, int]:
        return self.expires_on, self.arrived_at, self.arrived_on_clock

    def seconds_left(self, *, now: float, monotonic: float) -> float:
        """Seconds that it is still good; see `layout.seconds_left`."""
        return seconds_left(self.times, now, monotonic)


class Verdict(Enum):
    """What is to be done to get a token."""

    USABLE = "the token that is kept will do"
    REFRESHABLE = "a new one can be had without the person"
    NEITHER = "the person must sign in"


def decide(
    token: AccessToken | None,
    *,
    can_refresh: bool,
    now: float,
    monotonic: float,
    min_validity_s: float = MIN_VALIDITY_S,
) -> Verdict:
    """What to do. Times are in seconds; the clocks are the caller's to read."""
    if token is not None:
        left = token.seconds_left(now=now, monotonic=monotonic)
        if left > 0 and left >= min_validity_s:
            return Verdict.USABLE
    return Verdict.REFRESHABLE if can_refresh else Verdict.NEITHER
