"""The stick: it installs without an index, on each Python that it names."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import make_stick
import stick_start
from kit import needs
from kit.command_line import environment

ROOT = Path(__file__).parents[2]
KIT = ROOT / "docs" / "teach"
HERE = {
    ("linux", "x86_64"): "linux-x86_64",
    ("linux", "aarch64"): "linux-arm64",
    ("darwin", "arm64"): "macos-arm64",
    ("darwin", "x86_64"): "macos-x86_64",
    ("win32", "AMD64"): "windows-x86_64",
}.get((sys.platform, platform.machine()), "")
MINE = ".".join(map(str, sys.version_info[:2]))


@pytest.fixture(scope="module")
def stick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stick for this kind of machine alone: to fetch for all takes minutes."""
    if not HERE:
        pytest.skip("the stick is not for this kind of machine")
    folder = tmp_path_factory.mktemp("usb") / "stick"
    made = subprocess.run(
        [sys.executable, str(ROOT / "scripts/make_stick.py"), str(folder), "--system", HERE],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if made.returncode == 8 and "pip could not bring the wheels" in made.stderr:
        pytest.skip("pip reaches no index from here")
    assert made.returncode == 0, made.stderr
    return folder


def _python(version: str) -> str:
    """A Python of that version, which can make environments. Skips where there is none."""
    found = sys.executable if version == MINE else shutil.which(f"python{version}")
    check = [found or "", "-c", "import ensurepip, venv"]
    if not found or subprocess.run(check, capture_output=True, check=False).returncode != 0:
        pytest.skip(f"this machine has no Python {version}")
    return found


@needs.python("pip")
@pytest.mark.parametrize("version", make_stick.TRIED)
def test_it_installs_without_an_index(version: str, stick: Path, tmp_path: Path) -> None:
    python, home = _python(version), tmp_path / "there"
    # Whatever this machine's pip is told, only the stick counts.
    (tmp_path / "entra_oauth-99-py3-none-any.whl").write_bytes(b"another one, which is newer")
    env = environment(PIP_INDEX_URL="http://127.0.0.1:9", PIP_FIND_LINKS=str(tmp_path))
    ran = subprocess.run(
        [python, str(stick / "start.py"), str(home)],
        cwd=tmp_path,
        env={name: value for name, value in env.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"PASS  Python {version}." in ran.stdout
    assert "Next: " in ran.stdout


@needs.python("pip")
def test_it_has_compiled_wheels_for_each_python_that_it_names(stick: Path) -> None:
    names = [each.name for each in (stick / "wheels").iterdir()]
    for package in ("cffi", "charset_normalizer"):
        found = {re.sub(r".*-cp3(\d+)-cp.*", r"3.\1", n) for n in names if n.startswith(package)}
        assert found == set(make_stick.PACKED)
    assert len([name for name in names if name.startswith("entra_oauth-")]) == 1
    assert all(name.endswith(".whl") for name in names)


@needs.python("pip")
def test_it_has_the_documents_and_no_place_of_this_machine(stick: Path) -> None:
    assert (stick / "docs/teach/slides.html").read_bytes() == (KIT / "slides.html").read_bytes()
    names = {each.name for each in stick.iterdir()}
    assert names == {"READ ME FIRST.txt", "docs", "start.py", "wheels", *make_stick.PAGES}
    for path in (p for p in stick.rglob("*") if p.suffix in (".py", ".txt", ".md", ".html")):
        assert str(ROOT).encode() not in path.read_bytes()


@needs.python("pip")
def test_it_names_what_it_is_for(stick: Path) -> None:
    text = (stick / "READ ME FIRST.txt").read_text("utf-8")
    assert "Python 3.11, 3.12 or 3.13" in text
    assert "The wheels for Python 3.14 are here too; nobody has tried them." in text
    named = [each for each, system in make_stick.SYSTEMS.items() if f"- {system.words}\n" in text]
    assert named == [HERE]


def test_it_is_for_linux_macos_and_windows() -> None:
    words = " ".join(each.words for each in make_stick.SYSTEMS.values())
    assert all(name in words for name in ("Linux", "macOS", "Windows"))
    assert make_stick.TRIED == ("3.11", "3.12", "3.13")
    assert set(make_stick.PACKED) - set(make_stick.TRIED) == {"3.14"}
    span = [stick_start.FIRST, stick_start.LAST_TRIED, stick_start.LAST_PACKED]
    versions = [make_stick.TRIED[0], make_stick.TRIED[-1], make_stick.PACKED[-1]]
    assert [".".join(map(str, each)) for each in span] == versions


def test_a_folder_with_something_in_it_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("mine")
    assert make_stick.main([str(tmp_path)]) == 8
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert "not empty" in capsys.readouterr().err


@pytest.mark.parametrize("version", [(3, 8, 1), (3, 10, 0), (3, 15, 0)])
def test_a_python_that_it_is_not_for_is_refused_before_anything_is_made(
    version: tuple[int, int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    assert stick_start.main([str(tmp_path / "there")]) == 8
    said = capsys.readouterr().out
    assert f"for Python 3.11 to 3.13; this is {version[0]}.{version[1]}." in said
    assert "READ ME FIRST.txt" in said
    assert not (tmp_path / "there").exists()


def test_of_an_untried_python_it_says_so_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[Path] = []

    def create(home: Path, *, with_pip: bool) -> None:
        made.append(home)
        raise OSError("no room")

    monkeypatch.setattr(venv, "create", create)
    monkeypatch.setattr(sys, "version_info", (3, 14, 0))
    assert stick_start.main([str(tmp_path / "there")]) == 8
    assert made == [tmp_path / "there"]
    said = capsys.readouterr().out
    assert "The wheels for Python 3.14 are packed, but nobody has tried them." in said
    assert "Next: name another folder" in said


@needs.python("pip")
def test_where_no_wheel_fits_it_says_where_to_read_what_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stick_start, "HERE", tmp_path)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert stick_start.main([str(tmp_path / "there")]) == 8
    said = capfd.readouterr().out
    assert "It could not be installed: no wheels for this kind of machine" in said
    assert "READ ME FIRST.txt" in said
    assert "nobody has tried" not in said
