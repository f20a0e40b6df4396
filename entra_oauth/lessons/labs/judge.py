"""The judging of a learner's function, in the process that `learner_process` starts.

The order comes on standard input, the answer goes out as one text of JSON. Whatever the
learner's code prints goes to standard error.
"""

from __future__ import annotations

import builtins
import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from entra_oauth.lessons.labs.catalogue import lab
from entra_oauth.lessons.labs.guard import Guard, checker_now, names_for
from entra_oauth.lessons.labs.rerun import failed, shown_of
from entra_oauth.lessons.labs.stage import Stage
from entra_oauth.lessons.labs.trials import Trials
from entra_oauth.lessons.masking import Masks

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.lab import Exercise, Lab
    from entra_oauth.lessons.labs.rerun import RerunShown

__all__ = ["judged", "main", "rerun_all"]

_MEMORY = 2 * 1024**3
_MOST_COMPLAINTS = 8
"""As many as a person repairs before the next check."""
_LONGEST_COMPLAINT = 400
_CHANGED = "It changed the checker, or Python's own functions. Write the function only."


def main(order: dict[str, Any]) -> None:
    """Judge one answer, and end this process."""
    # The answer goes where the learner's code cannot print: its file number 1 becomes number 2.
    out = os.dup(1)
    os.dup2(2, 1)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - for as long as we live
    _limit(order["cpu_s"], order["largest"])
    guard = Guard(os.getcwd())
    number = int(order["lab"])
    lab(number)  # imported before anything is refused
    guard.begin()
    complaints = judged(number, str(order["source"]))
    reruns = {} if complaints == [_CHANGED] else rerun_all(number, str(order["source"]))
    answer = {"complaints": [*guard.refused, *complaints], "reruns": reruns}
    with suppress(OSError):
        sys.stdout.flush()
    os.write(out, json.dumps(answer).encode())
    os._exit(0)  # at once: a thread of the learner's may still run


def judged(number: int, source: str) -> list[str]:
    """The complaints about an answer; none: it is right."""
    exercise = lab(number).exercise
    before, own = checker_now(), {**vars(builtins)}
    complaints, problem = [], None
    try:
        function, complaint = _function_in(source, exercise)
        complaints = [complaint] if function is None else _tried(exercise, function)
    except Exception as error:  # with another `len` not even a complaint can be counted
        problem = error
    found = {**builtins.__dict__}
    builtins.__dict__.update(own)  # before anything of ours goes on
    if found != own or checker_now() != before:
        return [_CHANGED]
    if problem is not None:
        raise problem
    return complaints


def rerun_all(number: int, source: str) -> dict[str, dict[str, Any]]:
    """The attack on the naive party: as it is (off), with a right function (on), with mine."""
    exercise, masks = lab(number).exercise, Masks()
    found = {}
    for name, text in (("off", exercise.broken), ("on", exercise.solution), ("mine", source)):
        function, _ = _function_in(text, exercise)
        if function is not None:
            found[name] = asdict(_once(lab(number), function, masks))
    return found


def _once(chosen: Lab, function: Callable[..., Any], masks: Masks) -> RerunShown:
    try:
        return shown_of(chosen.rerun(Stage(), function), masks)
    except Exception as error:  # from whatever the function gave the naive party
        return failed(error)


def _function_in(source: str, exercise: Exercise) -> tuple[Callable[..., Any] | None, str]:
    """The learner's function, or what is said in its place."""
    names = names_for("answer")
    try:
        exec(compile(source, "your file", "exec"), names)  # noqa: S102 - what this process is for
    except SyntaxError as error:
        return None, f"Line {error.lineno or 1} is no Python: {error.msg}."
    except Exception as error:
        return None, f"The file could not be run: {type(error).__name__}."
    function = names.get(exercise.function)
    if not callable(function):
        return None, f"There is no function {exercise.function} in it."
    return function, ""


def _tried(exercise: Exercise, function: Callable[..., Any]) -> list[str]:
    trials = Trials()
    try:
        exercise.check(trials, function)
    except Exception as error:  # from a value that is not what it seems to be
        name = type(error).__name__
        trials.that(False, f"What it returned or changed cannot be looked at: {name}.")
    complaints = [each[:_LONGEST_COMPLAINT] for each in dict.fromkeys(trials.complaints)]
    more = len(complaints) - _MOST_COMPLAINTS
    return complaints if more <= 0 else [*complaints[:_MOST_COMPLAINTS], f"And {more} more."]


def _limit(cpu_s: int, largest: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    for what, soft, hard in (
        (resource.RLIMIT_AS, _MEMORY, _MEMORY),
        (resource.RLIMIT_FSIZE, largest, largest),
        (resource.RLIMIT_CPU, cpu_s, cpu_s + 2),  # the first ends it by a signal that tells why
        (resource.RLIMIT_CORE, 0, 0),
    ):
        with suppress(OSError, ValueError):  # macOS knows no limit of the first kind
            resource.setrlimit(what, (soft, hard))
