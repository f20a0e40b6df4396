"""learn: ten chapters on the practice tenant, led by the person's own answers."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from entra_oauth.cli.session.console import wants_style
from entra_oauth.cli.session.explain_option import folded
from entra_oauth.cli.session.wrap import prose, width
from entra_oauth.errors import UsageError
from entra_oauth.lessons.learn import NUMBERS, chapter
from entra_oauth.lessons.learn.classroom import Classroom
from entra_oauth.lessons.learn.conversation import turns
from entra_oauth.lessons.learn.progress import Mark, Progress, standard_place
from entra_oauth.lessons.learn.quiz import quiz
from entra_oauth.lessons.learn.typed_answer import command_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.learn_verbs import LearnOptions
    from entra_oauth.lessons.learn.conversation import Ending, Turn
    from entra_oauth.lessons.learn.steps import Chapter

__all__ = ["rendered", "run"]

_LONGEST_LINE = 64 * 1024
_PROMPT_ROWS = 3
"""Lines that the prompt takes, with the empty ones around it."""
_FEWEST_ROWS = 6


def run(options: LearnOptions, session: Session) -> int:
    """List, ask, or walk."""
    console = session.console
    number = _number(options.chapter)
    progress = Progress(standard_place(), say=console.ask)
    room = _Room.standard(options, console, progress)
    try:
        if options.list:
            room.list()
        elif options.quiz:
            room.quiz(number)
        elif options.page:
            room.on_pages(number)
        elif number is not None:
            room.one(number)
        else:
            room.from_here_on()
    except KeyboardInterrupt:
        console.ask("\nYour place is kept: entra-oauth learn goes on from here.")
        raise
    return 0


def _number(word: str | None) -> int | None:
    if word is None:
        return None
    if not (word.isascii() and word.isdigit() and len(word) < 3 and int(word) in NUMBERS):
        raise UsageError(
            "There is no such chapter.",
            advice=f"Give a number from {NUMBERS[0]} to {NUMBERS[-1]}; entra-oauth learn --list "
            "shows them.",
        )
    return int(word)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Room:
    """The room in which a lesson is spoken and listened to: standard output and standard input."""

    console: Console
    progress: Progress
    columns: int
    pauses: bool
    with_curl: bool
    at_terminal: bool
    rows: int | None
    """Of the screen, after which a long step waits; None: it does not."""

    @classmethod
    def standard(cls, options: LearnOptions, console: Console, progress: Progress) -> _Room:
        at_terminal = sys.stdin.isatty() and console.out.isatty()
        if at_terminal:
            with suppress(ImportError):
                import readline  # noqa: F401 - long lines, and editing them; nothing is stored
        if reconfigure := getattr(sys.stdin, "reconfigure", None):
            reconfigure(errors="replace")
        return cls(
            console=replace(console, styled=wants_style(console.out, os.environ)),
            progress=progress,
            columns=width(),
            pauses=not options.no_pause,
            with_curl=not options.no_curl,
            at_terminal=at_terminal,
            rows=_rows() if at_terminal and not options.no_pause else None,
        )

    def list(self) -> None:
        """The chapters, and how far the person is."""
        marks = self.progress.marks()
        for number in NUMBERS:
            each, mark = chapter(number), marks.get(number, Mark())
            state = "done" if mark.done else f"at step {mark.step + 1}" if mark.step else ""
            about = f"{each.minutes} minutes" + (f", {state}" if state else "")
            line = f"{number:>2}  {each.title} ({about})"
            self._say(line if len(line) <= self.columns else f"{number:>2}  {each.title}")
            if len(line) > self.columns:
                self._say(f"    ({about})")

    def quiz(self, number: int | None) -> None:
        """Questions with their answers explained."""
        asked = quiz(number)
        ending = self._lead(asked, Classroom(), Mark(), keep=False)
        if ending.finished:
            self._tell(f"{ending.at_once} of {ending.tasks} were right at once. {asked.in_short}")
        self._tell("Next: entra-oauth learn --list")

    def on_pages(self, number: int | None) -> None:
        """The same chapters on pages, and here."""
        from entra_oauth.cli.lessons.learn_page import teach

        teach(
            number,
            self.console,
            self.progress,
            with_curl=self.with_curl,
            columns=self.columns,
            render=partial(rendered, columns=self.columns),
        )

    def from_here_on(self) -> None:
        """Chapter after chapter, from the first that is not done."""
        marks = self.progress.marks()
        left = [number for number in NUMBERS if not marks.get(number, Mark()).done]
        if not left:
            self.list()
            self._tell(
                "You have done all ten. entra-oauth learn N goes through one again; entra-oauth "
                "learn --quiz asks you."
            )
        for number in left:
            if not self._chapter(number).finished:
                return

    def one(self, number: int) -> None:
        """One chapter."""
        if self._chapter(number).finished:
            again = number + 1 if number + 1 in NUMBERS else "--quiz"
            self._tell(f"Next: entra-oauth learn {again}")

    def _chapter(self, number: int) -> Ending:
        lesson, mark = chapter(number), self.progress.marks().get(number, Mark())
        start = 0 if mark.done or mark.step >= len(lesson.steps) else mark.step
        self._say("")
        for line in rendered(f"Chapter {number}: {lesson.title}", columns=self.columns):
            self._say(self.console.bold(line))
        self._tell(
            f"About {lesson.minutes} minutes, {len(lesson.steps)} steps, on this machine only. "
            "At any prompt: hint, answer, skip, back, quit. (AS ENTRA, STRICTER, TOY and UNKNOWN "
            "say how far something is as with Entra.)"
        )
        if start:
            self._tell(
                f"You stopped at step {start + 1}, and go on from there. What you typed before was "
                "not kept: the steps before this one have been done with the model answers."
            )
        with Classroom.with_curl(wanted=self.with_curl) as classroom:
            ending = self._lead(lesson, classroom, mark if start else Mark(), keep=True)
        if ending.finished:
            self.progress.save(number, Mark(step=0, done=True, right=ending.right))
            self._tell(f"In short: {lesson.in_short}")
            self._tell(f"Chapter {number} is done. {ending.told}")
        else:
            self._tell(f"You stopped at step {ending.step + 1}. Next: entra-oauth learn {number}")
        return ending

    def _lead(self, lesson: Chapter, classroom: Classroom, mark: Mark, *, keep: bool) -> Ending:
        """Carry turns to the person and lines back, from the mark until the chapter ends."""
        conversation = turns(
            lesson, classroom, start=mark.step, solved=mark.solved, at_once=mark.at_once
        )
        try:
            turn, last = next(conversation), -1
            while True:
                if turn.step != last and turn.step < len(lesson.steps):
                    last = turn.step
                    if keep:
                        self.progress.save(lesson.number, _mark_of(turn))
                    turn = self._with_place(turn, len(lesson.steps))
                turn = conversation.send(self._take(turn))
        except StopIteration as stop:
            ending: Ending = stop.value
            return ending

    def _with_place(self, turn: Turn, steps: int) -> Turn:
        """The turn, the number of its step before the new text."""
        *said, new = turn.texts
        return replace(turn, texts=(*said, f"Step {turn.step + 1} of {steps}", new))

    def _take(self, turn: Turn) -> str:
        lines = [
            line for text in turn.texts for line in ("", *rendered(text, columns=self.columns))
        ]
        first, *others = _pages(lines, self.rows)
        for page in (first, *others):
            if page is not first and command_in(self._line("Enter shows more> ") or "") == "quit":
                return "quit"
            for line in page:
                self._say(self.console.bold(line) if line.startswith("Step ") else line)
        if turn.is_pause and not self.pauses:
            return ""
        self._say("")
        typed = self._line(f"{turn.prompt}> ")
        return "quit" if typed is None else typed

    def _line(self, prompt: str) -> str | None:
        """One line; None where the input has ended."""
        if self.at_terminal:
            try:
                return input(prompt)
            except EOFError:
                self._say("")
                return None
        self.console.out.write(prompt)
        self._say("")
        line = sys.stdin.readline(_LONGEST_LINE)
        return line.rstrip("\n") if line else None

    def _tell(self, text: str) -> None:
        self._say("")
        self._say(prose(text, indent=0, columns=self.columns))

    def _say(self, line: str) -> None:
        self.console.result(line)


def _mark_of(turn: Turn) -> Mark:
    """The place that is remembered when a step is shown."""
    return Mark(step=turn.step, solved=turn.solved, at_once=turn.at_once)


def _rows() -> int:
    """The lines of the screen that a step may fill before it waits."""
    return max(shutil.get_terminal_size((80, 24)).lines - _PROMPT_ROWS, _FEWEST_ROWS)


def _pages(lines: list[str], rows: int | None) -> list[list[str]]:
    """The lines in pieces that fit the screen; parted at an empty line where there is one."""
    pages = []
    while rows is not None and len(lines) > rows:
        empty = [at for at in range(rows // 2, rows) if not lines[at]]
        cut = empty[-1] if empty else rows
        pages.append(lines[:cut])
        lines = lines[cut:]
    return [*pages, lines]


def rendered(text: str, *, columns: int) -> Iterator[str]:
    """The lines of a chapter's text: paragraphs filled, what begins with four blanks as it is.

    Five blanks mark a long value, which is folded; six and more are a place further in.
    """
    at_hand: list[str] = []
    for line in (*text.split("\n"), None):
        if line is not None and line.strip() and not line.startswith("    "):
            at_hand.append(line.strip())
            continue
        if at_hand:
            yield from prose(" ".join(at_hand), indent=0, columns=columns).split("\n")
            at_hand = []
        if line is None:
            return
        if line.startswith("     ") and not line.startswith("      "):
            yield from folded(line.strip(), indent=4, columns=columns)
        else:
            yield line
