"""A certificate's file in the forms in which vaults, variables and editors hand it out."""

from __future__ import annotations

import re
from base64 import b64decode

from entra_oauth.errors import UsageError
from entra_oauth.protocol.loose_input import text_of

__all__ = ["certificate_content", "refuse_der", "refuse_other"]

_BEGIN = b"-----BEGIN "
_DER = b"\x30"
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{64,}={0,2}")


def certificate_content(content: bytes) -> bytes:
    """PEM or PFX (PKCS #12) as its readers want it.

    Base64 of either is taken apart (Key Vault hands out a PFX so), a PEM text may be in UTF-16
    or in quotes, and its line breaks may be written `\\n`, as in a variable. Anything else stays
    as it is.
    """
    text = text_of(content)
    if content.startswith(_DER) or text is None:
        return content
    plain = text.strip().strip("\"'").replace("\\r", "").replace("\\n", "\n").encode()
    if _BEGIN in plain:
        return plain + b"\n"
    joined = b"".join(plain.split())
    if _BASE64.fullmatch(joined):
        unpadded = joined.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        if len(unpadded) % 4 == 1:  # base64 of nothing
            return content
        decoded = b64decode(unpadded + b"=" * (-len(unpadded) % 4))
        if decoded.startswith(_DER) or _BEGIN in decoded:
            return decoded
    return content


def refuse_other(content: bytes) -> None:
    """Raise `UsageError` for what no passphrase could open: nothing, or no ASN.1 (X.690)."""
    if content.startswith(_DER):
        return
    what = "is neither PEM nor a PFX nor base64 of one" if content.strip() else "is empty"
    raise UsageError(
        f"The file {what}.",
        advice="Check that it is the right file: it holds the certificate and its private key.",
    )


def refuse_der(content: bytes) -> None:
    """Raise `UsageError` for DER that is a certificate or a key, and no PFX with both."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key
    from cryptography.x509 import load_der_x509_certificate

    try:
        load_der_x509_certificate(content)
    except ValueError:
        pass
    else:
        raise UsageError(
            "The file is a certificate in DER, without its private key.",
            advice="Give one file that has both: a PFX, or a PEM with the key and the certificate.",
        )
    try:
        load_der_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return
    raise UsageError(
        "The file is a private key in DER, without its certificate.",
        advice="Give one file that has both: a PFX, or a PEM with the key and the certificate.",
    )
