"""The steps of a recording, and what is known beside them: what is kept, shown and compared.

`steps_of` turns what passed into steps, each with the bytes of both directions.
`Evidence` is a whole recording as it is written down and read again. Nothing here
removes a secret: that is `entra_oauth.recording.redaction.redact`'s work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from entra_oauth.channels.front_event import Occurred
from entra_oauth.channels.loopback.http1 import encode_response
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire, split_origin
from entra_oauth.recording.raw import RawMessage, split_message

if TYPE_CHECKING:
    from entra_oauth.channels.exchange import Exchange
    from entra_oauth.recording.record import Recording

__all__ = [
    "CHANNELS",
    "Claim",
    "Evidence",
    "Half",
    "LedgerEntry",
    "Level",
    "Manifest",
    "Seen",
    "Step",
    "rebuilt",
    "steps_of",
]


CHANNELS = ("front", "back")
"""The person's browser, and our own requests."""


class Level(StrEnum):
    """The amount that is taken out of a recording."""

    SECRETS = "secrets"
    """Whatever could be used by somebody else."""
    PII = "pii"
    """The same, and what tells of a person, a tenant or an address."""
    NONE = "none"
    """Nothing: the recording can be used to sign in as the person."""


class Seen(StrEnum):
    """The origin of the bytes of one direction."""

    WIRE = "wire"
    """As they were on the socket."""
    REBUILT = "rebuilt"
    """Put together again from the parts of the message; spacing may have differed."""
    ADDRESS = "address"
    """Only the address is known: the browser sent the rest."""
    NOTHING = "nothing"
    """Not seen, or it never came."""


