"""One row of the fidelity table, and what its label means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Label", "Row"]


class Label(StrEnum):
    AS_ENTRA = "AS ENTRA"
    """Documented by Microsoft or seen in a real answer; the row says which."""
    STRICTER = "STRICTER"
    """Refused here, while Entra takes it or may take it."""
    TOY = "TOY"
    """Simplified, or invented for lessons."""
    UNKNOWN = "UNKNOWN"
    """What Entra does was not found; a choice was made."""


@dataclass(frozen=True, slots=True)
class Row:
    key: str
    label: Label
    what: str
    source: str = ""
