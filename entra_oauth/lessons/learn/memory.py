"""The memory of one chapter: each step shows again what it showed first.

A step may act when it is shown: a thief redeems a code, an administrator revokes a session. Done
twice, the same act has another outcome, and the text around it would be false. So each step acts
once, and what it showed first is what it shows again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from entra_oauth.errors import EntraOAuthError
from entra_oauth.lessons.learn.steps import Page, Task, wrong

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.classroom import Classroom
    from entra_oauth.lessons.learn.steps import Chapter, Feedback, Telling

__all__ = ["Memory", "tell"]


@dataclass(slots=True)
class Memory:
    """One chapter in one classroom. Steps are known by their number, from 0."""

    chapter: Chapter
    classroom: Classroom
    solved: dict[int, bool] = field(default_factory=dict)
    """The tasks that were solved without help -> whether the first answer was right."""
    helped: set[int] = field(default_factory=set)
    """Those whose answer was shown: whoever types it afterwards has not solved them."""
    _shown: dict[int, str] = field(default_factory=dict)
    _taken: dict[int, tuple[str, Feedback]] = field(default_factory=dict)
    _tries: dict[int, int] = field(default_factory=dict)

    def text(self, at: int) -> str:
        """The words of a step, made when they are first asked for."""
        if at not in self._shown:
            step = self.chapter.steps[at]
            telling = step.text if isinstance(step, Page) else step.asks
            self._shown[at] = tell(telling, self.classroom)
        return self._shown[at]

    def try_answer(self, at: int, task: Task, typed: str) -> Feedback:
        """The feedback of what a person typed; it is counted."""
        self._tries[at] = self._tries.get(at, 0) + 1
        feedback = self.judge(at, task, typed)
        if feedback.is_right and at not in self.helped:
            self.solved.setdefault(at, self._tries[at] == 1)
        return feedback

    def count_try(self, at: int) -> None:
        """Something was typed that could be no answer."""
        self._tries[at] = self._tries.get(at, 0) + 1

    def judge(self, at: int, task: Task, typed: str) -> Feedback:
        """The feedback of an answer, given to the step's check unless it was taken just before."""
        taken = self._taken.get(at)
        if taken is not None and taken[0] == typed:
            return taken[1]
        before = dict(self.classroom.values)
        try:
            feedback = task.check(typed, self.classroom)
        except EntraOAuthError as error:
            return wrong(f"That could not be tried: {error.what} {error.advice}")
        if feedback.is_right:
            if taken is not None and self.classroom.values != before:
                self._forget_after(at)
            self._taken[at] = typed, feedback
        return feedback

    def give(self, at: int, task: Task, *, shown: bool) -> tuple[str, Feedback]:
        """Take the model answer in the learner's place. Returns it, and its feedback."""
        if at not in self.solved and shown:
            self.helped.add(at)
        answer = task.answer(self.classroom)
        taken = self._taken.get(at)
        if taken is not None and not shown:
            return taken  # it was answered before, and that stays
        return answer, self.judge(at, task, answer)

    def do_silently(self, at: int) -> None:
        """Do a step that is not shown: what it makes is needed by those that follow."""
        self.text(at)
        step = self.chapter.steps[at]
        if isinstance(step, Task):
            self.judge(at, step, step.answer(self.classroom))

    def _forget_after(self, at: int) -> None:
        # The later steps were made from the answer before this one.
        for memory in (self._shown, self._taken):
            for later in [step for step in memory if step > at]:
                del memory[later]


def tell(telling: Telling, classroom: Classroom) -> str:
    """The words of a text, or of what makes one."""
    return telling if isinstance(telling, str) else telling(classroom)
