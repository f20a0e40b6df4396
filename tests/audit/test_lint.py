"""Findings on whole exchanges: the article's, a hardened sign-in, Entra's own answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.audit import Case, case_of, case_of_evidence, findings_of, lint
from entra_oauth.audit.classify import StepKind
from entra_oauth.audit.policy import read_policy
from entra_oauth.audit.rules.all_rules import BY_ID
from entra_oauth.audit.sarif import sarif_of
from entra_oauth.audit.text import as_json, place, report_lines, summary
from entra_oauth.audit.verdict import VerdictKind
from entra_oauth.errors import plain
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, DATABRICKS
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import HttpResponse
from entra_oauth.recording import Recording
from entra_oauth.recording.findings import Severity
from entra_oauth.recording.redaction.leak_search import leaks
from entra_oauth.recording.redaction.secrets import live_secrets
from entra_oauth.recording.save import evidence_of
from entra_oauth.recording.step import Level
from kit.audit.changes import query
from kit.audit.exchanges import ARTICLE_STATE, article, at_entra, json_answer, practised, step
from kit.audit.more_exchanges import BASES, device, token_request

TODAY = date(2026, 11, 25)
SCOPE = f"{DATABRICKS}/.default"
ARTICLES = {"AR04": "error", "AR08": "error", "AR18": "warning", "TR18": "note"}
"""What is wrong with the article's exchange."""
OF_THE_PLACE = {"AR01", "AR16", "TR01"}
"""Notes on http to this machine, and on the name localhost."""


_WORST_FIRST = ["error", "warning", "note"]


def _found(case: Case) -> dict[str, str]:
    return {j.rule.id: j.severity.value for j in lint(case, today=TODAY).failures()}


def _redacted(recording: Recording, level: Level = Level.SECRETS) -> Case:
    return case_of_evidence(evidence_of(recording, level=level, created_at=1.0))


@pytest.mark.parametrize("shown", [case_of, _redacted], ids=["as it was", "redacted"])
@pytest.mark.parametrize(
    "recording",
    [article, lambda: practised(Procedure.ARTICLE, ARTICLE_STATE)],
    ids=["as printed", "on the practice tenant"],
)
def test_the_articles_exchange_has_these_findings_and_no_other(recording: Any, shown: Any) -> None:
    found = _found(shown(recording()))
    assert {n: s for n, s in found.items() if n not in OF_THE_PLACE} == ARTICLES
    assert all(found[name] == "note" for name in OF_THE_PLACE & set(found))


@pytest.mark.parametrize("level", list(Level))
def test_a_hardened_sign_in_has_notes_of_its_place_only(level: Level) -> None:
    recording = practised(Procedure.HARDENED)
    found = _found(_redacted(recording, level) if level is not Level.NONE else case_of(recording))
    assert found == dict.fromkeys(sorted(OF_THE_PLACE), "note")


def test_over_tls_at_entra_only_the_name_localhost_is_left() -> None:
    found = _found(case_of(at_entra(practised(Procedure.HARDENED))))
    # The tokens are the practice tenant's, so they name another issuer than that host.
    assert set(found) - {"ID03", "RS03"} == {"AR16"}


def _answers() -> list[dict[str, Any]]:
    path = Path(__file__).parents[1] / "vectors" / "entra_answers.json"
    answers = json.loads(path.read_text(encoding="utf-8"))
    return [a for a in answers if a["endpoint"] == "token" and isinstance(a["body"], dict)]


@pytest.mark.parametrize("answer", _answers(), ids=lambda a: str(a["name"]))
def test_a_recorded_answer_of_entra_is_not_scolded(answer: dict[str, Any]) -> None:
    fields = {"client_id": ARTICLE_CLIENT_ID, "grant_type": "refresh_token", "refresh_token": "x"}
    refusal = json_answer(answer["body"], answer["status"])
    recording = Recording((token_request(fields, response=refusal),))
    assert set(_found(case_of(recording)).values()) <= {"note"}


