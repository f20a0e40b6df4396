"""Known secrets found in a text, all at once: time grows with the text, not with their number.

The search looks at a block of characters that ends where the shortest secret would end, and
goes on by as much as no secret can be missed (S. Wu and U. Manber, A Fast Algorithm for
Multi-Pattern Searching, 1994).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

__all__ = ["SHORTEST_KNOWN", "KnownSecrets"]

SHORTEST_KNOWN = 12
"""Characters of a secret that is looked for; shorter ones stand in the middle of others."""
_BLOCK = 4
_FURTHEST = SHORTEST_KNOWN - _BLOCK + 1
_PHASE = 4


class KnownSecrets:
    """A table of secrets. Those that are shorter than `SHORTEST_KNOWN` are not in it."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._sorted = sorted({each for each in secrets if len(each) >= SHORTEST_KNOWN})
        self._longest = max(map(len, self._sorted), default=0)
        self._starts = {each[:SHORTEST_KNOWN] for each in self._sorted}
        self._shifts: dict[str, int] = {}
        for start in self._starts:
            for at in range(_FURTHEST):
                block, shift = start[at : at + _BLOCK], _FURTHEST - 1 - at
                self._shifts[block] = min(self._shifts.get(block, _FURTHEST), shift)
        self._shorter: dict[str, str] = {}
        """Of a secret that begins with another one, the longest such."""
        open_ones: list[str] = []
        for each in self._sorted:
            while open_ones and not each.startswith(open_ones[-1]):
                open_ones.pop()
            if open_ones:
                self._shorter[each] = open_ones[-1]
            open_ones.append(each)

        # Of twelve characters from any place on, eight stand at a place that can be divided by
        # four. As numbers, those of a text are compared with all these in one step.
        self._blocks: set[int] = set()
        for start in self._starts:
            first = start.encode("latin-1", "replace")
            for at in range(_PHASE):
                self._blocks.update(memoryview(first[at : at + 8]).cast("Q"))

    def may_stand_in(self, data: bytes) -> bool:
        """False if none of them stands there, each character as one byte (Latin-1)."""
        return not all(
            self._blocks.isdisjoint(memoryview(data)[at : at + (len(data) - at) // 8 * 8].cast("Q"))
            for at in range(0, min(2 * _PHASE, len(data)), _PHASE)
        )

    def find(self, text: str) -> Iterator[tuple[int, str]]:
        """The places at which secrets begin, and at each the longest one."""
        if not self._sorted:
            return
        at, last = 0, len(text) - SHORTEST_KNOWN
        while at <= last:
            block_at = at + SHORTEST_KNOWN - _BLOCK
            shift = self._shifts.get(text[block_at : block_at + _BLOCK], _FURTHEST)
            if not shift and text[at : at + SHORTEST_KNOWN] in self._starts:
                found = self._longest_at(text, at)
                if found is not None:
                    yield at, found
            at += shift or 1

    def _longest_at(self, text: str, at: int) -> str | None:
        here = text[at : at + self._longest]
        # In order, whatever `here` begins with stands before it; the last such is the longest,
        # or begins as the longest does.
        index = bisect_right(self._sorted, here) - 1
        candidate = self._sorted[index] if index >= 0 else None
        while candidate is not None and not here.startswith(candidate):
            candidate = self._shorter.get(candidate)
        return candidate
