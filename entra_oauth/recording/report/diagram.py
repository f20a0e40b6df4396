"""The sequence diagram of a recording, as SVG that the page's own style sheet colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from entra_oauth.errors import plain
from entra_oauth.markup import Html, html, joined
from entra_oauth.protocol.glossary.message_kind import MessageKind
from entra_oauth.protocol.glossary.message_stories import Actor
from entra_oauth.recording.compare.sameness import PLACEHOLDERS
from entra_oauth.recording.story import actors, cast_of, message_kind, step_story

if TYPE_CHECKING:
    from entra_oauth.recording.step import Evidence, Step
    from entra_oauth.recording.story import Cast

__all__ = ["Drawing", "diagram"]

_TOP = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The measures of a drawing in pixels, and what of a recording is drawn."""

    width: int = 800
    box: int = 160
    """The width of the box of each who takes part."""
    everybody: bool = False
    """Draw all four actors, those without a message too."""
    steps: range | None = None
    """The numbers of the steps that are drawn; None: all."""
    chosen: int | None = None
    """The step that stands out."""


def diagram(evidence: Evidence, drawing: Drawing = Drawing()) -> Html:
    """The drawing. Its words are those of the list beside it, which screen readers get."""
    hosts, cast = actors(evidence), cast_of(evidence.steps)
    if drawing.everybody:
        hosts = {actor: hosts.get(actor, "") for actor in Actor}
    edge = drawing.box // 2 + 10
    room = (drawing.width - 2 * edge) / max(len(hosts) - 1, 1)
    columns = {actor: round(edge + room * index) for index, actor in enumerate(hosts)}
    kinds = {message_kind(step, cast) for step in evidence.steps}
    seen = MessageKind.AUTHORITY_PAGE in kinds
    shown = [s for s in evidence.steps if drawing.steps is None or s.number in drawing.steps]
    rows: list[Html] = []
    y = _TOP + 44
    for step in shown:
        if step.name == "authorize" and {Actor.PROGRAM, Actor.BROWSER} <= columns.keys():
            rows.append(_opens(columns, y))
            y += 44
        drawn, height = _step(step, cast, columns, y)
        if step.number == drawing.chosen:
            band = '<rect class="chosen" x="2" y="{}" width="{}" height="{}" rx="8"/>'
            under = html(band, y - 40, drawing.width - 4, height - 2)
            drawn = html('<g class="now">{}{}</g>', under, drawn)
        rows.append(drawn)
        y += height
        if step.name == "authorize" and Actor.AUTHORITY in columns and not seen:
            rows.append(_unseen(columns, y - 30))
            y += 52
    line = '<line class="life" x1="{}" y1="{}" x2="{}" y2="{}"/>'
    lives = joined(html(line, x, _TOP - 8, x, y) for x in columns.values())
    boxes = joined(_box(actor, hosts[actor], x, drawing.box) for actor, x in columns.items())
    return html(
        '<svg viewBox="0 0 {} {}" role="img" '
        'aria-labelledby="diagram-title diagram-desc" xmlns="http://www.w3.org/2000/svg">'
        '<title id="diagram-title">Who sends what to whom</title>'
        '<desc id="diagram-desc">A sequence diagram. The list below it says the same.</desc>'
        "{}{}{}</svg>",
        *(drawing.width, max(y + 8, _TOP + 60)),
        *(lives, boxes, joined(rows)),
    )


def _box(actor: Actor, host: str, x: int, width: int) -> Html:
    shown, most = plain(host, limit=60), width * 25 // 160
    shown = shown if len(shown) <= most else f"{shown[: most - 1]}…"
    name_y = 30 if host else 36
    rect = '<rect class="box" x="{}" y="8" width="{}" height="48" rx="8"/>'
    box = html(rect, x - width // 2, width)
    name = html(
        '<text class="who" x="{}" y="{}" text-anchor="middle">{}</text>', x, name_y, actor.value
    )
    second = html('<text class="host" x="{}" y="46" text-anchor="middle">{}</text>', x, shown)
    return joined([box, name, *([second] if host else [])])


def _opens(columns: dict[Actor, int], y: int) -> Html:
    start, end = columns[Actor.PROGRAM], columns[Actor.BROWSER]
    label = _label(start, end, y, "opens the address")
    return joined([label, _arrow(start, end, y, "front", "")])


def _unseen(columns: dict[Actor, int], y: int) -> Html:
    left, right = columns[Actor.BROWSER], columns[Actor.AUTHORITY]
    return html(
        '<rect class="silent" x="{}" y="{}" width="{}" height="30" rx="6"/>'
        '<text class="silent-words" x="{}" y="{}" text-anchor="middle">'
        "the person signs in there: not recorded</text>",
        *(left - 14, y, right - left + 28),
        *((left + right) // 2, y + 20),
    )


def _step(step: Step, cast: Cast, columns: dict[Actor, int], y: int) -> tuple[Html, int]:
    what = step_story(step, cast)
    start, end = columns[what.sender], columns[what.receiver]
    kind = "front" if step.channel == "front" else "back"
    number = html(
        '<circle class="{}" cx="{}" cy="{}" r="11"/>'
        '<text class="number" x="{}" y="{}" text-anchor="middle">{}</text>',
        *(kind, start, y),
        *(start, y + 4, step.number),
    )
    drawn = [
        _label(start, end, y, what.title, _path(step)),
        _arrow(start, end, y, kind, ""),
        number,
    ]
    response = step.http_response
    if response is None and not step.failure:
        return joined(drawn), 54
    words = plain(step.failure or "", limit=30)
    if response is not None:
        words = f"{response.status} {plain(response.reason, limit=24)}".strip()
    drawn += [_label(end, start, y + 26, words), _arrow(end, start, y + 26, kind, " answer")]
    return joined(drawn), 80


def _path(step: Step) -> str:
    path = "/" + step.url.partition("?")[0].partition("://")[2].partition("/")[2]
    path = PLACEHOLDERS.sub(b"*", path.encode("utf-8", "replace")).decode("utf-8", "replace")
    shown = plain(path, limit=300)
    shown = shown if len(shown) <= 22 else f"…{shown[-21:]}"
    return f"{plain(step.method, limit=10)} {shown}"


def _label(start: int, end: int, y: int, words: str, second: str = "") -> Html:
    middle = (start + end) // 2
    width = max(7 * len(words), 7 * len(second)) + 8
    top = y - (35 if second else 20)
    halo = html(
        '<rect class="halo" x="{}" y="{}" width="{}" height="{}"/>',
        *(middle - width // 2, top, width, y - top - 4),
    )
    first_y = y - (22 if second else 8)
    first = html('<text x="{}" y="{}" text-anchor="middle">{}</text>', middle, first_y, words)
    if not second:
        return joined([halo, first])
    path = '<text class="path" x="{}" y="{}" text-anchor="middle">{}</text>'
    return joined([halo, first, html(path, middle, y - 8, second)])


def _arrow(start: int, end: int, y: int, kind: str, more: str) -> Html:
    side = 1 if end > start else -1
    tip = end - 2 * side
    head = f"{tip},{y} {tip - 9 * side},{y - 5} {tip - 9 * side},{y + 5}"
    return html(
        '<line class="{}{}" x1="{}" y1="{}" x2="{}" y2="{}"/><polygon class="{}" points="{}"/>',
        *(kind, more, start, y, tip - 8 * side, y),
        *(kind, head),
    )
