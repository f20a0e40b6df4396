"""Every behaviour that somebody might take for Entra's, and its source.

The table is `fidelity.json` beside this module, read when it is first asked for. The place of
a behaviour in the code is marked with a comment that bears the row's key.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

__all__ = ["FidelityRow", "Label", "fidelity_rows"]


class Label(StrEnum):
    """The standing of a behaviour: Entra's own, or something else."""

    AS_ENTRA = "AS ENTRA"
    """Documented by Microsoft or seen in a real answer; the row says which."""
    STRICTER = "STRICTER"
    """Refused here, while Entra takes it or may take it."""
    TOY = "TOY"
    """Simplified, or invented for lessons."""
    UNKNOWN = "UNKNOWN"
    """Entra's behaviour was not found; a choice was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FidelityRow:
    """One behaviour of the practice tenant."""

    key: str
    """Its name in comments of the code."""
    label: Label
    behaviour: str
    source: str = ""
    """Empty where there is none; `AS ENTRA` always has one."""


@cache
def fidelity_rows() -> tuple[FidelityRow, ...]:
    """The whole table, in the order of the page that shows it."""
    import pkgutil  # not needed to start

    text = pkgutil.get_data("entra_oauth.practice", "fidelity.json")
    return tuple(
        FidelityRow(**{**row, "label": Label(row["label"])}) for row in json.loads(text or b"")
    )
