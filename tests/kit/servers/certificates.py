"""Certificates made for one test run: an authority, and servers that it vouches for."""

from __future__ import annotations

import datetime
import hashlib
import ssl
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

__all__ = ["CertificateAuthority"]

DAY = datetime.timedelta(days=1)


class CertificateAuthority:
    """Its certificate is in the file `bundle`; everything is written below `folder`."""

    def __init__(self, folder: Path, name: str = "made for a test") -> None:
        self._folder = folder
        self._count = 0
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self._certificate = (
            _builder(self._name, self._name, self._key, self._key, age=DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_FOR_SIGNING, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.bundle = folder / "bundle.pem"
        self.bundle.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def folder(self) -> Path:
        """A folder that holds the certificate under the name that OpenSSL looks for.

        The name is a hash of the subject in a canonical form: UTF-8 and lower case,
        which this one's is to begin with.
        """
        names = self._name.public_bytes()[2:]  # without the head of the sequence
        number = int.from_bytes(hashlib.sha1(names).digest()[:4], "little")
        folder = self._folder / "hashed"
        folder.mkdir(exist_ok=True)
        (folder / f"{number:08x}.0").write_bytes(self.bundle.read_bytes())
        return folder

    def server(
        self,
        *hosts: str,
        common_name: str | None = None,
        expired: bool = False,
        self_signed: bool = False,
    ) -> ssl.SSLContext:
        """What a server of these names needs; `localhost` and its addresses by default."""
        hosts = hosts or ("localhost", "127.0.0.1", "::1")
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(common_name or hosts[0])
        issuer, issuer_key = (subject, key) if self_signed else (self._name, self._key)
        certificate = (
            _builder(
                subject, issuer, key, issuer_key, age=10 * DAY if expired else DAY, life=2 * DAY
            )
            .add_extension(x509.SubjectAlternativeName([_alternative(h) for h in hosts]), False)
            .sign(issuer_key, hashes.SHA256())
        )
        self._count += 1
        path = self._folder / f"server-{self._count}.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


_FOR_SIGNING = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    age: datetime.timedelta,
    life: datetime.timedelta = 3 * DAY,
) -> x509.CertificateBuilder:
    begin = datetime.datetime.now(datetime.UTC) - age
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
