"""The linter: a recording of an OAuth exchange judged, rule by rule, each with its source.

What takes bytes (`lint_bytes` and its like) is imported when it is first used: whoever judges one
case does not wait for the readers of all kinds of files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.audit.case import Case, case_of, case_of_evidence
from entra_oauth.audit.lint import Judged, Report, findings_of, lint

if TYPE_CHECKING:
    from entra_oauth.audit.bulk.from_bytes import (
        Row,
        import_bytes,
        lint_bytes,
        policy_of,
        redact_bytes,
        rows_of,
    )

__all__ = [
    "Case",
    "Judged",
    "Report",
    "Row",
    "case_of",
    "case_of_evidence",
    "findings_of",
    "import_bytes",
    "lint",
    "lint_bytes",
    "policy_of",
    "redact_bytes",
    "rows_of",
]

_OF_BYTES = ("Row", "import_bytes", "lint_bytes", "policy_of", "redact_bytes", "rows_of")


if not TYPE_CHECKING:  # a type checker must see a misspelt name

    def __getattr__(name: str) -> object:
        """The public names that take bytes, imported when they are first used."""
        from importlib import import_module

        if name not in _OF_BYTES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module("entra_oauth.audit.bulk.from_bytes"), name)
