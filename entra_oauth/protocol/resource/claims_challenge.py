"""Claims challenges: what an API demands of the next token, in the shapes in which people have it.

https://learn.microsoft.com/entra/identity-platform/claims-challenge
"""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from entra_oauth.errors import UsageError
from entra_oauth.protocol.endpoints.access_request import CLAIMS_ADVICE, check_claims

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["challenge_claims", "declares_cae", "declaring_cae", "read_claims"]

_PARAMETER = re.compile(r'([a-z_]+)\s*=\s*"([^"]*)"', re.IGNORECASE)


def challenge_claims(headers: Iterable[str]) -> str | None:
    """The claims in the values of `WWW-Authenticate`, as JSON text; None if there are none.

    There may be several headers and several challenges in one, parameters in any order, and
    either base64 alphabet, padded or not (RFC 6750 §3).
    """
    for value in headers:
        # Of several challenges in one line, the parameters after each scheme belong together.
        for part in re.split(r"(?:^|,)\s*(?=[A-Za-z]+\s+[a-z_]+\s*=)", value):
            found = {name.lower(): text for name, text in _PARAMETER.findall(part)}
            if found.get("error") == "insufficient_claims" and "claims" in found:
                return _decoded(found["claims"])
    return None


def read_claims(text: str) -> str:
    """The JSON of a challenge that was given as JSON, as base64, or as a whole header line.

    What is none of these stays as it is, for `check_claims` to refuse. Raises `UsageError` for
    a header without claims.
    """
    given = text.strip()
    if not given.lower().startswith(("www-authenticate", "bearer ")):
        return _decoded(given.strip("\"'")) or text
    found = challenge_claims([re.sub(r"(?i)^www-authenticate\s*:", "", given)])
    if found is None:
        raise UsageError("The header has no claims that can be read.", advice=CLAIMS_ADVICE)
    return found


def declaring_cae(claims: str | None) -> str:
    """These claims, and the word that the client can handle a challenge (`cp1`).

    Raises `UsageError` for claims that are no JSON object.
    """
    check_claims(claims)
    wanted: dict[str, Any] = json.loads(claims) if claims else {}
    members = wanted.get("access_token")
    members = members if isinstance(members, dict) else {}
    wanted["access_token"] = {**members, "xms_cc": {"values": ["cp1"]}}
    return json.dumps(wanted, separators=(",", ":"))


def declares_cae(claims: str | None) -> bool:
    """True for claims that say that the client can handle a challenge, in either spelling."""
    try:
        wanted = json.loads(claims or "{}")["access_token"]["xms_cc"]["values"]
        return any(str(each).lower() == "cp1" for each in wanted)
    except (ValueError, LookupError, TypeError, RecursionError):
        return False


def _decoded(text: str) -> str | None:
    """The JSON object in base64, if it may be handed on."""
    plain_alphabet = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        padded = plain_alphabet + "=" * (-len(plain_alphabet) % 4)
        claims = b64decode(padded, validate=True).decode("utf-8")
        check_claims(claims)
    except (binascii.Error, UnicodeDecodeError, UsageError):
        return None
    return claims if claims.isprintable() else None
