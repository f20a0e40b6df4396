"""Stacks of all threads, told when the tests come no further."""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback

import pytest

__all__ = ["AFTER_S", "LINES", "Hangs"]

AFTER_S = 120.0
"""The longest that a test may take before it tells where it stands."""


LINES = 25
"""So many calls of each thread are told, the innermost ones."""


class Hangs:
    """The plugin that watches over a run, by one thread that sleeps until a test is late.

    Neither pytest's own watch nor `faulthandler.dump_traceback_later` is used: they start and
    join a thread for each test, and they read the stacks of threads that go on meanwhile, which
    can end the process with signal 11. This one holds the interpreter while it reads.
    """

    def __init__(self) -> None:
        self._late_at = time.monotonic() + AFTER_S
        self._over = threading.Event()
        self._stderr = os.dup(sys.__stderr__.fileno()) if sys.__stderr__ else None
        self._watch = threading.Thread(target=self._look, name="hangs", daemon=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        """Give the next test its time. The thread looks at it when it wakes."""
        self._late_at = time.monotonic() + AFTER_S
        if self._watch.ident is None:
            self._watch.start()

    def pytest_unconfigure(self) -> None:
        """End it."""
        self._over.set()
        if self._watch.ident is not None:
            self._watch.join()
        if self._stderr is not None:
            os.close(self._stderr)
            self._stderr = None

    def _look(self) -> None:
        while not self._over.wait(self._late_at - time.monotonic()):
            if time.monotonic() >= self._late_at:
                self._late_at = time.monotonic() + AFTER_S
                if self._stderr is not None:
                    os.write(self._stderr, self._said().encode("utf-8", "replace"))

    def _said(self) -> str:
        names = {each.ident: each.name for each in threading.enumerate()}
        said = [f"no test has ended for {AFTER_S:g} s\n"]
        for ident, frame in sys._current_frames().items():
            if ident != self._watch.ident:
                stack = traceback.StackSummary.extract(traceback.walk_stack(frame), limit=LINES)
                said.append(f"{names.get(ident, 'a thread')}, the innermost call first:\n")
                said += (f'  File "{at.filename}", line {at.lineno} in {at.name}\n' for at in stack)
        return "".join(said)
