"""The demo leaves a report, says where, and overwrites nothing of anybody's."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from kit.command_line import call, error_of


def test_the_demo_writes_a_report_and_says_where() -> None:
    ran = call("demo")
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    path = Path(lines[lines.index("The report of it, a page to look at:") + 1].strip())
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "Redeem the code" in page
    assert "Why so?" in page
    assert path.is_relative_to(os.environ["HOME"])
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_report_goes_where_it_is_asked_to_and_the_next_one_takes_the_place_of_the_last(
    tmp_path: Path,
) -> None:
    named = tmp_path / "report.html"
    assert call("demo", "--report", str(named)).code == 0
    assert named.read_text().startswith("<!doctype html>")
    call("demo")
    call("demo")
    assert [path.name for path in Path(os.environ["HOME"]).rglob("*.html")] == ["demo.html"]


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / "mine.html"
    mine.write_text("mine")
    ran = call("demo", "--report", str(mine))
    assert ran.code == 8
    assert "nothing is overwritten" in error_of(ran)[0]
    assert ran.out == ""
    assert mine.read_text() == "mine"


def test_where_there_is_no_place_for_it_the_demo_goes_on_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    for name in ("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(in_the_way))
    ran = call("demo")
    assert ran.code == 0, ran.err
    assert "--report FILE leaves a report" in ran.out
    assert "a page to look at" not in ran.out
