"""A second process that signs while this one goes on.

Half of the time that a sign-in takes here is two RSA signatures, and the library holds the
interpreter's lock while it makes one, so a thread would gain nothing. A tenant that is asked
often therefore starts a process that makes the first of the two while it makes the second
itself. A short run never has one: it is started in the background after `NOT_BEFORE`
signatures, and only where a second processor is there to run it.

The process gets the key through its standard input and keeps it in memory. It ends with that
input, so it does not outlive us, however we end. It is never needed: when it is busy, dead,
wrong or slow, the signature is made here, byte for byte the same (RFC 8017 §8.2: nothing in it
is random).
"""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress
from functools import partial
from itertools import count
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from entra_oauth.practice.signing.signing_key import SigningKey

__all__ = ["Signer"]

NOT_BEFORE = 64
"""So many signatures are made here before the process is started."""
PATIENCE_S = 1.0
"""An answer that has not come after this time, or twice this time, is waited for no longer."""
REST = 50
"""So many signatures are made here after two threads wanted one at once.

Several clients leave no gap to fill: handing over then costs more than it saves.
"""
_LONGEST = 4_000
"""Octets of a message. Every pipe holds as many, so handing one over never waits."""

_PROGRAM = """\
# Signs for the practice tenant of entra-oauth, whose process started this one and ends it.
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
def messages(read):
    while len(head := read(4)) == 4:
        yield read(int.from_bytes(head, "big"))
asked = messages(sys.stdin.buffer.read)
key = load_pem_private_key(next(asked), None, unsafe_skip_rsa_key_validation=True)
for message in asked:
    os.write(1, key.sign(message, PKCS1v15(), SHA256()))
"""


class Signer:
    """Begins signatures with one key, here or in the second process."""

    def __init__(self) -> None:
        self._turns = count(1)
        self._beside: _Beside | None = None

    def begin(self, key: SigningKey, message: bytes) -> Callable[[], bytes]:
        """Begin a signature. Call the result once, and soon, to have it."""
        beside = self._beside
        if beside is not None:
            if beside.take(message):
                return lambda: beside.answer() or key.sign(message)
        elif next(self._turns) == NOT_BEFORE and _pays():
            with suppress(RuntimeError):  # no more threads: then without
                Thread(target=self._start, args=(key,), name="practice-signer", daemon=True).start()
        return partial(key.sign, message)

    def _start(self, key: SigningKey) -> None:
        with suppress(OSError, RuntimeError):
            beside = _Beside(key)
            atexit.register(beside.end)
            # Shown once that it signs, and with this key; from then on its length is looked at.
            probe = b"practice"
            if beside.give(key.pem) and beside.take(probe) and beside.answer() == key.sign(probe):
                self._beside = beside
                beside.watch()
            else:
                beside.end()

    def end(self) -> None:
        """End the process, if there is one. The end of this process does that as well."""
        if self._beside is not None:
            self._beside.end()


class _Beside:
    """The process, and who may use it: one thread at a time, of the process that started it."""

    def __init__(self, key: SigningKey) -> None:
        self._owner = os.getpid()
        self._size = key.private.key_size // 8
        self._free = Lock()
        """Held while an answer is due; kept for good by whoever finds that none comes."""
        self._turns = count(1)
        self._due = 0
        """The number of the answer that is due; 0 when none is."""
        self._rest = 0
        """So many messages are not taken."""
        self._ended = Event()
        self._process = _start_python()
        assert self._process.stdin is not None  # noqa: S101 - for the types
        assert self._process.stdout is not None  # noqa: S101
        self._to, self._from = self._process.stdin, self._process.stdout

    def take(self, message: bytes) -> bool:
        """Hand a message over; False if that cannot be, and then there is no answer."""
        if len(message) > _LONGEST or os.getpid() != self._owner:  # a fork shares our pipes
            return False
        if self._rest:
            self._rest -= 1  # not exact among threads, and need not be
            return False
        if not self._free.acquire(blocking=False):
            self._rest = REST
            return False
        self._due = next(self._turns)
        return self.give(message)

    def give(self, octets: bytes) -> bool:
        try:
            self._to.write(len(octets).to_bytes(4, "big") + octets)
        except (OSError, ValueError):  # it has ended, or we have ended it
            self.end()
            return False
        return True

    def answer(self) -> bytes | None:
        """The signature of what was taken; None if none came, and none will come from now on."""
        try:
            octets = self._from.read(self._size + 1)
        except (OSError, ValueError):
            octets = b""
        if len(octets) != self._size:
            self.end()
            return None
        self._due = 0
        self._free.release()
        return octets

    def watch(self) -> None:
        """Kill the process if an answer is overdue: to the one who waits, that is its end.

        Waiting with a time limit of one's own would be no work less, and cannot be done on
        a pipe in Windows.
        """
        seen = 0
        while not self._ended.wait(PATIENCE_S):
            due = self._due
            if due and due == seen:
                self._process.kill()
                return
            seen = due

    def end(self) -> None:
        if os.getpid() != self._owner:
            return
        self._ended.set()
        self._process.kill()
        self._process.wait()
        self._to.close()
        self._from.close()


def _start_python() -> subprocess.Popen[bytes]:
    import subprocess  # slow to import, and seldom needed

    # Neither may look for modules in the folder that it happens to be started in.
    alone = "-I" if sys.flags.ignore_environment else "-P"
    return subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, alone, "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _pays() -> bool:
    """Whether there is a processor to spare, and a Python to start.

    A frozen program is its own `sys.executable`: it would start itself.
    """
    if not sys.executable or getattr(sys, "frozen", False):
        return False
    here = getattr(os, "sched_getaffinity", None)
    return (len(here(0)) if here else os.cpu_count() or 1) > 1
