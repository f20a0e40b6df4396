"""The parts of a lab: an attack that works, its defence, and a function to repair."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from entra_oauth.practice.fidelity import Label

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.rerun import Rerun
    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

__all__ = ["Demonstration", "Exercise", "Lab", "lab_from", "told"]


@dataclass(frozen=True, slots=True)
class Demonstration:
    """One half of a lab, shown: the attack at work, or stopped."""

    shown: bool
    """It went as the lab promises."""
    lines: tuple[str, ...]
    """The course of it, in order. The same on every run: no port, no code, no token."""
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """A function for the learner to repair."""

    function: str
    """Its name."""
    folder: str
    """The lab's package; the function lies there as `exercise.py`, repaired as `solution.py`."""
    check: Callable[[Trials, Callable[..., Any]], None]
    """Tries a learner's function, and collects what is wrong with it."""

    @property
    def broken(self) -> str:
        """The source that is written into the learner's file."""
        return self._text("exercise.py")

    @property
    def solution(self) -> str:
        """A repaired source, one of many; for the teacher."""
        return self._text("solution.py")

    def _text(self, name: str) -> str:
        # Read, never imported: no module of the program may hold a function that is wrong.
        return resources.files(self.folder).joinpath(name).read_text("utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """One attack."""

    number: int
    name: str
    title: str
    source: str
    """The RFC's section that tells of it."""
    label: Label
    """The degree to which what is shown is Entra's."""
    fidelity: str
    """The same in a sentence."""
    story: tuple[str, ...]
    """Five lines."""
    hints: tuple[str, ...]
    """Where to look, then the rule; the third is the first line of the solution."""
    off: Callable[[Sandbox], Demonstration]
    """The attack, on the naive side."""
    on: Callable[[Sandbox], Demonstration]
    """The same attack on this project's own client, or on the practice tenant."""
    rerun: Callable[[Stage, Callable[..., Any]], Rerun]
    """The attack on the naive party, with a function in the place of what is wrong there."""
    exercise: Exercise
    needs: str = ""
    """A package that must be installed, as it is called."""


def lab_from(
    module: str,
    *,
    off: Callable[[Sandbox], Demonstration],
    on: Callable[[Sandbox], Demonstration],
    rerun: Callable[[Stage, Callable[..., Any]], Rerun],
    check: Callable[[Trials, Callable[..., Any]], None],
) -> Lab:
    """The lab whose attack is `module`; what is told of it is in `labs.toml`."""
    folder = module.rpartition(".")[0]
    place = folder.rpartition(".")[2]
    words = told()[place]
    exercise = Exercise(function=words["function"], folder=folder, check=check)
    return Lab(
        number=int(place[3:5]),
        name=place[6:].replace("_", "-"),
        title=words["title"],
        source=words["source"],
        label=Label(words["label"]),
        fidelity=words["fidelity"],
        story=tuple(words["story"]),
        hints=(*words["hints"], exercise.solution.splitlines()[0].strip('"')),
        off=off,
        on=on,
        rerun=rerun,
        exercise=exercise,
        needs=words.get("needs", ""),
    )


@cache
def told() -> dict[str, dict[str, Any]]:
    """The words of each lab by the name of its folder, in order."""
    return tomllib.loads(resources.files(__package__).joinpath("labs.toml").read_text("utf-8"))
