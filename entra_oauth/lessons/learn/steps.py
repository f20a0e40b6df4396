"""The parts of a chapter: pages to read, and tasks whose answers are checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from entra_oauth.lessons.learn.typed_answer import place_of

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.classroom import Classroom

__all__ = [
    "Chapter",
    "Feedback",
    "Page",
    "Step",
    "Task",
    "Telling",
    "choice",
    "late_choice",
    "right",
    "wrong",
]

Telling = str | Callable[["Classroom"], str]
"""A text, or what makes it from the classroom. Paragraphs are parted by an empty line; a line that
begins with four blanks is shown as it is, one with five may be broken."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """The reply to an answer: right or not, and why."""

    is_right: bool
    why: str


def right(why: str = "") -> Feedback:
    return Feedback(True, why)


def wrong(why: str) -> Feedback:
    return Feedback(False, why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Something to read."""

    text: Telling


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something to be typed. What `check` does besides (send it, say) is part of the chapter."""

    asks: Telling
    check: Callable[[str, Classroom], Feedback]
    answer: Callable[[Classroom], str]
    """The right answer; it is given to `check` where the learner skips the task."""
    hints: tuple[Telling, ...]
    prompt: str = "your answer"
    takes_secrets: bool = False
    """A code or token is wanted here, so it is not refused."""
    blank_is_an_answer: bool = False
    options: Callable[[Classroom], tuple[str, ...]] | None = None
    """The paragraphs of `asks` that are options, each with its letter; None where it has none."""


Step = Page | Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One chapter."""

    number: int
    title: str
    minutes: int
    steps: tuple[Step, ...]
    in_short: str
    """The sentence to be remembered of it."""
    prepare: Callable[[Classroom], None] | None = None
    """Done before the first page."""
    each_alone: bool = False
    """No step needs what another one made."""


Options = tuple[tuple[str, str], ...]
"""The words of each option, and why it is right or not."""


def choice(asks: Telling, options: Options, *, correct: int, hint: Telling) -> Task:
    """A question with lettered options.

    They stand in the classroom's own order, which is another in each run.
    """
    return late_choice(asks, lambda: options, count=len(options), correct=correct, hint=hint)


def late_choice(
    asks: Telling, options: Callable[[], Options], *, count: int, correct: int, hint: Telling
) -> Task:
    """The same where the `count` options are not made before they are needed."""
    letters = "abcdef"[:count]

    def words() -> tuple[str, ...]:
        return tuple(words for words, _ in options())

    def lettered(classroom: Classroom) -> tuple[str, ...]:
        all_words = words()
        ordered = zip(letters, classroom.order_of(all_words), strict=True)
        return tuple(f"{letter}) {all_words[at]}" for letter, at in ordered)

    def shown(classroom: Classroom) -> str:
        text = asks if isinstance(asks, str) else asks(classroom)
        return "\n\n".join((text, *lettered(classroom)))

    def check(typed: str, classroom: Classroom) -> Feedback:
        all_words = words()
        ordered = classroom.order_of(all_words)
        place = place_of(typed, tuple(all_words[at] for at in ordered))
        if place is None:
            return wrong(f"Type one letter, {letters[0]} to {letters[-1]}.")
        return Feedback(ordered[place] == correct, options()[ordered[place]][1])

    return Task(
        asks=shown,
        check=check,
        answer=lambda classroom: letters[classroom.order_of(words()).index(correct)],
        hints=(hint,),
        prompt=f"a letter, {letters[0]} to {letters[-1]}",
        options=lettered,
    )
