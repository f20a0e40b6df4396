"""One order of names learned from several lists, and the names whose place is not fixed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

__all__ = ["common_order", "out_of_order"]


def common_order(lists: Sequence[Sequence[str]]) -> list[str]:
    """All names: those of the first list, each further one after the one it came after."""
    order: list[str] = []
    for names in lists:
        known = set(order)
        at = -1
        for name in names:
            if name in known:
                at = max(at, order.index(name))
            else:
                at += 1
                order.insert(at, name)
                known.add(name)
    return order


def out_of_order(order: Sequence[str], lists: Sequence[Sequence[str]]) -> set[str]:
    """The names that stand in another order in one of the lists."""
    places = {name: at for at, name in enumerate(order)}
    found: set[str] = set()
    for names in {tuple(each) for each in lists}:
        known = [name for name in names if name in places]
        if all(places[one] < places[other] for one, other in pairwise(known)):
            continue
        in_order = sorted(known, key=places.__getitem__)
        found |= {a for a, b in zip(known, in_order, strict=True) if a != b}
    return found
