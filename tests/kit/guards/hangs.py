"""Stacks of all threads, told when the tests come no further."""

from __future__ import annotations

import faulthandler
import os
import sys
import time

import pytest

__all__ = ["AFTER_S", "AGAIN_S", "Hangs"]

AFTER_S = 120.0
"""The longest that a test may take before it tells where it stands."""

AGAIN_S = 15.0
"""How often the watch is set: by as much a hang may be told earlier than `AFTER_S`.

To set it waits for a thread, which takes milliseconds on a busy machine. pytest's own
watch is set twice for each test, and that was a tenth of the time of all of them.
"""


class Hangs:
    """The plugin that watches over a run."""

    def __init__(self) -> None:
        self._set_at = -AGAIN_S
        self._stderr = os.dup(sys.__stderr__.fileno()) if sys.__stderr__ else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        """Set the watch anew, now and then."""
        now = time.monotonic()
        if self._stderr is not None and now >= self._set_at + AGAIN_S:
            self._set_at = now
            faulthandler.dump_traceback_later(AFTER_S, file=self._stderr)

    def pytest_unconfigure(self) -> None:
        """End it."""
        faulthandler.cancel_dump_traceback_later()
        if self._stderr is not None:
            os.close(self._stderr)
            self._stderr = None
