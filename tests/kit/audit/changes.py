"""One thing changed in a recording: a parameter, a header, a member of an answer."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from entra_oauth.protocol.messages import Fields, HttpRequest, HttpResponse, encode_form, parse_form
from entra_oauth.recording import Exchange, Recording
from kit.audit.exchanges import changed

__all__ = [
    "Change",
    "answer",
    "answer_header",
    "answer_status",
    "chain",
    "claims",
    "form",
    "header",
    "moved",
    "query",
    "redirect",
    "timed",
    "twice",
]

Change = Callable[[Recording], Recording]


def chain(*changes: Change) -> Change:
    """One change after the other."""

    def done(recording: Recording) -> Recording:
        for change in changes:
            recording = change(recording)
        return recording

    return done


def _on(note: str, change: Callable[[Exchange], Exchange]) -> Change:
    def rebuilt(exchange: Exchange) -> Exchange:
        done = change(exchange)
        # The bytes no longer hold what was changed; they are put together again.
        return replace(done, wire=None, request=_plain(done.request))

    return lambda recording: changed(recording, note, rebuilt)


def _plain(request: HttpRequest) -> HttpRequest:
    headers = tuple((n, v) for n, v in request.headers if n.lower() != "content-length")
    return replace(request, raw=b"", headers=headers)


def _set(fields: Fields, changes: dict[str, str | None]) -> Fields:
    kept = [(n, changes.get(n, v)) for n, v in fields]
    there = {n for n, _ in fields}
    kept += [(n, v) for n, v in changes.items() if n not in there]
    return tuple((n, v) for n, v in kept if v is not None)


def _query(changes: dict[str, str | None]) -> Callable[[Exchange], Exchange]:
    def done(exchange: Exchange) -> Exchange:
        before, _, text = exchange.request.url.partition("?")
        text = encode_form(_set(parse_form(text), changes))
        url = f"{before}?{text}" if text else before
        return replace(exchange, request=replace(exchange.request, url=url))

    return done


def _form(changes: dict[str, str | None]) -> Callable[[Exchange], Exchange]:
    def done(exchange: Exchange) -> Exchange:
        fields = _set(parse_form(exchange.request.body.decode()), changes)
        return replace(
            exchange, request=replace(exchange.request, body=encode_form(fields).encode())
        )

    return done


def query(_note: str = "authorize", /, **changes: str | None) -> Change:
    """Parameters of the address; None takes one out."""
    return _on(_note, _query(changes))


def form(_note: str = "token", /, **changes: str | None) -> Change:
    """Fields of the body; None takes one out."""
    return _on(_note, _form(changes))


def redirect(**changes: str | None) -> Change:
    """Fields of the answer that the browser brought by POST."""
    return form("accepted", **changes)


def twice(note: str, name: str, *, body: bool) -> Change:
    """The parameter once more, with another value."""

    def done(exchange: Exchange) -> Exchange:
        request = exchange.request
        if body:
            return replace(
                exchange, request=replace(request, body=request.body + f"&{name}=again".encode())
            )
        return replace(exchange, request=replace(request, url=f"{request.url}&{name}=again"))

    return _on(note, done)


def moved(note: str, url: Callable[[str], str], *, method: str | None = None) -> Change:
    """Another address, or another method."""

    def done(exchange: Exchange) -> Exchange:
        request = replace(exchange.request, url=url(exchange.request.url))
        return replace(exchange, request=replace(request, method=method or request.method))

    return _on(note, done)


def header(note: str, name: str, value: str | None) -> Change:
    """A header of the request; None takes it out."""

    def done(exchange: Exchange) -> Exchange:
        headers = [(n, v) for n, v in exchange.request.headers if n.lower() != name.lower()]
        headers += [(name, value)] if value is not None else []
        return replace(exchange, request=replace(exchange.request, headers=tuple(headers)))

    return _on(note, done)


def _response(note: str, change: Callable[[HttpResponse], HttpResponse]) -> Change:
    def done(exchange: Exchange) -> Exchange:
        assert exchange.response is not None
        return replace(exchange, response=change(exchange.response))

    return _on(note, done)


def _unframed(response: HttpResponse) -> HttpResponse:
    names = ("content-length", "transfer-encoding", "content-encoding")
    kept = tuple((n, v) for n, v in response.headers if n.lower() not in names)
    return replace(response, headers=kept, wire=None)


def answer(_note: str = "token", /, **changes: Any) -> Change:
    """Members of a JSON answer; `...` takes one out."""

    def done(response: HttpResponse) -> HttpResponse:
        members = json.loads(response.body) | changes
        members = {name: value for name, value in members.items() if value is not ...}
        return replace(_unframed(response), body=json.dumps(members).encode())

    return _response(_note, done)


def answer_status(
    note: str, status: int, body: bytes | None = None, *headers: tuple[str, str]
) -> Change:
    """Another status, another body, more headers."""

    def done(response: HttpResponse) -> HttpResponse:
        plain = _unframed(response)
        return replace(
            plain,
            status=status,
            body=plain.body if body is None else body,
            headers=(*plain.headers, *headers),
        )

    return _response(note, done)


def answer_header(note: str, name: str, value: str | None) -> Change:
    """A header of the answer; None takes it out."""

    def done(response: HttpResponse) -> HttpResponse:
        headers = [(n, v) for n, v in response.headers if n.lower() != name.lower()]
        headers += [(name, value)] if value is not None else []
        return _unframed(replace(response, headers=tuple(headers)))

    return _response(note, done)


def timed(note: str, seconds: float) -> Change:
    """Later, or earlier, by so many seconds."""

    def done(exchange: Exchange) -> Exchange:
        start, end = exchange.started_at + seconds, exchange.ended_at + seconds
        return replace(exchange, started_at=start, ended_at=end)

    return lambda recording: changed(recording, note, done)


def claims(token: str, _header: dict[str, Any] | None = None, /, **changes: Any) -> Change:
    """Claims of a token in the token answer, its signature kept; `...` takes one out."""

    def done(response: HttpResponse) -> HttpResponse:
        members = json.loads(response.body)
        parts = members[token].split(".")
        read = [json.loads(urlsafe_b64decode(p + "=" * (-len(p) % 4))) for p in parts[:2]]
        read[0] |= _header or {}
        read[1] = {n: v for n, v in (read[1] | changes).items() if v is not ...}
        made = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in read]
        members[token] = ".".join([*made, parts[2]])
        return replace(_unframed(response), body=json.dumps(members).encode())

    return _response("token", done)
