"""The process in which a learner's function runs: what it is given, its limits, and its end.

It has a folder of its own for HOME and nothing of the person's environment. What it may use is
counted in its own processor time, so a busy machine does not end it. On Linux whatever it left
behind is found by a mark in its environment, and ended too.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from entra_oauth.child_program import signals_kept
from entra_oauth.errors import plain
from entra_oauth.lessons.labs.rerun import RerunShown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.lessons.labs.lab import Lab

__all__ = ["LIMITS", "RUNS", "Marked", "ProcessLimits", "mark"]

RUNS = ("off", "on", "mine")
"""The functions with which the attack is run: as it was, repaired, and the learner's."""

_LARGEST = 1024**2
"""Bytes that the process may write into one file, its printing included."""
_LARGEST_ANSWER = 64 * 1024
_MOST_COMPLAINTS = 20
_SHOWN = 2000
_LOOK_S = 0.05
_ROOT = Path(__file__).parents[3]
_MARK = "ENTRA_OAUTH_LAB"
_JUDGE = (
    "import sys, json; order = json.load(sys.stdin); sys.path[:] = order['path']; "
    "from entra_oauth.lessons.labs.judge import main; main(order)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessLimits:
    """The seconds that a learner's function has for all its trials."""

    cpu_s: int = 10
    """Of processor time. Windows does not count it."""
    wall_s: float = 60.0
    """By the clock: generous, since other programs may be busy."""


LIMITS = ProcessLimits()


@dataclass(frozen=True, slots=True)
class Marked:
    """The outcome of a check."""

    complaints: tuple[str, ...]
    """The faults that are left; none: it is solved."""
    printed: str = ""
    """The output of the learner's own code."""
    reruns: Mapping[str, RerunShown] = field(default_factory=dict)
    """The attack once more: `off`, `on` and `mine`; none where there was no function to run."""

    @property
    def is_solved(self) -> bool:
        """No trial failed; in the naive client the attack is stopped, and honest people go on."""
        mine = self.reruns.get("mine")
        return not self.complaints and mine is not None and mine.stopped and mine.works


def mark(lab: Lab, source: str, *, limits: ProcessLimits = LIMITS) -> Marked:
    """Run the learner's function against the lab's trials, in a process of its own."""
    order = {
        "lab": lab.number,
        "source": source,
        "path": [str(_ROOT), *(each for each in sys.path if each)],
        "cpu_s": limits.cpu_s,
        "largest": _LARGEST,
    }
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as answered,
        tempfile.TemporaryFile() as printed,
    ):
        given.write(json.dumps(order).encode())
        given.seek(0)
        why = _run(home, given, answered, printed, limits)
        said = _text_of(printed, _SHOWN)
        if why is not None:
            return Marked((why,), said)
        return _marked_by(_text_of(answered, _LARGEST_ANSWER + 1), said)


def _run(
    home: str, given: IO[bytes], answered: IO[bytes], printed: IO[bytes], limits: ProcessLimits
) -> str | None:
    """Start it, wait, and end all of it. Returns why it was ended, if it was."""
    tag = secrets.token_hex(16)
    with ExitStack() as at_the_end:
        with signals_kept():
            child = subprocess.Popen(  # noqa: S603 - this Python, and lines of our own
                [sys.executable, "-P", "-B", "-X", "utf8", "-c", _JUDGE],
                stdin=given,
                stdout=answered,
                stderr=printed,
                cwd=home,
                env=_environment(home, tag),
                start_new_session=os.name == "posix",
            )
            at_the_end.callback(_end, child, tag)
        why = _watch(child, printed, limits)
    if why is None and sys.platform != "win32" and child.returncode == -signal.SIGXCPU:
        return f"It used more than {limits.cpu_s} seconds of processor time: an endless loop?"
    return why


def _watch(child: subprocess.Popen[bytes], printed: IO[bytes], limits: ProcessLimits) -> str | None:
    """Wait for its end. Returns a sentence where it must be ended first."""
    for _ in range(int(limits.wall_s / _LOOK_S)):
        with suppress(subprocess.TimeoutExpired):
            child.wait(_LOOK_S)
            return None
        if os.fstat(printed.fileno()).st_size > _LARGEST:
            return "It printed more than a megabyte: an endless loop?"
    return f"It had not ended after {limits.wall_s:g} seconds: does it wait for something?"


def _environment(home: str, tag: str) -> dict[str, str]:
    """Nothing of the person's: a home of its own, and what Python needs to start."""
    needed = ("SYSTEMROOT", "LD_LIBRARY_PATH")
    kept = {name: os.environ[name] for name in needed if name in os.environ}
    homes = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TMPDIR", "TEMP", "TMP")
    return {**kept, **dict.fromkeys(homes, home), _MARK: tag}


def _end(child: subprocess.Popen[bytes], tag: str) -> None:
    """End it and whatever it has started, in its session or, on Linux, out of it."""
    if sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    if child.poll() is None:
        child.kill()
    child.wait()
    if sys.platform == "linux":
        for _ in range(50):  # what is being born while others are ended is found the next time
            left = _marked(tag)
            if not left:
                return
            for number in left:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(number, signal.SIGKILL)
            time.sleep(0.01)


def _marked(tag: str) -> list[int]:
    """The processes that were started with the mark in their environment (Linux)."""
    needle = f"{_MARK}={tag}".encode()
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdecimal():
            with suppress(OSError):
                if needle in (each / "environ").read_bytes():
                    found.append(int(each.name))
    return found


def _text_of(file: IO[bytes], most: int) -> str:
    file.seek(0)
    return file.read(most).decode("utf-8", "replace")


def _marked_by(answer: str, printed: str) -> Marked:
    """The outcome that the process told. Nothing of it is trusted to be what it should."""
    if len(answer) > _LARGEST_ANSWER:
        return Marked(("Its answer was larger than 64 KiB, so it was not read.",), printed)
    try:
        given: Any = json.loads(answer)
        complaints = [plain(str(each), limit=400) for each in given["complaints"]]
        told = given["reruns"]
        reruns = {name: RerunShown.read(told[name]) for name in RUNS if name in told}
    except (ValueError, KeyError, TypeError, RecursionError):
        said = "The program ended before its answer was known: does it call exit?"
        return Marked((said,), printed)
    return Marked(tuple(complaints[:_MOST_COMPLAINTS]), printed, reruns)
