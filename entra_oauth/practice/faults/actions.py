"""What a fault can do: the pieces that `fault_words` puts together."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from entra_oauth.channels.loopback.host import HangUp
from entra_oauth.practice.http.authorization_response import read_reply
from entra_oauth.practice.http.error_responses import as_fields, as_json
from entra_oauth.practice.http.refusals import refuse
from entra_oauth.practice.pages import forms
from entra_oauth.practice.request.challenge import Challenge
from entra_oauth.practice.request.claims_request import challenge_json
from entra_oauth.practice.signing.jws import base64url, compact_json, split
from entra_oauth.practice.token.signed_tokens import sign
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    from entra_oauth.practice.faults.fault_rule import Scene

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
    """People may not consent for themselves, and what was consented to is taken back."""

    def __call__(self, scene: Scene) -> Scene:
        scene.context.issued.withdraw_consents()
        directory = scene.context.directory
        tenants = tuple(replace(tenant, user_consent=False) for tenant in directory.tenants)
        return replace(
            scene, context=replace(scene.context, directory=replace(directory, tenants=tenants))
        )


# ---- instead -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FixedAnswer:
    """This, and the tenant does nothing at all."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"

    def __call__(self, scene: Scene) -> HttpResponse:
        return HttpResponse(
            status=self.status,
            headers=(("Content-Type", self.content_type), ("Cache-Control", "no-store")),
            body=self.body,
        )


@dataclass(frozen=True, slots=True)
class EndConnection:
    """Nobody answers: the connection is closed, or reset."""

    reset: bool

    def __call__(self, scene: Scene) -> HttpResponse:
        raise HangUp(reset=self.reset)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraRefusal:
    """Entra's refusal of that number, in the manner of the place."""

    number: int
    names: tuple[str, ...]
    error: str | None = None
    suberror: str | None = None
    claims: str | None = None

    def __call__(self, scene: Scene) -> HttpResponse:
        refused = refuse(self.number, *self.names, error=self.error, suberror=self.suberror)
        refused.claims = self.claims
        if scene.place == "redirect":
            answer = scene.go_on(scene.context, scene.call)
            reply = read_reply(answer)
            if reply is None:
                return answer
            kept = tuple((n, v) for n, v in reply.fields if n == "state")
            return reply.saying((*as_fields(refused, scene.call), *kept))
        if scene.place in ("authorize", "page"):
            return forms.error(refused, scene.call)
        return as_json(refused, scene.call)


@dataclass(frozen=True, slots=True)
class CaeChallenge:
    """The workspace wants a token that is newer than this moment."""

    def __call__(self, scene: Scene) -> HttpResponse:
        wanted = b64encode(challenge_json(int(scene.call.now)).encode()).decode("ascii")
        told = f'Bearer realm="", error="insufficient_claims", claims="{wanted}"'
        message = "Continuous access evaluation resulted in claims challenge."
        return HttpResponse(
            status=401,
            reason="Unauthorized",
            headers=(("Content-Type", "application/json"), ("WWW-Authenticate", told)),
            body=json.dumps({"error_code": 401, "message": message}).encode("utf-8"),
        )


# ---- edits -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AddHeader:
    """One more header, in the place of one that has the name."""

    name: str
    value: str

    def __call__(self, scene: Scene, answer: HttpResponse) -> HttpResponse:
        others = tuple((n, v) for n, v in answer.headers if n.lower() != self.name.lower())
        return replace(answer, headers=(*others, (self.name, self.value)))


@dataclass(frozen=True, slots=True)
class Truncate:
    """The body ends after so many bytes, though more were promised."""

    keep: int

    def __call__(self, scene: Scene, answer: HttpResponse) -> HttpResponse:
        promised = ("Content-Length", str(len(answer.body)))
        headers = (*answer.headers, promised, ("Connection", "close"))
        return replace(answer, headers=headers, body=answer.body[: self.keep])


@dataclass(frozen=True, slots=True)
class SetField:
    """A member of a JSON answer, or a field of the reply to the app; None takes it out."""

    name: str
    value: str | None = field(repr=False)

    def __call__(self, scene: Scene, answer: HttpResponse) -> HttpResponse:
        if scene.place == "redirect":
            reply = read_reply(answer)
            if reply is None:
                return answer
            rest = tuple((n, v) for n, v in reply.fields if n != self.name)
            added = () if self.value is None else ((self.name, self.value),)
            return reply.saying((*rest, *added))
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

    def __call__(self, scene: Scene, answer: HttpResponse) -> HttpResponse:
        body = _object(answer) or {}
        token = split(str(body.get(self.token, "")))
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
            body[self.token] = f"{_piece(header)}.{_piece(claims)}."
        else:
            key = scene.context.keys.key()
            body[self.token] = sign(key, {n: str(v) for n, v in header.items()}, claims)
        return _with_body(answer, body)


@dataclass(frozen=True, slots=True)
class SpoilSignature:
    """The token's last part is that of another one."""

    token: str

    def __call__(self, scene: Scene, answer: HttpResponse) -> HttpResponse:
        body = _object(answer) or {}
        token = split(str(body.get(self.token, "")))
        if token is None:
            return answer
        other = base64url(token.signature[::-1]).decode("ascii")
        body[self.token] = f"{token.signed.decode('ascii')}.{other}"
        return _with_body(answer, body)


@dataclass(frozen=True, slots=True)
class StolenCode:
    """The reply carries a code that was issued to somebody else, for another verifier."""

    thief: str = "mallory"

    def __call__(self, scene: Scene, answer: HttpResponse) -> HttpResponse:
        reply, context = read_reply(answer), scene.context
        issued_code = context.issued.code((reply.get("code") if reply else None) or "")
        if reply is None or issued_code is None:
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
        for (
            wanted
        ) in issued_code.request.requested.resources:  # whoever steals for profit has agreed before
            context.issued.consent(
                other.user.oid, issued_code.request.app.client_id, wanted.resource.id
            )
        code = f"1.A{context.chance.text(85)}.AgABBAIAAAD{context.chance.text(800)}"
        context.issued.keep_code(code, other)
        return reply.saying(tuple((n, code if n == "code" else v) for n, v in reply.fields))


def _object(answer: HttpResponse) -> dict[str, object] | None:
    try:
        body = json.loads(answer.body)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _with_body(answer: HttpResponse, body: dict[str, object]) -> HttpResponse:
    return replace(answer, body=compact_json(body).encode("utf-8"))


def _piece(part: dict[str, object]) -> str:
    return base64url(compact_json(part).encode("utf-8")).decode("ascii")


def _typed(text: str) -> object:
    """A number, true, false or null where the text is one; else the text."""
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float | None) else text
