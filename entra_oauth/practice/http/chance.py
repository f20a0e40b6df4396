"""The one source of everything random, so that a seed can make it repeatable."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

from entra_oauth.practice.signing.jws import base64url

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Chance"]


class Chance:
    """Random ids and values.

    Without a seed they come from the operating system. With one they come from a
    known sequence: anybody who knows the seed knows every code in advance. That is
    what a lesson or a recorded test wants, and nothing else does.
    """

    def __init__(self, seed: int | None) -> None:
        self._random = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311
        self.octets: Callable[[int], bytes] = os.urandom if seed is None else self._next
        """So many random octets."""

    def _next(self, number: int) -> bytes:
        return self._random.getrandbits(8 * number).to_bytes(number)

    def text(self, characters: int) -> str:
        """So many characters of the base64url alphabet."""
        return base64url(self.octets(characters))[:characters].decode("ascii")

    def authorization_code(self) -> str:
        """Opaque, about 900 characters, two dots: so real ones look."""  # fidelity: code-shape
        return f"1.A{self.text(85)}.AgABBAIAAAD{self.text(800)}"

    def refresh_token(self) -> str:
        """Opaque, about 1000 characters."""
        return f"1.A{self.text(85)}.AgABAwEAAAD{self.text(900)}"

    def guid(self) -> str:
        return _guid(self.octets(16))

    def trace_id(self) -> str:
        """A request id; Entra's end in a zero byte."""
        return _guid(self.octets(15) + b"\0")

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self._random.randint(low, high)


def _guid(octets: bytes) -> str:
    """As a random GUID is written (RFC 9562 §5.4), without importing `uuid` for it."""
    made = bytearray(octets)
    made[6] = made[6] & 0x0F | 0x40  # version 4
    made[8] = made[8] & 0x3F | 0x80  # variant
    text = made.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
