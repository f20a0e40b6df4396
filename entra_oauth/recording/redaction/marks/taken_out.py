"""Values that may have been taken out, by this program or by another: whether they were."""

from __future__ import annotations

import re

__all__ = ["MASK", "comparable", "hidden", "is_anothers", "same"]

_TAGGED = re.compile(r"[a-z]{1,5}~([0-9a-f]{10})~*")
MASK = re.compile(r"~[a-z]{1,5}~")
# What other tools and people put there: REDACTED, [removed], ***, <code>, 0.AS…xyz.
_WORDS = ("redacted", "removed", "masked", "sanitized", "scrubbed", "hidden", "filtered")
_FIRST_WORD = re.compile(rf"(?i)\W*(?:{'|'.join(_WORDS)})\b")
_FILLING = re.compile(r"[*xX•.#_-]{3,}|<[^<>]*>|\[[^\[\]]*\]")


def is_anothers(value: str) -> bool:
    """True if a value looks like what other tools leave in the place of one."""
    if "..." in value or "…" in value or "***" in value or "REDACTED" in value:
        return True
    return bool(_FIRST_WORD.match(value[:40]) or _FILLING.fullmatch(value))


def hidden(value: str) -> bool:
    """True if a value, or a part of it, was taken out: by this program or by another."""
    if "~" in value and (_TAGGED.search(value) or MASK.search(value)):
        return True
    return is_anothers(value)


def comparable(value: str) -> tuple[str, str] | None:
    """The kind of a value and what tells it from others; None where too much was taken out.

    Values of one kind are equal where this is. The tags of one recording tell: equal values
    have equal tags.
    """
    if "~" in value:
        if MASK.search(value):
            return None
        if _TAGGED.search(value):
            return None if is_anothers(value) else ("tagged", _TAGGED.sub(r"~\1", value))
    return None if is_anothers(value) else ("whole", value)


def same(one: str, other: str) -> bool | None:
    """True if two values are equal; None where what was taken out leaves that open."""
    mine, theirs = comparable(one), comparable(other)
    if mine is None or theirs is None or mine[0] != theirs[0]:
        return None
    return mine == theirs
