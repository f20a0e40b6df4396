"""Misfortunes of a store: killed writers, races, links, rubbish, a full disk."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from entra_oauth.cache import paths, private_files
from entra_oauth.cache.file_store import FileStore
from entra_oauth.errors import LocalError, SignInRequired
from kit import canaries, needs
from kit.processes import swarm
from kit.stores import (
    APP,
    NOON,
    SCOPE,
    USER,
    Authority,
    account,
    fill,
    keep_open_files,
    source,
    token,
)

ACCESS, REFRESH = canaries.ACCESS_TOKEN, canaries.REFRESH_TOKEN


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def store(tmp_path: Path, said: list[str]) -> FileStore:
    return FileStore(str(tmp_path / "tokens"), say=said.append)


def folder_of(store: FileStore, name: str = USER) -> Path:
    app = paths.app_folder(store.folder, APP.base, APP.tenant, APP.client_id)
    return Path(paths.account_folder(app, name))


def token_file(store: FileStore) -> Path:
    return Path(paths.line_file(str(folder_of(store)), *APP.key(USER, SCOPE)))


def account_file(store: FileStore) -> Path:
    return folder_of(store) / "account"


def mode(path: Path | str) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


def swarmed(*arguments: str) -> dict[str, int]:
    ran = subprocess.run(
        [sys.executable, "-Werror", swarm.__file__, *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, "PYTHONPATH": str(Path(swarm.__file__).parents[2])},
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    counted: dict[str, int] = json.loads(ran.stdout)
    return counted


# ---- many processes -------------------------------------------------------------------


@needs.posix
def test_two_hundred_killed_writers_lose_no_token_and_leave_nothing(tmp_path: Path) -> None:
    counted = swarmed("kill", str(tmp_path / "tokens"), "200")
    assert counted.pop("distinct") == 200  # each had come to write
    assert counted == {"rounds": 200, "lost": 0, "locked": 0, "left": 0, "aside": 0}


@needs.posix
@pytest.mark.parametrize("run", range(3))
def test_a_hundred_processes_with_one_expired_token_make_one_request(
    tmp_path: Path, run: int
) -> None:
    counted = swarmed("race", str(tmp_path / "tokens"), "100")
    assert counted == {"answers": 100, "requests": 1, "kept": 1}


@needs.posix
def test_three_accounts_from_each_of_a_hundred_processes_are_all_kept(tmp_path: Path) -> None:
    counted = swarmed("add", str(tmp_path / "tokens"), "100")
    assert counted == {"ended well": 100, "whole": 300, "listed": 300, "default": 1}


# ---- modes, owners, links --------------------------------------------------------------


@needs.posix
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_everything_is_private_from_the_first_byte(store: FileStore, umask: int) -> None:
    before = os.umask(umask)
    try:
        fill(store)
    finally:
        os.umask(before)
    walked = list(os.walk(store.folder))
    files = [os.path.join(folder, name) for folder, _, names in walked for name in names]
    assert {mode(folder) for folder, _, _ in walked} == {0o700}
    assert {mode(file) for file in files} == {0o600}


@needs.posix
def test_looser_modes_are_tightened(store: FileStore) -> None:
    fill(store)
    for path in (token_file(store), account_file(store)):
        path.chmod(0o644)
    for path in (Path(store.folder), folder_of(store)):
        path.chmod(0o755)
    assert store.access_token(APP, USER, SCOPE) is not None
    fill(store)
    assert mode(token_file(store)) == mode(account_file(store)) == 0o600
    assert mode(store.folder) == mode(folder_of(store)) == 0o700


@needs.posix
def test_a_file_of_somebody_else_is_refused(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    with canaries.refused(LocalError):
        store.access_token(APP, USER, SCOPE)
    with canaries.refused(LocalError):
        fill(store)


def _link(path: Path, victim: Path) -> None:
    path.symlink_to(victim)


def _dangling(path: Path, victim: Path) -> None:
    path.symlink_to(victim.with_name("not-there"))


def _folder(path: Path, victim: Path) -> None:
    path.mkdir()
    (path / "inside").write_text("kept")


def _fifo(path: Path, victim: Path) -> None:
    os.mkfifo(path)


_WRONG = [_link, _dangling, _folder, _fifo]


@needs.posix
@pytest.mark.parametrize("make", _WRONG)
@pytest.mark.parametrize("which", ["token", "account", "lock", "account folder", "store"])
def test_whatever_is_in_the_place_of_a_file_is_refused_and_its_victim_untouched(
    store: FileStore, tmp_path: Path, make: Callable[[Path, Path], None], which: str
) -> None:
    fill(store)
    victim = tmp_path / "victim"
    victim.write_text("precious")
    path = {
        "token": token_file(store),
        "account": account_file(store),
        "lock": folder_of(store) / "lock",
        "account folder": folder_of(store),
        "store": Path(store.folder),
    }[which]
    private_files.remove(str(path))
    make(path, victim)
    if which.endswith(("folder", "store")) and make is _folder:
        return  # a folder in the place of a folder
    with canaries.refused(LocalError):
        with store.lock(APP, USER) as lock:
            lock.take(0)
        store.access_token(APP, USER, SCOPE)
        store.account(APP, USER)
    assert victim.read_text() == "precious"
    assert not victim.with_name("not-there").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["tokens", "victim"]


@needs.posix
def test_a_planted_temporary_file_is_not_written_through(
    store: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    victim = tmp_path / "victim"
    victim.write_text("precious")
    monkeypatch.setattr(os, "urandom", lambda n: b"\0" * n)
    monkeypatch.setattr(private_files, "sweep", lambda folder: None)
    (folder_of(store) / f".new-{os.getpid()}-{'00' * 8}").symlink_to(victim)
    with canaries.refused(LocalError):
        store.save(APP, account(refresh_token="new"), SCOPE, token("new"), signed_in=True)
    assert victim.read_text() == "precious"
    found = store.access_token(APP, USER, SCOPE)
    assert found is not None
    assert found.text == ACCESS


@needs.posix
def test_a_hard_link_to_a_file_does_not_follow_it(store: FileStore, tmp_path: Path) -> None:
    fill(store)
    other = tmp_path / "other"
    other.hardlink_to(token_file(store))
    store.save(APP, account(), SCOPE, token("eyNew"), signed_in=False)
    assert "eyNew" not in other.read_text()


# ---- rubbish ---------------------------------------------------------------------------

_RUBBISH = {
    "empty": b"",
    "null": b"null",
    "a list": b"[]",
    "a number": b"1",
    "half": b'{"schema": "entra-oauth/account/1", "base": ',
    "lacks a member": b'{"schema": "entra-oauth/account/1"}',
    "wrong types": b'{"schema": "entra-oauth/account/1", "base": 1}',
    "another schema": b'{"schema": "something/1"}',
    "UTF-16": '{"schema": "entra-oauth/account/1"}'.encode("utf-16"),
    "not UTF-8": b"\xff\xfe\xfd",
    "deep": b"[" * 100_000,
    "50 MB": b"",
}


def _spoil(path: Path, content: str) -> None:
    path.write_bytes(_RUBBISH[content])
    if content == "50 MB":
        os.truncate(path, 50_000_000)


@pytest.mark.parametrize("content", _RUBBISH)
def test_a_damaged_account_is_set_aside_said_once_and_signing_in_goes_on(
    store: FileStore, said: list[str], content: str
) -> None:
    fill(store)
    _spoil(account_file(store), content)
    with canaries.refused(SignInRequired):
        source(store, Authority()).get("databricks", force=True)
    with canaries.refused(SignInRequired):
        source(store, Authority()).get("databricks", force=True)
    assert len(said) == 1
    (aside,) = folder_of(store).glob("account.damaged-*")
    assert mode(aside) & 0o077 == 0
    fill(store)
    assert source(store, Authority()).get("databricks").token.text == ACCESS
    store.forget(APP, USER)
    assert not aside.exists()


@pytest.mark.parametrize("content", _RUBBISH)
def test_a_damaged_access_token_is_set_aside_and_replaced(
    store: FileStore, said: list[str], content: str
) -> None:
    fill(store)
    _spoil(token_file(store), content)
    assert source(store, Authority()).get("databricks").token.text == f"{ACCESS}1"
    assert len(said) == 1
    canaries.assert_clean(said)


@pytest.mark.parametrize("length", [1, 20, 200, 400])
def test_a_cut_access_token_is_never_given(store: FileStore, length: int) -> None:
    fill(store)
    os.truncate(token_file(store), min(length, token_file(store).stat().st_size - 1))
    assert store.access_token(APP, USER, SCOPE) is None


def test_what_a_later_version_wrote_is_left_alone(store: FileStore, said: list[str]) -> None:
    fill(store)
    path = account_file(store)
    path.write_text(path.read_text().replace("account/1", "account/2"))
    token_file(store).write_text(token_file(store).read_text().replace("token 1\n", "token 2\n"))
    before = path.read_text(), token_file(store).read_text()
    assert store.access_token(APP, USER, SCOPE) is None
    with canaries.refused(LocalError) as caught:
        fill(store)
    assert "later version" in caught.value.what
    assert (path.read_text(), token_file(store).read_text()) == before
    assert said == []


def test_a_file_that_was_copied_to_another_account_is_not_believed(store: FileStore) -> None:
    fill(store)
    fill(store, name="bob@example.test")
    theirs = folder_of(store, "bob@example.test")
    theirs.joinpath("account").write_text(account_file(store).read_text())
    copy = paths.line_file(str(theirs), *APP.key("bob@example.test", SCOPE))
    Path(copy).write_text(token_file(store).read_text(), encoding="utf-8")
    assert store.access_token(APP, "bob@example.test", SCOPE) is None


# ---- the disk ---------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "entra-oauth token", "\0" * 400])
def test_an_access_token_that_a_power_cut_has_spoilt_is_one_that_is_not_there(
    store: FileStore, said: list[str], text: str
) -> None:
    fill(store)
    token_file(store).write_text(text)
    assert store.access_token(APP, USER, SCOPE) is None
    assert store.account(APP, USER) is not None
    assert "set aside" in said[0]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EACCES])
@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
def test_a_disk_that_takes_nothing_still_gives_the_token_and_keeps_the_old_file(
    store: FileStore, said: list[str], monkeypatch: pytest.MonkeyPatch, number: int, call: str
) -> None:
    fill(store)
    before = token_file(store).read_bytes(), account_file(store).read_bytes()
    authority = Authority()
    authority.clock.pass_by(3400)
    real = getattr(os, call)

    def fail(*args: object, **options: object) -> object:
        if call == "open" and not int(str(args[1])) & os.O_CREAT:
            return real(*args, **options)
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        found = source(store, authority, say=said.append).get("databricks")
    assert found.token.text == f"{ACCESS}1"
    assert any("could not be kept" in line for line in said)
    canaries.assert_clean(said)
    assert (token_file(store).read_bytes(), account_file(store).read_bytes()) == before
    assert not list(folder_of(store).glob(".new-*"))


_FILE_LIMIT = """
import resource, sys, os
sys.path.insert(0, sys.argv[2])
from kit import stores
from entra_oauth.cache.file_store import FileStore
from entra_oauth.errors import LocalError
store = FileStore(sys.argv[1])
stores.fill(store)
resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
try:
    store.save(stores.APP, stores.account(refresh_token="new"), stores.SCOPE,
               stores.token("new"), signed_in=False)
