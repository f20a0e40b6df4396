"""lab: an attack that works, its defence, and a function for the learner to repair."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from entra_oauth.cli.output.new_file import write_new_file
from entra_oauth.cli.session.wrap import prose, width
from entra_oauth.cli.verbs.learn_verbs import LabCheckOptions, LabListOptions, LabOptions
from entra_oauth.errors import UsageError, plain
from entra_oauth.lessons.labs.catalogue import NAMES, lab, labs

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.lessons.labs.lab import Demonstration, Lab

__all__ = ["run"]

NOT_SOLVED = 9
_WIDEST = 80


def run(options: LabOptions | LabListOptions | LabCheckOptions, session: Session) -> int:
    """Show the list, one lab, or what a learner's answer is worth."""
    teller = _LabText(session.console)
    if isinstance(options, LabListOptions):
        teller.list()
        return 0
    if isinstance(options, LabCheckOptions):
        return _check(options.answer, teller)
    chosen = _named(options.lab)
    if options.me is not None:
        if options.off or options.on:
            raise UsageError(
                "--me writes a file; --off and --on show the lab.", advice="Give one of them."
            )
        return _write(chosen, Path(options.me), teller)
    return _show(
        chosen, teller, off=options.off or not options.on, on=options.on or not options.off
    )


def _named(word: str | None) -> Lab:
    """A lab by its number or its name."""
    advice = f"Give a number from 1 to {len(NAMES)}. entra-oauth lab list shows them."
    if not word:
        raise UsageError("lab needs to know which one.", advice=advice)
    if word.isascii() and word.isdigit() and len(word) < 4:
        return lab(int(word))
    found = [each for each in labs() if each.name == word]
    if not found:
        raise UsageError("There is no such lab.", advice=advice)
    return found[0]


def _show(chosen: Lab, teller: _LabText, *, off: bool, on: bool) -> int:
    from entra_oauth.lessons.labs.sandbox import Sandbox

    teller.begin(chosen)
    shown = True
    for wanted, title, half in (
        (off, "Defence off: what the attack does", chosen.off),
        (on, "Defence on: the same attack again", chosen.on),
    ):
        if wanted:
            with Sandbox() as sandbox:
                seen = half(sandbox)
            teller.half(title, seen)
            shown = shown and seen.shown
    if not on:
        teller.next(f"entra-oauth lab {chosen.number} --on")
    elif shown:
        teller.next(f"entra-oauth lab {chosen.number} --me lab{chosen.number:02}.py")
    return 0 if shown else NOT_SOLVED


def _write(chosen: Lab, path: Path, teller: _LabText) -> int:
    from entra_oauth.lessons.labs.learner_file import text_for

    write_new_file(path, text_for(chosen, str(path)).encode())
    teller.say(f"Written to {plain(str(path))}: the function {chosen.exercise.function}, broken.")
    teller.next(f"entra-oauth lab check {chosen.number} {plain(str(path))}")
    return 0


def _check(words: tuple[str, ...], teller: _LabText) -> int:
    from entra_oauth.lessons.labs.learner_file import default_name, read_answer
    from entra_oauth.lessons.labs.learner_process import mark

    if not 1 <= len(words) <= 2:
        raise UsageError(
            "lab check needs the lab's number, and perhaps a file.",
            advice="For example: entra-oauth lab check 3 lab03.py",
        )
    if words[0].endswith(".py"):
        file = plain(words[0], limit=100)
        raise UsageError(
            f"Which lab {file} belongs to is not said.",
            advice=f"Give its number before the file: entra-oauth lab check 1 {file}",
        )
    chosen = _named(words[0])
    path = Path(words[1] if len(words) == 2 else default_name(chosen))
    marked = mark(chosen, read_answer(path))
    if marked.printed:
        teller.say("Your code printed:")
        for line in marked.printed.splitlines()[:20]:
            teller.say(plain(line, limit=76), indent=2)
    name = f"lab {chosen.number}, function {chosen.exercise.function}"
    if not marked.complaints:
        teller.say(f"PASS  {name}")
        return 0
    teller.say(f"NOT YET  {name}")
    for each in marked.complaints:
        teller.point(each)
    return NOT_SOLVED


class _LabText:
    """Says it on standard output, in at most 80 columns."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._columns = min(width(), _WIDEST)

    def say(self, text: str, *, indent: int = 0) -> None:
        self._console.result(prose(text, indent=indent, columns=self._columns))

    def point(self, text: str) -> None:
        first, *rest = prose(text, indent=4, columns=self._columns).splitlines()
        self._console.result("\n".join([f"  - {first[4:]}", *rest]))

    def list(self) -> None:
        """Every lab."""
        for each in labs():
            self.say(f"{each.number:>2}  {each.title}")
            needs = f" Needs {each.needs}." if each.needs else ""
            self.say(f"{each.label.value}. {each.source}.{needs}", indent=4)
        self._console.result("")
        self.say("AS ENTRA: as Entra does it. STRICTER: stricter than Entra. TOY: simplified.")
        self.next("entra-oauth lab 1")

    def begin(self, chosen: Lab) -> None:
        """The beginning: what it is about."""
        self.say(f"Lab {chosen.number}: {chosen.title}")
        self.say(chosen.source)
        self.say(f"{chosen.label.value}: {chosen.fidelity}")
        self._console.result("")
        for line in chosen.story:
            self.say(line, indent=2)

    def half(self, title: str, seen: Demonstration) -> None:
        """One half."""
        self._console.result("")
        self.say(title)
        for line in seen.lines:
            self.point(plain(line))
        if seen.shown:
            self.say(seen.verdict)
        else:
            self.say("NOT SHOWN: on this machine it went otherwise.")

    def next(self, command: str) -> None:
        """The next command."""
        self._console.result("")
        self._console.result(f"Next: {command}")
