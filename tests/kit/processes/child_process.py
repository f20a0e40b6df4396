"""A Python program of a test's own, in a process that never outlives the test."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Child", "running"]


class Child:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def line(self) -> str:
        """The next line of its output; empty if it ended."""
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def end(self, *, timeout_s: float = 10.0) -> tuple[str, str]:
        """Close its input and wait: the rest of its output, and its errors."""
        return self._process.communicate(timeout=timeout_s)

    @property
    def code(self) -> int | None:
        return self._process.returncode


@contextmanager
def running(program: str, *arguments: str) -> Iterator[Child]:
    """Run `program`, with every warning an error, until the block ends."""
    command = [sys.executable, "-W", "error", "-c", program, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield Child(process)
        finally:
            process.kill()
