"""The sequence diagram of what has happened, and the same as a list of links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.markup import Html, html, joined
from entra_oauth.recording.report.diagram import Drawing, diagram
from entra_oauth.recording.report.parts import NOTHING, text
from entra_oauth.recording.story import cast_of, step_story

if TYPE_CHECKING:
    from entra_oauth.recording.step import Evidence, Step
    from entra_oauth.recording.story import Cast

__all__ = ["flow_view"]

_DRAWN = 10
"""Messages in one drawing; the others are in the list."""


def flow_view(evidence: Evidence, chosen: int | None, address: str) -> Html:
    """The drawing and the list. `chosen` is the number of the message that is shown beside."""
    count = len(evidence.steps)
    drawn = _window(count, chosen)
    drawing = Drawing(width=600, box=116, everybody=True, steps=drawn, chosen=chosen)
    cast = cast_of(evidence.steps)
    items = joined(_item(step, cast, step.number == chosen, address) for step in evidence.steps)
    few = NOTHING
    if count > _DRAWN:
        note = '<p class="quiet small">Drawn: {} to {} of {}. Choose another below.</p>'
        few = html(note, drawn[0], drawn[-1], count)
    listed = html('<ol class="flow">{}</ol>', items) if count else NOTHING
    nothing = '<p class="quiet">Nothing has been sent yet. The arrows appear as it happens.</p>'
    return html(
        '<section class="card picture" aria-labelledby="flow-title">'
        '<h2 id="flow-title">What has happened</h2>'
        '<div class="diagram" role="region" tabindex="0" aria-label="Sequence diagram">{}</div>'
        "{}{}</section>",
        *(diagram(evidence, drawing), few, listed if count else Html(nothing)),
    )


def _window(count: int, chosen: int | None) -> range:
    """The numbers of the messages that are drawn: the last ones, or those around the chosen."""
    last = count
    if chosen is not None and chosen <= count - _DRAWN:
        last = min(count, max(_DRAWN, chosen + _DRAWN // 2))
    return range(max(1, last - _DRAWN + 1), last + 1)


def _item(step: Step, cast: Cast, is_chosen: bool, address: str) -> Html:
    story = step_story(step, cast)
    kind = "front" if step.channel == "front" else "back"
    response = step.http_response
    answer = html(' <span class="status">{}</span>', response.status) if response else NOTHING
    path = step.url.partition("?")[0].rpartition("/")[2]
    return html(
        '<li><a href="{}?m={}#message"{}><span class="number {}">{}</span>'
        '<span class="what">{} <span class="quiet">{} → {} · {} /{}</span></span>{}</a></li>',
        *(address, step.number, Html(' aria-current="true"') if is_chosen else NOTHING),
        *(kind, step.number, story.title, story.sender.value, story.receiver.value),
        *(text(step.method, limit=10), text(path, limit=24), answer),
    )
