"""The tenant's signing key: RSA 2048, RS256, with a certificate nobody should trust.

Without a seed there is one key for every tenant of this user, made when the first one
starts and saved in a file (`key_file`): making it costs up to a tenth of a second. `warm`
does that in a thread, so that a tenant is ready before its key is.

With a seed the key is computed from the seed (`seeded_rsa`), so that tokens come out the same
byte for byte on every run. Such a key is no secret; that is why there is none in
the source tree, and why its `kid` tells where it is from.
"""

from __future__ import annotations

from base64 import b64decode, b64encode, urlsafe_b64encode
from threading import Lock, Thread
from typing import TYPE_CHECKING

from entra_oauth.practice.signing.key_file import load_key, save_key
from entra_oauth.practice.signing.seeded_rsa import KEY_BITS, PUBLIC_EXPONENT, derive_key
from entra_oauth.practice.signing.signing_key import SigningKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

__all__ = ["KeyRing", "key_for", "make_key"]


class KeyRing:
    """The key of one seed (or of none), made once, by whoever needs it first."""

    def __init__(self, seed: int | None) -> None:
        self._seed = seed
        self._lock = Lock()
        self._key: SigningKey | None = None
        self._warm = False

    def warm(self) -> None:
        """Begin to make the key in the background."""
        if not self._warm:
            self._warm = True
            # No daemon: one that Python stops inside cryptography's Rust aborts the process.
            Thread(target=self.key, name="practice-key").start()

    def key(self) -> SigningKey:
        """The key. Waits for the thread that makes it, or makes it."""
        with self._lock:
            if self._key is None:
                self._key = _load_or_make() if self._seed is None else make_key(self._seed)
            return self._key


_rings: dict[int | None, KeyRing] = {}
_rings_lock = Lock()


def key_for(seed: int | None) -> KeyRing:
    """The ring of that seed; the same one for every tenant of this process."""
    with _rings_lock:
        return _rings.setdefault(seed, KeyRing(seed))


def make_key(seed: int | None) -> SigningKey:
    """A fresh key, or the one of a seed, with its certificate."""
    private = _generate() if seed is None else derive_key(seed)
    return _named(private, _certify(private))


def _load_or_make() -> SigningKey:
    """The key that is saved for this user; made first, if there is none."""
    found = load_key()
    if found is not None and (key := _read(*found)) is not None:
        return key
    key = make_key(None)
    save_key(*_written(key))
    # Two tenants may have started at once. The one that saved last has overwritten the other's
    # file, so both take the key that lies there now.
    found = load_key()
    return (_read(*found) if found else None) or key


def _read(key: bytes, certificate: bytes) -> SigningKey | None:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        # We wrote it, and nobody else can have.
        private = load_pem_private_key(key, None, unsafe_skip_rsa_key_validation=True)
        der = b64decode(b"".join(certificate.splitlines()[1:-1]), validate=True)
    except ValueError:
        return None
    return _named(private, der) if isinstance(private, RSAPrivateKey) else None


def _written(key: SigningKey) -> tuple[bytes, bytes]:
    body = "\n".join(key.certificate[i : i + 64] for i in range(0, len(key.certificate), 64))
    certificate = f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"
    return key.pem, certificate.encode("ascii")


def _generate() -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    return generate_private_key(public_exponent=PUBLIC_EXPONENT, key_size=KEY_BITS)


def _named(private: RSAPrivateKey, der: bytes) -> SigningKey:
    """Give a key its certificate and its names."""
    import hashlib  # slow to import, and not needed to start

    thumb = urlsafe_b64encode(hashlib.sha1(der, usedforsecurity=False).digest())
    x5t = thumb.rstrip(b"=").decode("ascii")
    return SigningKey(
        private=private,
        kid=f"practice-{x5t}",  # fidelity: kid
        x5t=x5t,
        certificate=b64encode(der).decode("ascii"),
    )


def _certify(private: RSAPrivateKey) -> bytes:
    """A self-signed certificate; its times and serial are fixed, so it repeats too."""
    import hashlib  # slow to import, and not needed to start
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "practice tenant (not Entra) token signing")]
    )
    public = private.public_key()
    serial = hashlib.sha256(str(public.public_numbers().n).encode("ascii")).digest()[:16]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(int.from_bytes(serial) >> 1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2049, 1, 1, tzinfo=UTC))
        .sign(private, SHA256())
    )
    return certificate.public_bytes(Encoding.DER)
