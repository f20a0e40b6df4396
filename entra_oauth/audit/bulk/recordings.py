"""The recordings in a folder: found one after the other, and each read by itself."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from entra_oauth.errors import LocalError, UsageError, plain
from entra_oauth.recording.files import SUMS
from entra_oauth.recording.importing.given import given_file
from entra_oauth.recording.importing.memory_need import USUAL_MIB
from entra_oauth.recording.store import read_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from entra_oauth.audit.bulk.from_bytes import Content

__all__ = ["names_in", "read_named"]


def names_in(folder: Path) -> Iterator[str]:
    """The names of all recordings in a folder and those below it, in order, relative to it.

    A folder that `--record` has written is one, and so is every file elsewhere. Links are not
    followed; what begins with a dot is left out. Raises `UsageError`, `LocalError`.
    """
    if not os.path.isdir(folder):
        amiss = "is not a folder" if os.path.lexists(folder) else "does not exist"
        raise UsageError(
            f"{plain(str(folder))} {amiss}.", advice="Name the folder that the recordings are in."
        )
    yield from _below(str(folder), "")


def _below(root: str, inner: str) -> Iterator[str]:
    try:
        with os.scandir(os.path.join(root, inner)) as found:
            # Only names are kept: a folder with a hundred thousand files has 10 MB of them.
            names = sorted((each.name, each.is_dir(follow_symlinks=False)) for each in found)
    except OSError as error:
        raise LocalError(
            f"{plain(os.path.join(root, inner))} cannot be read: {error.strerror}.",
            advice="Check who may read it.",
        ) from None
    for name, is_folder in names:
        path = os.path.join(inner, name)
        if name.startswith("."):
            continue
        if is_folder and not os.path.lexists(os.path.join(root, path, SUMS)):
            yield from _below(root, path)
        else:
            yield path


def read_named(folder: Path, name: str, *, max_mib: int = USUAL_MIB) -> Content:
    """The bytes of one of them. Raises `UsageError`, `LocalError`."""
    path = folder / name
    try:
        kind = path.lstat().st_mode
    except OSError as error:
        raise LocalError(
            f"It cannot be read: {error.strerror}.", advice="Check who may read it."
        ) from None
    if stat.S_ISDIR(kind):
        return read_files(path)
    if not stat.S_ISREG(kind):
        raise UsageError("It is no ordinary file.", advice="Look who put it there.")
    return given_file(path, max_mib=max_mib)
