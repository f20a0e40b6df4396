"""Tagged netstrings, in which mitmproxy writes: `LENGTH:PAYLOAD` and a letter for the type.

Every length is held against what is there before anything is made of it.
"""

from __future__ import annotations

import math
import re

from entra_oauth.errors import UsageError

__all__ = ["Tagged", "tagged_values"]

Tagged = None | bool | int | float | bytes | str | list["Tagged"] | dict[str, "Tagged"]
"""What can stand in one. Names in dictionaries are text, however they were written."""

_DEEPEST = 20
_LENGTH = re.compile(rb"(0|[1-9][0-9]{0,8}):")
_INTEGER = re.compile(rb"-?[0-9]{1,20}")
_FLOAT = re.compile(rb"-?[0-9]{1,20}(?:\.[0-9]{1,20})?(?:e[+-]?[0-9]{1,3})?", re.IGNORECASE)


class _BrokenError(Exception):
    """Says at which byte; never quotes any."""

    def __init__(self, at: int, what: str) -> None:
        super().__init__(at, what)
        self.at = at
        self.what = what


def tagged_values(data: bytes, *, name: str, advice: str) -> list[Tagged]:
    """The values, one after another to the end. `name` is that of the file in the error.

    Raises `UsageError` with the place in bytes.
    """
    found: list[Tagged] = []
    at, problem = 0, ""
    try:
        while at < len(data):
            value, at = _value(data, at, len(data), 0)
            found.append(value)
    except _BrokenError as error:
        problem = f"The {name} cannot be read at byte {error.at:,}: {error.what}."
    if problem:
        raise UsageError(problem, advice=advice)
    return found


def _value(data: bytes, at: int, end: int, depth: int) -> tuple[Tagged, int]:
    length = _LENGTH.match(data, at, min(end, at + 10))
    if length is None:
        raise _BrokenError(at, "there is no length")
    start = length.end()
    stop = start + int(length[1])
    if stop >= end:
        raise _BrokenError(at, "it breaks off")
    kind = data[stop : stop + 1]
    if kind in (b"]", b"}"):
        if depth >= _DEEPEST:
            raise _BrokenError(at, f"it is nested more than {_DEEPEST} deep")
        return _several(data, start, stop, depth, kind), stop + 1
    return _single(data[start:stop], kind, at), stop + 1


def _several(data: bytes, at: int, end: int, depth: int, kind: bytes) -> Tagged:
    items: list[Tagged] = []
    begun = at
    while at < end:
        value, at = _value(data, at, end, depth + 1)
        items.append(value)
    if kind == b"]":
        return items
    if len(items) % 2:
        raise _BrokenError(begun, "a name has no value")
    members: dict[str, Tagged] = {}
    for name, value in zip(items[::2], items[1::2], strict=True):
        # Text in new files, bytes in old ones.
        text = name.decode("latin-1") if isinstance(name, bytes) else name
        if not isinstance(text, str) or text in members:
            raise _BrokenError(begun, "a name is no text, or stands twice")
        members[text] = value
    return members


def _single(payload: bytes, kind: bytes, at: int) -> Tagged:
    if kind == b",":
        return payload
    if kind == b";":
        return payload.decode("utf-8", "replace")
    if kind == b"#" and _INTEGER.fullmatch(payload):
        return int(payload)
    if kind == b"^" and _FLOAT.fullmatch(payload) and math.isfinite(float(payload)):
        return float(payload)
    if kind == b"!" and payload in (b"true", b"false"):
        return payload == b"true"
    if kind == b"~" and not payload:
        return None
    raise _BrokenError(at, "its type is not known, or does not fit")
