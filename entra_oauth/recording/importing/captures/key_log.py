"""A key log (SSLKEYLOGFILE): looked at, so that another file is not handed to tshark for one."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from entra_oauth.errors import LocalError, UsageError, plain

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_file", "check_key_log"]

_MAX_BYTES = 64 * 1024 * 1024
_LINE = re.compile(
    rb"(?:CLIENT_RANDOM|(?:CLIENT|SERVER)_(?:HANDSHAKE_TRAFFIC_SECRET|TRAFFIC_SECRET_\d{1,9})|"
    rb"CLIENT_EARLY_TRAFFIC_SECRET|EARLY_EXPORTER_SECRET|EXPORTER_SECRET|ECH_[A-Z]{1,20}|RSA) "
    rb"[0-9A-Fa-f]{2,128} [0-9A-Fa-f]{2,256}\r?\n?"
)
_HOW = "Set SSLKEYLOGFILE=FILE for the program while its packets are captured."


def check_file(path: Path, *, most_bytes: int, name: str) -> int:
    """The size of a plain file. Raises `LocalError`, and `UsageError` for one that is larger."""
    try:
        status = path.stat()
    except OSError as error:
        raise LocalError(
            f"The {name} {plain(str(path))} cannot be read: {error.strerror}.",
            advice="Check its name, and who may read it.",
        ) from None
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(
            f"The {name} {plain(str(path))} is no plain file.", advice="Name the file itself."
        )
    if status.st_size > most_bytes:
        raise UsageError(
            f"The {name} {plain(str(path))} is larger than {most_bytes // 2**20:,} MiB.",
            advice="Capture only the sign-in, or allow more with --max-memory.",
        )
    return status.st_size


def check_key_log(path: Path) -> None:
    """Raise `UsageError` for a file with a line that no key log has; it is never quoted."""
    check_file(path, most_bytes=_MAX_BYTES, name="key log")
    found = 0
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(1024), b""), start=1):
                if line.startswith(b"#") or not line.strip():
                    continue
                if not _LINE.fullmatch(line):
                    raise UsageError(
                        f"Line {number:,} of {plain(str(path))} is none of a key log.", advice=_HOW
                    )
                found += 1
    except OSError as error:
        raise LocalError(
            f"The key log {plain(str(path))} cannot be read: {os.strerror(error.errno or 0)}.",
            advice="Check who may read it.",
        ) from None
    if not found:
        raise UsageError(f"The key log {plain(str(path))} holds no key.", advice=_HOW)
