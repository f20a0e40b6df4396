"""The parameters of a step as rows: as on the wire, decoded, the meaning, and the source.

Meanings and sources are the glossary's, for the message in which the parameter stands.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from entra_oauth.protocol.glossary.message_kind import MessageKind, kind_of_answer
from entra_oauth.protocol.glossary.parameters import parameter
from entra_oauth.protocol.messages import FORM, split_form

if TYPE_CHECKING:
    from entra_oauth.recording.step import Step

__all__ = ["ParameterRow", "Table", "tables"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterRow:
    """One parameter, member or claim."""

    name: str
    raw: str = field(repr=False)
    """As on the wire; empty where that is the same as decoded."""
    value: str = field(repr=False)
    meaning: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows of one place."""

    where: str
    rows: tuple[ParameterRow, ...]


_TOKENS = {"access_token": MessageKind.ACCESS_TOKEN, "id_token": MessageKind.ID_TOKEN}


def tables(step: Step, kind: MessageKind) -> tuple[Table, ...]:
    """The tables of a step of that kind: its address, form and answer, and the tokens in there."""
    request, response = step.http_request, step.http_response
    found = [_form("In the address", request.query, kind)]
    if (request.header("content-type") or "").lower().startswith(FORM):
        found.append(_form("In the form", request.body.decode("latin-1"), kind))
    members = _object(response.body) if response is not None else {}
    if members:
        rows = _members(members, kind_of_answer(kind, members))
        found.append(Table(where="In the answer", rows=rows))
    for name, token_kind in _TOKENS.items():
        token = members.get(name)
        if isinstance(token, str) and (claims := _claims(token, token_kind)):
            found.append(Table(where=f"Inside the {name} (not verified here)", rows=claims))
    return tuple(table for table in found if table.rows)


def _form(where: str, text: str, kind: MessageKind) -> Table:
    rows = []
    for name, raw in split_form(text):
        value = unquote_plus(raw)
        rows.append(_row(kind, name, value, raw=raw if raw != value else ""))
    return Table(where=where, rows=tuple(rows))


def _members(members: dict[str, object], kind: MessageKind) -> tuple[ParameterRow, ...]:
    return tuple(
        _row(kind, name, value if isinstance(value, str) else json.dumps(value))
        for name, value in members.items()
    )


def _row(kind: MessageKind, name: str, value: str, *, raw: str = "") -> ParameterRow:
    known = parameter(kind, name)
    return ParameterRow(
        name=name,
        raw=raw,
        value=value,
        meaning=known.meaning_of(value) if known is not None else "",
        source=known.citation if known is not None else "",
    )


def _claims(token: str, kind: MessageKind) -> tuple[ParameterRow, ...]:
    parts = token.split(".")
    if len(parts) != 3:
        return ()
    rows: list[ParameterRow] = []
    for part, half in zip(parts, (MessageKind.TOKEN_HEADER, kind), strict=False):
        try:
            claims = _object(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        except ValueError:
            return ()
        rows += _members(claims, half)
    return tuple(rows)


def _object(body: bytes) -> dict[str, object]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
