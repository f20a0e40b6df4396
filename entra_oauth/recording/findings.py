"""Findings of a check in a recording: made by whoever checks, shown by whoever reports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "Severity"]


class Severity(StrEnum):
    """The weight of a finding."""

    ERROR = "error"
    """Somebody can do harm with it, or the standard forbids it."""
    WARNING = "warning"
    """Against the advice of today."""
    NOTE = "note"
    """Worth knowing."""
    UNDECIDABLE = "undecidable"
    """The recording does not hold what would decide it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding, about one step or about the whole recording. Holds no secret."""

    id: str
    """Names the rule, for good: `AR04`."""
    severity: Severity
    step: int | None
    """The number of the step; None: it is about the whole recording."""
    rule: str
    """The rule, in a sentence that says how it should be."""
    text: str
    """What was found, in a sentence; or why nobody can decide it."""
    source: str
    """Where the rule stands: `RFC 9700 §2.1.1`."""
    mend: str
    """What to do, in a sentence."""
