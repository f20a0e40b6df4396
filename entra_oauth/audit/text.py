"""A report for people: the findings, the worst first, how to mend them, what was not judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from entra_oauth.audit.lint import ORDER
from entra_oauth.audit.rules.all_rules import NOT_JUDGED
from entra_oauth.audit.verdict import VerdictKind
from entra_oauth.errors import plain
from entra_oauth.recording.findings import Severity
from entra_oauth.recording.story import evidence_remark

if TYPE_CHECKING:
    from entra_oauth.audit.case import Case
    from entra_oauth.audit.lint import Judged, Report

__all__ = ["as_json", "findings", "place", "report_lines", "summary"]

_TITLES = {Severity.ERROR: "Errors", Severity.WARNING: "Warnings", Severity.NOTE: "Notes"}
_PARTS = {"query": "query", "form": "form", "headers": "header", "content": "body"}


def place(where: str) -> str:
    """A path in words: `/response/headers/pragma` is `answer header pragma`."""
    side, *rest = where.strip("/").split("/") if where.startswith("/") else ("",)
    words = ["answer"] if side == "response" else []
    return plain(" ".join([*words, *(_PARTS.get(part, part) for part in rest)]), limit=300)


def summary(case: Case) -> str:
    """One line that counts what was judged."""
    names = ", ".join(f"{item.number} {item.kind.value}" for item in case.items[:12])
    more = f" and {len(case.items) - 12} more" if len(case.items) > 12 else ""
    flows = "" if case.planned else f"; {_count(len(case.flows), 'flow')}"
    return f"Judged: {_count(len(case.items), 'step')} ({names}{more}){flows}."


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def findings(judged: Iterable[Judged]) -> Iterator[str]:
    """One line for each."""
    for each in judged:
        step = f"step {each.verdict.step}" if each.verdict.step is not None else "all"
        where = place(each.verdict.where)
        yield f"{each.rule.id}  {step}  {where + ': ' if where else ''}{plain(each.verdict.text)}"


def _in_full(judged: Iterable[Judged]) -> Iterator[tuple[int, str]]:
    """Three lines for each: where it is, how it should be, and what was found."""
    for each in judged:
        step = f"step {each.verdict.step}" if each.verdict.step is not None else "all"
        yield 2, "  ".join(filter(None, (each.rule.id, step, place(each.verdict.where))))
        yield 4, f"Rule: {each.rule.manual.title}"
        yield 4, f"Found: {plain(each.verdict.text)}"


def report_lines(report: Report) -> Iterator[tuple[int, str]]:
    """The lines of the whole report, each with the columns that it is indented by."""
    failures = report.failures()
    yield 0, summary(report.case)
    if remark := evidence_remark(report.case.evidence):
        yield 0, remark
    for severity in ORDER:
        found = [j for j in failures if j.severity is severity]
        if found:
            yield 0, ""
            yield 0, _TITLES[severity]
            yield from _in_full(found)
    if not failures:
        yield 0, "Nothing was found."
    else:
        yield 0, ""
        yield 0, "How to mend it"
    mended: set[str] = set()
    for each in failures:
        if each.rule.id not in mended:
            mended.add(each.rule.id)
            yield 2, f"{each.rule.id}  {each.rule.manual.mend} ({each.rule.source})"
    for each in failures:
        if each.lapsed is not None:
            yield 2, f"{each.rule.id}  Its waiver ended on {each.lapsed.until}."
    yield from _not_judged(report)


def _not_judged(report: Report) -> Iterator[tuple[int, str]]:
    waived = {j.rule.id: j.waiver for j in report.waived()}
    if waived:
        yield 0, ""
        yield 0, "Waived by the policy"
    for name, waiver in waived.items():
        if waiver is not None:
            yield 2, f"{name}  until {waiver.until}: {plain(waiver.reason)}"
    reasons: dict[str, list[str]] = {}
    for each in report.of(VerdictKind.UNDECIDABLE):
        reasons.setdefault(plain(each.verdict.text), []).append(each.rule.id)
    yield 0, ""
    yield 0, "What was judged, and what was not"
    passed = len({j.rule.id for j in report.of(VerdictKind.PASS)})
    silent = {j.rule.id for j in report.judged} - {
        j.rule.id for j in report.judged if j.verdict.kind is not VerdictKind.NOT_APPLICABLE
    }
    yield 2, f"{_count(passed, 'rule')} held somewhere; {len(silent)} had nothing to look at."
    for reason, names in reasons.items():
        yield 2, f"Undecidable, because {reason}: {', '.join(dict.fromkeys(names))}."
    if report.off:
        yield 2, f"Switched off by the policy: {', '.join(report.off)}."
    yield 2, f"Not implemented: {', '.join(NOT_JUDGED)}."


def as_json(report: Report, source: str) -> dict[str, object]:
    """The whole report: every verdict, with its reason."""
    return {
        "schema": "entra-oauth/lint/1",
        "source": source,
        "authority": evidence_remark(report.case.evidence) or None,
        "steps": [{"step": i.number, "leg": i.kind.value} for i in report.case.items],
        "flows": [[item.number for item in flow.items] for flow in report.case.flows],
        "findings": [_as_json(j) for j in report.failures()],
        "waived": [_as_json(j) for j in report.waived()],
        "verdicts": [_as_json(j) for j in report.judged],
        "off": list(report.off),
        "not_implemented": dict(NOT_JUDGED),
    }


def _as_json(judged: Judged) -> dict[str, object]:
    manual, waiver = judged.rule.manual, judged.waiver
    members: dict[str, object] = {
        "rule": judged.rule.id,
        "outcome": judged.verdict.kind.value,
        "step": judged.verdict.step,
        "where": judged.verdict.where or None,
        "text": judged.verdict.text or None,
    }
    if judged.verdict.kind is VerdictKind.FAIL:
        members |= {
            "severity": judged.severity.value,
            "expected": manual.title,
            "source": judged.rule.source,
            "mend": manual.mend,
        }
    if waiver is not None:
        members["waiver"] = {"reason": waiver.reason, "until": waiver.until.isoformat()}
    return members
