"""Times as people read them."""

from __future__ import annotations

import time
from datetime import datetime

from entra_oauth.channels.base import now
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.moments import utc

if TYPE_CHECKING:
    from datetime import date

__all__ = ["clock_time", "duration", "local", "today", "utc_time"]


def local(at: float) -> datetime:
    """Seconds since 1970 as the local time, to the second and without a zone.

    Where the system has no local time for it, it is UTC, which the value then names.
    """
    try:
        return datetime(*time.localtime(at)[:6])
    except (OSError, OverflowError, ValueError):
        return utc(at).replace(microsecond=0)


def today() -> date:
    """The day, in UTC, by which waivers end."""
    return utc(now()).date()


def utc_time(at: float) -> str:
    """Seconds since 1970 as `2026-11-25T14:10:47Z`."""
    return f"{utc(at).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def clock_time(at: float) -> str:
    """Seconds since 1970 as `14:10` of the local day, with the date if it is another day."""
    there, here = local(at), local(now())
    zone = " UTC" if there.tzinfo else ""
    day = "" if there.date() == here.date() else f"{there.date().isoformat()} "
    return f"{day}{there:%H:%M}{zone}"


def duration(seconds: float) -> str:
    """Seconds in words: `1 h 16 min`, `40 s`."""
    whole = int(abs(seconds))
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"))
    return " ".join(f"{n} {unit}" for n, unit in parts if n)
