"""The known word that is nearest to one that is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["near"]


def near(name: str, known: Iterable[str]) -> str:
    """A question with a blank after it, such as `Did you mean login? `; empty if none is near."""
    import difflib

    name, known = name.replace("_", "-").lower(), list(known)
    by_spelling = {each.replace("_", "-"): each for each in known}
    starts = [each for each in by_spelling if len(name) > 2 and each.startswith(name)]
    close = starts or difflib.get_close_matches(name, by_spelling, n=1, cutoff=0.75)
    return f"Did you mean {by_spelling[close[0]]}? " if close else ""
