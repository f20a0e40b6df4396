"""Every program's files, each kind of client, each mistake: none is missed, none made up.

A producer turns exchanges into a file in its style; a mistake is a change of the exchanges and
the rule that it breaks. Each producer is shown some of the mistakes, and each mistake to some
producers, more of them where CI is set; with ENTRA_OAUTH_ALL_PRODUCERS=1 all to all.
"""

from __future__ import annotations

import os
from datetime import date
from functools import cache

import pytest

from entra_oauth.audit import case_of, lint
from entra_oauth.audit.inputs import file_case
from entra_oauth.audit.rules.all_rules import BY_ID, RULES
from entra_oauth.audit.verdict import VerdictKind
from entra_oauth.recording import Recording
from entra_oauth.recording.findings import Severity
from entra_oauth.recording.importing.entries import GivenFile
from kit.audit.client_kinds import RIGHT
from kit.audit.mistakes import MISTAKES, Mistake
from kit.audit.more_exchanges import EXTRA
from kit.audit.producers import PRODUCERS

ALL = os.environ.get("ENTRA_OAUTH_ALL_PRODUCERS", "") not in ("", "0")
TURNS = 4 if os.environ.get("CI") else 8
"""Each producer is shown one mistake of so many."""
TODAY = date(2025, 11, 25)
OF_THE_FILE = frozenset({"HR01", "HR02"})
"""Rules about a file, not about what passed."""
ELSEWHERE = {
    **dict.fromkeys(("AR03", "AR23", "AR24", "AR25", "AR27"), "notes, and what only one kind has"),
    **dict.fromkeys(("RR03", "RR06", "RR07", "RR08", "RR11", "RR12"), "need other redirects"),
    **dict.fromkeys(("RR13", "RR14", "RR15", "RR18", "RR19"), "need more pages"),
    **dict.fromkeys(("TR04", "TR15", "TR20", "TR22", "TR24", "TR30"), "another grant or wire"),
    **dict.fromkeys(("TS07", "TS08", "TS10", "TS14"), "need another answer before"),
    **dict.fromkeys(("ID02", "ID09", "RS04", "RS05"), "need keys, or a second request"),
    **dict.fromkeys(("AR16", "AR18"), "are notes on what is right here"),
    **dict.fromkeys(("DV01", "DV02", "DV03", "DV04", "DV05"), "the device flow has no redirect"),
}
"""Rules that `test_rules` trips, and why no mistake of a plain sign-in does."""
BLIND = {
    # These keep no times.
    "vcrpy": {"RR16", "ID05"},
    "curl's trace": {"RR16", "ID05"},
    "Burp": {"RR16", "ID05"},
}
"""Rules for which a producer's file has nothing to look at."""

Found = frozenset[tuple[str, Severity]]


@cache
def _right(kind: str) -> Recording:
    return RIGHT[kind]()


def _found(data: bytes) -> Found:
    report = lint(file_case(GivenFile(data=data)), today=TODAY)
    return frozenset((each.rule.id, each.severity) for each in report.failures())


@cache
def _in_our_own(kind: str, number: int | None) -> Found:
    """Findings of the same exchange in a recording of ours."""
    right = _right(kind)
    made = right if number is None else MISTAKES[number].change(right)
    report = lint(case_of(made), today=TODAY)
    return frozenset((each.rule.id, each.severity) for each in report.failures())


def _errors(found: Found) -> set[str]:
    return {rule for rule, severity in found if severity is not Severity.NOTE} - OF_THE_FILE


@pytest.mark.parametrize("kind", RIGHT)
@pytest.mark.parametrize("name", PRODUCERS)
def test_of_a_right_exchange_nothing_is_said_in_any_file(name: str, kind: str) -> None:
    assert _errors(_found(PRODUCERS[name](_right(kind)))) == set()


def _shown(name: str, kind: str) -> list[tuple[int, Mistake]]:
    """Some of the mistakes, others for each producer and client."""
    turn = [*PRODUCERS].index(name) + [*RIGHT].index(kind)
    return [
        (number, each)
        for number, each in enumerate(MISTAKES)
        if kind in each.kinds and (ALL or number % TURNS == turn % TURNS)
    ]


@pytest.mark.parametrize("kind", RIGHT)
@pytest.mark.parametrize("name", PRODUCERS)
def test_no_mistake_is_missed_and_none_is_made_up(name: str, kind: str) -> None:
    missed, made_up = [], {}
    for number, mistake in _shown(name, kind):
        found = _found(PRODUCERS[name](mistake.change(_right(kind))))
        if mistake.rule not in {rule for rule, _ in found} | BLIND.get(name, set()):
            missed.append(mistake.rule)
        if more := _errors(found) - _errors(_in_our_own(kind, number)):
            made_up[mistake.rule] = more
    assert (missed, made_up) == ([], {})


@pytest.mark.parametrize("name", BLIND)
def test_where_there_is_nothing_to_look_at_nothing_is_called_right(name: str) -> None:
    for mistake in (each for each in MISTAKES if each.rule in BLIND[name]):
        data = PRODUCERS[name](mistake.change(_right("native")))
        report = lint(file_case(GivenFile(data=data)), today=TODAY, rules=[BY_ID[mistake.rule]])
        assert VerdictKind.PASS not in {each.verdict.kind for each in report.judged}


def test_each_mistake_is_one_in_our_own_recording() -> None:
    for kind in RIGHT:
        assert _errors(_in_our_own(kind, None)) == set()
        for number, mistake in enumerate(MISTAKES):
            if kind in mistake.kinds:
                assert mistake.rule in {rule for rule, _ in _in_our_own(kind, number)}


def test_each_rule_has_a_mistake_or_a_reason() -> None:
    judged = {rule.id for rule in RULES} - set(EXTRA)
    assert judged - {mistake.rule for mistake in MISTAKES} - set(ELSEWHERE) == set()
    assert set(ELSEWHERE) <= judged
    assert not set(ELSEWHERE) & {mistake.rule for mistake in MISTAKES}


def test_there_are_twenty_producers_and_more() -> None:
    assert len(PRODUCERS) >= 20
    assert set(BLIND) <= set(PRODUCERS)
