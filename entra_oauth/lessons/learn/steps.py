"""What a chapter is made of: pages to read, and tasks whose answers are checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.desk import Desk

__all__ = ["Chapter", "Page", "Step", "Task", "Telling", "Verdict", "choice", "right", "wrong"]

Telling = str | Callable[["Desk"], str]
"""A text, or what makes it from the desk. Paragraphs are parted by an empty line; a line that
begins with four blanks is shown as it is, one with five may be broken."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an answer was right, and why."""

    is_right: bool
    why: str


def right(why: str = "") -> Verdict:
    return Verdict(True, why)


def wrong(why: str) -> Verdict:
    return Verdict(False, why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Something to read."""

    text: Telling


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something to be typed. What `check` does besides (send it, say) is part of the chapter."""

    asks: Telling
    check: Callable[[str, Desk], Verdict]
    answer: Callable[[Desk], str]
    """The right answer; it is given to `check` where the learner skips the task."""
    hints: tuple[Telling, ...]
    prompt: str = "your answer"
    takes_secrets: bool = False
    """Whether a code or token is what is wanted here."""
    blank_is_an_answer: bool = False


Step = Page | Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One chapter."""

    number: int
    title: str
    minutes: int
    steps: tuple[Step, ...]
    in_short: str
    """What is to be remembered of it."""
    prepare: Callable[[Desk], None] | None = None
    """Done before the first page."""


def choice(
    asks: Telling,
    options: tuple[tuple[str, str], ...],
    *,
    correct: int,
    hint: Telling,
) -> Task:
    """A question with lettered options. Each option has its words and why it is right or not."""
    letters = "abcdef"[: len(options)]
    wanted = letters[correct]

    def shown(desk: Desk) -> str:
        text = asks if isinstance(asks, str) else asks(desk)
        lines = (f"{letter}) {words}" for letter, (words, _) in zip(letters, options, strict=True))
        return "\n\n".join((text, *lines))

    def check(typed: str, desk: Desk) -> Verdict:
        given = typed.strip().lower().rstrip(").")
        if given not in tuple(letters):
            by_words = [i for i, (words, _) in enumerate(options) if words.lower() == given]
            if not by_words:
                return wrong(f"Type one letter, {letters[0]} to {letters[-1]}.")
            given = letters[by_words[0]]
        why = options[letters.index(given)][1]
        return Verdict(given == wanted, why)

    return Task(
        asks=shown,
        check=check,
        answer=lambda desk: wanted,
        hints=(hint,),
        prompt=f"a letter, {letters[0]} to {letters[-1]}",
    )
