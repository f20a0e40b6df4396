"""A JWT taken apart, and JSON as OAuth wants it: one object, strict UTF-8, each member once.

Lenient parsers disagree about doubled members and `NaN`; an answer that two programs can read
differently is refused (RFC 8259 §4, §8.1). An access token is opaque to a client: it is decoded
for display only. What is decoded here is not verified; `id_token.py` and
`endpoints/signing_keys.py` do that.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from entra_oauth.errors import UsageError
from entra_oauth.light import dataclass, field

__all__ = ["DecodedJwt", "decode", "read_object"]

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
        opaque = (
            "" if token.startswith("eyJ") else " A refresh token or a code is opaque, and no JWT."
        )
        raise UsageError(f"A JWT has three parts; this has {len(parts)}.{opaque}", advice=advice)
    _decode_part(parts[2], "signature", advice)
    header = _read_part(parts[0], "header", advice)
    if str(header.get("cty", "")).upper() == "JWT":  # RFC 7519 §5.2
        raise UsageError(
            "The token is nested (cty is JWT): its body is a token again, and not claims.",
            advice="Decode that one: the second of the three parts, base64url-decoded.",
        )
    return DecodedJwt(header, _read_part(parts[1], "body", advice))


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


def read_object(body: bytes) -> dict[str, Any]:
    """The object in `body`. Raises `ValueError`, which quotes nothing, if it is not one."""
    import json  # late: not on the way to the browser

    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_each_once,
            parse_constant=_refuse_constant,
            parse_int=_read_whole_number,
        )
    except UnicodeDecodeError:
        problem = "it is not UTF-8"
    except RecursionError:
        problem = "it is nested too deeply"
    except json.JSONDecodeError as error:
        problem = f"it is malformed or breaks off at character {error.pos}"
    else:
        if isinstance(value, dict):
            return value
        problem = "it is not an object"
    # Raised out here because the errors above hold the whole body, tokens and
    # all, and would stay attached as the context of this one.
    raise ValueError(problem)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("it has a member twice")
    return members


def _read_whole_number(digits: str) -> int:
    # Python refuses 4,300 digits and more by itself, with words that help nobody.
    if len(digits) > 400:
        raise ValueError("it holds a number of more than 400 digits")
    return int(digits)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"it holds {name}, which is not JSON")
