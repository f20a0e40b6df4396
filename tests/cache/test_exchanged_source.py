"""How long a token must be good that was exchanged: one of a short life serves for half of it."""

from __future__ import annotations

import pytest

from entra_oauth.cache.account import CachedToken
from entra_oauth.cache.exchanged_source import _good_enough_s
from entra_oauth.protocol.endpoints.token_exchange import LEAST_LIFE_S

NOON = 1_767_268_800


@pytest.mark.parametrize(
    ("life_s", "wanted_s", "enough_s"),
    [
        (3600, 300, 300),
        (3600, 1800, 1800),
        (300, 300, 300),
        (298, 300, 149),
        (200, 250, 100),
        (200, 200, 200),
        (2, 300, LEAST_LIFE_S),
    ],
)
def test_a_token_of_a_short_life_serves_for_half_of_it(
    life_s: int, wanted_s: int, enough_s: float
) -> None:
    token = CachedToken(
        text="x", expires_on=NOON + life_s, arrived_at=NOON, arrived_on_clock=5_000, granted=""
    )
    assert _good_enough_s(token, wanted_s) == enough_s
