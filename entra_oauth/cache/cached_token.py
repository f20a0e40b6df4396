"""An access token of the store, and the time that it has left. Pure.

A token counts as good for `min_validity_s` more seconds or not at all: whoever gets
it must be able to use it, and Databricks for one refuses a token in its last seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from entra_oauth.cache.paths import seconds_left

__all__ = ["MIN_VALIDITY_S", "CachedToken"]

MIN_VALIDITY_S = 300
"""Five minutes: what azure-core and the Databricks SDKs ask of a token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedToken:
    """An access token as it is stored. Its repr does not show it."""

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
        """Expiry, arrival and monotonic arrival, as `paths` has them."""
        return self.expires_on, self.arrived_at, self.arrived_on_clock

    def seconds_left(self, *, now: float, monotonic: float) -> float:
        """Seconds that it is still good; see `paths.seconds_left`."""
        return seconds_left(self.times, now, monotonic)

    def is_good_for(self, min_validity_s: float, *, now: float, monotonic: float) -> bool:
        """Tell if it lasts so many seconds more; one that is over is never good."""
        left = self.seconds_left(now=now, monotonic=monotonic)
        return left > 0 and left >= min_validity_s
