"""Finding what must go in pages (HTML), drawings (SVG) and style sheets (CSS Syntax Module 3)."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

from entra_oauth.protocol.glossary.secrecy import (
    Act,
    Treatment,
    is_plain_name,
    treatment_in_text,
    treatment_of,
)
from entra_oauth.recording.redaction.finder import Finder, find
from entra_oauth.recording.redaction.finds import (
    LONG,
    PLACEHOLDER,
    PLACEHOLDERS,
    Find,
    is_taken_out,
)
from entra_oauth.recording.redaction.free_text import HIDDEN
from entra_oauth.recording.redaction.views import View, html_text

__all__ = ["drawing", "html", "is_sheet", "sheet"]

_TAG = re.compile(
    r"<([A-Za-z][^\s/>\"'<=]*+)((?:[^>\"']|\"[^\"]*\"|'[^']*')*+)>|<!--.*?(?:-->|\Z)", re.S
)
_CLOSING = {
    tag: re.compile(rf"</{tag}", re.I) for tag in ("script", "style", "noscript", "template")
}
_ATTRIBUTE = re.compile(r"([^\s\"'=<>/]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
_LINKS = frozenset(
    {"href", "src", "action", "formaction", "data", "content", "cite", "poster", "xlink:href"}
)
_TAME = frozenset(
    {"class", "id", "type", "name", "method", "lang", "charset", "rel", "for", "style", "role"}
    | {"width", "height", "http-equiv", "enctype", "autocomplete", "dir", "title", "alt"}
)
_WORDY = frozenset({"text", "tspan", "textpath", "title", "desc", "a"})
"""Elements of SVG whose text is for people."""
_SHAPES = frozenset(
    {"d", "points", "viewbox", "transform", "gradienttransform", "patterntransform", "values"}
    | {"keytimes", "keysplines", "stroke-dasharray", "x", "y", "dx", "dy", "rotate"}
)
_DRAWN = re.compile(
    r"(?:(?:matrix|translate|scale|rotate|skewX|skewY)\(|[\s,()+;MmZzLlHhVvCcSsQqTtAa-]"
    r"|(?:[0-9]{1,8}(?:\.[0-9]{0,8})?|\.[0-9]{1,8})(?:e-?[0-9]{1,2})?(?![0-9]))*+"
)
"""Numbers, lengths, paths and transformations (SVG 2 §4.2, §9.3)."""
_PIECE = re.compile(
    r"/\*(?P<comment>(?:[^*]|\*(?!/))*+)(?:\*/|\Z)"
    r"|\"(?P<double>(?:[^\"\\\n\r]|\\.)*+)(?:\"|(?P<open>))"
    r"|'(?P<single>(?:[^'\\\n\r]|\\.)*+)(?:'|(?P<left>))"
    r"|url\(\s*+(?P<url>(?:[^()\"'\\\s]|\\.)++)\s*+\)",
    re.DOTALL | re.IGNORECASE,
)
_BETWEEN_BRACES = re.compile(r"[^{}]++")
_NAMED = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,60}+)\s*+[:=]\s*+\Z")
_NO_SHEET = re.compile(r"[\"']|\0\s*+:")
"""A string without an end, or one that is a name: in JSON and scripts (`\\0` is a string)."""
_SHORTEST = 4
"""Characters of a name that counts: `p:hover` is no secret prime."""


def html(finder: Finder, value: View, depth: int = 0) -> Iterator[Find]:
    """A page: fields of forms by their names, addresses, and words."""
    yield from _walk(finder, value, depth, is_drawn=False)


def drawing(finder: Finder, value: View, depth: int = 0) -> Iterator[Find]:
    """A drawing: addresses, words, and nothing under names that are not SVG's own."""
    yield from _walk(finder, value, depth, is_drawn=True)


def _walk(finder: Finder, value: View, depth: int, *, is_drawn: bool) -> Iterator[Find]:
    text, told, at, tag = value.text, 0, 0, ""
    while (at := text.find("<", at)) >= 0:
        was_taken_out = not is_drawn and PLACEHOLDER.match(text, at + 1)
        match = None if was_taken_out else _TAG.match(text, at)
        if match is None:
            if was_taken_out or not text[at + 1 : at + 2].isalpha():
                at += 1
                continue
            at = len(text[told:at].rstrip("<")) + told
            break  # a tag without an end: what comes after it is not understood
        yield from _between(finder, value.cut(told, at), depth, tag)
        at = match.end()
        if match[1] is None:
            yield from _opaque(value.cut(match.start() + 4, at), end="-->")
        else:
            name = match[1].lower()
            tag = name.rpartition(":")[2] if is_drawn else ""
            attributes = _attributes(value.cut(*match.span(2)))
            if is_drawn:
                yield from _drawn_tag(finder, value.cut(*match.span(1)), attributes, depth)
            else:
                yield from _tag(finder, name, attributes, depth)
            at = yield from _hidden(finder, name, value, at)
        told = at
    if at < 0:
        yield from _between(finder, value.cut(told), depth, tag)
    else:
        yield from _between(finder, value.cut(told, at), depth, tag)
        yield from _opaque(value.cut(at))


def _hidden(finder: Finder, tag: str, value: View, at: int) -> Generator[Find, None, int]:
    """The inside of a script and the like; returns where it ends."""
    if tag not in ("script", "style", "noscript", "template"):
        return at
    end = _CLOSING[tag].search(value.text, at)
    end_at = end.start() if end else len(value.text)
    inner = value.cut(at, end_at)
    if tag == "style" and is_sheet(inner.text):
        yield from sheet(finder, inner)
    else:
        yield from _opaque(inner)
    return end_at


