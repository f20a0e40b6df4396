"""Lab 5, one solution of many: both came and fit, or neither came (RFC 9700 section 2.1.1)."""

import base64
import hashlib


def may_redeem(challenge: str | None, verifier: str | None) -> bool:
    if challenge is None or verifier is None:
        return challenge is None and verifier is None
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
