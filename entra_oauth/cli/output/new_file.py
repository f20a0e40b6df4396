"""Writing a result to a new file: whole or not at all, for its owner only, nothing overwritten."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from entra_oauth.errors import LocalError, plain

__all__ = ["check_new_file", "write_new_file"]


def check_new_file(path: Path) -> None:
    """Raise `LocalError` if a new file could not be made there. Creates nothing."""
    if os.path.lexists(path):
        raise _exists(path)
    if not os.path.isdir(path.absolute().parent):
        raise LocalError(
            f"{plain(str(path))} cannot be written: the folder above it does not exist.",
            advice="Make that folder first, or name another place.",
        )


def write_new_file(path: Path, data: bytes) -> None:
    """Write it (0600). Raises `LocalError`; then nothing is left."""
    check_new_file(path)
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:80]}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        _put(temporary, path)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise LocalError(
            f"{plain(str(path))} cannot be written: {error.strerror}.",
            advice="Nothing was left there. Name another place.",
        ) from None
    finally:
        if temporary:
            with suppress(OSError):
                os.unlink(temporary)


def _put(temporary: str, path: Path) -> None:
    """Give the file its name. Raises `FileExistsError` if that is taken, and `OSError`."""
    try:
        os.link(temporary, path)  # it refuses a name that is taken, which a rename would not
    except FileExistsError:
        raise
    except OSError:  # a file system without such links, as on many a stick
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        os.replace(temporary, path)


def _exists(path: Path) -> LocalError:
    return LocalError(
        f"{plain(str(path))} exists; nothing is overwritten.", advice="Name a file that does not."
    )
