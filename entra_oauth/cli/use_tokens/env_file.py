"""A file with the variables by which a program finds a service, for as long as it serves."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from entra_oauth.errors import LocalError, plain
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["env_file"]

_SIZE_LIMIT = 4096


@contextmanager
def env_file(path: Path, values: Mapping[str, str]) -> Iterator[None]:
    """Write it whole and 0600, and remove it at the end.

    A file of an earlier run, with the same variables and nothing else, is replaced: a container
    that was killed leaves one. Raises `LocalError` for any other that is there.
    """
    _check(path, values)
    try:
        made = _write(path, "".join(f"{name}={value}\n" for name, value in values.items()))
    except OSError as error:
        raise _unusable(path, error.strerror or "it cannot be written") from None
    try:
        yield
    finally:
        with suppress(OSError):
            status = os.lstat(path)
            if (status.st_dev, status.st_ino) == made:  # else it is another service's by now
                os.unlink(path)


def _check(path: Path, values: Mapping[str, str]) -> None:
    if not os.path.lexists(path):
        return
    earlier = False
    if path.is_file() and not path.is_symlink():
        with suppress(OSError, UnicodeDecodeError), path.open(encoding="utf-8") as file:
            lines = file.read(_SIZE_LIMIT).splitlines()
            earlier = [line.partition("=")[0] for line in lines] == list(values)
    if not earlier:
        raise _unusable(path, "something else is there, and is not overwritten")


def _write(path: Path, text: str) -> tuple[int, int]:
    """Device and number of the new file. Raises `OSError`; then nothing is left."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:80]}.", dir=path.absolute().parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            status = os.fstat(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    return status.st_dev, status.st_ino


def _unusable(path: Path, why: str) -> LocalError:
    return LocalError(
        f"{plain(str(path))} cannot be the file for the variables: {why}.",
        advice="Name a new file in a folder that is there.",
    )
