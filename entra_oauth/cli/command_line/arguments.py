"""The command line taken apart.

No message repeats what was given for an option of free text, or in the place of an option:
it may be an address with a code in it, or a token.
"""

from __future__ import annotations

import re
import sys

from entra_oauth.cli.command_line.declare import Kind, Verb, build, declared_by, part_of
from entra_oauth.cli.command_line.values import fill_in, near_to
from entra_oauth.cli.options.common_options import OutputOptions
from entra_oauth.errors import UsageError
from entra_oauth.light import TYPE_CHECKING, dataclass, pattern

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from entra_oauth.cli.command_line.declare import Declared, Option, Words

__all__ = [
    "VERB_NAMES",
    "CommandLine",
    "actions_of",
    "no_verb",
    "profile_option",
    "read_arguments",
    "read_plainly",
    "split_verb",
    "verb_named",
]

_NAME = pattern(r"-{0,2}[a-z][a-z_-]{0,30}")
_BELOW_ZERO = pattern(r"-[0-9]{1,9}[smhd]?", re.ASCII)
_DECLARED_IN = {
    "article_verbs": ("mirror", "authorize-url", "exchange"),
    "get_tokens_verbs": ("login", "token", "refresh", "status", "logout"),
    "use_tokens_verbs": (
        *("api", "run", "serve metadata", "serve identity"),
        *("credential kubectl", "credential az", "credential databricks-cli", "credential git"),
    ),
    "see_verbs": (
        *("profile list", "profile show", "profile set", "profile use", "profile delete"),
        *("decode", "explain", "doctor", "completion"),
    ),
    "audit_verbs": (
        *("audit show", "audit lint", "audit diff", "audit lock", "audit check", "audit timeline"),
        *("audit redact", "audit export", "audit import", "audit replay"),
        *("audit seal", "audit verify"),
    ),
    "learn_verbs": (
        *("learn", "lab", "lab list", "lab check", "demo"),
        *("practice serve", "practice run", "practice fault", "practice clock"),
    ),
}
"""By a file of `cli.verbs`: the verbs that it declares. It is imported for one of these alone."""
VERB_NAMES = tuple(name for names in _DECLARED_IN.values() for name in names)
"""In the order of the help."""


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
    if name not in VERB_NAMES:
        raise no_verb(name, rest)
    verb = verb_named(name)
    declared = declared_by(verb.options)
    program: list[str] = []
    if declared.program and "--" in rest:
        at = rest.index("--")
        rest, program = rest[:at], rest[at + 1 :]
    given = read_plainly(rest, declared)
    if given is None:
        given = _read_with_argparse(rest, verb, declared)
    if declared.needs_program and not program:
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


def read_plainly(arguments: list[str], declared: Declared) -> dict[str, object] | None:
    """The values that argparse would find; None where it has to look itself.

    To import argparse and build a parser takes longer than all else before the browser
    opens. What is not plainly an option of the verb and its value, is left to it.
    Every option has one, by its field: None, True, a text, or a list of texts.
    """
    if declared.words is not None and not declared.program:
        return None
    by_flag = {flag: option for option in declared.options for flag in option.flags}
    values: dict[str, object] = {option.dest: None for option in declared.options}
    rest = iter(arguments)
    for word in rest:
        flag, equals, value = word.partition("=")
        option = by_flag.get(flag)
        if option is None or option.kind is Kind.PASTE or (equals and not flag.startswith("--")):
            return None
        if option.kind is Kind.FLAG:
            if equals:
                return None
            values[option.dest] = True
            continue
        if not equals:
            value = next(rest, "-")
            if value.startswith("-"):
                return None
        before = values[option.dest]
        if option.kind is Kind.LIST:
            values[option.dest] = [*(before if isinstance(before, list) else ()), value]
        else:
            values[option.dest] = value
    return values


def _free(words: Words, given: Mapping[str, object], program: list[str]) -> dict[str, object]:
    value: object = program if words.program else given[words.dest]
    return {words.dest: tuple(value) if isinstance(value, list) else value}


