"""The chapters as a scene, led by the pages and by a terminal alike.

One conversation, one lock: whoever answers first moves it on, and an answer to a turn that is
over is not taken.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.errors import DestinationRefused, UsageError
from entra_oauth.lessons.learn import NUMBERS, chapter
from entra_oauth.lessons.learn.classroom import Classroom
from entra_oauth.lessons.learn.conversation import turns
from entra_oauth.lessons.learn.progress import Mark
from entra_oauth.lessons.page.passed import evidence_in
from entra_oauth.lessons.page.scene import Controls, Look, StaleTurn
from entra_oauth.recording.recognise import kind_of

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Self

    from entra_oauth.lessons.learn.conversation import Ending, Turn
    from entra_oauth.lessons.learn.progress import Progress
    from entra_oauth.lessons.learn.steps import Chapter
    from entra_oauth.protocol.messages import HttpRequest

__all__ = ["Course"]


@dataclass(slots=True, kw_only=True)
class _Open:
    """The chapter that is open; changed under the course's lock."""

    chapter: Chapter
    classroom: Classroom
    conversation: Generator[Turn, str, Ending]
    turn: Turn
    """The last look at the chapter's screen."""
    question: str
    said: tuple[str, ...] = ()
    ending: Ending | None = None


class Course:
    """The chapter that is open, and the way to another."""

    def __init__(self, progress: Progress, *, with_curl: bool = True) -> None:
        self._progress = progress
        self._with_curl = with_curl
        self._lock = threading.RLock()
        self._count = 0
        """Goes on from chapter to chapter, so that no page of an old one fits a new one."""
        self._now: _Open | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._now is not None:
            self._now.classroom.__exit__(None, None, None)
            self._now = None

    @property
    def _opened(self) -> _Open:
        if self._now is None:
            raise UsageError("No chapter is open.", advice="Choose one in the list.")
        return self._now

    @property
    def number(self) -> int | None:
        """The chapter that is open."""
        with self._lock:
            return None if self._now is None else self._now.chapter.number

    def marks(self) -> dict[int, Mark]:
        """The mark of each chapter that was begun."""
        return self._progress.marks()

    def open(self, number: int) -> None:
        """Begin a chapter, or go on in it. Raises `KeyError` for a number that none has."""
        lesson, mark = chapter(number), self.marks().get(number, Mark())
        if mark.done or mark.step >= len(lesson.steps):
            mark = Mark()
        with self._lock:
            self._close()
            classroom = Classroom.with_curl(wanted=self._with_curl).__enter__()
            try:
                talk = turns(
                    lesson, classroom, start=mark.step, solved=mark.solved, at_once=mark.at_once
                )
                turn = next(talk)
            except BaseException:
                classroom.__exit__(None, None, None)
                raise
            self._now = _Open(
                chapter=lesson,
                classroom=classroom,
                conversation=talk,
                turn=turn,
                question=turn.texts[-1],
            )
            self._count += 1

    def look(self) -> Look:
        """The chapter as it is. Raises `UsageError` if none is open."""
        with self._lock:
            now = self._opened
            steps = len(now.chapter.steps)
            return Look(
                turn=self._count,
                title=f"Chapter {now.chapter.number}: {now.chapter.title}",
                step=min(now.turn.step, steps - 1),
                steps=steps,
                said=now.said,
                text=now.question,
                controls=_controls(now),
                evidence=evidence_in(now.classroom),
                tenant_url=now.classroom.base_url,
            )

    def say(self, typed: str, *, turn: int) -> Look:
        """Take an answer or a command. Raises `StaleTurn`, and `UsageError` if none is open."""
        with self._lock:
            now = self._opened
            if turn != self._count or now.ending is not None:
                raise StaleTurn
            self._count += 1
            self._move(now, typed)
            return self.look()

    def _move(self, now: _Open, typed: str) -> None:
        before = now.turn.step
        try:
            now.turn = now.conversation.send(typed)
        except StopIteration as stop:
            self._end(now, stop.value)
            return
        step, texts = now.turn.step, now.turn.texts
        if step == before or step >= len(now.chapter.steps):
            now.said = texts  # the question stays where it is
            return
        now.question, now.said = texts[-1], texts[:-1]
        mark = Mark(step=step, solved=now.turn.solved, at_once=now.turn.at_once)
        self._progress.save(now.chapter.number, mark)

    def _end(self, now: _Open, ending: Ending) -> None:
        now.ending = ending
        if not ending.finished:
            now.said = ("Your place is kept.",)
            return
        mark = Mark(step=0, done=True, right=ending.right)
        self._progress.save(now.chapter.number, mark)
        now.said = (f"Chapter {now.chapter.number} is done. {ending.told}",)
        now.question = now.chapter.in_short

    def send(self, request: HttpRequest) -> int:
        """Send a message to the tenant of the chapter, and to nobody else."""
        with self._lock:
            now = self._opened
            room = now.classroom
            if urlsplit(request.url).netloc != urlsplit(room.base_url).netloc:
                raise DestinationRefused(
                    "A message of this page goes to the practice tenant only.",
                    advice="Send it from the form on the page.",
                )
            before = len(evidence_in(room).steps)
            if kind_of(request) == "authorize" and request.method == "GET":
                room.browse(request.url)
            else:
                room.send(request)
            return before + 1


def _controls(now: _Open) -> Controls:
    number = now.chapter.number
    if now.ending is not None:
        follows = number + 1 if now.ending.finished and number + 1 in NUMBERS else None
        return Controls(prompt="", is_pause=True, is_over=True, next_chapter=follows)
    turn = now.turn
    commands = ("back",) if turn.is_pause else ("hint", "answer", "skip", "back")
    return Controls(
        prompt=turn.prompt, is_pause=turn.is_pause, options=turn.options, commands=commands
    )