GRANTED: list[dict[str, object]] = [
    # An app's own token, August 2026; with a federated assertion, February 2025.
    {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": "eyJ0…"},
    {"token_type": "Bearer", "expires_in": 86399, "ext_expires_in": 86399, "access_token": "eyJ0…"},
]


@pytest.mark.parametrize("members", GRANTED)
def test_a_recorded_token_answer_of_entra_is_not_scolded(members: dict[str, object]) -> None:
    fields = {
        "client_id": ARTICLE_CLIENT_ID,
        "grant_type": "client_credentials",
        "scope": SCOPE,
        "client_secret": "s3cret",
    }
    recording = Recording((token_request(fields, response=json_answer(members)),))
    assert set(_found(case_of(recording)).values()) <= {"note"}


def test_a_device_flow_as_entra_answered_it_is_not_scolded() -> None:
    assert _found(case_of(device())) == {}
    assert _found(_redacted(device())) == {}


# ---- flows -----------------------------------------------------------------------------


def test_two_sign_ins_that_overlap_are_told_apart_by_state_and_code() -> None:
    one = practised(Procedure.HARDENED).exchanges
    other = practised(Procedure.ARTICLE).exchanges
    mixed = [e for pair in zip(one, other, strict=False) for e in pair]
    mixed += [*one[len(other) :], *other[len(one) :]]
    case = case_of(Recording(tuple(mixed)))
    assert len(case.flows) == 2
    for flow in case.flows:
        assert flow.authorize is not None
        assert flow.redirect is not None
        assert flow.authorize.get("state") == flow.redirect.get("state")
        (token,) = flow.tokens()
        assert token.get("code") == flow.redirect.get("code")
    found = _found(case)
    assert not {n for n, s in found.items() if s != "note"} - {"AR18", "AR04"}


def test_what_is_missing_makes_rules_undecidable_and_is_said() -> None:
    whole = practised(Procedure.HARDENED)
    late = Recording(tuple(e for e in whole.exchanges if e.channel == "back"))
    report = lint(case_of(late), today=TODAY)
    undecided = {j.rule.id for j in report.of(VerdictKind.UNDECIDABLE)}
    assert {"AR04", "AR08", "RR01", "TR05", "TR06", "TR07", "TR08", "ID06"} <= undecided
    (missing,) = [j for j in report.failures() if j.rule.id == "HR03"]
    assert missing.verdict.text == "Not in it: authorize request, redirect."
    assert not {"AR04", "TR08"} & {j.rule.id for j in report.of(VerdictKind.PASS)}


def test_a_redirect_that_was_answered_with_an_error_was_not_taken() -> None:
    late = step(
        "accepted", "GET", "http://localhost/?code=x&state=y", response=HttpResponse(status=400)
    )
    case = case_of(Recording((*article().exchanges, late)))
    assert len(case.all(StepKind.UNSOLICITED)) == 1
    assert "RR18" not in _found(case)


# ---- for people, and for the report -----------------------------------------------------


def test_the_worst_comes_first_and_each_finding_is_mended_once() -> None:
    lines = [line for _, line in report_lines(lint(case_of(article()), today=TODAY))]
    titles = ["Errors", "Warnings", "Notes", "How to mend it", "What was judged, and what was not"]
    assert [line for line in lines if line in titles] == titles
    mended = lines[lines.index("How to mend it") + 1 :]
    assert [line[:4] for line in mended[:5]] == ["AR04", "AR08", "AR18", "AR16", "TR18"]
    assert any("Undecidable, because the browser's own requests" in line for line in lines)
    assert lines[-1] == "Not implemented: TR25."


def test_findings_are_in_the_order_of_their_level_rule_and_step() -> None:
    recording = Recording((*article().exchanges, *practised(Procedure.ARTICLE).exchanges))
    report = lint(case_of(recording), today=TODAY)
    placed = [(j.severity.value, j.rule.id, j.verdict.step or 0) for j in report.failures()]
    assert len({rule for _, rule, _ in placed}) < len(placed)
    order, ids = ["error", "warning", "note"], list(BY_ID)
    assert placed == sorted(placed, key=lambda p: (order.index(p[0]), ids.index(p[1]), p[2]))
    first = report.failures()[0]
    of_all = replace(first, verdict=replace(first.verdict, step=None))
    turned = replace(report, judged=(*report.judged[::-1], of_all)).failures()
    assert turned == (of_all, *report.failures())


def test_a_finding_has_its_place_and_below_it_the_rule_and_what_was_found() -> None:
    practised_lines = list(report_lines(lint(case_of(practised(Procedure.ARTICLE)), today=TODAY)))
    assert practised_lines[1][0] == 0
    assert practised_lines[1][1].startswith("PRACTICE: ")
    lines = list(report_lines(lint(case_of(article()), today=TODAY)))
    at = lines.index((0, "Errors"))
    assert lines[at + 1][0] == 2
    assert lines[at + 1][1].startswith("AR04  step 1")
    assert [(columns, line.partition(": ")[0]) for columns, line in lines[at + 2 : at + 4]] == [
        (4, "Rule"),
        (4, "Found"),
    ]
    assert lines[at + 4][0] == 2


def test_a_finding_is_at_least_as_bad_as_itself() -> None:
    for name, level in ARTICLES.items():
        report = lint(case_of(article()), today=TODAY, rules=[BY_ID[name]])
        bad = [severity.value for severity in Severity if severity.value in _WORST_FIRST]
        reached = [each for each in bad if report.at_least(Severity(each))]
        assert sorted(reached) == sorted(_WORST_FIRST[_WORST_FIRST.index(level) :])


def test_rules_that_held_and_rules_that_had_nothing_to_look_at_are_counted() -> None:
    report = lint(case_of(article()), today=TODAY)
    kinds: dict[str, set[VerdictKind]] = {}
    for each in report.judged:
        kinds.setdefault(each.rule.id, set()).add(each.verdict.kind)
    held = sum(VerdictKind.PASS in found for found in kinds.values())
    silent = sum(found == {VerdictKind.NOT_APPLICABLE} for found in kinds.values())
    line = f"{held} rules held somewhere; {silent} had nothing to look at."
    assert (2, line) in list(report_lines(report))


def test_what_stands_below_a_title_is_indented_and_the_findings_further_in() -> None:
    policy = read_policy(
        '[levels]\nTR18 = "off"\n'
        '[[waivers]]\nrule = "AR04"\nreason = "x"\nuntil = 2026-12-31\n'
        '[[waivers]]\nrule = "AR08"\nreason = "x"\nuntil = 2025-12-31\n',
        BY_ID,
    )
    recording = practised(Procedure.ARTICLE, ARTICLE_STATE)
    lines = list(report_lines(lint(case_of(recording, policy=policy), today=TODAY)))
    found = lines.index((0, "How to mend it"))
    for at, (columns, line) in enumerate(lines):
        starts = at < 2 or not line or lines[at - 1] == (0, "")
        inside = line.startswith(("Rule: ", "Found: ")) and at < found
        assert columns == (0 if starts else 4 if inside else 2), line
    told = "\n".join(line for _, line in lines[found:])
    for words in ("Its waiver ended", "AR04  until", "Switched off", "Not implemented: TR25."):
        assert words in told


@pytest.mark.parametrize(("count", "words"), [(1, ""), (12, ""), (13, " and 1 more")])
def test_twelve_steps_are_named_and_of_more_the_number_is_told(count: int, words: str) -> None:
    asked = step("token", "POST", "https://a.example/oauth2/token")
    steps = [replace(asked, started_at=at, ended_at=at) for at in range(count)]
    named = ", ".join(f"{number} token" for number in range(1, min(count, 12) + 1))
    several = "" if count == 1 else "s"
    assert summary(case_of(Recording(tuple(steps)))) == (
        f"Judged: {count} step{several} ({named}{words}); {count} flow{several}."
    )


def test_nothing_to_find_is_said_so() -> None:
    lines = list(report_lines(lint(case_of(device()), today=TODAY)))
    assert lines[1:3] == [(0, "Nothing was found."), (0, "")]


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("/request/query/state", "query state"),
        ("/response/headers/pragma", "answer header pragma"),
        ("/response/content/scope", "answer body scope"),
        ("", ""),
        ("query", ""),
        (f"/request/query/{'x' * 294}", f"query {'x' * 294}"),
        (f"/request/query/{'x' * 295}", plain(f"query {'x' * 295}", limit=300)),
    ],
)
def test_a_place_is_told_in_words(where: str, words: str) -> None:
    assert place(where) == words