except LocalError as error:
    print(error.what)
"""


@needs.posix
def test_a_real_limit_on_the_size_of_files_leaves_the_old_ones_whole(store: FileStore) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _FILE_LIMIT, store.folder, str(Path(swarm.__file__).parents[2])],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "cannot be used" in ran.stdout
    found, kept = store.access_token(APP, USER, SCOPE), store.account(APP, USER)
    assert found is not None
    assert found.text == ACCESS
    assert kept is not None
    assert kept.refresh_token == REFRESH


# ---- the clock --------------------------------------------------------------------------


@pytest.mark.parametrize("jump_s", [-3600, 3600, -NOON, 10**9])
def test_a_clock_that_was_set_gives_no_expired_token_and_no_storm(
    store: FileStore, jump_s: int
) -> None:
    fill(store)
    authority = Authority()
    authority.clock.jump(jump_s)
    tokens = source(store, authority)
    for _ in range(5):
        assert tokens.get("databricks").token.text == f"{ACCESS}1"
        authority.clock.pass_by(10)
    assert len(authority.asked) == 1
    authority.clock.jump(-jump_s)  # somebody sets it right again
    for _ in range(5):
        tokens.get("databricks")
    assert len(authority.asked) <= 2


# ---- forgetting -------------------------------------------------------------------------


def test_forgetting_leaves_no_token_anywhere(store: FileStore, said: list[str]) -> None:
    fill(store)
    token_file(store).write_text("damaged " + ACCESS)
    store.access_token(APP, USER, SCOPE)  # sets it aside
    (folder_of(store) / ".new-left").write_text(REFRESH)
    store.forget(APP, USER)
    assert [name for _, _, names in os.walk(store.folder) for name in names] == []
    fill(store)
    store.forget_all()
    assert not os.path.exists(store.folder)


@needs.posix
def test_forgetting_removes_a_link_and_not_what_it_leads_to(
    store: FileStore, tmp_path: Path
) -> None:
    fill(store)
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "precious").write_text("kept")
    (folder_of(store) / "link").symlink_to(victim)
    store.forget(APP, USER)
    assert (victim / "precious").read_text() == "kept"


@pytest.fixture
def no_open_file_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_open_files(monkeypatch)


@pytest.mark.usefixtures("no_open_file_is_removed")
@pytest.mark.parametrize("all_of_them", [True, False])
def test_forgetting_works_where_an_open_file_cannot_be_removed(
    store: FileStore, all_of_them: bool
) -> None:
    fill(store)
    assert store.forget_all() == 1 if all_of_them else store.forget(APP, USER)
    assert [name for _, _, names in os.walk(store.folder) for name in names] == []
    assert not folder_of(store).exists()


@pytest.mark.usefixtures("no_open_file_is_removed")
@pytest.mark.parametrize("all_of_them", [True, False])
def test_a_file_that_is_held_for_a_moment_is_removed_a_moment_later(
    store: FileStore, all_of_them: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    held = [os.open(path, os.O_RDONLY) for path in (account_file(store), token_file(store))]
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) % 2 == 0:
            os.close(held.pop())

    monkeypatch.setattr("entra_oauth.channels.base.sleep", pause)
    assert store.forget_all() == 1 if all_of_them else store.forget(APP, USER)
    assert not folder_of(store).exists()
    assert len(pauses) == 4


@pytest.mark.usefixtures("no_open_file_is_removed")
@pytest.mark.parametrize("all_of_them", [True, False])
def test_a_file_that_stays_held_keeps_no_other_and_that_is_said(
    store: FileStore, all_of_them: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    monkeypatch.setattr("entra_oauth.channels.base.sleep", lambda seconds: None)
    handle = os.open(token_file(store), os.O_RDONLY)
    try:
        with canaries.refused(LocalError):
            store.forget_all() if all_of_them else store.forget(APP, USER)
        assert set(os.listdir(folder_of(store))) <= {token_file(store).name, "lock"}
    finally:
        os.close(handle)
    store.forget_all()
    assert not os.path.exists(store.folder)


@pytest.mark.usefixtures("no_open_file_is_removed")
def test_a_lock_that_another_waits_for_may_stay_and_nothing_else(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    monkeypatch.setattr("entra_oauth.channels.base.sleep", lambda seconds: None)
    (folder_of(store) / "lock").touch()
    waiting = os.open(folder_of(store) / "lock", os.O_RDWR)
    try:
        assert store.forget(APP, USER)
    finally:
        os.close(waiting)
    assert os.listdir(folder_of(store)) == ["lock"]
    assert store.accounts() == []
    assert store.default_account(APP) is None


def test_a_lock_that_another_holds_is_not_taken_away_from_it(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entra_oauth.cache.file_store._WAIT_S", 0.05)
    fill(store)
    with store.lock(APP, USER) as held:
        assert held.take(0)
        assert store.forget(APP, USER)
        assert os.listdir(folder_of(store)) == ["lock"]
        with store.lock(APP, USER) as second:
            assert not second.take(0)


@pytest.mark.usefixtures("no_open_file_is_removed")
def test_setting_aside_and_sweeping_go_on_past_a_file_that_is_held(
    store: FileStore, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    fill(store)
    left = [folder_of(store) / f".new-1-{n}" for n in range(3)]
    for path in left:
        path.write_text(REFRESH)
        os.utime(path, (1, 1))  # there, only the time tells that its writer is gone
    held = os.open(left[1], os.O_RDONLY)
    monkeypatch.setattr("entra_oauth.channels.base.sleep", lambda seconds: None)
    private_files.sweep(str(folder_of(store)))
    assert [path.exists() for path in left] == [False, True, False]
    os.close(held)
    token_file(store).write_text("damaged")
    handles = [os.open(token_file(store), os.O_RDONLY)]
    monkeypatch.setattr("entra_oauth.channels.base.sleep", lambda seconds: os.close(handles.pop()))
    assert store.access_token(APP, USER, SCOPE) is None
    assert len(said) == 1
    assert not token_file(store).exists()


def test_what_may_not_be_kept_is_found_out_beforehand(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("a file")
    with canaries.refused(LocalError):
        private_files.check_folder(str(tmp_path / "tokens"))
    with canaries.refused(LocalError):
        FileStore.standard({"ENTRA_OAUTH_CACHE_DIR": "relative"})
    private_files.check_folder(str(tmp_path / "others"))
    assert os.listdir(tmp_path / "others") == []
