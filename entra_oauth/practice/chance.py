"""Where everything random comes from, so that a seed can make it repeatable."""

from __future__ import annotations

import base64
import random
import uuid

__all__ = ["Chance"]


class Chance:
    """Random ids and values.

    Without a seed they come from the operating system. With one they come from a
    known sequence: anybody who knows the seed knows every code in advance. That is
    what a lesson or a recorded test wants, and nothing else does.
    """

    def __init__(self, seed: int | None) -> None:
        self._random = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311

    def octets(self, number: int) -> bytes:
        return self._random.getrandbits(8 * number).to_bytes(number)

    def text(self, characters: int) -> str:
        """So many characters of the base64url alphabet."""
        return base64.urlsafe_b64encode(self.octets(characters)).decode("ascii")[:characters]

    def guid(self) -> str:
        return str(uuid.UUID(bytes=self.octets(16), version=4))

    def trace_id(self) -> str:
        """A request id; Entra's end in a zero byte."""
        return str(uuid.UUID(bytes=self.octets(15) + b"\0", version=4))

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self._random.randint(low, high)
