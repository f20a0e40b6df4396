"""A token that a person pastes or pipes in; never a command-line argument."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console

__all__ = ["read_token"]

READ_TIMEOUT_S = 300.0


def read_token(console: Console, *, what: str, advice: str) -> str:
    """The token, without white space: a terminal or an editor may have broken its line.

    `what` is its name in the prompt and in the error. Raises `UsageError` with `advice`
    if there is none.
    """
    from entra_oauth.channels.terminal.secret_line import read_secret_line, read_stdin

    text = ""
    if sys.stdin.isatty():
        console.ask(f"Paste the {what}; it is not shown.")
        text = read_secret_line(f"{what}> ", timeout_s=READ_TIMEOUT_S)
    else:
        with suppress(EOFError):
            text = read_stdin(timeout_s=READ_TIMEOUT_S)
    text = "".join(text.split())
    if not text:
        raise UsageError(f"There is no {what}.", advice=advice)
    return text
