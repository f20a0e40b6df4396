"""The certificates that are trusted, and what was agreed on with the peer.

The order: the bundle the person named, then the one the environment names, then
the operating system's (corporate networks inspect TLS with their own authority).
Verification is never off.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress

from entra_oauth.errors import LocalError, plain
from entra_oauth.light import TYPE_CHECKING, pattern, replace

if TYPE_CHECKING:
    import ssl
    from typing import Any

    from entra_oauth.protocol.messages import Wire

__all__ = [
    "BUNDLE_VARIABLES",
    "Trust",
    "begin_ahead",
    "read_tickets",
    "tls_context",
    "trust_in",
    "with_tls",
]

_REHASHED = pattern(r"[0-9a-f]{8}\.[0-9]+")

_LEAVE_S = 1.0
"""The most seconds that a close waits for certificates that are being read."""

BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


class Trust:
    """The context of one bundle, made once: by a thread of its own or by whoever asks first.

    To read a full set of certificates takes as long as to import a third of the transport, and
    OpenSSL does it without the interpreter: so both are done at once.
    """

    def __init__(self, ca_bundle: str | None, *, key_log: str | None = None) -> None:
        self.bundle = _named(ca_bundle)
        """The file or the folders; None for the system's."""
        self._key_log = key_log
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._is_over = False

    def begin(self) -> None:
        """Make it beside what else is to be done; returns at once."""
        # A system that gives no more threads leaves it to `context`.
        with suppress(RuntimeError):
            threading.Thread(target=self._try, name="entra-oauth-trust", daemon=True).start()

    def context(self) -> ssl.SSLContext:
        """The context, waited for where it is being made. Raises as `tls_context` does.

        After `close` there is none to come: `ConnectionAbortedError`.
        """
        with self._lock:
            if self._context is None:
                if self._is_over:
                    raise ConnectionAbortedError
                self._context = tls_context(self.bundle, key_log=self._key_log)
            return self._context

    def close(self) -> None:
        """Make none any more; one that is being made is waited for.

        A program may end now. OpenSSL takes itself apart then, and a thread that is in the
        middle of its certificates would end the whole process with signal 11.
        """
        self._is_over = True
        if self._lock.acquire(timeout=_LEAVE_S):  # not for ever: a bundle can be a pipe
            self._lock.release()

    def _try(self) -> None:
        # Who asks for it meets the same, and says it.
        with suppress(LocalError, ConnectionAbortedError):
            self.context()


_ahead: list[Trust] = []
"""At most one: see `begin_ahead`."""


def begin_ahead(ca_bundle: str | None) -> None:
    """Read the certificates of a bundle now, for whoever in this process wants them next."""
    # Before the thread, which would share the interpreter with whoever goes on: it is what the
    # certificates, and so the connection, wait for.
    import ssl  # noqa: F401

    trust = Trust(ca_bundle)
    _ahead[:] = [trust]
    trust.begin()


def trust_in(ca_bundle: str | None, *, key_log: str | None) -> Trust:
    """The trust in a bundle: what was begun ahead if it is the same, else a new one."""
    trust = Trust(ca_bundle, key_log=key_log)
    found = [each for each in _ahead if key_log is None and each.bundle == trust.bundle]
    _ahead.clear()  # a context belongs to one worker
    return found[0] if found else trust


def tls_context(ca_bundle: str | None, *, key_log: str | None = None) -> ssl.SSLContext:
    """A verifying client context, TLS 1.2 or later.

    `ca_bundle` is a file in PEM or DER, or a folder of them (or several folders, as
    `SSL_CERT_DIR` lists them). `key_log` is a file that the TLS keys are appended to.

    Raises `LocalError` for a bundle that cannot be read, or a key log not written.
    """
    import ssl  # 18 ms that the browser need not wait for

    named = _named(ca_bundle)
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


def _named(ca_bundle: str | None) -> str | None:
    return ca_bundle or next((v for n in BUNDLE_VARIABLES if (v := os.environ.get(n))), None)


def _load(context: ssl.SSLContext, named: str) -> None:
    folders = named.split(os.pathsep)
    try:
        if not all(map(os.path.isdir, folders)):
            _load_file(context, named)
            return
        context.load_verify_locations(capath=named)
        loaded = [_load_folder(context, folder) for folder in folders]  # all, not the first
        if any(loaded):
            return
    except OSError:  # ssl.SSLError is one too
        raise LocalError(
            f"The certificate bundle {plain(named)} cannot be read.",
            advice="Name a file of certificates or a folder of them with --ca-bundle, or unset "
            f"{', '.join(BUNDLE_VARIABLES)}.",
        ) from None
    raise LocalError(
        f"The folder {plain(named)} holds no certificate, so nobody would be trusted.",
        advice="Put the certificates of your network into it, or name another with --ca-bundle.",
    )


def _load_file(context: ssl.SSLContext, path: str) -> None:
    """Trust the certificates of a file: PEM, or one in DER. Raises `OSError`."""
    with open(path, "rb") as file:
        is_der = file.read(2) == b"\x30\x82"  # a sequence (X.690 §8.9) of 256 bytes or more
        if is_der:
            context.load_verify_locations(cadata=b"\x30\x82" + file.read())
            return
    context.load_verify_locations(cafile=path)


def _load_folder(context: ssl.SSLContext, folder: str) -> bool:
    """Trust the files of a folder; False if there is no certificate among them.

    OpenSSL finds those that `openssl rehash` has named when it needs them. Without such
    names it would see nothing, and say nothing.
    """
    names = os.listdir(folder)
    if any(_REHASHED.fullmatch(name) for name in names):
        return True
    found = False
    for name in names:
        with suppress(OSError):  # a key, a read-me, a folder in it
            _load_file(context, os.path.join(folder, name))
            found = True
    return found


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
