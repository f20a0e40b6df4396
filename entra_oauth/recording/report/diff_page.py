"""Two requests held against each other, as one HTML file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.markup import Html, html, joined
from entra_oauth.recording.compare.layers import Equality
from entra_oauth.recording.compare.sameness import Truth
from entra_oauth.recording.report.html_file import banner, html_file
from entra_oauth.recording.report.parts import NOTHING, facts, table, text

if TYPE_CHECKING:
    from entra_oauth.recording.compare.difference import Difference
    from entra_oauth.recording.compare.layers import Comparison, Layer, Side

__all__ = ["diff_page"]

_VERDICTS = {
    Equality.BYTE_EQUAL: "Every byte of the two requests is the same.",
    Equality.BODY_EQUAL: "Method, path and every byte of the body are the same.",
    Equality.SAME_PARAMETERS: "The same parameters with the same values, in another spelling.",
    Equality.DIFFERENT: "They differ in what counts.",
    Equality.UNDECIDABLE: "Nothing that is known differs, but what was taken out cannot be "
    "compared.",
}
_LOOKS = {Truth.YES: "note", Truth.NO: "error", Truth.UNKNOWN: "undecidable", None: "undecidable"}
_SYMBOLS = {Truth.YES: "=", Truth.NO: "≠", Truth.UNKNOWN: "?", None: "–"}
_ABSENT = Html('<span class="quiet">not there</span>')


def diff_page(found: Comparison) -> Html:
    """The whole file. The texts of a comparison are fit to be shown already."""
    remark = found.a.authority or found.b.authority
    sides = [("A", _side(found.a)), ("B", _side(found.b))]
    notes = joined(html("<li>{}</li>", text(note)) for note in found.notes)
    body = html(
        '<header class="top"><div class="wide"><p class="kicker">entra-oauth · a comparison</p>'
        '<h1>Two requests compared</h1>{}<p class="lead"><strong>{}</strong>: {}</p>{}{}</div>'
        '</header>\n<main id="content"><div class="wide">{}</div></main>',
        *(
            joined(map(banner, found.authorities)),
            found.equality.value,
            _VERDICTS[found.equality],
            facts(sides),
        ),
        html('<ul class="small">{}</ul>', notes) if notes else NOTHING,
        joined(map(_layer, found.layers), "\n"),
    )
    return html_file("Two requests compared", body, remark=remark)


def _side(side: Side) -> Html:
    return html("{}<br>{} bytes", text(side.label, limit=300), f"{len(bytes(side.message)):,}")


def _layer(layer: Layer) -> Html:
    ident = layer.name.lower().replace(" ", "-")
    counts = " It is shown and does not count." if layer.name == "TLS" else ""
    return html(
        '<section class="card" aria-labelledby="{}"><h2 id="{}">{}</h2>'
        '<div class="finding {}"><p><span class="word"><span aria-hidden="true">{} </span>{}</span>'
        "</p></div>{}{}</section>",
        *(ident, ident, f"{layer.name[:1].upper()}{layer.name[1:]}"),
        *(_LOOKS[layer.truth], _SYMBOLS[layer.truth], text(layer.summary)),
        html('<p class="small quiet">{}</p>', counts.strip()) if counts else NOTHING,
        _differences(layer),
    )


def _differences(layer: Layer) -> Html:
    if not layer.differences:
        return NOTHING
    heads = ("name", "in A", "in B", "how")
    rows = [_row(each) for each in layer.differences]
    return table("Differences", heads, rows, widths="differences")


def _row(each: Difference) -> tuple[str, ...]:
    name = html("<code>{}</code>", text(each.name)) if each.name else Html("the line")
    sides = [_ABSENT if value is None else text(value) for value in (each.a, each.b)]
    return (name, *sides, _how(each))


def _how(each: Difference) -> str:
    if each.a is None or each.b is None:
        return "only in B" if each.a is None else "only in A"
    if each.is_order:
        return "another order"
    return "undecidable: taken out" if each.is_undecidable else "another value"
