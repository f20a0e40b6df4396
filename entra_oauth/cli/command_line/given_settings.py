"""The options that somebody set, as a recording may keep them: names, sources, public values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.cli.command_line.declare import Kind, Option, declared_by
from entra_oauth.recording.cover.command_words import length_of, value_shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from entra_oauth.cli.command_line.arguments import CommandLine
    from entra_oauth.cli.command_line.declare import Origins

__all__ = ["given_settings"]

_OF_THE_RECORDING = ("record", "name_machine")


def given_settings(asked: CommandLine, origins: Origins) -> tuple[dict[str, str], ...]:
    """Each option that the command line, a variable or the profile set, in the help's order."""
    return tuple(
        {"name": f"--{option.name}", "value": value, "from": _source(option, origins)}
        for option in declared_by(asked.verb.options).options
        if option.dest in origins.named and option.dest not in _OF_THE_RECORDING
        for value in _values(option, asked.values[option.dest])
    )


def _values(option: Option, value: object) -> Iterator[str]:
    if option.kind is Kind.LIST and isinstance(value, tuple):
        yield from (_shown(option, str(each)) for each in value)
    elif value not in (None, False):
        yield "" if option.kind in (Kind.FLAG, Kind.PASTE) else _shown(option, str(value))


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
