"""The command line taken apart, and the help.

No message repeats what was given for an option, or in the place of one: it may be
an address with a code in it, or a token.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from entra_oauth.cli.command_line.options import BY_KEY
from entra_oauth.cli.command_line.plain_parser import read_plainly
from entra_oauth.cli.command_line.values import fill_in, is_on
from entra_oauth.cli.command_line.verbs import GROUPS, VERBS, Verb
from entra_oauth.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

__all__ = ["asks_for_json", "help_for", "read_arguments"]

_HELP = ("-h", "--help")
_EVERYWHERE = ("json", "quiet")
_NAME = re.compile(r"-{0,2}[a-z][a-z_-]{0,30}")


def read_arguments(
    arguments: list[str], environ: Mapping[str, str]
) -> tuple[Verb, argparse.Namespace]:
    """The verb, and a value for each of its options. Raises `UsageError`.

    `json` and `quiet` are there for every verb; `given` holds the names of the
    options that were on the command line.
    """
    name, rest = _named(arguments)
    if name not in VERBS:
        raise _no_verb(name)
    verb = VERBS[name]
    program: list[str] = []
    if verb.runs and "--" in rest:
        at = rest.index("--")
        rest, program = rest[:at], rest[at + 1 :]
    args = read_plainly(rest, verb) or _read_with_argparse(rest, verb)
    for each in _EVERYWHERE:
        if each not in verb.options:
            setattr(args, each, False)
    if verb.runs and not program:
        raise UsageError(
            f"{verb.name} needs a program to run.",
            advice=f"Give it after two dashes: entra-oauth {verb.name} -- python script.py",
        )
    args.verb, args.program = verb.name, program
    args.action = verb.name.partition(" ")[2]
    fill_in(args, verb.options, environ, as_given=verb.as_given)
    if "output" in verb.options:
        args.output = args.output or verb.output
    return verb, args


def _read_with_argparse(arguments: list[str], verb: Verb) -> argparse.Namespace:
    from entra_oauth.cli.command_line.argparse_parser import parser_for

    args, unknown = parser_for(verb).parse_known_args(arguments)
    if unknown:
        raise _unknown(unknown, verb)
    return args


def _named(arguments: list[str]) -> tuple[str, list[str]]:
    """The verb's name, of one word or of two, and what comes after it."""
    two = " ".join(arguments[:2])
    return (two, arguments[2:]) if two in VERBS else (arguments[0], arguments[1:])


def _no_verb(name: str) -> UsageError:
    actions = [each.partition(" ")[2] for each in VERBS if each.startswith(f"{name} ")]
    if actions:
        *some, last = actions
        listed = f"{', '.join(some)} or {last}" if some else last
        return UsageError(
            f"{name} needs to know what to do.", advice=f"Use entra-oauth {name} {listed}."
        )
    return UsageError(
        f"There is no verb {name}." if _NAME.fullmatch(name) else "There is no such verb.",
        advice=_meant(name, VERBS) + "See entra-oauth --help.",
    )


def _unknown(arguments: list[str], verb: Verb) -> UsageError:
    see = f"See entra-oauth {verb.name} --help."
    names = (word.partition("=")[0] for word in arguments if word not in ("-", "--"))
    name = next((name for name in names if name.startswith("-")), None)
    if name is None:
        return UsageError(
            f"{verb.name} takes options only; something else was given.",
            advice=f"{verb.takes} {see}" if verb.takes else see,
        )
    known = [f"--{BY_KEY[key].name}" for key in verb.options]
    shown = f"an option {name}" if _NAME.fullmatch(name) else "such an option"
    return UsageError(f"{verb.name} does not have {shown}.", advice=_meant(name, known) + see)


def _meant(name: str, known: Iterable[str]) -> str:
    import difflib

    name, known = name.replace("_", "-"), list(known)
    starts = [each for each in known if len(name) > 2 and each.startswith(name)]
    close = starts or difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return f"Did you mean {close[0]}? " if close else ""


def asks_for_json(arguments: list[str], environ: Mapping[str, str]) -> bool:
    """Whether a mistake in the arguments themselves is to be told as JSON."""
    if "--" in arguments:
        arguments = arguments[: arguments.index("--")]  # the rest is another program's
    if {"--json", "-ojson", "--output=json"} & set(arguments):
        return True
    pairs = itertools.pairwise(arguments)
    if any(flag in ("-o", "--output") and value == "json" for flag, value in pairs):
        return True
    return is_on(environ.get("ENTRA_OAUTH_JSON", ""))


def help_for(arguments: list[str]) -> str | None:
    """The version or a help text, if that is what the arguments ask for."""
    first, *rest = arguments or ["help"]
    if first in ("-V", "--version"):
        from entra_oauth._version import __version__

        return f"entra-oauth {__version__}"
    if first in ("help", *_HELP):
        named = _named(rest)[0] if rest else ""
        return _of(VERBS[named]) if named in VERBS else _whole()
    name, rest = _named([first, *rest])
    if "--" in rest:
        rest = rest[: rest.index("--")]
    if set(_HELP) & set(rest):
        if name in VERBS:
            return _of(VERBS[name])
        if actions := [verb for verb in VERBS.values() if verb.name.startswith(f"{name} ")]:
            return "\n\n".join(_of(verb) for verb in actions)
    return None


def _of(verb: Verb) -> str:
    from entra_oauth.cli.command_line.argparse_parser import parser_for
    from entra_oauth.cli.session.wrap import width

    return parser_for(verb, columns=min(width(), 100) - 1).format_help().rstrip()


def _whole() -> str:
    import textwrap

    from entra_oauth.cli.session.wrap import width

    columns = min(width(), 100) - 1

    def filled(text: str, first: str = "", below: str = "") -> str:
        return textwrap.fill(text, columns, initial_indent=first, subsequent_indent=below)

    def entry(name: str) -> list[str]:
        """A name that reaches into the column of the summaries has a line of its own."""
        text, column = VERBS[name].summary, " " * 18
        if len(name) > 15:
            return [f"  {name}", filled(text, column, column)]
        return [filled(text, f"  {name:<15} ", column)]

    lines = [
        "usage: entra-oauth VERB [options]",
        "",
        filled("Get, audit and learn Microsoft Entra ID tokens, without MSAL."),
    ]
    for title, names in GROUPS:
        lines += ["", f"{title}:"]
        lines += [line for name in names for line in entry(name)]
    lines += [
        "",
        "entra-oauth VERB --help   shows the options of a verb",
        "entra-oauth --version     shows the version",
        "",
        filled(
            "Results go to standard output, all else to standard error. Exit codes: 0 ok, "
            "1 unexpected, 2 usage, 3 the authority said no, 4 a person must sign in, 5 a security "
            "check failed, 6 network, 7 timed out, 8 this machine (port, file), 9 findings, an "
            "unequal diff, an unsolved lab, 130 Ctrl-C, 143 SIGTERM."
        ),
    ]
    return "\n".join(lines)
