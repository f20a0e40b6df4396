"""The command line: composes the rooms, speaks to people, and sets the exit code."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main(argv: list[str] | None = None) -> int:
    """Run one command. `argv` is without the program's name. Returns the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments in (["--version"], ["-V"]):
        from entra_oauth._version import __version__

        print(f"entra-oauth {__version__}")
        return 0
    from entra_oauth.cli.run import run

    return run(arguments)
