"""Proof of an app at the token endpoint (RFC 6749 §2.3, RFC 7523 §2.2).

A secret in the form or in a Basic header, a certificate, or a token of somebody
else's that the app registration trusts. One way for each request. A public app has
none of these.
"""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from entra_oauth.errors import UsageError
from entra_oauth.light import dataclass, field
from entra_oauth.protocol.certificate_file import certificate_content, refuse_der, refuse_other
from entra_oauth.protocol.federated_token import check_life
from entra_oauth.protocol.messages import refuse_control_characters

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate as X509

    from entra_oauth.protocol.messages import Fields

__all__ = [
    "ASSERTION_LIFE_S",
    "Certificate",
    "ClientSecret",
    "Credential",
    "FederatedAssertion",
    "Proof",
]

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

ASSERTION_LIFE_S = 600
"""Seconds that an assertion is good for; Entra's page advises five to ten minutes."""

ALGORITHMS = ("PS256", "RS256")

_LEAST_BITS = 2048
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Additions to one token request."""

    fields: Fields = field(default=(), repr=False)
    headers: Fields = field(default=(), repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Secrets of the headers, spelt as they are known elsewhere."""


class Credential(Protocol):
    """A way to prove an app."""

    def prove(self, client_id: str, audience: str, *, now: float) -> Proof:
        """The proof for one request. `audience` is the token endpoint; `now` in seconds
        since 1970. Raises `UsageError`."""


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """The app's password: its value, not its id. Raises `UsageError` for an empty one."""

    value: str = field(repr=False)
    basic: bool = False
    """In a Basic header instead of the form. Entra takes both; the form is usual."""

    def __post_init__(self) -> None:
        refuse_control_characters("The client secret", self.value)
        if not self.value.strip():
            raise UsageError("The client secret is empty.", advice="Give the secret's value.")

    def prove(self, client_id: str, audience: str, *, now: float) -> Proof:
        """See `Credential.prove`."""
        if not self.basic:
            return Proof(fields=(("client_secret", self.value),))
        # RFC 6749 §2.3.1: form-encoded first, then joined, then base64. A space as %20:
        # every decoder of forms reads that, and those that take `+` for a plus do too.
        pair = f"{quote(client_id, safe='')}:{quote(self.value, safe='')}"
        encoded = b64encode(pair.encode("ascii")).decode("ascii")
        return Proof(
            headers=(("Authorization", f"Basic {encoded}"),),
            secrets=(self.value, quote(self.value, safe=""), encoded),
        )


