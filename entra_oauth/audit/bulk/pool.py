"""A pool of processes that judge recordings, with few of them under way at a time.

The rows come in the order of the names, however many processes there are. A recording that ends
its process, or holds it for too long, is a row with that error; the others go on.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from entra_oauth.audit.bulk.from_bytes import error_row

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from entra_oauth.audit.bulk.worker import Order

__all__ = ["judged_by_pool"]

Record = dict[str, Any]
"""A row as a dictionary, see `Row`."""

_AT_A_TIME = 16
"""Names that a process is told together: fewer would make it wait, more make no difference."""
_UNDER_WAY = 4
"""So many of these for each process are handed out at most; nothing grows with their number."""
_PATIENCE_S = 300.0
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.stdin.buffer.readline()); "
    "from entra_oauth.audit.bulk.worker import main; main(sys.stdin.buffer, sys.stdout.buffer)"
)


def judged_by_pool(
    names: Iterable[str], order: Order, *, jobs: int, patience_s: float = _PATIENCE_S
) -> Generator[list[Record], None, None]:
    """The rows of some names after the other, by `jobs` processes. Close it to end them."""
    rest = iter(names)
    workers: SimpleQueue[_Judge] = SimpleQueue()
    under_way: deque[Future[list[Record]]] = deque()

    def judge(some: list[str]) -> list[Record]:
        worker = workers.get()
        try:
            return _judged(worker, some)
        finally:
            workers.put(worker)

    with ExitStack() as opened:
        threads = ThreadPoolExecutor(jobs)
        opened.callback(threads.shutdown, cancel_futures=True)
        for _ in range(jobs):
            worker = _Judge(order, patience_s)
            opened.callback(worker.end)  # called first: a thread that waits for it goes on
            workers.put(worker)
        while some := list(islice(rest, _AT_A_TIME)):
            under_way.append(threads.submit(judge, some))
            if len(under_way) >= jobs * _UNDER_WAY:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _judged(worker: _Judge, names: list[str]) -> list[Record]:
    """The rows; where the process did not outlive them, each by itself."""
    rows = worker.ask(names)
    if rows is not None:
        return rows
    if len(names) > 1:
        return [row for name in names for row in _judged(worker, [name])]
    why = "The process that judged it ended, or took too long; the recording was given up."
    return [error_row(names[0], why).as_record()]


class _Judge:
    """One process, started when it is first asked, and again after it has ended."""

    def __init__(self, order: Order, patience_s: float) -> None:
        self._order = order
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._over = False

    def ask(self, names: list[str]) -> list[Record] | None:
        """The rows of these names; None where the process ended first."""
        process = self._running()
        if process is None or process.stdin is None or process.stdout is None:
            return None
        timer = threading.Timer(self._patience_s, process.kill)
        timer.start()
        try:
            process.stdin.write(json.dumps(names).encode("ascii") + b"\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            answer = b""
        finally:
            timer.cancel()
            timer.join()
        if answer.endswith(b"\n"):
            rows: list[Record] = json.loads(answer)
            return rows
        self._put_away()
        return None

    def end(self) -> None:
        """End the process, whatever it is doing; none is started any more."""
        with self._lock:
            self._over = True
            if self._process is not None:
                self._process.kill()
        self._put_away()

    def _running(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._process is None and not self._over:
                pipe, null = subprocess.PIPE, subprocess.DEVNULL
                self._process = subprocess.Popen(  # noqa: S603 - this Python, lines of our own
                    [sys.executable, "-P", "-X", "utf8", "-c", _START],
                    stdin=pipe,
                    stdout=pipe,
                    stderr=null,  # a traceback could quote a file
                )
                for line in ([each for each in sys.path if each], self._order):
                    with suppress(OSError):
                        self._process.stdin.write(json.dumps(line).encode("ascii") + b"\n")  # type: ignore[union-attr]
            return self._process

    def _put_away(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):
                    if stream is not None:
                        stream.close()
            process.wait()
