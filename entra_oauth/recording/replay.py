"""A recorded request made ready to be sent again: with fresh values, to another host.

What was taken out is filled in from what the caller has; for a request that hands in a
code, `fresh_sign_in` says which authorize URL to open to get one, and what to fill in.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from entra_oauth.errors import UsageError, plain
from entra_oauth.protocol.endpoints.authorize import Pkce
from entra_oauth.protocol.messages import (
    FORM,
    HttpRequest,
    encode_form,
    parse_form,
    split_form,
    split_origin,
)
from entra_oauth.recording.compare.sameness import has_placeholder
from entra_oauth.recording.step import Seen

if TYPE_CHECKING:
    from entra_oauth.recording.step import Evidence, Step

__all__ = [
    "FreshSignIn",
    "ReplayRequest",
    "fresh_sign_in",
    "missing_values",
    "replay_request",
    "values_from_redirect",
]

_OURS = frozenset({"host", "content-length", "transfer-encoding", "content-encoding"})
"""Headers that the channel adds, or that no longer hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshSignIn:
    """A sign-in to be made, so that it gives a fresh code for the same request."""

    url: str = field(repr=False)
    """To be opened in a browser."""
    redirect_uri: str
    values: dict[str, str] = field(repr=False)
    """What the request must hand in beside the code; decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """A request to be sent."""

    request: HttpRequest
    filled: tuple[str, ...]
    """Names of the parameters that got a value."""


def missing_values(step: Step) -> tuple[str, ...]:
    """Names of the parameters and headers whose values were taken out."""
    request = step.http_request
    names = [name for name, raw in _pairs(request) if has_placeholder(raw.encode("latin-1"))]
    names += [name for name, value in request.headers if has_placeholder(value.encode("latin-1"))]
    return tuple(dict.fromkeys(names))


def _pairs(request: HttpRequest) -> tuple[tuple[str, str], ...]:
    pairs = split_form(request.query)
    if (request.header("content-type") or "").lower().startswith(FORM):
        pairs += split_form(request.body.decode("latin-1"))
    return pairs


def replay_request(step: Step, *, to: str | None, values: Mapping[str, str]) -> ReplayRequest:
    """The request with these values filled in; `to` is an origin, None for the recorded one.

    `values` are decoded. Raises `UsageError` for a step that cannot be sent, and if a
    value is missing_values that was taken out.
    """
    if step.channel == "front" or step.request.seen in (Seen.ADDRESS, Seen.NOTHING):
        raise UsageError(
            f"Step {step.number} was not sent by the program.",
            advice="Replay a step of the back channel, such as the token request.",
        )
    if missing := [name for name in missing_values(step) if name not in values]:
        named = ", ".join(plain(name, limit=40) for name in missing)
        raise UsageError(
            f"These values were taken out of the recording: {named}.",
            advice="Give them on standard input, a line NAME=VALUE for each, with --values -.",
        )
    request = step.http_request
    used: list[str] = []
    origin, target = split_origin(step.url)
    path, mark, query = target.partition("?")
    url = f"{to or origin}{path}{mark}{_filled(query, values, used)}"
    body = request.body
    if (request.header("content-type") or "").lower().startswith(FORM):
        body = _filled(body.decode("latin-1"), values, used).encode("latin-1")
    headers = tuple(
        (name, _header(name, value, values, used))
        for name, value in request.headers
        if name.lower() not in _OURS
    )
    return ReplayRequest(
        request=HttpRequest(method=step.method, url=url, headers=headers, body=body),
        filled=tuple(dict.fromkeys(used)),
    )


def _filled(form: str, values: Mapping[str, str], used: list[str]) -> str:
    """The form with each of these names' values; every other byte as it was."""
    pieces = []
    for piece in form.split("&") if form else []:
        name, mark, _ = piece.partition("=")
        plain_name = parse_form(piece)[0][0] if piece else ""
        if mark and plain_name in values:
            used.append(plain_name)
            piece = f"{name}={quote_plus(values[plain_name])}"
        pieces.append(piece)
    return "&".join(pieces)


def _header(name: str, value: str, values: Mapping[str, str], used: list[str]) -> str:
    if name not in values or not has_placeholder(value.encode("latin-1")):
        return value
    used.append(name)
    return values[name]


def fresh_sign_in(step: Step, evidence: Evidence, *, to: str) -> FreshSignIn | None:
    """The sign-in for a fresh code; None if the step hands none in, or none was asked for."""
    fields = dict(_pairs(step.http_request))
    before = [each for each in evidence.steps if each.number < step.number]
    asked = next((each for each in reversed(before) if each.name == "authorize"), None)
    if fields.get("grant_type") != "authorization_code" or asked is None:
        return None
    pkce = Pkce.fresh()
    fresh = {
        "state": secrets.token_urlsafe(32),
        "nonce": secrets.token_urlsafe(32),
        "code_challenge": pkce.challenge,
    }
    _, target = split_origin(asked.url)
    path, _, query = target.partition("?")
    pairs = tuple((name, fresh.get(name, value)) for name, value in parse_form(query))
    # The answer is to stand in an address, where it can be read without a listener.
    pairs = tuple((n, "query" if n == "response_mode" else v) for n, v in pairs)
    values = {"state": fresh["state"]}
    if "code_verifier" in fields:
        values["code_verifier"] = pkce.verifier
    return FreshSignIn(
        url=f"{to}{path}?{encode_form(pairs)}",
        redirect_uri=dict(pairs).get("redirect_uri", ""),
        values=values,
    )


def values_from_redirect(sign_in: FreshSignIn, redirected_to: str) -> dict[str, str]:
    """The values of the sign-in, and the code that came. Raises `UsageError` if none did."""
    fields = dict(parse_form(redirected_to.partition("?")[2].partition("#")[0]))
    if fields.get("state") != sign_in.values["state"] or "code" not in fields:
        word = plain(fields.get("error", "no code"), limit=60)
        raise UsageError(
            f"The practice tenant gave no code for this request: {word}.",
            advice="Its app and its redirect URI may not be registered there; use --values -.",
        )
    return {**sign_in.values, "code": fields["code"]}
