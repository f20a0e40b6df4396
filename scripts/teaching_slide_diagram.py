"""The sequence diagram of the slides: all five who take part, from the wish to the answer."""

from __future__ import annotations

from dataclasses import dataclass

from entra_oauth.markup import Html, html, joined

__all__ = ["ROWS", "Arrow", "slide_diagram"]

_WIDTH, _BOX, _TOP, _ROW = 1200, 170, 54, 43
_COLUMNS = {"Person": 95, "Browser": 345, "Program": 600, "Authority": 855, "API": 1105}
_SECOND = {
    "Person": "Alice",
    "Browser": "carries, and may be read",
    "Program": "the client",
    "Authority": "Entra ID; here, practice",
    "API": "Azure Databricks",
}


@dataclass(frozen=True, slots=True)
class Arrow:
    """One row of the drawing. `number` is that of the slide that shows the message."""

    sender: str
    receiver: str
    words: str
    kind: str
    """`front`: through the browser, or `back`: past it."""
    number: str = ""


ROWS = (
    Arrow("Person", "Program", "wants to see her clusters", "front"),
    Arrow("Program", "Browser", "opens an address", "front"),
    Arrow("Browser", "Authority", "client_id, scope, state, code_challenge", "front", "1"),
    Arrow("Authority", "Person", "a page: who are you, and do you allow it?", "front"),
    Arrow("Person", "Authority", "name, password, a second factor; yes", "front"),
    Arrow("Authority", "Browser", "a form: code, state", "front"),
    Arrow("Browser", "Program", "code, state", "front", "2"),
    Arrow("Program", "Authority", "code, code_verifier", "back", "3"),
    Arrow("Authority", "Program", "access token, ID token", "back", "4"),
    Arrow("Program", "API", "the access token, in a header", "back", "5"),
    Arrow("API", "Program", "the clusters", "back"),
)


def slide_diagram() -> Html:
    """The drawing, and the same as a list for those who cannot see it."""
    height = _TOP + 26 + len(ROWS) * _ROW
    line = '<line class="life" x1="{}" y1="{}" x2="{}" y2="{}"/>'
    lives = joined(html(line, x, _TOP, x, height - 10) for x in _COLUMNS.values())
    boxes = joined(_box(name, x) for name, x in _COLUMNS.items())
    rows = joined(_arrow(each, _TOP + 40 + n * _ROW) for n, each in enumerate(ROWS))
    told = joined(
        html("<li>{} to {}: {}</li>", each.sender, each.receiver, each.words) for each in ROWS
    )
    return html(
        '<svg class="sequence" viewBox="0 0 {} {}" role="img" aria-labelledby="flow-title" '
        'aria-describedby="flow-list" xmlns="http://www.w3.org/2000/svg">'
        '<title id="flow-title">Who sends what to whom</title>{}{}{}</svg>'
        '<ol class="told" id="flow-list">{}</ol>'
        '<p class="legend"><span class="front">Green, thin</span>: in the browser, where others '
        'may read along. <span class="back">Violet, thick</span>: past it. The numbers are those '
        "of the next slides.</p>",
        *(_WIDTH, height, lives, boxes, rows, told),
    )


def _box(name: str, x: int) -> Html:
    return html(
        '<rect class="box" x="{}" y="4" width="{}" height="50" rx="8"/>'
        '<text class="who" x="{}" y="26" text-anchor="middle">{}</text>'
        '<text class="host" x="{}" y="44" text-anchor="middle">{}</text>',
        *(x - _BOX // 2, _BOX),
        *(x, name),
        *(x, _SECOND[name]),
    )


def _arrow(each: Arrow, y: int) -> Html:
    start, end = _COLUMNS[each.sender], _COLUMNS[each.receiver]
    side = 1 if end > start else -1
    tip = end - 3 * side
    middle = (start + end) // 2
    number = html(
        '<circle class="{}" cx="{}" cy="{}" r="13"/>'
        '<text class="number" x="{}" y="{}" text-anchor="middle">{}</text>',
        *(each.kind, start, y),
        *(start, y + 5, each.number),
    )
    width = 9 * len(each.words) + 12
    return html(
        '<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>'
        '<polygon class="{}" points="{},{} {},{} {},{}"/>'
        '<rect class="halo" x="{}" y="{}" width="{}" height="19"/>'
        '<text x="{}" y="{}" text-anchor="middle">{}</text>{}',
        *(each.kind, start, y, tip - 9 * side, y),
        *(each.kind, tip, y, tip - 12 * side, y - 6, tip - 12 * side, y + 6),
        *(middle - width // 2, y - 24, width),
        *(middle, y - 9, each.words),
        number if each.number else Html(),
    )
