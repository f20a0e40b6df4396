"""From arguments to an exit code. Every way out of the program is here."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from entra_oauth.cli.command_line.first_look import asks_for_json
from entra_oauth.cli.command_line.help import help_for
from entra_oauth.cli.session import signals
from entra_oauth.cli.session.console import Console
from entra_oauth.errors import EntraOAuthError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType, TracebackType

__all__ = ["run"]

UNEXPECTED = 1
INTERRUPTED = 130
TERMINATED = 143


def run(arguments: list[str], load: Callable[[str], ModuleType]) -> int:
    """Run one command line. `load` imports a verb's module."""
    console = Console.standard(as_json=asks_for_json(arguments, os.environ))
    with signals.sigterm_as_exception():
        try:
            if (text := help_for(arguments)) is not None:
                console.result(text)
                return 0
            with signals.uninterrupted():
                from entra_oauth.cli.command_line.arguments import read_arguments
                from entra_oauth.cli.command_line.run_verb import run_verb
            asked = read_arguments(arguments, os.environ)
            console = replace(console, quiet=asked.output.quiet, as_json=asked.output.json)
            with _mistakes_of_threads_in_a_line(console):
                code = run_verb(asked, console, load)
        except EntraOAuthError as error:
            console.fail(error)
            return error.exit_code
        except KeyboardInterrupt:
            return _stopped(console, INTERRUPTED)
        except signals.Terminated:
            return _stopped(console, TERMINATED)
        except BrokenPipeError:
            console.close_results()
            return 0
        except Exception as error:
            _fail_unexpectedly(console, error)
            return UNEXPECTED
        return code


def _stopped(console: Console, exit_code: int) -> int:
    signals.ignore()
    console.stopped(exit_code)
    return exit_code


@contextmanager
def _mistakes_of_threads_in_a_line(console: Console) -> Iterator[None]:
    import threading

    def note(mistake: threading.ExceptHookArgs) -> None:
        if _wants_tracebacks():
            before(mistake)
        console.ask(
            "Note: something unexpected happened in the background: "
            f"{mistake.exc_type.__name__} in {_place(mistake.exc_traceback)}."
        )

    before, threading.excepthook = threading.excepthook, note
    try:
        yield
    finally:
        threading.excepthook = before


def _wants_tracebacks() -> bool:
    return os.environ.get("ENTRA_OAUTH_DEBUG", "") not in ("", "0")


def _fail_unexpectedly(console: Console, error: Exception) -> None:
    """A mistake of ours. Its text is not shown: it could hold a secret."""
    if _wants_tracebacks():
        import traceback

        console.ask("".join(traceback.format_exception(error)))
    console.fail(
        EntraOAuthError(
            f"Something unexpected happened: {type(error).__name__} in "
            f"{_place(error.__traceback__)}.",
            advice="Report this line and the verb that you ran. With ENTRA_OAUTH_DEBUG=1 more is "
            "shown, which may hold secrets.",
        )
    )


def _place(trace: TracebackType | None) -> str:
    """File and line of the innermost frame that is ours."""
    place = "no file"
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename.replace(os.sep, "/")
        if "/entra_oauth/" in file:
            place = f"{file.rpartition('/entra_oauth/')[2]}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return place
