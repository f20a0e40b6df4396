"""A second as a date and a time of day, by arithmetic.

Windows' C library has no dates before 1970 and after the year 3000, and `time.gmtime` and
`time.localtime` raise there. A token, a recording or a foreign file can hold any number.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["utc"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH).total_seconds()
_LAST = 253_402_300_799.0
"""The last second of the year 9999."""


def utc(at: float) -> datetime:
    """Seconds since 1970 as a time in UTC. What no calendar has becomes its first or last one."""
    if not _FIRST <= at <= _LAST:
        at = _FIRST if at < _FIRST else _LAST
    return _EPOCH + timedelta(seconds=at)
