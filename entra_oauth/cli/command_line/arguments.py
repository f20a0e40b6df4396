"""The command line taken apart.

No message repeats what was given for an option of free text, or in the place of an option:
it may be an address with a code in it, or a token.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from entra_oauth.cli.command_line.declare import Verb
from entra_oauth.cli.command_line.near import near
from entra_oauth.cli.command_line.plain_parser import read_plainly
from entra_oauth.cli.command_line.take_apart import build, declared_by, part_of
from entra_oauth.cli.command_line.values import fill_in
from entra_oauth.cli.command_line.verb_index import SUMMARIES, actions_of, split_verb, verb_named
from entra_oauth.cli.options.output_options import OutputOptions
from entra_oauth.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.cli.command_line.declare import Declared, Words

__all__ = ["CommandLine", "read_arguments"]

_NAME = re.compile(r"-{0,2}[a-z][a-z_-]{0,30}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """A command line that was read."""

    verb: Verb
    options: Any
    """A value of the class that the verb names."""
    values: Mapping[str, object]
    """The same values, all groups in one."""
    program: tuple[str, ...]
    """The program that is to be run, and its arguments."""

    @property
    def output(self) -> OutputOptions:
        """The amount that is said, and its form; every verb has that much."""
        return part_of(self.options, OutputOptions)


def read_arguments(arguments: list[str], environ: Mapping[str, str]) -> CommandLine:
    """The verb, and a value for each of its options. Raises `UsageError`."""
    name, rest = split_verb(arguments)
    if name not in SUMMARIES:
        raise _no_verb(name)
    verb = verb_named(name)
    declared = declared_by(verb.options)
    program: list[str] = []
    if declared.program and "--" in rest:
        at = rest.index("--")
        rest, program = rest[:at], rest[at + 1 :]
    given = read_plainly(rest, declared)
    if given is None:
        given = _read_with_argparse(rest, verb, declared)
    if declared.program and not program:
        raise UsageError(
            f"{verb.name} needs a program to run.",
            advice=f"Give it after two dashes: entra-oauth {verb.name} -- python script.py",
        )
    found = fill_in(given, declared.options, environ, as_given=verb.as_given)
    values = {**found.values, "origins": found.origins, "settings": found.settings}
    if declared.words is not None:
        values |= _free(declared.words, given, program)
    return CommandLine(
        verb=verb, options=build(verb.options, values), values=values, program=tuple(program)
    )


def _free(words: Words, given: Mapping[str, object], program: list[str]) -> dict[str, object]:
    value: object = program if words.program else given[words.dest]
    return {words.dest: tuple(value) if isinstance(value, list) else value}


def _read_with_argparse(arguments: list[str], verb: Verb, declared: Declared) -> dict[str, object]:
    from entra_oauth.cli.command_line.argparse_parser import read_with_argparse

    given, unknown = read_with_argparse(arguments, verb)
    if unknown:
        raise _unknown(unknown, verb, declared)
    return given


def _no_verb(name: str) -> UsageError:
    if actions := actions_of(name):
        *some, last = actions
        listed = f"{', '.join(some)} or {last}" if some else last
        return UsageError(
            f"{name} needs to know what to do.", advice=f"Use entra-oauth {name} {listed}."
        )
    return UsageError(
        f"There is no verb {name}." if _NAME.fullmatch(name) else "There is no such verb.",
        advice=f"{near(name, SUMMARIES)}See entra-oauth --help.",
    )


def _unknown(arguments: list[str], verb: Verb, declared: Declared) -> UsageError:
    see = f"See entra-oauth {verb.name} --help."
    names = (word.partition("=")[0] for word in arguments if word not in ("-", "--"))
    name = next((name for name in names if name.startswith("-")), None)
    if name is None:
        return UsageError(
            _surplus(verb, declared.words), advice=f"{verb.takes} {see}" if verb.takes else see
        )
    known = [f"--{option.name}" for option in declared.options]
    shown = f"an option {name}" if _NAME.fullmatch(name) else "such an option"
    return UsageError(f"{verb.name} does not have {shown}.", advice=near(name, known) + see)


def _surplus(verb: Verb, words: Words | None) -> str:
    if words is None or words.program:
        return f"{verb.name} takes options only; something else was given."
    if words.many:
        return f"{verb.name} takes {words.metavar} in one place; a word stands apart from them."
    return f"{verb.name} takes one {words.metavar}; more words were given."
