"""The words that are completed: verbs, options and fixed values, as they are declared."""

from __future__ import annotations

import re

from entra_oauth.cli.command_line.arguments import VERB_NAMES, verb_named
from entra_oauth.cli.command_line.declare import Kind, declared_by
from entra_oauth.light import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.cli.command_line.declare import Option

__all__ = ["KnownWords"]

_WORD = re.compile(r"[A-Za-z0-9_-]+")
"""No shell gives any of these characters a meaning; they are quoted all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWords:
    """All that there is to complete. Nothing here depends on the machine or the person."""

    first: tuple[str, ...]
    """The words that may follow the program's name."""
    second: Mapping[str, tuple[str, ...]]
    """By first word: the second words of verbs of two words."""
    flags: Mapping[str, tuple[str, ...]]
    """By verb."""
    values: Mapping[tuple[str, str], tuple[str, ...]]
    """By verb and flag, for flags that take a value; empty where it is not one of a few."""

    @classmethod
    def declared(cls) -> KnownWords:
        """The words of every verb. Raises `ValueError` for one that a shell could read."""
        second: dict[str, tuple[str, ...]] = {}
        flags: dict[str, tuple[str, ...]] = {}
        values: dict[tuple[str, str], tuple[str, ...]] = {}
        for name in VERB_NAMES:
            head, _, tail = name.partition(" ")
            if tail:
                second[head] = (*second.get(head, ()), tail)
            options = declared_by(verb_named(name).options).options
            shown = [flag for option in options for flag in reversed(option.flags)]
            flags[name] = (*shown, "--help")
            values |= {(name, flag): each for flag, each in _values(options)}
        first = (*dict.fromkeys(name.partition(" ")[0] for name in VERB_NAMES), "help")
        found = cls(
            first=(*first, "--help", "--version"), second=second, flags=flags, values=values
        )
        found._refuse_strange_words()
        return found

    def _refuse_strange_words(self) -> None:
        groups = [self.first, *self.second.values(), *self.flags.values(), *self.values.values()]
        for word in (word for group in groups for word in group):
            if not _WORD.fullmatch(word):
                raise ValueError(word)


def _values(options: tuple[Option, ...]) -> list[tuple[str, tuple[str, ...]]]:
    found = []
    for option in options:
        if option.kind is not Kind.FLAG:
            choices = ("-",) if option.kind is Kind.PASTE else option.choices
            found += [(flag, choices) for flag in option.flags]
    return found
