"""An answer that may come in two ways at once, and counts once.

One latch stands before `read`: it never runs twice at a time, and once one
answer was accepted, or ended the wait, no other is looked at (RFC 6749 §4.1.2: a
code is used once).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from entra_oauth.channels.terminal.terminal import Woken
from entra_oauth.errors import CallbackRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.channels.base import RedirectReceiver
    from entra_oauth.protocol.messages import HttpRequest

__all__ = ["SingleAnswer"]

T = TypeVar("T")

# Waits are cut into pieces, because Windows lets no Ctrl-C into a long one.
_SLICE_S = 0.25


class SingleAnswer(Generic[T]):
    """One wait at a receiver, in a thread of its own, behind a latch.

    `wake` is called from that thread when the wait is over. The receiver has to end
    its `receive` when it is left, or else the thread stays until the deadline.
    """

    def __init__(self, read: Callable[[HttpRequest], T], wake: Callable[[], None]) -> None:
        self._read = read
        self._wake = wake
        self._latch = threading.Lock()
        self._settled = False
        self._over = threading.Event()
        self._values: list[T] = []
        self._error: BaseException | None = None

    def begin(self, receiver: RedirectReceiver, url: str, *, timeout_s: float) -> threading.Thread:
        """Start to wait at `receiver`; returns at once."""

        def wait() -> None:
            try:
                self._values.append(receiver.receive(url, self._from_receiver, timeout_s=timeout_s))
            except BaseException as error:
                self._error = error
            finally:
                self._over.set()
                self._wake()

        thread = threading.Thread(target=wait, name="listener", daemon=True)
        thread.start()
        return thread

    def result(self) -> T:
        """The value that the wait at the receiver came to, or its error raised, once it is over."""
        while not self._over.wait(_SLICE_S):
            pass
        if self._error is not None:
            raise self._error
        return self._values[0]

    def close(self) -> bool:
        """Let no answer in from now on; False if one is in already."""
        # Under the latch: an answer that is being judged is waited for, and then counts.
        with self._latch:
            was_open, self._settled = not self._settled, True
        return was_open

    def from_terminal(self, callback: HttpRequest) -> T:
        """`read`, unless the receiver was first: then `Woken`."""
        with self._latch:
            if self._settled:
                raise Woken
            return self._judged(callback)

    def _from_receiver(self, callback: HttpRequest) -> T:
        with self._latch:
            if self._settled:
                raise CallbackRefused(
                    "The sign-in was answered in another way already.",
                    advice="Close the browser window and look at the terminal.",
                )
            return self._judged(callback)

    def _judged(self, callback: HttpRequest) -> T:
        try:
            value = self._read(callback)
        except CallbackRefused:
            raise
        except BaseException:
            self._settled = True
            raise
        self._settled = True
        return value
