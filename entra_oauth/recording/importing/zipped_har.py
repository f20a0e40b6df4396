"""A HAR file in a zip archive, as Playwright saves it: the bodies lie beside it there."""

from __future__ import annotations

from dataclasses import replace

from entra_oauth.errors import UsageError
from entra_oauth.recording.har.har_read import read_har
from entra_oauth.recording.importing.containers.archive import Archive
from entra_oauth.recording.importing.entries import MAX_FILE_BYTES, ForeignFile
from entra_oauth.recording.importing.given import BESIDE

__all__ = ["har_in", "read_zipped_har"]


def har_in(archive: Archive) -> list[str]:
    """The names of the HAR files in an archive."""
    return [name for name in archive.names if name.lower().endswith(".har")]


def read_zipped_har(archive: Archive) -> ForeignFile:
    """The exchanges of the one HAR file in an archive. Raises `UsageError`."""
    names = har_in(archive)
    if len(names) != 1:
        raise UsageError(
            f"There are {len(names)} HAR files in the zip archive.",
            advice="Unpack it, and name one of them.",
        )
    folder = names[0].rpartition("/")[0]

    def beside(name: str) -> bytes | None:
        if not BESIDE.fullmatch(name):
            return None
        return archive.read(f"{folder}/{name}" if folder else name)

    data = archive.read(names[0]) or b""
    if len(data) > MAX_FILE_BYTES:
        raise UsageError(
            f"The HAR file in the zip archive is larger than {MAX_FILE_BYTES // 2**20} MiB.",
            advice="Save only the requests of the sign-in.",
        )
    found = read_har(data, beside)
    return replace(found, origin=found.origin.replace("a HAR file", "a zipped HAR file", 1))
