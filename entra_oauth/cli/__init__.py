"""The command line: composes the rooms, speaks to people, and sets the exit code."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main(argv: list[str] | None = None) -> int:
    """Run one command. `argv` is without the program's name. Returns the exit code.

    Without `argv` the process is taken to end with the command.
    """
    try:
        from entra_oauth.cli.run import run

        code = run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:  # before the command began
        print("\nStopped.\nNext: run the command again when you are ready.", file=sys.stderr)
        code = 130
    if argv is None:
        import signal

        # A second Ctrl-C would come into the exit, and print a traceback there.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code
