"""A case as messages with fields: the only place that reads HTTP for a contract.

Pages and what was turned away by the listener are a browser's doing, and are left out. Of what
the browser sends no header counts, and of an API's answer nothing but status and media type.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from entra_oauth.audit.case import Case
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.contract.field_kinds import FieldReader, reader_for
from entra_oauth.audit.contract.names_of_one import names_of
from entra_oauth.audit.contract.observed import (
    ObservedExchange,
    ObservedField,
    ObservedGroup,
    ObservedMessage,
)
from entra_oauth.audit.contract.wire_contract import FieldPlace
from entra_oauth.audit.redacted_values import jwt
from entra_oauth.errors import UsageError
from entra_oauth.protocol.glossary.message_kind import MessageKind, token_request_kind
from entra_oauth.protocol.messages import Fields, HttpRequest, parse_form
from entra_oauth.recording import Exchange, Recording
from entra_oauth.recording.redaction.secrets import live_secrets
from entra_oauth.recording.step import Half, Seen

__all__ = ["observe"]

_LEFT_OUT = frozenset((StepKind.PAGE, StepKind.UNSOLICITED))
_FRONT = frozenset((StepKind.AUTHORIZE, StepKind.REDIRECT, StepKind.LOGOUT))
_KINDS = {
    StepKind.AUTHORIZE: MessageKind.AUTHORIZATION_REQUEST,
    StepKind.REDIRECT: MessageKind.AUTHORIZATION_RESPONSE,
    StepKind.DEVICE: MessageKind.DEVICE_REQUEST,
    StepKind.KEYS: MessageKind.KEYS_REQUEST,
    StepKind.METADATA: MessageKind.METADATA_REQUEST,
    StepKind.RESOURCE: MessageKind.API_CALL,
}
_PENDING = ("authorization_pending", "slow_down")
PENDING = "device poll, pending"
# They are the framing's, or HTTP/2 has none: other programs' files make them up.
_FRAMING = frozenset(
    ("host", "content-length", "transfer-encoding", "connection", "content-encoding")
)


def observe(case: Case) -> ObservedExchange:
    """The messages of a case. Raises `UsageError` where there are none."""
    items = [item for item in case.items if item.kind not in _LEFT_OUT]
    if not items:
        raise UsageError(
            "There is no OAuth message in it.", advice="Name a recording of a whole sign-in."
        )
    live = _secrets(items)
    reader = reader_for(names_of(items), live)
    claims = [c for c in case.evidence.claims if c.name == "pkce-matches"]
    return ObservedExchange(
        messages=tuple(_message(item, reader) for item in items),
        proved=tuple(s for c in claims if c.verdict == "yes" for s in c.steps),
        disproved=tuple(s for c in claims if c.verdict == "no" for s in c.steps),
        live=tuple(live),
    )


def _secrets(items: Iterable[Item]) -> Mapping[str, str]:
    passed = [
        Exchange(request=item.request, response=item.response, started_at=0.0, ended_at=0.0)
        for item in items
    ]
    return live_secrets(Recording(tuple(passed)))


def _message(item: Item, reader: FieldReader) -> ObservedMessage:
    response = item.response
    kind = _kind(item)
    return ObservedMessage(
        kind=kind,
        step=item.number,
        method=reader.method(item.request.method),
        address=reader.address(item.url),
        status=_status(item),
        exact_request=item.kind not in _FRONT and _is_exact(item.step.request),
        exact_answer=response is not None and _is_exact(item.step.response),
        groups=tuple(g for g in _groups(item, reader) if g.fields),
        unseen=frozenset(_unseen(item)),
        # Keys are fetched while the person signs in.
        anywhere=item.kind is StepKind.KEYS,
        repeats=kind == PENDING,
    )


def _is_exact(half: Half) -> bool:
    return half.seen is Seen.WIRE


def _unseen(item: Item) -> Iterator[FieldPlace]:
    if item.form_gone:
        yield from (FieldPlace.FORM, FieldPlace.ASSERTION)
    elif item.get("client_assertion") and jwt(item.get("client_assertion") or "") is None:
        yield FieldPlace.ASSERTION
    if item.response is not None and not item.members and item.answer_gone:
        yield from (FieldPlace.MEMBERS, FieldPlace.ID_TOKEN)
    elif item.text("id_token") and "id_token" not in item.jwts:
        yield FieldPlace.ID_TOKEN


def _status(item: Item) -> str:
    if item.kind is StepKind.AUTHORIZE:  # between the person and the authority
        return ""
    return f"{item.response.status:03d}" if item.response is not None else "none"


def _kind(item: Item) -> str:
    if item.kind is not StepKind.TOKEN:
        return str(_KINDS.get(item.kind, item.kind.value))
    if (item.get("grant_type") or "").endswith("device_code") and item.text("error") in _PENDING:
        return PENDING
    return str(token_request_kind(item.get("grant_type") or ""))


def _groups(item: Item, reader: FieldReader) -> Iterator[ObservedGroup]:
    request = item.request
    query = HttpRequest(method="GET", url=item.url).query
    fragment = item.url.partition("#")[2] if item.kind is StepKind.REDIRECT else ""
    yield _group(reader, FieldPlace.QUERY, (*parse_form(query), *parse_form(fragment)))
    yield _group(reader, FieldPlace.FORM, item.form)
    assertion = item.get("client_assertion")
    yield _jwt_group(reader, FieldPlace.ASSERTION, assertion or "")
    if item.kind not in _FRONT:
        exact = _is_exact(item.step.request)
        yield _group(reader, FieldPlace.HEADERS, _headers(request.headers, exact=exact))
        yield _group(reader, FieldPlace.CREDENTIALS, _credentials(request.headers))
    yield from _answer_groups(item, reader)


def _answer_groups(item: Item, reader: FieldReader) -> Iterator[ObservedGroup]:
    response = item.response
    if response is None or item.kind in (StepKind.AUTHORIZE, StepKind.LOGOUT):
        return
    headers = _headers(response.headers, exact=_is_exact(item.step.response))
    if item.kind is StepKind.RESOURCE:
        headers = tuple(pair for pair in headers if pair[0].lower() == "content-type")
    yield _group(reader, FieldPlace.ANSWER_HEADERS, headers)
    if item.kind not in (StepKind.RESOURCE, StepKind.REDIRECT):
        pairs = _pairs(response.body) if item.members else ()
        yield ObservedGroup(
            place=FieldPlace.MEMBERS, fields=tuple(_members(reader, FieldPlace.MEMBERS, pairs))
        )
        yield _jwt_group(reader, FieldPlace.ID_TOKEN, item.text("id_token") or "")


def _group(reader: FieldReader, place: FieldPlace, pairs: Fields) -> ObservedGroup:
    return ObservedGroup(place=place, fields=tuple(reader.field(place, n, v) for n, v in pairs))


def _headers(headers: Fields, *, exact: bool) -> Fields:
    kept = headers if exact else [h for h in headers if h[0].lower() not in _FRAMING]
    return tuple(
        (name, _scheme(value) if name.lower() == "authorization" else value)
        for name, value in kept
        if not name.startswith(":")
    )


def _scheme(value: str) -> str:
    """Its scheme; what follows it is looked at by itself."""
    return value.strip().partition(" ")[0]


def _credentials(headers: Fields) -> Fields:
    given = next((v for n, v in headers if n.lower() == "authorization"), "")
    scheme, _, rest = given.strip().partition(" ")
    return ((scheme, rest.strip()),) if rest.strip() else ()


def _pairs(body: bytes) -> list[tuple[str, Any]]:
    """The members of a JSON object in their order; a name may stand twice."""
    last: list[tuple[str, Any]] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal last
        last = pairs  # the outermost object is the last to end
        return dict(pairs)

    json.loads(body, object_pairs_hook=keep)
    return last


def _members(
    reader: FieldReader, place: FieldPlace, pairs: Iterable[tuple[str, Any]]
) -> Iterator[ObservedField]:
    for name, value in pairs:
        is_text = isinstance(value, str)
        text = value if is_text else json.dumps(value, ensure_ascii=False)
        yield reader.field(place, name, text, as_json=not is_text)


def _jwt_group(reader: FieldReader, place: FieldPlace, token: str) -> ObservedGroup:
    """Header and claims of a token that can be read; no field where it cannot."""
    read = jwt(token)
    parts = (*read.header.items(), *read.claims.items()) if read is not None else ()
    return ObservedGroup(place=place, fields=tuple(_members(reader, place, parts)))
