"""Making tokens: the v1.0 access token of Databricks and Graph, the v2.0 ID token.

Shapes: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
and .../id-token-claims-reference. `iat` and `nbf` lie five minutes before the
issue, as in Entra's samples, so a client whose clock is slow is not turned away.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.practice.calls import Call
    from entra_oauth.practice.directory import App, Tenant, User
    from entra_oauth.practice.keys import SigningKey
    from entra_oauth.practice.scopes import Wanted
    from entra_oauth.practice.world import World

__all__ = ["Subject", "client_info", "make_access_token", "make_id_token", "sign"]

_BACKDATED_S = 300
_ID_TOKEN_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who a token speaks of, and to whom it is given."""

    app: App
    tenant: Tenant
    user: User
    proof: str
    """How the app proved itself: 0 not at all, 1 by secret (`appidacr`)."""


def make_access_token(
    world: World, call: Call, subject: Subject, wanted: Wanted, *, life_s: int
) -> str:
    """A v1.0 access token, whatever endpoint was used: its API decides that."""
    # fidelity: graph-token
    user, tid = subject.user, subject.tenant.id
    now = int(call.now)
    claims: dict[str, object] = {
        "aud": wanted.audience,
        "iss": f"https://sts.windows.net/{tid}/",  # fidelity: access-token-v1
        "iat": now - _BACKDATED_S,
        "nbf": now - _BACKDATED_S,
        "exp": now + life_s,
        "acr": "1",
        "aio": world.chance.text(52),
        "amr": ["pwd"],
        "appid": subject.app.client_id,
        "appidacr": subject.proof,
        "family_name": user.family_name,
        "given_name": user.given_name,
        "ipaddr": "127.0.0.1",
        "name": user.display_name,
        "oid": user.oid,
        "rh": f"1.{world.chance.text(46)}.",
        "scp": " ".join(wanted.permissions),
        "sub": _pairwise(tid, user.oid, wanted.resource.id),
        "tid": tid,
        "unique_name": user.name,
        "upn": user.name,
        "uti": _uti(call.trace_id),
        "ver": "1.0",
    }
    key = world.keys.key()
    header = {"typ": "JWT", "alg": "RS256", "x5t": key.x5t, "kid": key.kid}
    return sign(key, header, claims)


def make_id_token(
    world: World, call: Call, subject: Subject, *, oidc: tuple[str, ...], nonce: str | None
) -> str:
    """A v2.0 ID token; `profile` and `email` add what OpenID Connect says they add."""
    user, tid = subject.user, subject.tenant.id
    now = int(call.now)
    claims: dict[str, object] = {
        "aud": subject.app.client_id,
        "iss": f"{call.base_url}/{tid}/v2.0",  # fidelity: issuer
        "iat": now - _BACKDATED_S,
        "nbf": now - _BACKDATED_S,
        "exp": now + _ID_TOKEN_S,
        "rh": f"1.{world.chance.text(46)}.",
        "sub": _pairwise(tid, user.oid, subject.app.client_id),
        "tid": tid,
        "uti": _uti(call.trace_id),
        "ver": "2.0",
    }
    if "profile" in oidc:
        claims |= {
            "name": user.display_name,
            "oid": user.oid,
            "preferred_username": user.name,
        }
    if "email" in oidc:
        claims["email"] = user.name
    if nonce is not None:
        claims["nonce"] = nonce
    key = world.keys.key()
    return sign(key, {"typ": "JWT", "alg": "RS256", "kid": key.kid}, claims)


def sign(key: SigningKey, header: dict[str, str], claims: dict[str, object]) -> str:
    """A compact JWS (RFC 7515 §7.1)."""
    message = b".".join(
        _b64(json.dumps(p, separators=(",", ":")).encode()) for p in (header, claims)
    )
    return b".".join((message, _b64(key.sign(message)))).decode("ascii")


def client_info(user: User, tenant: Tenant) -> str:
    """Who signed in, for clients that asked with `client_info=1`."""
    text = json.dumps({"uid": user.oid, "utid": tenant.id}, separators=(",", ":"))
    return _b64(text.encode()).decode("ascii")


def _b64(octets: bytes) -> bytes:
    return urlsafe_b64encode(octets).rstrip(b"=")


def _pairwise(tid: str, oid: str, audience: str) -> str:
    """A `sub` that is the same each time and differs from audience to audience."""
    digest = hmac.digest(tid.encode(), f"{oid} {audience}".encode(), hashlib.sha256)
    return _b64(digest).decode("ascii")


def _uti(trace_id: str) -> str:
    """The token's id: the request id again, in .NET's byte order, 22 characters."""
    return _b64(uuid.UUID(trace_id).bytes_le).decode("ascii")
