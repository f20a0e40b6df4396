"""The certificates that are trusted; and nobody writes down the TLS keys unasked.

The order: the bundle the person named, then the one the environment names, then
the operating system's (corporate networks inspect TLS with their own authority).
Verification is never off.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from entra_oauth.errors import LocalError, SecurityError, plain

if TYPE_CHECKING:
    import ssl

__all__ = ["BUNDLE_VARIABLES", "key_log_file", "tls_context"]

BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


def tls_context(ca_bundle: str | None, *, key_log: str | None = None) -> ssl.SSLContext:
    """A verifying client context, TLS 1.2 or later.

    `ca_bundle` is a PEM file or a folder of them (or several folders, as
    `SSL_CERT_DIR` lists them). `key_log` is a file that the TLS keys are appended to.

    Raises `LocalError` for a bundle that cannot be read, or a key log not written.
    """
    import ssl  # 18 ms that the browser need not wait for

    named = ca_bundle or next((v for n in BUNDLE_VARIABLES if (v := os.environ.get(n))), None)
    # NOTE: not ssl.create_default_context, which obeys SSLKEYLOGFILE.
    context = _system_context() if named is None else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if named is not None:
        _load(context, named)
    if key_log is not None:
        try:
            context.keylog_filename = key_log
        except OSError:
            raise LocalError(
                f"The TLS keys cannot be written to {plain(key_log)}.",
                advice="Name a file that can be written with SSLKEYLOGFILE, or unset it.",
            ) from None
    return context


def _system_context() -> ssl.SSLContext:
    import ssl

    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _load(context: ssl.SSLContext, named: str) -> None:
    try:
        if all(map(os.path.isdir, named.split(os.pathsep))):
            context.load_verify_locations(capath=named)
        else:
            context.load_verify_locations(cafile=named)
    except OSError:  # ssl.SSLError is one too
        raise LocalError(
            f"The certificate bundle {plain(named)} cannot be read.",
            advice="Name a PEM file or a folder of them with --ca-bundle, or unset "
            f"{', '.join(BUNDLE_VARIABLES)}.",
        ) from None


def key_log_file(*, allowed: bool) -> str | None:
    """The file that `SSLKEYLOGFILE` names, if that was allowed.

    Raises `SecurityError` if it is set and was not.
    """
    named = os.environ.get("SSLKEYLOGFILE") or None
    if named is not None and not allowed:
        raise SecurityError(
            "SSLKEYLOGFILE is set: the keys of every TLS connection would be written to a file, "
            "and with them the tokens.",
            advice="Unset it, or allow it with --allow-keylog.",
        )
    return named
