"""An interactive program at a terminal of its own: keys go in, and what it shows is waited for."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

__all__ = ["Screen"]

PATIENCE_S = 60.0


class Screen:
    """Runs inside the block, in a session of its own; killed at its end."""

    def __init__(self, command: list[str], *, env: Mapping[str, str]) -> None:
        import pty

        self._ours, theirs = pty.openpty()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                env=dict(env),
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        self.seen = ""
        """What was shown since the last word that was waited for."""

    def write(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def wait_for(self, text: str) -> None:
        """Until the text is shown; what was shown up to its end is forgotten."""
        until = time.monotonic() + PATIENCE_S
        while text not in self.seen:
            left = until - time.monotonic()
            assert left > 0, f"{text!r} did not come: {self.seen!r}"
            if select.select([self._ours], [], [], left)[0]:
                self.seen += os.read(self._ours, 65536).decode("utf-8", "replace")
        self.seen = self.seen.partition(text)[2]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE_S)
        os.close(self._ours)
