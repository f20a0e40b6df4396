"""Finding what must go in a body: first its kind, then the finder of that kind.

The label says what a body is meant to be, and its beginning what it is. A label alone is
not believed: servers send JSON as text, and somebody who hides a page in a picture
labels it as a picture. A body that neither tells is not understood, and goes whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from entra_oauth.recording.redaction.finder import Finder
from entra_oauth.recording.redaction.finds import PLACEHOLDER, Find
from entra_oauth.recording.redaction.json_tree import NotJson
from entra_oauth.recording.redaction.media import is_drawing, is_font, is_picture, tells
from entra_oauth.recording.redaction.pages import drawing, html
from entra_oauth.recording.redaction.sheets import is_sheet, sheet
from entra_oauth.recording.redaction.views import View, as_bytes_text

__all__ = ["MAX_BODY_BYTES", "body_finds"]

MAX_BODY_BYTES = 4 * 1024 * 1024
"""A larger body is not looked into: it goes whole."""

_JSON_TYPES = re.compile(r"\b(?:json|jwk)\b|\+json")
_HTML = re.compile(rb"\s*+(?:\xef\xbb\xbf)?+\s*+<(?:!doctype|html|head|body|form|title|!--)", re.I)
_LABELS = re.compile(r"image/|font/|text/css")
"""Types that are given to bodies of any kind. What such a body is, its beginning tells."""
_ENTITY = re.compile(rb"<!ENTITY", re.I)
_MARKUP = re.compile(r"image/|font/|text/|[a-z]+/[a-z.-]*xml\b|application/xhtml")
_FORM_START = re.compile(rb"[A-Za-z_~][A-Za-z0-9_.~-]*+=[^\s<>\"{}]*+\Z")


def body_finds(
    finder: Finder, body: bytes, view: View, kind: str, known: Iterable[str]
) -> list[Find] | None:
    """The finds in a body; None if it is not understood.

    `view` is the whole body and `kind` its type in lower case. `known` are all secrets that
    are known; the finder has those that are long enough to be looked for in text.
    """
    if len(body) > MAX_BODY_BYTES:
        return None
    if PLACEHOLDER.fullmatch(view.text):
        return []  # it was taken out before
    is_seen = kind.startswith("image/") and is_picture(body)
    if finder.people and (is_seen or is_drawing(body)):
        start, end = view.place()
        return [Find(start=start, end=end, kind="pic", value=view.text)]
    if is_seen or (kind.startswith("font/") and is_font(body)):
        # Nothing is looked for in there but what would tell that it is more than that.
        holds = tells(view.text) or any(as_bytes_text(each) in view.text for each in known)
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
    if is_drawing(body) and (not kind or _MARKUP.match(kind)):
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
