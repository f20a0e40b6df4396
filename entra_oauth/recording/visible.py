"""Bytes as text in which every one can be seen: line ends, control and bidi characters too."""

from __future__ import annotations

from entra_oauth.errors import plain

__all__ = ["visible"]

LONGEST = 64 * 1024
"""Bytes that are shown; more of a message helps nobody, and its file has them all."""


def visible(data: bytes) -> str:
    """Line ends as `␍␊` and a line break; what is not UTF-8 as `<0xFF>`."""
    text = data[:LONGEST].decode("utf-8", "surrogateescape")
    lines = []
    for line in text.split("\n"):
        ended = line.endswith("\r")
        body = "".join(_byte(c) for c in line.removesuffix("\r"))
        lines.append(f"{body}{'␍' if ended else ''}")
    shown = "␊\n".join(lines)
    if len(data) > LONGEST:
        shown += f"\n… and {len(data) - LONGEST:,} bytes more"
    return shown


def _byte(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"<0x{code - 0xDC00:02X}>"
    # A picture of a control character must not be taken for ours.
    return f"<U+{code:04X}>" if character in "␍␊" else plain(character)
