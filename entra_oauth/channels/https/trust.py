"""The certificates that are trusted, and what was agreed on with the peer.

The order: the bundle the person named, then the one the environment names, then
the operating system's (corporate networks inspect TLS with their own authority).
Verification is never off.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from entra_oauth.errors import LocalError, plain

if TYPE_CHECKING:
    import ssl

    from entra_oauth.protocol.messages import Wire

__all__ = ["BUNDLE_VARIABLES", "read_tickets", "tls_context", "with_tls"]

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
    if named is None:
        import truststore

        context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _load(context, named)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if key_log is not None:
        try:
            context.keylog_filename = key_log
        except OSError:
            raise LocalError(
                f"The TLS keys cannot be written to {plain(key_log)}.",
                advice="Name a file that can be written with SSLKEYLOGFILE, or unset it.",
            ) from None
    return context


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


def with_tls(link: Wire, sock: Any, took_s: float) -> Wire:
    """The link with all that was agreed on; connecting took so many seconds."""
    cipher = sock.cipher()
    times = link.times
    before_s = sum(part or 0.0 for part in (times.dns, times.connect, times.tunnel))
    return replace(
        link,
        tls_version=sock.version(),
        cipher=cipher[0] if cipher else None,
        alpn=sock.selected_alpn_protocol(),
        certificates=_certificates(sock),
        times=replace(times, tls=max(took_s - before_s, 0.0)),
    )


def _certificates(sock: Any) -> tuple[bytes, ...]:
    chain = getattr(sock, "get_unverified_chain", None)
    if chain is not None and (found := chain()):
        return tuple(found)
    leaf = sock.getpeercert(True)
    return (leaf,) if leaf else ()


def read_tickets(sock: ssl.SSLSocket) -> bool:
    """Let OpenSSL take in what is no application data. False if the peer is done.

    urllib3 takes a readable idle socket for a closed one and would connect again.
    """
    import ssl

    timeout = sock.gettimeout()
    sock.settimeout(0)
    try:
        sock.recv(1)
    except ssl.SSLWantReadError:
        return True
    except OSError:
        return False
    else:
        return False  # closed, or talking out of turn
    finally:
        sock.settimeout(timeout)
