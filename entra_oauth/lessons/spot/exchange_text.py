"""A recorded exchange as a learner reads it: step by step, tokens opened, long secrets masked.

What a person could not work out by eye stands beside a value: the hash of a verifier, the distance
of a time.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from entra_oauth.audit.redacted_values import jwt
from entra_oauth.errors import plain
from entra_oauth.lessons.masking import Masks
from entra_oauth.lessons.spot.mutations import challenge_of
from entra_oauth.protocol.messages import FORM, parse_form
from entra_oauth.recording.claims import claims_of
from entra_oauth.recording.step import steps_of
from entra_oauth.recording.story import cast_of, step_story

if TYPE_CHECKING:
    from collections.abc import Iterator

    from entra_oauth.audit.redacted_values import Jwt
    from entra_oauth.protocol.messages import HttpRequest, HttpResponse
    from entra_oauth.recording import Recording
    from entra_oauth.recording.step import Step

__all__ = ["step_texts"]

_KEY = b"entra-oauth: tags of exchanges that were made to be read"
_COMPARED = ("state", "nonce", "code_challenge", "user_code")
"""No secrets here, and they must be seen to be judged."""
_UNTOLD_HEADERS = frozenset(
    ("accept", "connection", "content-length", "date", "expires", "host", "p3p")
    + ("strict-transport-security", "x-xss-protection")
)
_UNTOLD_CLAIMS = frozenset(
    ("acct", "acr", "aio", "amr", "appidacr", "family_name", "given_name", "idp", "ipaddr", "rh")
    + ("sid", "typ", "unique_name", "upn", "uti", "ver", "x5t", "xms_ftd")
)
_UNTOLD_MEMBERS = frozenset(
    ("correlation_id", "error_codes", "error_uri", "ext_expires_in", "message", "timestamp")
    + ("trace_id",)
)
_TIMES = ("iat", "nbf", "exp")
_OF_METADATA = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
_LONGEST = 300
_SHORT = 100


def step_texts(recording: Recording) -> tuple[str, ...]:
    """One text for each step, in their order; its lines begin with five blanks."""
    steps = steps_of(recording)
    signed = {
        claim.steps[0]: claim.verdict
        for claim in claims_of(steps)
        if claim.name == "id-token-signature" and claim.verdict in ("yes", "no")
    }
    reader = _MessageLines(start=steps[0].started_at, signed=signed)
    cast = cast_of(steps)
    texts = []
    for step in steps:
        story = step_story(step, cast)
        way = f"{story.sender.value} to {story.receiver.value}"
        after = f"{step.started_at - reader.start:.1f} s"
        title = f"Step {step.number}, at {after}: {way} ({step.channel} channel)"
        lines = [*reader.request(step), *reader.response(step)]
        texts.append("\n".join([title, "", *(f"     {line}".rstrip() for line in lines)]))
    return tuple(texts)


class _MessageLines:
    """The lines of messages."""

    def __init__(self, *, start: float, signed: dict[int, str]) -> None:
        self.start = start
        self._signed = signed
        self._masks = Masks(_KEY)

    def request(self, step: Step) -> Iterator[str]:
        request = step.http_request
        before, _, rest = step.url.partition("?")
        text, _, fragment = rest.partition("#")
        yield f"{step.method} {plain(before, limit=_LONGEST)}"
        for at, (name, value) in enumerate(parse_form(text)):
            yield f"{'&' if at else '?'}{self._pair(name, value)}"
        if fragment:
            yield f"#{plain(fragment, limit=_LONGEST)}"
        for name, value in request.headers:
            if name.lower() not in _UNTOLD_HEADERS:
                yield self._header(name, value)
        if request.body:
            yield ""
            yield from self._form(request)

    def response(self, step: Step) -> Iterator[str]:
        response = step.http_response
        if response is None:
            return
        yield ""
        yield f"answer: HTTP {response.status}"
        for name, value in response.headers:
            low = name.lower()
            if low not in _UNTOLD_HEADERS and not low.startswith("x-ms-"):
                yield f"{plain(name)}: {plain(value, limit=_LONGEST)}"
        if response.body:
            yield ""
            yield from self._body(response, step)

    def _form(self, request: HttpRequest) -> Iterator[str]:
        is_form = (request.header("content-type") or "").startswith(FORM)
        text = request.body.decode("utf-8", "replace")
        if not is_form:
            yield plain(text, limit=_LONGEST)
            return
        for name, value in parse_form(text):
            yield self._pair(name, value)

    def _pair(self, name: str, value: str) -> str:
        if name in _COMPARED:
            return f"{name} = {plain(value, limit=_LONGEST)}"
        shown = f"{plain(name, limit=60)} = {self._masks.value(name, value)}"
        if name == "code_verifier":
            return f"{shown} (its S256: {challenge_of(value)})"
        return shown

    def _header(self, name: str, value: str) -> str:
        scheme, _, rest = value.partition(" ")
        if name.lower() == "authorization" and scheme == "Basic":
            opened = b64decode(rest).decode("utf-8", "replace")
            return f"{name}: Basic … (it says {plain(opened, limit=120)})"
        return f"{plain(name)}: {self._masks.header(name, value)}"

    def _body(self, response: HttpResponse, step: Step) -> Iterator[str]:
        text = response.body.decode("utf-8", "replace")
        try:
            members: Any = json.loads(text, object_pairs_hook=tuple)
        except ValueError:
            yield plain(text, limit=_LONGEST)
            return
        names = [name for name, _ in members]
        if "authorization_endpoint" in names:
            members = [(name, value) for name, value in members if name in _OF_METADATA]
        elif "keys" in names:
            kids = [dict(key).get("kid", "") for key in dict(members)["keys"]]
            members = [("keys", f"those with the kid {', '.join(kids)}")]
        elif not {"access_token", "error", "user_code"} & set(names):
            yield plain(text, limit=_SHORT)
            return
        for name, value in members:
            if name in _UNTOLD_MEMBERS:
                continue
            yield from self._member(name, value if isinstance(value, str) else str(value), step)
        if "access_token" in names and "id_token" in names:
            yield from self._half_hash(dict(members)["access_token"], dict(members)["id_token"])

    def _member(self, name: str, value: str, step: Step) -> Iterator[str]:
        yield self._pair(name, value)
        opened = jwt(value)
        if opened is not None:
            yield from self._token(name, opened, step)

    def _token(self, name: str, opened: Jwt, step: Step) -> Iterator[str]:
        yield f"| its header: {_listed(opened.header, step)}"
        for claim, value in opened.claims.items():
            if claim not in _UNTOLD_CLAIMS:
                yield f"| {_listed({claim: value}, step)}"
        if name == "id_token" and step.number in self._signed:
            fits = "fits" if self._signed[step.number] == "yes" else "does not fit"
            yield f"| its signature, tried with the keys of this recording, {fits}"

    def _half_hash(self, token: str, id_token: str) -> Iterator[str]:
        opened = jwt(id_token)
        if opened is not None and "at_hash" in opened.claims:
            half = hashlib.sha256(token.encode("ascii")).digest()[:16]
            text = urlsafe_b64encode(half).rstrip(b"=").decode("ascii")
            yield f"(the left half of the access token's SHA-256 is {text})"


def _listed(values: dict[str, Any], step: Step) -> str:
    """Members of a token in one line, times with their distance from the answer."""
    shown = []
    for name, value in values.items():
        if name in _UNTOLD_CLAIMS:
            continue
        text = plain(value if isinstance(value, str) else json.dumps(value), limit=120)
        if name in _TIMES and isinstance(value, int):
            away = value - step.ended_at
            text += f" ({abs(away):.0f} s {'after' if away > 0 else 'before'} this answer)"
        shown.append(f"{plain(name)} = {text}")
    return ", ".join(shown)
