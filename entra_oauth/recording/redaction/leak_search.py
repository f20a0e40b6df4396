"""The last search in what is to be written: for every secret, in every usual spelling.

Nothing here shares code with the redaction: what that overlooks, this is to find. All
secrets are looked for at once, so time grows with the text and not with their number.
"""

from __future__ import annotations

import json
import re
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from html import unescape
from urllib.parse import unquote_to_bytes

from entra_oauth.protocol.echoes import spellings

__all__ = ["LeakSearch", "leaks", "needles"]

SHORTEST = 16
"""Characters of a secret that is searched for; shorter ones are found everywhere."""
_PIECE = 24
"""Characters at each end of a long secret: a piece of it that was left is found too."""
_STRIDE = 8
"""Bytes from one place that is looked at to the next."""
_MAX_UNPACKED = 16 * 1024 * 1024
_GZIP = b"\x1f\x8b\x08"
_ESCAPE = re.compile(
    rb"\\u([dD][89abAB][0-9A-Fa-f]{2})\\u([dD][c-fC-F][0-9A-Fa-f]{2})"
    rb"|\\u([0-9A-Fa-f]{4})|\\(.)",
    re.DOTALL,
)
_ENTITY = re.compile(rb"&[#A-Za-z][A-Za-z0-9]{0,30};?")


def needles(secret: str) -> frozenset[bytes]:
    """The pieces by which a secret is known: of a JWT its signature, else its ends too."""
    data = secret.encode("utf-8", "surrogatepass")
    if len(data) < SHORTEST:
        return frozenset()
    pieces = {data}
    # The claims of a token may stay readable, and two tokens begin alike. Only the signature
    # is the secret of a JWT.
    signature = data.rpartition(b".")[2]
    if data.startswith(b"ey") and data.count(b".") in (2, 4):
        if len(signature) >= SHORTEST:
            pieces.add(signature)
    elif len(data) >= 2 * _PIECE:
        pieces |= {data[:_PIECE], data[-_PIECE:]}
    return frozenset(pieces)


def leaks(data: bytes, secrets: Iterable[str]) -> bool:
    """True if one of these secrets is in there, in any usual spelling."""
    return LeakSearch(secrets).is_in(data)


class LeakSearch:
    """Looks for all spellings of all secrets at once, at every eighth byte of a text."""

    # Each spelling has 16 bytes or more. So wherever one stands, one of its first eight blocks
    # of eight bytes begins at a place that is looked at. A block is one number to the computer,
    # and all blocks of a text are compared with all that are wanted in one step.

    def __init__(self, secrets: Iterable[str]) -> None:
        wanted = {needle for secret in secrets for needle in needles(secret)}
        coded = {spelling for needle in wanted for spelling in spellings(needle)}
        self._sorted: list[bytes] = []
        for each in sorted(wanted | coded):
            # Where one stands that begins with another, that stands there too.
            if not self._sorted or not each.startswith(self._sorted[-1]):
                self._sorted.append(each)
        self._longest = max(map(len, self._sorted), default=0)
        self._offsets: dict[int, set[int]] = {}
        starts = {each[:SHORTEST] for each in self._sorted}
        for offset in range(_STRIDE):
            for block in _blocks(b"".join(start[offset : offset + _STRIDE] for start in starts)):
                self._offsets.setdefault(block, set()).add(offset)

    def is_in(self, data: bytes) -> bool:
        """True if a secret stands in the data, in any usual spelling."""
        return any(self._stands_in(text) for text in (_readings(data) if self._sorted else ()))

    def is_in_json(self, data: bytes) -> bool:
        """The same for JSON, whose texts are read. Raises `ValueError` if it is none."""
        return self.is_in("\n".join(_texts(json.loads(data))).encode("utf-8", "surrogatepass"))

    def places(self, text: bytes) -> Iterator[tuple[int, int]]:
        """The places of secrets in a text as it is, by start and end."""
        if self._offsets.keys().isdisjoint(_blocks(text)):
            return
        found = -1
        for index, block in enumerate(_blocks(text)):
            for offset in sorted(self._offsets.get(block, ()), reverse=True):
                at = index * _STRIDE - offset
                needle = self._at(text, at) if at > found else None
                if needle is not None:
                    found = at
                    yield at, at + len(needle)

    def _stands_in(self, text: bytes) -> bool:
        return next(self.places(text), None) is not None

    def _at(self, text: bytes, at: int) -> bytes | None:
        here = text[at : at + self._longest]
        index = bisect_right(self._sorted, here) - 1
        needle = self._sorted[index] if index >= 0 else b""
        return needle if needle and here.startswith(needle) else None


def _blocks(text: bytes) -> memoryview[int]:
    """The text as numbers of eight bytes each; what is left at its end is not in them."""
    return memoryview(text)[: len(text) // _STRIDE * _STRIDE].cast("Q")


def _texts(value: object) -> list[str]:
    texts: list[str] = []
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            texts.append(each)
        elif isinstance(each, dict):
            texts += each
            left += each.values()
        elif isinstance(each, list):
            left += each
    return texts


# ---- readings --------------------------------------------------------------------------


def _readings(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """The data as it is, and with the usual encodings undone; one at a time, for its size."""
    for text in _decoded(data):
        yield text
        if b"&" in text:
            yield _ENTITY.sub(_reference, text)
        if b"\\" in text:
            yield _unescaped(text)
    if depth < 3:  # gzip inside of gzip, but no bomb of a thousand layers
        at = data.find(_GZIP)
        while at >= 0:
            try:
                inner = zlib.decompressobj(31).decompress(data[at:], _MAX_UNPACKED)
            except zlib.error:
                inner = b""
            if inner:
                yield from _readings(inner, depth + 1)
            at = data.find(_GZIP, at + 1)


def _decoded(data: bytes) -> Iterator[bytes]:
    yield data
    lower = data.lower()
    if lower != data:
        yield lower
    del lower
    if b"\r" in data or b"\n" in data:
        yield data.replace(b"\r", b"").replace(b"\n", b"")
    # In a form a plus is a space, elsewhere it is a plus, as in base64: both are tried. Twice
    # percent-encoded is an address inside of an address.
    if b"%" in data:
        yield unquote_to_bytes(data)
    if b"%" in data or b"+" in data:
        once = unquote_to_bytes(data.replace(b"+", b" "))
        yield once
        if b"%" in once:
            yield unquote_to_bytes(once)


def _reference(match: re.Match[bytes]) -> bytes:
    return unescape(match[0].decode("ascii")).encode("utf-8", "surrogatepass")


def _unescaped(text: bytes) -> bytes:
    """Backslashes undone as in a JSON string (RFC 8259 §7)."""
    # Between two backslashes that stand for one, every other one begins an escape.
    pieces = text.split(b"\\\\")
    return b"\\".join(
        _ESCAPE.sub(_character, piece) if b"\\u" in piece else piece.replace(b"\\", b"")
        for piece in pieces
    )


def _character(match: re.Match[bytes]) -> bytes:
    if match[4]:
        return match[4]
    units = [int(unit, 16) for unit in match.groups()[:3] if unit]
    code = units[0] if len(units) == 1 else 0x10000 + (units[0] % 0x400 << 10) + units[1] % 0x400
    return chr(code).encode("utf-8", "surrogatepass")
