"""The command line: composes the rooms, speaks to people, and sets the exit code."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main(argv: list[str] | None = None) -> int:
    """Run one command. `argv` is without the program's name. Returns the exit code.

    Without `argv` the process is taken to be there for the command alone, and Ctrl-C
    has no effect on what is left of it.
    """
    if argv is not None:
        return _run(argv)
    try:
        if sys.argv[1:2] == ["token"]:
            from entra_oauth.cli.fast import try_token

            try_token(sys.argv[2:])  # which ends the process if it can
        from entra_oauth.cli.signals import own_ctrl_c
    except KeyboardInterrupt:
        return 130
    with own_ctrl_c():
        try:
            return _run(sys.argv[1:])
        except KeyboardInterrupt:  # before the command began, or after its end
            print("\nStopped.\nNext: Run the command again when you are ready.", file=sys.stderr)
            return 130


def _run(arguments: list[str]) -> int:
    from entra_oauth.cli.signals import uninterrupted

    with uninterrupted():
        from entra_oauth.cli.run import run
    return run(arguments)
