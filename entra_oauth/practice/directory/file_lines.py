"""The line of a TOML file in which a value stands, which `tomllib` does not tell.

The text is known to be TOML, so this reads no more of it than headers, keys, and the ends of
values. Of what stands inside an array or an inline table, the line is that of its key.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    Path = tuple[str | int, ...]
    """Names and numbers from the top; the first of several has the number 1."""

__all__ = ["line_of"]

_PIECE = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\''
    r"|#[^\n]*|[\[\]{}=\n]|[^\s\[\]{}=#\"']+|[^\S\n]+",
    re.DOTALL,
)
_NAME = re.compile(r"\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9_-]+)")


def line_of(text: str, path: Path) -> int | None:
    """The number of the line of what is at `path`, or of the nearest thing around it.

    None if there is nothing of it.
    """
    lines: dict[Path, int] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    for line, statement in _statements(text):
        if statement.startswith("["):
            table = _table(statement, counts)
            found = table
        else:
            found = (*table, *_names(statement.partition("=")[0]))
        for length in range(1, len(found) + 1):
            lines.setdefault(found[:length], line)
    around = (path[:length] for length in range(len(path), 0, -1))
    return next((lines[each] for each in around if each in lines), None)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each header, and each key with its value, with the line on which it begins."""
    line, begun, depth = 1, 1, 0
    pieces: list[str] = []
    for match in _PIECE.finditer(text):
        piece = match[0]
        if piece == "\n" and depth == 0:
            if pieces:
                yield begun, "".join(pieces)
            pieces = []
        elif not piece.startswith("#") and (pieces or not piece.isspace()):
            begun = begun if pieces else line
            pieces.append(piece)
            depth += (piece in ("[", "{")) - (piece in ("]", "}"))
        line += piece.count("\n")
    if pieces:
        yield begun, "".join(pieces)


def _table(header: str, counts: dict[Path, int]) -> Path:
    """The path of `[name]` or `[[name]]`; a name that was repeated before means its last one."""
    *parents, last = _names(header) or [""]
    path: Path = ()
    for name in parents:
        path = (*path, name)
        path = (*path, counts[path]) if path in counts else path
    path = (*path, last)
    if not header.startswith("[["):
        return path
    counts[path] = counts.get(path, 0) + 1
    return (*path, counts[path])


def _names(text: str) -> list[str]:
    """The parts of a dotted key."""
    return ["".join(found.groups(default="")) for found in _NAME.finditer(text)]
