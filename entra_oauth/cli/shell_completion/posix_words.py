"""Words as bash and zsh read them: each in single quotes, in which nothing has a meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["array", "cases", "quoted"]


def quoted(word: str) -> str:
    """A word in single quotes, even where none would be needed."""
    return "'" + word.replace("'", "'\\''") + "'"


def array(words: Iterable[str]) -> str:
    """The inside of an array."""
    return " ".join(map(quoted, words))


def cases(
    entries: Iterable[tuple[tuple[str, ...], tuple[str, ...]]], variable: str, *, indent: int
) -> str:
    """The branches of a `case`, each of which sets the variable; equal ones are joined."""
    patterns: dict[tuple[str, ...], list[str]] = {}
    for key, words in entries:
        patterns.setdefault(words, []).append(quoted(" ".join(key)))
    pad = " " * indent
    return "\n".join(
        f"{pad}{' | '.join(names)})\n{pad}    {variable}=({array(words)})\n{pad}    ;;"
        for words, names in patterns.items()
    )
