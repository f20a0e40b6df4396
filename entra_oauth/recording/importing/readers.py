"""The kinds of files that can be read, each known by its content and never by its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from entra_oauth.errors import UsageError
from entra_oauth.recording.har.har_read import read_har
from entra_oauth.recording.har.other_formats import CHARLES, other_format, plain_text
from entra_oauth.recording.importing import (
    burp_items,
    curl_trace,
    curl_verbose,
    mitm_flows,
    vcrpy_cassette,
)
from entra_oauth.recording.importing.containers.archive import open_archive
from entra_oauth.recording.importing.entries import ForeignFile, GivenFile
from entra_oauth.recording.importing.given import given_file
from entra_oauth.recording.importing.memory_need import (
    USUAL_MIB,
    check_need,
    check_unpacked,
    most_bytes,
)
from entra_oauth.recording.importing.saz import is_saz, read_saz
from entra_oauth.recording.importing.zipped_har import har_in, read_zipped_har

__all__ = ["READERS", "Reader", "is_foreign", "read_foreign", "read_given"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One kind of file."""

    name: str
    start: re.Pattern[bytes]
    """The first bytes of every file of this kind, and of no other."""
    read: Callable[[GivenFile], ForeignFile]
    """Raises `UsageError`, which names the place and quotes nothing."""


def _archive(given: GivenFile) -> ForeignFile:
    archive = open_archive(given.data)
    check_need(archive.size, given.max_mib)
    if is_saz(archive):
        return read_saz(archive)
    if har_in(archive):
        return read_zipped_har(archive, max_mib=given.max_mib)
    if any(re.fullmatch(r"[0-9]+-meta\.json", name) for name in archive.names):
        raise UsageError("It is a session of Charles (.chlz).", advice=CHARLES)
    raise UsageError(
        "There is neither a HAR file in the zip archive nor a session of Fiddler's.",
        advice="Unpack it, and name the file that is meant.",
    )


def _har(given: GivenFile) -> ForeignFile:
    return read_har(given.data, given.beside, max_mib=given.max_mib)


READERS = (
    Reader(
        name="a zip archive with a HAR file, or Fiddler's (SAZ)",
        start=re.compile(rb"PK(?:\x03\x04|\x05\x06)"),
        read=_archive,
    ),
    Reader(
        name="a trace of curl (--trace, --trace-ascii)",
        start=curl_trace.START,
        read=curl_trace.read_curl_trace,
    ),
    Reader(
        name="the output of curl -v", start=curl_verbose.START, read=curl_verbose.read_curl_verbose
    ),
    Reader(
        name="mitmproxy's flows (mitmdump -w)",
        start=mitm_flows.START,
        read=mitm_flows.read_mitm_flows,
    ),
    Reader(
        name="Burp's saved items (XML)", start=burp_items.START, read=burp_items.read_burp_items
    ),
    Reader(
        name="vcrpy's cassettes (YAML or JSON)",
        start=vcrpy_cassette.START,
        read=vcrpy_cassette.read_vcrpy,
    ),
)
"""Looked through in this order. What none of them knows is taken for a HAR file."""

_PACKED = (b"\x1f\x8b", b"x\x01", b"x\x9c", b"x\xda", b"\xff\xfe", b"\xfe\xff", b"\0{")
_LOOKED_AT = 20_000
"""Bytes that tell the kind; an address may well be 8,000 long."""
_MARK = b"\xef\xbb\xbf"
_BLANK = _MARK + b" \t\r\n"


def is_foreign(data: bytes) -> bool:
    """True if it is a file of another program's, also one that is only known by its name."""
    start = data.lstrip(_BLANK)[:1]
    return (
        start in (b"{", b"[")
        or data[:2] in _PACKED
        or _reader(data) is not None
        or other_format(data) is not None
    )


def read_foreign(path: Path, *, max_mib: int = USUAL_MIB) -> ForeignFile:
    """The exchanges of a file on the disk. Raises `LocalError` and `UsageError`."""
    return read_given(given_file(path, max_mib=max_mib))


def read_given(given: GivenFile) -> ForeignFile:
    """The exchanges of a file that was read. Raises `UsageError`, which quotes nothing of it."""
    text = plain_text(given.data, limit=most_bytes(given.max_mib))
    reader = None if text is None else _reader(text)
    if reader is None or text is None:
        if text is not None and text.lstrip(_BLANK)[:1] not in (b"{", b"["):
            _refuse_strange(given.data)
        return _har(given)  # which says what is wrong with it, if it is none
    check_unpacked(text, given.max_mib)
    return reader.read(replace(given, data=text.removeprefix(_MARK)))


def _refuse_strange(data: bytes) -> None:
    """Raise `UsageError` for what does not even begin like a HAR file, unless it has a name."""
    if other_format(data) is None:
        raise UsageError(
            "This is no HAR file, and none of the other kinds of file that are read here.",
            advice="docs/importing.md lists them, and how each is made.",
        )


def _reader(data: bytes) -> Reader | None:
    start = data[:_LOOKED_AT].removeprefix(_MARK)
    return next((reader for reader in READERS if reader.start.match(start)), None)
