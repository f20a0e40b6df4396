"""A secret line from a terminal: nothing echoed, nothing cut, all put back.

The ordinary way to read a line stops at 1,024 bytes on macOS and at 4,096 on
Linux (termios(4), termios(3)): a pasted address with a code in it is longer. So
the terminal is read key by key here. Its settings are put back whatever
happens: an exception, Ctrl-C, Ctrl-Z, a signal that ends the process.

Standard input that is not a terminal is never read unless that was asked for.
"""

from __future__ import annotations

import os
import sys

from entra_oauth.channels.base import monotonic
from entra_oauth.channels.terminal.line import LIMIT, Line
from entra_oauth.channels.terminal.terminal import Terminal
from entra_oauth.errors import LocalError, TimedOut, UsageError
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "find_terminal",
    "read_line",
    "read_secret_line",
    "read_stdin",
    "read_stdin_bytes",
    "some_terminal",
    "winpty_advice",
]

_DEVICE = "/dev/tty"
_SLICE_S = 0.25
_QUIET_S = 0.15
"""Seconds without a key after which a line break was an Enter. Far above the gaps
inside a paste, and too short to be noticed."""


def find_terminal() -> Terminal | None:
    """The terminal of this process, also where standard input is a pipe; None without one."""
    if sys.platform == "win32":
        from entra_oauth.channels.terminal.windows import ConsoleTerminal

        return None if winpty_advice() else ConsoleTerminal.find()
    else:
        if not _has_terminal():
            return None
        from entra_oauth.channels.terminal.posix import TtyTerminal

        return TtyTerminal(None if os.isatty(0) else _DEVICE)


def _has_terminal() -> bool:
    try:
        if not os.isatty(0):
            os.close(os.open(_DEVICE, os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def winpty_advice(
    environ: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
    is_terminal: Callable[[int], bool] = os.isatty,
) -> str:
    """The way to a terminal in Git Bash without a console; empty everywhere else.

    Its window (mintty) gives Windows' programs pipes in the place of a console. The console
    that they have all the same is not shown: reading from it would wait for ever.
    """
    if platform != "win32" or "MSYSTEM" not in environ or any(map(is_terminal, (0, 1, 2))):
        return ""
    return "In Git Bash begin the command with winpty: winpty entra-oauth and so on."


def read_secret_line(prompt: str, *, timeout_s: float, from_stdin: bool = False) -> str:
    """One line that must not be seen, from the terminal, in at most `timeout_s` seconds.

    A paste with line breaks in it comes back with them. `from_stdin` says that
    standard input is to be read to its end where it is not a terminal.

    Raises `TimedOut`; `LocalError` if there is no terminal or its input ended;
    `UsageError` for more than 64 KiB; `KeyboardInterrupt` at Ctrl-C.
    """
    try:
        if from_stdin and not os.isatty(0):
            text = read_stdin(timeout_s=timeout_s)
        else:
            with some_terminal() as terminal:
                text = read_line(terminal, prompt, timeout_s=timeout_s)
    except EOFError:
        raise LocalError(
            "The input ended before anything was entered.",
            advice="Start again and paste or type it, then press Enter.",
        ) from None
    if len(text) > LIMIT:
        raise UsageError(f"The input is longer than {LIMIT:,} characters.", advice="Check it.")
    return text


def some_terminal(find: Callable[[], Terminal | None] = find_terminal) -> Terminal:
    """The terminal that `find` finds. Raises `LocalError` if there is none."""
    terminal = find()
    if terminal is None:
        raise LocalError(
            "There is no terminal to read from.",
            advice=f"{winpty_advice() or 'Run this in a terminal.'} Or pipe the input in: login "
            "and mirror read the final address from standard input with --paste -.",
        )
    return terminal


def read_line(terminal: Terminal, prompt: str, *, timeout_s: float) -> str:
    """One line from a terminal inside its `with` block, told by length only.

    Raises `TimedOut`, and what `Terminal.keys` and `Line.feed` raise. A line of
    more than `LIMIT` characters comes back one character too long.
    """
    line, progress = Line(LIMIT + 1), _Progress(terminal, prompt.rpartition("\n")[2])
    until = monotonic() + timeout_s
    terminal.show(prompt)
    while not line.finished:
        left = until - monotonic()
        if left <= 0:
            terminal.show("\n")
            raise TimedOut(
                f"Nothing was entered within {timeout_s:.0f} seconds.", advice="Start again."
            )
        waiting = line.ended or progress.is_behind(line)
        keys = terminal.keys(min(_QUIET_S, left) if waiting else left)
        line.feed(keys)
        if not keys:
            if line.ended:
                break
            progress.tell(line)
    progress.done(line)
    return line.text


class _Progress:
    """One line that says how much has come, rewritten in place after the prompt."""

    def __init__(self, terminal: Terminal, prompt: str) -> None:
        self._terminal = terminal
        self._prompt = prompt
        self._told = 0
        self._width = 0

    def is_behind(self, line: Line) -> bool:
        return len(line.text) != self._told

    def tell(self, line: Line) -> None:
        if self.is_behind(line):
            self._told = len(line.text)
            self._write(f"{_count(self._told)} received. Enter goes on, Ctrl-U starts again.")

    def done(self, line: Line) -> None:
        self._write(f"{_count(len(line.text))} received.")
        self._terminal.show("\n")

    def _write(self, text: str) -> None:
        start = f"\r{self._prompt}" if self._width else ""
        self._terminal.show(f"{start}{text:{self._width}}")
        self._width = len(text)


def _count(characters: int) -> str:
    return f"{characters:,} character{'' if characters == 1 else 's'}"


def read_stdin(*, timeout_s: float) -> str:
    """All of standard input as text, at most one character more than `LIMIT`.

    Raises what `read_stdin_bytes` raises.
    """
    return read_stdin_bytes(timeout_s=timeout_s).decode("utf-8-sig", "replace")[: LIMIT + 1]


def read_stdin_bytes(*, timeout_s: float) -> bytes:
    """All of standard input, at most some bytes more than `LIMIT` characters need.

    Raises `EOFError` if it is empty, `TimedOut` if it has not ended in time (not
    on Windows, where a pipe cannot be waited for).
    """
    until = monotonic() + timeout_s
    taken = bytearray()
    while len(taken) <= 4 * LIMIT:
        if sys.platform != "win32":
            import select

            # In slices: a Ctrl-C that falls into the moment before a wait does not end it.
            left = until - monotonic()
            if not select.select([0], [], [], min(_SLICE_S, max(0.0, left)))[0]:
                if left > 0:
                    continue
                raise TimedOut(
                    f"Standard input did not end within {timeout_s:.0f} seconds.",
                    advice="End it (Ctrl-D, or the end of the file), or paste into a terminal.",
                )
        piece = os.read(0, 65536)
        if not piece:
            break
        taken += piece
    if not taken:
        raise EOFError
    return bytes(taken)
