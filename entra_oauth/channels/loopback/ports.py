"""Ports and threads: all that a loopback host takes of the system.

A port is bound so that nobody else answers on it. Threads each do one thing after the
other: starting one takes longer than most of what has to be done for a connection, so
whoever is done waits for the next, unless enough wait already.
"""

from __future__ import annotations

import errno
import os
import socket
import threading
from queue import SimpleQueue

from entra_oauth.channels.base import monotonic
from entra_oauth.errors import LocalError, PortBusy, UsageError
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Task = Callable[[], None]

__all__ = ["SPARE", "ThreadPool", "bind"]

_LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
_ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)
# Deep, because a browser whose SYN finds the queue full tries again a second later.
_BACKLOG = 1024
_ATTEMPTS = 50
_WINDOWS = os.name == "nt"


def bind(port: int, address: str | None) -> list[socket.socket]:
    """Listen on `port` of 127.0.0.1 and ::1 together, or of `address` alone.

    `port=0` picks one that is free on both; a machine without ::1 is fine. Raises
    `PortBusy`, `LocalError` if the system does not let us, `UsageError` for what is
    no port or no IP address.
    """
    if not 0 <= port <= 65535:
        raise UsageError(f"{port} is not a port number.", advice="Give one from 1 to 65535.")
    places = _LOOPBACK if address is None else (_place(address),)
    is_excluded = False
    # A free port of the one address can be taken on the other: then try another.
    for _ in range(1 if port else _ATTEMPTS):
        try:
            listeners = _listen_on(places, port)
        except OSError as error:
            if _WINDOWS and error.errno == errno.EACCES:
                is_excluded = True
                continue
            if error.errno == errno.EADDRINUSE:
                continue
            raise _refused(port, address, error) from None
        if listeners:
            return listeners
        raise _refused(port, address, OSError(errno.EADDRNOTAVAIL, "no such address"))
    if is_excluded:
        raise _kept_back(port)
    raise PortBusy(
        f"Port {port} of this machine is in use by another program."
        if port
        else "No port could be found that is free on both 127.0.0.1 and ::1.",
        advice="Stop the program that uses it, or choose another port.",
    )


def _place(address: str) -> tuple[int, str]:
    address = address.strip("[]")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.inet_pton(family, address)
    except OSError:
        raise UsageError(
            "The address to listen on is not an IP address.",
            advice="Give one such as 127.0.0.1, or leave it out to listen on this machine only.",
        ) from None
    return family, address


def _listen_on(places: tuple[tuple[int, str], ...], port: int) -> list[socket.socket]:
    listeners: list[socket.socket] = []
    for family, address in places:
        try:
            listeners.append(_listen(family, address, port))
        except OSError as error:
            if error.errno in _ABSENT:
                continue
            for listener in listeners:
                listener.close()
            raise
        port = listeners[-1].getsockname()[1]
    return listeners


def _listen(family: int, address: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if _WINDOWS:
            sock.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_EXCLUSIVEADDRUSE", -5), 1)
        else:
            # On POSIX this only skips the wait after an earlier run on the same port;
            # a port that someone listens on stays theirs.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setblocking(False)
        sock.bind((address, port))
        sock.listen(_BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def _kept_back(port: int) -> PortBusy:
    """The error of WSAEACCES (10013): a program holds the port, or Windows has set it aside."""
    which = f"Port {port}" if port else "Every port that was tried"
    return PortBusy(
        f"{which} is held by another program alone, or Windows keeps it back for others, such as "
        "Hyper-V, WSL or Docker (WSAEACCES, 10013).",
        advice="Choose a port outside of the ranges that this lists: netsh interface ipv4 show "
        "excludedportrange protocol=tcp",
    )


def _refused(port: int, address: str | None, error: OSError) -> LocalError:
    if isinstance(error, PermissionError):
        return LocalError(
            f"This system lets only its administrator's programs listen on port {port}.",
            advice="Choose a port above 1023.",
        )
    where = "127.0.0.1 or ::1" if address is None else address
    return LocalError(
        f"Listening on {where} is not possible here: {error.strerror or 'no such address'}.",
        advice="Choose an address that this machine has, or leave it to the default.",
    )


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
