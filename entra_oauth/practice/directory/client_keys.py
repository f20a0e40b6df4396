"""Certificates by which apps prove themselves: those of the directory, and one made here.

The source tree holds no private key. An app of the directory that says
`own_certificate` gets a key when somebody first asks for it, for this process only
(or from the seed, so that it repeats).
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError
from entra_oauth.practice.signing.key_ring import make_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from entra_oauth.practice.directory.model import RegisteredApp
    from entra_oauth.practice.signing.signing_key import SigningKey

__all__ = ["ClientCertificate", "ClientKeys", "Known", "read_certificate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificate:
    """The certificate that a person would have uploaded to the portal, and the key of it."""

    private_key: str = field(repr=False)
    """PEM, PKCS #8, not encrypted."""
    certificate: str
    """PEM."""
    sha1: str
    """Thumbprint as `x5t` has it: base64url without padding."""
    sha256: str
    """The same for `x5t#S256`."""

    @property
    def thumbprint(self) -> str:
        """SHA-1 in hexadecimal, as the portal shows it and msal wants it."""
        from base64 import urlsafe_b64decode

        return urlsafe_b64decode(self.sha1 + "=").hex().upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A certificate whose key may sign for an app."""

    sha1: str
    sha256: str
    public: RSAPublicKey


def read_certificate(pem: str) -> Known:
    """Read a PEM certificate with an RSA key. Raises `UsageError`."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        certificate = x509.load_pem_x509_certificate(pem.encode("utf-8"))
        public = certificate.public_key()
    except ValueError:
        raise _unfit() from None
    if not isinstance(public, RSAPublicKey):
        raise _unfit()
    sha1, sha256 = _thumbs(certificate.public_bytes(Encoding.DER))
    return Known(sha1=sha1, sha256=sha256, public=public)


def _unfit() -> UsageError:
    return UsageError(
        "A certificate of the practice directory is no PEM certificate with an RSA key.",
        advice="Give the certificate's text, from -----BEGIN CERTIFICATE----- on.",
    )


def _thumbs(der: bytes) -> tuple[str, str]:
    import hashlib  # slow to import, and not needed to start

    digests = hashlib.sha1(der, usedforsecurity=False).digest(), hashlib.sha256(der).digest()
    sha1, sha256 = (urlsafe_b64encode(d).rstrip(b"=").decode("ascii") for d in digests)
    return sha1, sha256


class ClientKeys:
    """The certificates of the apps of one tenant, read or made when first needed."""

    def __init__(self, seed: int | None) -> None:
        self._seed = seed
        self._lock = Lock()
        self._made: dict[str, SigningKey] = {}
        self._read: dict[str, Known] = {}

    def own(self, app: RegisteredApp) -> ClientCertificate:
        """The certificate that was made for `app`. Raises `UsageError` if none is."""
        from base64 import b64decode

        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            NoEncryption,
            PrivateFormat,
        )

        if not app.own_certificate:
            raise UsageError(
                "That app has no certificate of the practice tenant's making.",
                advice="Set own_certificate for the app in the practice directory.",
            )
        key = self._own_key(app)
        der = b64decode(key.certificate)
        sha1, sha256 = _thumbs(der)
        pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        certificate = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
        return ClientCertificate(
            private_key=pem.decode("ascii"),
            certificate=certificate.decode("ascii"),
            sha1=sha1,
            sha256=sha256,
        )

    def known(self, app: RegisteredApp) -> tuple[Known, ...]:
        """Every certificate that may sign for `app`."""
        with self._lock:
            for pem in app.certificates:
                if pem not in self._read:
                    self._read[pem] = read_certificate(pem)
            read = tuple(self._read[pem] for pem in app.certificates)
        if not app.own_certificate:
            return read
        own = self.own(app)
        public = self._own_key(app).private.public_key()
        return (*read, Known(sha1=own.sha1, sha256=own.sha256, public=public))

    def _own_key(self, app: RegisteredApp) -> SigningKey:
        with self._lock:
            if app.client_id not in self._made:
                self._made[app.client_id] = make_key(self._seed_of(app))
            return self._made[app.client_id]

    def _seed_of(self, app: RegisteredApp) -> int | None:
        import hashlib  # slow to import, and not needed to start

        if self._seed is None:
            return None
        text = f"{self._seed} {app.client_id}".encode("ascii", errors="replace")
        return int.from_bytes(hashlib.sha256(text).digest()[:8])
