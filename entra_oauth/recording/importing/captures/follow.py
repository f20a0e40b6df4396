"""The bytes of connections, as `tshark -z follow` tells them.

Of HTTP/1.1 these are the bytes of the wire, told as YAML with packet numbers: a section is known
by its packets, for the order of the sections is tshark's own. Of HTTP/2 they are lists of
headers and frames of data, told in lines of hex below the number of the stream.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from entra_oauth.recording.importing.captures.connections import TcpConnection
    from entra_oauth.recording.importing.captures.tshark import Tshark

__all__ = ["Piece", "StreamPieces", "pieces_by_connection", "pieces_of_streams"]

_AT_ONCE = 200
"""Sections that are asked for in one run."""
_PACKET = re.compile(r"  - packet: (\d{1,12})")
_PEER = re.compile(r"    peer: [01]")
_TIME = re.compile(r"    timestamp: (\d{1,12}\.\d{1,12})")
_DATA = "    data: !!binary |"
_BASE64 = re.compile(r"      ([A-Za-z0-9+/]{1,100}={0,2})")
_FILTER = re.compile(r"Filter: tcp\.stream eq (\d{1,9}) and http2\.streamid eq (\d{1,10})")
_HEX = re.compile(r"(\t?)((?:[0-9a-f]{2})+)")
_LINE = "=" * 67


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes in one direction, from one packet."""

    packet: int
    at: float
    """Seconds since 1970."""
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPieces:
    """One stream of HTTP/2: what came in each direction, in order."""

    connection: int
    number: int
    pieces: tuple[tuple[bool, bytes], ...] = field(repr=False)
    """Each with True for one of the two directions, whichever it is."""


def pieces_by_connection(
    tshark: Tshark, connections: Sequence[TcpConnection]
) -> dict[int, tuple[Piece, ...]]:
    """The pieces of each connection, by its number in tshark. Raises `UsageError`."""
    owners = {frame.number: each.stream for each in connections for frame in each.frames}
    found: dict[int, tuple[Piece, ...]] = {}
    wanted = [f"follow,{'tls' if c.is_tls else 'tcp'},yaml,{c.stream}" for c in connections]
    for some in _groups(wanted):
        for pieces in _sections(_asked(tshark, some)):
            owner = next((owners[p.packet] for p in pieces if p.packet in owners), None)
            if owner is not None:
                found[owner] = pieces
    return found


def pieces_of_streams(
    tshark: Tshark, streams: Sequence[tuple[int, int]]
) -> tuple[StreamPieces, ...]:
    """The same of streams of HTTP/2, each a connection and its own number."""
    found: list[StreamPieces] = []
    for some in _groups([f"follow,http2,raw,{one},{other}" for one, other in streams]):
        found += _hex_sections(_asked(tshark, some))
    if {(each.connection, each.number) for each in found} - set(streams):
        raise _odd()
    return tuple(found)


def _groups(wanted: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(wanted), _AT_ONCE):
        yield wanted[at : at + _AT_ONCE]


def _asked(tshark: Tshark, sections: Iterable[str]) -> list[str]:
    options = [word for each in sections for word in ("-z", each)]
    return tshark.ask("-q", *options).decode("ascii", "replace").splitlines()


def _sections(lines: Iterable[str]) -> Iterator[tuple[Piece, ...]]:
    pieces: list[Piece] = []
    text: list[str] = []
    packet, at, head = 0, 0.0, True

    def finish() -> None:
        if text:
            pieces.append(Piece(packet, at, _decoded(text)))
            text.clear()

    for line in lines:
        if line == "peers:":
            finish()
            if pieces:
                yield tuple(pieces)
            pieces, head = [], True
        elif line == "packets:":
            head = False
        elif head or _PEER.fullmatch(line) or line == _DATA or not line.strip():
            continue
        elif match := _BASE64.fullmatch(line):
            text.append(match[1])
        elif match := _PACKET.fullmatch(line):
            finish()
            packet = int(match[1])
        elif match := _TIME.fullmatch(line):
            at = float(match[1])
        else:
            raise _odd()
    finish()
    if pieces:
        yield tuple(pieces)


def _decoded(text: list[str]) -> bytes:
    try:
        return binascii.a2b_base64("".join(text), strict_mode=True)
    except binascii.Error:
        raise _odd() from None


def _hex_sections(lines: Iterable[str]) -> Iterator[StreamPieces]:
    place: tuple[int, int] | None = None
    pieces: list[tuple[bool, bytes]] = []
    for line in lines:
        if match := _FILTER.fullmatch(line):
            place, pieces = (int(match[1]), int(match[2])), []
        elif line == _LINE:
            if place is not None:
                yield StreamPieces(connection=place[0], number=place[1], pieces=tuple(pieces))
            place = None
        elif place is not None and (found := _HEX.fullmatch(line)):
            pieces.append((bool(found[1]), bytes.fromhex(found[2])))
        elif place is not None and line.strip() and not line.startswith("Node "):
            raise _odd()


def _odd() -> UsageError:
    return UsageError(
        "The tshark that is installed tells of connections in another way than is known here.",
        advice="Tried with TShark 4.0. Save a HAR file, or curl --trace, in its place.",
    )
