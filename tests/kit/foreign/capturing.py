"""Packets of this machine captured by dumpcap, which needs to be root."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["captured"]

_PATIENCE_S = 60.0


@contextmanager
def captured(file: Path, *ports: int | str) -> Iterator[None]:
    """Inside the block, what passes on these ports of loopback is written to the file."""
    wanted = " or ".join(f"tcp port {port}" for port in ports)
    command = ["dumpcap", "-q", "-i", "lo", "-f", wanted, "-w", str(file)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            _wait_for(file, process)
            yield
            _settle(file)
        finally:
            process.send_signal(signal.SIGINT)
            process.stderr.read()
            process.wait(_PATIENCE_S)


def _wait_for(file: Path, process: subprocess.Popen[str]) -> None:
    """Until it captures: it says so, and its file has a head."""
    assert process.stderr is not None
    said = ""
    while "File:" not in said:
        line = process.stderr.readline()
        assert line, f"dumpcap did not begin: {said}"
        said += line
    until = time.monotonic() + _PATIENCE_S
    while not (file.exists() and file.stat().st_size):
        assert time.monotonic() < until
        time.sleep(0.01)


def _settle(file: Path) -> None:
    """Until it has written what it saw: its file grows no more."""
    until = time.monotonic() + _PATIENCE_S
    size, since = -1, time.monotonic()
    while time.monotonic() < min(until, since + 1.5):
        if (now := file.stat().st_size) != size:
            size, since = now, time.monotonic()
        time.sleep(0.05)
