"""practice fault, practice clock: changing the practice tenant that is running."""

from __future__ import annotations

import re
import shlex
import time
from typing import TYPE_CHECKING, Any

from entra_oauth.cli.practice.tenant_options import control_address
from entra_oauth.errors import UsageError, plain
from entra_oauth.practice.browser.control_client import command

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.session.console import Console

__all__ = ["run"]


def run(args: argparse.Namespace, console: Console) -> int:
    """Tell it, and say how things stand then."""
    if "words" in args:
        return _fault(args, console)
    return _clock(args, console)


def _fault(args: argparse.Namespace, console: Console) -> int:
    if not args.words and not args.clear:
        _explain(console)
    address = control_address(args)
    answer: dict[str, Any] = {}
    if args.clear:
        answer = command(address, "DELETE", "/faults")
    if args.words:
        answer = command(address, "POST", "/faults", {"fault": _joined(args.words)})
    elif not args.clear:
        answer = command(address, "GET", "/faults")
    if args.json:
        console.result_json({"schema": "entra-oauth/faults/1", **answer})
        return 0
    for each in answer["faults"]:
        console.result(f"{plain(str(each['fault']))}    touched {int(each['touched'])}")
    if not answer["faults"]:
        console.say("No fault is in force.")
    return 0


def _joined(words: list[str]) -> str:
    """The fault as it was typed: one quoted piece, or words that the shell took apart."""
    return words[0] if len(words) == 1 else shlex.join(words)


def _explain(console: Console) -> None:
    from entra_oauth.practice.faults import syntax
    from entra_oauth.practice.faults.scenarios import SCENARIOS

    console.say("Names:")
    for scenario in SCENARIOS.values():
        console.say(f"  {scenario.name:<17} {scenario.summary}")
    console.say(f"\n{syntax.__doc__}")


def _clock(args: argparse.Namespace, console: Console) -> int:
    address = control_address(args)
    if args.word is None:
        answer = command(address, "GET", "/clock")
    elif re.fullmatch(r"[+-]?[0-9]{1,9}", args.word, re.ASCII):
        answer = command(address, "POST", "/clock", {"seconds": int(args.word)})
    else:
        raise UsageError(
            "The clock is put forward by a whole number of seconds.", advice="Give +3600, say."
        )
    now = int(str(answer["now"]))
    if args.json:
        console.result_json({"schema": "entra-oauth/clock/1", "now": now})
    else:
        console.result(time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(now)))
    return 0
