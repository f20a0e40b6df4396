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

__all__ = ["SPARE", "ThreadPool"]

SPARE = 8
"""So many threads wait for something to do; the others end when they are done."""


class ThreadPool:
    """Runs tasks, each in a daemon thread of that name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._spare = 0
        """Threads that wait, and no task was put in for; guarded by the lock."""
        self._over = False

    @property
    def spare(self) -> int:
        """The number of threads that have nothing to do."""
        with self._lock:
            return self._spare

    def run(self, task: Task) -> bool:
        """Have it done, beginning at once; False if the system has no more threads."""
        # An idle thread is promised to this task before the task is in the queue. Two that
        # come at once thus never count on the same thread, and no task waits for one
        # that is busy.
        with self._lock:
            free = self._spare > 0
            if free:
                self._spare -= 1
        if not free and not self._start_thread():
            return False
        self._tasks.put(task)
        return True

    def _start_thread(self) -> bool:
        thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        with self._lock:
            self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:
            with self._lock:
                self._threads.discard(thread)
            return False
        return True

    def _work(self) -> None:
        try:
            task = self._tasks.get()
            while task is not None:
                task()
                task = None  # an idle thread must not hold on to a connection
                with self._lock:
                    if self._over or self._spare >= SPARE:
                        return
                    self._spare += 1
                task = self._tasks.get()
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    def finish(self) -> None:
        """Take no task any more: idle threads end, the others when they are done."""
        with self._lock:
            self._over = True
            spare, self._spare = self._spare, 0
        for _ in range(spare):
            self._tasks.put(None)

    def join(self, timeout_s: float) -> None:
        """Wait for all of them but the caller, so many seconds at most."""
        until = monotonic() + timeout_s
        with self._lock:
            threads = self._threads - {threading.current_thread()}
        for thread in threads:
            thread.join(max(0.0, until - monotonic()))
