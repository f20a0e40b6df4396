"""Values that may have been taken out: whether they were, and what can still be said of them."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from entra_oauth.protocol.authority import same_id as is_same_id
from entra_oauth.protocol.jwt import read_object
from entra_oauth.recording.redaction.finds import PLACEHOLDER
from entra_oauth.recording.redaction.marks.taken_out import MASK, comparable, hidden, same

__all__ = ["ComparedValues", "Jwt", "comparable", "hidden", "jwt", "length", "same", "same_id"]


class ComparedValues:
    """Values of one parameter, each beside all the others without a look at each pair."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], list[int]] = {}
        self._kinds: Counter[str | None] = Counter()

    def add(self, value: str, place: int) -> None:
        """One more value, and the place where it stands."""
        mine = comparable(value)
        self._kinds[mine[0] if mine else None] += 1
        if mine is not None:
            self._places.setdefault(mine, []).append(place)

    @property
    def count(self) -> int:
        """The number of values."""
        return self._kinds.total()

    def places(self, value: str) -> list[int]:
        """The places of the equal ones, in the order in which they were added."""
        mine = comparable(value)
        return [] if mine is None else self._places.get(mine, [])

    def beyond_comparing(self, value: str) -> int:
        """So many of which it cannot be told; one that was added itself may be among them."""
        mine = comparable(value)
        return self.count - (self._kinds[mine[0]] if mine else 0)


def same_id(one: str, other: str) -> bool | None:
    """The same of ids: GUIDs without regard to case.

    Unequal tags leave that open, for another spelling has another tag.
    """
    if hidden(one) or hidden(other):
        return same(one, other) or None
    return is_same_id(one, other)


def length(value: str) -> int | None:
    """Characters that the value has, or had; None where that cannot be told."""
    if not hidden(value):
        return len(value)
    return len(value) if PLACEHOLDER.fullmatch(value) and not MASK.fullmatch(value) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Jwt:
    """The readable parts of a token. Nothing about them is verified."""

    header: dict[str, Any]
    claims: dict[str, Any] = field(repr=False)

    def text(self, name: str) -> str | None:
        """A claim that is a text."""
        value = self.claims.get(name)
        return value if isinstance(value, str) else None

    def number(self, name: str) -> float | None:
        """A claim that is a number."""
        value = self.claims.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return float(value)


def jwt(token: str) -> Jwt | None:
    """Header and claims, also of a token whose signature was taken out; None if it is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        header, claims = (read_object(_decoded(part)) for part in parts[:2])
    except ValueError:
        return None
    return Jwt(header=header, claims=claims)


def _decoded(part: str) -> bytes:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", part):
        raise ValueError("it is not base64url")
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
