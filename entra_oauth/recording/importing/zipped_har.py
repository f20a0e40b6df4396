"""A HAR file in a zip archive, as Playwright saves it: the bodies lie beside it there."""

from __future__ import annotations

from dataclasses import replace

from entra_oauth.errors import UsageError
from entra_oauth.recording.har.har_read import read_har
from entra_oauth.recording.importing.containers.archive import Archive
from entra_oauth.recording.importing.entries import ForeignFile
from entra_oauth.recording.importing.given import BESIDE
from entra_oauth.recording.importing.memory_need import USUAL_MIB

__all__ = ["har_in", "read_zipped_har"]


def har_in(archive: Archive) -> list[str]:
    """The names of the HAR files in an archive."""
    return [name for name in archive.names if name.lower().endswith(".har")]


def read_zipped_har(archive: Archive, *, max_mib: int = USUAL_MIB) -> ForeignFile:
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
    found = read_har(data, beside, max_mib=max_mib)
    return replace(found, origin=found.origin.replace("a HAR file", "a zipped HAR file", 1))
