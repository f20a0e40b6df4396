"""A zip archive that comes out the same, whenever and wherever it is made."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

__all__ = ["zipped"]

_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip archive can say."""
_MODE = 0o100644
_UNIX = 3


def zipped(files: Mapping[str, bytes], *, before: bytes = b"") -> bytes:
    """The archive of these files, by name. `before` stands in front of it, such as `#!` and a path.

    Stored and not deflated: two builds of zlib may pack the same bytes differently.
    """
    target = io.BytesIO()
    target.write(before)
    with zipfile.ZipFile(target, "a") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system = _UNIX
            entry.external_attr = _MODE << 16
            entry.compress_type = zipfile.ZIP_STORED
            archive.writestr(entry, files[name])
    return target.getvalue()
