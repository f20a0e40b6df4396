"""The name that is proposed for a file made of a recording; practice is written in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from entra_oauth.recording.story import evidence_remark

if TYPE_CHECKING:
    from entra_oauth.recording.step import Evidence

__all__ = ["proposed_name"]

_ENDINGS = {"html": "html", "har": "har", "markdown": "md", "mermaid": "mmd", "http": "http"}
_ENDINGS["curl"] = "sh"
_MARKS = {"PRACTICE": "practice", "NOT ENTRA": "not-entra"}


def proposed_name(recording: str, evidence: Evidence, form: str) -> str:
    """The name of the recording with a mark of its authority, and the ending of the form."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", recording).strip("-.")[:60] or "recording"
    mark = _MARKS.get(evidence_remark(evidence).partition(":")[0], "")
    marked = f"{stem}-{mark}" if mark and mark not in stem.lower() else stem
    return f"{marked}.{_ENDINGS[form]}"
