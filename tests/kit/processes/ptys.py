"""A real terminal for a test: a Python program at one end, the test's keys at the other."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import termios
import threading
import time
from types import TracebackType
from typing import Any, Self

__all__ = ["Session"]

_PATIENCE_S = 60.0
_MARK = b"\x00the end\x00"
_TAKE_THE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl({fd}, termios.TIOCSCTTY, 0)
"""


class Session:
    """Runs `program` with a new pseudo-terminal as its controlling one.

    Its standard error is the terminal, and its standard input too unless `stdin`
    gives bytes for a pipe. Its standard output is a pipe: `finish()` returns that.
    """

    def __init__(
        self,
        program: str,
        *,
        stdin: bytes | None = None,
        term: str = "xterm",
        columns: int | None = None,
    ) -> None:
        self._master, self._slave = pty.openpty()
        if columns is not None:
            termios.tcsetwinsize(self._slave, (24, columns))
        self.before = self.modes()
        self._seen = bytearray()
        self._news = threading.Condition()
        self._child = subprocess.Popen(
            [sys.executable, "-c", _TAKE_THE_TERMINAL.format(fd=2) + program],
            stdin=self._slave if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._slave,
            start_new_session=True,
            env={**os.environ, "TERM": term},
        )
        if stdin is not None:
            assert self._child.stdin is not None
            self._child.stdin.write(stdin)
            self._child.stdin.close()
            self._child.stdin = None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def modes(self) -> list[Any]:
        """The terminal's settings at this moment."""
        return termios.tcgetattr(self._slave)

    @property
    def pid(self) -> int:
        """The program's process."""
        return self._child.pid

    @property
    def shown(self) -> str:
        """All that the terminal has displayed so far."""
        with self._news:
            return self._seen.decode("utf-8", "replace")

    def wait_for(self, text: str, *, times: int = 1) -> None:
        """Until the terminal has displayed `text`, so many times."""
        wanted = text.encode()
        with self._news:
            if not self._news.wait_for(lambda: self._seen.count(wanted) >= times, _PATIENCE_S):
                raise AssertionError(f"the terminal never showed {text!r}: {bytes(self._seen)!r}")

    def interrupt_until(self, text: str) -> None:
        """Send SIGINT, and again where nothing came of it, until `text` is displayed.

        Readline sees a signal of the instant before it waits at the next one only.
        """
        until = time.monotonic() + _PATIENCE_S
        while text not in self.shown and time.monotonic() < until:
            os.kill(self.pid, signal.SIGINT)
            with self._news:
                self._news.wait_for(lambda: text.encode() in self._seen, _PATIENCE_S / 4)
        self.wait_for(text)

    def wait_until_raw(self) -> None:
        """Until the program has switched the echo off."""
        self._wait_for_echo(on=False)

    def wait_until_cooked(self) -> None:
        """Until the program has put the terminal back."""
        self._wait_for_echo(on=True)

    def _wait_for_echo(self, *, on: bool) -> None:
        until = time.monotonic() + _PATIENCE_S
        while bool(self.modes()[3] & termios.ECHO) is not on:
            assert time.monotonic() < until, f"the echo was never switched {'on' if on else 'off'}"
            time.sleep(0.01)

    def press(self, keys: str | bytes) -> None:
        """Press these keys. Returns when the terminal has taken them all."""
        rest = keys.encode() if isinstance(keys, str) else keys
        while rest:
            rest = rest[os.write(self._master, rest) :]

    def finish(self) -> tuple[int, str]:
        """The program's exit status and what it wrote to standard output.

        By then all that it wrote to the terminal is `shown`.
        """
        output, _ = self._child.communicate(timeout=_PATIENCE_S)
        # What it wrote arrives on its own, perhaps after its end; a mark behind it arrives later.
        os.write(self._slave, _MARK)
        self.wait_for(_MARK.decode())
        with self._news:
            self._seen = bytearray(self._seen.replace(_MARK, b""))
        return self._child.returncode, output.decode()

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._master, 65536)
            except OSError:
                return
            if not piece:
                return
            with self._news:
                self._seen += piece
                self._news.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait(_PATIENCE_S)
        if self._child.stdout is not None:
            self._child.stdout.close()
        os.close(self._slave)
        self._reader.join(_PATIENCE_S)
        os.close(self._master)
