"""One stream of HTTP/2 as a request and its answer (RFC 9113 §8).

tshark tells a block of headers as a list: for each a length of four bytes and the name, then the
same of the value. Order and doubled names are those of the wire; its compression (HPACK) is gone.
Data comes as frames, with their nine bytes of head.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from entra_oauth.protocol.messages import Fields

if TYPE_CHECKING:
    from entra_oauth.recording.importing.captures.follow import StreamPieces

__all__ = ["StreamSide", "sides_of"]

_DATA = 0
_END_STREAM, _PADDED = 0x1, 0x8
_HEAD = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSide:
    """What came in one direction."""

    pseudo: dict[str, str]
    """`:method`, `:path`, `:status` …"""
    headers: Fields
    body: bytes = field(repr=False)

    @property
    def whole(self) -> bool:
        """False where the body is not as long as its header says."""
        length = next((v for n, v in self.headers if n.lower() == "content-length"), None)
        if length is None or self.pseudo.get(":status") in ("204", "304"):
            return True
        return length.isascii() and length.isdigit() and int(length) == len(self.body)


def sides_of(stream: StreamPieces) -> tuple[StreamSide | None, StreamSide | None]:
    """The request and the answer; None for one that was not seen."""
    sides = [_side([data for flag, data in stream.pieces if flag is way]) for way in (True, False)]
    request = next((side for side in sides if side and ":method" in side.pseudo), None)
    answer = next((side for side in sides if side and ":status" in side.pseudo), None)
    return request, answer


def _side(pieces: list[bytes]) -> StreamSide | None:
    pairs: list[tuple[str, str]] = []
    body: list[bytes] = []
    for piece in pieces:
        data = _data(piece)
        if data is not None:
            body.append(data)
            continue
        block = _block(piece)
        if block is None:
            return None
        if block and block[0][0] == ":status" and block[0][1].startswith("1"):
            continue
        pairs += block
    if not pairs:
        return None
    return StreamSide(
        pseudo={name: value for name, value in pairs if name.startswith(":")},
        headers=tuple(pair for pair in pairs if not pair[0].startswith(":")),
        body=b"".join(body),
    )


def _data(piece: bytes) -> bytes | None:
    """The contents of a frame of data; None for what is none."""
    if len(piece) < _HEAD or piece[3] != _DATA or int.from_bytes(piece[:3]) != len(piece) - _HEAD:
        return None
    if piece[4] & ~(_END_STREAM | _PADDED):
        return None
    data = piece[_HEAD:]
    if piece[4] & _PADDED:
        return data[1 : len(data) - data[0]] if data and data[0] < len(data) else None
    return data


def _block(piece: bytes) -> list[tuple[str, str]] | None:
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(piece):
        texts = []
        for _ in range(2):
            length = int.from_bytes(piece[at : at + 4])
            at += 4
            if at + length > len(piece):
                return None
            texts.append(piece[at : at + length].decode("latin-1"))
            at += length
        pairs.append((texts[0], texts[1]))
    return pairs