@dataclass(frozen=True, kw_only=True)
class Half:
    """One direction of a step."""

    data: bytes = field(default=b"", repr=False)
    seen: Seen = Seen.NOTHING
    original_size: int | None = None
    """Bytes on the wire, where it may be told: a masked password has no length."""
    changes: tuple[str, ...] = ()
    """Parts that the redaction had to change beside the values: `content-length`, `chunks` …"""

    @cached_property
    def message(self) -> RawMessage:
        """The bytes taken apart."""
        return split_message(self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One exchange, numbered, with its bytes."""

    number: int
    name: str
    """`authorize`, `redirect`, `redirect-refused`, `page`, `token` …: for file names."""
    channel: str
    """`front` (the person's browser) or `back` (our own requests)."""
    note: str
    """The name of it, in words for people."""
    method: str
    url: str = field(repr=False)
    """Absolute, as it was asked for."""
    request: Half
    response: Half
    started_at: float
    """Seconds since 1970."""
    ended_at: float
    failure: str | None = None
    """The kind of error that ended it, if one did."""
    attempt: int = 1
    """Counts requests of the same method and address without their query."""
    link: Wire = field(default_factory=Wire)
    """Peer, proxy, TLS, certificates and times; its bytes are in `request` and `response`."""

    @property
    def http_request(self) -> HttpRequest:
        """The request as a value."""
        message = self.request.message
        if self.request.seen is Seen.ADDRESS or not message.whole:
            return HttpRequest(method=self.method, url=self.url)
        return HttpRequest(
            method=self.method,
            url=self.url,
            headers=message.headers,
            body=message.decoded() or b"",
            raw=self.request.data,
        )

    @property
    def http_response(self) -> HttpResponse | None:
        """The response as a value; None if none was seen whole."""
        message = self.response.message
        parts = message.start.decode("latin-1").split(" ", 2)
        if not message.whole or len(parts) < 2 or not parts[1].isdigit():
            return None
        if parts[1].startswith("1"):  # the answer itself never came (RFC 9110 §15.2)
            return None
        body = message.decoded()
        return HttpResponse(
            status=int(parts[1]),
            reason=parts[2] if len(parts) > 2 else "",
            headers=message.headers,
            body=message.body if body is None else body,
            wire=self.link,
        )

    def file_name(self, direction: str) -> str:
        """The name of the file with the bytes of `request` or `response`."""
        if direction == "request" and self.request.seen is Seen.ADDRESS:
            return f"{self.number:03d}.{self.name}.url"
        return f"{self.number:03d}.{self.name}.{direction}.bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Something that the recorder saw while the secrets were there. Nobody can check it later."""

    name: str
    """`state-equal`, `pkce-matches`, `code-spent-once`, `request-equals-curl` …"""
    verdict: str
    """`yes`, `no`, `not checked`, or a measure: `256 bits`."""
    detail: str
    """In a sentence."""
    steps: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One value that was taken out."""

    kind: str
    length: int | None
    """Characters; None for what has a fixed mask."""
    tag: str
    """As in its placeholder; empty for a fixed mask."""
    steps: tuple[int, ...]
    sha256: str | None = None
    """Of tokens of 32 characters and more: tells whether a token in hand is this one."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The list of hashes of a recording that was read from files, and its seal."""

    sums: bytes = field(repr=False)
    """The file itself, which is what a seal signs."""
    signature: bytes | None = field(default=None, repr=False)
    sign_ins: int = 0
    """The number of seals by sign-in. Their ID tokens are nobody's to hand on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A whole recording, as it is written down."""

    steps: tuple[Step, ...]
    created_at: float
    """Seconds since 1970."""
    level: Level
    claims: tuple[Claim, ...] = ()
    ledger: tuple[LedgerEntry, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    """About program, machine and trust; JSON values."""
    not_seen: tuple[str, ...] = ()
    """Sentences on what this recording cannot show."""
    manifest: Manifest | None = field(default=None, compare=False, repr=False)
    """None for what was never written."""

    def step(self, number: int) -> Step | None:
        """The step of that number."""
        return next((step for step in self.steps if step.number == number), None)


def steps_of(recording: Recording) -> tuple[Step, ...]:
    """The exchanges as steps, in the order in which they began, with nothing taken out."""
    ordered = sorted(recording.exchanges, key=lambda exchange: exchange.started_at)
    counts: dict[tuple[str, str, str], int] = {}
    steps = []
    for number, exchange in enumerate(ordered, start=1):
        address = exchange.request.url.partition("?")[0]
        key = (exchange.channel, exchange.request.method, address)
        counts[key] = counts.get(key, 0) + 1
        steps.append(_step(number, exchange, counts[key]))
    return tuple(steps)


def _step(number: int, exchange: Exchange, attempt: int) -> Step:
    request, response = (_back if exchange.event is None else _front)(exchange)
    link = exchange.wire or Wire()
    return Step(
        number=number,
        name=_name(exchange),
        channel=exchange.channel,
        note=exchange.note,
        method=exchange.request.method,
        url=exchange.request.url,
        request=request,
        response=response,
        started_at=exchange.started_at,
        ended_at=exchange.ended_at,
        failure=exchange.failure,
        attempt=attempt if exchange.channel == "back" else 1,
        link=replace(link, sent=b"", received=b""),
    )


def _name(exchange: Exchange) -> str:
    if exchange.event is not None:
        return exchange.event.kind.value
    name = re.sub(r"[^a-z0-9]+", "-", exchange.note.lower()).strip("-")
    return name[:32] if name else "request"


def _front(exchange: Exchange) -> tuple[Half, Half]:
    request, response = exchange.request, exchange.response
    if exchange.wire is not None:
        return _back(exchange)
    answer = Half()
    if response is not None:
        # The listener keeps no connection, so this is what it wrote.
        data = encode_response(response, method=request.method, keep=False)
        answer = _half(data, Seen.WIRE if request.raw else Seen.REBUILT)
    if request.raw:
        return _half(request.raw, Seen.WIRE), answer
    asked = exchange.event is not None and exchange.event.kind is Occurred.ASKED
    if not request.headers and (asked or response is None):
        # Of what the browser was asked to open, and of a pasted address, no more is known.
        return _half(request.url.encode("utf-8", "replace"), Seen.ADDRESS), answer
    return _half(rebuilt(request), Seen.REBUILT), answer


def _back(exchange: Exchange) -> tuple[Half, Half]:
    wire, response = exchange.wire, exchange.response
    if wire is not None:
        sent, received = wire.sent, wire.received
        return (
            _half(sent, Seen.WIRE) if sent else Half(),
            _half(received, Seen.WIRE) if received else Half(),
        )
    answer = Half()
    if response is not None:
        data = encode_response(response, method=exchange.request.method, keep=True)
        answer = _half(data, Seen.REBUILT)
    return _half(rebuilt(exchange.request), Seen.REBUILT), answer


def _half(data: bytes, seen: Seen) -> Half:
    return Half(data=data, seen=seen, original_size=len(data))


def rebuilt(request: HttpRequest) -> bytes:
    """A request as HTTP/1.1, put together from its parts (RFC 9112 §3)."""
    origin, target = split_origin(request.url)
    lines = [f"{request.method} {target} HTTP/1.1"]
    if request.header("host") is None:
        lines.append(f"Host: {origin.partition('://')[2]}")
    lines += [f"{name}: {value}" for name, value in request.headers]
    if request.body and request.header("content-length") is None:
        lines.append(f"Content-Length: {len(request.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + request.body
