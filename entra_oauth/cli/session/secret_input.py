"""Passwords, tokens and other secrets: from a prompt, standard input or a file descriptor.

Never from an argument: other programs can see a command line, and the shell keeps it.
One line break at the end is taken off, as editors and `echo` leave it; nothing else is.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from entra_oauth.errors import LocalError, UsageError
from entra_oauth.light import TYPE_CHECKING, dataclass
from entra_oauth.protocol.loose_input import bare_token, text_of

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console

__all__ = ["SecretInput", "SecretOption", "read_secret", "read_token"]

READ_TIMEOUT_S = 300.0
_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretOption:
    """One secret: its options are `--<name>-stdin` and `--<name>-fd`."""

    name: str
    words: str
    """What it is called in a sentence, without an article."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretInput:
    """The place that the options name for a secret."""

    stdin: bool
    fd: int | None
    """A file descriptor."""

    @property
    def is_given(self) -> bool:
        return self.stdin or self.fd is not None


def read_secret(option: SecretOption, given: SecretInput) -> str:
    """The secret, from where the options say, else from a prompt.

    Raises `UsageError` for an empty one, `LocalError` where there is nothing to read
    from, `TimedOut`.
    """
    if given.stdin and given.fd is not None:
        raise UsageError(
            f"--{option.name}-stdin and --{option.name}-fd exclude each other.",
            advice="Give one of them.",
        )
    if given.stdin:
        text = _decoded(_from_stdin(), option)
    elif given.fd is not None:
        text = _decoded(_from_descriptor(given.fd, option), option)
    else:
        text = _from_prompt(option)
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise UsageError(f"The {option.words} is empty.", advice=f"Give the {option.words}.")
    return text


def read_token(console: Console, *, what: str, advice: str, members: tuple[str, ...] = ()) -> str:
    """The token, without white space: a terminal or an editor may have broken its line.

    It may stand in quotes, behind `Bearer`, or in a JSON answer under one of `members`.

    `what` is its name in the prompt and in the error. Raises `UsageError` with `advice`
    if there is none.
    """
    from entra_oauth.channels.terminal.secret_line import read_secret_line, read_stdin_bytes

    text: str | None = ""
    if sys.stdin.isatty():
        console.ask(f"Paste the {what}; it is not shown.")
        text = read_secret_line(f"{what}> ", timeout_s=READ_TIMEOUT_S)
    else:
        with suppress(EOFError):
            text = text_of(read_stdin_bytes(timeout_s=READ_TIMEOUT_S))
    if text is None:
        raise UsageError(f"The {what} is not UTF-8.", advice="Save it as UTF-8 text.")
    text = bare_token("".join(text.split()), what=what, members=members)
    if not text:
        raise UsageError(f"There is no {what}.", advice=advice)
    return text


def _from_stdin() -> bytes:
    if sys.stdin.isatty():
        raise UsageError(
            "Standard input is the terminal: what is typed there would be seen.",
            advice="Leave the option out: the prompt shows nothing. Or pipe the secret in.",
        )
    from entra_oauth.channels.terminal.secret_line import read_stdin_bytes

    try:
        return read_stdin_bytes(timeout_s=READ_TIMEOUT_S)
    except EOFError:
        return b""


def _from_descriptor(number: int, option: SecretOption) -> bytes:
    try:
        with os.fdopen(number, "rb") as file:
            return file.read(_MOST_BYTES + 1)
    except (OSError, OverflowError):
        raise LocalError(
            f"There is nothing to read at the file descriptor of --{option.name}-fd.",
            advice=f"Open it in the shell: --{option.name}-fd 3 3<FILE",
        ) from None


def _decoded(content: bytes, option: SecretOption) -> str:
    if len(content) > _MOST_BYTES:
        raise UsageError(f"The {option.words} is longer than 64 KiB.", advice="Check what is read.")
    text = text_of(content)
    if text is None:
        raise UsageError(f"The {option.words} is not UTF-8.", advice="Save it as UTF-8 text.")
    return text


def _from_prompt(option: SecretOption) -> str:
    from entra_oauth.channels.terminal.secret_line import (
        find_terminal,
        read_secret_line,
        winpty_advice,
    )

    if find_terminal() is None:
        ways = f"Pipe it in with --{option.name}-stdin, or use --{option.name}-fd."
        raise UsageError(
            f"There is no {option.words}, and no terminal to ask for it.",
            advice=f"{winpty_advice()} {ways}".lstrip(),
        )
    return read_secret_line(f"{option.words}> ", timeout_s=READ_TIMEOUT_S)