def test_findings_for_the_report_hold_their_source_and_what_to_do() -> None:
    found = findings_of(lint(case_of(article()), today=TODAY))
    first = found[0]
    assert (first.id, first.severity, first.step) == ("AR04", Severity.ERROR, 1)
    assert first.source == "RFC 9700 §2.1.1"
    assert first.mend.startswith("Make a random code_verifier")
    assert found[-1].severity is Severity.UNDECIDABLE


@pytest.mark.parametrize("procedure", list(Procedure))
def test_no_secret_is_in_a_report(procedure: Procedure) -> None:
    recording = query(login_hint="x", unknown="Zx9" * 12)(practised(procedure))
    report = lint(case_of(recording), today=TODAY)
    texts = [
        json.dumps(as_json(report, "rec")),
        json.dumps(sarif_of(report, "rec")),
        "\n".join(line for _, line in report_lines(report)),
        repr(report),
    ]
    secrets = live_secrets(recording)
    assert len(secrets) > 5
    for text in texts:
        assert not leaks(text.encode(), secrets)


def test_the_report_as_json_names_place_step_and_reason_and_none_where_there_is_none() -> None:
    report = lint(case_of(article()), today=TODAY)
    told = json.loads(json.dumps(as_json(report, "rec")))
    assert [(each["step"], each["where"], each["text"]) for each in told["verdicts"]] == [
        (j.verdict.step, j.verdict.where or None, j.verdict.text or None) for j in report.judged
    ]
    assert all(each["where"] and each["text"] and each["step"] for each in told["findings"])
    more = {"severity", "expected", "source", "mend"}
    assert all(more <= set(each) for each in told["findings"])
    for each in told["findings"]:
        rule = BY_ID[each["rule"]]
        assert (each["expected"], each["source"]) == (rule.manual.title, rule.source)
        assert each["mend"] == rule.manual.mend
    assert not any(more & set(each) for each in told["verdicts"] if each["outcome"] != "fail")
    assert [each["rule"] for each in told["verdicts"] if each["text"] is None]
    assert [each["rule"] for each in told["verdicts"] if each["where"] is None]


