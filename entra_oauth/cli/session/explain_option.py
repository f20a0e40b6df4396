"""`--explain`, `--pause` and `--predict`: the channels of a command told to the person."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from entra_oauth.channels.base import Channels
    from entra_oauth.cli.session.console import Console
    from entra_oauth.lessons.live_explain import Explained, Teller

__all__ = ["explained_of", "folded", "told", "told_front"]

_LONGEST_LINE = 4096


def explained_of(args: argparse.Namespace, console: Console) -> Explained | None:
    """What tells this command's messages, one for the whole command; None without `--explain`.

    Raises `UsageError` where a person is to be asked and none can be.
    """
    pause, predict = getattr(args, "pause", False), getattr(args, "predict", False)
    if not (getattr(args, "explain", False) or pause or predict):
        return None
    known: Explained | None = getattr(args, "explained", None)
    if known is None:
        if (pause or predict) and not sys.stdin.isatty():
            raise UsageError(
                f"{'--pause' if pause else '--predict'} asks you, and standard input is no "
                "terminal.",
                advice="Use --explain alone, or run this in a terminal.",
            )
        from entra_oauth.lessons.live_explain import Explained

        known = Explained(_teller(console), pause=pause, predict=predict)
        args.explained = known
    return known


def told(args: argparse.Namespace, channels: Channels, console: Console) -> Channels:
    """The same channels, told if that was asked for."""
    explained = explained_of(args, console)
    return channels if explained is None else explained.wrap(channels)


def told_front(args: argparse.Namespace, channels: Channels, console: Console) -> Channels:
    """The same channels, whose back is told already."""
    explained = explained_of(args, console)
    return channels if explained is None else explained.wrap_front(channels)


def _teller(console: Console) -> Teller:
    from entra_oauth.cli.session.wrap import prose, width
    from entra_oauth.lessons import live_explain as explained

    columns = width()

    def say(text: str, indent: int) -> None:
        filled = prose(text, indent=indent, columns=columns)
        console.ask(console.bold(filled) if text.startswith("Message ") else filled)

    def show(line: str, indent: int) -> None:
        for each in folded(line, indent=indent, columns=columns):
            console.ask(each)

    def ask(prompt: str) -> str:
        with suppress(OSError, ValueError):
            console.err.write(prompt)
            console.err.flush()
        try:
            return sys.stdin.readline(_LONGEST_LINE)
        except UnicodeDecodeError:
            return ""

    return explained.Teller(prose=say, verbatim=show, ask=ask)


def folded(line: str, *, indent: int, columns: int) -> Iterator[str]:
    """A line of any length in the columns: broken after an & or a blank, else anywhere."""
    pad, room = " " * indent, columns - indent
    at_hand = ""
    for piece in re.findall(r"[^& ]*[& ]?", line):
        while len(at_hand) + len(piece.rstrip()) > room:
            if at_hand:
                yield f"{pad}{at_hand}".rstrip()
                at_hand, pad, room = "", " " * (indent + 2), columns - indent - 2
            else:
                yield f"{pad}{piece[:room]}"
                piece, pad, room = piece[room:], " " * (indent + 2), columns - indent - 2
        at_hand += piece
    if at_hand or not line:
        yield f"{pad}{at_hand}".rstrip()
