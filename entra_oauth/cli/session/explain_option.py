"""`--explain`, `--pause` and `--predict`: the channels of a command told to the person."""

from __future__ import annotations

import re
import sys

from entra_oauth.errors import UsageError
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from entra_oauth.cli.options.common_options import ExplainOptions
    from entra_oauth.cli.session.console import Console
    from entra_oauth.lessons.live_explain import Explained, Teller

__all__ = ["explainer_for", "folded"]

_LONGEST_LINE = 4096


def explainer_for(options: ExplainOptions, console: Console) -> Explained:
    """The explainer of a command's messages.

    Raises `UsageError` where a person is to be asked and none can be.
    """
    if (options.pause or options.predict) and not sys.stdin.isatty():
        raise UsageError(
            f"{'--pause' if options.pause else '--predict'} asks you, and standard input is no "
            "terminal.",
            advice="Use --explain alone, or run this in a terminal.",
        )
    from entra_oauth.lessons.live_explain import Explained

    return Explained(_teller(console), pause=options.pause, predict=options.predict)


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
        console.prompt(prompt)
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
