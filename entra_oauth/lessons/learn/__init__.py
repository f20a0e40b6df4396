"""The ten chapters of `learn`: the words and the checks of each, and what leads through them.

A chapter is a list of pages and tasks (`steps.py`). Its words are a TOML file, in their order
(`chapter_words.py`); the module beside it has the checks. `conversation.py` turns it into a
conversation: it yields what is to be said and is sent what was typed, so a test can lead it
without a terminal. `classroom.py` is where a chapter's practice tenant stands.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.steps import Chapter

__all__ = ["NUMBERS", "chapter"]

NAMES = (
    "chapter_01_roles",
    "chapter_02_authorize_url",
    "chapter_03_redirect",
    "chapter_04_token_request",
    "chapter_05_pkce",
    "chapter_06_claims",
    "chapter_07_refresh_token",
    "chapter_08_api_call",
    "chapter_09_other_grants",
    "chapter_10_errors",
)
NUMBERS = range(1, len(NAMES) + 1)


def chapter(number: int) -> Chapter:
    """One chapter, loaded when it is wanted. Raises `KeyError` for a number that none has."""
    if number not in NUMBERS:
        raise KeyError(number)
    found: Chapter = import_module(f"{__name__}.chapters.{NAMES[number - 1]}").CHAPTER
    return found
