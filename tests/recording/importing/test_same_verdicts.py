"""Verdicts before and after redaction agree, or become undecidable: in every kind of file.

A file is judged with its secrets, and as the recording that an import makes of it. With
ENTRA_OAUTH_ALL_PRODUCERS=1 every mistake is tried in every file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from functools import cache, partial

import pytest

from entra_oauth.audit import case_of, lint
from entra_oauth.audit.case import Case, case_of_evidence
from entra_oauth.audit.inputs import file_case
from entra_oauth.audit.rules.all_rules import BY_ID
from entra_oauth.audit.verdict import VerdictKind
from entra_oauth.recording import Recording
from entra_oauth.recording.har.har_select import import_foreign, numbered_as_in_file
from entra_oauth.recording.importing.entries import GivenFile
from entra_oauth.recording.importing.readers import read_given
from entra_oauth.recording.save import evidence_of
from entra_oauth.recording.step import Evidence, Level
from kit.audit.client_kinds import RIGHT
from kit.audit.mistakes import MISTAKES
from kit.audit.producers import PRODUCERS
from kit.foreign.files import MESSAGES, curl_verbose

TODAY = date(2025, 11, 25)
TURNS = 1 if os.environ.get("ENTRA_OAUTH_ALL_PRODUCERS", "") not in ("", "0") else 16
"""Each file is shown one mistake of so many."""
OF_THE_FILE = frozenset({"HR01", "HR02"})
"""Rules about a file, not about what passed."""
LEVELS = (Level.SECRETS, Level.PII)
Verdicts = dict[tuple[str, int | None], set[VerdictKind]]


def _verdicts(case: Case) -> Verdicts:
    found: Verdicts = {}
    for judged in lint(case, today=TODAY).judged:
        if judged.rule.id not in OF_THE_FILE:
            place = (judged.rule.id, judged.verdict.step)
            found.setdefault(place, set()).add(judged.verdict.kind)
    return found


def _differences(before: Verdicts, after: Verdicts) -> dict[object, object]:
    """Verdicts of the second that the first does not bear out."""
    unsure = {rule for (rule, _), kinds in after.items() if VerdictKind.UNDECIDABLE in kinds}
    made_up = {
        place: kinds - before.get(place, set()) - {VerdictKind.UNDECIDABLE}
        for place, kinds in after.items()
    }
    # Of a step that is not kept nothing can be said, and that is said.
    lost = {place for place in before if place not in after and place[0] not in unsure}
    return {**{place: kinds for place, kinds in made_up.items() if kinds}, **dict.fromkeys(lost)}


@cache
def _right(kind: str) -> Recording:
    return RIGHT[kind]()


def _shown(kind: str, turn: int) -> list[Recording]:
    """The right exchange, and some that have a mistake."""
    some = [
        each.change(_right(kind))
        for number, each in enumerate(MISTAKES)
        if kind in each.kinds and number % TURNS == turn % TURNS
    ]
    return [_right(kind), *some]


def _imported(data: bytes, level: Level) -> Evidence:
    file = read_given(GivenFile(data=data))
    return numbered_as_in_file(import_foreign(file, level=level, created_at=1.0, facts={}))


def _compare(before: Case, redact: Callable[[Level], Evidence]) -> dict[object, object]:
    verdicts = _verdicts(before)
    found = [_differences(verdicts, _verdicts(case_of_evidence(redact(level)))) for level in LEVELS]
    return found[0] | found[1]


@pytest.mark.parametrize("kind", RIGHT)
@pytest.mark.parametrize("name", PRODUCERS)
def test_a_file_is_judged_alike_with_its_secrets_and_without(name: str, kind: str) -> None:
    turn = 5 * [*PRODUCERS].index(name) + [*RIGHT].index(kind)
    for made in _shown(kind, turn):
        data = PRODUCERS[name](made)
        case = file_case(GivenFile(data=data))
        assert _compare(case, partial(_imported, data)) == {}


@pytest.mark.parametrize("kind", RIGHT)
@pytest.mark.parametrize("turn", range(0, 16, 4))
def test_a_recording_of_our_own_is_judged_alike(kind: str, turn: int) -> None:
    for made in _shown(kind, turn):
        redacted = {each: evidence_of(made, level=each, created_at=1.0) for each in LEVELS}
        assert _compare(case_of(made), redacted.__getitem__) == {}


def test_what_curl_shows_with_v_is_judged_alike() -> None:
    data = curl_verbose(MESSAGES)
    case = file_case(GivenFile(data=data))
    assert _compare(case, partial(_imported, data)) == {}


def test_where_a_redirect_led_the_token_request_is_kept() -> None:
    (mistake,) = (each for each in MISTAKES if each.rule == "TR23")
    data = PRODUCERS["Fiddler's archive"](mistake.change(_right("native")))
    done = import_foreign(
        read_given(GivenFile(data=data)), level=Level.SECRETS, created_at=1.0, facts={}
    )
    assert "followed" in [kind for _, kind in done.taken]
    found = lint(case_of_evidence(done.evidence), today=TODAY, rules=[BY_ID["TR23"]])
    assert VerdictKind.FAIL in [judged.verdict.kind for judged in found.judged]


def test_a_verdict_that_turns_or_goes_is_a_difference() -> None:
    passes, fails, unsure = ({each} for each in (VerdictKind.PASS, VerdictKind.FAIL, _UNSURE))
    assert _differences({("AR01", 1): fails}, {("AR01", 1): passes}) == {("AR01", 1): passes}
    assert _differences({("AR01", 1): fails}, {}) == {("AR01", 1): None}
    assert _differences({("AR01", 1): fails}, {("AR01", None): unsure}) == {}
    assert _differences({("AR01", 1): fails}, {("AR01", 1): unsure}) == {}
    assert _differences({}, {("AR01", 1): passes}) == {("AR01", 1): passes}


_UNSURE = VerdictKind.UNDECIDABLE
