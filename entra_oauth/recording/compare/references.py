"""Requests of other clients, to hold one's own against.

`article:curl` is what curl sends for the article's command; it is rendered from the
values of the request that it is held against. The others were captured from the
clients themselves, with example values; what only names the app, the code or the host
is taken over from the other request, so that what differs is the client.
"""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError, plain
from entra_oauth.protocol.messages import FORM, HttpRequest, split_form, split_origin
from entra_oauth.recording.claims import curls_request
from entra_oauth.recording.compare.layers import Side
from entra_oauth.recording.raw import split_message
from entra_oauth.recording.step import Seen

if TYPE_CHECKING:
    from entra_oauth.recording.raw import RawMessage
    from entra_oauth.recording.step import Evidence, Step

__all__ = ["ARTICLE", "CAPTURED", "captured", "is_reference", "rendered", "rendered_alone"]

ARTICLE = "article:curl"
CAPTURED = {
    "authlib:1.9": "authlib 1.9.9, OAuth2Session.fetch_token",
    "curl:7.88": "curl 7.88.1, the article's command with the article's example values",
    "httpx:0.28": "httpx 0.28.1, httpx.post(url, data=dict)",
    "msal:1.39": "msal 1.39.0, acquire_token_by_auth_code_flow",
    "requests:2.34": "requests 2.34.2, requests.post(url, data=dict)",
}
"""Names, and what each was captured from. Python 3.11 on Linux, HTTP/1.1."""

AGENT = "curl/7.88.1"
_FIELDS = ("client_id", "scope", "code", "redirect_uri", "grant_type", "state")
_TAKEN_OVER = ("client_id", "code", "code_verifier", "redirect_uri", "state")
_NAME = re.compile(r"[a-z][a-z.]{1,20}:[a-z0-9][a-z0-9.]{0,10}")


def is_reference(name: str) -> bool:
    """True if it is written as the name of a reference is."""
    return _NAME.fullmatch(name) is not None


def captured(name: str, *, against: Side | None = None) -> Side:
    """A captured request. Raises `UsageError` if there is none of that name."""
    if name not in CAPTURED:
        raise UsageError(
            f"There is no reference {plain(name, limit=40)}.",
            advice=f"Use one of {', '.join((ARTICLE, *CAPTURED))}.",
        )
    data = files(__package__).joinpath("captured", f"{name.replace(':', '-')}.request.bin")
    side = Side(
        label=name,
        message=split_message(data.read_bytes()),
        remark=f"captured from {CAPTURED[name]}",
    )
    if against is None:
        return side
    message, taken = _with_values_of(side.message, against.message)
    return replace(
        side,
        message=message,
        origin=against.origin,
        tags=against.tags,
        remark=f"{side.remark}; taken over from the other one: {', '.join(taken)}",
    )


def _with_values_of(message: RawMessage, other: RawMessage) -> tuple[RawMessage, list[str]]:
    """The same client's request, had it had the other's values."""
    theirs = dict(split_form((other.decoded() or b"").decode("latin-1")))
    taken = ["host and path"]
    pieces = []
    for name, raw in split_form(message.body.decode("latin-1")):
        take = name in _TAKEN_OVER and name in theirs
        taken += [name] if take else []
        pieces.append(f"{name}={theirs[name] if take else raw}")
    body = "&".join(pieces).encode("latin-1")
    lines = []
    for line in message.lines:
        header = line.partition(b":")[0].lower()
        if header == b"host" and (host := other.header("host")) is not None:
            line = b"Host: " + host.encode("latin-1")
        elif header == b"content-length":
            line = b"Content-Length: %d" % len(body)
        lines.append(line)
    target = other.start.split(b" ")
    start = message.start.split(b" ")
    if len(target) == len(start) == 3:
        start[1] = target[1]
    return replace(message, start=b" ".join(start), lines=tuple(lines), body=body), taken


def rendered(step: Step, evidence: Evidence, side: Side) -> Side:
    """The request that curl sends for the article's command with the values of this recording.

    Client, scope, redirect URI and state are those of the authorize URL, the code is the
    one that the redirect brought; what is not recorded is taken from the request itself.
    """
    values = dict(split_form(step.http_request.body.decode("latin-1")))
    before = [each for each in evidence.steps if each.number < step.number]
    asked = next((each for each in reversed(before) if each.name == "authorize"), None)
    answered = next((each for each in reversed(before) if each.name == "redirect"), None)
    if answered is not None:
        values |= {name: raw for name, raw in _fields(answered) if name == "code"}
    if asked is not None:
        own = ("client_id", "scope", "redirect_uri", "state")
        values |= {name: raw for name, raw in _fields(asked) if name in own}
    sources = [f"step {each.number}" for each in (asked, answered) if each is not None]
    return _article(values, step.url, side, " and ".join(sources) or "the request itself")


def rendered_alone(side: Side) -> Side:
    """The same for a request that stands alone: from its own values."""
    values = dict(split_form((side.message.decoded() or b"").decode("latin-1")))
    target = side.message.start.split(b" ")[1:2] or [b"/"]
    url = f"https://{side.message.header('host') or 'localhost'}{target[0].decode('latin-1')}"
    return _article(values, url, side, "the request itself")


def _article(values: dict[str, str], url: str, side: Side, source: str) -> Side:
    values = {**values, "grant_type": "authorization_code"}
    missing = [name for name in _FIELDS if name not in values]
    if missing:
        raise UsageError(
            f"{ARTICLE} cannot be rendered: no {' and no '.join(missing)} was recorded.",
            advice="Compare the token request of a sign-in with a code.",
        )
    body = "&".join(f"{name}={values[name]}" for name in _FIELDS).encode("latin-1", "replace")
    origin, target = split_origin(url)
    request = HttpRequest(method="POST", url=f"{origin}{target.partition('?')[0]}", body=body)
    return Side(
        label=ARTICLE,
        message=split_message(curls_request(request, user_agent=AGENT)),
        origin=side.origin,
        tags=side.tags,
        remark=f"rendered as {AGENT} sends it ({FORM}), with the values of {source}",
    )


def _fields(step: Step) -> tuple[tuple[str, str], ...]:
    """Names and raw values of a step's address, and of its form."""
    query = step.url.partition("#")[0].partition("?")[2]
    if step.request.seen is Seen.ADDRESS:
        return split_form(query)
    request = step.http_request
    return split_form(query) + split_form(request.body.decode("latin-1"))
