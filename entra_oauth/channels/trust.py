"""Which certificates are trusted, and that nobody writes down the TLS keys.

The order: the bundle the person named, then the one the environment names, then
the operating system's (corporate networks inspect TLS with their own authority).
Verification is never off.
"""

from __future__ import annotations

import os
import ssl

from entra_oauth.errors import LocalError, SecurityError

__all__ = ["BUNDLE_VARIABLES", "refuse_key_log", "tls_context"]

BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


def tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    """A verifying client context, TLS 1.2 or later.

    Raises `LocalError` for a bundle that cannot be read.
    """
    named = ca_bundle or next((v for n in BUNDLE_VARIABLES if (v := os.environ.get(n))), None)
    if named is None:
        import truststore

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # NOTE: not ssl.create_default_context, which obeys SSLKEYLOGFILE.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if os.path.isdir(named):
            context.load_verify_locations(capath=named)
        else:
            context.load_verify_locations(cafile=named)
    except OSError:  # ssl.SSLError is one too
        raise LocalError(
            f"The certificate bundle {named} cannot be read.",
            advice="Name a PEM file or a folder of them with --ca-bundle, or unset "
            f"{', '.join(BUNDLE_VARIABLES)}.",
        ) from None
    return context


def refuse_key_log(allowed: bool) -> None:
    """Raise `SecurityError` if `SSLKEYLOGFILE` is set and was not allowed."""
    if os.environ.get("SSLKEYLOGFILE") and not allowed:
        raise SecurityError(
            "SSLKEYLOGFILE is set: the keys of every TLS connection would be written to a file, "
            "and with them the tokens.",
            advice="Unset it, or allow it with --allow-keylog.",
        )
