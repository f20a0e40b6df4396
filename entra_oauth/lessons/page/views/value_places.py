"""The values of a message, each with its meaning, and the messages it stands in besides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus, urlsplit

from entra_oauth.protocol.endpoints.authorize import s256
from entra_oauth.protocol.glossary.message_kind import MessageKind
from entra_oauth.protocol.glossary.parameters import parameter
from entra_oauth.protocol.messages import split_form
from entra_oauth.recording.report.parameter_rows import ParameterRow, tables
from entra_oauth.recording.story import cast_of, message_kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from entra_oauth.recording.step import Step

__all__ = ["SeenValue", "Sighting", "places_of", "values_of"]

_SHORTEST = 8
"""Characters: what is shorter, such as `code`, stands in two messages by chance."""
_VERIFIER = range(43, 129)
"""Characters of a code verifier (RFC 7636 §4.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenValue:
    """A value of a message."""

    where: str
    """The place in the message, in words."""
    in_answer: bool
    row: ParameterRow

    @property
    def raw(self) -> str:
        """As on the wire."""
        return self.row.raw or self.row.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A message in which a value stands, and its name there."""

    step: int
    name: str
    as_hash: bool = False
    """It is the value's hash that stands there (RFC 7636 §4.2)."""


def values_of(step: Step, kind: MessageKind) -> tuple[SeenValue, ...]:
    """The values of a step in order: of its request, then of its answer, then inside tokens."""
    found = [
        SeenValue(where=table.where, in_answer=table.where == "In the answer", row=row)
        for table in tables(step, kind)
        for row in table.rows
    ]
    requested = [each for each in found if each.where in ("In the address", "In the form")]
    bearer = (step.http_request.header("authorization") or "").partition(" ")[2]
    if bearer:
        requested.append(_value("In a header", "Authorization", bearer, MessageKind.API_CALL))
    return (*requested, *_location(step), *found[len(requested) - bool(bearer) :])


def _location(step: Step) -> tuple[SeenValue, ...]:
    """The values in the address to which an answer sends the browser."""
    response = step.http_response
    address = (response.header("location") or "") if response is not None else ""
    parts = urlsplit(address)
    return tuple(
        _value(
            "In the address to go to",
            name,
            unquote_plus(raw),
            MessageKind.AUTHORIZATION_RESPONSE,
            raw=raw,
            in_answer=True,
        )
        for name, raw in (*split_form(parts.query), *split_form(parts.fragment))
    )


def _value(
    where: str, name: str, value: str, kind: MessageKind, *, raw: str = "", in_answer: bool = False
) -> SeenValue:
    known = parameter(kind, name)
    row = ParameterRow(
        name=name,
        raw=raw if raw != value else "",
        value=value,
        meaning=known.meaning_of(value) if known is not None else "",
        source=known.citation if known is not None else "",
    )
    return SeenValue(where=where, in_answer=in_answer, row=row)


def places_of(steps: Sequence[Step]) -> Mapping[str, tuple[Sighting, ...]]:
    """The places of each value that is long enough to be no chance, in order.

    A code verifier has the places of its challenge too, and the other way round.
    """
    cast = cast_of(steps)
    found: dict[str, list[Sighting]] = {}
    hashes: dict[str, str] = {}
    for step in steps:
        for each in values_of(step, message_kind(step, cast)):
            value = each.row.value
            if len(value) < _SHORTEST:
                continue
            place = Sighting(step=step.number, name=each.row.name)
            places = found.setdefault(value, [])
            if place not in places:
                places.append(place)
            if each.row.name == "code_verifier" and len(value) in _VERIFIER and value.isascii():
                hashes[value] = s256(value)
    for verifier, challenge in hashes.items():
        one, other = found[verifier], found.get(challenge, [])
        found[verifier] = sorted([*one, *map(_hashed, other)], key=lambda p: p.step)
        found[challenge] = sorted([*other, *map(_hashed, one)], key=lambda p: p.step)
    return {value: tuple(places) for value, places in found.items()}


def _hashed(place: Sighting) -> Sighting:
    return Sighting(step=place.step, name=place.name, as_hash=True)
