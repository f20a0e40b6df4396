"""The time that a stored token has left, whatever the clocks do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.cache.account import CachedToken
from entra_oauth.cache.paths import seconds_left
from kit import canaries
from kit.stores import CLOCK, NOON, token

HOUR = 3600


@pytest.mark.parametrize(
    ("passed_s", "min_validity_s", "good"),
    [
        (0, 300, True),
        (3300, 300, True),
        (3301, 300, False),
        (3599, 1, True),
        (3599, 0, True),
        (3600, 0, False),
        (0, 3600, True),
        (0, 3601, False),
        (99999, 300, False),
    ],
)
def test_a_token_is_good_for_as_long_as_was_asked_or_not_at_all(
    passed_s: int, min_validity_s: int, good: bool
) -> None:
    now, monotonic = NOON + passed_s, CLOCK + passed_s
    assert token().is_good_for(min_validity_s, now=now, monotonic=monotonic) is good


@pytest.mark.parametrize(
    ("now", "monotonic", "left"),
    [
        (NOON + 60, CLOCK + 60, 3540),  # nothing strange
        (NOON - HOUR, CLOCK + 60, 0),  # the clock went back an hour: it came in the future
        (NOON + HOUR, CLOCK + 60, 0),  # … forward an hour: it seems to be over
        (0, CLOCK + 60, 0),  # 1970
        (2**31 + NOON, CLOCK, 0),  # after 2038
        (NOON - 30, CLOCK, 3600),  # a small correction
        (NOON + 60, CLOCK + 2 * HOUR, 0),  # set back after two hours: the other clock knows
        (NOON + 60, 10, 3540),  # the machine was started anew: the other clock knows nothing
    ],
)
def test_a_clock_that_was_set_makes_no_token_live_longer(
    now: int, monotonic: int, left: int
) -> None:
    assert token().seconds_left(now=now, monotonic=monotonic) == pytest.approx(left, abs=31)


@given(
    st.integers(0, 2**33),
    st.integers(0, 2**33),
    st.integers(1, 10**6),
    st.floats(0, 2**33),
    st.floats(0, 2**33),
)
def test_no_token_is_good_for_longer_than_it_was_made_for(
    arrived: int, clock: int, life_s: int, now: float, monotonic: float
) -> None:
    left = seconds_left((arrived + life_s, arrived, clock), now, monotonic)
    assert 0 <= left <= life_s
    assert left <= max(0.0, arrived + life_s - now)


def test_its_repr_does_not_show_the_token() -> None:
    kept: CachedToken = token()
    canaries.assert_clean(kept)


@pytest.mark.parametrize(
    ("back_s", "left_s"), [(0, 3600), (1, 3600), (60, 3600), (60.5, 0), (61, 0)]
)
def test_the_clock_may_have_gone_back_a_minute_since_a_token_came(
    back_s: float, left_s: int
) -> None:
    assert token().seconds_left(now=NOON - back_s, monotonic=CLOCK) == left_s


@pytest.mark.parametrize(
    ("wall_s", "steady_s", "left_s"),
    [(100, 100, 3500), (100, 200, 3400), (200, 100, 3400), (100, -200, 3500), (-30, 10, 3590)]
    + [(3599, 0, 1), (3600, 0, 0), (3601, 0, 0), (0, 3599, 1), (0, 3600, 0), (0, 3601, 0)],
)
def test_of_two_clocks_the_one_counts_that_has_gone_on_more(
    wall_s: int, steady_s: int, left_s: int
) -> None:
    assert token().seconds_left(now=NOON + wall_s, monotonic=CLOCK + steady_s) == left_s
