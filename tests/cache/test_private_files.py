"""Files that only their owner can read: sizes, links, what is left, and what is said."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from entra_oauth.cache import private_files
from entra_oauth.cache.lock import Lock
from entra_oauth.cache.private_files import Damaged
from entra_oauth.errors import LocalError
from kit import canaries, needs


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    private_files.write(str(path), "12345")
    assert private_files.read(str(path), limit=5) == "12345"
    with pytest.raises(Damaged):
        private_files.read(str(path), limit=4)
    assert private_files.read(str(tmp_path / "none")) is None
    path.write_bytes(b"\xff")
    with pytest.raises(Damaged):
        private_files.read(str(path))


def test_a_file_that_grows_while_it_is_read_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    private_files.write(str(path), "1234")
    genuine = os.read

    def slow(handle: int, size: int) -> bytes:
        return genuine(handle, min(size, 3))

    monkeypatch.setattr(os, "read", slow)
    assert private_files.read(str(path), limit=4) == "1234", "in pieces"
    with pytest.raises(Damaged):  # a piece that ends at the limit is not the whole
        private_files.read(str(path), limit=3)
    endless = iter([b"12345"])
    monkeypatch.setattr(os, "read", lambda handle, size: next(endless, b"")[:size])
    with pytest.raises(Damaged):
        private_files.read(str(path), limit=4)


@needs.posix
@pytest.mark.parametrize("kind", ["link", "folder", "fifo"])
def test_what_is_no_ordinary_file_is_refused(tmp_path: Path, kind: str) -> None:
    path, target = tmp_path / "file", tmp_path / "target"
    target.write_text("secret")
    if kind == "link":
        path.symlink_to(target)
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    with canaries.refused(LocalError) as caught:
        private_files.read(str(path))
    why = "is a link" if kind == "link" else "is not an ordinary file"
    assert caught.value.what == (f"{path} {why}, so no token is read from it or written to it.")


@needs.posix
def test_a_file_or_folder_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, me = tmp_path / "file", os.geteuid()
    private_files.write(str(path), "x")
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    for look in (private_files.read, private_files.make_folder):
        with canaries.refused(LocalError) as caught:
            look(str(path if look is private_files.read else tmp_path))
        assert "belongs to somebody else" in caught.value.what
    with Lock(str(path)) as lock, canaries.refused(LocalError) as caught:
        lock.take(0)
    assert "belongs to somebody else" in caught.value.what


def test_a_folder_that_cannot_be_read_has_no_names(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert private_files.names(str(tmp_path)) == ["file"]
    assert private_files.names(str(tmp_path / "none")) == []
    assert private_files.names(str(tmp_path / "file")) == []


@needs.posix
def test_a_looser_mode_is_tightened_and_a_closer_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for before, after in ((0o644, 0o600), (0o601, 0o600), (0o600, 0o600), (0o400, 0o400)):
        path.touch()
        path.chmod(before)
        assert private_files.read(str(path)) == ""
        assert path.stat().st_mode & 0o777 == after
        folder = tmp_path / "folder"
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700 | before)
        private_files.make_folder(str(folder))
        assert folder.stat().st_mode & 0o777 == 0o700


@needs.posix
def test_a_folder_is_made_with_its_parents_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        private_files.make_folder(str(tmp_path / "a" / "b"))
    finally:
        os.umask(before)
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with canaries.refused(LocalError) as caught:
        private_files.make_folder(str(tmp_path / "link"))
    assert "is not a folder" in caught.value.what


def test_a_folder_that_another_makes_meanwhile_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = os.mkdir

    def slow(path: str, mode: int) -> None:
        if not (tmp_path / "a").exists():
            genuine(tmp_path / "a", 0o700)
            raise FileNotFoundError
        if os.path.basename(path) == "b":
            genuine(path, mode)
        genuine(path, mode)

    monkeypatch.setattr(os, "mkdir", slow)
    private_files.make_folder(str(tmp_path / "a" / "b"))
    assert (tmp_path / "a" / "b").is_dir()


def test_a_file_is_replaced_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    private_files.write(str(path), "old")

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for name in ("write", "fsync", "replace"):
        with monkeypatch.context() as patched:
            patched.setattr(os, name, refuse)
            with canaries.refused(LocalError) as caught:
                private_files.write(str(path), "new")
        assert caught.value.what.endswith("cannot be used: No space left on device.")
        assert path.read_text() == "old"
        assert os.listdir(tmp_path) == ["file"], name


def test_the_disk_is_waited_for_unless_what_is_written_can_be_had_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[int] = []
    monkeypatch.setattr(os, "fsync", waited.append)
    private_files.write_lightly(str(tmp_path / "file"), "light")
    private_files.check_folder(str(tmp_path))
    assert ((tmp_path / "file").read_text(), waited) == ("light", [])
    private_files.write(str(tmp_path / "file"), "kept")
    assert (tmp_path / "file").read_text() == "kept"
    assert len(waited) == (1 if os.name == "nt" else 2), "the file, and its name in the folder"


def test_a_file_is_written_however_little_goes_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: genuine(handle, data[:2]))
    private_files.write(str(tmp_path / "file"), "abcde")
    assert (tmp_path / "file").read_bytes() == b"abcde"


def test_checking_a_folder_makes_it_and_leaves_nothing_in_it(tmp_path: Path) -> None:
    private_files.check_folder(str(tmp_path / "tokens"))
    assert os.listdir(tmp_path / "tokens") == []


def test_sweeping_removes_what_a_writer_left_and_nothing_else(tmp_path: Path) -> None:
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    old, kept = f".new-{gone}-0a", [f".new-{os.getpid()}-0a", ".new-left", "account", "x.new-1"]
    for name in (old, ".new-older", *kept):
        (tmp_path / name).touch()
    for name in (".new-older", "account", "x.new-1"):
        os.utime(tmp_path / name, (1, 1))
    private_files.sweep(str(tmp_path))
    assert sorted(os.listdir(tmp_path)) == sorted(kept)
    private_files.sweep(str(tmp_path / "none"))


@needs.posix
@pytest.mark.parametrize("name", [".new-1-0a", ".new-0-0a", ".new-99999999999-0a", ".new--1"])
def test_a_writer_that_lives_or_that_nobody_can_be_keeps_its_file(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).touch()
    private_files.sweep(str(tmp_path))
    assert os.listdir(tmp_path) == [name]


@needs.posix
@pytest.mark.parametrize("writer", ["0", "9999999999", "99999999999", "\u0661", "x", ""])
def test_the_file_of_a_writer_that_nobody_can_be_goes_after_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: str
) -> None:
    monkeypatch.setattr(private_files, "now", lambda: 10_000.0)
    for left, kept in ((6_400, True), (6_399, False)):
        path = tmp_path / f".new-{writer}-0a"
        path.touch()
        os.utime(path, (left, left))
        private_files.sweep(str(tmp_path))
        assert path.exists() is kept


@needs.posix
def test_where_there_are_no_owners_and_no_modes_files_are_written_and_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_files, "_POSIX", False)
    for name in ("fchmod", "chmod", "geteuid"):
        monkeypatch.delattr(os, name)
    folder = tmp_path / "a" / "b"
    private_files.make_folder(str(folder))
    private_files.check_way(str(folder))
    private_files.write(str(folder / "file"), "x")
    assert private_files.read(str(folder / "file")) == "x"


def test_on_windows_no_writer_is_asked_for_because_that_would_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(private_files, "_POSIX", False)
    monkeypatch.setattr(os, "kill", lambda process, signal: asked.append(process))
    for name, at in ((".new-4711-0a", 1), (".new-4712-0a", time.time())):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (at, at))
    private_files.sweep(str(tmp_path))
    assert os.listdir(tmp_path) == [".new-4712-0a"]
    assert asked == []


@needs.posix
def test_somebody_elses_writer_keeps_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(process: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", forbidden)
    (tmp_path / ".new-4711-0a").touch()
    private_files.sweep(str(tmp_path))
    assert os.listdir(tmp_path) == [".new-4711-0a"]


@needs.posix
def test_the_folders_on_the_way_are_checked_when_reading_as_when_writing(tmp_path: Path) -> None:
    outer, inner = tmp_path / "outer", tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    os.chmod(outer, 0o755)
    os.chmod(inner, 0o777)
    private_files.check_way(str(outer), str(inner), str(inner / "not there"))
    assert [path.stat().st_mode & 0o777 for path in (outer, inner)] == [0o700, 0o700]
    (tmp_path / "link").symlink_to(inner)
    (tmp_path / "file").touch()
    for other in ("link", "file"):
        with canaries.refused(LocalError):
            private_files.check_way(str(tmp_path / other))


def test_what_is_damaged_gets_a_name_with_the_time(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    aside = private_files.set_aside(str(path), 1234.9)
    assert aside == f"{path}.damaged-1234"
    assert Path(aside).read_text(encoding="utf-8") == "x"
    assert private_files.set_aside(str(path), 1234.9) == aside, "somebody else was quicker"


@needs.posix
def test_removing_takes_a_link_and_leaves_what_is_behind_it(tmp_path: Path) -> None:
    behind = tmp_path / "behind"
    behind.mkdir()
    (behind / "file").touch()
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "file").touch()
    (folder / "link").symlink_to(behind)
    for _ in range(2):  # the second time there is nothing left
        private_files.remove(str(folder))
    assert not folder.exists()
    assert (behind / "file").exists()


def test_emptying_keeps_one_file_and_goes_on_past_what_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abcd":
        (tmp_path / name).touch()
    genuine, listed = os.unlink, os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: sorted(listed(folder)))

    def held(path: str) -> None:
        if os.path.basename(path) in "ac":
            raise OSError(errno.EIO, "held")
        genuine(path)

    with monkeypatch.context() as patched, canaries.refused(LocalError) as caught:
        patched.setattr(os, "unlink", held)
        private_files.empty(str(tmp_path), but=("d",))
    assert str(tmp_path / "a") in caught.value.what, "the first that stays"
    assert sorted(os.listdir(tmp_path)) == ["a", "c", "d"]


def test_without_a_home_there_is_no_folder_for_tokens(tmp_path: Path) -> None:
    named = {"ENTRA_OAUTH_CACHE_DIR": str(tmp_path)}
    assert private_files.standard_folder(named) == str(tmp_path)
    with canaries.refused(LocalError) as caught:
        private_files.standard_folder({"ENTRA_OAUTH_CACHE_DIR": "not/whole"})
    assert "--cache none" in str(caught.value)


@needs.posix
def test_a_way_that_is_not_there_is_none_and_one_that_is_blocked_is_told(tmp_path: Path) -> None:
    private_files.check_way(str(tmp_path / "none"), str(tmp_path / "none" / "inner"))
    (tmp_path / "file").touch()
    with pytest.raises(LocalError, match="inner"):
        private_files.check_way(str(tmp_path / "file" / "inner"))


@pytest.mark.parametrize(
    ("error", "found"), [(FileNotFoundError(), []), (NotADirectoryError(), []), (OSError(), None)]
)
def test_folders_that_cannot_be_listed_are_an_error_and_one_that_is_not_there_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, found: list[str] | None
) -> None:
    def scandir(folder: str) -> None:
        raise error

    monkeypatch.setattr(os, "scandir", scandir)
    if found is None:
        with canaries.refused(LocalError):
            list(private_files.folders(str(tmp_path)))
    else:
        assert list(private_files.folders(str(tmp_path))) == found


@pytest.mark.parametrize(
    ("error", "posix", "tries"),
    [
        (PermissionError(), False, 20),
        (OSError(errno.ENOTEMPTY, "held"), False, 20),
        (OSError(errno.EIO, "broken"), False, 1),
        (PermissionError(), True, 1),
    ],
)
def test_only_what_another_may_hold_for_a_moment_is_tried_again_and_only_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, posix: bool, tries: int
) -> None:
    tried: list[str] = []
    waits: list[float] = []

    def unlink(path: str) -> None:
        tried.append(path)
        raise error

    (tmp_path / "file").touch()
    monkeypatch.setattr(private_files, "_POSIX", posix)
    monkeypatch.setattr("entra_oauth.channels.base.sleep", waits.append)
    with monkeypatch.context() as patched, canaries.refused(LocalError):
        patched.setattr(os, "unlink", unlink)
        private_files.remove(str(tmp_path / "file"))
    assert (len(tried), waits) == (tries, [0.025] * (tries - 1))


def test_a_file_of_256_kib_is_read_and_a_longer_one_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 256 * 1024)
    assert len(private_files.read(str(path)) or "") == 256 * 1024
    path.write_bytes(b"x" * (256 * 1024 + 1))
    with pytest.raises(Damaged):
        private_files.read(str(path))


@needs.posix
def test_a_strange_umask_takes_nothing_away_from_the_owner(tmp_path: Path) -> None:
    before = os.umask(0o777)
    try:
        private_files.write(str(tmp_path / "file"), "x")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


@needs.posix
def test_nobody_else_can_open_a_file_or_folder_even_before_its_mode_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(handle: int | str, mode: int) -> None:
        """The mode stays that of the making."""

    monkeypatch.setattr(os, "fchmod", leave)
    monkeypatch.setattr(os, "chmod", leave)
    before = os.umask(0)
    try:
        private_files.make_folder(str(tmp_path / "a" / "b" / "c"))
        private_files.make_folder(str(tmp_path / "d"))
        private_files.write(str(tmp_path / "file"), "x")
        with Lock(str(tmp_path / "lock")) as lock:
            assert lock.take(0)
    finally:
        os.umask(before)
    for name, mode in (
        ("file", 0o600),
        ("lock", 0o600),
        ("a/b", 0o700),
        ("a/b/c", 0o700),
        ("d", 0o700),
    ):
        assert (tmp_path / name).stat().st_mode & 0o777 == mode, name


def test_a_folder_in_which_nothing_can_be_written_is_refused_by_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = os.open

    def full(path: str, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT:
            raise OSError(errno.ENOSPC, "No space left on device")
        return genuine(path, flags, mode)

    monkeypatch.setattr(os, "open", full)
    with canaries.refused(LocalError):
        private_files.check_folder(str(tmp_path / "tokens"))


@needs.posix
def test_a_link_to_a_folder_is_none_of_the_folders(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    assert list(private_files.folders(str(tmp_path))) == [str(tmp_path / "folder")]


def test_a_file_that_may_not_be_read_is_an_error_and_none_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, flags: int) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    (tmp_path / "file").touch()
    with monkeypatch.context() as patched, canaries.refused(LocalError) as caught:
        patched.setattr(os, "open", refuse)
        private_files.read(str(tmp_path / "file"))
    assert "Permission denied" in caught.value.what


@needs.posix
@pytest.mark.parametrize(
    ("call", "act"),
    [
        ("mkdir", lambda path: private_files.make_folder(f"{path}-new")),
        ("lstat", lambda path: private_files.check_way(os.path.dirname(path))),
        ("open", private_files.read),
        ("read", private_files.read),
        ("replace", lambda path: private_files.write(path, "x")),
        ("replace", lambda path: private_files.write_lightly(path, "x")),
        ("replace", lambda path: private_files.set_aside(path, 1.0)),
        ("unlink", private_files.remove),
        ("rmdir", lambda path: private_files.remove(os.path.dirname(path))),
        ("scandir", lambda path: list(private_files.folders(os.path.dirname(path)))),
    ],
)
def test_whatever_the_system_refuses_is_told_with_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, act: Callable[[str], object]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    path = tmp_path / "folder" / "file"
    path.parent.mkdir(0o700)
    path.touch(0o600)
    with monkeypatch.context() as patched, canaries.refused(LocalError) as caught:
        patched.setattr(os, call, refuse)
        act(str(path))
    assert str(tmp_path / "folder") in caught.value.what
    assert caught.value.what.endswith("cannot be used: Input/output error.")


def test_a_fault_without_words_of_the_system_is_told_by_its_kind() -> None:
    assert private_files.unusable("/x", OSError()).what == "/x cannot be used: OSError."
