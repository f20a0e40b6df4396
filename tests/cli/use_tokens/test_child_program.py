"""A program that is run to its end, by the rules of either system."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from entra_oauth import child_program
from entra_oauth.errors import LocalError
from entra_oauth.lessons.labs.catalogue import lab
from entra_oauth.lessons.labs.lab10_token_in_logs import attack as lab10_attack
from entra_oauth.lessons.labs.learner_process import mark
from kit import needs
from kit.processes.stopped_at_start import is_running, stopped_at_start


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


# ---- signals that come while a program is started ---------------------------------------


@needs.posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_while_a_program_is_started_is_taken_when_it_is_known(
    number: int,
) -> None:
    def unwind(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(number, unwind)
    known: list[str] = []

    def start() -> None:
        with child_program.signals_kept():
            os.kill(os.getpid(), number)
            known.append("started")

    try:
        with pytest.raises(KeyboardInterrupt):
            start()
        assert known == ["started"]
        assert signal.getsignal(number) is unwind
    finally:
        signal.signal(number, before)


@needs.posix
def test_a_signal_that_is_ignored_stays_so_for_the_program_that_is_started() -> None:
    asks = "import signal; print(signal.getsignal(signal.SIGTERM) is signal.SIG_IGN)"
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with child_program.signals_kept():
            said = subprocess.check_output([sys.executable, "-c", asks], text=True)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert said == "True\n"


def test_another_thread_may_start_a_program_too() -> None:
    def start() -> None:
        with child_program.signals_kept():
            done.append(True)

    done: list[bool] = []
    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert done == [True]


SLEEPS = (sys.executable, "-I", "-c", "import sys, time; sys.stdin.read(); time.sleep(600)")
STARTS: dict[str, Callable[[], object]] = {
    "a program that is asked": lambda: child_program.answer_of(SLEEPS),
    "a program that is given something": lambda: child_program.answer_of(SLEEPS, data=b"x"),
    "a learner's function": lambda: mark(lab(3), "import time\ntime.sleep(600)\n"),
    "the program of lab 10": lambda: lab10_attack._seen_by_others("x" * 80, as_argument=True),
}


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at on Linux")
@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_a_signal_right_after_the_start_leaves_no_program(
    start: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with stopped_at_start(monkeypatch) as started, pytest.raises(KeyboardInterrupt):
        start()
    assert len(started) == 1
    assert not is_running(started[0])


def test_a_program_that_is_asked_reads_what_it_is_given_and_has_no_more_time() -> None:
    echo = (sys.executable, "-I", "-c", "import sys; print(sys.stdin.read() + '.'); sys.exit(3)")
    for data in (b"", b"x"):
        done = child_program.answer_of(echo, data=data, environ={})
        assert (done.stdout.strip(), done.stderr, done.returncode) == (data + b".", b"", 3)
    with pytest.raises(subprocess.TimeoutExpired):
        child_program.answer_of(SLEEPS, timeout_s=0.5)


START_OF_THEIR_OWN = {
    "child_program.py": "run: it takes the signals itself, to hand them on",
    "channels/listener/system_browser.py": "a browser, which is meant to stay",
    "audit/bulk/pool.py": "in threads, which no signal comes to",
}


def test_every_program_is_started_with_signals_kept() -> None:
    folder = Path(child_program.__file__).parent
    for path in folder.rglob("*.py"):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(folder).as_posix()
        assert "subprocess.run(" not in text, name
        if "subprocess.Popen(" in text and name not in START_OF_THEIR_OWN:
            assert "with signals_kept():" in text.replace("child_program.", ""), name
