"""The outcome of a check: as lines for people, as JSON, and as SARIF 2.1.0 (OASIS)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from entra_oauth._version import __version__
from entra_oauth.audit.contract.check_contract import ContractCheck
from entra_oauth.audit.contract.deviation import Deviation, DeviationKind
from entra_oauth.audit.sarif import PRINT, SCHEMA, artifact_uri
from entra_oauth.errors import plain

__all__ = ["check_as_json", "check_as_sarif", "check_lines"]

_MOST_SHOWN = 200


def check_lines(check: ContractCheck) -> Iterator[str]:
    """Each deviation on its line, then the verdict."""
    for each in check.deviations[:_MOST_SHOWN]:
        step = f"step {each.step}" if each.step is not None else "       "
        yield f"{step:<8} {plain(each.line)}"
    if len(check.deviations) > _MOST_SHOWN:
        yield f"… and {len(check.deviations) - _MOST_SHOWN:,} more; --json has all."
    if check.deviations:
        yield ""
    yield verdict(check)


def verdict(check: ContractCheck) -> str:
    """The outcome in a sentence."""
    count = len(check.deviations)
    seen = f"{check.messages} message{'' if check.messages == 1 else 's'}"
    if not count:
        return f"Nothing differs from the contract in {seen}."
    return f"{count} {'thing differs' if count == 1 else 'things differ'} from the contract."


def check_as_json(check: ContractCheck, recording: str, contract: str) -> dict[str, Any]:
    """The same for machines."""
    return {
        "schema": "entra-oauth/check/1",
        "recording": plain(recording),
        "contract": plain(contract),
        "verdict": "different" if check.deviations else "same",
        "differences": [
            {
                "kind": each.kind.value,
                "message": plain(each.message) or None,
                "step": each.step,
                "place": each.place.value if each.place is not None else None,
                "name": plain(each.name) or None,
                "locked": plain(each.locked) or None,
                "seen": plain(each.seen) or None,
                "text": plain(each.line),
            }
            for each in check.deviations
        ],
        "undecidable": [
            {"message": plain(u.message), "what": plain(u.what), "why": u.why}
            for u in check.undecided
        ],
    }


def check_as_sarif(check: ContractCheck, recording: str) -> dict[str, Any]:
    """The same for code scanning: a rule for each kind of deviation, a result for each."""
    kinds = list(DeviationKind)
    counts: Counter[str] = Counter()
    results = []
    for each in check.deviations:
        mark = _mark(each)
        counts[mark] += 1
        location = {
            "artifactLocation": {"uri": artifact_uri(recording)},
            "region": {"startLine": 1},
        }
        results.append(
            {
                "ruleId": each.kind.value,
                "ruleIndex": kinds.index(each.kind),
                "level": "error",
                "message": {"text": plain(each.line)},
                "locations": [{"physicalLocation": location}],
                "partialFingerprints": {PRINT: f"{mark}:{counts[mark]}"},
            }
        )
    driver = {
        "name": "entra-oauth check",
        "semanticVersion": __version__.partition("+")[0],
        "rules": [_rule(kind) for kind in kinds],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(kind: DeviationKind) -> dict[str, Any]:
    return {
        "id": kind.value,
        "shortDescription": {"text": kind.sentence},
        "fullDescription": {"text": f"{kind.sentence} The contract was made by audit lock."},
        "help": {"text": "If it is meant, make the contract again and have it reviewed."},
        "defaultConfiguration": {"level": "error"},
    }


def _mark(each: Deviation) -> str:
    """A name that stays when a recording is renamed, or made again."""
    place = each.place.value if each.place is not None else ""
    text = f"{each.kind.value} {each.message} {place} {each.name}"
    return sha256(text.encode()).hexdigest()[:16]
