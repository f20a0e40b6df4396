"""Looking at text through its encodings without losing where each character stands.

A `View` is a decoded text that remembers, for each character, the part of the
outermost text that it came from. So a value found inside JSON inside a form can be
replaced where it is, and every byte around it stays. Characters are bytes (Latin-1),
whatever the encoding of the message was.

In the form `code=a%2Fb`, the view of the value reads `a/b`: three characters that
begin at 5, 6 and 9 and end at 6, 9 and 10. Its place is 5 to 10, all of the escape
included. A view of a view composes by itself: what one layer calls a character, the
next may decode again, and the places stay those of the outermost text.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Sequence
from html import unescape
from typing import NamedTuple

__all__ = ["View", "as_bytes_text", "html_text", "json_string", "percent", "whole"]


class View(NamedTuple):
    """A text, and where its characters begin and end in the outermost one."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def cut(self, start: int, end: int | None = None) -> View:
        """The part from `start` to `end`."""
        text, starts, ends = self
        return View(text[start:end], starts[start:end], ends[start:end])

    def place(self) -> tuple[int, int]:
        """Start and end of all of it in the outermost text. Not for an empty view."""
        return self.starts[0], self.ends[-1]

    def split(self, separator: str) -> list[View]:
        """Between the separators."""
        parts, at = [], 0
        for piece in self.text.split(separator):
            parts.append(self.cut(at, at + len(piece)))
            at += len(piece) + len(separator)
        return parts

    def partition(self, separator: str) -> tuple[View, View]:
        """Before and after the first separator; without one, the second is empty."""
        at = self.text.find(separator)
        if at < 0:
            return self, self.cut(len(self.text))
        return self.cut(0, at), self.cut(at + len(separator))

    def strip(self) -> View:
        """Without white space at its ends."""
        start = len(self.text) - len(self.text.lstrip())
        return self.cut(start, max(start, len(self.text.rstrip())))


def whole(text: str) -> View:
    """The outermost view."""
    return View(text, range(len(text)), range(1, len(text) + 1))


def as_bytes_text(text: str) -> str:
    """A text of any characters as one of bytes."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def _decode(view: View, pattern: re.Pattern[str], decode: Callable[[str], str]) -> View:
    """Replace each match by the bytes that it stands for."""
    if not pattern.search(view.text):
        return view
    text: list[str] = []
    starts, ends = array("I"), array("I")  # of a long text, lists would be ten times as large
    at = 0
    for match in pattern.finditer(view.text):
        begin, end = match.span()
        text.append(view.text[at:begin])
        starts.extend(view.starts[at:begin])
        ends.extend(view.ends[at:begin])
        # One escape may stand for several bytes. Each of them has the whole escape as its
        # place: half an escape cannot be replaced.
        piece = decode(match[0])
        text.append(piece)
        starts.extend([view.starts[begin]] * len(piece))
        ends.extend([view.ends[end - 1]] * len(piece))
        at = end
    text.append(view.text[at:])
    starts.extend(view.starts[at:])
    ends.extend(view.ends[at:])
    return View("".join(text), starts, ends)


_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}|\+")
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\.", re.DOTALL
)
_SHORT_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ENTITY = re.compile(r"&(?:#[0-9]{1,7};?|#[xX][0-9A-Fa-f]{1,6};?|[A-Za-z][A-Za-z0-9]{1,31};?)")


def percent(view: View) -> View:
    """Percent-encoding undone once; `+` is a space."""
    if "%" not in view.text and "+" not in view.text:
        return view
    # One byte for each escape, whatever character they make together.
    return _decode(view, _PERCENT, lambda mark: " " if mark == "+" else chr(int(mark[1:], 16)))


def json_string(view: View) -> View:
    """The inside of a JSON string, its escapes undone (RFC 8259 §7)."""
    if "\\" not in view.text:
        return view
    return _decode(view, _ESCAPE, lambda escape: as_bytes_text(_unescape_json(escape)))


def _unescape_json(escape: str) -> str:
    if escape[1] != "u":
        return _SHORT_ESCAPES.get(escape[1], escape[1])
    units = [int(part, 16) for part in escape.split("\\u")[1:]]
    if len(units) == 2:
        return chr(0x10000 + ((units[0] - 0xD800) << 10) + (units[1] - 0xDC00))
    return chr(units[0])


def html_text(view: View) -> View:
    """Text or an attribute's value of HTML, its character references undone."""
    if "&" not in view.text:
        return view
    return _decode(view, _ENTITY, lambda entity: as_bytes_text(unescape(entity)))
