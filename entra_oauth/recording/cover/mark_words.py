"""The kinds that stand in a recording's marks, in words: `at` are access tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.recording.redaction.finds import KIND_WORDS

if TYPE_CHECKING:
    from entra_oauth.recording.step import Evidence

__all__ = ["mark_words"]


def mark_words(evidence: Evidence) -> tuple[tuple[str, str], ...]:
    """Each kind and its words, by the alphabet; those of a stranger's marks are not known."""
    kinds = {entry.kind for entry in evidence.ledger} & KIND_WORDS.keys()
    halves = (half for step in evidence.steps for half in (step.request, step.response))
    if any(b"sig~" in half.data + (half.message.decoded() or b"") for half in halves):
        kinds.add("sig")  # of a token whose claims stayed
    return tuple((kind, KIND_WORDS[kind]) for kind in sorted(kinds))
