"""Finding what must go in style sheets (CSS Syntax Module 3), also in those inside of pages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from entra_oauth.protocol.glossary.secrecy import treatment_of
from entra_oauth.recording.redaction.finder import HIDDEN, Finder, find
from entra_oauth.recording.redaction.finds import LONG, PLACEHOLDER, Find
from entra_oauth.recording.redaction.views import View

__all__ = ["is_sheet", "sheet"]

_PIECE = re.compile(
    r"/\*(?P<comment>(?:[^*]|\*(?!/))*+)(?:\*/|\Z)"
    r"|\"(?P<double>(?:[^\"\\\n\r]|\\.)*+)(?:\"|(?P<open>))"
    r"|'(?P<single>(?:[^'\\\n\r]|\\.)*+)(?:'|(?P<left>))"
    r"|url\(\s*+(?P<url>(?:[^()\"'\\\s]|\\.)++)\s*+\)",
    re.DOTALL | re.IGNORECASE,
)
_NAMED = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,60}+)\s*+[:=]\s*+\Z")
_NO_SHEET = re.compile(r"[\"']|\0\s*+:")
"""A string without an end, or one that is a name: in JSON and scripts (`\\0` is a string)."""
_SHORTEST = 4
"""Characters of a name that counts: `p:hover` is no secret prime."""


def is_sheet(text: str) -> bool:
    """True if a text is a style sheet: rules in balanced braces, and statements."""
    bare = _PIECE.sub(_blank, text)
    if _NO_SHEET.search(bare.replace('""', "\0")):
        return False
    depth, at = 0, 0
    for brace in re.finditer(r"[{}]", bare):
        depth += 1 if brace[0] == "{" else -1
        at = brace.end()
        if depth < 0:
            return False
    rest = bare[at:].strip()
    return depth == 0 and (not rest or (rest.startswith("@") and rest.endswith(";")))


def _blank(match: re.Match[str]) -> str:
    if match.lastgroup in ("open", "left"):
        return '"'
    return '""' if match.lastgroup in ("double", "single") else " "


def sheet(finder: Finder, value: View, depth: int = 0) -> Iterator[Find]:
    """A style sheet, or the declarations of a `style` attribute."""
    at = 0
    for match in _PIECE.finditer(value.text):
        between = value.cut(at, match.start())
        yield from _plain(finder, between, depth)
        at = match.end()
        group = {"open": "double", "left": "single"}.get(match.lastgroup or "", match.lastgroup)
        group = group or "comment"
        inner = value.cut(*match.span(group))
        if group == "comment":
            yield from _comment(inner)
        elif group == "url" or "?" in inner.text or "://" in inner.text:
            yield from finder.url(inner.strip(), depth + 1)
            yield from finder.words(inner, depth + 1)
        else:
            yield from _string(finder, between, inner, depth)
    yield from _plain(finder, value.cut(at), depth)


def _plain(finder: Finder, value: View, depth: int) -> Iterator[Find]:
    yield from finder.tokens(value)
    yield from finder.addresses(value, depth)
    yield from finder.looks(value, depth, shortest=_SHORTEST)


def _string(finder: Finder, before: View, inner: View, depth: int) -> Iterator[Find]:
    named = _NAMED.search(before.text[-80:])
    if named and len(named[1]) >= _SHORTEST and treatment_of(named[1]).act in HIDDEN:
        yield from finder.ruled(treatment_of(named[1]), inner, depth + 1)
    else:
        yield from finder.words(inner, depth + 1)


def _comment(inner: View) -> Iterator[Find]:
    inner = inner.strip()
    if len(inner.text) >= LONG and not PLACEHOLDER.fullmatch(inner.text):
        yield find("page", inner)
