"""The outcome of a check as people and machines get it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pytest

from entra_oauth.audit.contract.check_contract import ContractCheck, check_contract
from entra_oauth.audit.contract.contract_report import check_as_json, check_as_sarif, check_lines
from entra_oauth.audit.contract.learn_contract import learn
from entra_oauth.audit.contract.observe import observe
from entra_oauth.protocol.messages import Fields, encode_form, parse_form
from entra_oauth.recording import Recording
from kit.audit.clients_in_memory import as_redacted, by_the_article, by_us, whole
from kit.audit.mutations import sent


@cache
def recordings() -> tuple[Recording, ...]:
    return tuple(by_us(number) for number in range(3))


def checked(recording: Recording) -> ContractCheck:
    contract = learn([observe(whole(each)) for each in recordings()[:2]])
    return check_contract(contract, observe(whole(recording)))


def with_query(change: dict[str, str | None]) -> Recording:
    """The last recording, whose authorize request has other parameters."""
    recording = recordings()[2]
    at, asked = next((n, e) for n, e in enumerate(recording.exchanges) if e.note == "authorize")
    base, _, query = asked.request.url.partition("?")
    fields: Fields = tuple((n, change.get(n, v) or "") for n, v in parse_form(query))
    fields = tuple(pair for pair in fields if pair[0] not in change or change[pair[0]] is not None)
    extra = tuple((n, v) for n, v in change.items() if v and n not in dict(fields))
    url = f"{base}?{encode_form((*fields, *extra))}"
    changed = sent(asked, replace(asked.request, url=url))
    return Recording((*recording.exchanges[:at], changed, *recording.exchanges[at + 1 :]))


LINES = [
    ({"response_mode": "query"}, "parameter response_mode form_post → query"),
    ({"prompt": "none"}, "parameter prompt added: none"),
    ({"nonce": None}, "parameter nonce removed (it was a secret, 43 characters)"),
    ({"code_challenge_method": "plain"}, "parameter code_challenge_method S256 → plain"),
    ({"state": "short"}, "parameter state a secret, 43 characters → another one: a secret"),
]


@pytest.mark.parametrize(("change", "line"), LINES)
def test_a_change_is_told_in_a_line(change: dict[str, str | None], line: str) -> None:
    lines = list(check_lines(checked(with_query(change))))
    assert lines[0] == f"step 1   authorization request: {line}"


def test_a_state_that_does_not_come_back_is_told() -> None:
    (line,) = [
        line for line in check_lines(checked(with_query({"state": "y" * 43}))) if "repeats" in line
    ]
    assert line.endswith(
        "   authorization response: form parameter state repeats state of the "
        "authorization request → it does not"
    )


def test_a_verifier_that_does_not_fit_is_told() -> None:
    lines = list(check_lines(checked(with_query({"code_challenge": "y" * 43}))))
    assert any("code_verifier proves code_challenge" in line for line in lines)


def test_nothing_that_differs_is_one_sentence() -> None:
    assert list(check_lines(checked(recordings()[2]))) == [
        "Nothing differs from the contract in 4 messages."
    ]


def test_json_has_each_difference_with_its_place() -> None:
    found = check_as_json(checked(with_query({"response_mode": "query"})), "rec", "oauth.lock")
    assert found["verdict"] == "different"
    assert found["differences"][0] == {
        "kind": "value-changed",
        "message": "authorization request",
        "step": 1,
        "place": "query",
        "name": "response_mode",
        "locked": "form_post",
        "seen": "query",
        "text": "authorization request: parameter response_mode form_post → query",
    }
    assert json.loads(json.dumps(found)) == found


def test_sarif_has_what_code_scanning_reads() -> None:
    log = check_as_sarif(checked(with_query({"prompt": "none"})), "rec")
    (run,) = log["runs"]
    (result,) = run["results"]
    rules = run["tool"]["driver"]["rules"]
    assert log["version"] == "2.1.0"
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "field-added"
    assert result["level"] == "error"
    (location,) = result["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "rec"
    assert location["physicalLocation"]["region"]["startLine"] == 1
    for rule in rules:
        assert all(rule[name]["text"] for name in ("shortDescription", "fullDescription", "help"))


def test_a_finding_of_sarif_keeps_its_name_when_the_recording_is_made_again() -> None:
    marks = set()
    for place in ("rec", "another"):
        log = check_as_sarif(checked(with_query({"prompt": "none"})), place)
        marks.add(str(log["runs"][0]["results"][0]["partialFingerprints"]))
    assert len(marks) == 1


def test_text_of_strangers_moves_no_terminal() -> None:
    hostile = with_query({"prompt": "a\x1b[2Jb\u202e"})
    check = checked(hostile)
    for text in (*check_lines(check), json.dumps(check_as_json(check, "r", "l"))):
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_what_was_taken_out_is_counted_and_is_no_difference() -> None:
    contract = learn([observe(whole(by_the_article(number))) for number in range(2)])
    check = check_contract(contract, observe(as_redacted(by_the_article(2))))
    assert check.deviations == ()
