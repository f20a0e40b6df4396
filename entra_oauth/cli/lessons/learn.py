"""learn: ten chapters on the practice tenant, led by the person's own answers."""

from __future__ import annotations

from functools import partial

from entra_oauth.cli.lessons.lesson_room import LessonRoom, rendered
from entra_oauth.errors import UsageError
from entra_oauth.lessons.learn import NUMBERS, chapter
from entra_oauth.lessons.learn.classroom import Classroom
from entra_oauth.lessons.learn.progress import Mark, Progress, standard_place
from entra_oauth.lessons.learn.quiz import quiz
from entra_oauth.light import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Session
    from entra_oauth.cli.verbs.learn_verbs import LearnOptions
    from entra_oauth.lessons.learn.conversation import Ending

__all__ = ["run"]


def run(options: LearnOptions, session: Session) -> int:
    """List, ask, or walk."""
    console = session.console
    room = LessonRoom.standard(options, console)
    try:
        if options.spot or options.sheet is not None or options.score is not None:
            from entra_oauth.cli.lessons.learn_spot import spot

            spot(options, room)
        else:
            _teach(options, room)
    except KeyboardInterrupt:
        again = "learn --spot" if options.spot else "learn"
        console.ask(f"\nYour place is kept: entra-oauth {again} goes on from here.")
        raise
    return 0


def _teach(options: LearnOptions, room: LessonRoom) -> None:
    number = _number(options.chapter)
    progress = Progress(standard_place(), say=room.console.ask)
    lessons = _Lessons(room=room, progress=progress, with_curl=not options.no_curl)
    if options.list:
        lessons.list()
    elif options.quiz:
        lessons.quiz(number)
    elif options.page:
        lessons.on_pages(number)
    elif number is not None:
        lessons.one(number)
    else:
        lessons.from_here_on()


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
class _Lessons:
    """The ten chapters, in one room."""

    room: LessonRoom
    progress: Progress
    with_curl: bool

    def list(self) -> None:
        """The chapters, and how far the person is."""
        marks = self.progress.marks()
        for number in NUMBERS:
            each, mark = chapter(number), marks.get(number, Mark())
            state = "done" if mark.done else f"at step {mark.step + 1}" if mark.step else ""
            about = f"{each.minutes} minutes" + (f", {state}" if state else "")
            line = f"{number:>2}  {each.title} ({about})"
            fits = len(line) <= self.room.columns
            self.room.say(line if fits else f"{number:>2}  {each.title}")
            if not fits:
                self.room.say(f"    ({about})")

    def quiz(self, number: int | None) -> None:
        """Questions with their answers explained."""
        asked = quiz(number)
        ending = self.room.lead(asked, Classroom(), Mark())
        if ending.finished:
            self.room.tell(
                f"{ending.at_once} of {ending.tasks} were right at once. {asked.in_short}"
            )
        self.room.tell("Next: entra-oauth learn --list")

    def on_pages(self, number: int | None) -> None:
        """The same chapters on pages, and here."""
        from entra_oauth.cli.lessons.learn_page import teach

        teach(
            number,
            self.room.console,
            self.progress,
            with_curl=self.with_curl,
            columns=self.room.columns,
            render=partial(rendered, columns=self.room.columns),
        )

    def from_here_on(self) -> None:
        """Chapter after chapter, from the first that is not done."""
        marks = self.progress.marks()
        left = [number for number in NUMBERS if not marks.get(number, Mark()).done]
        if not left:
            self.list()
            self.room.tell(
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
            self.room.tell(f"Next: entra-oauth learn {again}")

    def _chapter(self, number: int) -> Ending:
        lesson, mark = chapter(number), self.progress.marks().get(number, Mark())
        start = 0 if mark.done or mark.step >= len(lesson.steps) else mark.step
        self.room.title(f"Chapter {number}: {lesson.title}")
        self.room.tell(
            f"About {lesson.minutes} minutes, {len(lesson.steps)} steps, on this machine only. "
            "At any prompt: hint, answer, skip, back, quit. (AS ENTRA, STRICTER, TOY and UNKNOWN "
            "say how far something is as with Entra.)"
        )
        if start:
            self.room.tell(
                f"You stopped at step {start + 1}, and go on from there. What you typed before was "
                "not kept: the steps before this one have been done with the model answers."
            )
        with Classroom.with_curl(wanted=self.with_curl) as classroom:
            ending = self.room.lead(
                lesson, classroom, mark if start else Mark(), keep=self.progress
            )
        if ending.finished:
            self.progress.save(number, Mark(step=0, done=True, right=ending.right))
            self.room.tell(f"In short: {lesson.in_short}")
            self.room.tell(f"Chapter {number} is done. {ending.told}")
        else:
            self.room.tell(
                f"You stopped at step {ending.step + 1}. Next: entra-oauth learn {number}"
            )
        return ending
