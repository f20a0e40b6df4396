"""From arguments to an exit code. Every way out of the program is here."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import signal
import sys
import textwrap
from typing import TYPE_CHECKING, NoReturn

from entra_oauth.cli.console import Console
from entra_oauth.cli.options import add, fill_in
from entra_oauth.cli.verbs import GROUPS, VERBS, Verb
from entra_oauth.errors import EntraOAuthError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["help_text", "run"]

INTERRUPTED = 130
TERMINATED = 143


class _Parser(argparse.ArgumentParser):
    """argparse, but a mistake is one of our errors."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", advice=f"See {self.prog} --help.")


def run(arguments: list[str]) -> int:
    """Run one command line."""
    console = Console.standard()
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        console.result(help_text())
        return 0
    with _sigterm_as_exit():
        try:
            return _dispatch(arguments, console)
        except EntraOAuthError as error:
            Console.standard(as_json="--json" in arguments).fail(error)
            return error.exit_code
        except KeyboardInterrupt:
            print("\nStopped.\nNext: run the command again when you are ready.", file=sys.stderr)
            return INTERRUPTED
        except BrokenPipeError:
            # The reader of our output has gone, as `head` does. Python would
            # complain once more at exit while flushing.
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0


def _dispatch(arguments: list[str], console: Console) -> int:
    name = arguments[0]
    if name not in VERBS:
        raise UsageError(f"There is no verb {name!r}.", advice="See entra-oauth --help.")
    verb = VERBS[name]
    args = parser_for(verb).parse_args(arguments[1:])
    fill_in(args, verb.options)
    as_json = bool(getattr(args, "json", False))
    console = Console.standard(quiet=bool(getattr(args, "quiet", False)), as_json=as_json)
    if "output" in verb.options and args.output is None:
        args.output = "json" if as_json else verb.output
    module = importlib.import_module(f"entra_oauth.cli.{verb.module}")
    code: int = module.run(args, console)
    return code


def parser_for(verb: Verb) -> argparse.ArgumentParser:
    """The parser of one verb; the others are not built."""
    parser = _Parser(
        prog=f"entra-oauth {verb.name}",
        description=textwrap.fill(verb.description, 79),
        epilog="examples:\n" + "\n".join(f"  {example}" for example in verb.examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    if verb.extra == "action":
        parser.add_argument("action", choices=("serve",), help="what to do")
    add(parser, verb.options)
    return parser


def help_text() -> str:
    """The help of the whole command."""
    lines = [
        "usage: entra-oauth VERB [options]",
        "",
        "Get, audit and learn Microsoft Entra ID tokens, without MSAL.",
    ]
    for title, names in GROUPS:
        lines += ["", f"{title}:"]
        lines += [f"  {name:<15} {VERBS[name].summary}" for name in names]
    lines += [
        "",
        "entra-oauth VERB --help   shows the options of a verb",
        "entra-oauth --version     shows the version",
        "",
        "Results go to standard output, all else to standard error. Exit codes: 0 ok, 2 usage,",
        "3 the authority said no, 4 a person must sign in, 5 a security check failed, 6 network,",
        "7 timed out, 8 this machine (port, file), 9 not equal, 130 Ctrl-C, 143 SIGTERM.",
    ]
    return "\n".join(lines)


@contextlib.contextmanager
def _sigterm_as_exit() -> Iterator[None]:
    """SIGTERM unwinds the stack as Ctrl-C does, so that everything still closes."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(TERMINATED)

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread: whoever owns it decides
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
