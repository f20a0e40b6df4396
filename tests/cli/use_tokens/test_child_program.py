"""A program that is run to its end, by the rules of either system."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from entra_oauth import child_program
from entra_oauth.errors import LocalError
from kit import needs


@pytest.mark.parametrize(
    ("returncode", "windows", "code"),
    [
        (0, False, 0),
        (9, False, 9),
        (-2, False, 130),
        (-15, False, 143),
        (0, True, 0),
        (9, True, 9),
        (2**31 - 1, True, 2**31 - 1),
        (2**31, True, -(2**31)),
        (0xC000013A, True, -1073741510),
        (2**32 - 1, True, -1),
    ],
)
def test_the_code_is_the_shells_and_fits_into_what_python_ends_with(
    returncode: int, windows: bool, code: int
) -> None:
    assert child_program.exit_code(returncode, windows=windows) == code
    assert -(2**31) <= code < 2**31


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with programs as Windows has them, and one of that name where the person is."""
    folder, here = tmp_path / "tools", tmp_path / "here"
    for place in (folder, here):
        place.mkdir()
        for name in ("az.cmd", "both.bat", "both.exe", "plain.exe", "notes.txt"):
            (place / name).touch()
    return folder


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("az", "az.cmd"),
        ("az.cmd", "az.cmd"),
        ("both", "both.exe"),
        ("plain", "plain.exe"),
        ("plain.exe", "plain.exe"),
        ("notes", None),
        ("missing", None),
    ],
)
def test_windows_programs_are_found_by_their_extension(
    name: str, found: str | None, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tools.parent / "here")
    environ = {"Path": f"C:/nowhere;;{tools}", "PATHEXT": ".com;.exe;.bat;.cmd"}
    expected = os.path.join(tools, found) if found else None
    assert child_program.find(name, environ, windows=True) == expected


def test_the_current_folder_lends_no_program_unless_the_path_names_it(
    tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tools.parent / "here"
    monkeypatch.chdir(here)
    environ = {"PATH": "C:/nowhere", "PATHEXT": ".cmd"}
    assert child_program.find("az", environ, windows=True) is None
    named = environ | {"PATH": "."}
    assert child_program.find("az", named, windows=True) == os.path.join(".", "az.cmd")
    assert child_program.find("./az", environ, windows=True) == "./az.cmd"


@needs.posix
def test_a_program_ends_with_its_own_code_and_has_the_environment(tmp_path: Path) -> None:
    report = tmp_path / "report"
    code = f"import os, sys; open({str(report)!r}, 'w').write(os.environ['GIVEN']); sys.exit(7)"
    assert child_program.run([sys.executable, "-c", code], {"GIVEN": "here"}) == 7
    assert report.read_text("utf-8") == "here"


@needs.posix
@pytest.mark.parametrize(("kind", "code"), [("missing", 127), ("no program", 126)])
def test_what_cannot_be_started_ends_as_in_a_shell(kind: str, code: int, tmp_path: Path) -> None:
    path = tmp_path / "it"
    if kind == "no program":
        path.write_text("x", "utf-8")
    with pytest.raises(LocalError, match="cannot be started") as caught:
        child_program.run([str(path)], {"PATH": ""})
    assert caught.value.exit_code == code
