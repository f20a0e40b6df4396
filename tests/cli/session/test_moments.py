"""Seconds as dates, where the C library is Linux's and where it is Windows'."""

from __future__ import annotations

import errno
import time
from datetime import UTC, datetime

import pytest

from entra_oauth import moments
from entra_oauth.cli.session import times

UTC_TIMES = [
    (0, "1970-01-01T00:00:00"),
    (1_767_268_800.75, "2026-01-01T12:00:00.750000"),
    (-1, "1969-12-31T23:59:59"),
    (-2_208_988_800, "1900-01-01T00:00:00"),
    (32_535_216_000, "3001-01-01T00:00:00"),
    (253_402_300_799, "9999-12-31T23:59:59"),
    (253_402_300_800, "9999-12-31T23:59:59"),
    (1e300, "9999-12-31T23:59:59"),
    (float("nan"), "9999-12-31T23:59:59"),
    (-1e300, "0001-01-01T00:00:00"),
]


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Play Windows' C library: it has the years 1970 to 3000."""

    def limited(seconds: float) -> time.struct_time:
        if not 0 <= seconds < 32_535_216_000:
            raise OSError(errno.EINVAL, "Invalid argument")
        return _GMTIME(seconds)

    for name in ("gmtime", "localtime"):
        monkeypatch.setattr(time, name, limited)


_GMTIME = time.gmtime


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize(("at", "shown"), UTC_TIMES)
def test_every_number_of_seconds_is_a_time(at: float, shown: str) -> None:
    found = moments.utc(at)
    assert found.tzinfo is UTC
    assert found.replace(tzinfo=None).isoformat() == shown


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (1_767_268_800, "2026-01-01 12:00"),
        (32_535_216_000, "3001-01-01 00:00 UTC"),
        (-1, "1969-12-31 23:59 UTC"),
    ],
)
def test_a_time_that_the_system_lacks_is_told_in_utc(at: float, shown: str) -> None:
    assert times.clock_time(at) == shown
    assert times.utc_time(at)[:10] == shown[:10]


def test_a_local_time_is_the_wall_clocks() -> None:
    at = 1_767_268_800.9
    assert times.local(at) == datetime(*time.localtime(at)[:6])
