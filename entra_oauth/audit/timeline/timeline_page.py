"""A timeline as one HTML file: no script, light and dark."""

from __future__ import annotations

from entra_oauth.audit.timeline.code_question import Answer, AnswerKind
from entra_oauth.audit.timeline.join_sources import SeenBy, Timeline, TimelineEvent
from entra_oauth.audit.timeline.timeline_text import QUESTION, answered, moment
from entra_oauth.markup import Html, html, joined
from entra_oauth.recording.report.html_file import banner, html_file
from entra_oauth.recording.report.parts import NOTHING, plural, table, text

__all__ = ["timeline_page"]

_LOOKS = {
    AnswerKind.YES: ("error", "×"),
    AnswerKind.TRIED: ("warning", "!"),
    AnswerKind.NO: ("note", "="),
    AnswerKind.UNDECIDABLE: ("undecidable", "?"),
}
_NAMES = {
    SeenBy.RECORDING: "the recording",
    SeenBy.BROWSER: "the browser",
    SeenBy.LOG: "Entra’s sign-in log",
}


def timeline_page(timeline: Timeline) -> Html:
    """The whole file."""
    count = plural(len(timeline.events), "event")
    body = html(
        '<header class="top"><div class="wide"><p class="kicker">entra-oauth · a timeline</p>'
        "<h1>Who saw what, and when</h1>{}"
        '<p class="lead">{} from {}, in UTC.</p>'
        '</div></header>\n<main id="content"><div class="wide">{}{}{}</div></main>',
        banner(timeline.remark),
        count,
        _sources(timeline),
        _answers(timeline),
        _contradictions(timeline),
        _events(timeline),
    )
    return html_file("A timeline of a sign-in", body, remark=timeline.remark)


def _sources(timeline: Timeline) -> str:
    """Those that an event is from: without a browser's file none is the browser's."""
    seen = {event.source for event in timeline.events}
    *others, last = [name for source, name in _NAMES.items() if source in seen] or ["nowhere"]
    return f"{', '.join(others)} and {last}" if others else last


def _answers(timeline: Timeline) -> Html:
    return html(
        '<section class="card" aria-labelledby="question"><h2 id="question">{}</h2>{}</section>',
        QUESTION,
        joined(map(_answer, timeline.answers)),
    )


def _answer(answer: Answer) -> Html:
    looks, symbol = _LOOKS[answer.kind]
    return html(
        '<div class="finding {}"><p><span class="word"><span aria-hidden="true">{} </span>{}</span>'
        "</p><p>{}</p></div>",
        *(looks, symbol, answered(answer), text(answer.why)),
    )


def _contradictions(timeline: Timeline) -> Html:
    if not timeline.contradictions:
        return NOTHING
    items = joined(html("<li>{}</li>", text(each)) for each in timeline.contradictions)
    return html(
        '<section class="card" aria-labelledby="against"><h2 id="against">What contradicts</h2>'
        "<ul>{}</ul></section>",
        items,
    )


def _events(timeline: Timeline) -> Html:
    heads = ("time", "seen by", "what", "joined by")
    rows = [_row(event) for event in timeline.events]
    return html(
        '<section class="card" aria-labelledby="events"><h2 id="events">Events</h2>{}</section>',
        table("Events in the order of time (UTC)", heads, rows, widths="timeline"),
    )


def _row(event: TimelineEvent) -> tuple[str, ...]:
    step = f" (step {event.step})" if event.step is not None else ""
    what = html("{}{}", text(event.what), step)
    if event.flagged:
        what = html("<strong>! {}</strong>", what)
    return moment(event.at), event.source.value, what, event.joined_by or "–"
