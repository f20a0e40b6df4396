"""The things that a fault can do: the pieces that `syntax` puts together."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from entra_oauth.channels.loopback.host import HangUp
from entra_oauth.practice.http.refusals import because_of, refuse
from entra_oauth.practice.http.responses import as_fields, as_json
from entra_oauth.practice.pages import forms
from entra_oauth.practice.pages.reply_to_app import truncated, with_header
from entra_oauth.practice.request.challenge import Challenge
from entra_oauth.practice.signing.jws import base64url, compact_json, split
from entra_oauth.practice.token.signed_tokens import sign
from entra_oauth.practice.workspace.api_caller import claims_challenge
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    from entra_oauth.practice.faults.fault_rule import Scene
    from entra_oauth.practice.pages.reply_to_app import Answer
    from entra_oauth.practice.signing.jws import SignedToken
    from entra_oauth.protocol.messages import Fields

__all__ = [
    "AddHeader",
    "CaeChallenge",
    "Clock",
    "EndConnection",
    "EntraRefusal",
    "FixedAnswer",
    "NoUserConsent",
    "SetClaim",
    "SetField",
    "SpoilSignature",
    "StolenCode",
    "Truncate",
]

_RELATIVE = re.compile(r"[+-][0-9]{1,9}")
_IN_HEADER = ("alg", "kid", "typ", "x5t")


# ---- before ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Clock:
    """This answer is given by a clock that is so many seconds ahead, or behind."""

    seconds: float

    def __call__(self, scene: Scene) -> Scene:
        now = scene.call.now + self.seconds
        return replace(
            scene,
            context=replace(scene.context, now=lambda: now),
            call=replace(scene.call, now=now),
        )


@dataclass(frozen=True, slots=True)
class NoUserConsent:
    """People may not consent for themselves, and for this answer nobody has."""

    def __call__(self, scene: Scene) -> Scene:
        directory = scene.context.directory
        tenants = tuple(replace(tenant, user_consent=False) for tenant in directory.tenants)
        context = replace(
            scene.context, directory=replace(directory, tenants=tenants), withdrawn_by=scene.fault
        )
        return replace(scene, context=context)


# ---- instead -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FixedAnswer:
    """This, and the tenant does nothing at all."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"

    def __call__(self, scene: Scene) -> Answer:
        return HttpResponse(
            status=self.status,
            headers=(("Content-Type", self.content_type), ("Cache-Control", "no-store")),
            body=self.body,
        )


@dataclass(frozen=True, slots=True)
class EndConnection:
    """Nobody answers: the connection is closed, or reset."""

    reset: bool

    def __call__(self, scene: Scene) -> Answer:
        raise HangUp(reset=self.reset)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraRefusal:
    """Entra's refusal of that number, in the manner of the place."""

    number: int
    names: tuple[str, ...]
    error: str | None = None
    suberror: str | None = None
    claims: str | None = None

    def __call__(self, scene: Scene) -> Answer:
        refused = refuse(self.number, *self.names, error=self.error, suberror=self.suberror)
        refused.claims = self.claims
        if scene.place == "redirect":
            answer = scene.go_on(scene.context, scene.call)
            if isinstance(answer, HttpResponse):
                return answer
            state = tuple((n, v) for n, v in answer.fields if n == "state")
            return replace(answer, fields=(*as_fields(refused, scene.call), *state))
        if scene.place in ("authorize", "page"):
            return forms.error(because_of(scene.fault, refused), scene.call)
        return as_json(refused, scene.call, extra=self._readable(scene))

    def _readable(self, scene: Scene) -> Fields:
        """As with any refusal of the token endpoint, a page's script may read it."""
        names = (value for name, value in scene.call.form.fields if name == "client_id")
        app = scene.context.directory.app(next(names, ""))
        if scene.place != "token" or app is None:
            return ()
        from entra_oauth.practice.token.token_endpoint import readable_by_page  # seldom needed

        return readable_by_page(app, scene.call)


@dataclass(frozen=True, slots=True)
class CaeChallenge:
    """The workspace wants a token that is newer than this moment."""

    def __call__(self, scene: Scene) -> Answer:
        return claims_challenge(int(scene.call.now))


# ---- edits -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AddHeader:
    """One more header, in the place of one that has the name."""

    name: str
    value: str

    def __call__(self, scene: Scene, answer: Answer) -> Answer:
        if isinstance(answer, HttpResponse):
            return with_header(answer, self.name, self.value)
        return replace(answer, headers=(*answer.headers, (self.name, self.value)))


@dataclass(frozen=True, slots=True)
class Truncate:
    """The body ends after so many bytes, though more were promised."""

    length: int

    def __call__(self, scene: Scene, answer: Answer) -> Answer:
        if isinstance(answer, HttpResponse):
            return truncated(answer, self.length)
        return replace(answer, body_limit=self.length)


