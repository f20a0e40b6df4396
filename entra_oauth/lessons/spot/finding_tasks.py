"""The exercise with one fault: which step, and which rule; and a level of them as a chapter."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

from entra_oauth.audit.rules.all_rules import CHAPTERS
from entra_oauth.audit.text import place
from entra_oauth.lessons.learn.steps import Chapter, Task, late_choice, right, wrong
from entra_oauth.lessons.spot.all_faults import faults_of, found, spoilt
from entra_oauth.lessons.spot.exchange_text import step_texts
from entra_oauth.lessons.spot.planted_fault import LEVELS
from entra_oauth.lessons.spot.recorded_exchanges import EXCHANGES

if TYPE_CHECKING:
    from entra_oauth.audit.rules.rule import Rule
    from entra_oauth.lessons.learn.classroom import Classroom
    from entra_oauth.lessons.learn.steps import Feedback
    from entra_oauth.lessons.spot.planted_fault import PlantedFault

__all__ = ["exchange_told", "level_of_faults", "options_of", "right_steps", "rule_told"]

_OPTIONS = 4
_NUMBER = re.compile(r"(?:step *)?#?([0-9]{1,3})[.:)]?", re.IGNORECASE)


def level_of_faults(level: int) -> Chapter:
    """All exchanges of a level: for each the task to name the step, and to name the rule."""
    faults = faults_of(level)
    tasks = (task for fault in faults for task in (_which_step(fault), _which_rule(fault)))
    return Chapter(
        number=level,
        title=LEVELS[level],
        minutes=2 * len(faults),
        steps=tuple(tasks),
        in_short="Read every message for itself, then each value beside the ones it must equal.",
        each_alone=True,
    )


def right_steps(fault: PlantedFault) -> tuple[int, ...]:
    """The steps that may be named; first the one that the linter names."""
    return (found(fault).step, *fault.beside)


def exchange_told(fault: PlantedFault) -> str:
    """The whole exchange for a reader."""
    return "\n\n".join((EXCHANGES[fault.exchange].about, *step_texts(spoilt(fault))))


def options_of(fault: PlantedFault) -> tuple[Rule, ...]:
    """The right rule, and three that hold: of the same step where there are enough, some of them
    with a shorter title and some with a longer."""
    finding = found(fault)
    chance = random.Random(fault.rule)  # noqa: S311 - a choice, no secret
    here = [rule for rule, steps in finding.held if finding.step in steps]
    others = here if len(here) >= 2 * _OPTIONS else [rule for rule, _ in finding.held]
    size = len(finding.rule.manual.title)
    by_size = sorted(others, key=lambda rule: abs(len(rule.manual.title) - size))
    shorter = [rule for rule in by_size if len(rule.manual.title) < size]
    longer = [rule for rule in by_size if rule not in shorter]
    few = max(chance.randrange(_OPTIONS), _OPTIONS - 1 - len(longer))
    wanted = (*shorter[:few], *longer)[: _OPTIONS - 1]
    return (finding.rule, *wanted)


def rule_told(fault: PlantedFault) -> str:
    """What was found, and the page of its rule."""
    finding = found(fault)
    rule, manual = finding.rule, finding.rule.manual
    return "\n\n".join(
        (
            f"{rule.id}, {_with_article(finding.severity.value)}. {finding.text}",
            f"Rule: {manual.title}",
            f"Why: {manual.why}",
            f"What to do: {manual.mend}",
            f"     before  {manual.before}\n     after   {manual.after}",
            f"Source: {rule.source}",
        )
    )


def _with_article(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _which_step(fault: PlantedFault) -> Task:
    def asks(classroom: Classroom) -> str:
        return f"{exchange_told(fault)}\n\nOne thing in it is wrong. In which step?"

    def check(typed: str, classroom: Classroom) -> Feedback:
        given = _NUMBER.fullmatch(typed.strip())
        count = len(spoilt(fault).exchanges)
        if given is None or not 1 <= int(given[1]) <= count:
            return wrong(f"Type the number of a step, 1 to {count}.")
        if int(given[1]) in right_steps(fault):
            return right(f"It shows in step {given[1]}.")
        return wrong(f"The linter finds it in another step than {given[1]}.")

    return Task(
        asks=asks,
        check=check,
        answer=lambda classroom: str(found(fault).step),
        hints=(lambda classroom: f"It is about this: {CHAPTERS[fault.rule[:2]].lower()}.",),
        prompt="a step's number",
    )


def _which_rule(fault: PlantedFault) -> Task:
    def asks(classroom: Classroom) -> str:
        told = step_texts(spoilt(fault))[found(fault).step - 1]
        return f"{told}\n\nWhich of these rules does it break?"

    def options() -> tuple[tuple[str, str], ...]:
        first, *others = options_of(fault)
        held = "The linter judged that one too, and here it holds."
        return (
            (first.manual.title, rule_told(fault)),
            *((rule.manual.title, held) for rule in others),
        )

    def hint(classroom: Classroom) -> str:
        words = place(found(fault).where)
        return f"Look here: {words}." if words else "Count the messages of a whole sign-in."

    return late_choice(asks, options, count=_OPTIONS, correct=0, hint=hint)
