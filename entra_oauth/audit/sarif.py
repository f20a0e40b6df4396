"""A report as SARIF 2.1.0 (OASIS), with the requests and answers that it is about.

Messages are redacted before they are put in, whatever the recording held.
"""

from __future__ import annotations

import secrets
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from entra_oauth._version import __version__
from entra_oauth.audit.lint import ORDER
from entra_oauth.audit.rules.all_rules import RULES
from entra_oauth.audit.text import place
from entra_oauth.audit.verdict import VerdictKind
from entra_oauth.protocol.messages import Fields, split_origin
from entra_oauth.recording import Exchange, Recording
from entra_oauth.recording.redaction.redact import Redactor
from entra_oauth.recording.redaction.secrets import live_secrets
from entra_oauth.recording.step import Level, Step
from entra_oauth.recording.story import evidence_remark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from entra_oauth.audit.case import Case
    from entra_oauth.audit.lint import Judged, Report
    from entra_oauth.audit.rules.rule import Rule

__all__ = ["PRINT", "SCHEMA", "artifact_uri", "sarif_of"]

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
PRINT = "primaryLocationLineHash"
_LEVELS = {s: s.value for s in ORDER}
_KINDS = {
    VerdictKind.PASS: "pass",
    VerdictKind.FAIL: "fail",
    VerdictKind.NOT_APPLICABLE: "notApplicable",
    VerdictKind.UNDECIDABLE: "open",
}


def sarif_of(report: Report, source: str, *, full: bool = False) -> dict[str, Any]:
    """The log. `source` names what was judged, as it was given.

    Without `full` it holds what GitHub's code scanning may take: that reads neither `kind` nor
    `suppressions`, and would raise an alert for each result. With it, also what a waiver lets
    pass, and what nobody can decide.
    """
    steps = redacted_steps(report.case)
    numbers = {step.number: index for index, step in reversed(list(enumerate(steps)))}
    used = {j.rule.id: j.rule for j in report.judged}
    rules = [used.get(rule.id, rule) for rule in RULES]
    places = {rule.id: index for index, rule in enumerate(rules)}
    shown = (VerdictKind.FAIL, VerdictKind.UNDECIDABLE)
    found = [j for j in report.judged if (j.verdict.kind in shown if full else j.counts)]
    prints = _fingerprints(report.case, found)
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "entra-oauth",
                "semanticVersion": __version__.partition("+")[0],
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "properties": {"authority": evidence_remark(report.case.evidence)},
        "columnKind": "unicodeCodePoints",
        "results": [
            {**_result(j, places, numbers, source), "partialFingerprints": {PRINT: mark}}
            for j, mark in zip(found, prints, strict=True)
        ],
        "webRequests": [_request(step) for step in steps],
        "webResponses": [_response(step) for step in steps],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    manual = rule.manual
    return {
        "id": rule.id,
        "shortDescription": {"text": manual.title},
        "fullDescription": {"text": f"{manual.title} {manual.why}"},
        "help": {"text": f"{manual.mend} Source: {rule.source}."},
        "defaultConfiguration": {"level": _LEVELS.get(rule.severity, "none")},
        "properties": {"source": rule.source, "before": manual.before, "after": manual.after},
    }


def _result(
    judged: Judged, places: dict[str, int], numbers: dict[int, int], source: str
) -> dict[str, Any]:
    verdict = judged.verdict
    failed = verdict.kind is VerdictKind.FAIL
    where = place(verdict.where)
    named = f"Step {verdict.step}" if verdict.step is not None else "The recording"
    seen = f"{named}{', ' + where if where else ''}: {verdict.text or 'nothing more is told'}"
    text = f"Rule: {judged.rule.manual.title}\nFound: {seen}"
    region = {"startLine": 1}
    artifact = {"artifactLocation": {"uri": artifact_uri(source)}, "region": region}
    location: dict[str, Any] = {"physicalLocation": artifact}
    if verdict.where:
        location["logicalLocations"] = [{"fullyQualifiedName": f"{verdict.step}{verdict.where}"}]
    result: dict[str, Any] = {
        "ruleId": judged.rule.id,
        "ruleIndex": places[judged.rule.id],
        "kind": _KINDS[verdict.kind],
        "level": _LEVELS.get(judged.severity, "none") if failed else "none",
        "message": {"text": text},
        "locations": [location],
    }
    if verdict.step in numbers:
        index = numbers[verdict.step]
        result |= {"webRequest": {"index": index}, "webResponse": {"index": index}}
    if judged.waiver is not None:
        reason = f"{judged.waiver.reason} (until {judged.waiver.until})"
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": reason}
        ]
    return result


def _fingerprints(case: Case, found: Sequence[Judged]) -> list[str]:
    """Names of findings that stay when a recording is renamed, or made again."""
    kinds: dict[int | None, str] = {item.number: item.kind.value for item in case.items}
    counts: Counter[str] = Counter()
    prints = []
    for judged in found:
        kind = kinds.get(judged.verdict.step, "all")
        text = f"{judged.rule.id} {kind} {judged.verdict.where}"
        counts[text] += 1
        prints.append(f"{sha256(text.encode()).hexdigest()[:16]}:{counts[text]}")
    return prints


def artifact_uri(source: str) -> str:
    """A relative name. An address would be one with a code in it: it is not repeated."""
    if "://" in source:
        return "address"
    path = source.replace("\\", "/")
    is_absolute = path.startswith("/") or path[1:2] == ":"
    return quote(path.rstrip("/").rpartition("/")[2] if is_absolute else path, safe="/.-_~") or (
        "recording"
    )


# ---- messages --------------------------------------------------------------------------


def redacted_steps(case: Case) -> tuple[Step, ...]:
    """The steps as they may be shown to anybody."""
    passed = Recording(
        tuple(
            Exchange(request=item.request, response=item.response, started_at=0.0, ended_at=0.0)
            for item in case.items
        )
    )
    known = live_secrets(passed) if case.evidence.level is Level.NONE else {}
    redactor = Redactor(level=Level.SECRETS, key=secrets.token_bytes(32), known=known)
    return tuple(redactor.step(item.step)[0] for item in case.items)


def _request(step: Step) -> dict[str, Any]:
    request = step.http_request
    _, target = split_origin(step.url)
    found: dict[str, Any] = {
        "protocol": "HTTP",
        "version": "1.1",
        "target": step.url if step.channel == "front" else target,
        "method": step.method,
        "headers": _headers(request.headers),
        "properties": {"step": step.number},
    }
    if request.body:
        found["body"] = {"text": request.body.decode("utf-8", "replace")}
    return found


def _response(step: Step) -> dict[str, Any]:
    response = step.http_response
    if response is None:
        return {"noResponseReceived": True, "properties": {"step": step.number}}
    found: dict[str, Any] = {
        "protocol": "HTTP",
        "version": "1.1",
        "statusCode": response.status,
        "reasonPhrase": response.reason,
        "headers": _headers(response.headers),
        "properties": {"step": step.number},
    }
    if response.body:
        found["body"] = {"text": response.body.decode("utf-8", "replace")}
    return found


def _headers(headers: Fields) -> dict[str, str]:
    """By name; where a name stands twice, its values one after the other."""
    found: dict[str, str] = {}
    for name, value in headers:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
