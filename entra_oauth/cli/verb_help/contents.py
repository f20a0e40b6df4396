"""The contents of the help: its titles, each with its verbs, in their order."""

from __future__ import annotations

from entra_oauth.cli.verb_help import (
    article_help,
    audit_help,
    get_tokens_help,
    learn_help,
    profiles_help,
    see_help,
    use_tokens_help,
)
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.cli.verb_help.texts import VerbHelp

__all__ = ["CONTENTS", "help_of"]

CONTENTS: tuple[tuple[str, tuple[VerbHelp, ...]], ...] = (
    ("The article", article_help.VERBS),
    ("Get tokens", get_tokens_help.VERBS),
    ("Use tokens", use_tokens_help.VERBS),
    ("Profiles", profiles_help.VERBS),
    ("See", see_help.VERBS),
    ("Audit", audit_help.VERBS),
    ("Learn", learn_help.VERBS),
)
"""Each title with what is said of its verbs."""


def help_of(name: str) -> VerbHelp:
    """What is said of the verb of this name."""
    return next(verb for _, verbs in CONTENTS for verb in verbs if verb.name == name)
