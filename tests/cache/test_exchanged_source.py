"""How long a token must be good that was exchanged: one of a short life serves for half of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from entra_oauth.cache.account import APP_ONLY, CachedToken
from entra_oauth.cache.exchanged_source import ExchangedSource, _good_enough_s
from entra_oauth.cache.federated_exchange import KeptExchange, app_at, kept_exchanges
from entra_oauth.cache.file_store import FileStore
from entra_oauth.channels.base import monotonic, now
from entra_oauth.errors import AuthorityError, DestinationRefused, LocalError
from entra_oauth.protocol.endpoints.token import TokenResponse
from entra_oauth.protocol.endpoints.token_exchange import LEAST_LIFE_S, ExchangeTarget
from kit import canaries
from kit.stores import APP, SCOPE, USER, Authority, account, fill, source, token

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


def test_it_is_exchanged_anew_where_that_is_asked_for(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path / "tokens"))
    at = int(now())
    kept = replace(token(at=at), arrived_on_clock=int(monotonic()))
    store.save(APP, account(), SCOPE, kept, signed_in=True)
    entra = Authority()
    entra.clock.wall, entra.clock.steady = now(), monotonic()

    def exchange(subject_token: str, /) -> TokenResponse:
        exchanged.append(subject_token)
        return TokenResponse(
            token_type="Bearer",
            access_token=f"own{len(exchanged)}",
            scope=None,
            expires_in=3600,
            received_at=now(),
        )

    exchanged: list[str] = []
    asking = ExchangedSource(
        inner=source(store, entra), target=ExchangeTarget.of(HOST), exchange=exchange
    )
    assert asking.get("databricks").token.text == "own1"
    assert asking.get("databricks").token.text == "own1"
    assert entra.asked == []
    assert asking.get("databricks", force=True).token.text == "own2"
    assert asking.get("databricks", claims='{"access_token":{}}').token.text == "own3"
    assert len(entra.asked) == 2, "and so is what is exchanged"
    assert exchanged == [f"{canaries.ACCESS_TOKEN}{number}" for number in ("", 1, 2)]


@pytest.mark.parametrize(("left_s", "is_used"), [(200, True), (50, False)])
def test_an_exchanged_token_serves_while_it_lasts_though_the_next_is_refused(
    tmp_path: Path, left_s: int, is_used: bool
) -> None:
    store, target = FileStore(str(tmp_path / "tokens")), ExchangeTarget.of(HOST)
    entra = Authority()
    entra.clock.wall, entra.clock.steady = now(), monotonic()
    kept = replace(token(at=int(now())), arrived_on_clock=int(monotonic()))
    store.save(APP, account(), SCOPE, kept, signed_in=True)
    old = replace(kept, text="old", arrived_at=kept.arrived_at - 3600 + left_s)
    old = replace(old, expires_on=old.arrived_at + 3600)
    store.save_token(APP, USER, f"{SCOPE} {target.key}", old)

    def refuse(subject_token: str, /) -> TokenResponse:
        raise AuthorityError("No.", advice="Look.", stage="token", error="invalid_grant")

    asking = ExchangedSource(inner=source(store, entra), target=target, exchange=refuse)
    if is_used:
        assert asking.get("databricks").token.text == "old"
        return
    with canaries.refused(AuthorityError):
        asking.get("databricks")


def test_an_exchanged_token_that_cannot_be_kept_is_given_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, said = FileStore(str(tmp_path / "tokens")), list[str]()
    fill(store)

    def full(*_: object) -> None:
        raise LocalError("The disk is full.", advice="Make room.")

    def exchange(subject_token: str, /) -> TokenResponse:
        return TokenResponse(
            token_type="Bearer", access_token="own", scope=None, expires_in=60, received_at=now()
        )

    monkeypatch.setattr(store, "save_token", full)
    asking = ExchangedSource(
        inner=source(store, Authority()),
        target=ExchangeTarget.of(HOST),
        exchange=exchange,
        say=said.append,
    )
    found = asking.get("databricks")
    assert (found.token.text, found.source, found.account) == ("own", "token-exchange", USER)
    assert said == ["Note: the exchanged token could not be kept. The disk is full."]


def test_what_is_kept_of_federated_exchanges_is_told_without_a_token(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path / "tokens"))
    at = int(now())
    good = replace(token(at=at), arrived_on_clock=int(monotonic()))
    over = replace(good, expires_on=at)
    account_host = "https://accounts.azuredatabricks.net"
    person = app_at(ExchangeTarget.of(HOST))
    daemon = app_at(ExchangeTarget.of(account_host, account_id="acc-1", client_id="daemon"))
    assert (person.client_id, daemon.client_id) == ("", "daemon")
    store.save_token(person, "ada at issuer", "federated one", good)
    store.save_token(daemon, APP_ONLY, "federated two", over)
    store.save_token(daemon, APP_ONLY, "another kind", good)
    told = {each.place: each for each in kept_exchanges(store)}
    assert told == {
        HOST: KeptExchange(
            place=HOST, client_id=None, subject="ada at issuer", expires_on=good.expires_on
        ),
        f"{account_host}/accounts/acc-1": KeptExchange(
            place=f"{account_host}/accounts/acc-1",
            client_id="daemon",
            subject=None,
            expires_on=None,
        ),
    }
