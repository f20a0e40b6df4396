"""The file with the signing key of this user's practice tenants, and its certificate."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["load_key", "save_key"]

_SIZE_LIMIT = 16 * 1024
_BLOCK = rb"-----BEGIN [A-Z ]+-----\n[A-Za-z0-9+/=\n]+-----END [A-Z ]+-----\n"
_WHOLE = re.compile(rb"(%b)(%b)" % (_BLOCK, _BLOCK))


def load_key() -> tuple[bytes, bytes] | None:
    """The PEM texts of the key and the certificate, if they are there and ours alone."""
    with suppress(OSError), open(_path(), "rb") as file:
        if _is_private(os.fstat(file.fileno())):
            found = _WHOLE.fullmatch(file.read(_SIZE_LIMIT))
            return (found[1], found[2]) if found else None
    return None


def save_key(key: bytes, certificate: bytes) -> None:
    """Save these PEM texts. Nothing is raised where they cannot be saved.

    Written beside the file and moved over it, so that nobody ever reads half of them.
    """
    import tempfile

    path = _path()
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(key + certificate)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise


def _is_private(status: os.stat_result) -> bool:
    if os.name == "nt":
        return stat.S_ISREG(status.st_mode)
    mine = status.st_uid == os.geteuid()
    return stat.S_ISREG(status.st_mode) and mine and not status.st_mode & 0o077


def _path() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("entra-oauth", appauthor=False) / "practice-key.pem"
