"""Numbers, times and rows as people read them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.cli.session.times import clock_time, duration, utc_time
from entra_oauth.cli.session.wrap import hanging, prose, row, width

DURATIONS = [
    (0, "0 s"),
    (59.9, "59 s"),
    (60, "1 min"),
    (3599, "59 min"),
    (3600, "1 h"),
    (4599, "1 h 16 min"),
    (86_400, "1 d"),
    (90_061, "1 d 1 h 1 min"),
    (-90, "1 min"),
]


@pytest.mark.parametrize(("seconds", "words"), DURATIONS)
def test_a_duration_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@given(st.floats(min_value=0, max_value=1e9))
def test_every_duration_has_words(seconds: float) -> None:
    assert duration(seconds)


def test_a_time_of_today_is_told_without_its_date(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_767_268_800.0
    monkeypatch.setattr("entra_oauth.cli.session.times.now", lambda: now)
    assert clock_time(now) == time.strftime("%H:%M", time.localtime(now))
    later = now + 3 * 86_400
    assert clock_time(later) == time.strftime("%Y-%m-%d %H:%M", time.localtime(later))
    assert utc_time(now) == "2026-01-01T12:00:00Z"


def test_a_row_stands_on_one_line_where_there_is_room() -> None:
    assert row("name", "value", "meaning", indent=2, columns=100) == [
        f"  {'name':<22} {'value':<38} meaning"
    ]


_TEXT = st.text("abc de-f", max_size=150)


@given(_TEXT, _TEXT, _TEXT, st.integers(0, 8), st.integers(40, 120))
def test_a_row_fits_and_its_value_is_whole(
    name: str, value: str, meaning: str, indent: int, columns: int
) -> None:
    lines = row(name, value, meaning, indent=indent, columns=columns)
    assert all(len(line) <= columns for line in lines)
    assert "".join(value.split()) in "".join("".join(lines).split())
    assert "".join(meaning.split()) in "".join("".join(lines).split())


@given(_TEXT, st.integers(0, 8), st.integers(40, 120))
def test_prose_is_broken_at_spaces_only(text: str, indent: int, columns: int) -> None:
    told = prose(text, indent=indent, columns=columns)
    assert told.split() == text.split()
    assert all(line.startswith(" " * indent) for line in told.splitlines())


@given(_TEXT, st.integers(0, 8), st.integers(40, 120))
def test_a_row_that_is_too_long_goes_on_further_in(text: str, indent: int, columns: int) -> None:
    line = f"{' ' * indent}x {text}".rstrip()
    first, *rest = hanging(line, columns).splitlines()
    assert first.startswith(f"{' ' * indent}x")
    assert all(row.startswith(" " * (indent + 2)) for row in rest)
    assert " ".join([first, *rest]).split() == line.split()
    assert hanging(line, 1000) == line


@pytest.mark.parametrize(
    ("columns", "expected"), [("10", 40), ("40", 40), ("80", 80), ("500", 120), ("x", 100)]
)
def test_the_width_is_the_terminals_within_reason(
    columns: str, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    if columns != "x":
        assert width() == expected
    else:
        assert 40 <= width() <= 120
