"""HTML that escapes by itself: a template with places, and what goes into them.

    html("<td title='{}'>{}</td>", why, name)

A value that is `Html` already goes in as it is; whatever else goes in as text, in
which `& < > " '` are written as references, so that it is safe between tags and in a
quoted attribute. A template is written in the program, never made of what came from
outside.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import LiteralString

__all__ = ["Html", "html", "joined"]


class Html(str):
    """Text that is HTML already. Made by `html` and `joined`, or from a constant."""

    __slots__ = ()


def html(template: LiteralString, *values: object) -> Html:
    """Fill the places `{}` of a template, in order. A brace that is meant is doubled.

    Raises `IndexError` where a value is missing.
    """
    return Html(template.format(*map(_escaped, values)))


def joined(pieces: Iterable[object], between: LiteralString = "") -> Html:
    """Put pieces one after the other, each escaped unless it is HTML already."""
    return Html(between.join(map(_escaped, pieces)))


def _escaped(value: object) -> Html:
    return value if isinstance(value, Html) else Html(escape(str(value)))
