"""The learner's file: written, and checked in a process of its own with a time limit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from entra_oauth.errors import LocalError, UsageError, plain

if TYPE_CHECKING:
    from entra_oauth.lessons.labs.lab import Lab

__all__ = ["TIME_LIMIT_S", "Marked", "default_name", "mark", "read_answer", "text_for"]

TIME_LIMIT_S = 5.0
"""Seconds that a learner's function has for all its trials."""

_LARGEST = 64 * 1024
_SHOWN = 2000
_ROOT = Path(__file__).parents[3]
_JUDGE = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from entra_oauth.lessons.labs.judge import main; main()"
)


@dataclass(frozen=True, slots=True)
class Marked:
    """The outcome of a check."""

    complaints: tuple[str, ...]
    """The faults that are left; none: it is solved."""
    printed: str = ""
    """The output of the learner's own code."""


def default_name(lab: Lab) -> str:
    """The name of the file, unless another is given."""
    return f"lab{lab.number:02}.py"


def text_for(lab: Lab, name: str) -> str:
    """The file that a learner starts from."""
    return (
        f"# Lab {lab.number}: {lab.title}\n"
        f"# {lab.source}\n"
        "#\n"
        f"# Repair the function until this says PASS:\n"
        f"#     entra-oauth lab check {lab.number} {name}\n"
        "# It runs in a process of its own, for a few seconds. That stops mistakes, not malice:\n"
        "# check nobody else's file on a machine that matters to you.\n"
        "\n\n"
        f"{lab.exercise.broken}"
    )


def read_answer(path: Path) -> str:
    """The learner's file. Raises `LocalError` and `UsageError`."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise LocalError(
            f"{plain(str(path))} cannot be read: {error.strerror}.",
            advice="Write it first: entra-oauth lab NUMBER --me FILE.",
        ) from None
    if len(data) > _LARGEST:
        raise UsageError(
            "That file is larger than 64 KiB.", advice="A ten-line function is enough."
        )
    try:
        return data.decode("utf-8-sig")
    except ValueError:
        raise UsageError("That file is not text in UTF-8.", advice="Save it as UTF-8.") from None


def mark(lab: Lab, source: str, *, time_limit_s: float = TIME_LIMIT_S) -> Marked:
    """Run the learner's function against the lab's trials, in a process of its own."""
    order = json.dumps({"lab": lab.number, "source": source}).encode()
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryFile() as printed:
        child = subprocess.Popen(  # noqa: S603 - this Python, and lines of our own
            [sys.executable, "-P", "-c", _JUDGE, str(_ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=printed,
            cwd=empty,
            env=_environment(),
            start_new_session=os.name == "posix",
        )
        try:
            answer, _ = child.communicate(order, timeout=time_limit_s)
        except subprocess.TimeoutExpired:
            _end(child)
            return Marked((f"It took longer than {time_limit_s:g} seconds: an endless loop?",))
        except BaseException:
            _end(child)
            raise
        printed.seek(0)
        said = printed.read(_SHOWN).decode("utf-8", "replace")
    return Marked(_complaints(answer), said)


def _environment() -> dict[str, str]:
    """Nothing of the person's: what Python needs to start, and no more."""
    needed = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
    kept = {name: os.environ[name] for name in needed if name in os.environ}
    return {**kept, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}


def _end(child: subprocess.Popen[bytes]) -> None:
    """End it and whatever it has started: all of that is in a session of its own."""
    if sys.platform != "win32":
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    child.kill()
    child.communicate()


def _complaints(answer: bytes) -> tuple[str, ...]:
    try:
        complaints = json.loads(answer)["complaints"]
    except (ValueError, KeyError, TypeError):
        return ("The program ended before its answer was known: does it call exit?",)
    return tuple(plain(str(each), limit=300) for each in complaints)
