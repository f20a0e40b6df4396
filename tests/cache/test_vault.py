"""The system's password store, where it works, where it does not, and where it fails later."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from entra_oauth.cache import vault
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.vault import Keyring, can_be_expected
from entra_oauth.errors import LocalError, StoreSilent
from kit import canaries, needs
from kit.stores import APP, SCOPE, USER, Authority, account, fill, source, token
from kit.vaults import Backend, Locked, playing_locked

pytestmark = needs.python("keyring", group="interop")

REFRESH = canaries.REFRESH_TOKEN


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Backend:
    backend = Backend()
    monkeypatch.setattr("keyring.get_keyring", lambda: backend)
    return backend


def test_the_refresh_token_is_in_the_vault_and_in_no_file(backend: Backend, tmp_path: Path) -> None:
    store = FileStore(str(tmp_path / "t"), vault=Keyring.working())
    fill(store)
    assert list(backend.kept.values()) == [REFRESH]
    for path in (tmp_path / "t").rglob("*"):
        assert path.is_dir() or REFRESH not in path.read_text()
    kept = store.account(APP, USER)
    assert kept is not None
    assert (kept.refresh_token, kept.place) == (REFRESH, "keyring")


def test_a_refreshed_token_goes_back_into_the_vault_without_being_told(
    backend: Backend, tmp_path: Path
) -> None:
    fill(FileStore(str(tmp_path / "t"), vault=Keyring.working()))
    reader = FileStore(str(tmp_path / "t"))  # as `token` makes it
    source(reader, Authority()).get("databricks", force=True)
    assert list(backend.kept.values()) == [f"{REFRESH}1"]
    for path in (tmp_path / "t").rglob("*"):
        assert path.is_dir() or REFRESH not in path.read_text()


def test_signing_in_to_a_file_later_takes_the_token_out_of_the_vault(
    backend: Backend, tmp_path: Path
) -> None:
    fill(FileStore(str(tmp_path / "t"), vault=Keyring.working()))
    fill(FileStore(str(tmp_path / "t")))
    assert backend.kept == {}
    kept = FileStore(str(tmp_path / "t")).account(APP, USER)
    assert kept is not None
    assert (kept.refresh_token, kept.place) == (REFRESH, "file")


@pytest.mark.parametrize("all_of_them", [True, False])
def test_forgetting_empties_the_vault(backend: Backend, tmp_path: Path, all_of_them: bool) -> None:
    store = FileStore(str(tmp_path / "t"), vault=Keyring.working())
    fill(store)
    assert store.forget_all() == 1 if all_of_them else store.forget(APP, USER)
    assert backend.kept == {}


def test_a_dead_refresh_token_leaves_the_vault(backend: Backend, tmp_path: Path) -> None:
    store = FileStore(str(tmp_path / "t"), vault=Keyring.working())
    fill(store)
    store.drop_refresh_token(APP, USER)
    assert backend.kept == {}
    kept = store.account(APP, USER)
    assert kept is not None
    assert kept.refresh_token is None


@pytest.mark.parametrize(("cut", "fails"), [(1280, False), (None, True)])
def test_a_store_that_does_not_work_is_found_out_beforehand(
    backend: Backend, cut: int | None, fails: bool
) -> None:
    backend.cut, backend.fails = cut, fails
    with canaries.refused(LocalError):
        Keyring.working()


def test_a_vault_that_fails_later_loses_no_token_and_tells_no_secret(
    backend: Backend, tmp_path: Path
) -> None:
    store = FileStore(str(tmp_path / "t"), vault=Keyring.working())
    fill(store)
    backend.fails = True
    with canaries.refused(LocalError):
        store.save(APP, account(refresh_token="new"), SCOPE, token("new"), signed_in=False)
    backend.fails = False
    kept, found = store.account(APP, USER), store.access_token(APP, USER, SCOPE)
    assert kept is not None
    assert kept.refresh_token == REFRESH
    assert found is not None
    assert found.text == canaries.ACCESS_TOKEN


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({}, "linux", False),
        ({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}, "linux", True),
        ({"PYTHON_KEYRING_BACKEND": "x"}, "linux", True),
        ({}, "darwin", True),
        ({}, "win32", True),
    ],
)
def test_it_is_tried_only_where_it_can_be_there(
    environ: dict[str, str], platform: str, expected: bool
) -> None:
    assert can_be_expected(environ, platform) is expected
    assert os.environ.get("PYTHON_KEYRING_BACKEND") is None


# ---- a store that waits for a person ---------------------------------------------------


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Locked]:
    with playing_locked(monkeypatch) as played:
        yield played


def test_a_store_that_waits_is_told_of_and_given_up(locked: Locked) -> None:
    said: list[str] = []
    locked.is_open.clear()
    with canaries.refused(StoreSilent) as caught:
        Keyring.working(said.append)
    assert said == ["Waiting for the system's password store; it may want to be unlocked."]
    assert caught.value.exit_code == 8
    waiting = [thread for thread in threading.enumerate() if thread.name == "keyring"]
    assert [thread.daemon for thread in waiting] == [True], "no program waits for it to end"
    asked = locked.asked
    with canaries.refused(StoreSilent):
        Keyring.working(said.append)
    assert (len(said), locked.asked) == (1, asked), "and not asked again at once"


def test_a_store_that_is_unlocked_in_time_is_used(
    locked: Locked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault, "_PROBE_S", 20.0)
    locked.is_open.clear()
    assert Keyring.working(lambda line: locked.is_open.set()) is not None


def test_reading_a_token_from_a_store_that_waits_ends_and_copies_nothing(
    locked: Locked, tmp_path: Path
) -> None:
    store = FileStore(str(tmp_path / "t"), vault=Keyring.working())
    fill(store, life_s=1)
    authority = Authority()
    authority.clock.pass_by(60)
    locked.is_open.clear()
    with canaries.refused(StoreSilent):
        source(store, authority).get("databricks")
    assert authority.asked == []
    for path in (tmp_path / "t").rglob("*"):
        assert path.is_dir() or REFRESH not in path.read_text()


def test_a_new_sign_in_is_kept_in_a_file_though_the_one_before_is_in_a_store_that_waits(
    locked: Locked, tmp_path: Path
) -> None:
    fill(FileStore(str(tmp_path / "t"), vault=Keyring.working()))
    said: list[str] = []
    store = FileStore(str(tmp_path / "t"), say=said.append)
    locked.is_open.clear()
    store.save(APP, account(refresh_token="newer"), SCOPE, token("eyNew"), signed_in=True)
    kept = store.account(APP, USER)
    assert kept is not None
    assert (kept.refresh_token, kept.place) == ("newer", "file")
    assert "stays in the password store" in said[-1]


def test_a_token_that_is_good_asks_nothing_of_a_store_that_waits(
    locked: Locked, tmp_path: Path
) -> None:
    store = FileStore(str(tmp_path / "t"), vault=Keyring.working())
    fill(store)
    locked.is_open.clear()
    asked = locked.asked
    assert source(store, Authority()).get("databricks").token.text == canaries.ACCESS_TOKEN
    known = store.account(APP, USER, with_token=False)
    assert known is not None
    assert (known.refresh_token, known.place, locked.asked) == (None, "keyring", asked)


@pytest.mark.parametrize(("after_s", "is_asked"), [(0, False), (59.9, False), (60, True)])
def test_a_store_that_did_not_answer_is_asked_again_after_a_minute(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, after_s: float, is_asked: bool
) -> None:
    monkeypatch.setattr(vault, "_silent_since", [1000.0])
    monkeypatch.setattr(vault, "monotonic", lambda: 1000.0 + after_s)
    if is_asked:
        assert Keyring.open().get("key") is None
        return
    with canaries.refused(StoreSilent):
        Keyring.open()


def test_what_is_in_the_store_is_read_kept_and_forgotten(backend: Backend) -> None:
    ring = Keyring.working()
    assert backend.kept == {}, "nothing is left of the trial"
    ring.put("one", "secret")
    assert backend.kept == {("entra-oauth", "one"): "secret"}
    assert (ring.get("one"), ring.get("two")) == ("secret", None)
    ring.drop("two")
    ring.drop("one")
    assert backend.kept == {}


@pytest.mark.parametrize(("cut", "good"), [(2500, True), (2499, False)])
def test_a_store_must_give_back_what_is_as_long_as_a_token(
    backend: Backend, cut: int, good: bool
) -> None:
    backend.cut = cut
    if good:
        Keyring.working()
    else:
        with canaries.refused(LocalError) as caught:
            Keyring.working()
        assert "does not give back what it was given" in caught.value.what
    assert backend.kept == {}


@pytest.mark.parametrize(
    ("act", "word"),
    [
        (lambda ring: ring.get("key"), "read"),
        (lambda ring: ring.put("key", "secret"), "written to"),
        (lambda ring: ring.drop("key"), "changed"),
    ],
)
def test_what_the_store_cannot_do_is_said_with_the_kind_of_its_error(
    backend: Backend, act: Callable[[Keyring], object], word: str
) -> None:
    ring = Keyring.open()
    if word == "changed":
        backend.get_password = lambda service, name: "there"  # type: ignore[method-assign]
        kind = "PasswordDeleteError"
    else:
        backend.fails, kind = True, "RuntimeError"
    with canaries.refused(LocalError) as caught:
        act(ring)
    assert caught.value.what == f"The system's password store cannot be {word} ({kind})."
    canaries.assert_clean(caught.value)


def test_without_the_package_there_is_no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault, "is_installed", lambda name: False)
    assert not can_be_expected({"PYTHON_KEYRING_BACKEND": "x"}, "darwin")
    with canaries.refused(LocalError) as caught:
        Keyring.open()
    assert "keyring is not installed" in caught.value.what


def test_a_bus_in_the_folder_of_the_session_is_one(tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    assert not can_be_expected(environ, "linux")
    (tmp_path / "bus").touch()
    assert can_be_expected(environ, "linux")
