"""A recording on disk: a folder that is written whole or not at all, and read with suspicion."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from entra_oauth.errors import LocalError, UsageError, plain
from entra_oauth.recording.files import SUMS, evidence_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.recording.step import Evidence

__all__ = ["add_file", "check_target", "load", "read_files", "write"]

MAX_BYTES = 128 * 1024 * 1024
"""All files of a recording together."""
MAX_FILES = 20_000


def check_target(folder: Path) -> None:
    """Raise `LocalError` if a recording could not be written there. Creates nothing."""
    shown = plain(str(folder))
    try:
        status = folder.lstat()
    except FileNotFoundError:
        _check_parent(folder)
        return
    except OSError as error:
        raise _unusable(folder, error) from None
    if stat.S_ISLNK(status.st_mode):
        raise LocalError(
            f"{shown} is a link; a recording is not written through one.",
            advice="Name the folder itself, or one that does not exist yet.",
        )
    if not stat.S_ISDIR(status.st_mode):
        raise LocalError(
            f"{shown} exists and is not a folder.", advice="Name one that does not exist yet."
        )
    try:
        occupied = any(folder.iterdir())
    except OSError as error:
        raise _unusable(folder, error) from None
    if occupied:
        raise LocalError(
            f"{shown} is not empty; nothing in it is overwritten.",
            advice="Name a folder that does not exist yet.",
        )
    _check_parent(folder)


def _check_parent(folder: Path) -> None:
    parent = folder.absolute().parent
    if not os.path.isdir(parent):
        raise LocalError(
            f"{plain(str(folder))} cannot be made: the folder above it does not exist.",
            advice=f"Make {plain(str(parent))} first, or name another place.",
        )
    if not os.access(parent, os.W_OK | os.X_OK):
        raise LocalError(
            f"{plain(str(folder))} cannot be made: the folder above it cannot be written to.",
            advice="Name a place that is yours.",
        )


def write(files: Mapping[str, bytes], folder: Path) -> None:
    """Write a new folder with these files, for its owner only (0700, 0600).

    It is made under another name and renamed at the end: there is never a half of it.
    Raises `LocalError`; then nothing is left.
    """
    check_target(folder)
    target = folder.absolute()
    # The order: a hidden folder beside the target, so on the same disk; in it each file, synced;
    # then the names of the files, synced; then one rename. Whenever power or program ends
    # before it, the target is as it was; afterwards it is there as a whole.
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name[:100]}.", dir=target.parent))
    except OSError as error:
        raise _unusable(folder, error) from None
    try:
        for name, data in files.items():
            _write_file(temporary / name, data)
        _sync(temporary)
        if os.name == "nt":  # where a rename does not replace an empty folder
            with suppress(FileNotFoundError):
                target.rmdir()
        # A rename replaces an empty folder only. If somebody has put a file there since the
        # check, it fails, and their file stays.
        temporary.rename(target)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise _unusable(folder, error) from None
    except BaseException:  # Ctrl-C
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def add_file(folder: Path, name: str, data: bytes) -> None:
    """Put one more file beside the others, whole or not at all; none is replaced.

    Raises `LocalError`.
    """
    temporary = folder / f".{name}.new"
    try:
        _write_file(temporary, data)
        try:
            if (folder / name).exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            temporary.rename(folder / name)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise LocalError(
            f"{plain(name)} cannot be written to {plain(str(folder))}: {error.strerror}.",
            advice="Nothing was changed there. See who may write to that folder.",
        ) from None


def _write_file(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:  # no half is left, which would be in the way of the next try
            path.unlink(missing_ok=True)
            raise


def _sync(folder: Path) -> None:
    """Have the names on the disk too, where a folder can be opened."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def load(folder: Path) -> Evidence:
    """Read a recording, every file checked against the list of hashes.

    Raises `UsageError` if it is none, `LocalError` if it cannot be read, and
    `SecurityError` if it was changed since it was written. A seal is not looked at.
    """
    return evidence_from(read_files(folder))


def read_files(folder: Path) -> dict[str, bytes]:
    """The files of a folder by name. Refuses links, and more than `MAX_BYTES` in all."""
    shown = plain(str(folder))
    if not os.path.isdir(folder):
        amiss = "is not a folder" if os.path.lexists(folder) else "does not exist"
        raise UsageError(f"{shown} {amiss}.", advice="Name a folder that --record has written.")
    if os.access(folder, os.R_OK | os.X_OK) and not os.path.lexists(folder / SUMS):
        raise UsageError(
            f"{shown} is no recording: it has no {SUMS}.",
            advice="Name a folder that --record has written.",
        )
    files: dict[str, bytes] = {}
    room = MAX_BYTES
    try:
        for path in sorted(folder.iterdir()):
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                raise UsageError(
                    f"{shown} holds something that is no ordinary file: {plain(path.name)}.",
                    advice="A recording holds none. Look who put it there.",
                )
            if len(files) >= MAX_FILES or status.st_size > room:
                raise UsageError(
                    f"{shown} is larger than a recording: more than {MAX_BYTES // 2**20} MiB or "
                    f"{MAX_FILES:,} files.",
                    advice="Name a folder that --record has written.",
                )
            # It may grow between the look and the reading: one byte more than was there shows it,
            # as another hash does.
            with path.open("rb") as file:
                files[path.name] = file.read(status.st_size + 1)
            room -= len(files[path.name])
    except OSError as error:
        raise LocalError(
            f"{shown} cannot be read: {error.strerror}.", advice="Check who may read it."
        ) from None
    return files


def _unusable(folder: Path, error: OSError) -> LocalError:
    return LocalError(
        f"The recording cannot be written to {plain(str(folder))}: {error.strerror}.",
        advice="Nothing was left there. Name another place with --record.",
    )
