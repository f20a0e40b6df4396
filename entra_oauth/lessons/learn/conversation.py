"""A chapter as a conversation: it yields what is to be said, and is sent what was typed.

Nothing here reads a key or writes a line. `Turn` is one look at the screen; the generator's
end is an `Ending`.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from entra_oauth.lessons.learn.memory import Memory, tell
from entra_oauth.lessons.learn.steps import Page, Task
from entra_oauth.lessons.learn.typed_answer import command_in, refusal, tidy

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.classroom import Classroom
    from entra_oauth.lessons.learn.steps import Chapter, Step, Telling

__all__ = ["Ending", "Turn", "turns"]

_HELP = (
    "At each prompt you can type: hint (a little help, then more), answer (shows it and goes on), "
    "skip (goes on), back (one step back), quit (stops here and remembers the place)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One look at the screen: texts, then a prompt."""

    texts: tuple[str, ...]
    prompt: str
    step: int
    """The number of the step that is open, from 0: this is what is remembered."""
    is_pause: bool = False
    """Only Enter is waited for."""
    solved: tuple[int, ...] = ()
    """The steps whose task was solved so far without help; they are remembered too."""
    at_once: tuple[int, ...] = ()
    """Those of them whose first answer was right."""
    options: tuple[str, ...] = ()
    """The paragraphs of the question that are options, each with its letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The end of a conversation: the chapter is done, or was left at a step."""

    finished: bool
    step: int
    right: int = 0
    """Tasks that were solved without their answer being shown."""
    at_once: int = 0
    """Those of them whose first answer was right."""
    tasks: int = 0

    @property
    def told(self) -> str:
        """The count in a sentence."""
        return (
            f"{self.right} of {self.tasks} tasks were yours, {self.at_once} of them at the first "
            "try."
        )


Said = tuple[str, ...]
_Outcome = Generator[Turn, str, tuple[str, Said]]


def turns(
    chapter: Chapter,
    classroom: Classroom,
    *,
    start: int = 0,
    solved: tuple[int, ...] = (),
    at_once: tuple[int, ...] = (),
) -> Generator[Turn, str, Ending]:
    """Lead somebody through a chapter, from a step on.

    The steps before `start` are done silently, so that what they made is in the classroom.
    `solved` are those that were solved without help another time, `at_once` those of them that
    needed one answer.
    """
    if chapter.prepare is not None:
        chapter.prepare(classroom)
    steps = chapter.steps
    at = max(0, min(start, len(steps) - 1))
    memory = Memory(chapter, classroom)
    memory.solved.update({step: step in at_once for step in solved})
    for before in range(0 if chapter.each_alone else at):
        memory.do_silently(before)
    memory.helped.update(step for step in range(at) if step not in solved)
    said: Said = ()
    while True:
        if at < len(steps):
            outcome, said = yield from _step(steps[at], at, memory, said)
        elif said:
            typed = yield _turn(memory, said, "Enter", at, is_pause=True)
            outcome, said = command_in(typed) or "done", ()
        else:
            outcome = "done"
        if outcome == "quit" and at < len(steps):
            return _ending(memory, at, finished=False)
        if outcome == "back":
            if at == 0:
                said = ("This is the first step.",)
            at = max(0, at - 1)
        elif at < len(steps):
            at += 1
        else:
            return _ending(memory, at, finished=True)


def _ending(memory: Memory, at: int, *, finished: bool) -> Ending:
    return Ending(
        finished=finished,
        step=at,
        right=len(memory.solved),
        at_once=sum(memory.solved.values()),
        tasks=sum(isinstance(step, Task) for step in memory.chapter.steps),
    )


def _turn(memory: Memory, texts: Said, prompt: str, at: int, *, is_pause: bool = False) -> Turn:
    solved = tuple(sorted(memory.solved))
    at_once = tuple(step for step in solved if memory.solved[step])
    return Turn(
        texts=texts, prompt=prompt, step=at, is_pause=is_pause, solved=solved, at_once=at_once
    )


def _step(step: Step, at: int, memory: Memory, said: Said) -> _Outcome:
    texts = (*said, memory.text(at))
    if isinstance(step, Page):
        return (yield from _page(at, memory, texts))
    return (yield from _task(step, at, memory, texts))


def _page(at: int, memory: Memory, texts: Said) -> _Outcome:
    while True:
        typed = yield _turn(memory, texts, "Enter goes on", at, is_pause=True)
        command = command_in(typed)
        if command in ("back", "quit"):
            return command, ()
        if command in ("help", "hint", "answer"):
            texts = (f"There is nothing to solve here: Enter goes on. {_HELP}",)
            continue
        return "read", ()


def _task(task: Task, at: int, memory: Memory, texts: Said) -> _Outcome:
    hints = list(task.hints)
    options = task.options(memory.classroom) if task.options is not None else ()
    while True:
        typed = yield replace(_turn(memory, texts, task.prompt, at), options=options)
        command = command_in(typed, letters="letter" not in task.prompt)
        if command in ("back", "quit"):
            return command, ()
        if command == "help":
            texts = (_HELP,)
        elif command == "hint":
            texts = (_hint(hints, memory.classroom),)
        elif command in ("skip", "answer"):
            return "helped", _give(task, at, memory, shown=command == "answer")
        else:
            refused = refusal(
                typed, takes_secrets=task.takes_secrets, blank_is_an_answer=task.blank_is_an_answer
            )
            if refused is not None:
                memory.count_try(at)
                texts = (refused,)
                continue
            feedback = memory.try_answer(at, task, tidy(typed))
            if feedback.is_right:
                return "right", (f"Right. {feedback.why}".strip(),)
            texts = (feedback.why,)


def _hint(hints: list[Telling], classroom: Classroom) -> str:
    # The last one is given again and again.
    return f"Hint: {tell(hints.pop(0) if len(hints) > 1 else hints[0], classroom)}"


def _give(task: Task, at: int, memory: Memory, *, shown: bool) -> Said:
    answer, feedback = memory.give(at, task, shown=shown)
    if not shown:
        return ("Skipped.",)
    text = f"The answer:\n\n    {answer}" if answer else "The answer is Enter alone."
    return (text, feedback.why) if feedback.why else (text,)
