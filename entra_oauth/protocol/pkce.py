"""Proof Key for Code Exchange: a secret of one attempt (RFC 7636)."""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

from entra_oauth.errors import UsageError

__all__ = ["Pkce", "fresh_secret", "s256"]


_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def fresh_secret() -> str:
    """256 random bits as 43 characters of the URL alphabet (RFC 7636 §7.1)."""
    return secrets.token_urlsafe(32)


def s256(verifier: str) -> str:
    """BASE64URL(SHA256(ASCII(verifier))) without padding: 43 characters (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


@dataclass(frozen=True, slots=True)
class Pkce:
    """A verifier that stays here until the code is redeemed, and its challenge.

    The only method is S256: `plain` would show the secret to whoever sees the
    authorize URL (RFC 9700 §2.1.1). Raises `UsageError` for a verifier that is not
    43 to 128 unreserved characters (RFC 7636 §4.1).
    """

    verifier: str = field(repr=False)

    def __post_init__(self) -> None:
        if not _VERIFIER.fullmatch(self.verifier):
            raise UsageError(
                "The PKCE verifier is not 43 to 128 letters, digits, '-', '.', '_' or '~'.",
                advice="Leave it out: Pkce.fresh() makes a random one for each sign-in.",
            )

    @classmethod
    def fresh(cls) -> Pkce:
        """A pair for one attempt."""
        return cls(fresh_secret())

    @property
    def challenge(self) -> str:
        """The hash that the authorize URL carries."""
        return s256(self.verifier)
