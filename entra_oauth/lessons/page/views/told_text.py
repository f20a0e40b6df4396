"""A chapter's text as HTML: paragraphs, and what begins with four blanks as it is.

A fifth blank marks a long value, which a terminal folds; here the page folds it. What stands
further in, such as the lines of a command that goes on, keeps its place.
"""

from __future__ import annotations

from entra_oauth.errors import plain
from entra_oauth.markup import Html, html, joined

__all__ = ["told"]


def told(text: str) -> Html:
    """The text. It may hold what came from outside, so it is escaped and made plain."""
    pieces: list[Html] = []
    prose: list[str] = []
    verbatim: list[str] = []

    def end() -> None:
        if prose:
            pieces.append(html("<p>{}</p>", plain(" ".join(prose), limit=20_000)))
        if verbatim:
            block = '<pre tabindex="0">{}</pre>'
            pieces.append(html(block, "\n".join(verbatim)))
        prose.clear()
        verbatim.clear()

    for line in text.split("\n"):
        is_verbatim = line.startswith("    ")
        if not line.strip() or is_verbatim != bool(verbatim):
            # An empty line inside of a block does not end it for long: the next one joins it.
            end()
        if is_verbatim:
            verbatim.append(plain(_kept(line), limit=20_000))
        elif line.strip():
            prose.append(line.strip())
    end()
    return joined(pieces)


def _kept(line: str) -> str:
    """A line that is shown as it is: less the four blanks, and the fifth where it is alone."""
    rest = line[4:].rstrip(" ")
    return rest if rest.startswith("  ") else rest.lstrip(" ")
