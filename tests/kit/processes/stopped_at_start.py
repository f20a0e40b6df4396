"""A signal that comes just when a program has been started, and before anybody knows its number."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

__all__ = ["is_running", "stopped_at_start"]


@contextmanager
def stopped_at_start(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """SIGTERM, taken as `cli` takes it, right after each start. Gives the processes' numbers."""
    started: list[int] = []

    class Started(subprocess.Popen[Any]):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            started.append(self.pid)
            os.kill(os.getpid(), signal.SIGTERM)

    def unwind(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", Started)
    before = signal.signal(signal.SIGTERM, unwind)
    try:
        yield started
    finally:
        signal.signal(signal.SIGTERM, before)


def is_running(pid: int) -> bool:
    """True of a process that is there and has been collected by nobody (Linux)."""
    return Path(f"/proc/{pid}").exists()
