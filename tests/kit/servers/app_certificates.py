"""Certificates of an app, and every shape in which people keep them; made for one test run."""

from __future__ import annotations

import datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

__all__ = [
    "LOCKED",
    "NOW",
    "OPEN",
    "PASSPHRASE",
    "PEM",
    "certificate",
    "key",
    "key_pem",
    "pem",
    "pfx",
]

NOW = 1_760_000_000.0
PASSPHRASE = "Canary Pässphrase &+% " + "Ph1!" * 4

PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8
OPEN = serialization.NoEncryption()
LOCKED = serialization.BestAvailableEncryption(PASSPHRASE.encode())

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def key(name: str = "ours") -> Key:
    return _key(name)


@cache
def _key(name: str) -> Key:
    if name == "elliptic":
        return ec.generate_private_key(ec.SECP256R1())
    if name == "edwards":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 1024 if name == "short" else 2048)


def certificate(name: str = "ours", *, starts: float = -1, ends: float = 30) -> x509.Certificate:
    """Self-signed, valid from and to so many days from now."""
    today = datetime.datetime.fromtimestamp(NOW, datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made for a test")])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key(name).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today + datetime.timedelta(days=starts))
        .not_valid_after(today + datetime.timedelta(days=ends))
        .sign(key(name), None if name == "edwards" else hashes.SHA256())
    )


def key_pem(
    name: str = "ours",
    *,
    form: serialization.PrivateFormat = PKCS8,
    lock: serialization.KeySerializationEncryption = OPEN,
) -> bytes:
    return key(name).private_bytes(PEM, form, lock)


def pem(name: str = "ours", **days: float) -> bytes:
    return certificate(name, **days).public_bytes(PEM)


def pfx(
    name: str = "ours",
    *,
    with_key: bool = True,
    with_certificate: bool = True,
    with_others: bool = True,
    lock: serialization.KeySerializationEncryption = OPEN,
) -> bytes:
    return pkcs12.serialize_key_and_certificates(
        b"made for a test",
        key(name) if with_key else None,
        certificate(name) if with_certificate else None,
        [certificate("other")] if with_others else None,
        lock,
    )
