"""The terminal of `terminal.py` on POSIX systems: termios, signals, a wake-up pipe."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    import atexit
    import codecs
    import errno
    import fcntl
    import os
    import select
    import signal
    import struct
    import termios
    import threading
    from contextlib import suppress

    from entra_oauth.channels.base import monotonic, sleep
    from entra_oauth.channels.terminal.line import PASTE_OFF, PASTE_ON
    from entra_oauth.channels.terminal.terminal import Woken
    from entra_oauth.light import TYPE_CHECKING

    if TYPE_CHECKING:
        from types import FrameType
        from typing import Any, Self

    __all__ = ["TtyTerminal"]

    _READ = 4096
    _LOOK_AGAIN_S = 0.5
    _IFLAG, _LFLAG, _CC = 0, 3, 6
    _SEEN = termios.ICANON | termios.ECHO
    # These stop or end the process and would leave the terminal without echo.
    # SIGINT is not among them: Python makes it an exception.
    _ENDING = (signal.SIGTSTP, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

    class TtyTerminal:
        """Keys from a terminal device.

        `path` is the device to open; without one, standard input is the terminal
        and standard error is written to.
        """

        def __init__(self, path: str | None = None) -> None:
            self._path = path
            self._fd = self._out = -1
            self._before: list[Any] = []
            self._is_open = False
            self._is_quiet = False
            self._handled: list[signal.Signals] = []
            self._lock = threading.Lock()
            self._pipe: tuple[int, int] = (-1, -1)
            self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

        def __enter__(self) -> Self:
            if self._path is not None:
                self._fd = self._out = os.open(self._path, os.O_RDWR | os.O_NOCTTY)
            else:
                self._fd, self._out = 0, 2 if os.isatty(2) else 0
            try:
                self._pipe = os.pipe()
                self._decoder.reset()
                self._before, self._is_quiet = [], False
                self._is_open = True
                # For a second Ctrl-C that comes while the first is being dealt with.
                atexit.register(self._put_back)
                self._watch_signals()
                self._hush()
            except BaseException:
                self._close()
                raise
            return self

        def __exit__(self, *exc: object) -> None:
            self._close()

        def _close(self) -> None:
            self._is_open = False
            self._put_back()
            atexit.unregister(self._put_back)
            for number in self._handled:
                signal.signal(number, signal.SIG_DFL)
            self._handled.clear()
            with self._lock:
                ends, self._pipe = self._pipe, (-1, -1)
            for fd in ends:
                if fd >= 0:
                    os.close(fd)
            if self._path is not None:
                os.close(self._fd)

        def keys(self, timeout_s: float) -> str:
            """See `Terminal.keys`."""
            until = monotonic() + timeout_s
            while True:
                if not self._is_quiet:
                    # Begun or continued in the background: it may be ours by now.
                    self._hush()
                left = max(0.0, until - monotonic())
                awaited = (self._pipe[0], self._fd)
                ready, _, _ = select.select(awaited, (), (), min(left, _LOOK_AGAIN_S))
                if self._pipe[0] in ready:
                    raise Woken
                if ready and self._in_foreground():
                    return self._read()
                if ready:
                    # The keys are another program's; reading would stop this one.
                    sleep(min(left, _LOOK_AGAIN_S))
                if left <= _LOOK_AGAIN_S:
                    return ""

        def _read(self) -> str:
            try:
                taken = os.read(self._fd, _READ)
            except BlockingIOError:
                return ""
            except OSError:
                raise EOFError from None
            if not taken:
                raise EOFError
            return self._decoder.decode(taken)

        def show(self, text: str) -> None:
            """See `Terminal.show`. A terminal that is gone is not an error here."""
            rest = text.encode("utf-8", "replace")
            with suppress(OSError):
                while rest:
                    rest = rest[os.write(self._out, rest) :]

        def has_typed_ahead(self) -> bool:
            """See `Terminal.has_typed_ahead`. The keys stay where they are."""
            try:
                fd = 0 if self._path is None else os.open(self._path, os.O_RDWR | os.O_NOCTTY)
                try:
                    count = fcntl.ioctl(fd, termios.FIONREAD, bytes(struct.calcsize("i")))
                finally:
                    if fd:
                        os.close(fd)
            except OSError:
                return False
            return bool(struct.unpack("i", count)[0] > 1)

        def wake(self) -> None:
            """See `Terminal.wake`."""
            with self._lock:
                if self._pipe[1] >= 0:
                    os.write(self._pipe[1], b"!")

        def _in_foreground(self) -> bool:
            try:
                return os.tcgetpgrp(self._fd) == os.getpgrp()
            except OSError:
                # Not our controlling terminal: nothing can take it away from us.
                return True

        def _hush(self) -> None:
            """Every key at once, no echo; Ctrl-C and Ctrl-Z stay the terminal's."""
            if not self._is_open or not self._in_foreground():
                return
            try:
                mode = termios.tcgetattr(self._fd)
                still_ours = bool(self._before) and not mode[_LFLAG] & _SEEN
                if not self._is_quiet and not still_ours:
                    self._before = termios.tcgetattr(self._fd)
                mode[_IFLAG] |= termios.ICRNL
                mode[_LFLAG] &= ~(_SEEN | termios.ECHONL | termios.IEXTEN)
                mode[_LFLAG] |= termios.ISIG
                mode[_CC][termios.VMIN], mode[_CC][termios.VTIME] = 1, 0
                self._is_quiet = True
                # Without a flush: what was pasted early must not be lost.
                _set(self._fd, mode)
            except termios.error:
                raise EOFError from None
            if _can_mark_pastes():
                self.show(PASTE_ON)

        def _put_back(self) -> None:
            if not self._is_quiet or not self._in_foreground():
                return
            if _can_mark_pastes():
                self.show(PASTE_OFF)
            with suppress(termios.error):
                # The rest of a paste must not become a command of the shell.
                termios.tcflush(self._fd, termios.TCIFLUSH)
                _set(self._fd, self._before)
            self._is_quiet = False

        def _watch_signals(self) -> None:
            if threading.current_thread() is not threading.main_thread():
                return
            for number in (*_ENDING, signal.SIGCONT):
                if signal.getsignal(number) is signal.SIG_DFL:
                    returning = number == signal.SIGCONT
                    signal.signal(number, self._on_return if returning else self._on_ending)
                    self._handled.append(number)

        def _on_ending(self, number: int, frame: FrameType | None) -> None:
            self._put_back()
            signal.signal(number, signal.SIG_DFL)
            # To this thread, so that it is done on return: a stopped process goes
            # on from here when it is continued.
            signal.raise_signal(number)
            signal.signal(number, self._on_ending)
            self._hush()

        def _on_return(self, number: int, frame: FrameType | None) -> None:
            # After SIGSTOP, which cannot be handled, the shell has set its own modes.
            if not self._in_foreground():
                self._is_quiet = False
            self._hush()

    def _can_mark_pastes() -> bool:
        return os.environ.get("TERM", "dumb") != "dumb"

    def _set(fd: int, mode: list[Any]) -> None:
        while True:
            try:
                return termios.tcsetattr(fd, termios.TCSANOW, mode)
            except termios.error as error:
                if error.args[0] != errno.EINTR:
                    raise
