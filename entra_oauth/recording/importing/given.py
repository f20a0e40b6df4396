"""A file as it is on the disk, and the files beside it that it may name."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from entra_oauth.errors import LocalError, plain
from entra_oauth.recording.importing.entries import Beside, GivenFile
from entra_oauth.recording.importing.memory_need import (
    USUAL_MIB,
    check_need,
    check_unpacked,
    most_bytes,
)

__all__ = ["BESIDE", "files_beside", "given_file", "read_file"]

BESIDE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
"""Names that are followed: no separator, no drive, nothing hidden."""
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def read_file(path: Path, *, max_mib: int = USUAL_MIB) -> bytes:
    """The bytes of a file. Raises `LocalError`, and `UsageError` if it needs more memory."""
    try:
        with path.open("rb") as file:
            check_need(os.fstat(file.fileno()).st_size, max_mib)
            data = file.read(most_bytes(max_mib) + 1)
    except OSError as error:
        raise LocalError(
            f"{plain(str(path))} cannot be read: {error.strerror}.",
            advice="Check its name, and who may read it.",
        ) from None
    check_unpacked(data, max_mib)  # a pipe tells no size
    return data


def given_file(path: Path, *, max_mib: int = USUAL_MIB) -> GivenFile:
    """A file with what lies beside it. Raises as `read_file` does."""
    data = read_file(path, max_mib=max_mib)
    return GivenFile(data=data, beside=files_beside(path, max_mib=max_mib), max_mib=max_mib)


def files_beside(path: Path, *, max_mib: int = USUAL_MIB) -> Beside:
    """Reads from the folder of a file: plain files by plain names.

    Raises `UsageError` if all in all they need more memory than `max_mib` MiB.
    """
    taken = 0

    def beside(name: str) -> bytes | None:
        nonlocal taken
        if not BESIDE.fullmatch(name):
            return None
        data = _plain_file(path.parent / name, taken, max_mib)
        taken += len(data or b"")
        return data

    return beside


def _plain_file(path: Path, taken: int, max_mib: int) -> bytes | None:
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        # Looked at again when it is open: in between it could have become a link.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | _NO_LINK)
        with open(descriptor, "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                return None
            check_need(taken + about.st_size, max_mib)
            return file.read(about.st_size)
    except OSError:
        return None
