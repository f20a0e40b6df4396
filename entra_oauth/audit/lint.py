"""The rules run over a recording, and the report of their verdicts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from entra_oauth.audit.policy import OFF, Policy, Waiver
from entra_oauth.audit.rules.all_rules import RULES
from entra_oauth.audit.verdict import Verdict, VerdictKind
from entra_oauth.recording.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from entra_oauth.audit.case import Case
    from entra_oauth.audit.rules.rule import Rule

__all__ = ["ORDER", "Judged", "Report", "findings_of", "lint"]

ORDER = (Severity.ERROR, Severity.WARNING, Severity.NOTE)
"""The worst first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One verdict of one rule, with what the policy makes of it."""

    rule: Rule
    verdict: Verdict
    severity: Severity
    waiver: Waiver | None = None
    """The waiver that lets it pass today."""
    lapsed: Waiver | None = None
    """One that did, and no longer does."""

    @property
    def counts(self) -> bool:
        """True for a finding that nobody has waived."""
        return self.verdict.kind is VerdictKind.FAIL and self.waiver is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All verdicts on one recording."""

    case: Case
    judged: tuple[Judged, ...]
    off: tuple[str, ...] = ()
    """Rules that the policy switches off."""

    def failures(self) -> tuple[Judged, ...]:
        """The findings, the worst first, then by rule and step."""
        found = [j for j in self.judged if j.counts]
        return tuple(sorted(found, key=lambda j: (ORDER.index(j.severity), _place(j))))

    def waived(self) -> tuple[Judged, ...]:
        return tuple(j for j in self.judged if j.waiver is not None)

    def of(self, kind: VerdictKind) -> tuple[Judged, ...]:
        return tuple(j for j in self.judged if j.verdict.kind is kind)

    def at_least(self, severity: Severity) -> bool:
        """True if there is a finding that bad or worse."""
        limit = ORDER.index(severity)
        return any(ORDER.index(j.severity) <= limit for j in self.failures())


def _place(judged: Judged) -> tuple[int, int]:
    return RULES.index(judged.rule), judged.verdict.step or 0


def lint(case: Case, *, today: date, rules: Sequence[Rule] = RULES) -> Report:
    """Run every rule. `today` is for the policy's waivers."""
    policy = case.policy or Policy()
    off = tuple(name for name, level in policy.levels.items() if level == OFF)
    judged: list[Judged] = []
    for rule in rules:
        if rule.id not in off:
            judged += [_judged(rule, verdict, policy, today) for verdict in rule.judge(case)]
    return Report(case=case, judged=tuple(judged), off=off)


def _judged(rule: Rule, verdict: Verdict, policy: Policy, today: date) -> Judged:
    level = policy.levels.get(rule.id)
    severity = Severity(level) if level else verdict.severity or rule.severity
    done = Judged(rule=rule, verdict=verdict, severity=severity)
    waiver = policy.waiver(rule.id)
    if waiver is None or verdict.kind is not VerdictKind.FAIL:
        return done
    return replace(done, waiver=waiver) if waiver.holds(today) else replace(done, lapsed=waiver)


def findings_of(report: Report) -> tuple[Finding, ...]:
    """The findings as reports show them, those that nobody can decide last."""
    found = (_finding(each, each.severity, each.verdict.text) for each in report.failures())
    open_ones = (
        _finding(
            each, Severity.UNDECIDABLE, f"{each.verdict.text[:1].upper()}{each.verdict.text[1:]}."
        )
        for each in report.of(VerdictKind.UNDECIDABLE)
    )
    return (*found, *open_ones)


def _finding(judged: Judged, severity: Severity, text: str) -> Finding:
    return Finding(
        id=judged.rule.id,
        severity=severity,
        step=judged.verdict.step,
        rule=judged.rule.manual.title,
        text=text,
        source=judged.rule.source,
        mend=judged.rule.manual.mend if severity is not Severity.UNDECIDABLE else "",
    )