@dataclass(frozen=True, slots=True)
class FederatedAssertion:
    """A token of another issuer (GitHub, Kubernetes) that the app registration trusts.

    Raises `UsageError` for what cannot be a JWT.
    """

    token: str = field(repr=False)

    def __post_init__(self) -> None:
        if not _COMPACT.fullmatch(self.token):
            raise UsageError(
                "The federated token is no JWT: three parts of base64url, joined by dots.",
                advice="Check the file or the variable that it is read from.",
            )

    def prove(self, client_id: str, audience: str, *, now: float) -> Proof:
        """See `Credential.prove`. Raises `UsageError` for a token that is over."""
        check_life(self.token, now=now)
        return _assertion(self.token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate with its private key ("Certificate credentials", Entra).

    Make one with `.load()`. The header says which certificate it is: by its SHA-256
    (`x5t#S256`) for PS256, by its SHA-1 (`x5t`) for RS256, the older form.
    """

    key: RSAPrivateKey = field(repr=False)
    certificate: X509 = field(repr=False)
    algorithm: str = "PS256"

    @classmethod
    def load(
        cls,
        content: bytes,
        *,
        key: bytes | None = None,
        passphrase: str | None = None,
        algorithm: str = "PS256",
    ) -> Certificate:
        """Read PEM (certificate and key, in one text or two) or PFX (PKCS #12), or base64 of it.

        `passphrase` opens an encrypted key. Raises `UsageError`, which quotes nothing,
        for what cannot be read, has no key, or whose key is not the certificate's.
        """
        if algorithm not in ALGORITHMS:
            raise UsageError(
                "An assertion is signed with PS256 or RS256.", advice="Choose one of them."
            )
        secret = None if passphrase is None else passphrase.encode("utf-8")
        content = certificate_content(content)
        if b"-----BEGIN " in content:
            beside = certificate_content(key) if key else content
            private, certificates = _read_pem(content, beside, secret)
        else:
            private, certificates = _read_pfx(content, secret)
        found = [each for each in certificates if _belongs(each, private)]
        if not found:
            raise UsageError(
                "The private key does not belong to the certificate.",
                advice="Give the key and the certificate that were made together.",
            )
        return cls(key=private, certificate=found[0], algorithm=algorithm)

    @staticmethod
    def is_locked(content: bytes) -> bool:
        """True where PEM or PFX needs a passphrase, so far as can be told without one.

        Raises `UsageError` for a file that is neither, and can be named.
        """
        content = certificate_content(content)
        if b"-----BEGIN " in content:
            return b"ENCRYPTED" in content
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

        try:
            load_key_and_certificates(content, None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            refuse_der(content)
            return content[:1] == b"\x30"  # DER, whatever it holds
        return False

    def prove(self, client_id: str, audience: str, *, now: float) -> Proof:
        """See `Credential.prove`. Raises `UsageError` for a certificate not valid now."""
        self._check_dates(now)
        import uuid

        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            NoEncryption,
            PrivateFormat,
        )
        from joserfc import jwt
        from joserfc.jwk import RSAKey

        pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        header = {"alg": self.algorithm, "typ": "JWT", **self._thumbprint}
        claims = {
            "aud": audience,
            "iss": client_id,
            "sub": client_id,
            "jti": str(uuid.uuid4()),
            "iat": int(now),
            "nbf": int(now),
            "exp": int(now) + ASSERTION_LIFE_S,
        }
        token = jwt.encode(header, claims, RSAKey.import_key(pem), algorithms=[self.algorithm])
        return _assertion(token)

    @property
    def _thumbprint(self) -> dict[str, str]:
        from cryptography.hazmat.primitives.hashes import SHA1, SHA256

        if self.algorithm == "PS256":
            return {"x5t#S256": _base64url(self.certificate.fingerprint(SHA256()))}
        return {"x5t": _base64url(self.certificate.fingerprint(SHA1()))}  # noqa: S303

    def _check_dates(self, now: float) -> None:
        starts = self.certificate.not_valid_before_utc
        ends = self.certificate.not_valid_after_utc
        if ends.timestamp() <= now:
            raise UsageError(
                f"The certificate expired on {ends:%Y-%m-%d}.",
                advice="Make a new one and upload its public part to the app registration.",
            )
        if starts.timestamp() > now:
            raise UsageError(
                f"The certificate is not valid before {starts:%Y-%m-%d}.",
                advice="Check this machine's date and time, or use another certificate.",
            )


def _assertion(token: str) -> Proof:
    return Proof(fields=(("client_assertion_type", ASSERTION_TYPE), ("client_assertion", token)))


def _base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _read_pem(content: bytes, key: bytes, secret: bytes | None) -> tuple[RSAPrivateKey, list[X509]]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificates

    try:
        certificates = load_pem_x509_certificates(content)
    except ValueError:
        raise UsageError(
            "The PEM text holds no certificate that can be read.",
            advice="Give a text with a BEGIN CERTIFICATE block, beside the private key.",
        ) from None
    block = _key_block(key)
    is_encrypted = b"ENCRYPTED" in block
    if is_encrypted and secret is None:
        raise _wants_passphrase()
    try:
        private = load_pem_private_key(block, secret if is_encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _unreadable_key(opened=is_encrypted) from None
    return _rsa(private), certificates


_KEY_BLOCK = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)


def _key_block(text: bytes) -> bytes:
    found = _KEY_BLOCK.search(text)
    if found is None:
        raise UsageError(
            "There is no private key beside the certificate.",
            advice="Give one file with the BEGIN PRIVATE KEY block and the certificate, or a PFX.",
        )
    return found.group(0) + b"\n"


def _read_pfx(content: bytes, secret: bytes | None) -> tuple[RSAPrivateKey, list[X509]]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

    try:
        private, certificate, others = load_key_and_certificates(content, secret)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        refuse_der(content)
        refuse_other(content)
        if secret is None:
            raise UsageError(
                "The file is neither PEM nor a PFX that opens without a passphrase.",
                advice="Give its passphrase, or check that it is the right file.",
            ) from None
        raise UsageError(
            "The file is neither PEM nor a PFX that this passphrase opens.",
            advice="Check the passphrase and the file.",
        ) from None
    if certificate is None and not others:
        raise UsageError("The PFX holds no certificate.", advice="Export it with its certificate.")
    return _rsa(private), [*([certificate] if certificate else []), *others]


def _rsa(private: object) -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if private is None:
        raise UsageError("The PFX holds no private key.", advice="Export it with its key.")
    if not isinstance(private, RSAPrivateKey) or private.key_size < _LEAST_BITS:
        raise UsageError(
            f"The private key is not RSA of {_LEAST_BITS} bits or more, which Entra asks for.",
            advice="Make a certificate with an RSA key.",
        )
    return private


def _belongs(certificate: X509, private: RSAPrivateKey) -> bool:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    public = certificate.public_key()
    ours = private.public_key().public_numbers()
    return isinstance(public, RSAPublicKey) and public.public_numbers() == ours


def _wants_passphrase() -> UsageError:
    return UsageError(
        "The private key is encrypted, and no passphrase was given.",
        advice="Give it at the prompt, or with --certificate-passphrase-stdin or -fd.",
    )


def _unreadable_key(*, opened: bool) -> UsageError:
    if opened:
        return UsageError(
            "The private key cannot be opened with this passphrase.",
            advice="Check the passphrase and the file.",
        )
    return UsageError("The private key cannot be read.", advice="Check the file.")
