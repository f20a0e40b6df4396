"""The terminal of `terminal.py` on Windows: the console, whatever standard input is.

NOTE: written from the documentation of the console's functions; not run on Windows here.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes
    import msvcrt
    import os
    import threading

    from entra_oauth.channels.base import monotonic, sleep
    from entra_oauth.channels.terminal.console_keys import ConsoleKeys, KeyEvent
    from entra_oauth.channels.terminal.terminal import Woken
    from entra_oauth.light import TYPE_CHECKING

    if TYPE_CHECKING:
        from typing import Self

    __all__ = ["ConsoleTerminal"]

    _POLL_S = 0.05
    _AT_ONCE = 4096
    _KEY_EVENT = 0x0001

    class _Key(ctypes.Structure):
        """`KEY_EVENT_RECORD`, with the character as a number."""

        _fields_ = (
            ("is_down", ctypes.c_int32),
            ("repeats", ctypes.c_uint16),
            ("key", ctypes.c_uint16),
            ("scan", ctypes.c_uint16),
            ("unit", ctypes.c_uint16),
            ("state", ctypes.c_uint32),
        )

    class _Record(ctypes.Structure):
        """`INPUT_RECORD`. A key is the largest of the things that it can hold."""

        _fields_ = (("kind", ctypes.c_uint16), ("event", _Key))

    class ConsoleTerminal:
        """Keys from the console as events, which echo nothing: nothing is to be put back."""

        __slots__ = ("_file", "_keys", "_woken")

        def __init__(self) -> None:
            self._file = -1
            self._keys = ConsoleKeys()
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
            self._keys = ConsoleKeys()
            self._file = os.open("CONIN$", os.O_RDWR)
            return self

        def __exit__(self, *exc: object) -> None:
            # The rest of a paste must not become a command of the shell.
            ctypes.windll.kernel32.FlushConsoleInputBuffer(self._handle())
            os.close(self._file)
            self._file = -1

        def keys(self, timeout_s: float) -> str:
            """See `Terminal.keys`. Polled: a blocking read could be neither woken nor timed."""
            until = monotonic() + timeout_s
            while not (typed := self._typed()):
                if self._woken.is_set():
                    raise Woken
                left = until - monotonic()
                if left <= 0:
                    return ""
                sleep(min(_POLL_S, left))
            return typed

        def has_typed_ahead(self) -> bool:
            """See `Terminal.has_typed_ahead`. The keys stay where they are."""
            records, count = (_Record * _AT_ONCE)(), ctypes.c_uint32()
            try:
                console = os.open("CONIN$", os.O_RDWR)
            except OSError:
                return False
            try:
                handle = ctypes.c_void_p(msvcrt.get_osfhandle(console))
                peek = ctypes.windll.kernel32.PeekConsoleInputW
                if not peek(handle, records, len(records), ctypes.byref(count)):
                    return False
            finally:
                os.close(console)
            return len(_text(records[: count.value], ConsoleKeys())) > 1

        def _typed(self) -> str:
            """What was typed since; empty without an event, for none is waited for."""
            kernel, count = ctypes.windll.kernel32, ctypes.c_uint32()
            if not kernel.GetNumberOfConsoleInputEvents(self._handle(), ctypes.byref(count)):
                raise EOFError
            if not count.value:
                return ""
            records = (_Record * min(count.value, _AT_ONCE))()
            if not kernel.ReadConsoleInputW(
                self._handle(), records, len(records), ctypes.byref(count)
            ):
                raise EOFError
            return _text(records[: count.value], self._keys)

        def _handle(self) -> ctypes.c_void_p:
            return ctypes.c_void_p(msvcrt.get_osfhandle(self._file))

        def show(self, text: str) -> None:
            """See `Terminal.show`."""
            with open("CONOUT$", "w", encoding="utf-8") as console:
                console.write(text)

        def wake(self) -> None:
            """See `Terminal.wake`."""
            self._woken.set()

    def _text(records: list[_Record], keys: ConsoleKeys) -> str:
        return "".join(
            keys.text(_event(record.event)) for record in records if record.kind == _KEY_EVENT
        )

    def _event(key: _Key) -> KeyEvent:
        return KeyEvent(
            is_down=bool(key.is_down),
            unit=key.unit,
            key=key.key,
            state=key.state,
            repeats=key.repeats,
        )
