"""A federated token as something hands it over: a text of a bounded size that holds one token."""

from __future__ import annotations

from entra_oauth.errors import UsageError
from entra_oauth.protocol.loose_input import bare_token, text_of

__all__ = ["MOST_BYTES", "token_in"]

MOST_BYTES = 64 * 1024
"""No issuer's token is near that long."""


def token_in(content: bytes, *, source: str, advice: str) -> str:
    """The token in what was read, one byte more than `MOST_BYTES` at most.

    `source` begins the sentence of an error. Raises `UsageError`, which quotes nothing.
    """
    text = text_of(content[:MOST_BYTES])
    if len(content) > MOST_BYTES:
        raise UsageError(f"{source} is larger than 64 KiB, and so no token.", advice=advice)
    if text is None or not text.strip():
        state = "empty" if text is not None else "neither UTF-8 nor UTF-16"
        raise UsageError(f"{source} is {state}.", advice=advice)
    return bare_token(text, what="federated token")
