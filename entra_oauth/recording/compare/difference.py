"""One difference between two requests, as a value and as a line."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Difference"]

_LONGEST = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What A has and what B has in one place, fit to be shown."""

    name: str = ""
    """Of the header or parameter; empty for a whole line."""
    a: str | None = field(repr=False)
    """None: it has no such thing."""
    b: str | None = field(repr=False)
    mark: str = ": "
    """Stands between name and value where only one has it."""
    is_order: bool = False
    """The names are the same, and stand in another order."""
    is_undecidable: bool = False
    """One of the values was taken out."""

    @property
    def line(self) -> str:
        """`~` on both sides, `-` only A, `+` only B. A long value is cut."""
        if self.b is None:
            return f"- only A: {self.name}{self.mark}{_cut(self.a)}"
        if self.a is None:
            return f"+ only B: {self.name}{self.mark}{_cut(self.b)}"
        if self.is_order:
            return f"  order: {self.a}   |   {self.b}"
        why = " (undecidable: taken out)" if self.is_undecidable else ""
        if not self.name:
            return f"~ {self.a}   |   {self.b}{why}"
        return f"~ {self.name}: {_cut(self.a)}   |   {_cut(self.b)}{why}"


def _cut(value: str | None) -> str:
    value = value or ""
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
