"""The ten chapters of `learn`: data and checks in one file each, and the engine that walks them.

A chapter is a list of pages and tasks (`steps.py`). `walk.py` turns it into a conversation:
it yields what is to be said and is sent what was typed, so a test can lead it without a
terminal. `desk.py` is where a chapter's practice tenant stands.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.steps import Chapter

__all__ = ["NUMBERS", "chapter"]

NUMBERS = range(1, 11)


def chapter(number: int) -> Chapter:
    """One chapter, loaded when it is wanted. Raises `KeyError` for a number that none has."""
    if number not in NUMBERS:
        raise KeyError(number)
    found: Chapter = import_module(f"{__name__}.chapter_{number:02d}").CHAPTER
    return found
