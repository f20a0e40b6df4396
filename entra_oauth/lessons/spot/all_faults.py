"""All faults, by level, and what the linter says of one."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from entra_oauth.audit import case_of, lint
from entra_oauth.audit.verdict import VerdictKind
from entra_oauth.lessons.spot.back_faults import BACK_FAULTS
from entra_oauth.lessons.spot.front_faults import FRONT_FAULTS
from entra_oauth.lessons.spot.recorded_exchanges import recording_of
from entra_oauth.lessons.spot.token_faults import TOKEN_FAULTS

if TYPE_CHECKING:
    from entra_oauth.audit.rules.rule import Rule
    from entra_oauth.lessons.spot.planted_fault import PlantedFault
    from entra_oauth.recording import Recording
    from entra_oauth.recording.findings import Severity

__all__ = ["FAULTS", "FoundFault", "faults_of", "found", "spoilt"]

FAULTS = (*FRONT_FAULTS, *BACK_FAULTS, *TOKEN_FAULTS)

_ANY_DAY = date(2026, 1, 1)
"""Waivers are asked of the day; there is no policy here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFault:
    """The linter's word on a recording with a fault."""

    rule: Rule
    step: int
    severity: Severity
    where: str
    """A path, such as `/request/query/state`."""
    text: str
    """A sentence: what was found."""
    held: tuple[tuple[Rule, tuple[int, ...]], ...]
    """The rules that hold in it, each with its steps."""


def faults_of(level: int) -> tuple[PlantedFault, ...]:
    """The faults of a level, in an order that is not that of the rules, and the same each time."""
    chosen = [fault for fault in FAULTS if fault.level == level]
    random.Random(level).shuffle(chosen)  # noqa: S311 - an order, no secret
    return tuple(chosen)


def spoilt(fault: PlantedFault) -> Recording:
    """The exchange with the fault in it."""
    return fault.mutation(recording_of(fault.exchange))


@cache
def found(fault: PlantedFault) -> FoundFault:
    """The linter's finding. Raises `ValueError` where it does not find that fault."""
    report = lint(case_of(spoilt(fault)), today=_ANY_DAY)
    failures = report.failures()
    failed = {each.rule.id for each in failures}
    passed: dict[Rule, list[int]] = {}
    for each in report.of(VerdictKind.PASS):
        if each.rule.id not in failed:
            passed.setdefault(each.rule, []).append(each.verdict.step or 0)
    for each in failures:
        if each.rule.id == fault.rule:
            return FoundFault(
                rule=each.rule,
                step=each.verdict.step or 0,
                severity=each.severity,
                where=each.verdict.where,
                text=each.verdict.text,
                held=tuple((rule, tuple(steps)) for rule, steps in passed.items()),
            )
    raise ValueError(f"the linter does not find {fault.rule}")
