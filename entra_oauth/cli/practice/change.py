"""practice fault, practice clock: changing the practice tenant that is running."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from entra_oauth.cli.command_line.values import seconds_of
from entra_oauth.cli.practice.tenant_options import control_address
from entra_oauth.cli.verbs.learn_verbs import PracticeClockOptions, PracticeFaultOptions
from entra_oauth.errors import UsageError, plain
from entra_oauth.moments import utc
from entra_oauth.practice.browser.control_client import command

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console, Session

__all__ = ["run"]

_FAR_IN = 12
"""Blanks before a line of the syntax that goes on with the one before it."""
_AHEAD = re.compile(r"([+-]?)([0-9]{1,9}[smhd]?)", re.ASCII)


def run(options: PracticeFaultOptions | PracticeClockOptions, session: Session) -> int:
    """Tell it, and say how things stand then."""
    if isinstance(options, PracticeFaultOptions):
        return _fault(options, session.console)
    return _clock(options, session.console)


def _fault(options: PracticeFaultOptions, console: Console) -> int:
    if options.fault == ("help",):
        _explain(console)
        return 0
    address = control_address(options.running)
    answer: dict[str, Any] = {}
    if options.clear:
        answer = command(address, "DELETE", "/faults")
    if options.fault:
        answer = command(address, "POST", "/faults", {"fault": _joined(options.fault)})
    elif not options.clear:
        answer = command(address, "GET", "/faults")
    if console.as_json:
        console.result_json({"schema": "entra-oauth/faults/1", **answer})
        return 0
    for each in answer["faults"]:
        console.result(f"{plain(str(each['fault']))}    touched {int(each['touched'])}")
    if not answer["faults"]:
        console.say("No fault is in force.")
    if not options.fault and not options.clear:
        console.say("The names, and how a rule is written: entra-oauth practice fault help")
    return 0


def _joined(words: tuple[str, ...]) -> str:
    """The fault as it was typed: one quoted piece, or words that the shell took apart."""
    return words[0] if len(words) == 1 else shlex.join(words)


def _explain(console: Console) -> None:
    from entra_oauth.practice.faults import syntax
    from entra_oauth.practice.faults.scenarios import SCENARIOS

    names = "\n".join(f"  {each.name:<17} {each.summary}" for each in SCENARIOS.values())
    for text in (f"Names:\n{names}", f"\n{syntax.__doc__}"):
        console.say(_laid_out(text, console.columns) if console.columns else text)


def _laid_out(text: str, columns: int) -> str:
    """Rows of words and meanings in a terminal; a line far in belongs to the row before it."""
    from entra_oauth.cli.session.wrap import LEAST_WIDTH, beside

    columns = max(columns, LEAST_WIDTH)
    lines = re.sub(rf"\n {{{_FAR_IN},}}", " ", text).split("\n")
    return "\n".join(beside(line, columns) if line[:1] == " " else line for line in lines)


def _clock(options: PracticeClockOptions, console: Console) -> int:
    address = control_address(options.running)
    if options.seconds is None:
        answer = command(address, "GET", "/clock")
    elif (found := _AHEAD.fullmatch(options.seconds)) and (ahead := seconds_of(found[2])):
        seconds = -ahead if found[1] == "-" else ahead
        answer = command(address, "POST", "/clock", {"seconds": seconds})
    else:
        raise UsageError(
            "The clock is put forward by a whole number of seconds, minutes, hours or days.",
            advice="Give +3600, say, or +1h.",
        )
    now = int(str(answer["now"]))
    if console.as_json:
        console.result_json({"schema": "entra-oauth/clock/1", "now": now})
    else:
        console.result(f"{utc(now).replace(tzinfo=None)}Z")
    return 0
