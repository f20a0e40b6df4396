"""The words of `lab` on standard output: a list, a lab, a check, and the bytes of an attack."""

from __future__ import annotations

from itertools import zip_longest

from entra_oauth.cli.session.explain_option import folded
from entra_oauth.cli.session.wrap import prose, width
from entra_oauth.errors import plain
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from entra_oauth.cli.session.console import Console
    from entra_oauth.lessons.labs.lab import Demonstration, Lab
    from entra_oauth.lessons.labs.rerun import RerunShown

__all__ = ["LabText"]

_WIDEST = 80
_BESIDE = 112
"""Columns from which three fit beside each other."""


class LabText:
    """Says it in at most 80 columns; what stands side by side may take more."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._whole = width()
        self._columns = min(self._whole, _WIDEST)

    def say(self, text: str, *, indent: int = 0) -> None:
        self._console.result(prose(text, indent=indent, columns=self._columns))

    def point(self, text: str) -> None:
        first, *rest = prose(text, indent=4, columns=self._columns).splitlines()
        self._console.result("\n".join([f"  - {first[4:]}", *rest]))

    def gap(self) -> None:
        self._console.result("")

    def item(self, each: Lab, state: str) -> None:
        """A lab in the list."""
        self.say(f"{each.number:>2}  {each.title}{f' ({state})' if state else ''}")
        needs = f" Needs {each.needs}." if each.needs else ""
        self.say(f"{each.label.value}. {each.source}.{needs}", indent=4)

    def begin(self, chosen: Lab) -> None:
        """The beginning: what it is about."""
        self.say(f"Lab {chosen.number}: {chosen.title}")
        self.say(chosen.source)
        self.say(f"{chosen.label.value}: {chosen.fidelity}")
        self.gap()
        for line in chosen.story:
            self.say(line, indent=2)

    def half(self, title: str, seen: Demonstration) -> None:
        """One half."""
        self.gap()
        self.say(title)
        for line in seen.lines:
            self.point(plain(line))
        if seen.shown:
            self.say(seen.verdict)
        else:
            self.say("NOT SHOWN: on this machine it went otherwise.")

    def outcomes(self, runs: Mapping[str, RerunShown]) -> None:
        """What came of the attack with each function, one below the other."""
        self.gap()
        self.say("The attack on the naive client: as it was, repaired, and with your function.")
        for name, run in runs.items():
            attack = "stopped" if run.stopped else "the attack works"
            honest = "" if run.works else "; what honest people do no longer works"
            self.say(f"{name:<5} {attack}{honest}. {run.told}", indent=2)

    def bytes_of(self, runs: Mapping[str, RerunShown]) -> None:
        """What passed, with secrets by kind, length and tag: side by side where there is room."""
        self.gap()
        if self._whole >= _BESIDE:
            for line in _side_by_side(runs, self._whole):
                self._console.result(line)
            return
        for name, run in runs.items():
            self.say(f"---- {name}")
            for line in run.lines:
                for each in folded(line, indent=2, columns=self._columns) if line else [""]:
                    self._console.result(each)
            self.gap()

    def next(self, command: str) -> None:
        """The next command."""
        self.gap()
        self._console.result(f"Next: {command}")


def _side_by_side(runs: Mapping[str, RerunShown], columns: int) -> Iterator[str]:
    room = columns // len(runs) - 2
    sides = []
    for name, run in runs.items():
        side = [f"---- {name}"]
        for line in run.lines:
            side += folded(line, indent=0, columns=room) if line else [""]
        sides.append(side)
    for row in zip_longest(*sides, fillvalue=""):
        yield "  ".join(f"{cell:<{room}}" for cell in row).rstrip()
