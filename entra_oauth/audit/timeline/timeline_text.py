"""A timeline as lines for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from entra_oauth.audit.timeline.code_question import Answer, AnswerKind
from entra_oauth.audit.timeline.join_sources import Timeline, TimelineEvent
from entra_oauth.errors import plain, plain_lines
from entra_oauth.moments import utc

__all__ = ["QUESTION", "answered", "as_json", "is_calm", "moment", "timeline_lines"]

QUESTION = "Was this code redeemed by anyone else?"
_WORDS = {
    AnswerKind.YES: "Yes",
    AnswerKind.TRIED: "Somebody tried",
    AnswerKind.NO: "No",
    AnswerKind.UNDECIDABLE: "Undecidable",
}


def moment(at: float) -> str:
    """A time in UTC, to the second."""
    return f"{utc(at):%Y-%m-%d %H:%M:%S}"


def answered(answer: Answer) -> str:
    """The answer in a word or two: `Undecidable until 2026-01-01 14:10:00 UTC`."""
    until = f" until {moment(answer.until)} UTC" if answer.until is not None else ""
    return f"{_WORDS[answer.kind]}{until}"


def is_calm(timeline: Timeline) -> bool:
    """True if the answer is no for every sign-in."""
    return all(each.kind is AnswerKind.NO for each in timeline.answers)


def timeline_lines(timeline: Timeline) -> Iterator[str]:
    """Events, contradictions, then the question and its answers."""
    if timeline.remark:
        yield plain_lines(timeline.remark)
    for event in timeline.events:
        yield plain_lines(_line(event))
    yield ""
    for text in timeline.contradictions:
        yield f"! {plain_lines(text)}"
    for answer in timeline.answers:
        yield f"{QUESTION} {answered(answer)}. {answer.why}"


def _line(event: TimelineEvent) -> str:
    mark = "!" if event.flagged else " "
    step = f" (step {event.step})" if event.step is not None else ""
    joined = f"  [by {event.joined_by}]" if event.joined_by else ""
    return f"{mark} {moment(event.at)}  {event.source.value:<9}  {plain(event.what)}{step}{joined}"


def as_json(timeline: Timeline) -> dict[str, Any]:
    """The same for machines."""
    return {
        "schema": "entra-oauth/timeline/1",
        "authority": plain(timeline.remark) or None,
        "events": [
            {
                "at": moment(each.at).replace(" ", "T") + "Z",
                "source": each.source.value,
                "what": plain(each.what),
                "step": each.step,
                "joined_by": each.joined_by or None,
                "flagged": each.flagged,
            }
            for each in timeline.events
        ],
        "contradictions": [plain(text) for text in timeline.contradictions],
        "question": QUESTION,
        "answers": [
            {
                "answer": each.kind.value,
                "why": each.why,
                "until": moment(each.until).replace(" ", "T") + "Z" if each.until else None,
                "rows": [plain(row.id) for row in each.rows],
            }
            for each in timeline.answers
        ],
    }
