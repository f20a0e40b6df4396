"""A command line as it may be written down: program, names of options, and lengths of values.

A command line holds passwords, tokens and codes, and nobody can tell them from other words by
their looks. So a value is shown only if it stands in a list of public ones, and a name of an
option only where no value can stand, or if its words are known.
"""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING

from entra_oauth.protocol.authority import CLOUDS
from entra_oauth.protocol.resource.known_apis import KNOWN_APIS
from entra_oauth.protocol.scopes import ALIASES, DATABRICKS, OPENID
from entra_oauth.recording.redaction.finds import looks_secret

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

__all__ = ["command_shown", "length_of", "program_name", "value_shown"]

_HOSTS = [f"https://{host}" for cloud in CLOUDS.values() for host in cloud.hosts]
_PUBLIC = frozenset(
    (
        *("common", "organizations", "consumers", "http://localhost", *_HOSTS),
        *(*OPENID, "email", DATABRICKS, *ALIASES, *ALIASES.values()),
        *(name for api in KNOWN_APIS for name in api.resources),
        *("query", "fragment", "form_post", "S256", "code", "true", "false", "yes", "no"),
        *("interactive", "device", "device-code", "device_code", "auth-code", "browser"),
        *("refresh", "certificate", "client-credentials", "client_credentials", "azure-cli"),
        *("json", "table", "text", "none", "debug", "info", "warning", "error", "tsv", "yaml"),
    )
)
"""Values that are no secret whatever they are given for."""

_KNOWN_WORDS = frozenset(
    resources.files(__package__).joinpath("option_words.txt").read_text("utf-8").split()
)
"""Words of which names of options are made, in many programs."""

_SECRET_WORDS = (
    *("pass", "pwd", "secret", "token", "key", "code", "assert", "cred", "auth", "cookie"),
    *("bearer", "jwt", "sas", "otp", "pin", "header", "data", "nonce", "state", "signature"),
)
"""An option of such a name is followed by something that is not shown, whatever it looks like."""

_PROGRAM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,60}")
_OPTION = re.compile(r"--[a-z]{2,20}(?:[-_][a-z]{1,20}){0,6}")
_INTERPRETER = re.compile(r"(?:python[0-9.]*w?|pypy[0-9.]*|py|node|bun|ruby|perl|php|pwsh|sh|bash)")
_SCRIPT = re.compile(r"(?i)[a-z0-9][a-z0-9._-]{0,60}\.(?:py|pyw|js|mjs|cjs|ts|rb|pl|php|sh|ps1)")
_MODULE = re.compile(r"[a-z_]{2,20}(?:\.[a-z_]{1,20}){0,5}")
_FLAGS = frozenset(("-u", "-P", "-I", "-B", "-E", "-s", "-S", "-O", "-OO", "-v", "-q"))
"""Options of interpreters that take no value."""


def length_of(value: str) -> str:
    """The length of a value, in the place of it."""
    return f"({len(value):,} character{'' if len(value) == 1 else 's'})"


def program_name(word: str) -> str:
    """The name of a program without its folder; its length where it looks like anything else."""
    name = re.split(r"[/\\]", word)[-1]
    return name if _PROGRAM.fullmatch(name) and not looks_secret(name) else length_of(word)


def value_shown(name: str, value: str, *, also: Collection[str] = ()) -> str:
    """The value of an option where it is a public one, else its length. `also`: more public ones.

    What an option is given whose name speaks of a secret, is never shown.
    """
    public = value in _PUBLIC or value in also
    return value if public and not _speaks_of_a_secret(name) else length_of(value)


def _speaks_of_a_secret(name: str) -> bool:
    return any(word in name.lower() for word in _SECRET_WORDS)


def command_shown(words: Sequence[str], *, names_files: bool = True) -> tuple[str, ...]:
    """The words of a command line as they may be written down.

    `names_files`: the name of a script may stand there too; it may be a person's.
    """
    if not words:
        return ()
    program = program_name(words[0])
    interprets = _INTERPRETER.fullmatch(program.lower().removesuffix(".exe")) is not None
    rest = list(words[1:])
    start = list(_until_script(rest, names_files)) if interprets else []
    return (program, *start, *_arguments(rest[len(start) :]))


def _until_script(words: list[str], names_files: bool) -> Iterator[str]:
    """The words up to the script, or up to the first that an interpreter takes a value for."""
    for at, word in enumerate(words):
        if word in _FLAGS:
            yield word
        elif word == "-m" and _MODULE.fullmatch(following := "".join(words[at + 1 : at + 2])):
            yield from (word, following if not looks_secret(following) else length_of(following))
            return
        else:
            name = re.split(r"[/\\]", word)[-1]
            if _SCRIPT.fullmatch(name):
                shown = names_files and not looks_secret(name.rpartition(".")[0])
                yield name if shown else length_of(word)
            return


def _arguments(words: list[str]) -> Iterator[str]:
    """After an option a value may stand, whatever it looks like; elsewhere only an option can."""
    before, may_be_value, all_values = "", False, False
    for word in words:
        if all_values or not word.startswith("-") or word == "-":
            yield word if word == "-" else value_shown(before, word)
            before, may_be_value = "", False
        elif word == "--":
            yield word
            all_values, before = True, ""
        elif may_be_value and not _is_known_option(word, after=before):
            yield length_of(word)
            before, may_be_value = "", False
        else:
            shown, before, may_be_value = _option_shown(word)
            yield shown


def _is_known_option(word: str, *, after: str) -> bool:
    name = word.partition("=")[0]
    known = set(re.split(r"[-_]", name[2:])) <= _KNOWN_WORDS
    return bool(_OPTION.fullmatch(name)) and known and not _speaks_of_a_secret(after)


def _option_shown(word: str) -> tuple[str, str, bool]:
    """The option as it may stand there, its name, and whether a value may follow."""
    name, equals, value = word.partition("=")
    if not name.startswith("--"):  # what stands behind the letter may be its value
        return f"{word[:2]}{length_of(word[2:])}" if word[2:] else word, word[:2], not word[2:]
    shown = name if _OPTION.fullmatch(name) and not looks_secret(name[2:]) else length_of(name)
    return f"{shown}={value_shown(name, value)}" if equals else shown, name, not equals
