"""One way in which an exchange is not what its contract says, as a value and as a line."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from entra_oauth.audit.contract.wire_contract import FieldPlace

__all__ = ["Deviation", "DeviationKind", "Undecided"]

_LONGEST = 100


class DeviationKind(StrEnum):
    """The kinds, by the names that machines get."""

    MESSAGE_REMOVED = "message-removed"
    MESSAGE_ADDED = "message-added"
    MESSAGE_ORDER = "message-order"
    MESSAGE_CHANGED = "message-changed"
    """Its kind, method, address or status."""
    FIELD_REMOVED = "field-removed"
    FIELD_ADDED = "field-added"
    FIELD_ORDER = "field-order"
    FIELD_SPELLING = "field-spelling"
    VALUE_CHANGED = "value-changed"
    RELATION_BROKEN = "relation-broken"

    @property
    def sentence(self) -> str:
        """In a sentence."""
        return _TITLES[self]


_TITLES = {
    DeviationKind.MESSAGE_REMOVED: "A message of the contract did not come.",
    DeviationKind.MESSAGE_ADDED: "A message came that is not in the contract.",
    DeviationKind.MESSAGE_ORDER: "The messages came in another order.",
    DeviationKind.MESSAGE_CHANGED: "Kind, method, address or status of a message changed.",
    DeviationKind.FIELD_REMOVED: "A field of the contract is missing.",
    DeviationKind.FIELD_ADDED: "A field is there that is not in the contract.",
    DeviationKind.FIELD_ORDER: "Fields stand in another order.",
    DeviationKind.FIELD_SPELLING: "The name of a header is spelled otherwise.",
    DeviationKind.VALUE_CHANGED: "A value is not what the contract says.",
    DeviationKind.RELATION_BROKEN: "A value no longer repeats, or proves, another.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """What the contract says, and what was seen, both fit to be shown."""

    kind: DeviationKind
    message: str
    step: int | None = None
    """None for a message that did not come."""
    place: FieldPlace | None = None
    name: str = ""
    """Of the field, or the part of a message: `method`, `address`, `status`."""
    locked: str = field(default="", repr=False)
    seen: str = field(default="", repr=False)

    @property
    def line(self) -> str:
        """As a line for people."""
        what = f"{self.place.word} {self.name}".rstrip() if self.place else self.name
        where = f"{self.message}: " if self.message else ""
        return f"{where}{_said(self.kind, what, _cut(self.locked), _cut(self.seen))}"


def _said(kind: DeviationKind, what: str, locked: str, seen: str) -> str:
    match kind:
        case DeviationKind.MESSAGE_REMOVED:
            return "did not come"
        case DeviationKind.MESSAGE_ADDED:
            return f"not in the contract ({seen})"
        case DeviationKind.MESSAGE_ORDER:
            return f"order of messages: {locked} → {seen}"
        case DeviationKind.FIELD_REMOVED:
            return f"{what} removed (it was {locked})"
        case DeviationKind.FIELD_ADDED:
            return f"{what} added: {seen}"
        case DeviationKind.FIELD_ORDER:
            return f"order of {what}s: {locked} → {seen}"
        case DeviationKind.RELATION_BROKEN:
            return f"{what} {locked} → {seen}"
    return f"{what} {locked} → {seen}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """What could not be compared, and why."""

    message: str
    what: str
    why: str

    @property
    def line(self) -> str:
        """As a line for people."""
        return f"{self.message}: {self.what}: {self.why}"
