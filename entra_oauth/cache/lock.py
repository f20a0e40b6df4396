"""A lock between processes that dies with whoever holds it.

`flock` or Windows' byte range on one small file. It is taken around a refresh and
around every change of an account; whoever only reads takes none.

NOTE: not `filelock`: importing it costs 49 ms in each of a hundred racing processes.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress

from entra_oauth.cache import paths
from entra_oauth.cache.private_files import check_file, not_ours, remove, unusable
from entra_oauth.channels.base import monotonic, say_nothing, sleep
from entra_oauth.errors import LocalError
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

__all__ = ["Lock"]

_OPEN = (
    os.O_RDWR
    | os.O_CREAT
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_UNWRITABLE = (errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM)
_TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)
_SHORTEST_S, _LONGEST_S = 0.004, 0.05
_NOTICE_S = 2.0
"""Seconds after which a person is told what is waited for."""
_NOTICE = (
    "Waiting for another entra-oauth process, which renews this account's token and may be "
    "trying again."
)


class Lock:
    """The lock of one file, to be used in a `with` block once `take` has got it.

    Threads of one process exclude each other like processes do. `say` is told once when
    somebody else has it for longer than `_NOTICE_S`.
    """

    def __init__(self, path: str, say: Callable[[str], None] = say_nothing) -> None:
        self._path = path
        self._say = say
        self._handle: int | None = None
        self.works = True
        """False where the disk is full, read-only, or knows no locks; then everybody gets it."""

    def take(self, wait_s: float, or_until: Callable[[], bool] = lambda: False) -> bool:
        """Take it, waiting `wait_s` seconds at most; whether it is ours.

        Gives up as soon as `or_until` says that it is no longer needed. Raises
        `LocalError` if the file cannot be had.
        """
        # The fast path may have waited before: the two waits are one.
        until, pause_s = monotonic() + paths.wait_left_s(self._path, wait_s), _SHORTEST_S
        notice_at = until - wait_s + _NOTICE_S
        while not self._try():
            if or_until() or (left := until - monotonic()) <= 0:
                return False
            if until - left >= notice_at:
                self._say(_NOTICE)
                notice_at = until
            sleep(min(pause_s, left))
            pause_s = min(pause_s * 1.5, _LONGEST_S)
        return True

    def _try(self) -> bool:
        if (taken := paths.held(self._path)) is not None:
            self._handle = taken
            return True
        handle = self._open()
        if handle is None:
            self.works = False
            return True
        try:
            if not self._seize(handle):
                os.close(handle)
                return False
            if not self._is_current(handle):  # removed while we waited, by a sign-out
                os.close(handle)
                return False
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle
        return True

    def _open(self) -> int | None:
        try:
            handle = os.open(self._path, _OPEN, 0o600)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise not_ours(self._path, "is a link") from None
            if error.errno in _UNWRITABLE:
                return None
            raise unusable(self._path, error) from None
        try:
            check_file(self._path, os.fstat(handle))
        except LocalError:
            os.close(handle)
            raise
        return handle

    def _seize(self, handle: int) -> bool:
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _TAKEN:
                return False
            self.works = False
        return True

    def _is_current(self, handle: int) -> bool:
        try:
            return os.path.samestat(os.fstat(handle), os.lstat(self._path))
        except OSError:
            return False

    def remove(self) -> None:
        """Let go of it, and remove its file.

        It is removed while it is held, so that nobody gets in between, where the system
        lets an open file be removed. Windows does not; there it is let go of first, and
        the file stays if somebody else has it open. Nothing is in it.
        """
        try:
            os.unlink(self._path)
        except PermissionError:
            self._let_go()
            with suppress(LocalError):
                remove(self._path)
        except OSError:
            pass
        self._let_go()

    def _let_go(self) -> None:
        if self._handle is not None:
            os.close(self._handle)  # which lets go of it, on Windows too
            self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._let_go()
