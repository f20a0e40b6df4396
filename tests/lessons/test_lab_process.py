"""A learner's file that goes astray: a plain word is said, and the machine is unharmed."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import pytest

from entra_oauth.lessons.labs import learner_process
from entra_oauth.lessons.labs.catalogue import lab
from entra_oauth.lessons.labs.judge import judged
from entra_oauth.lessons.labs.learner_file import text_for
from entra_oauth.lessons.labs.learner_process import LIMITS, ProcessLimits, mark
from kit import needs

RIGHT = lab(3).exercise.solution
QUICK = ProcessLimits(cpu_s=2, wall_s=60)


def said(source: str, *, limits: ProcessLimits = LIMITS) -> str:
    return "\n".join(mark(lab(3), source, limits=limits).complaints)


def test_a_function_is_judged_in_a_process_of_its_own() -> None:
    broken = mark(lab(3), text_for(lab(3), "lab.py"))
    assert len(broken.complaints) == len(judged(3, lab(3).exercise.broken))
    assert broken.printed == ""
    assert mark(lab(3), RIGHT).complaints == ()


BAD = {
    "half a line": ("def redeem(\n", "is no Python"),
    "a zero byte": ("\0", "is no Python"),
    "no function": ("redeem = 3\n", "no function redeem"),
    "nothing": ("", "no function redeem"),
    "it raises": ("raise KeyError\n", "KeyError"),
    "it ends the process": ("import os\nos._exit(0)\n", "does it call exit"),
    "it exits": ("def redeem(*given):\n    raise SystemExit\n", "does it call exit"),
    "no text": (
        "def redeem(*given):\n    return type('X', (), {'__str__': lambda s: 1 / 0})()\n",
        "looked at: Zero",
    ),
    "an answer of its own": (
        "def redeem(*given):\n    print('{}', file=open(1, 'w', closefd=False))\n",
        "returned 'None'",
    ),
    "all the memory": ("x = 'a' * 10**11\n", "MemoryError"),
    "it asks": (
        "import sys\nsys.stdin.read()\ndef redeem(*given): return 'alice'\n",
        "returned 'alice'",
    ),
    "it calls itself": ("def redeem(*given):\n    return redeem(*given)\n", "RecursionError"),
    "too few arguments": ("def redeem(code):\n    return code\n", "TypeError"),
    "a megabyte": ("def redeem(*given):\n    return 'x' * 2**20\n", "xxxxx…"),
    "an error of a megabyte": (
        "def redeem(*given):\n    raise type('E' * 2**20, (Exception,), {})\n",
        "raised EEE",
    ),
    "another process": ("import os\nos.fork()\n" + RIGHT, "another program"),
    "a program": ("import subprocess\nsubprocess.run(['true'])\n" + RIGHT, "another program"),
    "a program that is hushed up": (
        "import os\ntry:\n    os.system('true')\nexcept OSError:\n    pass\n" + RIGHT,
        "another program",
    ),
    "a signal to the parent": ("import os\nos.kill(os.getppid(), 9)\n" + RIGHT, "another program"),
    "a socket": ("import socket\nsocket.socket()\n" + RIGHT, "opened a socket"),
    "a look-up": ("import socket\nsocket.gethostbyname('localhost')\n" + RIGHT, "opened a socket"),
    "a request": (
        "from urllib.request import urlopen\nurlopen('http://127.0.0.1:9/')\n" + RIGHT,
        "opened a socket",
    ),
    "a file": ("open('/etc/passwd').read()\n" + RIGHT, "outside of its own folder"),
    "a link to a file": (
        "import os\nos.symlink('/etc/passwd', 'mine')\n" + RIGHT,
        "outside of its own folder",
    ),
    "a file above": ("open('../mine', 'w')\n" + RIGHT, "outside of its own folder"),
    "a folder": ("import os\nos.listdir('/')\n" + RIGHT, "outside of its own folder"),
    "Python's own files, changed": (
        "import os\nopen(os.__file__, 'a')\n" + RIGHT,
        "outside of its own folder",
    ),
    "C": ("import ctypes\nctypes.CDLL(None)\n" + RIGHT, "reached into Python"),
    "all objects": ("import gc\ngc.get_objects()\n" + RIGHT, "reached into Python"),
    "the checker, imported": ("import entra_oauth.lessons.labs.trials\n" + RIGHT, "ImportError"),
    "the checker, changed": (
        "import sys\nit = sys.modules['entra_oauth.lessons.labs.trials']\n"
        "it.Trials.gives = it.Trials.refuses = it.Trials.that = lambda *given: None\n"
        "def redeem(*given): return 'x'\n",
        "changed the checker",
    ),
    "Python, changed": (
        "import builtins\nbuiltins.len = lambda it: 0\n" + RIGHT,
        "changed the checker",
    ),
    "Python, all of it changed": (
        "import builtins\nfor name in ('id', 'vars', 'isinstance', 'dict', 'open', 'int'):\n"
        "    setattr(builtins, name, None)\n" + RIGHT,
        "changed the checker",
    ),
    "chance, changed": (
        "import secrets\nsecrets.token_urlsafe = lambda n=32: 'A' + 'b' * 42\n" + RIGHT,
        "changed the checker",
    ),
}


@pytest.mark.parametrize(("source", "why"), BAD.values(), ids=BAD)
def test_a_bad_answer_gets_a_helpful_line(source: str, why: str) -> None:
    complaints = said(source)
    assert why in complaints
    assert len(complaints) < 4000


def test_a_file_of_its_own_may_be_written_and_read() -> None:
    source = "open('mine', 'w').write('x')\nassert open('mine').read() == 'x'\n"
    assert said(source + RIGHT) == ""


def test_modules_of_python_may_be_imported_when_the_function_is_called() -> None:
    body = "def redeem(*given):\n    import fractions, email.mime.text, wsgiref, zoneinfo\n"
    assert "outside" not in said(body + "    return 'x'\n")


@needs.posix
def test_an_endless_loop_is_ended_by_its_own_processor_time() -> None:
    assert "2 seconds of processor time: an endless loop" in said(
        "while True: pass\n", limits=QUICK
    )


def test_whoever_waits_for_ever_is_ended_by_the_clock() -> None:
    sleeper = "import time\ntime.sleep(1000)\n"
    assert "wait for something" in said(sleeper, limits=ProcessLimits(wall_s=3))


@needs.posix
def test_printing_without_end_is_ended() -> None:
    source = "import os\nwhile True: os.write(1, b'x' * 2**16)\n"
    marked = mark(lab(3), source, limits=QUICK)
    assert marked.complaints
    assert len(marked.printed) <= 2000


def test_an_answer_larger_than_is_read_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    writes = "import os; os.write(1, b'{\"complaints\": []}' + b' ' * 2**17)"
    monkeypatch.setattr(learner_process, "_JUDGE", writes)
    assert "larger than 64 KiB" in said(RIGHT)


def test_the_answer_gets_nothing_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "not-for-you")
    source = "import os\nprint(sorted(os.environ), os.path.expanduser('~'), os.getcwd())\n"
    printed = mark(lab(3), source + RIGHT).printed
    assert "AZURE_CLIENT_SECRET" not in printed
    assert "PATH" not in printed.replace("LD_LIBRARY_PATH", "")
    home, folder = printed.split()[-2:]
    assert home == folder != os.path.expanduser("~")
    assert not Path(home).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="descendants are found on Linux")
def test_what_left_the_session_is_ended_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Without its guard: it stands for whatever gets past it.
    pid = tmp_path / "pid"
    forks = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        f"    open({str(pid)!r}, 'w').write(str(os.getpid()))\n"
        "    time.sleep(600)\n"
        f"while not os.path.exists({str(pid)!r}): time.sleep(0.01)\n"
    )
    monkeypatch.setattr(learner_process, "_JUDGE", forks)
    assert "call exit" in said(RIGHT)
    _wait_for_the_end(int(pid.read_text(encoding="utf-8")))


def _wait_for_the_end(pid: int) -> None:
    status = Path(f"/proc/{pid}/status")
    for _ in range(500):
        if not status.exists() or "zombie" in status.read_text(encoding="utf-8"):
            return
        time.sleep(0.02)
    pytest.fail("it lives on")


def test_a_listener_of_the_person_is_not_reached() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        port = listener.getsockname()[1]
        source = f"import socket\nsocket.create_connection(('127.0.0.1', {port}))\n"
        assert "opened a socket" in said(source + RIGHT)
        with pytest.raises(BlockingIOError):
            listener.accept()
