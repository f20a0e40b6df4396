"""learn --spot: faults to find, one exchange after the other, or ten of them on a sheet."""

from __future__ import annotations

from pathlib import Path

from entra_oauth.errors import LocalError, UsageError, plain
from entra_oauth.lessons.learn.classroom import Classroom
from entra_oauth.lessons.learn.progress import Mark, Progress, standard_place
from entra_oauth.lessons.spot.all_faults import faults_of
from entra_oauth.lessons.spot.finding_tasks import level_of_faults, rule_told
from entra_oauth.lessons.spot.planted_fault import LEVELS
from entra_oauth.lessons.spot.sheet import answers_in, sheet
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.cli.lessons.lesson_room import LessonRoom
    from entra_oauth.cli.verbs.learn_verbs import LearnOptions
    from entra_oauth.lessons.learn.conversation import Turn
    from entra_oauth.lessons.spot.sheet import Given, Question

__all__ = ["spot"]

_LARGEST = 64 * 1024


def spot(options: LearnOptions, room: LessonRoom) -> None:
    """Lead through a level, print a sheet, or mark one. Raises `UsageError`."""
    _refuse_what_does_not_fit(options)
    level = _level(options.chapter)
    progress = Progress(standard_place("spot.json"), say=room.console.ask)
    if options.sheet is not None and options.score is not None:
        _mark_sheet(options.sheet, Path(options.score), room)
    elif options.sheet is not None:
        _print_sheet(options.sheet, room)
    elif options.list:
        _list(room, progress)
    elif level is not None:
        _lead(level, room, progress)
    else:
        _from_here_on(room, progress)


def _refuse_what_does_not_fit(options: LearnOptions) -> None:
    if not options.spot:
        raise UsageError(
            "--sheet and --score belong to --spot.",
            advice="Use entra-oauth learn --spot --sheet 1.",
        )
    if options.quiz or options.page:
        other = "--quiz" if options.quiz else "--page"
        raise UsageError(f"--spot and {other} are two things.", advice="Give one of them.")
    if options.score is not None and options.sheet is None:
        raise UsageError(
            "Which sheet the answers are for is not said.",
            advice="Name it: entra-oauth learn --spot --sheet 1 --score FILE",
        )


def _level(word: str | None) -> int | None:
    if word is None:
        return None
    if not (word.isascii() and word.isdigit() and len(word) < 3 and int(word) in LEVELS):
        raise UsageError(
            "There is no such level.",
            advice=f"Give a number from 1 to {len(LEVELS)}; entra-oauth learn --spot --list shows "
            "them.",
        )
    return int(word)


def _from_here_on(room: LessonRoom, progress: Progress) -> None:
    """The first level that is not done; the list where each is."""
    marks = progress.marks()
    left = [level for level in LEVELS if not marks.get(level, Mark()).done]
    if left:
        _lead(left[0], room, progress)
        return
    _list(room, progress)
    room.tell(
        "You have done them all. entra-oauth learn --spot N goes through one again; entra-oauth "
        "learn --spot --sheet 1 shows ten at once."
    )


def _list(room: LessonRoom, progress: Progress) -> None:
    marks = progress.marks()
    for level, title in LEVELS.items():
        mark, count = marks.get(level, Mark()), len(faults_of(level))
        state = f"at exchange {mark.step // 2 + 1}" if mark.step else ""
        state = f"done, {mark.right} of {2 * count} answers were yours" if mark.done else state
        room.say(f"{level}  {title} ({count} exchanges{', ' if state else ''}{state})")


def _lead(level: int, room: LessonRoom, progress: Progress) -> None:
    lesson, mark = level_of_faults(level), progress.marks().get(level, Mark())
    count, begun = len(lesson.steps) // 2, not mark.done and 0 < mark.step < len(lesson.steps)
    room.title(f"Faults to find, level {level}: {lesson.title}")
    room.tell(
        f"{count} exchanges, recorded at the practice tenant, each with one thing changed. Say in "
        "which step it shows, then which rule of the linter it breaks. Equal #tags mean equal "
        "values. At any prompt: hint, answer, skip, back, quit."
    )
    if begun:
        room.tell(f"You stopped at exchange {mark.step // 2 + 1}, and go on from there.")

    def place(turn: Turn) -> str:
        score = f"right at the first try so far: {len(turn.at_once)}"
        return f"Exchange {turn.step // 2 + 1} of {count}; {score}"

    start = mark if begun else Mark()
    ending = room.lead(lesson, Classroom(), start, keep=progress, place=place)
    if ending.finished:
        progress.save(level, Mark(done=True, right=ending.right))
        room.tell(f"In short: {lesson.in_short}")
        room.tell(f"Level {level} is done. {ending.told}")
        again = f"--spot {level + 1}" if level + 1 in LEVELS else "--spot --sheet 1"
        room.tell(f"Next: entra-oauth learn {again}")
    else:
        at = ending.step // 2 + 1
        room.tell(f"You stopped at exchange {at}. Next: entra-oauth learn --spot {level}")


def _print_sheet(number: int, room: LessonRoom) -> None:
    """The ten exchanges, and how to answer."""
    questions = sheet(number)
    room.title(f"Sheet {number}: {len(questions)} exchanges, each with one fault")
    room.tell(
        "Equal #tags mean equal values. Answer in a file, one line for each exchange: its number, "
        "the step, and the letter of the rule that is broken there. For example:"
    )
    room.show("    1: 3 b")
    for question in questions:
        room.title(f"Exchange {question.number} of {len(questions)}")
        room.show(question.told)
    room.tell(f"Next: entra-oauth learn --spot --sheet {number} --score FILE")


def _mark_sheet(number: int, path: Path, room: LessonRoom) -> None:
    """What the answers in a file are worth, with the page of each rule."""
    questions = sheet(number)
    given = answers_in(_read(path), len(questions))
    for question in questions:
        room.title(f"Exchange {question.number} of {len(questions)}: {_verdict(question, given)}")
        room.show(rule_told(question.fault))
    steps = [question.has_step(given.get(question.number)) for question in questions]
    rules = [question.has_rule(given.get(question.number)) for question in questions]
    both = sum(map(all, zip(steps, rules, strict=True)))
    room.tell(
        f"{both} of {len(questions)} faults were found: the step was right {sum(steps)} times, the "
        f"rule {sum(rules)} times."
    )


def _verdict(question: Question, given: dict[int, Given]) -> str:
    mine = given.get(question.number)
    if mine is None:
        return f"not answered. It is {question.solution}"
    parts = (question.has_step(mine), question.has_rule(mine))
    if all(parts):
        return f"right. It is {question.solution}"
    wrong = {(True, False): "the rule", (False, True): "the step", (False, False): "both"}[parts]
    return f"{wrong} wrong, you wrote {mine.step} {mine.letter}. It is {question.solution}"


def _read(path: Path) -> str:
    """A file of answers. Raises `LocalError` and `UsageError`."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise LocalError(
            f"{plain(str(path))} cannot be read: {error.strerror}.",
            advice="Write the answers into it first, a line for each exchange.",
        ) from None
    if len(data) > _LARGEST:
        raise UsageError("That file is larger than 64 KiB.", advice="Ten short lines are enough.")
    try:
        return data.decode("utf-8-sig")
    except ValueError:
        raise UsageError("That file is not text in UTF-8.", advice="Save it as UTF-8.") from None
