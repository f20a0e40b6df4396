"""Ctrl-C and SIGTERM: both unwind the stack, so that everything still closes."""

from __future__ import annotations

import signal
from contextlib import contextmanager, suppress

from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["Terminated", "ignore", "own_ctrl_c", "sigterm_as_exception", "uninterrupted"]


class Terminated(BaseException):
    """SIGTERM came."""


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def own_ctrl_c() -> Iterator[None]:
    """For a process that is the command's: Ctrl-C ends it, and then does nothing more.

    One that came into the exit would print a traceback there.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # a background job of a shell: Ctrl-C is not meant for it
        return
    signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def sigterm_as_exception() -> Iterator[None]:
    """SIGTERM raises `Terminated` inside the block."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Terminated

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread: whoever owns it decides
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def ignore() -> None:
    """One of them has come; one is enough."""
    with suppress(ValueError):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if signal.getsignal(signal.SIGINT) is _interrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold both back for the few milliseconds of an import.

    An exception in the middle of one can come out as another, or leave half a module.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    held = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
