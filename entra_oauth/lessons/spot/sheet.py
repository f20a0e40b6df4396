"""A sheet of ten exchanges to be answered on paper or in a file, and its marking.

A sheet is known by a number: the same number is the same sheet, on every machine.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError, plain
from entra_oauth.lessons.spot.all_faults import faults_of, found
from entra_oauth.lessons.spot.finding_tasks import exchange_told, options_of, right_steps
from entra_oauth.recording.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from entra_oauth.audit.rules.rule import Rule
    from entra_oauth.lessons.spot.planted_fault import PlantedFault

__all__ = ["Given", "Question", "answers_in", "sheet"]

_OF_LEVEL = {1: 4, 2: 4, 3: 2}
_LETTERS = "abcd"
_ANSWER = re.compile(
    r"(?P<question>[0-9]{1,2})[.:)]?\s+(?:step )?(?P<step>[0-9]{1,2})"
    r"[,;]?\s*\(?(?P<letter>[a-d])\)?\.?",
    re.IGNORECASE | re.ASCII,
)
_ADVICE = "Write one line for each exchange, with its number, the step and the letter: 1: 3 b"


@dataclass(frozen=True, slots=True)
class Given:
    """An answer to one question."""

    step: int
    letter: str


@dataclass(frozen=True, slots=True)
class Question:
    """One exchange of a sheet."""

    number: int
    fault: PlantedFault
    rules: tuple[Rule, ...]
    """In the order of their letters."""

    @property
    def told(self) -> str:
        """The exchange, and what is asked."""
        options = (f"{letter}) {each}" for letter, each in zip(_LETTERS, self.titles, strict=True))
        asked = "One thing in it is wrong. In which step, and which of these rules does it break?"
        return "\n\n".join((exchange_told(self.fault), asked, *options))

    @property
    def titles(self) -> tuple[str, ...]:
        return tuple(rule.manual.title for rule in self.rules)

    @property
    def letter(self) -> str:
        """That of the right rule."""
        return _LETTERS[self.rules.index(found(self.fault).rule)]

    @property
    def solution(self) -> str:
        """The right answer in words."""
        steps = " or ".join(map(str, sorted(right_steps(self.fault))))
        return f"step {steps}, {self.letter})"

    def has_step(self, given: Given | None) -> bool:
        return given is not None and given.step in right_steps(self.fault)

    def has_rule(self, given: Given | None) -> bool:
        return given is not None and given.letter == self.letter


def sheet(number: int) -> tuple[Question, ...]:
    """The ten questions of a sheet, the easy ones first. What is no more than a note is on none."""
    chance = random.Random(number)  # noqa: S311 - a choice that must be the same again
    chosen: list[PlantedFault] = []
    for level, count in _OF_LEVEL.items():
        drawn = list(faults_of(level))
        chance.shuffle(drawn)
        worse = (fault for fault in drawn if found(fault).severity is not Severity.NOTE)
        chosen += [fault for _, fault in zip(range(count), worse, strict=False)]
    questions = []
    for at, fault in enumerate(chosen, start=1):
        rules = list(options_of(fault))
        chance.shuffle(rules)
        questions.append(Question(at, fault, tuple(rules)))
    return tuple(questions)


def answers_in(text: str, count: int) -> dict[int, Given]:
    """The answers in a file, by the number of their question. Raises `UsageError`."""
    given: dict[int, Given] = {}
    for number, line in _lines(text):
        read = _ANSWER.fullmatch(line)
        if read is None:
            raise UsageError(f"Line {number} is no answer: {plain(line, limit=40)}", advice=_ADVICE)
        question = int(read["question"])
        if not 1 <= question <= count:
            raise UsageError(
                f"Line {number} answers exchange {question}; there are {count}.", advice=_ADVICE
            )
        if question in given:
            raise UsageError(
                f"Line {number} answers exchange {question} once more.",
                advice="Keep one answer for each.",
            )
        given[question] = Given(int(read["step"]), read["letter"].lower())
    return given


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are neither empty nor remarks, each with its number."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()
