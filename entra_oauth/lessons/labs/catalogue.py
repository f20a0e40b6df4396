"""The labs, in order. Each file is imported when its lab is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError
from entra_oauth.lessons.labs.lab import told

if TYPE_CHECKING:
    from entra_oauth.lessons.labs.lab import Lab

__all__ = ["NAMES", "lab", "labs"]

NAMES = tuple(told())


def lab(number: int) -> Lab:
    """One lab. Raises `UsageError` for a number that none has."""
    if not 1 <= number <= len(NAMES):
        raise UsageError(
            f"There is no lab {number}.", advice=f"Give a number from 1 to {len(NAMES)}."
        )
    module = import_module(f"entra_oauth.lessons.labs.{NAMES[number - 1]}.attack")
    found: Lab = module.LAB
    return found


def labs() -> tuple[Lab, ...]:
    """All of them."""
    return tuple(lab(number) for number in range(1, len(NAMES) + 1))
