"""The tenant's signing key: RSA 2048, RS256, with a certificate nobody should trust.

Without a seed there is one key for every tenant of this user, made when the first one
starts and kept in a file (`key_file`): making it costs up to a tenth of a second. `warm`
does that in a thread, so that a tenant is ready before its key is.

With a seed the key is computed from the seed, so that tokens come out the same
byte for byte on every run. Such a key is no secret; that is why there is none in
the source tree and why its `kid` says what it is.
"""

from __future__ import annotations

import os
import re
import stat
from base64 import b64decode, b64encode, urlsafe_b64encode
from contextlib import suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING

from entra_oauth.practice.signing import key_ring
from entra_oauth.practice.signing.signing_key import SigningKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

__all__ = ["KeyRing", "keep", "kept", "key_for", "make_key"]


_SIZE_LIMIT = 16 * 1024
_BLOCK = rb"-----BEGIN [A-Z ]+-----\n[A-Za-z0-9+/=\n]+-----END [A-Z ]+-----\n"
_WHOLE = re.compile(rb"(%b)(%b)" % (_BLOCK, _BLOCK))


def kept() -> tuple[bytes, bytes] | None:
    """The PEM texts of the key and the certificate, if they are there and ours alone."""
    with suppress(OSError), open(_path(), "rb") as file:
        if _is_private(os.fstat(file.fileno())):
            found = _WHOLE.fullmatch(file.read(_SIZE_LIMIT))
            return (found[1], found[2]) if found else None
    return None


def keep(key: bytes, certificate: bytes) -> None:
    """Keep these PEM texts, unless another process was faster."""
    import tempfile

    path = _path()
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(key + certificate)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise


def _is_private(status: os.stat_result) -> bool:
    if os.name == "nt":
        return stat.S_ISREG(status.st_mode)
    mine = status.st_uid == os.geteuid()
    return stat.S_ISREG(status.st_mode) and mine and not status.st_mode & 0o077


def _path() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("entra-oauth", appauthor=False) / "practice-key.pem"


_BITS = 2048
_EXPONENT = 65537


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
            Thread(target=self.key, name="practice-key", daemon=True).start()

    def key(self) -> SigningKey:
        with self._lock:
            if self._key is None:
                self._key = _keep_or_find() if self._seed is None else make_key(self._seed)
            return self._key


_rings: dict[int | None, KeyRing] = {}
_rings_lock = Lock()


def key_for(seed: int | None) -> KeyRing:
    """The ring of that seed; the same one for every tenant of this process."""
    with _rings_lock:
        return _rings.setdefault(seed, KeyRing(seed))


def make_key(seed: int | None) -> SigningKey:
    """A fresh key, or the one of a seed, with its certificate."""
    private = _generate() if seed is None else _derive(seed)
    return _named(private, _certify(private))


def _keep_or_find() -> SigningKey:
    """The key that is kept for this user; made first, if there is none."""
    found = key_ring.kept()
    if found is not None and (key := _read(*found)) is not None:
        return key
    key = make_key(None)
    key_ring.keep(*_written(key))
    # Two tenants may have started at once. Whose file it is now, has the key of both.
    found = key_ring.kept()
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

    return generate_private_key(public_exponent=_EXPONENT, key_size=_BITS)


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


# Below: RSA from a seed. The library offers no generator that can be seeded, so
# the primes are found here and handed to it. Speed: about half a second, once.


def _derive(seed: int) -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric import rsa

    source = _numbers(seed)
    small = _small_primes(20_000)
    q, p = sorted((_prime(source, small), _prime(source, small)))
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(_EXPONENT, p * q),
    ).private_key()


def _numbers(seed: int) -> Iterator[int]:
    """Endless 1024-bit odd numbers whose product has 2048 bits (top two bits set)."""
    import hashlib  # slow to import, and not needed to start

    turn = 0
    while True:
        text = f"entra-oauth practice signing key {seed} {turn}".encode("ascii")
        octets = hashlib.shake_256(text).digest(_BITS // 16)
        yield int.from_bytes(octets) | (3 << (_BITS // 2 - 2)) | 1
        turn += 1


def _prime(source: Iterator[int], small: list[int]) -> int:
    """The first prime at or shortly after the next number of the source."""
    for start in source:
        reach = 4096
        sieve = bytearray(b"\1") * reach  # sieve[i] stands for start + 2*i
        for prime in small:
            first = (-start * pow(2, -1, prime)) % prime
            sieve[first::prime] = bytes(len(range(first, reach, prime)))
        for i in range(reach):
            candidate = start + 2 * i
            if sieve[i] and candidate % _EXPONENT != 1 and _is_prime(candidate):
                return candidate
    raise AssertionError("the source is endless")


def _is_prime(number: int) -> bool:
    """Miller-Rabin. The first base rejects nearly all; twenty fixed ones settle it."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(_passes(number, base, odd, twos) for base in _small_primes(72))


def _passes(number: int, base: int, odd: int, twos: int) -> bool:
    x = pow(base, odd, number)
    if x in (1, number - 1):
        return True
    for _ in range(twos - 1):
        x = x * x % number
        if x == number - 1:
            return True
    return False


def _small_primes(below: int) -> list[int]:
    """The odd primes below a bound."""
    sieve = bytearray(b"\1") * below
    for i in range(3, int(below**0.5) + 1, 2):
        if sieve[i]:
            sieve[i * i :: 2 * i] = bytes(len(range(i * i, below, 2 * i)))
    return [i for i in range(3, below, 2) if sieve[i]]
