"""One message as it is shown: its story, its bytes, and its values with their ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.lessons.page.views.value_places import places_of, values_of
from entra_oauth.markup import Html, html, joined
from entra_oauth.recording.cover.seen_words import seen_words
from entra_oauth.recording.report.parts import (
    NOTHING,
    linked,
    marked,
    text,
    visible,
    with_line_ends,
)
from entra_oauth.recording.step import Seen
from entra_oauth.recording.story import cast_of, message_kind, step_story

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from entra_oauth.lessons.page.views.value_places import SeenValue, Sighting
    from entra_oauth.recording.step import Evidence, Half, Step

__all__ = ["message_view"]

_MOST_PLACES = 6


def message_view(evidence: Evidence, step: Step, address: str) -> Html:
    """The message. `address` is that of the page, to which `?m=` and a number are added."""
    cast = cast_of(evidence.steps)
    story = step_story(step, cast)
    values = values_of(step, message_kind(step, cast))
    kind = "front" if step.channel == "front" else "back"
    return html(
        '<section class="card message" aria-labelledby="message-title">'
        '<div class="title"><span class="number {}" aria-hidden="true">{}</span>'
        '<h2 id="message-title"><span class="unseen">Message {}: </span>{}</h2></div>'
        '<p class="way">{} → {} · {} channel · {}</p>'
        '<p>{}</p><details class="why"><summary>Why so?</summary><p>{}</p></details>'
        "{}{}{}</section>",
        *(kind, step.number, step.number, story.title),
        *(story.sender.value, story.receiver.value, kind, linked(story.source)),
        *(story.purpose, story.lesson),
        _half("Request", step.request, [each for each in values if not each.in_answer]),
        _half("Answer", step.response, [each for each in values if each.in_answer]),
        _values(values, places_of(evidence.steps), step, address),
    )


def anchor(value: SeenValue) -> str:
    """The id of a value's row on its page."""
    return f"v-{'a' if value.in_answer else 'r'}-{value.row.name}"


def _half(title: str, half: Half, values: Sequence[SeenValue]) -> Html:
    if half.seen is Seen.NOTHING:
        words = "Nobody has seen an answer." if title == "Answer" else "Nobody has seen it."
        return html('<h3>{}</h3><p class="quiet">{}</p>', title, words)
    about = f"{len(half.data):,} bytes; {seen_words(half)}"
    shown = visible(half.data)
    is_page = title == "Answer" and "<!doctype html" in shown[:2000].lower()
    block = html(
        '<pre tabindex="0" aria-label="{}, byte for byte">{}</pre>', title, _linked(shown, values)
    )
    if is_page:
        head, _, _ = shown.partition("\n␍␊")
        first = html('<pre tabindex="0">{}</pre>', _linked(head, values))
        fold = "<details><summary>The page, and every byte of the answer</summary>{}</details>"
        block = joined([first, html(fold, block)])
    return html('<h3>{} <span class="quiet">· {}</span></h3>{}', title, about, block)


def _linked(shown: str, values: Sequence[SeenValue]) -> Html:
    """Visible bytes, the values in them as links to their rows."""
    pieces: list[Html] = []
    at = 0
    for each in values:
        start, end = _span(shown, each, at)
        if start < 0:
            continue
        link = '<a class="value" href="#{}">{}</a>'
        pieces += [marked(shown[at:start]), html(link, anchor(each), marked(shown[start:end]))]
        at = end
    return with_line_ends(joined([*pieces, marked(shown[at:])]))


def _span(shown: str, value: SeenValue, at: int) -> tuple[int, int]:
    """The place of a value after its name, from `at` on; -1 where it does not stand as told."""
    raw, name = value.raw, value.row.name
    if not raw or value.where.startswith("Inside"):
        return -1, -1
    for opening in (f"{name}={raw}", f'"{name}":"{raw}"', f'"{name}": "{raw}"', f'"{name}":{raw}'):
        found = shown.find(opening, at)
        if found >= 0:
            start = found + opening.index(raw, len(name))
            return start, start + len(raw)
    found = shown.find(raw, at) if name == "Authorization" else -1
    return found, found + len(raw)


def _values(
    values: Sequence[SeenValue],
    places: Mapping[str, tuple[Sighting, ...]],
    step: Step,
    address: str,
) -> Html:
    if not values:
        return NOTHING
    groups: dict[str, list[Html]] = {}
    used: set[str] = set()
    for each in values:
        name = anchor(each)
        target = html(' id="{}"', name) if name not in used else NOTHING
        used.add(name)
        elsewhere = [p for p in places.get(each.row.value, ()) if p.step != step.number]
        row = _row(each, target, _ways(elsewhere, step.number, address))
        groups.setdefault(each.where, []).append(row)
    shown = joined(_group(where, joined(rows)) for where, rows in groups.items())
    return html('<h3 id="values-title">What each value means, and its way</h3>{}', shown)


def _group(where: str, rows: Html) -> Html:
    if where.startswith("Inside"):  # long, and not in the bytes as it stands
        fold = '<details><summary>{}</summary><ul class="values">{}</ul></details>'
        return html(fold, where, rows)
    return html('<h4>{}</h4><ul class="values">{}</ul>', where, rows)


def _row(value: SeenValue, target: Html, ways: Html) -> Html:
    row = value.row
    note = f"{row.meaning[:1].upper()}{row.meaning[1:]}." if row.meaning else ""
    source = html(' <span class="small">{}</span>', linked(row.source)) if row.source else NOTHING
    decoded = row.value if row.value else "(empty)"
    short = decoded if len(decoded) <= 160 else f"{decoded[:70]}… ({len(decoded):,} characters)"
    return html(
        '<li{}><p class="name"><code>{}</code></p><div><p class="seen">{}</p>'
        "<p>{}{}</p>{}</div></li>",
        *(target, text(row.name, limit=80), text(short), text(note), source, ways),
    )


def _ways(places: Sequence[Sighting], here: int, address: str) -> Html:
    """The messages in which the same value stands: where it came from, and where it goes."""
    before = [each for each in places if each.step < here]
    after = [each for each in places if each.step > here]
    lines = [
        html('<p class="from"><span>{}</span> {}</p>', words, joined(links, ", "))
        for words, links in (
            ("← came from", [_place(each, address) for each in before[:_MOST_PLACES]]),
            ("→ goes to", [_place(each, address) for each in after[:_MOST_PLACES]]),
        )
        if links
    ]
    return joined(lines)


def _place(place: Sighting, address: str) -> Html:
    return html(
        '<a href="{}?m={}#message">message {}</a>, {}as <code>{}</code>',
        *(address, place.step, place.step, "hashed, " if place.as_hash else ""),
        text(place.name, limit=60),
    )
