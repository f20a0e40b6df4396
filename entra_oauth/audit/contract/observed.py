"""One recording, looked at as a contract does: each message as lists of fields with values.

A value is observed with all that a rule may need, and its repr shows none of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeVar

from entra_oauth.audit.contract.wire_contract import FieldPlace, RuleKind
from entra_oauth.audit.redacted_values import hidden, length

__all__ = ["ObservedExchange", "ObservedField", "ObservedGroup", "ObservedMessage", "slots"]

_TAGGED = re.compile(r"[a-z]{1,5}~([0-9a-f]{10})~*")
_MASK = re.compile(r"~[a-z]{1,5}~")
_LETTERS = (
    ("GUID", re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")),
    ("digits", re.compile(r"[0-9]+")),
    ("hexadecimal", re.compile(r"[0-9a-f]+|[0-9A-F]+")),
    ("base64url", re.compile(r"[A-Za-z0-9_-]+")),
    ("base64", re.compile(r"[A-Za-z0-9+/]+={0,2}")),
)
_SHORTEST = 8
"""Characters from which on it is no chance that two unknown values are equal."""


T = TypeVar("T")


def slots(each: Iterable[T], key: Callable[[T], str]) -> dict[str, T]:
    """By key; the second of one key is `key (2)`."""
    found: dict[str, T] = {}
    counts: Counter[str] = Counter()
    for value in each:
        name = key(value)
        counts[name] += 1
        found[name if counts[name] == 1 else f"{name} ({counts[name]})"] = value
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedField:
    """One value in its place."""

    name: str
    """As it is spelled, or a word for a name that may not be kept."""
    key: str
    """By which it is found again: header names in lower case."""
    kind: RuleKind
    """By its name; `fixed` for what may be kept as it is."""
    value: str = field(repr=False)
    """As it passed."""
    text: str = field(repr=False)
    """With placeholders for tenant, client, account and what changes by nature."""
    may_keep: bool = False
    """The text is nobody's secret."""
    as_json: bool = False

    @property
    def is_hidden(self) -> bool:
        """True if it, or a part of it, was taken out."""
        if self.as_json:  # its brackets are no filling
            return bool(_TAGGED.search(self.value) or _MASK.search(self.value))
        return hidden(self.value)

    @property
    def length(self) -> int | None:
        return length(self.value)

    @property
    def letters(self) -> str:
        """The letters it is made of, in a word; empty where that cannot be told."""
        if self.is_hidden:
            return ""
        if not self.value:
            return "empty"
        return next((w for w, p in _LETTERS if p.fullmatch(self.value)), "text")

    @property
    def hash(self) -> str:
        """SHA-256 of the value, hexadecimal."""
        return sha256(self.value.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def identity(self) -> str | None:
        """Equal for equal values of one recording; None where nothing can be told."""
        if not self.value or _MASK.search(self.value):
            return None
        if _TAGGED.search(self.value):
            return _TAGGED.sub(r"~\1", self.value)
        if self.is_hidden or (self.kind is RuleKind.SHAPE and len(self.value) < _SHORTEST):
            return None
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedGroup:
    """The fields of one place, in wire order."""

    place: FieldPlace
    fields: tuple[ObservedField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedMessage:
    """One request and its answer."""

    kind: str
    step: int
    method: str
    address: str
    status: str
    exact_request: bool
    exact_answer: bool
    groups: tuple[ObservedGroup, ...]
    unseen: frozenset[FieldPlace] = frozenset()
    """Places that the recording does not show: nothing is known of their fields."""
    anywhere: bool = False
    """It is asked aside, at no certain time."""
    repeats: bool = False

    def group(self, place: FieldPlace) -> ObservedGroup | None:
        return next((group for group in self.groups if group.place is place), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedExchange:
    """The messages of one recording, in their order."""

    messages: tuple[ObservedMessage, ...]
    proved: tuple[int, ...] = ()
    """Steps whose `code_verifier` the recorder found to match the challenge."""
    disproved: tuple[int, ...] = ()
    """Steps where it does not."""
    live: tuple[str, ...] = field(default=(), repr=False)
    """Its secrets: what nothing that is made of it may hold."""
