"""Estimates of how long a part of a class takes: its words, and what is typed or answered.

Nobody timed a class. Words are read or said at 150 a minute. A question takes as long as it takes
to think and to answer in a word; a command, to type; a line of a function, to write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import ndiff
from functools import cache
from math import ceil
from typing import TYPE_CHECKING

from entra_oauth.lessons.learn import chapter
from entra_oauth.lessons.learn.classroom import Classroom
from entra_oauth.lessons.learn.conversation import turns
from entra_oauth.lessons.learn.steps import Task

if TYPE_CHECKING:
    from collections.abc import Iterable

    from entra_oauth.lessons.labs.lab import Demonstration, Lab
    from teaching_worksheets import Worksheet

__all__ = [
    "Estimate",
    "asked_in",
    "of_chapter",
    "of_repair",
    "of_showing",
    "of_texts",
    "of_worksheet",
]

WORDS_A_MINUTE = 150
QUESTION_S = 45
COMMAND_S = 15
LINE_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The words of a part, and the inputs that it asks for."""

    words: int = 0
    questions: int = 0
    commands: int = 0
    lines: int = 0
    """Lines of a program to be written."""

    @property
    def minutes(self) -> int:
        """Whole minutes, rounded up."""
        typed = self.questions * QUESTION_S + self.commands * COMMAND_S + self.lines * LINE_S
        return ceil(self.words / WORDS_A_MINUTE + typed / 60)

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(
            words=self.words + other.words,
            questions=self.questions + other.questions,
            commands=self.commands + other.commands,
            lines=self.lines + other.lines,
        )


def of_texts(texts: Iterable[str], *, questions: int = 0, commands: int = 0) -> Estimate:
    """What is read or said aloud, with its questions to the class and its commands."""
    words = sum(len(text.split()) for text in texts)
    return Estimate(words=words, questions=questions, commands=commands)


def of_showing(lab: Lab, off: Demonstration, on: Demonstration, asked: Iterable[str]) -> Estimate:
    """A lab shown from the front: its story, the attack, its stopping, and the questions asked."""
    questions = tuple(asked)
    told = (*lab.story, *off.lines, off.verdict, *on.lines, on.verdict, *questions)
    in_story = sum(line.endswith("?") for line in lab.story)
    return of_texts(told, questions=len(questions) + in_story, commands=2)


def asked_in(notes: str) -> dict[int, tuple[str, ...]]:
    """The questions to the class in the notes of each lab, by its number."""
    found = {}
    for section in re.split(r"^## Lab ", notes, flags=re.MULTILINE)[1:]:
        asked = section.partition("**Ask.**")[2]
        lines = re.findall(r"^- (.*?)(?=\n- |\n\n|\Z)", asked, flags=re.MULTILINE | re.DOTALL)
        found[int(section.partition(":")[0])] = tuple(lines)
    return found


def of_worksheet(sheet: Worksheet, page: str) -> Estimate:
    """A worksheet: what is on it, each blank, each question, and the token to be decoded."""
    words = re.sub("<[^>]*>", " ", page.partition("<body")[2])
    questions = len(sheet.blanks) + len(sheet.questions)
    return of_texts([words], questions=questions, commands=1)


def of_repair(lab: Lab) -> Estimate:
    """The repair of its function: what is there is read, the lines that are missing are written.

    Three commands: the file is made, and it is checked twice.
    """
    exercise = lab.exercise
    new = ndiff(exercise.broken.splitlines(), exercise.solution.splitlines())
    lines = [line[2:].strip() for line in new if line.startswith("+ ")]
    written = sum(bool(line) and not line.startswith(("#", '"""')) for line in lines)
    words = len(exercise.broken.split())
    return Estimate(words=words, commands=3, lines=written)


@cache
def of_chapter(number: int) -> Estimate:
    """A chapter by somebody who answers each task rightly, one question for each."""
    lesson, words = chapter(number), 0
    with Classroom() as classroom:
        walk = turns(lesson, classroom)
        turn = next(walk)
        while True:
            words += sum(len(text.split()) for text in turn.texts)
            step = lesson.steps[turn.step] if turn.step < len(lesson.steps) else None
            typed = "" if turn.is_pause or not isinstance(step, Task) else step.answer(classroom)
            try:
                turn = walk.send(typed)
            except StopIteration:
                break
    tasks = sum(isinstance(step, Task) for step in lesson.steps)
    return Estimate(words=words, questions=tasks)