def _opaque(value: View, *, end: str = "") -> Iterator[Find]:
    inner = value.strip()
    content = inner.text.removesuffix(end)
    if len(inner.text) >= LONG and not PLACEHOLDERS.fullmatch(content):
        yield find("page", inner.cut(0, len(content)))


def _between(finder: Finder, value: View, depth: int, tag: str) -> Iterator[Find]:
    if not value.text.strip():
        return
    if tag and tag not in _WORDY:  # what stands in an element that is not for people is data
        content = html_text(value.partition("<")[0]).strip()
        if not all(map(is_taken_out, content.text.split())):
            yield from finder.ruled(Treatment(Act.UNKNOWN, "val"), content, depth + 1)
    yield from finder.words(html_text(value), depth + 1)


def _attributes(value: View) -> list[tuple[View, View]]:
    """Names, and values with their character references undone."""
    found = []
    for match in _ATTRIBUTE.finditer(value.text):
        group = next((g for g in (2, 3, 4) if match[g] is not None), 0)
        inner = html_text(value.cut(*match.span(group))) if group else value.cut(0, 0)
        found.append((value.cut(*match.span(1)), inner))
    return found


def _drawn_tag(
    finder: Finder, tag: View, attributes: list[tuple[View, View]], depth: int
) -> Iterator[Find]:
    """An element of SVG. Its drawing stays; a value that could be anything goes."""
    names = [tag, *(name for name, _ in attributes)]
    for name in names:
        if not is_plain_name(name.text) and not PLACEHOLDERS.fullmatch(name.text):
            yield find("name", name)
    for name, inner in attributes:
        lower = name.text.lower()
        if lower in _SHAPES and _DRAWN.fullmatch(inner.text):
            yield from finder.known_in(inner)
        elif treatment_of(lower).act in HIDDEN:
            yield from finder.ruled(treatment_of(lower), inner, depth + 1)
        else:
            yield from _attribute(finder, lower, inner, depth)
            if lower in _TAME and lower != "style":
                yield from finder.looks(inner, depth + 1)


def _tag(
    finder: Finder, tag: str, attributes: list[tuple[View, View]], depth: int
) -> Iterator[Find]:
    found = [(name.text.lower(), inner) for name, inner in attributes if inner.text]
    is_field = tag in ("input", "button", "param", "meta", "option", "textarea")
    called = next((inner.text for name, inner in found if is_field and name == "name"), "")
    if tag == "meta":
        yield from _meta(finder, found, depth)
        return
    for name, inner in found:
        if name in ("value", "content") and called:
            yield from finder.named(called, inner, depth + 1)
        else:
            yield from _attribute(finder, name, inner, depth)


def _meta(finder: Finder, found: list[tuple[str, View]], depth: int) -> Iterator[Find]:
    """A `meta` element: many have names of their own, and hold words, addresses or tokens."""
    names = [inner.text for name, inner in found if name in ("name", "property", "itemprop")]
    rules = [treatment_in_text(name.replace(":", "_")) for name in names]
    rule = next((each for each in rules if each.act is not Act.UNKNOWN), Treatment(Act.TEXT))
    for name, inner in found:
        if name == "content":
            yield from finder.ruled(rule, inner, depth + 1)
        else:
            yield from finder.inside(inner, depth + 1)


def _attribute(finder: Finder, name: str, inner: View, depth: int) -> Iterator[Find]:
    if name == "style":
        # As a text, an address in it would end at a blank only, and take the declarations with it.
        yield from sheet(finder, inner, depth + 1)
        yield from finder.known_in(inner)
    elif name in _LINKS and "?" not in inner.text and "#" not in inner.text:
        yield from finder.path(inner)
    elif name in _LINKS or name.startswith("xmlns"):
        yield from finder.url(inner, depth + 1)
    elif name in _TAME:
        yield from finder.inside(inner, depth + 1)
    elif len(inner.text) >= LONG:
        yield from finder.ruled(Treatment(Act.UNKNOWN, "val"), inner, depth + 1)
    else:
        yield from finder.known_in(inner)


# ---- style sheets ----------------------------------------------------------------------


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
        group = match.lastgroup or "comment"
        group = {"open": "double", "left": "single"}.get(group, group)
        inner = value.cut(*match.span(group))
        if group == "comment":
            yield from _opaque(inner)
        elif group == "url" or "?" in inner.text or "://" in inner.text:
            yield from finder.url(inner.strip(), depth + 1)
            yield from finder.words(inner, depth + 1)
        else:
            yield from _string(finder, between, inner, depth)
    yield from _plain(finder, value.cut(at), depth)


def _plain(finder: Finder, value: View, depth: int) -> Iterator[Find]:
    yield from finder.known_in(value)
    for match in _BETWEEN_BRACES.finditer(value.text):  # else a brace would go with what is in it
        piece = value.cut(*match.span())
        yield from finder.tokens(piece)
        yield from finder.addresses(piece, depth)
        yield from finder.looks(piece, depth, shortest=_SHORTEST)


def _string(finder: Finder, before: View, inner: View, depth: int) -> Iterator[Find]:
    named = _NAMED.search(before.text[-80:])
    if named and len(named[1]) >= _SHORTEST and treatment_of(named[1]).act in HIDDEN:
        yield from finder.ruled(treatment_of(named[1]), inner, depth + 1)
    else:
        yield from finder.words(inner, depth + 1)
