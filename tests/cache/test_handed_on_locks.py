"""Locks at work: what is done under them, who is kept out, and what is left open."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from entra_oauth.cache import lock as lock_module
from entra_oauth.cache import paths, private_files
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.lock import Lock
from entra_oauth.errors import LocalError
from kit import canaries, needs
from kit.stores import APP, SCOPE, USER, fill


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(str(tmp_path / "tokens"))


def next_handle() -> int:
    """The number that the next file to be opened gets: a higher one means that one was left."""
    handle = os.open(os.devnull, os.O_RDONLY)
    os.close(handle)
    return handle


FORGETTING: dict[str, Callable[[FileStore], object]] = {
    "a token": lambda store: store.drop_access_token(APP, USER, SCOPE, canaries.ACCESS_TOKEN),
    "an account": lambda store: store.forget(APP, USER),
    "an app": lambda store: store.forget_app(APP),
    "all": lambda store: store.forget_all(),
}


@pytest.mark.parametrize("forget", FORGETTING.values(), ids=FORGETTING)
def test_whatever_is_forgotten_is_forgotten_under_the_lock(
    store: FileStore, monkeypatch: pytest.MonkeyPatch, forget: Callable[[FileStore], object]
) -> None:
    fill(store)
    within = Path(paths.account_folder(paths.app_folder(store.folder, *APP.key("", "")[:3]), USER))
    outside: list[bool] = []
    genuine = private_files.remove

    def watched(path: str) -> None:
        if within in Path(path).parents:
            with Lock(str(within / "lock")) as other:
                outside.append(other.take(0))
        genuine(path)

    monkeypatch.setattr(private_files, "remove", watched)
    forget(store)
    assert set(outside) == {False}
    assert store.access_token(APP, USER, SCOPE) is None


@pytest.mark.parametrize("forget", FORGETTING.values(), ids=FORGETTING)
def test_forgetting_waits_ten_seconds_for_whoever_renews_and_then_goes_on(
    store: FileStore, monkeypatch: pytest.MonkeyPatch, forget: Callable[[FileStore], object]
) -> None:
    fill(store)
    clock = [0.0]
    monkeypatch.setattr(lock_module, "monotonic", lambda: clock[0])
    monkeypatch.setattr(lock_module, "sleep", lambda s: clock.__setitem__(0, clock[0] + s))
    with store.lock(APP, USER) as held:
        assert held.take(0)
        forget(store)
    assert clock[0] == pytest.approx(10)
    assert store.access_token(APP, USER, SCOPE) is None


def test_to_note_the_default_again_nobody_is_waited_for(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(seconds: float) -> None:
        raise AssertionError(seconds)

    fill(store)
    default = Path(paths.app_folder(store.folder, *APP.key("", "")[:3])) / "default"
    default.write_text("rubbish")
    monkeypatch.setattr(lock_module, "sleep", sleep)
    with store.lock(APP, USER) as held:
        assert held.take(0)
        assert store.default_account(APP) == USER


@needs.posix
@pytest.mark.parametrize(
    ("kind", "why"), [("link", "is a link"), ("folder", "Is a directory"), ("fifo", "ordinary")]
)
def test_what_is_no_ordinary_file_is_no_lock_and_stays_closed(
    tmp_path: Path, kind: str, why: str
) -> None:
    path, before = tmp_path / "lock", next_handle()
    if kind == "link":
        path.symlink_to(tmp_path / "other")
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    with Lock(str(path)) as lock, canaries.refused(LocalError) as caught:
        lock.take(0)
    assert why in caught.value.what
    assert next_handle() == before


@needs.posix
def test_a_lock_that_was_taken_over_is_handed_on_and_let_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch(mode=0o600)
    assert paths.take_over(str(path))
    with Lock(str(path)) as lock:
        assert lock.take(0)
        assert paths.held(str(path)) is None
        assert not Lock(str(path)).take(0)
    with Lock(str(path)) as lock:
        assert lock.take(0)


@needs.posix
@pytest.mark.parametrize(
    ("number", "works", "taken"),
    [
        (errno.EWOULDBLOCK, True, False),
        (errno.EACCES, True, False),
        (errno.EDEADLK, True, False),
        (errno.ENOLCK, False, True),
        (errno.ENOTSUP, False, True),
    ],
)
def test_where_there_are_no_locks_everybody_gets_it_and_a_taken_one_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, works: bool, taken: bool
) -> None:
    import fcntl

    def refuse(handle: int, how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with Lock(str(tmp_path / "lock")) as lock:
        assert lock.take(0) is taken
        assert lock.works is works


@needs.posix
@pytest.mark.parametrize(
    ("number", "open_to_all"),
    [(errno.EROFS, True), (errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EACCES, True)]
    + [(errno.EPERM, True), (errno.EIO, False), (errno.EMFILE, False)],
)
def test_where_nothing_can_be_written_everybody_gets_it_and_any_other_fault_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, open_to_all: bool
) -> None:
    def refuse(path: str, flags: int, mode: int = 0) -> int:
        raise OSError(number, os.strerror(number))

    lock = Lock(str(tmp_path / "lock"))
    monkeypatch.setattr(os, "open", refuse)
    if open_to_all:
        assert lock.take(0)
        assert not lock.works
        return
    with canaries.refused(LocalError) as caught:
        lock.take(0)
    assert os.strerror(number) in caught.value.what


def test_a_lock_is_waited_for_in_steps_that_grow_to_a_twentieth_of_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, slept, said = [0.0], list[float](), list[str]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr(lock_module, "monotonic", lambda: clock[0])
    monkeypatch.setattr(lock_module, "sleep", sleep)
    path = str(tmp_path / "lock")
    with Lock(path) as held, Lock(path, said.append) as second:
        assert held.take(0)
        assert not second.take(1.0)
        assert said == []
        assert sum(slept) == pytest.approx(1.0)
        assert slept[0] == pytest.approx(0.004)
        assert max(slept) == pytest.approx(0.05)
        assert slept[:-1] == sorted(slept[:-1])
        assert not second.take(2.1)
        assert len(said) == 1


@needs.posix
def test_no_lock_that_is_not_taken_is_left_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, before = tmp_path / "lock", next_handle()
    with Lock(str(path)) as held:
        assert held.take(0)
        with Lock(str(path)) as second:
            assert not second.take(0)
        assert paths.take_over(str(path)) is False
        assert next_handle() == before + 1, "the holder's own"
    assert next_handle() == before
    paths.wait_for_holder(str(path))
    assert next_handle() == before
    path.chmod(0o644)
    assert paths.take_over(str(path)), "free, and not to be had"
    assert next_handle() == before
    with monkeypatch.context() as patched, Lock(str(path)) as replaced:
        patched.setattr(os.path, "samestat", lambda one, other: False)
        assert not replaced.take(0)
    assert next_handle() == before


def test_a_lock_whose_taking_was_interrupted_is_left_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, before = str(tmp_path / "lock"), next_handle()

    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, Lock(path) as lock:
        patched.setattr(os.path, "samestat", interrupted)
        with pytest.raises(KeyboardInterrupt):
            lock.take(0)
    assert next_handle() == before
    with Lock(path) as another:
        assert another.take(0)


@needs.posix
def test_a_holder_is_waited_for_by_all_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    path, asked = tmp_path / "lock", list[tuple[int, int]]()
    path.touch()

    def flock(handle: int, how: int) -> None:
        asked.append((os.fstat(handle).st_ino, how))

    monkeypatch.setattr(paths, "flock", flock)
    paths.wait_for_holder(str(path))
    assert asked == [(path.stat().st_ino, fcntl.LOCK_SH)]


def test_a_lock_whose_file_is_gone_when_it_is_got_is_taken_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    genuine = os.lstat

    def lstat(path: str) -> os.stat_result:
        looks.append(path)
        if len(looks) == 1:
            raise FileNotFoundError
        return genuine(path)

    path = str(tmp_path / "lock")
    monkeypatch.setattr(lock_module, "sleep", lambda seconds: None)
    with Lock(path) as lock:
        with monkeypatch.context() as patched:
            patched.setattr(os, "lstat", lstat)
            assert lock.take(5)
        assert looks == [path, path]
