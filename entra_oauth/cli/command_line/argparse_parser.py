"""The parser of one verb, with argparse: for its help, for mistakes, and for words beside
options. Ordinary command lines are read without this import.
"""

from __future__ import annotations

import argparse
import re
import textwrap
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from entra_oauth.cli.command_line.declare import HEADINGS, Kind, PasteFrom, declared_by
from entra_oauth.errors import UsageError

if TYPE_CHECKING:
    from entra_oauth.cli.command_line.declare import Option, Verb
    from entra_oauth.cli.verb_help.texts import VerbHelp

__all__ = ["parser_for", "read_with_argparse"]


class _Parser(argparse.ArgumentParser):
    """argparse, but a mistake is one of our errors."""

    color: bool

    def error(self, message: str) -> NoReturn:
        message = re.sub(r"ignored explicit argument .*", "it takes no value", message, flags=re.S)
        message = re.sub(r"(ambiguous option): .*", r"\1", message, flags=re.S)
        advice = f"See {self.prog} --help."
        if "expected one argument" in message:
            advice = f"A value that begins with - is given as --option=-value. {advice}"
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", advice=advice)


def read_with_argparse(arguments: list[str], verb: Verb) -> tuple[dict[str, object], list[str]]:
    """A value for each option by its field, None where it was not given; and what is not known.

    The words that may follow the verb are there too. Raises `UsageError`.
    """
    found, unknown = parser_for(verb).parse_known_args(arguments)
    options = declared_by(verb.options).options
    dashes = {option.dest: _with_its_dashes(getattr(found, option.dest)) for option in options}
    return {**vars(found), **dashes}, unknown


def _with_its_dashes(value: object) -> object:
    """The value as it was given; argparse before Python 3.13 makes an empty list of `--`."""
    if value == []:
        return "--"
    return ["--" if each == [] else each for each in value] if isinstance(value, list) else value


def parser_for(
    verb: Verb, *, said: VerbHelp | None = None, columns: int = 80
) -> argparse.ArgumentParser:
    """The parser of one verb; the others are not built. `said` and `columns` are for its help."""
    declared = declared_by(verb.options)
    words = declared.words
    follows = f" {words.metavar}" if words and not words.program else ""
    program = f" -- {words.metavar}" if words and words.program else ""
    if words and program and not words.needed:
        program = f" [{program.strip()}]"
    parser = _Parser(
        prog=f"entra-oauth {verb.name}",
        usage=f"entra-oauth {verb.name}{follows}{' [options]' * bool(declared.options)}{program}",
        description=textwrap.fill(said.description, columns) if said else None,
        formatter_class=partial(argparse.RawDescriptionHelpFormatter, width=columns),
        epilog="\n  ".join(["examples:", *said.examples]) if said else None,
        allow_abbrev=False,
        add_help=False,
    )
    parser.color = False  # Python 3.14 would colour the help by rules of its own
    if words and not words.program:
        before = parser.add_argument_group("what follows it")
        many = "*" if words.many else "?"
        before.add_argument(words.dest, nargs=many, metavar=words.metavar, help=words.help)
    for heading in HEADINGS:
        options = [option for option in declared.options if option.heading == heading]
        if options:
            _add(parser.add_argument_group(heading), options)
    return parser


def _add(parser: argparse._ArgumentGroup, options: list[Option]) -> None:
    """Add these options to a parser; all default to None, so that what was given can be told.

    Choices are checked later: argparse would repeat a value that may be a secret.
    """
    for option in options:
        if option.kind is Kind.FLAG:
            parser.add_argument(
                *option.flags, dest=option.dest, action="store_true", default=None, help=option.help
            )
        else:
            is_paste = option.kind is Kind.PASTE
            parser.add_argument(
                *option.flags,
                dest=option.dest,
                action="append" if option.kind is Kind.LIST else "store",
                nargs="?" if is_paste else None,
                const=PasteFrom.PROMPT.value if is_paste else None,
                metavar=option.metavar,
                help=option.help,
            )
