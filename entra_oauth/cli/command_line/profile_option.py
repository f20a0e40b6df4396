"""The option whose value a profile holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.cli.command_line.take_apart import declared_by
from entra_oauth.cli.command_line.verb_index import verb_named

if TYPE_CHECKING:
    from entra_oauth.cli.command_line.declare import Option

__all__ = ["profile_option"]


def profile_option(name: str) -> Option | None:
    """The option of `login` or `token` of this name; None for what only profiles have."""
    for verb in ("login", "token"):
        for option in declared_by(verb_named(verb).options).options:
            if option.dest == name:
                return option
    return None
