"""The function of lab 5, WRONG ON PURPOSE: to be repaired, never to be copied."""

import base64
import hashlib


def may_redeem(challenge: str | None, verifier: str | None) -> bool:
    """Return whether a code may be redeemed (S256). None: it did not come.

    `challenge` came with the authorize URL, `verifier` with the token request.
    """
    if challenge is None:
        return True
    digest = hashlib.sha256((verifier or "").encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