def test_the_report_as_json_says_first_where_it_was_no_sign_in_at_entra() -> None:
    told = as_json(lint(case_of(practised(Procedure.ARTICLE)), today=TODAY), "rec")["authority"]
    assert str(told).startswith("PRACTICE: ")
    assert as_json(lint(case_of(article()), today=TODAY), "rec")["authority"] is None


def test_keys_of_tls_that_were_written_down_are_a_warning() -> None:
    recording = BASES["over an old TLS"]()[0]
    evidence = evidence_of(recording, level=Level.SECRETS, created_at=1.0)
    assert "TR24" not in _found(case_of_evidence(evidence))
    written = replace(evidence, facts={"tls_keys_written": True})
    assert _found(case_of_evidence(written))["TR24"] == "warning"


def test_short_states_that_were_taken_out_are_not_guessed_at() -> None:
    one = [replace(e, started_at=i, ended_at=i) for i, e in enumerate(article().exchanges)]
    asked, came, _ = query(state="67890", redirect_uri="http://localhost:1")(article()).exchanges
    url = "http://localhost:1/?code=" + "0.other-code" * 9
    other = [
        replace(asked, started_at=0.5, ended_at=0.5),
        replace(
            came,
            request=replace(came.request, url=f"{url}&state=67890"),
            started_at=1.5,
            ended_at=1.5,
        ),
    ]
    recording = Recording((*one, *other))
    assert not {"RR01", "RR06", "TR06"} & set(_found(case_of(recording)))
    case = _redacted(recording)
    assert not {"RR01", "RR06", "TR06"} & set(_found(case))
    report = lint(case, today=TODAY)
    assert {"RR01", "RR06"} <= {j.rule.id for j in report.of(VerdictKind.UNDECIDABLE)}
