"""Several runs of pytest share the files of tests: each is run once, and all is added up."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import workers
from kit.guards import groups, shares

TESTS = Path(__file__).parents[1]

FILES = {
    "part/test_good.py": "def test_good(ours): note(ours)\ndef test_too(): note('too')\n",
    "test_bad.py": "def test_bad(): note('bad'); assert 'good' == 0\n",
    "test_broken.py": "import no_such_module_here\n",
    "part/conftest.py": "import pytest\n@pytest.fixture\ndef ours(): return 'good'\n",
    "test_late.py": "import pytest\n@pytest.mark.skip\ndef test_late(): ...\n",
}
NOTE = """
def note(word):
    with open("noted", "a", encoding="utf-8") as file:
        file.write(f"{word} ")
"""


def _run(folder: Path, *arguments: str, runs: int = 2) -> int:
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    environ = {**kept, "PYTHONPATH": str(TESTS), "PYTHONDONTWRITEBYTECODE": "1"}
    pytest_command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "conftest",
        "-ra",
        "--import-mode=importlib",
        *arguments,
    ]
    return workers.run(pytest_command, environ, str(folder), runs)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "part").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(NOTE + text, encoding="utf-8")
    return tmp_path


def test_how_far_the_runs_are_is_said_again_and_again(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = "import pathlib, time\ndef test_it():\n    seen = pathlib.Path('seen')\n"
    slow += "    while not seen.exists(): time.sleep(0.05)\n"
    for name in FILES:
        (folder / name).unlink()
    (folder / "test_slow.py").write_text(slow, encoding="utf-8")
    monkeypatch.setattr(workers, "TOLD_EVERY_S", 0)

    def say(text: str) -> None:
        if "1 of 1 files" in text:
            (folder / "seen").touch()

    monkeypatch.setattr("launch.say", say)
    assert _run(folder) == 0, "it ends once its progress was told"


def test_each_file_is_run_once_and_what_fails_is_said_twice(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _run(folder) == 1
    said, told = capfd.readouterr()
    assert sorted((folder / "noted").read_text().split()) == ["bad", "good", "too"]
    first, *why = told.splitlines()
    assert first == "failed: test_bad.py::test_bad"
    assert "E   AssertionError: assert 'good' == 0" in why
    assert "'good' == 0" in said
    assert "No module named 'no_such_module_here'" in said
    assert "SKIPPED" in said
    last = said.splitlines()[-1]
    assert last.startswith("All: ")
    for counted in ("2 passed", "1 failed", "1 error", "1 skipped"):
        assert counted in last


def test_a_run_that_a_signal_ends_is_said_and_fails_all(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    killed = "import os\ndef test_bad(): os.kill(os.getpid(), 9)\n"
    (folder / "test_bad.py").write_text(killed, encoding="utf-8")
    assert _run(folder) == 128 + 9
    said, told = capfd.readouterr()
    assert "signal 9 ended a run: its tests are not in the sum below." in told + said
    assert said.splitlines()[-1].startswith("All: ")


def test_whoever_stops_at_the_first_failure_stops_the_others(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "test_bad.py").write_text(NOTE + FILES["test_bad.py"] + "#" * 1000)  # so the first
    assert _run(folder, "-x", runs=1) == 1
    assert (folder / "noted").read_text().split() == ["bad"]
    assert "1 failed" in capfd.readouterr().out


@pytest.fixture
def modules(folder: Path, request: pytest.FixtureRequest) -> list[pytest.Module]:
    parent = request.session
    return [pytest.Module.from_parent(parent, path=path) for path in folder.rglob("test_*.py")]


def test_a_run_takes_nothing_that_another_took_nor_anything_once_one_stopped(
    modules: list[pytest.Module], tmp_path_factory: pytest.TempPathFactory
) -> None:
    shared = tmp_path_factory.mktemp("shared")
    runs = [shares.Share(shared), shares.Share(shared)]
    for run in runs:
        run._found.extend(modules)
    first, second = (run._taken() for run in runs)
    taken = [next(first), next(second), next(first)]
    assert len(set(taken)) == 3
    (shared / "stop").touch()
    assert list(second) == []


@pytest.mark.parametrize(
    ("codes", "code"),
    [([0, 0], 0), ([0, 5], 0), ([5, 5], 5), ([1, 5], 1), ([0, 1, 2], 2), ([134, 1], 134)],
)
def test_the_exit_code_is_that_of_the_worst_run(codes: list[int], code: int) -> None:
    assert workers._worst(codes) == code


@pytest.mark.parametrize(("cores", "runs"), [(1, 2), (2, 4), (4, 8), (8, 8), (16, 16)])
def test_there_are_twice_as_many_runs_as_cores_up_to_eight(cores: int, runs: int) -> None:
    assert workers.number(cores) == runs


def test_a_run_that_a_signal_ended_is_no_success(folder: Path) -> None:
    if os.name != "posix":
        pytest.skip("only on POSIX")
    die = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert workers.run([sys.executable, "-c", die], dict(os.environ), str(folder), 2) == 137


def test_the_longest_files_come_first(request: pytest.FixtureRequest) -> None:
    quick, slow = (
        pytest.Module.from_parent(request.session, path=TESTS / name)
        for name in ("test_errors.py", "audit/test_rules.py")
    )
    assert sorted([quick, slow], key=shares._longest_first) == [slow, quick]
    assert groups.measured(quick.path) == 0
