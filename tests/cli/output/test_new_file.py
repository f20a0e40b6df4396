"""A result in a new file: whole, its owner's, and nothing overwritten, on any file system."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from entra_oauth.cli.output.new_file import write_new_file
from entra_oauth.errors import LocalError
from kit import needs


@pytest.fixture(params=["links", "no links"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, also of a file system that knows no hard links."""

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    if request.param == "no links":
        monkeypatch.setattr(os, "link", refuse)
    return tmp_path


def test_a_file_is_written_for_its_owner_and_nothing_else_is_left(place: Path) -> None:
    write_new_file(place / "report.html", b"all of it")
    assert [path.name for path in place.iterdir()] == ["report.html"]
    assert (place / "report.html").read_bytes() == b"all of it"
    if os.name == "posix":
        assert stat.S_IMODE((place / "report.html").stat().st_mode) == 0o600


def test_nothing_is_overwritten(place: Path) -> None:
    (place / "mine").write_text("mine")
    with pytest.raises(LocalError, match="nothing is overwritten"):
        write_new_file(place / "mine", b"new")
    assert (place / "mine").read_text() == "mine"
    assert len(list(place.iterdir())) == 1


@needs.posix
def test_a_name_that_is_taken_at_the_last_moment_stays_what_it_is(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = place / "victim"
    victim.write_text("mine")
    (place / "link").symlink_to(victim)
    monkeypatch.setattr("entra_oauth.cli.output.new_file.check_new_file", lambda path: None)
    with pytest.raises(LocalError, match="nothing is overwritten"):
        write_new_file(place / "link", b"new")
    assert victim.read_text() == "mine"
    assert sorted(path.name for path in place.iterdir()) == ["link", "victim"]
