"""Words of a command as the person's shell takes them: a POSIX shell, or PowerShell on Windows."""

from __future__ import annotations

import os
import shlex
from base64 import b64encode

from entra_oauth.light import pattern

__all__ = ["WINDOWS", "article_curl", "json_word", "next_line", "piped_in", "quoted"]

WINDOWS = os.name == "nt"

# What is in here means itself to PowerShell and to cmd.exe, so most words need no quotes at all.
_PLAIN = pattern(r"[A-Za-z0-9_./:\\+][A-Za-z0-9_./:\\+=@~-]*")
# PowerShell takes each of these for a single quote (about_Quoting_Rules).
_SINGLE_QUOTES = pattern("(['‘’‚‛])")


def quoted(word: str, *, windows: bool = WINDOWS) -> str:
    """A word with the quotes that it needs."""
    if not windows:
        return shlex.quote(word)
    doubled = _SINGLE_QUOTES.sub(r"\1\1", word)
    return word if _PLAIN.fullmatch(word) else f"'{doubled}'"


def json_word(text: str, *, windows: bool = WINDOWS) -> str:
    """JSON as a word for an option that takes base64 too.

    PowerShell before 7.3 loses the quotation marks in what it hands to a program.
    """
    return b64encode(text.encode()).decode() if windows else shlex.quote(text)


def piped_in(path: str, command: str, *, windows: bool = WINDOWS) -> str:
    """A command that reads a file from standard input; PowerShell has no `<`."""
    return f"Get-Content {path} | {command}" if windows else f"{command} < {path}"


def next_line(*, windows: bool = WINDOWS) -> str:
    """The end of a line after which the command goes on; on Windows it has one line only."""
    return " " if windows else " \\\n    "


def article_curl(
    url: str, fields: tuple[tuple[str, str], ...], *, indent: str = "", windows: bool = WINDOWS
) -> str:
    """The article's command for curl. `fields` are encoded as they go on the wire.

    On Windows it stands on one line, and in double quotes, which cmd.exe knows too; `curl`
    alone is something else in PowerShell 5.
    """
    if windows:
        form = " ".join(f'-d "{name}={value}"' for name, value in fields)
        header = '-H "Content-Type: application/x-www-form-urlencoded"'
        return f"curl.exe -X POST {header} {quoted(url, windows=True)} {form}"
    lines = [
        "curl -X POST -H 'Content-Type: application/x-www-form-urlencoded'",
        shlex.quote(url),
        *(f"-d '{name}={value}'" for name, value in fields),
    ]
    return f" \\\n{indent}".join(lines)
