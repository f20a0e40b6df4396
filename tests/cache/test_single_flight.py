"""The one walk to a token, which `token_source` and `exchanged_source` both go."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from entra_oauth.cache import lock as lock_module
from entra_oauth.cache.account import APP_ONLY, App, CachedToken
from entra_oauth.cache.exchanged_source import ExchangedSource
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.lock import Lock
from entra_oauth.cache.single_flight import SingleFlight
from entra_oauth.channels.base import monotonic, now
from entra_oauth.errors import AuthorityError, ConnectFailed, EntraOAuthError, LocalError
from entra_oauth.protocol.endpoints.token import TokenResponse
from entra_oauth.protocol.endpoints.token_exchange import ExchangeTarget
from kit import canaries, needs
from kit.stores import APP, USER, Authority, fill, source

HOST = "https://adb-1234567890123456.7.azuredatabricks.net"
KEPT_AS = "what it is for"


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(str(tmp_path / "tokens"))


def _kept(store: FileStore, text: str, *, life_s: int) -> None:
    at = int(now())
    token = CachedToken(
        text=text, expires_on=at + life_s, arrived_at=at, arrived_on_clock=int(monotonic())
    )
    store.save_token(APP, APP_ONLY, KEPT_AS, token)


class Walker:
    """Brings token number n, and counts; or fails as it is told."""

    def __init__(self, store: FileStore, fails: EntraOAuthError | None = None) -> None:
        self.store = store
        self.fails = fails
        self.brought = 0
        self.said: list[str] = []

    def walk(
        self, *, force: bool = False, wait_s: float = 5.0, final: bool = False
    ) -> tuple[str, str]:
        token, source = SingleFlight(
            look=lambda: self.store.access_token(APP, APP_ONLY, KEPT_AS),
            lock=lambda: self.store.lock(APP, APP_ONLY),
            bring=self._bring,
            is_good=lambda token: token.is_good_for(300, now=now(), monotonic=monotonic()),
            force=force,
            is_final=lambda error: final,
            least_life_s=60,
            lock_wait_s=wait_s,
            say=self.said.append,
        ).token()
        return token.text, source

    def _bring(self) -> tuple[CachedToken, str]:
        self.brought += 1
        if self.fails is not None:
            raise self.fails
        _kept(self.store, f"new{self.brought}", life_s=3600)
        token = self.store.access_token(APP, APP_ONLY, KEPT_AS)
        assert token is not None
        return token, "a-grant"


OFFLINE = ConnectFailed("No connection.", advice="Check the network.")
REFUSED = AuthorityError("No.", advice="Ask.", stage="token", error="no")


@pytest.mark.parametrize(
    ("left_s", "force", "given"),
    [
        (None, False, ("new1", "a-grant")),
        (400, False, ("old", "cache")),
        (400, True, ("new1", "a-grant")),
        (200, False, ("new1", "a-grant")),
        (0, False, ("new1", "a-grant")),
    ],
)
def test_what_is_kept_and_good_is_given_and_else_one_is_brought(
    left_s: int | None, force: bool, given: tuple[str, str], store: FileStore
) -> None:
    if left_s is not None:
        _kept(store, "old", life_s=left_s)
    assert Walker(store).walk(force=force) == given


@pytest.mark.parametrize("error", [OFFLINE, REFUSED])
@pytest.mark.parametrize(
    ("left_s", "force", "final", "is_given"),
    [
        (200, False, False, True),
        (200, True, False, False),
        (200, False, True, False),
        (50, False, False, False),
    ],
)
def test_where_none_can_be_brought_the_old_one_serves_while_it_is_of_use(
    left_s: int, force: bool, final: bool, is_given: bool, error: EntraOAuthError, store: FileStore
) -> None:
    _kept(store, "old", life_s=left_s)
    walker = Walker(store, fails=error)
    if is_given:
        assert walker.walk() == ("old", "cache")
        assert walker.said == [
            f"Note: the token could not be renewed, and is used as it is. {error.what}"
        ]
    else:
        with canaries.refused(type(error)):
            walker.walk(force=force, final=final)
        assert walker.said == []


def test_a_failure_of_this_machine_is_no_reason_to_use_the_old_one(store: FileStore) -> None:
    _kept(store, "old", life_s=200)
    with canaries.refused(LocalError):
        Walker(store, fails=LocalError("The file is gone.", advice="Look.")).walk()


@pytest.mark.parametrize(("left_s", "is_given"), [(200, True), (50, False)])
def test_a_holder_that_does_not_finish_leaves_the_old_one_or_an_error(
    left_s: int, is_given: bool, store: FileStore
) -> None:
    _kept(store, "old", life_s=left_s)
    walker = Walker(store)
    with store.lock(APP, APP_ONLY) as held:
        assert held.take(1)
        if is_given:
            assert walker.walk(wait_s=0.05) == ("old", "cache")
        else:
            with canaries.refused(LocalError):
                walker.walk(wait_s=0.05)
    assert walker.brought == 0


def test_twenty_threads_bring_one(store: FileStore) -> None:
    walker = Walker(store)
    found: list[tuple[str, str]] = []
    threads = [threading.Thread(target=lambda: found.append(walker.walk())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert {text for text, _ in found} == {"new1"}
    assert walker.brought == 1


def test_twenty_threads_exchange_once_with_one_token_of_entras(store: FileStore) -> None:
    fill(store)
    entra = Authority()
    exchanged: list[str] = []

    def exchange(subject_token: str, /) -> TokenResponse:
        exchanged.append(subject_token)
        return TokenResponse(
            token_type="Bearer",
            access_token=f"own{len(exchanged)}",
            scope=None,
            expires_in=3600,
            received_at=now(),
        )

    asking = ExchangedSource(
        inner=source(store, entra), target=ExchangeTarget.of(HOST), exchange=exchange
    )
    found: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(asking.get("databricks", account=USER).token.text)
        )
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == ["own1"] * 20
    assert len(exchanged) == 1


def test_a_token_that_is_forgotten_while_the_lock_is_waited_for_is_brought_anew(
    store: FileStore,
) -> None:
    looks = iter([True, False])

    class Forgets(FileStore):
        def access_token(self, app: App, account: str, scopes: str) -> CachedToken | None:
            return super().access_token(app, account, scopes) if next(looks, True) else None

    _kept(store, "old", life_s=200)
    assert Walker(Forgets(store.folder)).walk() == ("new1", "a-grant")


def test_whoever_waits_takes_what_another_brings_before_the_lock_is_free(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    def bring(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            _kept(store, "news", life_s=3600)

    monkeypatch.setattr(lock_module, "sleep", bring)
    with store.lock(APP, APP_ONLY) as held:
        assert held.take(0)
        assert Walker(store).walk() == ("news", "cache")
    assert len(slept) == 2


@pytest.mark.parametrize(("left_s", "given"), [(30, ("new1", "a-grant")), (200, ("news", "cache"))])
def test_what_another_has_brought_is_taken_if_it_is_of_use(
    store: FileStore, left_s: int, given: tuple[str, str]
) -> None:
    looks = iter([False])

    class Late(FileStore):
        def access_token(self, app: App, account: str, scopes: str) -> CachedToken | None:
            return super().access_token(app, account, scopes) if next(looks, True) else None

    _kept(store, "news", life_s=left_s)
    assert Walker(Late(store.folder)).walk() == given


@needs.posix
def test_where_there_are_no_locks_that_is_said(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def refuse(handle: int, how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    walker = Walker(store)
    monkeypatch.setattr(fcntl, "flock", refuse)
    assert walker.walk() == ("new1", "a-grant")
    assert walker.said == ["Note: no lock can be had here; two processes may renew one token."]


@pytest.mark.parametrize(
    ("left_s", "force", "wait_s", "waited_s"),
    [
        (200, False, 360.0, 10.0),
        (200, False, 5.0, 5.0),
        (200, True, 360.0, 360.0),
        (50, False, 360.0, 360.0),
    ],
)
def test_whoever_has_a_token_that_lasts_waits_less_for_the_lock(
    store: FileStore,
    monkeypatch: pytest.MonkeyPatch,
    left_s: int,
    force: bool,
    wait_s: float,
    waited_s: float,
) -> None:
    waits: list[float] = []

    def take(lock: Lock, wait_s: float, or_until: Callable[[], bool]) -> bool:
        waits.append(wait_s)
        return True

    _kept(store, "old", life_s=left_s)
    monkeypatch.setattr(Lock, "take", take)
    assert Walker(store).walk(force=force, wait_s=wait_s) == ("new1", "a-grant")
    assert waits == [waited_s]
