"""A chapter as a conversation: it yields what is to be said, and is sent what was typed.

Nothing here reads a key or writes a line. `Turn` is one look at the screen; the generator's
end is an `Ending`.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from entra_oauth.errors import EntraOAuthError
from entra_oauth.lessons.learn.steps import Page, Task, wrong
from entra_oauth.lessons.learn.typed_answer import command_in, refusal, tidy

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.classroom import Classroom
    from entra_oauth.lessons.learn.steps import Chapter, Judgement, Step, Telling

__all__ = ["Ending", "Turn", "turns"]

_HELP = (
    "At each prompt you can type: hint (a little help, then more), answer (shows it and goes on), "
    "skip (goes on), back (one step back), quit (stops here and remembers the place)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What to say, then what to ask for."""

    texts: tuple[str, ...]
    prompt: str
    step: int
    """The number of the step that is open, from 0: this is what is remembered."""
    is_pause: bool = False
    """Only Enter is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How it ended."""

    finished: bool
    step: int
    right: int = 0
    """Tasks that were solved without their answer being shown."""
    at_once: int = 0
    """Those of them whose first answer was right."""
    tasks: int = 0


def turns(
    chapter: Chapter, classroom: Classroom, *, start: int = 0
) -> Generator[Turn, str, Ending]:
    """Lead somebody through a chapter, from a step on.

    The steps before `start` are done silently, so that what they made is on the classroom.
    """
    if chapter.prepare is not None:
        chapter.prepare(classroom)
    at = max(0, min(start, len(chapter.steps) - 1))
    for step in chapter.steps[:at]:
        _do_silently(step, classroom)
    solved: dict[int, str] = {}

    def ending(*, finished: bool) -> Ending:
        return Ending(
            finished=finished,
            step=at,
            right=len(solved),
            at_once=list(solved.values()).count("at once"),
            tasks=sum(isinstance(step, Task) for step in chapter.steps),
        )

    said: tuple[str, ...] = ()
    while at < len(chapter.steps):
        outcome, said = yield from _one(chapter.steps[at], at, classroom, said)
        if outcome == "quit":
            return ending(finished=False)
        if outcome == "back":
            if at == 0:
                said = ("This is the first step.",)
            at = max(0, at - 1)
            continue
        if outcome in ("right", "at once"):
            solved.setdefault(at, outcome)
        at += 1
    if said:
        yield Turn(texts=said, prompt="Enter", step=at, is_pause=True)
    return ending(finished=True)


def _one(
    step: Step, at: int, classroom: Classroom, said: tuple[str, ...]
) -> Generator[Turn, str, tuple[str, tuple[str, ...]]]:
    if isinstance(step, Page):
        return (yield from _page(step, at, classroom, said))
    return (yield from _task(step, at, classroom, said))


def _page(
    page: Page, at: int, classroom: Classroom, said: tuple[str, ...]
) -> Generator[Turn, str, tuple[str, tuple[str, ...]]]:
    texts = (*said, _tell(page.text, classroom))
    while True:
        typed = yield Turn(texts=texts, prompt="Enter goes on", step=at, is_pause=True)
        command = command_in(typed)
        if command in ("back", "quit"):
            return command, ()
        if command in ("help", "hint", "answer"):
            texts = (f"There is nothing to solve here: Enter goes on. {_HELP}",)
            continue
        return "read", ()


def _task(
    task: Task, at: int, classroom: Classroom, said: tuple[str, ...]
) -> Generator[Turn, str, tuple[str, tuple[str, ...]]]:
    texts = (*said, _tell(task.asks, classroom))
    hints, tries = list(task.hints), 0
    while True:
        typed = yield Turn(texts=texts, prompt=task.prompt, step=at)
        command = command_in(typed, letters="letter" not in task.prompt)
        if command in ("back", "quit"):
            return command, ()
        if command == "help":
            texts = (_HELP,)
        elif command == "hint":
            texts = (_hint(hints, classroom),)
        elif command in ("skip", "answer"):
            return "helped", _give(task, classroom, shown=command == "answer")
        else:
            judgement, tries = _judge(task, typed, classroom), tries + 1
            if judgement.is_right:
                return "at once" if tries == 1 else "right", (f"Right. {judgement.why}".strip(),)
            texts = (judgement.why,)


def _judge(task: Task, typed: str, classroom: Classroom) -> Judgement:
    refused = refusal(
        typed,
        takes_secrets=task.takes_secrets,
        blank_is_an_answer=task.blank_is_an_answer,
    )
    if refused is not None:
        return wrong(refused)
    return _checked(task, tidy(typed), classroom)


def _checked(task: Task, typed: str, classroom: Classroom) -> Judgement:
    try:
        return task.check(typed, classroom)
    except EntraOAuthError as error:
        return wrong(f"That could not be tried: {error.what} {error.advice}")


def _hint(hints: list[Telling], classroom: Classroom) -> str:
    # The last one is given again and again.
    return f"Hint: {_tell(hints.pop(0) if len(hints) > 1 else hints[0], classroom)}"


def _give(task: Task, classroom: Classroom, *, shown: bool) -> tuple[str, ...]:
    answer = task.answer(classroom)
    judgement = _checked(task, answer, classroom)
    if not shown:
        return ("Skipped.",)
    text = f"The answer:\n\n    {answer}" if answer else "The answer is Enter alone."
    return (text, judgement.why) if judgement.why else (text,)


def _do_silently(step: Step, classroom: Classroom) -> None:
    if isinstance(step, Task):
        _checked(step, step.answer(classroom), classroom)
    elif not isinstance(step.text, str):
        step.text(classroom)


def _tell(telling: Telling, classroom: Classroom) -> str:
    return telling if isinstance(telling, str) else telling(classroom)