@dataclass(frozen=True, slots=True)
class SetField:
    """A member of a JSON answer, or a field of the reply to the app; None takes it out."""

    name: str
    value: str | None = field(repr=False)

    def __call__(self, scene: Scene, answer: Answer) -> Answer:
        if scene.place == "redirect":
            if isinstance(answer, HttpResponse):
                return answer
            rest = tuple((n, v) for n, v in answer.fields if n != self.name)
            added = () if self.value is None else ((self.name, self.value),)
            return replace(answer, fields=(*rest, *added))
        body = _object(answer)
        if body is None:
            return answer
        body.pop(self.name, None)
        if self.value is not None:
            body[self.name] = _typed(self.value)
        return _with_body(answer, body)


@dataclass(frozen=True, slots=True)
class SetClaim:
    """A claim, or one of the header's `alg`, `kid`, `typ`; the token is signed afresh.

    A value such as `+60` or `-3600` is a time: so many seconds from now. With the
    `alg` `none` there is no signature.
    """

    token: str
    name: str
    value: str | None = field(repr=False)

    def __call__(self, scene: Scene, answer: Answer) -> Answer:
        token = _token(scene, answer, self.token)
        if token is None:
            return answer
        header, claims = dict(token.header), dict(token.claims)
        changed = header if self.name in _IN_HEADER else claims
        changed.pop(self.name, None)
        if self.value is not None:
            relative = _RELATIVE.fullmatch(self.value) and changed is claims
            changed[self.name] = (
                int(scene.call.now) + int(self.value) if relative else _typed(self.value)
            )
        if header.get("alg") == "none":
            return _with_token(answer, self.token, f"{_piece(header)}.{_piece(claims)}.")
        signed = sign(scene.context.keys.key(), {n: str(v) for n, v in header.items()}, claims)
        return _with_token(answer, self.token, signed)


@dataclass(frozen=True, slots=True)
class SpoilSignature:
    """The token's last part is that of another one."""

    token: str

    def __call__(self, scene: Scene, answer: Answer) -> Answer:
        token = _token(scene, answer, self.token)
        if token is None:
            return answer
        other = base64url(token.signature[::-1]).decode("ascii")
        return _with_token(answer, self.token, f"{token.signed.decode('ascii')}.{other}")


@dataclass(frozen=True, slots=True)
class StolenCode:
    """The reply carries a code that was issued to somebody else, for another verifier."""

    thief: str = "mallory"

    def __call__(self, scene: Scene, answer: Answer) -> Answer:
        if isinstance(answer, HttpResponse):
            return answer
        context = scene.context
        issued_code = context.issued.code(answer.get("code") or "")
        if issued_code is None:
            return answer
        people = (u for u in context.directory.users if u.name.partition("@")[0] == self.thief)
        challenge = issued_code.request.challenge
        if challenge is not None:
            challenge = Challenge(context.chance.text(43), "S256")
        other = replace(
            issued_code,
            request=replace(issued_code.request, challenge=challenge),
            user=next(people, issued_code.user),
        )
        client_id = issued_code.request.app.client_id
        for scope in issued_code.request.requested.resources:
            # Whoever steals for profit has agreed before.
            context.issued.consent(other.user.oid, client_id, scope.resource.id)
        code = context.chance.authorization_code()
        context.issued.save_code(code, other)
        fields = tuple((n, code if n == "code" else v) for n, v in answer.fields)
        return replace(answer, fields=fields)


def _token(scene: Scene, answer: Answer, name: str) -> SignedToken | None:
    """The token of that name in a JSON answer, or at `redirect` in the reply to the app."""
    if isinstance(answer, HttpResponse):
        return split(str((_object(answer) or {}).get(name, "")))
    return split(answer.get(name) or "") if scene.place == "redirect" else None


def _with_token(answer: Answer, name: str, token: str) -> Answer:
    if isinstance(answer, HttpResponse):
        return _with_body(answer, {**(_object(answer) or {}), name: token})
    return replace(answer, fields=tuple((n, token if n == name else v) for n, v in answer.fields))


def _object(answer: Answer) -> dict[str, object] | None:
    """The JSON object of a message; None for any other."""
    try:
        body = json.loads(answer.body) if isinstance(answer, HttpResponse) else None
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _with_body(answer: Answer, body: dict[str, object]) -> Answer:
    if isinstance(answer, HttpResponse):
        return replace(answer, body=compact_json(body).encode("utf-8"))
    return answer


def _piece(part: dict[str, object]) -> str:
    return base64url(compact_json(part).encode("utf-8")).decode("ascii")


def _typed(text: str) -> object:
    """A number, true, false or null where the text is one; else the text."""
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float | None) else text
