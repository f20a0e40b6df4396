"""Threads that each do one thing after the other, so that few have to be started.

Starting a thread takes longer than most of what a `LoopbackHost` has to do for a
connection. So whoever is done waits for the next one, unless enough wait already.
"""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

from entra_oauth.channels.base import monotonic

if TYPE_CHECKING:
    from collections.abc import Callable

    Task = Callable[[], None]

__all__ = ["SPARE", "Crew"]

SPARE = 8
"""So many threads wait for something to do; the others end when they are done."""


class Crew:
    """Does what it is given, each task in a daemon thread of that name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._given: SimpleQueue[Task | None] = SimpleQueue()
        self._spare = 0
        """Threads that wait, and nothing was given for; guarded by the lock."""
        self._over = False

    @property
    def spare(self) -> int:
        """How many threads have nothing to do."""
        with self._lock:
            return self._spare

    def give(self, task: Task) -> bool:
        """Have it done, beginning at once; False if the system has no more threads."""
        with self._lock:
            free = self._spare > 0
            if free:
                self._spare -= 1
        if not free and not self._hire():
            return False
        self._given.put(task)
        return True

    def _hire(self) -> bool:
        thread = threading.Thread(target=self._do, name=self._name, daemon=True)
        with self._lock:
            self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:
            with self._lock:
                self._threads.discard(thread)
            return False
        return True

    def _do(self) -> None:
        try:
            task = self._given.get()
            while task is not None:
                task()
                task = None  # nothing of it is kept while there is nothing to do
                with self._lock:
                    if self._over or self._spare >= SPARE:
                        return
                    self._spare += 1
                task = self._given.get()
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    def dismiss(self) -> None:
        """Nothing will be given any more: who waits ends, the others when they are done."""
        with self._lock:
            self._over = True
            spare, self._spare = self._spare, 0
        for _ in range(spare):
            self._given.put(None)

    def join(self, timeout_s: float) -> None:
        """Wait for all of them but the caller, so many seconds at most."""
        until = monotonic() + timeout_s
        with self._lock:
            threads = self._threads - {threading.current_thread()}
        for thread in threads:
            thread.join(max(0.0, until - monotonic()))