def _read_with_argparse(arguments: list[str], verb: Verb, declared: Declared) -> dict[str, object]:
    from entra_oauth.cli.command_line.argparse_parser import read_with_argparse

    given, unknown = read_with_argparse(arguments, verb)
    if unknown:
        raise _unknown(unknown, verb, declared)
    return given


# ---- verbs --------------------------------------------------------------------------------


def verb_named(name: str) -> Verb:
    """The verb, with its options. Raises `StopIteration` for a name that is none."""
    file = next(file for file, names in _DECLARED_IN.items() if name in names)
    __import__(f"entra_oauth.cli.verbs.{file}")  # importlib would be imported for this alone
    verbs: tuple[Verb, ...] = sys.modules[f"entra_oauth.cli.verbs.{file}"].VERBS
    return next(verb for verb in verbs if verb.name == name)


def split_verb(arguments: list[str]) -> tuple[str, list[str]]:
    """The verb's name, of one word or of two, and what comes after it."""
    two = " ".join(arguments[:2])
    return (two, arguments[2:]) if two in VERB_NAMES else (arguments[0], arguments[1:])


def actions_of(name: str) -> list[str]:
    """The second words that may follow this first one."""
    return [each.partition(" ")[2] for each in VERB_NAMES if each.startswith(f"{name} ")]


def profile_option(name: str) -> Option | None:
    """The option of `login` or `token` whose value a profile holds; None for what only it has."""
    for verb in ("login", "token"):
        for option in declared_by(verb_named(verb).options).options:
            if option.dest == name:
                return option
    return None


# ---- mistakes -----------------------------------------------------------------------------


def no_verb(name: str, rest: list[str]) -> UsageError:
    """The error of a name that is no verb; `rest` is what was typed after it."""
    if actions := actions_of(name):
        *some, last = actions
        listed = f"{', '.join(some)} or {last}" if some else last
        typed = rest[0] if rest and _NAME.fullmatch(rest[0]) and rest[0][0] != "-" else None
        what = f"There is no {name} {typed}." if typed else f"{name} needs to know what to do."
        near = near_to(typed, actions) if typed else ""
        return UsageError(what, advice=f"{near}Use entra-oauth {name} {listed}.")
    known = ("--version", "--help") if name[:1] == "-" else VERB_NAMES
    near = "Did you mean --version? " if name == "-v" else near_to(name, known)
    return UsageError(
        f"There is no verb {name}." if _NAME.fullmatch(name) else "There is no such verb.",
        advice=f"{near}See entra-oauth --help.",
    )


def _unknown(arguments: list[str], verb: Verb, declared: Declared) -> UsageError:
    see = f"See entra-oauth {verb.name} --help."
    names = (word.partition("=")[0] for word in arguments if word not in ("-", "--"))
    name = next((name for name in names if name.startswith("-")), None)
    if name is None and declared.words is not None and declared.words.program:
        return UsageError(
            f"{verb.name} takes its program after two dashes; something stands without them.",
            advice=f"Write entra-oauth {verb.name} -- PROGRAM, options before the dashes. {see}",
        )
    if name is None:
        from entra_oauth.cli.verb_help.contents import help_of

        return UsageError(
            _surplus(verb, declared.words), advice=f"{help_of(verb.name).takes} {see}".strip()
        )
    known = [f"--{option.name}" for option in declared.options]
    if declared.words is not None and _BELOW_ZERO.fullmatch(name):
        see = f"What begins with - and is no option follows --: entra-oauth {verb.name} -- {name}"
    shown = f"an option {name}" if _NAME.fullmatch(name) else "such an option"
    return UsageError(f"{verb.name} does not have {shown}.", advice=near_to(name, known) + see)


def _surplus(verb: Verb, words: Words | None) -> str:
    if words is None:
        return f"{verb.name} takes options only; something else was given."
    if words.many:
        return f"{verb.name} takes {words.metavar} in one place; a word stands apart from them."
    return f"{verb.name} takes one {words.metavar}; more words were given."
