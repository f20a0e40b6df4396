"""Times as people read them."""

from __future__ import annotations

import time
from datetime import date

from entra_oauth.channels.base import now

__all__ = ["clock_time", "duration", "today", "utc_time"]


def today() -> date:
    """The day, in UTC, by which waivers end."""
    return date(*time.gmtime(now())[:3])


def utc_time(at: float) -> str:
    """Seconds since 1970 as `2026-11-25T14:10:47Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def clock_time(at: float) -> str:
    """Seconds since 1970 as `14:10` of the local day, with the date if it is another day."""
    local = time.localtime(at)
    today = time.localtime(now())
    same_day = local[:3] == today[:3]
    return time.strftime("%H:%M" if same_day else "%Y-%m-%d %H:%M", local)


def duration(seconds: float) -> str:
    """Seconds in words: `1 h 16 min`, `40 s`."""
    whole = int(abs(seconds))
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"))
    return " ".join(f"{n} {unit}" for n, unit in parts if n)
