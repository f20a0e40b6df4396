"""Looking into a JWT, and what an ID token must say.

An access token is opaque to a client: it is decoded for display only, and what is
shown is not verified. An ID token is addressed to us and is checked: here its
issuer, audience, nonce and times (OpenID Connect Core §3.1.3.7). Its signature is
checked in `keys.py`.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from entra_oauth.errors import UsageError
from entra_oauth.protocol.strict_json import read_object

if TYPE_CHECKING:
    pass

__all__ = ["DecodedJwt", "decode"]

MAX_JWT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class DecodedJwt:
    """The two readable parts of a JWT. Nothing about them is verified."""

    header: dict[str, Any]
    claims: dict[str, Any] = field(repr=False)


def decode(token: str) -> DecodedJwt:
    """Take a compact JWT apart (RFC 7519 §7.2), strictly, without verifying it.

    Raises `UsageError`, which never quotes the token.
    """
    advice = "Give the whole token: three parts of letters, digits, - and _, joined by dots."
    token = token.strip()
    if len(token) > MAX_JWT_BYTES:
        raise UsageError("The token is longer than 64 KiB.", advice=advice)
    parts = token.split(".")
    if len(parts) == 5:
        raise UsageError(
            "The token is encrypted (JWE): only its audience can read it.",
            advice="Use it as it is; there is nothing to decode here.",
        )
    if len(parts) != 3:
        raise UsageError(f"A JWT has three parts; this has {len(parts)}.", advice=advice)
    _decode_part(parts[2], "signature", advice)
    return DecodedJwt(_read_part(parts[0], "header", advice), _read_part(parts[1], "body", advice))


def _decode_part(part: str, name: str, advice: str) -> bytes:
    try:
        decoded = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        decoded = b""
    # The decoder is lenient; what does not come out the same was not base64url.
    if urlsafe_b64encode(decoded).rstrip(b"=") != part.encode("utf-8", "surrogatepass"):
        raise UsageError(f"The token's {name} is not base64url.", advice=advice)
    return decoded


def _read_part(part: str, name: str, advice: str) -> dict[str, Any]:
    try:
        return read_object(_decode_part(part, name, advice))
    except ValueError as error:
        raise UsageError(f"The token's {name} is not JSON: {error}.", advice=advice) from None
