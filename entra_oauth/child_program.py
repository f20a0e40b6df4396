"""A program that is run to its end: found, started, told of signals, and its exit code."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from entra_oauth.errors import LocalError, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

__all__ = ["WINDOWS", "answer_of", "cannot_be_started", "exit_code", "find", "run", "signals_kept"]

WINDOWS = os.name == "nt"

_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_EXTENSIONS = ".COM;.EXE;.BAT;.CMD"


def run(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a program to its end and return its exit code, as a shell would give it.

    It has our standard streams. Signals that come to us go to it as well. Raises
    `LocalError` if it cannot be started.
    """
    program = find(command[0], environ) or command[0]
    forward = _Forwarder()
    with forward.installed():
        try:
            process = subprocess.Popen(  # noqa: S603 - it is what the person asked for
                [program, *command[1:]], env=dict(environ)
            )
        except OSError as error:
            raise cannot_be_started(command[0], error) from None
        with process:
            forward.to(process)
            return exit_code(process.wait())


def answer_of(
    command: Sequence[str],
    *,
    data: bytes = b"",
    environ: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run a program that reads `data` to its end, and return what it says and its exit code.

    Whatever ends the wait ends the program too: the time, Ctrl-C, SIGTERM. `environ` None is
    our own environment. Raises `OSError` and `subprocess.TimeoutExpired`.
    """
    pipe = subprocess.PIPE
    with ExitStack() as at_the_end:
        with signals_kept():
            process = subprocess.Popen(  # noqa: S603 - no shell
                list(command),
                env=None if environ is None else dict(environ),
                stdin=pipe if data else subprocess.DEVNULL,
                stdout=pipe,
                stderr=pipe,
            )
            at_the_end.enter_context(process)
            at_the_end.callback(process.kill)  # nothing, where it has ended
        output, complaints = process.communicate(data or None, timeout_s)
    return subprocess.CompletedProcess(command, process.returncode, output, complaints)


def find(name: str, environ: Mapping[str, str], *, windows: bool = WINDOWS) -> str | None:
    """The path of a program that `PATH` of `environ` leads to; None if there is none.

    On Windows `.cmd` and `.bat` are found too, and the current folder is not looked into
    unless `PATH` names it: a stranger's file there must not run in a program's place.
    """
    if not windows:
        return shutil.which(name, path=environ.get("PATH"))
    variables = {variable.upper(): value for variable, value in environ.items()}
    extensions = [e for e in variables.get("PATHEXT", _EXTENSIONS).split(";") if e]
    has_one = any(name.lower().endswith(each.lower()) for each in extensions)
    names = [name] if has_one else [f"{name}{each}" for each in extensions]
    folders = [""]
    if not ("\\" in name or "/" in name):
        folders = [folder for folder in variables.get("PATH", "").split(";") if folder]
    candidates = (os.path.join(folder, each) for folder in folders for each in names)
    return next((path for path in candidates if os.path.isfile(path)), None)


@contextmanager
def signals_kept() -> Iterator[None]:
    """Keep Ctrl-C and SIGTERM until the end of the block, in which a program is started.

    One that came between its start and the note of its number would leave it to itself. The
    signals are not blocked: the program would have them blocked too.
    """
    came: list[int] = []
    before = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        # What is ignored stays so for the program, and what ends us outright asks nobody.
        if callable(signal.getsignal(number)):
            with suppress(ValueError):  # not the main thread, which alone is told of signals
                before[number] = signal.signal(number, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for late in came:
            signal.raise_signal(late)


def exit_code(returncode: int, *, windows: bool = WINDOWS) -> int:
    """What a program ended with, as `sys.exit` can hand it on.

    A signal n is 128 + n, as in a shell. Windows' codes have 32 bits without a sign, such
    as 0xC000013A after Ctrl-C; the same bits with a sign fit into what Python ends with.
    """
    if windows:
        return returncode - 2**32 if returncode >= 2**31 else returncode
    return returncode if returncode >= 0 else 128 - returncode


def cannot_be_started(name: str, error: OSError) -> LocalError:
    """The error of a program that is not there (127) or may not run (126).

    The numbers are a shell's (POSIX.1-2017, Shell Command Language 2.8.2).
    """
    failure = LocalError(
        f"{plain(name, limit=200)} cannot be started: {error.strerror}.",
        advice="Check the name of the program after --, and that it may be run.",
    )
    failure.exit_code = 127 if isinstance(error, FileNotFoundError) else 126
    return failure


class _Forwarder:
    """Hands signals on, also those that came before there was a program to hand them to."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: list[int] = []

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Outside the main thread there are no signals to hand on."""
        before = {}
        try:
            for name in _FORWARDED:
                if number := getattr(signal, name, None):
                    before[number] = signal.signal(number, self._take)
        except ValueError:
            pass
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def to(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        for number in self._waiting:
            self._send(number)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self._process is None:
            self._waiting.append(number)
        elif number != signal.SIGINT or not _reached_by_terminal():
            self._send(number)

    def _send(self, number: int) -> None:
        if self._process is not None:
            with suppress(OSError):
                self._process.send_signal(number)


def _reached_by_terminal() -> bool:
    """True if Ctrl-C reaches the program without us: a terminal signals all in front of it."""
    if WINDOWS:
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
