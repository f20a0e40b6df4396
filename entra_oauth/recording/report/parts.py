"""Small pieces of the report. Text from outside comes through `text` or `bytes_shown`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from entra_oauth.errors import plain
from entra_oauth.recording.compare.sameness import PLACEHOLDERS

__all__ = [
    "blanked",
    "bytes_shown",
    "facts",
    "gap",
    "linked",
    "plural",
    "table",
    "text",
    "visible",
]


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
_RFC = re.compile(r"RFC (\d{3,5})(?: §(\d+(?:\.\d+)*))?((?:, §\d+(?:\.\d+)*)*)")
_VALUE = re.compile(r"(?<=[?&=\s\"])([A-Za-z_][A-Za-z0-9_.-]{0,40})=([^&\s\"]+)")
_MEMBER = re.compile(r'("[A-Za-z_][^"\\]{0,60}"\s*:\s*)("(?:[^"\\]|\\.)*"|-?[0-9.]+)')


def text(value: str, *, limit: int = 4000) -> str:
    """Text from outside as text: control characters by name, nothing of it markup."""
    return _marked(plain(value, limit=limit))


def _marked(shown: str) -> str:
    """Escaped, with what was taken out as a mark that says what it was."""
    parts, at = [], 0
    for match in _PLACEHOLDER.finditer(shown):
        parts += [escape(shown[at : match.start()]), _mark(match)]
        at = match.end()
    return "".join([*parts, escape(shown[at:])])


def _mark(match: re.Match[str]) -> str:
    kind, tag = match[0].strip("~").partition("~")[0], match[1]
    what = f"{kind} #{tag}, {len(match[0])} characters" if tag else f"{kind}, taken out"
    return f"<mark>{what}</mark>"


def bytes_shown(data: bytes, *, blank: bool = False) -> str:
    """Bytes for a `pre`: every line end and control character can be seen."""
    shown = visible(data)
    out = _gaps(shown) if blank else _marked(shown)
    # Not every font has the pictures of these characters.
    out = out.replace("␍", '<span class="eol">CR</span>')
    return out.replace("␊", '<span class="eol">LF</span>')


def gap() -> str:
    """Room to write in."""
    return '<span class="gap"><span aria-hidden="true">&nbsp;</span></span>'


def blanked(lines: int = 2) -> str:
    """Lines to write on."""
    return f'<div class="lines" aria-hidden="true">{"<span></span>" * lines}</div>'


def _gaps(shown: str) -> str:
    """The text with the values of parameters and members left out."""
    holes = [match.span(2) for pattern in (_VALUE, _MEMBER) for match in pattern.finditer(shown)]
    holes += [match.span() for match in _PLACEHOLDER.finditer(shown)]
    parts, at = [], 0
    for start, end in sorted(holes):
        if start >= at:
            parts += [escape(shown[at:start]), gap()]
            at = end
    return "".join([*parts, escape(shown[at:])])


def linked(source: str) -> str:
    """A source with its RFCs as links; the rest as text."""
    parts, at = [], 0
    for match in _RFC.finditer(source):
        parts.append(escape(source[at : match.start()]))
        address = f"https://www.rfc-editor.org/rfc/rfc{match[1]}"
        if match[2]:
            address += f"#section-{match[2]}"
        parts.append(f'<a href="{address}">{escape(match[0])}</a>')
        at = match.end()
    return "".join([*parts, escape(source[at:])])


def facts(pairs: list[tuple[str, str]]) -> str:
    """Names and values side by side. Values are HTML already."""
    rows = "".join(f"<div><dt>{escape(n)}</dt><dd>{v}</dd></div>" for n, v in pairs if v)
    return f'<dl class="facts">{rows}</dl>' if rows else ""


def table(caption: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table whose first column names its rows. Cells are HTML already.

    The roles stand there because a narrow screen shows it as a list of cards.
    """
    kinds = {"decoded": "value", "value": "value", "as on the wire": "raw"}
    head = "".join(f'<th scope="col" role="columnheader">{escape(name)}</th>' for name in heads)
    lines = []
    for row in rows:
        cells = [f'<th scope="row" role="rowheader">{row[0]}</th>']
        for name, cell in zip(heads[1:], row[1:], strict=True):
            kind = f' class="{kinds[name]}"' if name in kinds else ""
            cells.append(f'<td role="cell" data-label="{escape(name)}"{kind}>{cell}</td>')
        lines.append(f'<tr role="row">{"".join(cells)}</tr>')
    return (
        f'<div class="scroll"><table role="table"><caption>{escape(caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{"".join(lines)}</tbody></table></div>'
    )


def plural(number: int, noun: str) -> str:
    """`1 step`, `2 steps`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
