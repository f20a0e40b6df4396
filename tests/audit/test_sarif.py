"""SARIF: by its schema, by another program, and without a secret."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.audit import case_of, lint, sarif
from entra_oauth.audit.policy import read_policy
from entra_oauth.audit.rules.all_rules import BY_ID, RULES
from entra_oauth.audit.sarif import sarif_of
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.recording import Recording
from kit import needs
from kit.audit.exchanges import article, practised
from kit.audit.judged import AT, authorize, case, redirect

TODAY = date(2026, 11, 25)
SCHEMA = "@microsoft/jest-sarif"


def _log(
    recording: Recording, policy: str = "", *, full: bool = True, name: str = "my rec/a.har"
) -> dict[str, Any]:
    made = read_policy(policy, BY_ID)
    return sarif_of(lint(case_of(recording, policy=made), today=TODAY), name, full=full)


def _results(log: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [result for result in log["runs"][0]["results"] if result["kind"] == kind]


def test_every_finding_is_a_result_with_its_request_and_answer() -> None:
    log = _log(article())
    run = log["runs"][0]
    failed = _results(log, "fail")
    assert [r["ruleId"] for r in failed] == ["AR04", "AR08", "AR16", "AR18", "TR18"]
    assert [r["level"] for r in failed] == ["error", "error", "note", "warning", "note"]
    for result in failed:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        step = result["webRequest"]["index"] + 1
        assert f"\nFound: Step {step}, " in result["message"]["text"]
    last = failed[-1]
    request = run["webRequests"][last["webRequest"]["index"]]
    assert (request["method"], request["headers"]["Accept"]) == ("POST", "*/*")
    assert "grant_type=authorization_code" in request["body"]["text"]
    assert request["target"].startswith("/")
    assert run["webRequests"][0]["target"].startswith("https://login.microsoftonline.com/")
    assert run["webResponses"][last["webResponse"]["index"]]["statusCode"] == 200
    assert run["webResponses"][0] == {"noResponseReceived": True, "properties": {"step": 1}}
    place = last["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uri"] == "my%20rec/a.har"


def test_what_is_about_the_whole_is_said_of_the_recording() -> None:
    log = sarif_of(
        lint(replace(case(), har={"log": {}}), today=TODAY, rules=[BY_ID["HR02"]]), "a.har"
    )
    (result,) = log["runs"][0]["results"]
    assert "\nFound: The recording: log.pages " in result["message"]["text"]
    assert "webRequest" not in result


def test_what_nobody_can_decide_is_open() -> None:
    opened = _results(_log(article()), "open")
    assert {"RR12", "TR24"} <= {result["ruleId"] for result in opened}
    assert {result["level"] for result in opened} == {"none"}


@pytest.mark.parametrize("version", ["1.2.3", "1.2.3+local.5"])
def test_the_version_is_that_of_the_program_without_its_build(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sarif, "__version__", version)
    assert _log(article())["runs"][0]["tool"]["driver"]["semanticVersion"] == "1.2.3"


def test_every_rule_is_described() -> None:
    rules = _log(article())["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.id for rule in RULES]
    assert all(rule["help"]["text"] and rule["shortDescription"]["text"] for rule in rules)


def test_for_github_there_is_nothing_but_failures_that_count() -> None:
    waiver = '[[waivers]]\nrule = "AR04"\nreason = "shown"\nuntil = 2026-12-31\n'
    results = _log(article(), waiver, full=False)["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == ["AR08", "AR16", "AR18", "TR18"]
    for result in results:
        assert "suppressions" not in result
        rule, found = result["message"]["text"].split("\n")
        assert (rule[:6], found[:7]) == ("Rule: ", "Found: ")
        assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_fingerprints_tell_findings_apart_and_stay_when_a_file_is_renamed() -> None:
    def prints(name: str) -> list[str]:
        results = _log(article(), name=name)["runs"][0]["results"]
        return [result["partialFingerprints"]["primaryLocationLineHash"] for result in results]

    assert prints("a.har") == prints("b.har")
    assert len(set(prints("a.har"))) == len(prints("a.har"))


def test_a_fingerprint_holds_the_kind_of_the_step_and_counts_what_is_alike() -> None:
    steps = [authorize(client_id="x", state="s"), redirect(state="s"), redirect(state="s", at=AT)]
    judged = replace(case(*steps), shareable=True)
    log = sarif_of(lint(judged, today=TODAY, rules=[BY_ID["HR01"]]), "a")
    prints = [
        r["partialFingerprints"]["primaryLocationLineHash"] for r in log["runs"][0]["results"]
    ]
    assert [each.partition(":")[2] for each in prints] == ["1", "1", "2"]
    assert len({each.partition(":")[0] for each in prints}) == 2


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("/somewhere/my rec/a.har", "a.har"),
        ("D:\\rec\\a.har", "a.har"),
        ("rec/a.har", "rec/a.har"),
        ("/rec/", "rec"),
        ("/", "recording"),
        ("", "recording"),
        ("an://address", "address"),
    ],
)
def test_names_are_relative(name: str, uri: str) -> None:
    result = _log(article(), name=name)["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_a_waiver_is_a_suppression() -> None:
    waiver = '[[waivers]]\nrule = "AR04"\nreason = "shown"\nuntil = 2026-12-31\n'
    first = _results(_log(article(), waiver), "fail")[0]
    assert first["suppressions"][0]["justification"] == "shown (until 2026-12-31)"


@needs.python("jsonschema", group="interop")
@needs.node_package(SCHEMA)
@pytest.mark.parametrize("procedure", [*Procedure, None])
def test_it_fits_the_schema_of_oasis(procedure: Procedure | None) -> None:
    jsonschema: Any = importlib.import_module("jsonschema")
    assert needs.NODE_MODULES
    path = needs.NODE_MODULES / SCHEMA / "lib" / "schemas" / "sarif-2.1.0-rtm.5.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    log = _log(practised(procedure) if procedure else article())
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(log)] == []
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert next(validator.iter_errors(log), None) is not None


@needs.python("sarif", pypi="sarif-tools", group="interop")
def test_sarif_tools_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "lint.sarif"
    file.write_text(json.dumps(_log(article())), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "sarif", "summary", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert {"error: 2", "warning: 1", "note: 2"} <= set(lines)
