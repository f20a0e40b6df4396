"""Equality of two values, where one or both may have been taken out.

A placeholder's tag tells equal from different within one recording, and nothing
beyond it; a fixed mask tells nothing. What cannot be told is said to be so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

__all__ = ["PLACEHOLDERS", "Lengths", "Truth", "all_of", "has_placeholder", "same", "same_pieces"]

PLACEHOLDERS = re.compile(rb"[a-z]{1,5}~([0-9a-f]{10})~*|~[a-z]{1,5}~")
"""What the redaction puts in the place of a value; the group is its tag, if it has one."""

_SEPARATORS = re.compile(rb"[&?]")


class Truth(StrEnum):
    """An answer that may be wanting."""

    YES = "same"
    NO = "different"
    UNKNOWN = "undecidable"


def all_of(truths: Iterable[Truth]) -> Truth:
    """Different if one is; same only if each is."""
    found = set(truths)
    if Truth.NO in found:
        return Truth.NO
    return Truth.UNKNOWN if Truth.UNKNOWN in found else Truth.YES


def has_placeholder(text: bytes) -> bool:
    """True if something in it was, or may have been, taken out."""
    return PLACEHOLDERS.search(text) is not None


Lengths = Mapping[str, int | None]
"""Of one recording: each tag, and how many characters its value has."""


def same(one: bytes, other: bytes, *, tags: Lengths | None, decoded: bool = False) -> Truth:
    """Compare two texts. `tags` are those of the recording that both come from, if it is one.

    `decoded`: the values count, and not their spelling on the wire.
    """
    ours, theirs = list(PLACEHOLDERS.finditer(one)), list(PLACEHOLDERS.finditer(other))
    if not ours and not theirs:
        return Truth.YES if one == other else Truth.NO
    left, right = _between(one, ours), _between(other, theirs)
    if left == right:
        pairs = zip(ours, theirs, strict=True)
        return all_of(_same_place(a, b, tags, decoded) for a, b in pairs)
    if not theirs:
        return Truth.UNKNOWN if _could_be(left, other) else Truth.NO
    if not ours:
        return Truth.UNKNOWN if _could_be(right, one) else Truth.NO
    return Truth.UNKNOWN if _ends_agree(left, right) else Truth.NO


def same_pieces(one: bytes, other: bytes, *, tags: Lengths | None) -> Truth:
    """The same, piece by piece of a query or a form: no value reaches into the next."""
    ours, theirs = _SEPARATORS.split(one), _SEPARATORS.split(other)
    if len(ours) != len(theirs):
        whole = any(PLACEHOLDERS.fullmatch(text) for text in (one, other))
        return Truth.UNKNOWN if whole else Truth.NO
    if [*_SEPARATORS.findall(one)] != [*_SEPARATORS.findall(other)]:
        return Truth.NO
    return all_of(same(a, b, tags=tags) for a, b in zip(ours, theirs, strict=True))


def _between(text: bytes, found: list[re.Match[bytes]]) -> list[bytes]:
    """The text before, between and after the placeholders."""
    pieces, at = [], 0
    for match in found:
        pieces.append(text[at : match.start()])
        at = match.end()
    return [*pieces, text[at:]]


def _same_place(
    a: re.Match[bytes], b: re.Match[bytes], tags: Lengths | None, decoded: bool
) -> Truth:
    if tags is None or a[1] is None or b[1] is None:
        return Truth.UNKNOWN
    if a[1] != b[1]:
        return Truth.NO
    if decoded or (a[0] == b[0] and a[0].startswith(b"sig~")):
        return Truth.YES
    if len(a[0]) != len(b[0]):
        return Truth.NO
    # A value that is as long on the wire as it is was not escaped there: it has one
    # spelling. %2f and %2F are equally long.
    return Truth.YES if tags.get(a[1].decode()) == len(a[0]) else Truth.UNKNOWN


def _could_be(pieces: list[bytes], text: bytes) -> bool:
    """True if values in the gaps between the pieces could make this text."""
    first, *middle, last = pieces
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        at = text.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


def _ends_agree(left: list[bytes], right: list[bytes]) -> bool:
    starts = min(len(left[0]), len(right[0]))
    ends = min(len(left[-1]), len(right[-1]))
    return left[0][:starts] == right[0][:starts] and (
        not ends or left[-1][-ends:] == right[-1][-ends:]
    )
