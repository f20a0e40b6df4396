"""A file as it is on the disk, and the files beside it that it may name."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from entra_oauth.errors import LocalError, UsageError, plain
from entra_oauth.recording.importing.entries import MAX_FILE_BYTES, Beside

__all__ = ["BESIDE", "files_beside", "read_file"]

BESIDE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
"""Names that are followed: no separator, no drive, nothing hidden."""
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def read_file(path: Path, *, limit: int | None = None) -> bytes:
    """The bytes of a file. Raises `LocalError`, and `UsageError` if it is too large.

    With a `limit` a larger file is cut to one byte more than that.
    """
    most = MAX_FILE_BYTES if limit is None else limit
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise LocalError(
            f"{plain(str(path))} cannot be read: {error.strerror}.",
            advice="Check its name, and who may read it.",
        ) from None
    if len(data) > most and limit is None:
        raise UsageError(
            f"{plain(str(path))} is larger than {MAX_FILE_BYTES // 2**20} MiB.",
            advice="Save only the requests of the sign-in.",
        )
    return data


def files_beside(path: Path) -> Beside:
    """Reads from the folder of a file: plain files by plain names, all in all 64 MiB."""
    left = MAX_FILE_BYTES

    def beside(name: str) -> bytes | None:
        nonlocal left
        if not BESIDE.fullmatch(name):
            return None
        data = _plain_file(path.parent / name, left)
        left -= len(data or b"")
        return data

    return beside


def _plain_file(path: Path, limit: int) -> bytes | None:
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        # Looked at again when it is open: in between it could have become a link.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | _NO_LINK)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            data = file.read(limit + 1)
    except OSError:
        return None
    return data if len(data) <= limit else None
