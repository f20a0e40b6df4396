"""A fault: the rule that finds it, the exchange that it is put into, and the one thing changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.lessons.spot.mutations import Mutation

__all__ = ["LEVELS", "PlantedFault"]

LEVELS = {
    1: "what one line shows",
    2: "two messages held against each other",
    3: "what must be opened, counted or measured",
}
"""The levels, from the easiest."""


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """One fault."""

    rule: str
    """The id of the one rule that finds it."""
    level: int
    exchange: str
    """By its name among the recorded ones."""
    mutation: Mutation
    beside: tuple[int, ...] = ()
    """Other steps that may be named as well, because the fault shows in both."""
