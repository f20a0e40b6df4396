"""The parts of a file: each is redacted once, and once more where another one's secret stands.

The secrets of a file are known when all of it was looked at. Of what was cleaned by then
most is clean: all of it is searched for all secrets at once, and only what holds one is
redacted again. So time grows with the file, not with the number of its secrets.
"""

from __future__ import annotations

import base64
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

from entra_oauth.protocol.glossary.secrecy import is_public
from entra_oauth.recording.redaction.cookies import joined_values
from entra_oauth.recording.redaction.finder import Looked
from entra_oauth.recording.redaction.finds import LONG, Find
from entra_oauth.recording.redaction.known_secrets import SHORTEST_KNOWN, KnownSecrets
from entra_oauth.recording.redaction.people.gathered_names import People, searched_at_last
from entra_oauth.recording.redaction.people.known_names import KnownNames
from entra_oauth.recording.redaction.redact import Redacted, Redactor
from entra_oauth.recording.redaction.views import as_bytes_text
from entra_oauth.recording.step import Level

__all__ = ["Part", "Parts"]

_STRONG = frozenset(
    ("code", "state", "nonce", "pkce", "at", "rt", "idt", "asrt", "dev", "sec", "pw", "sess")
    + ("ck", "auth", "saml", "info", "user", "key")
)
"""Kinds of values that are secrets wherever they stand."""
_SAME = 10_000
"""Parts that are kept because they may come again."""
_SHORT = 200
_BATCH = 64
"""Parts that are searched in one go."""


class Part(NamedTuple):
    """A part as it may be shown, and what was taken out of it."""

    text: str
    """In base64, if that was asked for."""
    removed: Mapping[str, int]
    """Kinds of values, and how many were taken out."""
    hides_length: bool = False
    """Whether a value was replaced by one of another length."""
    understood: bool = True
    too_large: bool = False

    def __repr__(self) -> str:
        return f"Part({dict(self.removed)})"


class Parts:
    """The parts of one file, in the order of the walks over it: the first, and the second."""

    def __init__(self, *, level: Level, key: bytes) -> None:
        self._looked: list[Looked] = []
        self._redactor = Redactor(level=level, key=key, looked=self._looked)
        self._people = People() if level is Level.PII else None
        self._found: dict[str, str] = {}
        self._first: list[_First] = []
        self._same: dict[tuple[Callable[..., Redacted], tuple[str, ...]], _First] = {}
        self._next: Iterator[Part | None] | None = None

    def redact(self, how: Callable[..., Redacted], *texts: str) -> Part:
        """The next part: texts of a few words, which are often the same."""
        if self._next is not None:
            return next(self._next) or _part(how(self._redactor, *texts))
        first = self._same.get((how, texts))
        if first is None:
            if self._people is not None:
                self._people.look(texts[-1])
                if len(texts) == 2:
                    self._people.named(*texts)
            data = texts[-1].encode("utf-8", "surrogatepass")
            first = self._looked_at(data, how(self._redactor, *texts))
            if len(self._same) < _SAME and sum(map(len, texts)) <= _SHORT:
                self._same[how, texts] = first
        self._first.append(first)
        return first.part

    def body(self, data: bytes, kind: str, *, coded: bool = False) -> Part:
        """The next part: a body, `coded` if it is shown in base64."""
        if self._next is not None:
            return next(self._next) or _part(self._redactor.body(data, kind), coded=coded)
        if self._people is not None:
            self._people.look(data)
        self._first.append(self._looked_at(data, self._redactor.body(data, kind), coded=coded))
        return self._first[-1].part

    def again(self, hosts: Collection[str]) -> dict[str, str]:
        """Begin the second walk. Returns what is known by now and must go, and the kinds.

        `hosts` are names that are in no case a secret.
        """
        known = {
            value: kind
            for value, kind in self._found.items()
            if len(value) >= SHORTEST_KNOWN and not is_public(value, hosts)
        }
        names = self._people.known(hosts) if self._people is not None else frozenset[str]()
        hits = set(self._hits(KnownSecrets(map(as_bytes_text, known))))
        if names:
            hits.update(self._named(KnownNames(names)))
        again = [None if at in hits else first.part for at, first in enumerate(self._first)]
        self._next, self._first, self._same = iter(again), [], {}
        self._redactor = Redactor(
            level=self._redactor.level, key=self._redactor.key, known=known, names=names
        )
        return {**dict.fromkeys(searched_at_last(names), "pii"), **known}

    def _looked_at(self, data: bytes, done: Redacted, *, coded: bool = False) -> _First:
        strong = [find for find in done.finds if find.kind in _STRONG]
        covered = [find for find in done.earlier if find.kind in _STRONG]
        for find in (*strong, *covered):
            value = find.value.encode("latin-1").decode("utf-8", "replace")
            for each in joined_values(value) if find.kind == "ck" else (value,):
                self._found.setdefault(each, find.kind)
        if self._people is not None:
            self._people.finds(done.finds)
        # A value under a name that says nothing may be part of a secret: what was there before
        # is searched, but for what is known to be one.
        texts = [*_left_of(self._looked, done.finds)]
        if texts or coded or len(strong) < len(done.finds):
            texts.append(_without(data, strong))
        self._looked.clear()
        return _First(_part(done, coded=coded), b"\n".join(texts) if texts else None)

    def _named(self, table: KnownNames) -> Iterator[int]:
        """The parts in which a name still stands."""
        for at, first in enumerate(self._first):
            if table.stand_in(first.searched_text().decode("latin-1")):
                yield at

    def _hits(self, table: KnownSecrets) -> Iterator[int]:
        for at in range(0, len(self._first), _BATCH):
            texts = [first.searched_text() for first in self._first[at : at + _BATCH]]
            if table.may_stand_in(b"\n".join(texts)):
                yield from (at + more for more, text in enumerate(texts) if _holds(table, text))


class _First(NamedTuple):
    """A part after the first walk."""

    part: Part
    searched: bytes | None
    """All in which a secret could still stand; None for the part's own text."""

    def searched_text(self) -> bytes:
        return self.part.text.encode("utf-8") if self.searched is None else self.searched


def _holds(table: KnownSecrets, text: bytes) -> bool:
    if not table.may_stand_in(text):
        return False
    return next(table.find(text.decode("latin-1")), None) is not None


def _part(done: Redacted, *, coded: bool = False) -> Part:
    text = base64.b64encode(done.data).decode("ascii") if coded else done.text
    return Part(
        text=text,
        removed=Counter(find.kind for find in done.finds) if done.finds else {},
        hides_length=any(find.masked or len(find.value) < LONG for find in done.finds),
        understood=done.understood,
        too_large=done.too_large,
    )


def _without(data: bytes, finds: list[Find]) -> bytes:
    """The data without these, which are in order."""
    starts = [0, *(find.end for find in finds)]
    ends = [*(find.start for find in finds), len(data)]
    return b"\n".join(data[start:end] for start, end in zip(starts, ends, strict=True))


def _left_of(looked: list[Looked], finds: tuple[Find, ...]) -> Iterator[bytes]:
    """Of decoded texts, those in which something stands that was not found."""
    ends = [find.end for find in finds]
    for start, end, text in dict.fromkeys(looked):
        at = bisect_right(ends, start)
        if at == len(ends) or start < finds[at].start or end > ends[at]:
            yield text.encode("latin-1")
