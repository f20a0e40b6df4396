"""A zip archive of a stranger's, taken apart with every limit set beforehand.

Nothing is unpacked onto a disk, and no name of an entry is ever followed there.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass, field

from entra_oauth.errors import UsageError

__all__ = ["Archive", "open_archive"]

MAX_MEMBERS = 1_000
MAX_UNPACKED = 256 * 1024 * 1024
MAX_RATIO = 200
_MAX_DIRECTORY = 1024 * MAX_MEMBERS
_SMALL = 64 * 1024  # bytes; a page of blanks may well pack better than that

_AGAIN = "Save it again with the program that made it, only the requests of the sign-in."
_BROKEN = "The zip archive is cut off or broken"
_ABSOLUTE = re.compile(r"/|[A-Za-z]:")
_ENCRYPTED = 1
_KNOWN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_AES = 99
_ZIPPED = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Archive:
    """The members of an archive, each of which may be read."""

    file: zipfile.ZipFile = field(repr=False)
    members: dict[str, zipfile.ZipInfo] = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.members)

    @property
    def size(self) -> int:
        """Bytes of all members, unpacked."""
        return sum(about.file_size for about in self.members.values())

    def read(self, name: str) -> bytes | None:
        """A member's bytes; None if there is none of that name. Raises `UsageError`."""
        about = self.members.get(name)
        if about is None:
            return None
        place = f"Entry {list(self.members).index(name) + 1} of the zip archive"
        return _bytes(self.file, about, about.file_size, place)


def open_archive(data: bytes) -> Archive:
    """Look through the whole archive before anything of it is used. Raises `UsageError`."""
    _check_end(data)
    broken = False
    try:
        file = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, struct.error, NotImplementedError):
        broken = True
    if broken:
        raise _refusal(f"{_BROKEN}: its list of entries cannot be read.")
    found = [about for about in file.infolist() if not about.filename.endswith("/")]
    _check_sizes(found)
    members: dict[str, zipfile.ZipInfo] = {}
    for number, about in enumerate(found, start=1):
        name = about.filename.replace("\\", "/")
        place = f"Entry {number} of the zip archive"  # its name could be anything
        if name in members:
            raise _refusal(f"{place} has the name of another.")
        _check(file, about, place)
        members[name] = about
    return Archive(file, members)


def _refusal(what: str, advice: str = _AGAIN) -> UsageError:
    return UsageError(what, advice=advice)


def _check_end(data: bytes) -> None:
    """The number of entries by the archive's own word, before a list of them is made."""
    at = data.rfind(b"PK\x05\x06", max(0, len(data) - 65_557))
    if at < 0 or len(data) < at + 22:
        raise _refusal(f"{_BROKEN}: it has no end.")
    _, count, size = struct.unpack_from("<HHL", data, at + 8)
    large = data[at - 20 : at - 16] == b"PK\x06\x07"  # of more than 65,535 entries, or 4 GiB
    if count > MAX_MEMBERS or size > _MAX_DIRECTORY or large:
        raise _refusal(f"The zip archive has more than {MAX_MEMBERS:,} entries.")


def _check_sizes(found: list[zipfile.ZipInfo]) -> None:
    if len(found) > MAX_MEMBERS:
        raise _refusal(f"The zip archive has more than {MAX_MEMBERS:,} entries.")
    if sum(about.file_size for about in found) > MAX_UNPACKED:
        raise _refusal(f"The zip archive unpacks to more than {MAX_UNPACKED // 2**20} MiB.")


def _check(file: zipfile.ZipFile, about: zipfile.ZipInfo, said: str) -> None:
    name = about.filename.replace("\\", "/")
    if _ABSOLUTE.match(name) or ".." in name.split("/"):
        raise _refusal(f"{said} has a name that leads out of it.")
    if about.flag_bits & _ENCRYPTED or about.compress_type == _AES:
        raise _refusal(f"{said} is encrypted.", "Save it again without a password.")
    if stat.S_ISLNK(about.external_attr >> 16):
        raise _refusal(f"{said} is a link.")
    if about.compress_type not in _KNOWN:
        raise _refusal(f"{said} is packed in a way that is not read here.")
    if about.file_size > max(_SMALL, MAX_RATIO * about.compress_size):
        raise _refusal(f"{said} unpacks to more than {MAX_RATIO} times its size.")
    if _bytes(file, about, len(_ZIPPED), said) == _ZIPPED:
        raise _refusal(f"{said} is an archive itself.", "Unpack that one, and name what is in it.")


def _bytes(file: zipfile.ZipFile, about: zipfile.ZipInfo, limit: int, place: str) -> bytes:
    try:
        with file.open(about) as opened:
            return opened.read(limit)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, struct.error):
        pass
    except (RuntimeError, NotImplementedError):  # encrypted or packed otherwise, after all
        pass
    raise _refusal(f"{place} cannot be unpacked: the archive is cut off or broken.")
