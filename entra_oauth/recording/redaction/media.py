"""Pictures and fonts, told by their first bytes: a label alone says nothing of a body."""

from __future__ import annotations

import re

from entra_oauth.protocol.glossary.secrecy import treatment_of
from entra_oauth.recording.redaction.finder import HIDDEN

__all__ = ["is_drawing", "is_font", "is_picture", "tells"]

_PICTURES = re.compile(
    rb"\x89PNG(?:\r\n\x1a\n|\Z)|GIF8[79]a|\xff\xd8\xff|RIFF.{4}WEBP|\x00\x00[\x01\x02]\x00"
    rb"|BM.{4}\x00{4}|II\*\x00|MM\x00\*|\x00{3}.ftyp(?:avif|avis|heic|heix|mif1|msf1)"
    rb"|\x00{3}\x0cJXL |\xff\x0a",
    re.DOTALL,
)
"""PNG, GIF, JPEG, WebP, ICO and CUR, BMP, TIFF, AVIF and HEIF, JPEG XL."""
_FONTS = re.compile(rb"wOF[F2]|OTTO\x00|true\x00|ttcf\x00|\x00\x01\x00\x00")
"""WOFF (W3C WOFF 1.0 §4, 2.0 §4.1), OpenType, TrueType."""
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_DRAWING = re.compile(
    rb"\s*+(?:\xef\xbb\xbf)?+\s*+(?:<\?xml\b[^>]*+>|<!--(?>.*?-->)|<!DOCTYPE\s+svg\b[^>\[]*+>|\s++)*+"
    rb"<(?:svg:)?svg[\s>/]",
    re.DOTALL | re.IGNORECASE,
)
_JWT = re.compile(r"[A-Za-z0-9_-]{10}\.ey[A-Za-z0-9_-]{2,}+\.")
_PAIR = re.compile(r"\b([A-Za-z][A-Za-z0-9_-]{3,40}+)[\"']?\s{0,4}[=:>]\s{0,4}[\"']?[!-~]{4}")


def is_picture(body: bytes) -> bool:
    """True if a body begins as a picture, and is no text that only begins so."""
    return _PICTURES.match(body) is not None and not _is_text(body)


def is_font(body: bytes) -> bool:
    """True if a body begins as a font, and is no text that only begins so."""
    return _FONTS.match(body) is not None and not _is_text(body)


def is_drawing(body: bytes) -> bool:
    """True if a body is SVG (its root element: SVG 2 §5.1)."""
    return _DRAWING.match(body) is not None


def _is_text(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return _CONTROLS.search(body) is None


def tells(text: str) -> bool:
    """True if a picture or a font holds a token, or a pair whose name is that of a secret."""
    if _JWT.search(text):
        return True
    return any(treatment_of(match[1]).act in HIDDEN for match in _PAIR.finditer(text))
