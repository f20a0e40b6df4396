"""The parser of one verb, with argparse: for its help, for mistakes, and for words beside
options. Ordinary command lines are read by `plain_arguments`, without this import.
"""

from __future__ import annotations

import argparse
import re
import textwrap
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from entra_oauth.cli.command_line.options import add
from entra_oauth.errors import UsageError

if TYPE_CHECKING:
    from entra_oauth.cli.command_line.verbs import Verb

__all__ = ["parser_for"]


class _Parser(argparse.ArgumentParser):
    """argparse, but a mistake is one of our errors."""

    def error(self, message: str) -> NoReturn:
        message = re.sub(r"ignored explicit argument .*", "it takes no value", message, flags=re.S)
        message = re.sub(r"(ambiguous option): .*", r"\1", message, flags=re.S)
        advice = f"See {self.prog} --help."
        if "expected one argument" in message:
            advice = f"A value that begins with - is given as --option=-value. {advice}"
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", advice=advice)


def parser_for(verb: Verb, *, columns: int = 80) -> argparse.ArgumentParser:
    """The parser of one verb; the others are not built. `columns` is for its help."""
    follows = verb.word or verb.words
    after = f"{f' {follows}' if follows else ''} [options]{' -- PROGRAM …' if verb.runs else ''}"
    parser = _Parser(
        prog=f"entra-oauth {verb.name}",
        usage=f"entra-oauth {verb.name}{after}",
        description=textwrap.fill(verb.description, columns),
        formatter_class=partial(argparse.RawDescriptionHelpFormatter, width=columns),
        epilog="examples:\n" + "\n".join(f"  {example}" for example in verb.examples),
        allow_abbrev=False,
    )
    if verb.word:
        parser.add_argument("word", nargs="?", metavar=verb.word, help=verb.meaning)
    if verb.words:
        parser.add_argument("words", nargs="*", metavar=verb.words, help=verb.meaning)
    add(parser, verb.options)
    return parser
