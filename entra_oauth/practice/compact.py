"""What tokens are written in: base64url without padding, and JSON without blanks."""

from __future__ import annotations

import json
from binascii import b2a_base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["base64url", "compact_json"]

# By hand: `base64` and `json.dumps` do more than is wanted, and each token has several of both.
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)


def base64url(octets: bytes) -> bytes:
    """RFC 7515 §2."""
    return b2a_base64(octets, newline=False).translate(_URL_SAFE, b"=")


def compact_json(content: Mapping[str, object]) -> str:
    """An object that does not hold itself."""
    return _ENCODER.encode(content)
