"""A HAR file's text: JSON, indented by a blank, that may be looked at in a terminal."""

from __future__ import annotations

import json
from json.encoder import encode_basestring
from typing import Any

__all__ = ["har_bytes"]


def har_bytes(har: dict[str, Any]) -> bytes:
    """The file, in UTF-8. What cannot be seen is escaped. Raises `ValueError` for no number."""
    # The encoder of the standard library is slow where it indents.
    pieces: list[str] = []
    _write(pieces, har, "\n")
    return b"".join([piece.encode("utf-8") for piece in pieces]) + b"\n"


def _write(pieces: list[str], value: object, newline: str) -> None:
    """Add a value's text. `newline` has the blanks before its last line too."""
    inner = f"{newline} "
    if isinstance(value, str):
        pieces.append(_quoted(value))
    elif isinstance(value, dict) and value:
        before = "{"
        for name, each in value.items():
            pieces.append(f"{before}{inner}{_quoted(name)}: ")
            # Most are texts and whole numbers: a call less for each.
            if isinstance(each, str):
                pieces.append(_quoted(each))
            elif type(each) is int:
                pieces.append(str(each))
            else:
                _write(pieces, each, inner)
            before = ","
        pieces.append(f"{newline}}}")
    elif isinstance(value, list) and value:
        before = "["
        for each in value:
            pieces.append(f"{before}{inner}")
            _write(pieces, each, inner)
            before = ","
        pieces.append(f"{newline}]")
    else:
        pieces.append(json.dumps(value, allow_nan=False))


def _quoted(text: str) -> str:
    quoted: str = encode_basestring(text)
    if quoted.isprintable():
        return quoted
    hidden = (character for character in set(quoted) if not character.isprintable())
    return quoted.translate({ord(each): json.dumps(each)[1:-1] for each in hidden})
