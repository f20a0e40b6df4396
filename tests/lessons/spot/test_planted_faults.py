"""Faults to find: the linter finds each, and only that; without it there is nothing to find."""

from __future__ import annotations

from datetime import date

import pytest

from entra_oauth.audit import case_of, lint
from entra_oauth.audit.rules.all_rules import RULES
from entra_oauth.lessons.spot import recorded_exchanges, studio
from entra_oauth.lessons.spot.all_faults import FAULTS, faults_of, found, spoilt
from entra_oauth.lessons.spot.exchange_text import step_texts
from entra_oauth.lessons.spot.finding_tasks import options_of, right_steps, rule_told
from entra_oauth.lessons.spot.mutations import copy_of, value
from entra_oauth.lessons.spot.planted_fault import LEVELS, PlantedFault
from entra_oauth.lessons.spot.recorded_exchanges import EXCHANGES, recording_of
from entra_oauth.recording import Recording
from entra_oauth.recording.findings import Severity

TODAY = date(2026, 11, 29)
ENDS_EARLY = {"left", "tried again"}
"""Recordings that end before an answer came, which is a note of its own (HR03)."""

WITHOUT_A_FAULT = {
    "AR29": "two authorities are two recordings' worth of messages",
    "RR07": "an answer that came over plain http from elsewhere came to another address (RR06)",
    "RR12": "only an answer in the address can stay there, and then AR18 has a note as well",
    "RR13": "the browser's own requests are in no recording of the program's",
    "RR14": "the browser's own requests are in no recording of the program's",
    "RR19": "a stranger that was turned down is no fault of the exchange",
    "TR20": "an assertion is another client than those that are recorded here",
    "TR29": "an assertion is another client than those that are recorded here",
    "TR30": "an exchange is another client than those that are recorded here",
    "TR24": "there is no TLS without a socket",
    "DV05": "the device flow beside a browser is a matter of the machine",
    "HR01": "it is about a file that says of itself that it was redacted",
    "HR02": "it is about the form of a HAR file",
    **{f"PL0{number}": "it needs a policy" for number in range(1, 9)},
}
"""Rules of which no fault was made, and why."""


def findings(recording: Recording) -> list[tuple[str, Severity]]:
    report = lint(case_of(recording), today=TODAY)
    return [(each.rule.id, each.severity) for each in report.failures()]


@pytest.mark.parametrize("name", sorted(EXCHANGES))
def test_nothing_is_found_in_an_exchange_without_a_fault(name: str) -> None:
    notes = [("HR03", Severity.NOTE)] if name in ENDS_EARLY else []
    assert set(findings(recording_of(name))) == set(notes)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.rule)
def test_a_fault_is_found_by_its_rule_and_by_no_other(fault: PlantedFault) -> None:
    seen = findings(spoilt(fault))
    assert fault.rule in {rule for rule, _ in seen}
    others = [(rule, severity) for rule, severity in seen if rule != fault.rule]
    assert [rule for rule, severity in others if severity is not Severity.NOTE] == []
    assert {rule for rule, _ in others} <= {"HR03", "TR14"}, "a part is missing; the secret's place"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.rule)
def test_a_reader_can_see_the_fault_in_a_step_that_may_be_named(fault: PlantedFault) -> None:
    good, bad = recording_of(fault.exchange), spoilt(fault)
    before, after = step_texts(good), step_texts(bad)
    assert before != after
    assert all(1 <= step <= len(after) for step in right_steps(fault))
    if fault.rule != "HR03":  # what is not there shows in no step
        changed = {at for at, text in enumerate(after, start=1) if text not in before}
        assert changed & set(right_steps(fault))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.rule)
def test_the_options_are_the_right_rule_and_three_that_hold(fault: PlantedFault) -> None:
    options, finding = options_of(fault), found(fault)
    assert options[0] is finding.rule
    assert len({rule.manual.title for rule in options}) == 4
    held = {rule for rule, _ in finding.held}
    assert set(options[1:]) <= held
    told = rule_told(fault)
    assert all(part in told for part in (fault.rule, finding.text, finding.rule.manual.why))


def test_the_right_option_is_not_known_by_its_length() -> None:
    places = [0, 0, 0, 0]
    for fault in FAULTS:
        sizes = [len(rule.manual.title) for rule in options_of(fault)]
        places[sorted(sizes).index(sizes[0])] += 1
    assert max(places) < 0.4 * len(FAULTS), places


def test_every_rule_has_a_fault_or_a_reason_why_it_has_none() -> None:
    planted = {fault.rule for fault in FAULTS}
    assert planted & set(WITHOUT_A_FAULT) == set()
    assert planted | set(WITHOUT_A_FAULT) == {rule.id for rule in RULES}
    assert len(planted) == len(FAULTS) > 100


def test_each_level_has_faults_and_each_fault_a_level() -> None:
    assert sum(len(faults_of(level)) for level in LEVELS) == len(FAULTS)
    for level in LEVELS:
        assert len(faults_of(level)) >= 20
        assert faults_of(level) == faults_of(level)


def test_an_exchange_is_the_same_whenever_it_is_recorded() -> None:
    for name in ("renewed", "by device"):
        again = studio.Studio()
        recorded_exchanges.EXCHANGES[name].play(again)
        assert step_texts(Recording(tuple(again.exchanges))) == step_texts(recording_of(name))


def test_no_secret_of_the_exchange_is_shown_whole() -> None:
    for name in EXCHANGES:
        shown = "\n".join(step_texts(recording_of(name)))
        assert "eyJ" not in shown
        assert "practice-secret" not in shown or name == "by itself"
        for exchange in recording_of(name).exchanges:
            for pair in exchange.request.body.decode("ascii").split("&"):
                field, _, value = pair.partition("=")
                if field in ("code", "code_verifier", "refresh_token", "device_code"):
                    assert value not in shown


def test_what_tells_a_reader_nothing_is_left_out() -> None:
    shown = "\n".join(step_texts(recording_of("by device")))
    for name in ("ext_expires_in", "correlation_id", "aio = ", "uti = ", "x-ms-", "Date: "):
        assert name not in shown
    for name in ("expires_in = ", "error = authorization_pending", "aud = ", "its header: alg"):
        assert name in shown


def test_a_token_that_was_changed_is_the_one_that_is_sent_on() -> None:
    for fault in FAULTS:
        recording = spoilt(fault)
        told = "\n".join(step_texts(recording))
        if fault.rule in ("AT02", "AT03"):
            issued = value(recording, "access_token", "token")
            assert copy_of(recording, "list").request.header("authorization") == f"Bearer {issued}"
            assert told.count("Authorization: Bearer") == 1
