"""Making tokens: access tokens of both versions, and ID tokens.

Shapes: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
and .../id-token-claims-reference. `iat` and `nbf` lie five minutes before the
issue, as in Entra's samples, so a client whose clock is slow is not turned away.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from entra_oauth.practice.directory.workloads import ManagedIdentity, identity_path
from entra_oauth.practice.signing.jws import base64url, compact_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.practice.directory.model import RegisteredApp, Tenant, User
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.request.scope_string import ResourceScope
    from entra_oauth.practice.signing.signing_key import SigningKey
    from entra_oauth.practice.state.context import Context

__all__ = ["Subject", "make_access_token", "make_id_token", "service_oid", "sign", "sub_for"]

_BACKDATED_S = 300
_ID_TOKEN_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The person or app that a token speaks of, and the app that gets it."""

    app: RegisteredApp
    tenant: Tenant
    user: User | None
    """None for an app that speaks for itself."""
    proof: str
    """The app's proof: 0 for none, 1 for a secret, 2 for an assertion (`appidacr`)."""
    amr: tuple[str, ...] = ("pwd",)
    cae: bool = False
    """True if the app can handle a claims challenge, and the API takes part in that."""

    @property
    def oid(self) -> str:
        return self.user.oid if self.user else service_oid(self.tenant.id, self.app.client_id)


def make_access_token(
    context: Context,
    call: Call,
    subject: Subject,
    resource_scope: ResourceScope,
    *,
    life_s: int,
    not_before: int | None = None,
) -> str:
    """An access token of the version that its API's registration asks for.

    `life_s` is in seconds. `not_before`, in seconds since 1970, is what a claims challenge
    demanded.
    """
    # fidelity: graph-token
    key = context.keys.key()
    version = resource_scope.resource.version
    claims = {
        "aud": resource_scope.audience,
        **_times(call, life_s, not_before),
        "aio": context.chance.text(52),
        **(
            _v1(call, subject, resource_scope)
            if version == 1
            else _v2(call, subject, resource_scope)
        ),
        "rh": f"1.{context.chance.text(46)}.",
        "uti": _uti(call.trace_id),
    }
    if subject.cae:
        claims["xms_cc"] = ["cp1"]
    message = _message(_header(key.kid, key.x5t if version == 1 else None), claims)
    return _compact(message, key.sign(message))


def _times(call: Call, life_s: int, not_before: int | None) -> dict[str, object]:
    now = int(call.now)
    start = now - _BACKDATED_S
    if not_before is not None and not_before <= now:
        start = max(start, not_before)
    return {"iat": start, "nbf": start, "exp": now + life_s}


def _v1(call: Call, subject: Subject, resource_scope: ResourceScope) -> dict[str, object]:
    user, tid, app = subject.user, subject.tenant.id, subject.app
    issuer = f"https://sts.windows.net/{tid}/"  # fidelity: access-token-v1
    common: dict[str, object] = {
        "iss": issuer,
        "appid": app.client_id,
        "appidacr": subject.proof,
        "tid": tid,
        "oid": subject.oid,
        "ver": "1.0",
    }
    if user is None:
        managed = app.managed is not ManagedIdentity.NONE
        machine = {"xms_mirid": identity_path(app.name)} if managed else {}
        return common | {"idp": issuer, "sub": subject.oid, **machine}  # fidelity: app-token-v1
    return common | {
        "acr": "1",
        "amr": list(subject.amr),
        "family_name": user.family_name,
        "given_name": user.given_name,
        "ipaddr": "127.0.0.1",
        "name": user.display_name,
        "scp": " ".join(resource_scope.permissions),
        "sub": sub_for(tid, user.oid, resource_scope.resource.id),
        "unique_name": user.name,
        "upn": user.name,
    }


