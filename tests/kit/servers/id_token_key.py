"""A key for ID tokens in tests, and what an authority publishes of it.

One key for the whole process: making one takes a tenth of a second.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from entra_oauth.protocol.messages import HttpRequest, HttpResponse

__all__ = ["KID", "is_for_keys", "jwks", "key", "keys_answer", "signed"]

KID = "k"


_keys: dict[str, RSAKey] = {}
_lock = threading.Lock()


def key(name: str = KID) -> RSAKey:
    """The private key of that name; always the same one in one process."""
    with _lock:
        if name not in _keys:
            made = RSAKey.generate_key(2048, {"kid": name, "use": "sig"}, auto_kid=False)
            _keys[name] = made
        return _keys[name]


def signed(
    claims: Mapping[str, Any], *, by: str = KID, header: Mapping[str, Any] | None = None
) -> str:
    """A compact JWT, signed with RS256 by the key of that name."""
    head = {"alg": "RS256", "typ": "JWT", "kid": by, **(header or {})}
    return jwt.encode(head, dict(claims), key(by), algorithms=["RS256"])


def jwks(*names: str, **changes: Any) -> dict[str, Any]:
    """The document at `/discovery/v2.0/keys`, with changes to every key."""
    public = [key(name).as_dict(private=False) for name in names or (KID,)]
    return {"keys": [{**each, **changes} for each in public]}


def keys_answer(*names: str) -> HttpResponse:
    """The answer of the authority to the request for its keys."""
    return HttpResponse(
        status=200,
        headers=(("Content-Type", "application/json; charset=utf-8"),),
        body=json.dumps(jwks(*names)).encode("utf-8"),
    )


def is_for_keys(request: HttpRequest | bytes) -> bool:
    """Whether a request asks for the keys."""
    path = request.split(b" ")[1].decode() if isinstance(request, bytes) else request.path
    return path.endswith("/discovery/v2.0/keys")
