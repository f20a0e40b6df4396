"""One thing changed in a recorded exchange: a parameter, a header, a member of an answer.

Each function here makes a `Mutation`, a pure function from a recording to another. A message is
named by the note of its exchange and its place among those of that note, from 1.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from entra_oauth.protocol.messages import encode_form, parse_form
from entra_oauth.recording import Recording

if TYPE_CHECKING:
    from entra_oauth.protocol.messages import Fields, HttpRequest, HttpResponse
    from entra_oauth.recording import Exchange

__all__ = [
    *(
        "Mutation",
        "after",
        "again",
        "answer",
        "answer_header",
        "challenge_of",
        "claims",
        "copy_of",
        "every",
    ),
    *(
        "form",
        "header",
        "later",
        "left_out",
        "moved",
        "once_more",
        "query",
        "replied",
        "sent_to",
        "value",
    ),
]

Mutation = Callable[[Recording], Recording]
Text = Mapping[str, str | None]
"""Names with their new values; None takes one out."""


def every(*mutations: Mutation) -> Mutation:
    """All of them, one after the other: for a fault that shows in several messages."""

    def done(recording: Recording) -> Recording:
        for mutation in mutations:
            recording = mutation(recording)
        return recording

    return done


def query(changes: Text, at: str = "authorize", nth: int = 1) -> Mutation:
    """Parameters of the address."""

    def done(request: HttpRequest) -> HttpRequest:
        before, _, text = request.url.partition("?")
        text = encode_form(_set(parse_form(text), changes))
        return replace(request, url=f"{before}?{text}" if text else before)

    return _request(at, nth, done)


def form(changes: Text, at: str = "token", nth: int = 1) -> Mutation:
    """Fields of the body."""

    def done(request: HttpRequest) -> HttpRequest:
        fields = _set(parse_form(request.body.decode("ascii")), changes)
        return replace(request, body=encode_form(fields).encode("ascii"))

    return _request(at, nth, done)


def again(name: str, text: str, at: str, nth: int = 1) -> Mutation:
    """A parameter once more, with another value: in the body where there is one."""
    pair = encode_form(((name, text),))

    def done(request: HttpRequest) -> HttpRequest:
        if request.body:
            return replace(request, body=request.body + f"&{pair}".encode("ascii"))
        return replace(request, url=f"{request.url}&{pair}")

    return _request(at, nth, done)


def moved(url: Callable[[str], str], at: str, nth: int = 1, method: str = "") -> Mutation:
    """Another address, or another method."""

    def done(request: HttpRequest) -> HttpRequest:
        return replace(request, url=url(request.url), method=method or request.method)

    return _request(at, nth, done)


def sent_to(host: str, at: str, nth: int = 1) -> Mutation:
    """Another scheme and host, the rest of the address as it is."""
    return moved(lambda url: f"{host}/{url.split('/', 3)[3]}", at, nth)


def header(name: str, text: str | None, at: str, nth: int = 1) -> Mutation:
    """A header of the request; None takes it out."""

    def done(request: HttpRequest) -> HttpRequest:
        return replace(request, headers=_headers(request.headers, name, text))

    return _request(at, nth, done)


def answer(changes: Mapping[str, Any], at: str = "token", nth: int = 1) -> Mutation:
    """Members of a JSON answer; None takes one out."""

    def done(response: HttpResponse) -> HttpResponse:
        members = {**json.loads(response.body), **changes}
        members = {name: each for name, each in members.items() if each is not None}
        return replace(response, body=json.dumps(members).encode())

    return _response(at, nth, done)


def answer_header(name: str, text: str | None, at: str, nth: int = 1) -> Mutation:
    """A header of the answer; None takes it out."""

    def done(response: HttpResponse) -> HttpResponse:
        return replace(response, headers=_headers(response.headers, name, text))

    return _response(at, nth, done)


def replied(
    status: int, at: str, nth: int = 1, *, body: bytes = b"", more: Fields = ()
) -> Mutation:
    """Another answer: status, body, and headers beside those that it had."""

    def done(response: HttpResponse) -> HttpResponse:
        headers = response.headers
        for name, text in more:
            headers = _headers(headers, name, text)
        return replace(response, status=status, reason="", headers=headers, body=body)

    return _response(at, nth, done)


def claims(
    token: str, changes: Mapping[str, Any], nth: int = 1, *, head: Mapping[str, Any] | None = None
) -> Mutation:
    """Claims of a token in a token answer, its signature kept; None takes one out.

    It is the changed token that is sent to an API later on.
    """

    def done(recording: Recording) -> Recording:
        before = value(recording, token, "token", nth)
        first, second, signature = before.split(".")
        parts = {**_opened(first), **(head or {})}, {**_opened(second), **changes}
        kept = ({name: each for name, each in part.items() if each is not None} for part in parts)
        made = ".".join([*map(_closed, kept), signature])
        return _sent_instead(answer({token: made}, "token", nth)(recording), before, made)

    return done


def later(seconds: float, at: str, nth: int = 1) -> Mutation:
    """That message so much later, and all that came after it."""

    def done(recording: Recording) -> Recording:
        start = _find(recording, at, nth).started_at
        return Recording(
            tuple(
                _shifted(e, seconds if e.started_at >= start else 0.0) for e in recording.exchanges
            )
        )

    return done


def left_out(at: str, nth: int = 1) -> Mutation:
    """The recording without that message."""

    def done(recording: Recording) -> Recording:
        gone = _find(recording, at, nth)
        return Recording(tuple(each for each in recording.exchanges if each is not gone))

    return done


def once_more(at: str, nth: int = 1, *, seconds: float = 1.0) -> Mutation:
    """That message a second time at the end of the recording."""
    return after(lambda recording: _find(recording, at, nth), seconds=seconds)


def after(made: Callable[[Recording], Exchange], *, seconds: float = 1.0) -> Mutation:
    """One more exchange, `seconds` after the last."""

    def done(recording: Recording) -> Recording:
        end = max(each.ended_at for each in recording.exchanges) + seconds
        late = replace(made(recording), started_at=end, ended_at=end + 0.2)
        return Recording((*recording.exchanges, late))

    return done


def value(recording: Recording, name: str, at: str, nth: int = 1) -> str:
    """The value of a parameter of that message, or else of a member of its answer."""
    found = _find(recording, at, nth)
    fields = dict(parse_form(found.request.query)) | dict(
        parse_form(found.request.body.decode("ascii"))
    )
    if name in fields or found.response is None:
        return fields[name]
    return str(json.loads(found.response.body)[name])


def copy_of(recording: Recording, at: str, nth: int = 1) -> Exchange:
    """That message."""
    return _find(recording, at, nth)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


# ---- one message of a recording ----------------------------------------------------------


def _find(recording: Recording, at: str, nth: int) -> Exchange:
    return [each for each in recording.exchanges if each.note.startswith(at)][nth - 1]


def _exchange(at: str, nth: int, change: Callable[[Exchange], Exchange]) -> Mutation:
    def done(recording: Recording) -> Recording:
        there = _find(recording, at, nth)
        return Recording(
            tuple(change(each) if each is there else each for each in recording.exchanges)
        )

    return done


def _request(at: str, nth: int, change: Callable[[HttpRequest], HttpRequest]) -> Mutation:
    def done(exchange: Exchange) -> Exchange:
        request = change(exchange.request)
        kept = tuple((n, v) for n, v in request.headers if n.lower() != "content-length")
        return replace(exchange, request=replace(request, headers=kept, raw=b""))

    return _exchange(at, nth, done)


def _response(at: str, nth: int, change: Callable[[HttpResponse], HttpResponse]) -> Mutation:
    def done(exchange: Exchange) -> Exchange:
        response = exchange.response
        return exchange if response is None else replace(exchange, response=change(response))

    return _exchange(at, nth, done)


def _sent_instead(recording: Recording, before: str, token: str) -> Recording:
    """Every request with that token in a header has the other one there."""

    def done(exchange: Exchange) -> Exchange:
        request = exchange.request
        headers = tuple((name, text.replace(before, token)) for name, text in request.headers)
        if headers == request.headers:
            return exchange
        return replace(exchange, request=replace(request, headers=headers, raw=b""))

    return Recording(tuple(map(done, recording.exchanges)))


def _shifted(exchange: Exchange, seconds: float) -> Exchange:
    start, end = exchange.started_at + seconds, exchange.ended_at + seconds
    return replace(exchange, started_at=start, ended_at=end)


def _set(fields: Fields, changes: Text) -> Fields:
    kept = [(name, changes.get(name, text)) for name, text in fields]
    there = {name for name, _ in fields}
    kept += [(name, text) for name, text in changes.items() if name not in there]
    return tuple((name, text) for name, text in kept if text is not None)


def _headers(headers: Fields, name: str, text: str | None) -> Fields:
    kept = tuple((n, v) for n, v in headers if n.lower() != name.lower())
    return kept if text is None else (*kept, (name, text))


def _opened(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def _closed(part: Mapping[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode("ascii")
