"""completion: a script with which a shell completes verbs, options and fixed values."""

from __future__ import annotations

from entra_oauth.cli.command_line.values import near_to
from entra_oauth.cli.shell_completion.known_words import KnownWords
from entra_oauth.cli.shell_completion.scripts import SCRIPTS
from entra_oauth.errors import UsageError, plain
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Session
    from entra_oauth.cli.verbs.see_verbs import CompletionOptions

__all__ = ["run"]

_LONGEST_REPEATED = 24


def run(options: CompletionOptions, session: Session) -> int:
    """Print the script of one shell."""
    shell = options.shell
    listed = ", ".join(SCRIPTS)
    if shell is None:
        raise UsageError("completion needs to know the shell.", advice=f"Use one of {listed}.")
    if shell not in SCRIPTS:
        shown = f": {plain(shell)}" if len(shell) <= _LONGEST_REPEATED else ""
        raise UsageError(
            f"That shell is not known{shown}.",
            advice=f"{near_to(shell, SCRIPTS)}Use one of {listed}.",
        )
    session.console.result(SCRIPTS[shell](KnownWords.declared()).rstrip("\n"))
    return 0
