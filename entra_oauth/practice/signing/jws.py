"""Reading signed tokens that somebody hands in. Making them is in `signed_tokens`."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.practice.signing.signing_key import SigningKey

__all__ = ["SignedToken", "base64url", "believed", "compact_json", "is_current", "seconds", "split"]


# By hand: `base64` and `json.dumps` do more than is wanted, and each token has several of both.
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)


def base64url(octets: bytes) -> bytes:
    """RFC 7515 §2."""
    return b2a_base64(octets, newline=False).translate(_URL_SAFE, b"=")


def compact_json(content: Mapping[str, object]) -> str:
    """An object that does not hold itself."""
    return _ENCODER.encode(content)


_PIECE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedToken:
    """A compact JWS (RFC 7515 §7.1), decoded; whether to believe it is another matter."""

    header: Mapping[str, object]
    claims: Mapping[str, object] = field(repr=False)
    signed: bytes = field(repr=False)
    """The octets that were signed."""
    signature: bytes = field(repr=False)


def split(text: str) -> SignedToken | None:
    """The parts of a token; None for what is none."""
    pieces = text.split(".")
    if len(pieces) != 3 or not all(_PIECE.fullmatch(p) for p in pieces):
        return None
    try:
        raw = [urlsafe_b64decode(p + "=" * (-len(p) % 4)) for p in pieces]
        header, claims = json.loads(raw[0]), json.loads(raw[1])
    except (ValueError, RecursionError):
        return None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        return None
    return SignedToken(
        header=header,
        claims=claims,
        signed=f"{pieces[0]}.{pieces[1]}".encode("ascii"),
        signature=raw[2],
    )


def believed(text: str, key: SigningKey) -> Mapping[str, object] | None:
    """The claims of a token that `key` signed; None for anything else."""
    token = split(text)
    if token is None or token.header.get("alg") != "RS256" or token.header.get("kid") != key.kid:
        return None
    return token.claims if key.verifies(token.signature, token.signed) else None


def is_current(claims: Mapping[str, object], now: float) -> bool:
    """True from `nbf` on and before `exp`. `now`: seconds since 1970."""
    return seconds(claims, "nbf") <= now < seconds(claims, "exp")


def seconds(claims: Mapping[str, object], name: str) -> float:
    """A time in a token; not a number at all, if it is none, so that every comparison fails.

    Fractions are allowed (RFC 7519 §2, NumericDate), and msal sends them.
    """
    value = claims.get(name)
    return float(value) if isinstance(value, int | float) and abs(value) < 10**12 else float("nan")