def _v2(call: Call, subject: Subject, resource_scope: ResourceScope) -> dict[str, object]:
    user, tid = subject.user, subject.tenant.id
    common: dict[str, object] = {
        "iss": f"{call.base_url}/{tid}/v2.0",
        "azp": subject.app.client_id,
        "azpacr": subject.proof,
        "oid": subject.oid,
        "tid": tid,
        "ver": "2.0",
    }
    if user is None:
        return common | {"sub": subject.oid, "xms_ftd": "practice"}  # fidelity: app-token-v2
    return common | {
        "name": user.display_name,
        "preferred_username": user.name,
        "scp": " ".join(resource_scope.permissions),
        "sub": sub_for(tid, user.oid, resource_scope.resource.id),
    }


def make_id_token(
    context: Context,
    call: Call,
    subject: Subject,
    user: User,
    *,
    oidc: tuple[str, ...],
    nonce: str | None,
    version: int = 2,
    code: str | None = None,
) -> str:
    """An ID token of the endpoint's version.

    With v2.0, `profile` and `email` add what OpenID Connect says they add. `code` is the one that
    comes beside the token (OpenID Connect Core §3.3.2.11).
    """
    tid = subject.tenant.id
    claims: dict[str, object] = {
        "aud": subject.app.client_id,
        **_times(call, _ID_TOKEN_S, None),
        "rh": f"1.{context.chance.text(46)}.",
        "sub": sub_for(tid, user.oid, subject.app.client_id),
        "tid": tid,
        "uti": _uti(call.trace_id),
    }
    if version == 1:
        claims |= _id_v1(tid, subject, user)
    else:
        claims |= {"iss": f"{call.base_url}/{tid}/v2.0", "ver": "2.0"}  # fidelity: issuer
        if "profile" in oidc:
            claims |= {"name": user.display_name, "oid": user.oid, "preferred_username": user.name}
        if "email" in oidc:
            claims["email"] = user.name
    if nonce is not None:
        claims["nonce"] = nonce
    if code is not None:
        half = hashlib.sha256(code.encode("ascii")).digest()[:16]
        claims["c_hash"] = base64url(half).decode("ascii")
    key = context.keys.key()
    message = _message(_header(key.kid, None), claims)
    return _compact(message, key.sign(message))


def _id_v1(tid: str, subject: Subject, user: User) -> dict[str, object]:
    return {  # fidelity: id-token-v1
        "iss": f"https://sts.windows.net/{tid}/",
        "amr": list(subject.amr),
        "family_name": user.family_name,
        "given_name": user.given_name,
        "ipaddr": "127.0.0.1",
        "name": user.display_name,
        "oid": user.oid,
        "unique_name": user.name,
        "upn": user.name,
        "ver": "1.0",
    }


def service_oid(tid: str, client_id: str) -> str:
    """The object id of an app's service principal in a tenant."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"practice:{tid}:{client_id}"))


def sign(key: SigningKey, header: dict[str, str], claims: dict[str, object]) -> str:
    """A compact JWS (RFC 7515 §7.1)."""
    message = _message(_piece(header), claims)
    return _compact(message, key.sign(message))


@lru_cache(maxsize=16)
def _header(kid: str, x5t: str | None) -> bytes:
    header = {"typ": "JWT", "alg": "RS256", "kid": kid}
    return _piece(header if x5t is None else header | {"x5t": x5t})


def _piece(part: Mapping[str, object]) -> bytes:
    return base64url(compact_json(part).encode())


def _message(header: bytes, claims: dict[str, object]) -> bytes:
    """The octets to sign."""
    return b".".join((header, _piece(claims)))


def _compact(message: bytes, signature: bytes) -> str:
    return b".".join((message, base64url(signature))).decode("ascii")


@lru_cache(maxsize=1024)
def sub_for(tid: str, oid: str, audience: str) -> str:
    """A `sub` that is the same each time and differs from audience to audience."""
    digest = hmac.digest(tid.encode(), f"{oid} {audience}".encode(), hashlib.sha256)
    return base64url(digest).decode("ascii")


@lru_cache(maxsize=4)  # both tokens of an answer have it
def _uti(trace_id: str) -> str:
    """The token's id: the request id again, in .NET's byte order, 22 characters."""
    octets = bytes.fromhex(trace_id.replace("-", ""))
    dotnet = octets[3::-1] + octets[5:3:-1] + octets[7:5:-1] + octets[8:]
    return base64url(dotnet).decode("ascii")
