"""One more file in a folder, whole or not at all; and how much a folder may hold."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest

from entra_oauth.errors import LocalError, UsageError
from entra_oauth.recording.files import files_of
from entra_oauth.recording.store import add_file, read_files, write
from kit import recordings as kit

FILES = files_of(kit.evidence())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_put_beside_the_others_for_its_owner_only(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"x")
    add_file(tmp_path, "a.sig", b"data")
    assert names(tmp_path) == ["a.sig", "other"]
    assert (tmp_path / "a.sig").read_bytes() == b"data"
    assert stat.S_IMODE((tmp_path / "a.sig").stat().st_mode) == 0o600


def test_a_file_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.sig").write_bytes(b"first")
    with pytest.raises(LocalError, match=r"a\.sig cannot be written to .*: File exists"):
        add_file(tmp_path, "a.sig", b"second")
    assert names(tmp_path) == ["a.sig"]
    assert (tmp_path / "a.sig").read_bytes() == b"first"


def test_what_another_one_is_writing_is_not_taken_away(tmp_path: Path) -> None:
    (tmp_path / ".a.sig.new").write_bytes(b"half")
    with pytest.raises(LocalError, match="File exists"):
        add_file(tmp_path, "a.sig", b"data")
    assert names(tmp_path) == [".a.sig.new"]


@pytest.mark.parametrize("stopped", [OSError(28, "No space left"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", ["fsync", "rename"])
def test_of_a_file_that_cannot_be_written_nothing_is_left(
    at: str, stopped: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        assert names(tmp_path) == [".a.sig.new"]
        raise stopped

    monkeypatch.setattr(os if at == "fsync" else Path, at, stop)
    with pytest.raises(LocalError if isinstance(stopped, OSError) else KeyboardInterrupt) as caught:
        add_file(tmp_path, "a.sig", b"data")
    assert names(tmp_path) == []
    assert isinstance(stopped, KeyboardInterrupt) or "No space left." in str(caught.value)


def test_a_half_that_somebody_else_took_away_is_no_other_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(path: Path, to: Path) -> None:
        path.unlink()
        raise OSError(28, "No space left")

    monkeypatch.setattr(Path, "rename", stop)
    with pytest.raises(LocalError, match="No space left"):
        add_file(tmp_path, "a.sig", b"data")


def test_where_no_folder_can_be_made_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(**_: object) -> str:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "mkdtemp", refused)
    with pytest.raises(LocalError, match=r"The recording cannot be written to .*: Read-only"):
        write(FILES, tmp_path / "rec")


@pytest.mark.parametrize(("less", "is_read"), [(0, True), (1, False)])
@pytest.mark.parametrize("bound", ["MAX_BYTES", "MAX_FILES"])
def test_as_much_as_a_recording_may_hold_is_read_and_no_more(
    bound: str, less: int, is_read: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(FILES, tmp_path / "rec")
    size = sum(map(len, FILES.values())) if bound == "MAX_BYTES" else len(FILES)
    monkeypatch.setattr(f"entra_oauth.recording.store.{bound}", size - less)
    if is_read:
        assert read_files(tmp_path / "rec") == FILES
    else:
        with pytest.raises(UsageError, match="is larger than a recording"):
            read_files(tmp_path / "rec")
