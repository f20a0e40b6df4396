"""Text that stays readable in a narrow terminal: sentences, and rows of name, value, meaning."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from functools import cache

from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["beside", "filled", "hanging", "in_columns", "prose", "row", "width"]

NAME_COLUMNS = 22
VALUE_COLUMNS = 38
LEAST_WIDTH = 40
_COMMAND = (
    r"(?<!\S)entra-oauth(?: [a-z][a-z-]*){0,2}"  # the verb
    r"(?: [^\s()-][^\s()]*[\dA-Z./#][^\s()]*)?"  # what follows it
    r"(?: --?[a-z][\w-]*(?:[= ](?:'[^']*'|[^\s()'-][^\s()]*))?)*"  # its options
    r"|(?<!\S)netsh(?: [\w=]+)+"
    r"|(?<!\S)ssh(?: -[Lp] \S+)+ \S+"
)


def width() -> int:
    """The columns to write in: the terminal's, 40 to 120; 100 where there is none."""
    return max(LEAST_WIDTH, min(_columns() or 100, 120))


def _columns() -> int:
    """As `shutil.get_terminal_size` has it, whose module imports compression; 0 if unknown."""
    try:
        named = int(os.environ.get("COLUMNS", ""))
    except ValueError:
        named = 0
    if named > 0:
        return named
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns  # type: ignore[union-attr]
    except (AttributeError, OSError, ValueError):
        return 0


def row(name: str, value: str, meaning: str, *, indent: int, columns: int) -> list[str]:
    """One row; what does not fit beside its neighbour goes below it, indented.

    A value is broken only where it is longer than a whole line.
    """
    if len(name) > columns - indent:
        name = f"{name[: columns - indent - 1]}…"
    start = f"{' ' * indent}{name:<{NAME_COLUMNS}} "
    line = f"{start}{value:<{VALUE_COLUMNS}} {meaning}".rstrip()
    if len(line) <= columns:
        return [line]
    below = " " * (indent + 4)
    lines = [f"{start}{value}".rstrip()]
    if len(lines[0]) > columns:
        room = columns - len(below)
        lines = [start.rstrip(), *(below + value[i : i + room] for i in range(0, len(value), room))]
    if meaning:
        lines += textwrap.wrap(meaning, columns, initial_indent=below, subsequent_indent=below)
    return lines


def prose(text: str, *, indent: int, columns: int) -> str:
    """A sentence or two, broken at spaces only."""
    pad = " " * indent
    return textwrap.fill(
        text,
        columns,
        initial_indent=pad,
        subsequent_indent=pad,
        break_long_words=False,
        break_on_hyphens=False,
    )


def filled(text: str, columns: int) -> str:
    """Sentences in lines of at most so many columns, broken at spaces.

    An address and a command stay whole, so that they can be copied. A line that is indented
    or styled is laid out already.
    """
    return "\n".join(
        line
        if len(line) <= columns or line[0].isspace() or "\x1b" in line
        else _broken(line, columns)
        for line in text.split("\n")
    )


def hanging(line: str, columns: int) -> str:
    """A row of a list, broken at spaces; what does not fit stands deeper than its beginning."""
    below = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.fill(
        line, columns, subsequent_indent=below, break_long_words=False, break_on_hyphens=False
    )


def beside(line: str, columns: int) -> str:
    """A row of words and, after two blanks, their meaning; the rest stands below the meaning.

    Where the words leave it no room there, it stands deeper than their beginning.
    """
    found = re.match(r" *\S+(?: \S+)* {2,}(?=\S)", line)
    if len(line) <= columns or found is None or found.end() > columns // 2:
        return hanging(line, columns)
    below = " " * found.end()
    return textwrap.fill(
        line, columns, subsequent_indent=below, break_long_words=False, break_on_hyphens=False
    )


def in_columns(rows: Iterable[tuple[str, str]], *, indent: int = 0) -> list[str]:
    """Names and values below each other, the values as far in as the longest name needs."""
    rows = list(rows)
    columns = max((len(name) for name, _ in rows), default=0)
    return [f"{' ' * indent}{name:<{columns}} {value}" for name, value in rows]


@cache
def _command() -> re.Pattern[str]:
    return re.compile(_COMMAND)


def _broken(line: str, columns: int) -> str:
    whole = _command().sub(lambda command: command[0].replace(" ", "\0"), line)
    return prose(whole, indent=0, columns=columns).replace("\0", " ")
