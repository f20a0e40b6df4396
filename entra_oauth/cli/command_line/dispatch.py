"""From arguments to an exit code. Every way out of the program is here."""

from __future__ import annotations

import itertools
import os
from contextlib import contextmanager

from entra_oauth.cli.command_line.declare import is_on, part_of
from entra_oauth.cli.session import signals
from entra_oauth.cli.session.console import Console, Session
from entra_oauth.errors import EntraOAuthError
from entra_oauth.light import TYPE_CHECKING, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType, TracebackType

    from entra_oauth.cli.command_line.arguments import CommandLine
    from entra_oauth.errors import LocalError

__all__ = ["run"]

UNEXPECTED = 1
INTERRUPTED = 130
TERMINATED = 143


def run(arguments: list[str], load: Callable[[str], ModuleType]) -> int:
    """Run one command line. `load` imports a verb's module."""
    console = Console.standard(as_json=_asks_for_json(arguments, os.environ))
    with signals.sigterm_as_exception():
        try:
            if _may_ask_for_help(arguments):
                from entra_oauth.cli.command_line.help import help_for

                if (text := help_for(arguments)) is not None:
                    console.result(text)
                    return 0
            with signals.uninterrupted():
                from entra_oauth.cli.command_line.arguments import read_arguments
            asked = read_arguments(arguments, os.environ)
            console = replace(console, quiet=asked.output.quiet, as_json=asked.output.json)
            with _mistakes_of_threads_in_a_line(console):
                code = _run_verb(asked, console, load)
        except EntraOAuthError as error:
            console.fail(error)
            return error.exit_code
        except KeyboardInterrupt:
            return _stopped(console, INTERRUPTED)
        except signals.Terminated:
            return _stopped(console, TERMINATED)
        except Exception as error:
            if (missing := _missing_part(error, arguments)) is not None:
                console.fail(missing)
                return missing.exit_code
            _fail_unexpectedly(console, error)
            return UNEXPECTED
        return code


def _run_verb(asked: CommandLine, console: Console, load: Callable[[str], ModuleType]) -> int:
    """Run it, recorded and explained as was asked for. Returns the exit code.

    Its session is put together here, and nowhere else.
    """
    from entra_oauth.cli.options.common_options import NetworkOptions, RecordingOptions

    with signals.uninterrupted():
        module = load(asked.verb.module)
    session = Session(verb=asked.verb.name, console=console, environ=os.environ)
    recording = part_of(asked.options, RecordingOptions)
    if recording.record is None and "redact" not in recording.origins.given:
        return _run_explained(module, asked, session)
    from entra_oauth.cli.command_line.counted_settings import counted_settings
    from entra_oauth.cli.session.record_option import CommandGiven, recorded

    given = CommandGiven(session.verb, counted_settings(asked, recording.origins), asked.program)
    network = part_of(asked.options, NetworkOptions)
    with recorded(given, recording, network, console) as running:
        session = replace(session, recorder=running.recorder)
        code = _run_explained(module, asked, session)
        running.failed = code != 0
    return code


def _run_explained(module: ModuleType, asked: CommandLine, session: Session) -> int:
    from entra_oauth.cli.options.common_options import ExplainOptions

    wanted = part_of(asked.options, ExplainOptions)
    if wanted.explain or wanted.pause or wanted.predict:
        from entra_oauth.cli.session.explain_option import explainer_for

        session = replace(session, explainer=explainer_for(wanted, session.console))
    code: int = module.run(asked.options, session)
    return code


def _asks_for_json(arguments: list[str], environ: Mapping[str, str]) -> bool:
    """True if a mistake in the arguments themselves is to be told as JSON."""
    if "--" in arguments:
        arguments = arguments[: arguments.index("--")]  # the rest is another program's
    if {"--json", "-ojson", "--output=json"} & set(arguments):
        return True
    pairs = itertools.pairwise(arguments)
    if any(flag in ("-o", "--output") and value == "json" for flag, value in pairs):
        return True
    return is_on(environ.get("ENTRA_OAUTH_JSON", ""))


def _may_ask_for_help(arguments: list[str]) -> bool:
    """True if `help_for` has to look: for the others it is not imported."""
    flags = {"-h", "--help", "-V", "--version"}
    return arguments[:1] in ([], ["help"]) or not flags.isdisjoint(arguments)


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


def _missing_part(error: Exception, arguments: list[str]) -> LocalError | None:
    if not isinstance(error, ImportError):
        return None
    from entra_oauth.cli.command_line.arguments import VERB_NAMES, split_verb
    from entra_oauth.cli.command_line.missing_part import missing_part

    verb = split_verb(arguments)[0] if arguments else ""
    return missing_part(error, verb if verb in VERB_NAMES else "this command")


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
