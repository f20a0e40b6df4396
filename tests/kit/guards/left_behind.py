"""Traces that a test may not leave behind: threads, children, handles, files.

A trace is looked for in the whole process, before the test and after it. What takes
a moment to end is waited for; a test that ends cleanly costs two looks. Sockets,
pipes, open files and children are known where Linux tells of them.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PATIENCE_S", "Traces", "clear", "of_earlier_tests", "remains", "traces"]

PATIENCE_S = 20.0
"""The longest that a thread or a child may take to end. Only reached in failure."""

of_earlier_tests: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
"""Threads whose test has been blamed for them. No other test is."""

_HANDLES = "/proc/self/fd"
_STAT = "/proc/self/stat"


@dataclass(frozen=True, slots=True)
class Traces:
    """All that there is at one moment."""

    threads: frozenset[threading.Thread]
    children: frozenset[int]
    handles: frozenset[str]
    files: frozenset[str]

    def since(self, before: Traces) -> Traces:
        """Those that were not there before."""
        older = tuple(f"{thread.name}-" for thread in before.threads)
        return Traces(
            # A server that several tests share may start a thread more for one of them.
            frozenset(t for t in self.threads - before.threads if not t.name.startswith(older)),
            self.children - before.children,
            self.handles - before.handles,
            self.files - before.files,
        )

    def __bool__(self) -> bool:
        return bool(self.threads or self.children or self.handles or self.files)

    def __str__(self) -> str:
        return "\n".join(
            [
                *(f"a thread: {thread.name}, at {_place(thread)}" for thread in self.threads),
                *(f"a child process: {_command(child)}" for child in sorted(self.children)),
                *(f"an open handle: {handle}" for handle in sorted(self.handles)),
                *(f"a file: {path}" for path in sorted(self.files)),
            ]
        )


def traces(look_for_files: Callable[[], frozenset[str]]) -> Traces:
    """The traces at this moment."""
    return Traces(
        threads=frozenset(threading.enumerate()),
        children=frozenset(_children()),
        handles=frozenset(_handles()),
        files=look_for_files(),
    )


def remains(before: Traces, look_for_files: Callable[[], frozenset[str]]) -> Traces:
    """Those that came after `before` and do not go by themselves."""
    until = time.monotonic() + PATIENCE_S
    pause_s = 0.001
    while left := traces(look_for_files).since(before):
        # A file does not go by itself; the rest may be about to end.
        if time.monotonic() > until or not (left.threads or left.children or left.handles):
            of_earlier_tests.update(left.threads)
            return left
        if left.handles and (not left.threads or pause_s >= 0.1):
            # An exception that was caught, or a foreign client, can hold a socket in a
            # circle; a thread at the other end of it does not go before it does.
            gc.collect()
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 0.2)
    return left


def clear(left: Traces, folders: tuple[Path, ...]) -> None:
    """Take away children, and files below `folders`, whose test has been blamed for them.

    A file elsewhere may be the person's own, written by an editor or git at that moment.
    """
    for child in left.children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    for path in map(Path, left.files):
        if any(path.is_relative_to(folder) for folder in folders):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def _children() -> Iterator[int]:
    """Processes begun by this one that run. One that has ended and was not waited for is none."""
    if os.path.exists(_STAT) and _has_children():
        for name in filter(str.isdigit, os.listdir("/proc")):
            state, parent = _state_and_parent(name)
            if parent == str(os.getpid()) and state != "Z":
                yield int(name)


def _has_children() -> bool:
    """Cheap, because most tests have none: then no list of all processes is read."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _state_and_parent(pid: str) -> tuple[str, str]:
    try:
        fields = Path("/proc", pid, "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return "", ""
    return fields[0], fields[1]


def _place(thread: threading.Thread) -> str:
    """The lines of code that a thread is at, the innermost last."""
    frame = sys._current_frames().get(thread.ident or 0)
    places = [f"{Path(f.filename).name}:{f.lineno}" for f in traceback.extract_stack(frame)]
    return " ".join(places[-8:])


def _command(pid: int) -> str:
    try:
        return Path("/proc", str(pid), "cmdline").read_bytes().replace(b"\0", b" ").decode()[:200]
    except OSError:
        return str(pid)


def _handles() -> Iterator[str]:
    """Each open handle with what is behind it."""
    if not os.path.isdir(_HANDLES):
        return
    for name in os.listdir(_HANDLES):
        try:
            yield f"{name} is {os.readlink(f'{_HANDLES}/{name}')}"
        except OSError:
            continue  # the one that listed them
