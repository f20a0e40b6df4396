"""One signing key: RS256 and its public half as a JWK."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING

__all__ = ["SigningKey"]
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256


@cache
def _rs256() -> tuple[PKCS1v15, SHA256]:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    return PKCS1v15(), SHA256()


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """A private key, and the public half of it."""

    private: RSAPrivateKey = field(repr=False)
    kid: str
    """Begins with `practice-`, so that no token made here passes for a real one."""
    x5t: str
    """SHA-1 of the certificate, as in the header of Entra's v1.0 tokens."""
    certificate: str
    """DER in base64, the first of `x5c`."""

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message, *_rs256())

    def verifies(self, signature: bytes, message: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature

        try:
            self.private.public_key().verify(signature, message, *_rs256())
        except InvalidSignature:
            return False
        return True

    @property
    def pem(self) -> bytes:
        """The private key, not encrypted (PKCS #8)."""
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            NoEncryption,
            PrivateFormat,
        )

        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @cached_property
    def public(self) -> dict[str, object]:
        """The JSON Web Key, as Entra publishes it but for `issuer`."""
        numbers = self.private.public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid,
            "x5t": self.x5t,
            "n": _number(numbers.n),
            "e": _number(numbers.e),
            "x5c": [self.certificate],
        }


def _number(value: int) -> str:
    octets = value.to_bytes((value.bit_length() + 7) // 8)
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
