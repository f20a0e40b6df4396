"""Every single change of a recording's messages: one field, one order, one message at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from entra_oauth.channels.loopback.http1 import encode_response
from entra_oauth.protocol.messages import (
    FORM,
    Fields,
    HttpRequest,
    HttpResponse,
    Wire,
    encode_form,
    parse_form,
)
from entra_oauth.recording import Exchange, Recording
from entra_oauth.recording.step import rebuilt

__all__ = ["Mutation", "answered", "mutations", "sent"]

ADDED = "x-planted-name"


@dataclass(frozen=True)
class Mutation:
    """One change, and the words by which it must be named."""

    what: str
    where: str
    """The place of the field; `message` for whole messages."""
    names: tuple[str, ...]
    recording: Recording
    old: str = ""
    at: int = 0
    """The index of the exchange."""


Rebuild = Callable[[Fields], Exchange]


def mutations(recording: Recording) -> Iterator[Mutation]:
    """All of them, in no certain order."""
    exchanges = recording.exchanges
    for at, exchange in enumerate(exchanges):

        def put(changed: Exchange, at: int = at) -> Recording:
            return Recording((*exchanges[:at], changed, *exchanges[at + 1 :]))

        for where, fields, rebuild in _places(exchange):
            for what, names, old, changed in _of_fields(fields):
                made = rebuild(changed)
                if made.wire is None or exchange.wire is None or _differs(made.wire, exchange.wire):
                    yield Mutation(what, where, names, put(made), old, at)
        yield from _of_parts(exchange, at, put)
    yield from _of_messages(recording)


def _differs(one: Wire, other: Wire) -> bool:
    """False where what was taken out has to be there, and was put in again."""
    return (one.sent, one.received) != (other.sent, other.received)


# ---- fields ------------------------------------------------------------------------------


def _of_fields(fields: Fields) -> Iterator[tuple[str, tuple[str, ...], str, Fields]]:
    for at, (name, value) in enumerate(fields):
        before, after = fields[:at], fields[at + 1 :]
        yield "removed", (name,), value, (*before, *after)
        yield "changed", (name,), value, (*before, (name, f"{value}x"), *after)
        yield "emptied", (name,), value, (*before, (name, ""), *after)
        yield "doubled", (name,), value, (*before, (name, value), (name, value), *after)
        if after and after[0][0] != name:
            yield "swapped", (name, after[0][0]), "", (*before, after[0], (name, value), *after[1:])
    yield "added", (ADDED,), "", (*fields, (ADDED, "1"))
    yield "added first", (ADDED,), "", ((ADDED, "1"), *fields)


def _places(exchange: Exchange) -> Iterator[tuple[str, Fields, Rebuild]]:
    request, response = exchange.request, exchange.response
    base, mark, query = request.url.partition("?")
    front = exchange.event is not None
    if mark:
        yield (
            "query",
            parse_form(query),
            lambda fields: sent(exchange, replace(request, url=f"{base}?{encode_form(fields)}")),
        )
    if (request.header("content-type") or "").startswith(FORM):
        yield (
            "form",
            parse_form(request.body.decode()),
            lambda fields: sent(exchange, replace(request, body=encode_form(fields).encode())),
        )
    if not front:
        yield (
            "headers",
            request.headers,
            lambda fields: sent(exchange, replace(request, headers=fields)),
        )
    if response is None:
        return
    yield (
        "answer_headers",
        response.headers,
        lambda fields: answered(exchange, replace(response, headers=fields)),
    )
    if not front and response.body.startswith(b"{"):
        members = json.loads(response.body)
        texts = tuple((name, json.dumps(value)) for name, value in members.items())
        yield "members", texts, lambda fields: answered(exchange, _with_members(response, fields))


def _with_members(response: HttpResponse, fields: Fields) -> HttpResponse:
    def value(text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            return text

    pairs = [f"{json.dumps(name)}: {json.dumps(value(text))}" for name, text in fields]
    return replace(response, body=f"{{{', '.join(pairs)}}}".encode())


def sent(exchange: Exchange, request: HttpRequest) -> Exchange:
    wire = exchange.wire
    if wire is not None:
        wire = replace(wire, sent=rebuilt(request))
    return replace(exchange, request=replace(request, raw=b""), wire=wire)


def answered(exchange: Exchange, response: HttpResponse) -> Exchange:
    wire = exchange.wire
    if wire is not None:
        received = encode_response(response, method=exchange.request.method, keep=True)
        wire = Wire(sent=wire.sent, received=received)
    return replace(exchange, response=replace(response, wire=wire), wire=wire)


# ---- other parts -------------------------------------------------------------------------


def _of_parts(
    exchange: Exchange, at: int, put: Callable[[Exchange], Recording]
) -> Iterator[Mutation]:
    request, response = exchange.request, exchange.response
    host = request.url.split("/")[2]
    other_host = sent(exchange, replace(request, url=request.url.replace(host, "evil.example", 1)))
    yield Mutation("host", "message", ("evil.example",), put(other_host), "", at)
    before, mark, query = request.url.partition("?")
    longer = sent(exchange, replace(request, url=f"{before}/more{mark}{query}"))
    yield Mutation("path", "message", ("more", "did not come"), put(longer), "", at)
    if exchange.event is None:
        method = "PUT" if request.method == "POST" else "HEAD"
        changed = sent(exchange, replace(request, method=method))
        yield Mutation("method", "message", (method,), put(changed), "", at)
        for name, value in request.headers:
            other = name.upper() if name != name.upper() else name.lower()
            headers = tuple((other if n == name else n, v) for n, v in request.headers)
            spelled = sent(exchange, replace(request, headers=headers))
            yield Mutation("spelled", "headers", (other,), put(spelled), value, at)
    if response is not None:
        status = answered(exchange, replace(response, status=418))
        # A listener that answers so took nothing.
        yield Mutation("status", "message", ("418", "did not come"), put(status), "", at)


def _of_messages(recording: Recording) -> Iterator[Mutation]:
    exchanges = recording.exchanges
    times = [(each.started_at, each.ended_at) for each in exchanges]

    def timed(them: list[Exchange]) -> Recording:
        moved = [
            replace(each, started_at=float(at), ended_at=float(at))
            for at, each in enumerate(them, start=int(times[0][0]))
        ]
        return Recording(tuple(moved))

    for at, each in enumerate(exchanges):
        before, after = list(exchanges[:at]), list(exchanges[at + 1 :])
        left = timed([*before, *after])
        yield Mutation("message removed", "message", ("did not come",), left, "", at)
        twice = timed([*before, each, each, *after])
        yield Mutation("message doubled", "message", ("not in the contract",), twice, "", at)
        if after:
            swapped = timed([*before, after[0], each, *after[1:]])
            yield Mutation("message swapped", "message", ("order",), swapped, "", at)
