"""The terminal of `terminal.py` on Windows: the console, whatever standard input is.

NOTE: written from the documentation of `msvcrt`; not run on Windows here.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import msvcrt
    import threading
    from typing import TYPE_CHECKING

    from entra_oauth.channels.base import monotonic, sleep
    from entra_oauth.channels.terminal.terminal import Woken

    if TYPE_CHECKING:
        from typing import Self

    __all__ = ["ConsoleTerminal"]

    _POLL_S = 0.05
    _AT_ONCE = 4096
    # What `getwch` puts before the code of an arrow or a function key.
    _TWO_PART = ("\x00", "\xe0")

    class ConsoleTerminal:
        """Keys from the console; `getwch` echoes nothing, so nothing is to be put back."""

        __slots__ = ("_woken",)

        def __init__(self) -> None:
            self._woken = threading.Event()

        @classmethod
        def find(cls) -> ConsoleTerminal | None:
            """The console of this process; None if it has none."""
            try:
                with open("CONIN$", encoding="utf-8"), open("CONOUT$", "w", encoding="utf-8"):
                    return cls()
            except OSError:
                return None

        def __enter__(self) -> Self:
            self._woken.clear()
            return self

        def __exit__(self, *exc: object) -> None:
            # The rest of a paste must not become a command of the shell.
            while msvcrt.kbhit():
                msvcrt.getwch()

        def keys(self, timeout_s: float) -> str:
            """See `Terminal.keys`. Polled: a blocking read could be neither woken nor timed."""
            until = monotonic() + timeout_s
            while not msvcrt.kbhit():
                if self._woken.is_set():
                    raise Woken
                left = until - monotonic()
                if left <= 0:
                    return ""
                sleep(min(_POLL_S, left))
            return self._typed()

        def _typed(self) -> str:
            typed: list[str] = []
            while msvcrt.kbhit() and len(typed) < _AT_ONCE:
                key = msvcrt.getwch()
                if key in _TWO_PART and msvcrt.kbhit():
                    msvcrt.getwch()
                else:
                    typed.append(key)
            return "".join(typed)

        def show(self, text: str) -> None:
            """See `Terminal.show`."""
            with open("CONOUT$", "w", encoding="utf-8") as console:
                console.write(text)

        def wake(self) -> None:
            """See `Terminal.wake`."""
            self._woken.set()
