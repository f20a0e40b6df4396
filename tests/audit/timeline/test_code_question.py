"""Was this code redeemed by anyone else? Answered where that can be told, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.audit.case import Case, case_of_evidence
from entra_oauth.audit.inputs import har_case
from entra_oauth.audit.timeline.code_question import Answer, AnswerKind, answer
from entra_oauth.audit.timeline.exported_log import Export, read_export
from entra_oauth.audit.timeline.join_sources import SeenBy, Timeline, log_filter, timeline_of
from entra_oauth.audit.timeline.seen_sign_in import Redemption, SeenSignIn
from entra_oauth.audit.timeline.sign_in_rows import SignInRow
from entra_oauth.audit.timeline.timeline_text import is_calm
from entra_oauth.errors import UsageError
from entra_oauth.protocol.messages import HttpRequest
from entra_oauth.recording.save import evidence_of
from entra_oauth.recording.step import Level
from kit.audit import timelines
from kit.audit.timelines import Scene

LATE = 9_000.0
Make = Callable[[], Scene]


def joined(
    scene: Scene, tmp_path: Path, *, log: dict[str, Any] | None = None, case: Case | None = None
) -> Timeline:
    case = scene.case if case is None else case
    browser = har_case(json.dumps(scene.har()).encode())
    file = tmp_path / "export.json"
    file.write_text(json.dumps(scene.log() if log is None else log), encoding="utf-8")
    seen = log_filter(case, browser)
    export = read_export(file, lambda row: any(each.concerns(row) for each in seen))
    return timeline_of(case, browser, export)


SCENES: list[tuple[Make, float, AnswerKind]] = [
    (timelines.honest, LATE, AnswerKind.NO),
    (timelines.honest, 0, AnswerKind.UNDECIDABLE),
    (timelines.stolen, LATE, AnswerKind.YES),
    (timelines.stolen, 0, AnswerKind.YES),
    (timelines.never_arrived, LATE, AnswerKind.YES),
    (timelines.never_arrived, 0, AnswerKind.YES),
    (timelines.tried_again, LATE, AnswerKind.TRIED),
]


@pytest.mark.parametrize(("make", "late", "kind"), SCENES)
def test_a_stolen_code_is_flagged_and_an_honest_one_is_not(
    make: Make, late: float, kind: AnswerKind, tmp_path: Path
) -> None:
    scene = make()
    if late:
        scene.later(late)
    timeline = joined(scene, tmp_path)
    assert [each.kind for each in timeline.answers] == [kind]
    assert is_calm(timeline) is (kind is AnswerKind.NO)
    flagged = [event.source for event in timeline.events if event.flagged]
    assert (SeenBy.LOG in flagged) is (kind in (AnswerKind.YES, AnswerKind.TRIED))


def test_a_redacted_recording_gives_the_same_answers(tmp_path: Path) -> None:
    for make, late, kind in SCENES:
        scene = make()
        if late:
            scene.later(late)
        evidence = evidence_of(scene.recording, level=Level.SECRETS, created_at=scene.now)
        timeline = joined(scene, tmp_path, case=case_of_evidence(evidence))
        assert [each.kind for each in timeline.answers] == [kind], make


def test_without_a_log_it_is_undecidable() -> None:
    timeline = timeline_of(timelines.honest().case, None, None)
    (found,) = timeline.answers
    assert (found.kind, found.why) == (AnswerKind.UNDECIDABLE, "No sign-in log was given.")


def test_a_young_log_says_from_when_on_it_can_tell(tmp_path: Path) -> None:
    scene = timelines.honest()
    (found,) = joined(scene, tmp_path).answers
    redirect = next(i for i in scene.case.items if i.kind.value == "redirect")
    assert found.until == redirect.step.started_at + 600 + 7_200


def test_the_first_version_of_the_log_cannot_tell_sessions(tmp_path: Path) -> None:
    scene = timelines.never_arrived()
    scene.later(LATE)
    (found,) = joined(scene, tmp_path, log=scene.log("v1.0")).answers
    assert found.kind is AnswerKind.UNDECIDABLE
    assert "session" in found.why


def test_an_export_of_interactive_rows_alone_decides_nothing(tmp_path: Path) -> None:
    scene = timelines.honest()
    scene.later(LATE)
    log = scene.log()
    log["value"] = [row for row in log["value"] if row["isInteractive"]]
    (found,) = joined(scene, tmp_path, log=log).answers
    assert found.kind is AnswerKind.UNDECIDABLE
    assert "without a person" in found.why


def test_an_export_without_the_own_redemption_decides_nothing(tmp_path: Path) -> None:
    scene = timelines.honest()
    scene.later(LATE)
    other = timelines.honest()
    log = scene.log()
    rows = [row for row in other.log()["value"] if not row["isInteractive"]]
    log["value"] = [row for row in log["value"] if row["isInteractive"]]
    log["value"] += [{**row, "userId": "0" * 8 + rows[0]["userId"][8:]} for row in rows]
    (found,) = joined(scene, tmp_path, log=log).answers
    assert found.kind is AnswerKind.UNDECIDABLE


def test_recording_browser_and_log_stand_in_one_list_and_say_by_what(tmp_path: Path) -> None:
    scene = timelines.honest()
    scene.later(LATE)
    events = joined(scene, tmp_path).events
    assert [event.at for event in events] == sorted(event.at for event in events)
    by = {(event.source, event.joined_by) for event in events}
    assert (SeenBy.BROWSER, "state") in by
    assert {(SeenBy.LOG, "uti"), (SeenBy.LOG, "session")} <= by


def test_a_recording_without_a_code_has_no_timeline() -> None:
    scene = timelines.honest()
    (_, _, token) = scene.recording.exchanges
    call = HttpRequest(
        method="GET", url="https://api.example/me", headers=(("Authorization", "Bearer x"),)
    )
    only_api = replace(token, request=call, wire=None)
    case = case_of_evidence(
        evidence_of(type(scene.recording)((only_api,)), level=Level.NONE, created_at=0.0)
    )
    with pytest.raises(UsageError):
        log_filter(case, None)


# ---- by single rows ---------------------------------------------------------------------

AT = 1_767_268_800.0
OWN = "11111111-1111-4111-8111-111111111100"
SEEN = SeenSignIn(
    started_at=AT - 60,
    ended_at=AT + 5,
    code_at=AT,
    code_arrived=True,
    is_public=True,
    redemptions=(Redemption(step=3, at=AT + 1, ok=True, errors=frozenset()),),
    request_ids=frozenset([OWN]),
    utis=frozenset(),
    correlation_ids=frozenset(),
    sessions=frozenset(["s1"]),
    clients=frozenset(["app"]),
    people=frozenset(["person"]),
)
PERSON = SignInRow(at=AT - 5, id="p", session_id="s1", interactive=True, error=0, ip="192.0.2.1")
MINE = SignInRow(at=AT + 1, id=OWN, session_id="s1", interactive=False, error=0, ip="192.0.2.1")
OTHER = replace(MINE, at=AT + 60, id="other", ip="198.51.100.9")


def asked(*rows: SignInRow, seen: SeenSignIn = SEEN, newest: float = AT + 8_000) -> Answer:
    export = Export(
        rows=rows,
        count=len(rows),
        unreadable=0,
        newest=newest,
        has_redemptions=any(row.interactive is False for row in rows),
        form="Graph JSON",
    )
    return answer(seen, export, exported_at=None)


NOT_REDEEMED = replace(SEEN, redemptions=(), request_ids=frozenset())
WEB = replace(SEEN, is_public=False)
UNKNOWN = replace(SEEN, is_public=None)
ROWS = [
    ((PERSON, MINE), SEEN, AnswerKind.NO),
    ((PERSON, MINE, OTHER), SEEN, AnswerKind.YES),
    # Of an app that proves itself the log shows the person's address: it tells nothing.
    ((PERSON, MINE, OTHER), WEB, AnswerKind.UNDECIDABLE),
    ((PERSON, MINE, OTHER), UNKNOWN, AnswerKind.UNDECIDABLE),
    ((PERSON, MINE), WEB, AnswerKind.NO),
    ((PERSON, MINE, replace(OTHER, ip=MINE.ip)), SEEN, AnswerKind.UNDECIDABLE),
    ((PERSON, MINE, replace(OTHER, ip="")), SEEN, AnswerKind.UNDECIDABLE),
    ((PERSON, MINE, replace(OTHER, session_id="s2")), SEEN, AnswerKind.NO),
    ((PERSON, MINE, replace(OTHER, session_id="")), SEEN, AnswerKind.UNDECIDABLE),
    ((PERSON, MINE, replace(OTHER, incoming_token="refreshToken")), SEEN, AnswerKind.NO),
    ((PERSON, MINE, replace(OTHER, at=AT + 1_000)), SEEN, AnswerKind.NO),
    ((PERSON, MINE, replace(OTHER, interactive=None)), SEEN, AnswerKind.UNDECIDABLE),
    ((PERSON, MINE, replace(OTHER, interactive=True)), SEEN, AnswerKind.NO),
    ((PERSON, MINE, replace(OTHER, error=54005)), SEEN, AnswerKind.TRIED),
    ((PERSON, MINE, replace(OTHER, error=54005)), WEB, AnswerKind.TRIED),
    ((PERSON, OTHER), NOT_REDEEMED, AnswerKind.YES),
    ((PERSON, OTHER), replace(NOT_REDEEMED, is_public=False), AnswerKind.YES),
    ((PERSON, replace(OTHER, error=50126)), NOT_REDEEMED, AnswerKind.UNDECIDABLE),
    ((PERSON,), SEEN, AnswerKind.UNDECIDABLE),
    ((), SEEN, AnswerKind.UNDECIDABLE),
]


@pytest.mark.parametrize(("rows", "seen", "kind"), ROWS)
def test_rows_decide(rows: tuple[SignInRow, ...], seen: SeenSignIn, kind: AnswerKind) -> None:
    assert asked(*rows, seen=seen).kind is kind


@pytest.mark.parametrize("newest", [AT, AT + 600, AT + 7_799])
def test_within_the_delay_no_is_never_the_answer(newest: float) -> None:
    found = asked(PERSON, MINE, newest=newest)
    assert (found.kind, found.until) == (AnswerKind.UNDECIDABLE, AT + 7_800)


def test_the_word_of_whoever_exported_the_log_counts() -> None:
    export = Export(
        rows=(PERSON, MINE), count=2, unreadable=0, newest=AT, has_redemptions=True, form="x"
    )
    assert answer(SEEN, export, exported_at=AT + 7_800).kind is AnswerKind.NO
    assert answer(SEEN, export, exported_at=AT + 7_799).kind is AnswerKind.UNDECIDABLE


def test_of_two_sign_ins_at_one_time_neither_is_taken_for_the_other() -> None:
    unknown = replace(NOT_REDEEMED, sessions=frozenset(), people=frozenset())
    second = replace(PERSON, id="q", session_id="s2", user_id="another")
    assert asked(PERSON, second, OTHER, seen=unknown).kind is AnswerKind.UNDECIDABLE
    assert asked(PERSON, OTHER, seen=unknown).kind is AnswerKind.YES
