"""The texts of one verb in the help."""

from __future__ import annotations

from entra_oauth.light import dataclass

__all__ = ["VerbHelp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbHelp:
    """All that is said of one verb, beside its options."""

    name: str
    summary: str
    description: str
    examples: tuple[str, ...]
    takes: str = ""
    """The advice where input was given as an argument that is not taken as one."""
