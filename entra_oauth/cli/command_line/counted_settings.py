"""The settings that counted, as a recording may keep them: names, sources, public values."""

from __future__ import annotations

from functools import partial

from entra_oauth.cli.command_line.declare import Kind, Option, declared_by
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.recording.cover.command_words import length_of, value_shown
from entra_oauth.recording.facts import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from entra_oauth.cli.command_line.arguments import CommandLine
    from entra_oauth.cli.command_line.declare import Origins

__all__ = ["counted_settings"]

_OF_THE_RECORDING = ("record", "name_machine")
_OF_ITSELF = ("output", "redact")
"""Defaults that have no part in what is sent; how it is redacted the sheet says anyway."""


def counted_settings(asked: CommandLine, origins: Origins) -> tuple[dict[str, str], ...]:
    """Each option that has a value, whoever set it, in the order of the help.

    A default is the program's own word, and stands as it is.
    """
    return tuple(
        {"name": f"--{option.name}", "value": value, "from": source}
        for option in declared_by(asked.verb.options).options
        if option.dest not in _OF_THE_RECORDING
        for source in [_source(option, origins)]
        if source != DEFAULT or option.dest not in _OF_ITSELF
        for value in _values(option, asked.values[option.dest], is_own=source == DEFAULT)
    )


def _values(option: Option, value: object, *, is_own: bool) -> Iterator[str]:
    shown = str if is_own else partial(_shown, option)
    if option.kind is Kind.LIST and isinstance(value, tuple):
        yield from map(shown, map(str, value))
    elif value not in (None, False):
        yield "" if option.kind in (Kind.FLAG, Kind.PASTE) else shown(str(value))


def _shown(option: Option, text: str) -> str:
    """What can only be one of a few words, or a number, is no secret."""
    if option.kind is Kind.NUMBER:
        return text
    if option.choices:
        return text if text in option.choices else length_of(text)
    return value_shown(option.name, text, also=_faults() if option.dest == "fault" else ())


def _faults() -> frozenset[str]:
    from entra_oauth.practice.faults.scenarios import SCENARIOS

    return frozenset(SCENARIOS)


def _source(option: Option, origins: Origins) -> str:
    source = origins.source(option.dest)
    if option.dest in origins.given:
        return "the command line"
    return "the profile" if source.startswith("the profile") else source
