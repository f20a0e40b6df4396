"""The verdict of a rule on one step: pass, fail, not applicable, or undecidable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.recording.findings import Severity

__all__ = ["Verdict", "VerdictKind", "absent", "failed", "passed", "unknown"]


class VerdictKind(StrEnum):
    """The four answers. There is no other, and none is given by default."""

    PASS = "pass"  # noqa: S105 - a word, no password
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"
    UNDECIDABLE = "undecidable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One answer of one rule. Holds no secret: `text` is written from what may be shown."""

    kind: VerdictKind
    text: str = ""
    """What was seen, in a sentence; or why the rule does not apply or cannot be decided."""
    where: str = ""
    """Where in the step, as a path: `/request/query/state`."""
    step: int | None = None
    """The number of the step; None: it is about the whole recording."""
    severity: Severity | None = None
    """How bad it is here, where that is not what the rule says in general."""


def passed(where: str = "") -> Verdict:
    """The rule was looked at, and holds."""
    return Verdict(kind=VerdictKind.PASS, where=where)


def failed(text: str, where: str, *, severity: Severity | None = None) -> Verdict:
    """The rule is broken; `text` says by what."""
    return Verdict(kind=VerdictKind.FAIL, text=text, where=where, severity=severity)


def absent(why: str) -> Verdict:
    """The subject of the rule is not there, so it says nothing."""
    return Verdict(kind=VerdictKind.NOT_APPLICABLE, text=why)


def unknown(why: str, where: str = "") -> Verdict:
    """The recording does not hold what would decide it."""
    return Verdict(kind=VerdictKind.UNDECIDABLE, text=why, where=where)
