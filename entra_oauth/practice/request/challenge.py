"""The tenant's own PKCE check (RFC 7636 §4.6); the client's is another one."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from entra_oauth.practice.directory.model import Platform
from entra_oauth.practice.http.refusals import refuse

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Parameters

__all__ = ["Challenge", "check_verifier", "read_challenge"]


@dataclass(frozen=True, slots=True)
class Challenge:
    """The promise of an authorize request (RFC 7636 §4.3)."""

    value: str
    method: str


def read_challenge(sent: Parameters, platform: Platform) -> Challenge | None:
    """The challenge of an authorize request; a page's script must send one."""
    value, method = sent.get("code_challenge"), sent.get("code_challenge_method")
    if method not in (None, "plain", "S256"):
        raise refuse(50149)
    if value is None:
        if platform is Platform.SPA:
            raise refuse(9002325)  # fidelity: pkce-optional
        return None
    if not 43 <= len(value) <= 128:
        raise refuse(501491)
    return Challenge(value, method or "plain")  # fidelity: pkce-plain


def check_verifier(challenge: Challenge | None, verifier: str | None) -> None:
    """AADSTS501481 unless the verifier is the one of the challenge.

    A verifier without a challenge is refused as well: somebody may have taken the
    challenge out of the authorize URL (RFC 9700 §2.1.1).
    """
    if challenge is None and verifier is None:
        return
    if challenge is None or verifier is None:
        raise refuse(501481)  # fidelity: pkce-downgrade, pkce-missing-verifier
    shown = verifier.encode("utf-8")
    if challenge.method == "S256":
        shown = urlsafe_b64encode(hashlib.sha256(shown).digest()).rstrip(b"=")
    if not hmac.compare_digest(shown, challenge.value.encode("utf-8")):
        raise refuse(501481)
