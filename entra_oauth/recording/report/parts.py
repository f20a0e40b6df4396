"""Small pieces of the report. Text from outside comes through `text` or `bytes_shown`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from entra_oauth.errors import plain
from entra_oauth.markup import Html, html, joined
from entra_oauth.recording.compare.sameness import PLACEHOLDERS

__all__ = [
    "NOTHING",
    "blanked",
    "bytes_shown",
    "facts",
    "gap",
    "linked",
    "marked",
    "plural",
    "table",
    "text",
    "visible",
    "with_line_ends",
]

NOTHING = Html()
"""Takes no room."""

LONGEST = 64 * 1024
"""Bytes that are shown; more of a message helps nobody, and its file has them all."""


def visible(data: bytes) -> str:
    """Line ends as `␍␊` and a line break; what is not UTF-8 as `<0xFF>`."""
    text = data[:LONGEST].decode("utf-8", "surrogateescape")
    lines = []
    for line in text.split("\n"):
        ended = line.endswith("\r")
        body = "".join(_byte(c) for c in line.removesuffix("\r"))
        lines.append(f"{body}{'␍' if ended else ''}")
    shown = "␊\n".join(lines)
    if len(data) > LONGEST:
        shown += f"\n… and {len(data) - LONGEST:,} bytes more"
    return shown


def _byte(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"<0x{code - 0xDC00:02X}>"
    # A picture of a control character must not be taken for ours.
    return f"<U+{code:04X}>" if character in "␍␊" else plain(character)


_PLACEHOLDER = re.compile(PLACEHOLDERS.pattern.decode("ascii"))
_HEAD_END = "␍␊\n␍␊\n"
_RFC = re.compile(r"RFC (\d{3,5})(?: §(\d+(?:\.\d+)*))?((?:, §\d+(?:\.\d+)*)*)")
_VALUE = re.compile(r"(?<=[?&=\s\"])([A-Za-z_][A-Za-z0-9_.-]{0,40})=([^&\s\"]+)")
_MEMBER = re.compile(r'("[A-Za-z_][^"\\]{0,60}"\s*:\s*)("(?:[^"\\]|\\.)*"|-?[0-9.]+)')


def text(value: str, *, limit: int = 4000) -> Html:
    """Text from outside as text: control characters by name, nothing of it markup."""
    return marked(plain(value, limit=limit))


def marked(shown: str) -> Html:
    """Visible text, escaped, with what was taken out as a mark that says what it was."""
    parts: list[str] = []
    at = 0
    for match in _PLACEHOLDER.finditer(shown):
        parts += [shown[at : match.start()], _mark(match)]
        at = match.end()
    return joined([*parts, shown[at:]])


def _mark(match: re.Match[str]) -> Html:
    kind, tag = match[0].strip("~").partition("~")[0], match[1]
    what = f"{kind} #{tag}, {len(match[0])} characters" if tag else f"{kind}, taken out"
    return html("<mark>{}</mark>", what)


def bytes_shown(data: bytes, *, blank: bool = False) -> Html:
    """Bytes for a `pre`: every line end and control character can be seen."""
    shown = visible(data)
    return with_line_ends(_gaps(shown) if blank else marked(shown))


def with_line_ends(out: Html) -> Html:
    """The same, each line end as a small sign in place of its picture."""
    # Not every font has the pictures of these characters. `visible` names those that came
    # from outside, so each one here is ours, and stands outside of every tag.
    out = Html(out.replace("␍", '<span class="eol">CR</span>'))
    return Html(out.replace("␊", '<span class="eol">LF</span>'))


def gap() -> Html:
    """Room to write in."""
    return Html('<span class="gap"><span aria-hidden="true">&nbsp;</span></span>')


def blanked(lines: int = 2) -> Html:
    """Lines to write on."""
    return html('<div class="lines" aria-hidden="true">{}</div>', Html("<span></span>" * lines))


def _gaps(shown: str) -> Html:
    """The text with the values of parameters and members left out.

    Of headers only what was taken out is: nobody could tell what else stood there.
    """
    head = range(shown.find("\n"), shown.find(_HEAD_END))
    found = [match.span(2) for pattern in (_VALUE, _MEMBER) for match in pattern.finditer(shown)]
    holes = [span for span in found if span[0] not in head]
    holes += [match.span() for match in _PLACEHOLDER.finditer(shown)]
    parts: list[str] = []
    at = 0
    for start, end in sorted(holes):
        if start >= at:
            parts += [shown[at:start], gap()]
            at = end
    return joined([*parts, shown[at:]])


def linked(source: str) -> Html:
    """A source with its RFCs as links; the rest as text."""
    parts: list[str] = []
    at = 0
    for match in _RFC.finditer(source):
        address = f"https://www.rfc-editor.org/rfc/rfc{match[1]}"
        if match[2]:
            address += f"#section-{match[2]}"
        parts += [source[at : match.start()], html('<a href="{}">{}</a>', address, match[0])]
        at = match.end()
    return joined([*parts, source[at:]])


def facts(pairs: list[tuple[str, Html]]) -> Html:
    """Names and values side by side; a pair without a value is left out."""
    rows = joined(html("<div><dt>{}</dt><dd>{}</dd></div>", n, v) for n, v in pairs if v)
    return html('<dl class="facts">{}</dl>', rows) if rows else NOTHING


def table(
    caption: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, widths: str
) -> Html:
    """A table whose first column names its rows. Cells are text, or HTML already.

    `widths` is the class whose columns have their widths in the style sheet, for paper. The roles
    stand there because a narrow screen shows it as a list of cards.
    """
    kinds = {
        "decoded": Html(' class="value"'),
        "value": Html(' class="value"'),
        "in A": Html(' class="value"'),
        "in B": Html(' class="value"'),
        "as on the wire": Html(' class="raw"'),
    }
    head = joined(html('<th scope="col" role="columnheader">{}</th>', name) for name in heads)
    lines = []
    for row in rows:
        cells = [html('<th scope="row" role="rowheader">{}</th>', row[0])]
        for name, cell in zip(heads[1:], row[1:], strict=True):
            kind = kinds.get(name, NOTHING)
            cells.append(html('<td role="cell" data-label="{}"{}>{}</td>', name, kind, cell))
        lines.append(html('<tr role="row">{}</tr>', joined(cells)))
    return html(
        '<div class="scroll"><table class="{}" role="table"><caption>{}</caption>'
        '<thead role="rowgroup"><tr role="row">{}</tr></thead>'
        '<tbody role="rowgroup">{}</tbody></table></div>',
        widths,
        caption,
        head,
        joined(lines),
    )


def plural(number: int, noun: str) -> str:
    """`1 step`, `2 steps`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
