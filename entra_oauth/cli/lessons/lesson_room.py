"""The room in which a lesson is spoken and listened to: standard output and standard input."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress

from entra_oauth.cli.session.console import wants_style
from entra_oauth.cli.session.explain_option import folded
from entra_oauth.cli.session.wrap import prose, width
from entra_oauth.lessons.learn.conversation import turns
from entra_oauth.lessons.learn.progress import Mark
from entra_oauth.lessons.learn.typed_answer import command_in
from entra_oauth.light import TYPE_CHECKING, dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from entra_oauth.cli.session.console import Console
    from entra_oauth.cli.verbs.learn_verbs import LearnOptions
    from entra_oauth.lessons.learn.classroom import Classroom
    from entra_oauth.lessons.learn.conversation import Ending, Turn
    from entra_oauth.lessons.learn.progress import Progress
    from entra_oauth.lessons.learn.steps import Chapter

__all__ = ["LessonRoom", "rendered"]

_LONGEST_LINE = 64 * 1024
_PROMPT_ROWS = 3
"""Lines that the prompt takes, with the empty ones around it."""
_FEWEST_ROWS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonRoom:
    """The screen and the keys of one run."""

    console: Console
    columns: int
    pauses: bool
    at_terminal: bool
    rows: int | None
    """Of the screen, after which a long step waits; None: it does not."""

    @classmethod
    def standard(cls, options: LearnOptions, console: Console) -> LessonRoom:
        at_terminal = sys.stdin.isatty() and console.out.isatty()
        if at_terminal:
            with suppress(ImportError):
                import readline  # noqa: F401 - long lines, and editing them; nothing is stored
        if reconfigure := getattr(sys.stdin, "reconfigure", None):
            reconfigure(errors="replace")
        return cls(
            console=replace(console, styled=wants_style(console.out, os.environ)),
            columns=width(),
            pauses=not options.no_pause,
            at_terminal=at_terminal,
            rows=_rows() if at_terminal and not options.no_pause else None,
        )

    def lead(
        self,
        lesson: Chapter,
        classroom: Classroom,
        mark: Mark,
        *,
        keep: Progress | None = None,
        place: Callable[[Turn], str] | None = None,
    ) -> Ending:
        """Carry turns to the person and lines back, from the mark until the lesson ends.

        `keep` remembers each step that is shown. `place` says where in the lesson a step is; the
        number of the step, unless it is given.
        """
        conversation = turns(
            lesson, classroom, start=mark.step, solved=mark.solved, at_once=mark.at_once
        )
        try:
            turn, last = next(conversation), -1
            while True:
                if turn.step != last and turn.step < len(lesson.steps):
                    last = turn.step
                    if keep is not None:
                        keep.save(lesson.number, _mark_of(turn))
                    where = f"Step {turn.step + 1} of {len(lesson.steps)}"
                    turn = _with_place(turn, where if place is None else place(turn))
                turn = conversation.send(self._take(turn))
        except StopIteration as stop:
            ending: Ending = stop.value
            return ending

    def _take(self, turn: Turn) -> str:
        lines = [
            line for text in turn.texts for line in ("", *rendered(text, columns=self.columns))
        ]
        first, *others = _pages(lines, self.rows)
        for page in (first, *others):
            if page is not first and command_in(self._line("Enter shows more> ") or "") == "quit":
                return "quit"
            for line in page:
                self.say(self.console.bold(line) if line.startswith("Step ") else line)
        if turn.is_pause and not self.pauses:
            return ""
        self.say("")
        typed = self._line(f"{turn.prompt}> ")
        return "quit" if typed is None else typed

    def _line(self, prompt: str) -> str | None:
        """One line; None where the input has ended, or nobody reads what is asked."""
        if self.at_terminal:
            try:
                return input(prompt)
            except EOFError:
                self.say("")
                return None
        self.say(prompt)
        if not self.console.is_read:
            return None
        line = sys.stdin.readline(_LONGEST_LINE)
        return line.rstrip("\n") if line else None

    def title(self, text: str) -> None:
        """A line that stands out."""
        self.say("")
        for line in rendered(text, columns=self.columns):
            self.say(self.console.bold(line))

    def tell(self, text: str) -> None:
        """A paragraph of its own."""
        self.say("")
        self.say(prose(text, indent=0, columns=self.columns))

    def show(self, text: str) -> None:
        """A text in the form of a chapter's."""
        self.say("")
        for line in rendered(text, columns=self.columns):
            self.say(line)

    def say(self, line: str) -> None:
        self.console.result(line)


def _with_place(turn: Turn, where: str) -> Turn:
    """The turn, its place in the lesson before the new text."""
    *said, new = turn.texts
    return replace(turn, texts=(*said, where, new))


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
