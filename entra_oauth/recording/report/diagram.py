"""The sequence diagram of a recording, as SVG that the page's own style sheet colours."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from entra_oauth.errors import plain
from entra_oauth.recording.compare.sameness import PLACEHOLDERS
from entra_oauth.recording.story import Actor, actors, told

if TYPE_CHECKING:
    from entra_oauth.recording.step import Evidence, Step

__all__ = ["diagram"]

_WIDTH = 800
_TOP = 64
_EDGE = 90


def diagram(evidence: Evidence) -> str:
    """The drawing. Its words are those of the list beside it, which screen readers get."""
    hosts = actors(evidence)
    room = (_WIDTH - 2 * _EDGE) / max(len(hosts) - 1, 1)
    columns = {actor: round(_EDGE + room * index) for index, actor in enumerate(hosts)}
    rows: list[str] = []
    y = _TOP + 44
    for step in evidence.steps:
        if step.name == "authorize" and {Actor.PROGRAM, Actor.BROWSER} <= columns.keys():
            rows.append(_opens(columns, y))
            y += 44
        drawn, height = _step(step, columns, y)
        rows.append(drawn)
        y += height
        if step.name == "authorize" and Actor.AUTHORITY in columns:
            rows.append(_unseen(columns, y - 30))
            y += 52
    lives = "".join(
        f'<line class="life" x1="{x}" y1="{_TOP - 8}" x2="{x}" y2="{y}"/>' for x in columns.values()
    )
    boxes = "".join(_box(actor, hosts[actor], x) for actor, x in columns.items())
    return (
        f'<svg viewBox="0 0 {_WIDTH} {y + 8}" role="img" '
        'aria-labelledby="diagram-title diagram-desc" xmlns="http://www.w3.org/2000/svg">'
        '<title id="diagram-title">Who sends what to whom</title>'
        '<desc id="diagram-desc">A sequence diagram. The list below it says the same.</desc>'
        f"{lives}{boxes}{''.join(rows)}</svg>"
    )


def _box(actor: Actor, host: str, x: int) -> str:
    shown = plain(host, limit=60)
    shown = shown if len(shown) <= 25 else f"{shown[:24]}…"
    name_y = 30 if host else 36
    second = f'<text class="host" x="{x}" y="46" text-anchor="middle">{escape(shown)}</text>'
    return (
        f'<rect class="box" x="{x - 80}" y="8" width="160" height="48" rx="8"/>'
        f'<text class="who" x="{x}" y="{name_y}" text-anchor="middle">{actor.value}</text>'
        f"{second if host else ''}"
    )


def _opens(columns: dict[Actor, int], y: int) -> str:
    start, end = columns[Actor.PROGRAM], columns[Actor.BROWSER]
    return _label(start, end, y, "opens the address") + _arrow(start, end, y, "front", "")


def _unseen(columns: dict[Actor, int], y: int) -> str:
    left, right = columns[Actor.BROWSER], columns[Actor.AUTHORITY]
    middle = (left + right) // 2
    return (
        f'<rect class="silent" x="{left - 14}" y="{y}" width="{right - left + 28}" height="30"'
        ' rx="6"/>'
        f'<text class="silent-words" x="{middle}" y="{y + 20}" text-anchor="middle">'
        "the person signs in there: not recorded</text>"
    )


def _step(step: Step, columns: dict[Actor, int], y: int) -> tuple[str, int]:
    what = told(step)
    start, end = columns[what.sender], columns[what.receiver]
    kind = "front" if step.channel == "front" else "back"
    path = _path(step)
    drawn = _label(start, end, y, what.title, path) + _arrow(start, end, y, kind, "")
    drawn += (
        f'<circle class="{kind}" cx="{start}" cy="{y}" r="11"/>'
        f'<text class="number" x="{start}" y="{y + 4}" text-anchor="middle">{step.number}</text>'
    )
    response = step.http_response
    if response is None and not step.failure:
        return drawn, 54
    words = plain(step.failure or "", limit=30)
    if response is not None:
        words = f"{response.status} {plain(response.reason, limit=24)}".strip()
    drawn += _label(end, start, y + 26, words) + _arrow(end, start, y + 26, kind, " answer")
    return drawn, 80


def _path(step: Step) -> str:
    path = "/" + step.url.partition("?")[0].partition("://")[2].partition("/")[2]
    path = PLACEHOLDERS.sub(b"*", path.encode("utf-8", "replace")).decode("utf-8", "replace")
    shown = plain(path, limit=300)
    shown = shown if len(shown) <= 22 else f"…{shown[-21:]}"
    return f"{plain(step.method, limit=10)} {shown}"


def _label(start: int, end: int, y: int, words: str, second: str = "") -> str:
    middle = (start + end) // 2
    width = max(7 * len(words), 7 * len(second)) + 8
    top = y - (35 if second else 20)
    halo = (
        f'<rect class="halo" x="{middle - width // 2}" y="{top}" width="{width}"'
        f' height="{y - top - 4}"/>'
    )
    first_y = y - (22 if second else 8)
    text = f'<text x="{middle}" y="{first_y}" text-anchor="middle">{escape(words)}</text>'
    if second:
        text += f'<text class="path" x="{middle}" y="{y - 8}" text-anchor="middle">'
        text += f"{escape(second)}</text>"
    return halo + text


def _arrow(start: int, end: int, y: int, kind: str, more: str) -> str:
    way = 1 if end > start else -1
    tip = end - 2 * way
    head = f"{tip},{y} {tip - 9 * way},{y - 5} {tip - 9 * way},{y + 5}"
    return (
        f'<line class="{kind}{more}" x1="{start}" y1="{y}" x2="{tip - 8 * way}" y2="{y}"/>'
        f'<polygon class="{kind}" points="{head}"/>'
    )
