"""Lab 2, one solution of many: 256 random bits, and their hash without padding."""

import base64
import hashlib
import secrets


def make_pkce() -> tuple[str, str]:
    verifier = secrets.token_urlsafe(32)
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return verifier, challenge
