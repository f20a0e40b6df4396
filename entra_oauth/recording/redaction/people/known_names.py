"""Names of people and tenants that are known, found in a text however they are written there.

A long name is found wherever it stands, as a secret is. A shorter one is found as a word of
its own: `Ann` is no part of `annual`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from entra_oauth.recording.redaction.known_secrets import SHORTEST_KNOWN, KnownSecrets
from entra_oauth.recording.redaction.views import (
    View,
    as_bytes_text,
    html_text,
    json_string,
    percent,
    whole,
)

__all__ = ["KnownNames", "folded"]

_BEYOND_ASCII = re.compile(r"[\xc2-\xf4][\x80-\xbf]{1,3}")
_WORD = re.compile(r"[a-z0-9\x80-\xff]+")
_BEFORE = re.compile(r"[a-z0-9_~\x80-\xff]|[a-z0-9\x80-\xff][.-]")
_AFTER = re.compile(r"[a-z0-9_~\x80-\xff]|[.-][a-z0-9\x80-\xff]")
"""What makes a short name a part of another word; `~` is in the marks of what was taken out."""
_AS_IT_IS = 5
"""Letters from which on one word is a name in small letters too: `Will` is one, `will` is none."""


def folded(text: str) -> str:
    """A text of bytes without regard to case, each character at its place still."""
    if text.isascii():
        return text.lower()
    small = text.encode("latin-1").lower().decode("latin-1")
    return _BEYOND_ASCII.sub(lambda match: _small(match[0]), small)


def _small(piece: str) -> str:
    try:
        small = as_bytes_text(piece.encode("latin-1").decode("utf-8").lower())
    except UnicodeDecodeError:
        return piece
    return small if len(small) == len(piece) else piece


class KnownNames:
    """A table of names, which are texts of any characters."""

    def __init__(self, names: Iterable[str]) -> None:
        spelt = {each for name in names for each in _spellings(name)}
        self._long = KnownSecrets(folded(each) for each in spelt)
        self._by_word: dict[str, list[str]] = {}
        self._exact: dict[str, set[str]] = {}
        for name in sorted(spelt, key=len, reverse=True):
            small = folded(name)
            first = _WORD.search(small)
            if len(name) >= SHORTEST_KNOWN or first is None:
                continue
            self._by_word.setdefault(first[0], []).append(small)
            if len(name) < _AS_IT_IS and name.isalpha():
                self._exact.setdefault(small, set()).update((name, name.upper()))
        self._any = bool(spelt)

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Starts and ends of the names in a text of bytes."""
        if not self._any:
            return
        small = folded(text)
        for at, name in self._long.find(small):
            yield at, at + len(name)
        if self._by_word:
            yield from self._short_ones(text, small)

    def places(self, value: View) -> Iterator[View]:
        """The names in a text, in whatever usual spelling of it."""
        if not self._any:
            return
        for view in _views(value):
            for start, end in self.find(view.text):
                yield view.cut(start, end)

    def stand_in(self, text: str) -> bool:
        """True if one of them stands in a text of bytes."""
        return next(self.places(whole(text)), None) is not None

    def _short_ones(self, text: str, small: str) -> Iterator[tuple[int, int]]:
        for word in _WORD.finditer(small):
            for name in self._by_word.get(word[0], ()):
                offset = name.find(word[0])
                start = word.start() - offset
                end = start + len(name)
                if start < 0 or small[start:end] != name or not _is_apart(small, start, end):
                    continue
                exact = self._exact.get(name)
                if exact is None or text[start:end] in exact:
                    yield start, end
                    break


def _is_apart(text: str, start: int, end: int) -> bool:
    """True if what stands there is no part of a longer word."""
    before = text[max(0, start - 2) : start]
    joined = bool(before) and (_BEFORE.match(before[-1]) or _BEFORE.fullmatch(before))
    return not joined and _AFTER.match(text, end) is None


def _views(value: View) -> Iterator[View]:
    yield value
    once = percent(value)
    for view in (once, percent(once), html_text(value), json_string(value)):
        if view is not value:
            yield view


def _spellings(name: str) -> Iterator[str]:
    """The bytes of a name: in UTF-8, and in Latin-1 where that has all its characters."""
    for blank in (" ", "+", "\xa0") if " " in name else (" ",):
        spelt = name.replace(" ", blank)
        yield as_bytes_text(spelt)
        if not spelt.isascii() and max(spelt) <= "\xff":
            yield spelt
