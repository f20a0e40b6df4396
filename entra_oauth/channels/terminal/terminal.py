"""A terminal as the prompt needs it: one value for POSIX and Windows."""

from __future__ import annotations

from entra_oauth.light import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Terminal", "Woken"]


class Woken(Exception):
    """Another thread ended the wait for keys. A signal, not an error."""


class Terminal(Protocol):
    """A terminal; in its `with` block it echoes nothing and hands over every key."""

    def keys(self, timeout_s: float) -> str:
        """Whatever was typed; empty if nothing was for `timeout_s` seconds.

        Raises `Woken` after `wake()`, `EOFError` when the terminal is gone.
        """

    def show(self, text: str) -> None:
        """Write for the person, not for the program's output."""

    def has_typed_ahead(self) -> bool:
        """True if more than one key waits to be read; to be asked before the `with` block."""

    def wake(self) -> None:
        """End the wait in `keys`; from any thread, before or during it."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...
