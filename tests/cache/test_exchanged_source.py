"""How long a token must be good that was exchanged: one of a short life serves for half of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from entra_oauth.cache.account import CachedToken
from entra_oauth.cache.exchanged_source import ExchangedSource, _good_enough_s
from entra_oauth.cache.file_store import FileStore
from entra_oauth.errors import AuthorityError, DestinationRefused
from entra_oauth.protocol.endpoints.token import TokenResponse
from entra_oauth.protocol.endpoints.token_exchange import LEAST_LIFE_S, ExchangeTarget
from kit import canaries
from kit.stores import Authority, fill, source

HOST = "https://adb-1234567890123456.7.azuredatabricks.net"

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


def test_what_an_exchange_raises_is_raised_and_no_frame_holds_a_token(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path / "tokens"))
    fill(store)
    shown: list[str] = []

    def refuse(subject_token: str, /) -> TokenResponse:
        shown.append(subject_token)
        raise AuthorityError("No policy.", advice="Look.", stage="token", error="invalid_grant")

    entra = source(store, Authority())
    asking = ExchangedSource(inner=entra, target=ExchangeTarget.of(HOST), exchange=refuse)
    with canaries.refused(AuthorityError) as caught:
        asking.get("databricks")
    assert len(shown) == 1
    canaries.assert_in_no_frame(caught.value, *shown, canaries.REFRESH_TOKEN)
    with canaries.refused(DestinationRefused):
        asking.get("graph")
    assert len(shown) == 1, "no workspace sees it"
