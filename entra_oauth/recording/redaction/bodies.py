"""Finding what must go in a body: first its kind, then the finder of that kind.

The label says what a body is meant to be, and its beginning what it is. A label alone is
not believed: servers send JSON as text, and somebody who hides a page in a picture
labels it as a picture. A body that neither tells is not understood, and goes whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from entra_oauth.protocol.glossary.secrecy import treatment_of
from entra_oauth.recording.redaction.finder import Finder
from entra_oauth.recording.redaction.finds import PLACEHOLDERS, Find
from entra_oauth.recording.redaction.free_text import HIDDEN
from entra_oauth.recording.redaction.json_tree import NotJson
from entra_oauth.recording.redaction.known_secrets import SHORTEST_KNOWN
from entra_oauth.recording.redaction.pages import drawing, html, is_sheet, sheet
from entra_oauth.recording.redaction.views import View, as_bytes_text

__all__ = ["LARGEST_BODY", "body_finds"]

LARGEST_BODY = 4 * 1024 * 1024
"""A larger body is not looked into: it goes whole."""

_JSON_TYPES = re.compile(r"\b(?:json|jwk)\b|\+json")
_HTML = re.compile(rb"\s*+(?:\xef\xbb\xbf)?+\s*+<(?:!doctype|html|head|body|form|title|!--)", re.I)
_LABELS = re.compile(r"image/|font/|text/css")
"""Types that are given to bodies of any kind. What such a body is, its beginning tells."""
_ENTITY = re.compile(rb"<!ENTITY", re.I)
_MARKUP = re.compile(r"image/|font/|text/|[a-z]+/[a-z.-]*xml\b|application/xhtml")
_FORM_START = re.compile(rb"[A-Za-z_~][A-Za-z0-9_.~-]*+=[^\s<>\"{}]*+\Z")
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


def body_finds(
    finder: Finder, body: bytes, view: View, kind: str, known: Iterable[str]
) -> list[Find] | None:
    """The finds in a body; None if it is not understood.

    `view` is the whole body and `kind` its type in lower case. `known` are all secrets that
    are known; the finder has those that are long enough to be looked for in text.
    """
    if len(body) > LARGEST_BODY:
        return None
    if PLACEHOLDERS.fullmatch(view.text.strip()):
        return []  # it was taken out before
    is_seen = kind.startswith("image/") and _is_picture(body)
    if finder.people and (is_seen or _is_drawing(body)):
        start, end = view.place()
        return [Find(start=start, end=end, kind="pic", value=view.text)]
    if is_seen or (kind.startswith("font/") and _is_font(body)):
        # Nothing is looked for in there but what would tell that it is more than that.
        short = (each for each in map(as_bytes_text, known) if len(each) < SHORTEST_KNOWN)
        holds = (
            _tells(view.text)
            or next(finder.known_in(view), None) is not None
            or any(each in view.text for each in short)
        )
        return None if holds else []
    return _text_finds(finder, body, view, kind)


def _text_finds(finder: Finder, body: bytes, view: View, kind: str) -> list[Find] | None:
    # The order counts. A text that begins as JSON is read as JSON, whatever its label, and one
    # that is not JSON after all goes whole; only CSS may begin with the same brackets. A page
    # is walked as one only if it also begins as one. A form without a label comes late: nearly
    # every text with an equals sign looks like one.
    is_css = kind.startswith("text/css")
    starts_json = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
    if _JSON_TYPES.search(kind) or starts_json:
        try:
            return [*finder.json(view)]
        except NotJson:
            if not is_css:
                return None
    if _ENTITY.search(body):
        return None  # what its words stand for is not looked up
    if _is_drawing(body) and (not kind or _MARKUP.match(kind)):
        return [*drawing(finder, view)]
    if "html" in kind or "xml" in kind or _HTML.match(body):
        return [*html(finder, view)] if _HTML.match(body) else None
    if "x-www-form-urlencoded" in kind:
        return [*finder.form(view)]
    if (not kind or _LABELS.match(kind)) and _FORM_START.match(body):
        return [*finder.form(view)]
    if is_css:
        return [*sheet(finder, view)] if is_sheet(view.text) else None
    if kind.startswith("text/plain") or not kind:
        return [*finder.words(view, 0)]
    return None


# ---- pictures and fonts ----------------------------------------------------------------


def _is_picture(body: bytes) -> bool:
    """True if a body begins as a picture, and is no text that only begins so."""
    return _PICTURES.match(body) is not None and not _is_text(body)


def _is_font(body: bytes) -> bool:
    """True if a body begins as a font, and is no text that only begins so."""
    return _FONTS.match(body) is not None and not _is_text(body)


def _is_drawing(body: bytes) -> bool:
    """True if a body is SVG (its root element: SVG 2 §5.1)."""
    return _DRAWING.match(body) is not None


def _is_text(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return _CONTROLS.search(body) is None


def _tells(text: str) -> bool:
    """True if a picture or a font holds a token, or a pair whose name is that of a secret."""
    if _JWT.search(text):
        return True
    return any(treatment_of(match[1]).act in HIDDEN for match in _PAIR.finditer(text))
