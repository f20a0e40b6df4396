"""Names of people and tenants in the steps of a recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from entra_oauth.protocol.messages import host_of
from entra_oauth.recording.raw import split_message
from entra_oauth.recording.redaction.people.gathered_names import People
from entra_oauth.recording.step import Level

if TYPE_CHECKING:
    from entra_oauth.recording.redaction.redact import Redactor
    from entra_oauth.recording.step import Step

__all__ = ["names_in", "with_names"]


def with_names(redactor: Redactor, steps: Sequence[Step]) -> Redactor:
    """The redactor that looks everywhere for a name that stands anywhere in these steps."""
    # Two walks: a person's name is known by its member in the ID token of a late step, and may
    # stand in the words of an early one.
    if redactor.level is not Level.PII:
        return redactor
    people = _people_in(steps)
    for step in steps:
        people.finds(redactor.step(step)[1])
    return replace(redactor, names=people.known(_hosts(steps)))


def names_in(steps: Sequence[Step]) -> frozenset[str]:
    """The names that the text of these steps tells, found without the redaction."""
    return _people_in(steps).known(_hosts(steps))


def _people_in(steps: Sequence[Step]) -> People:
    people = People()
    for step in steps:
        for text in _texts(step):
            people.look(text)
    return people


def _hosts(steps: Sequence[Step]) -> set[str]:
    return {host_of(step.url) for step in steps} - {""}


def _texts(step: Step) -> Iterator[str | bytes]:
    yield step.url
    yield step.note
    for data in (
        step.request.data,
        step.response.data,
        step.link.tunnel_sent,
        step.link.tunnel_received,
    ):
        if not data:
            continue
        message = split_message(data)
        body = message.decoded() if message.body else None
        yield data if body is None else bytes(replace(message, body=b""))
        if body is not None:
            yield body
