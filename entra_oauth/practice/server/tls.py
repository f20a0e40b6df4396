"""Throw-away certificates, so that clients which insist on https can be served.

A fresh authority is made for each host, signs one certificate, and its private
key is dropped at once. It is constrained by name: even where somebody trusts it
by mistake, it can vouch for nothing but this machine and the login hosts that a
practice tenant may stand in for. It is never installed anywhere.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from entra_oauth.practice.server.host_names import CERTIFIED, CONSTRAINED, LOGIN_HOSTS

if TYPE_CHECKING:
    from typing import Self

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate, GeneralName, KeyUsage, Name

__all__ = ["LOGIN_HOSTS", "Certificates", "make"]

_LIVES = timedelta(days=30)
_ADDRESSES = ("127.0.0.1", "::1")
_NETWORKS = ("127.0.0.0/8", "::1/128")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """PEM texts of one throw-away authority and the certificate it signed."""

    authority: bytes
    certificate: bytes
    private_key: bytes = field(repr=False)


def make(
    now: float, names: tuple[str, ...] = CERTIFIED, within: tuple[str, ...] = CONSTRAINED
) -> Made:
    """An authority that can vouch for what is `within`, and a certificate for `names`.

    Both are for the loopback addresses as well.

    `now` is the real time in seconds since 1970: TLS does not know the practice
    tenant's clock.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    start = datetime.fromtimestamp(now, UTC) - timedelta(minutes=10)
    issuer_key, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    hosts: list[GeneralName] = [x509.DNSName(name) for name in names]
    places: list[GeneralName] = [x509.IPAddress(ip_address(a)) for a in _ADDRESSES]
    reach: list[GeneralName] = [x509.IPAddress(ip_network(n)) for n in _NETWORKS]
    reach += [x509.DNSName(name) for name in within]
    authority = _authority(issuer_key, start, reach)
    certificate = _leaf(issuer_key, key, authority.subject, start, [*hosts, *places])
    return Made(
        authority=authority.public_bytes(Encoding.PEM),
        certificate=certificate.public_bytes(Encoding.PEM),
        private_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


def _name(text: str) -> Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _authority(
    key: EllipticCurvePrivateKey, start: datetime, reach: list[GeneralName]
) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    name = _name("practice tenant authority (throw-away, do not install)")
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _LIVES)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(reach, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )


def _leaf(
    issuer_key: EllipticCurvePrivateKey,
    key: EllipticCurvePrivateKey,
    issuer: Name,
    start: datetime,
    names: list[GeneralName],
) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509.oid import ExtendedKeyUsageOID

    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(_name("practice tenant"))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _LIVES)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issuer_id, critical=False)
        .sign(issuer_key, SHA256())
    )


def _usage(*, signs_certificates: bool) -> KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


class Certificates:
    """The files of one host: made when entered, gone when left."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._folder: TemporaryDirectory[str] | None = None
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        """The context with the certificate that the host presents, once entered."""
        self.ca_file = ""
        """The file with the certificate that its clients must trust, once entered."""
        self.certificate = b""
        """The certificate that it presents, as DER, once entered."""

    def __enter__(self) -> Self:
        made = make(self._now)
        self._folder = TemporaryDirectory(prefix="practice-tenant-")  # 0700
        place = Path(self._folder.name)
        ca, chain = place / "ca.pem", place / "server.pem"
        _write(ca, made.authority)
        _write(chain, made.private_key + made.certificate)
        # Python's ssl loads a key from a file only. The file is ours alone (0600, in a folder
        # of 0700) and lives for this one line: afterwards the context holds the key.
        self.context.load_cert_chain(chain)
        chain.unlink()
        self.ca_file = str(ca)
        self.certificate = ssl.PEM_cert_to_DER_cert(made.certificate.decode("ascii"))
        return self

    def __exit__(self, *exc: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()


def _write(path: Path, octets: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "wb") as file:
        file.write(octets)
