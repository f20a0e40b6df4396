"""Secrets by which a program shows that it runs where it says: they are in its environment."""

from __future__ import annotations

import hmac
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.practice.http.chance import Chance

__all__ = ["ProgramSecrets"]

_LENGTH = 43


class ProgramSecrets:
    """One for each place, made when somebody first asks for it."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._lock = Lock()
        self._made: dict[str, str] = {}

    def of(self, place: str) -> str:
        """The secret of `place`."""
        with self._lock:
            if place not in self._made:
                self._made[place] = self._chance.text(_LENGTH)
            return self._made[place]

    def knows(self, place: str, given: str) -> bool:
        """True if that is the secret of `place`."""
        return hmac.compare_digest(self.of(place).encode(), given.encode("utf-8", "replace"))
