"""The process in which a learner's function runs; started by `learner_file.mark` only.

It reads its order from standard input and answers in one line of JSON. Whatever the
learner's code prints goes to standard error, and what it may use up is limited.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress

from entra_oauth.lessons.labs.catalogue import lab
from entra_oauth.lessons.labs.trials import Trials

__all__ = ["judged", "main"]

_MEMORY = 2 * 1024**3
_FILE = 1024**2
_CPU_S = 10
_MOST_COMPLAINTS = 8
"""As many as a person repairs before the next check."""


def main() -> None:
    """Judge one answer."""
    # The answer goes where the learner's code cannot print: its file number 1 becomes number 2.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    order = json.load(sys.stdin)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - for as long as we live
    _limit()
    complaints = judged(int(order["lab"]), str(order["source"]))
    sys.stdout.flush()
    out.write(json.dumps({"complaints": complaints}))
    out.close()


def judged(number: int, source: str) -> list[str]:
    """The complaints about an answer; none: it is right."""
    exercise = lab(number).exercise
    names: dict[str, object] = {"__name__": "answer"}
    try:
        exec(compile(source, "your file", "exec"), names)  # noqa: S102 - what this process is for
    except SyntaxError as error:
        return [f"Line {error.lineno or 1} is no Python: {error.msg}."]
    except Exception as error:
        return [f"The file could not be run: {type(error).__name__}."]
    function = names.get(exercise.function)
    if not callable(function):
        return [f"There is no function {exercise.function} in it."]
    trials = Trials()
    try:
        exercise.check(trials, function)
    except Exception as error:  # from a value that is not what it seems to be
        name = type(error).__name__
        trials.that(False, f"What it returned or changed cannot be looked at: {name}.")
    complaints = list(dict.fromkeys(trials.complaints))
    more = len(complaints) - _MOST_COMPLAINTS
    return complaints if more <= 0 else [*complaints[:_MOST_COMPLAINTS], f"And {more} more."]


def _limit() -> None:
    if sys.platform == "win32":
        return
    import resource

    for what, most in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_FSIZE, _FILE),
        (resource.RLIMIT_CPU, _CPU_S),
    ):
        with suppress(OSError, ValueError):  # macOS knows no limit of the first kind
            resource.setrlimit(what, (most, most))
