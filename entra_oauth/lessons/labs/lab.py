"""What a lab is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.practice.fidelity import Label

__all__ = ["Demonstration", "Exercise", "Lab", "Trials"]


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What one half of a lab showed."""

    shown: bool
    """Whether it was what the lab promises."""
    lines: tuple[str, ...]
    """What happened, in order. The same on every run: no port, no code, no token."""
    verdict: str


class Trials:
    """Collects what is wrong with a learner's function."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def gives(self, call: Callable[[], Any], wanted: object, why: str) -> None:
        """`call` must return `wanted`."""
        try:
            found = call()
        except Exception as error:
            self.complaints.append(f"{why} It raised {type(error).__name__}.")
            return
        if found != wanted:
            self.complaints.append(f"{why} It returned {str(found)[:80]!r}.")

    def refuses(self, call: Callable[[], Any], why: str) -> None:
        """`call` must raise `ValueError`."""
        try:
            found = call()
        except ValueError:
            return
        except Exception as error:
            self.complaints.append(f"{why} It raised {type(error).__name__}, not ValueError.")
            return
        self.complaints.append(f"{why} It returned {str(found)[:80]!r}.")

    def that(self, true: bool, why: str) -> None:
        if not true:
            self.complaints.append(why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """A function for the learner to repair."""

    function: str
    broken: str
    """The source that is written into the learner's file."""
    solution: str
    """One of many; for the teacher."""
    check: Callable[[Trials, Callable[..., Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """One attack."""

    number: int
    name: str
    title: str
    source: str
    """The RFC's section that tells of it."""
    label: Label
    """How far what is shown is Entra's."""
    fidelity: str
    """The same in a sentence."""
    story: tuple[str, ...]
    """Five lines."""
    off: Callable[[Sandbox], Demonstration]
    """The attack, on the naive side."""
    on: Callable[[Sandbox], Demonstration]
    """The same attack on this project's own client, or on the practice tenant."""
    exercise: Exercise
    needs: str = ""
    """A package that must be installed, as it is called."""
