"""A connection that is made while the libraries that will use it are still being imported.

It is begun only when nothing more has to be judged: there is no proxy, and the certificates to
trust have been read. The handshake is that of the transport: its context, the host's name, the
same protocol offered. The error of a connection that fails is kept, and raised where the transport
would have had it, so that nobody is connected to twice.
"""

from __future__ import annotations

import errno
import os
import socket
import threading
from urllib.parse import urlsplit

from entra_oauth.channels.base import monotonic
from entra_oauth.light import TYPE_CHECKING, replace
from entra_oauth.protocol.messages import Times, Wire

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from entra_oauth.channels.https.trust import Trust

__all__ = ["MAX_IDLE_S", "EarlyConnection", "begin"]

MAX_IDLE_S = 120.0
"""Seconds after which a silent connection is not used any more. Load balancers drop
one without a word after some minutes (Azure's after four), and a code sent into it
would be lost."""

_PROTOCOLS = ["http/1.1"]
"""Offered by ALPN (RFC 7301), as urllib3 does."""


def begin(
    url: str, trust: Trust | None, hold: Callable[[socket.socket], None], until: float
) -> EarlyConnection | None:
    """Start to connect to the host of `url`, with TLS if there is a `trust`; returns at once.

    `hold` is told each socket, and raises if there is to be none any more. `until` is a moment
    of the monotonic clock. None where the transport has to do it: for an odd name,
    and where the system gives no more threads.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    labels = host.removesuffix(".").split(".")
    if not host.isascii() or "%" in host or not all(0 < len(label) < 64 for label in labels):
        return None
    port = parts.port or (443 if trust is not None else 80)
    early = EarlyConnection(host, port, trust, hold, until)
    thread = threading.Thread(target=early.connect, name="entra-oauth-connect", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return early


class EarlyConnection:
    """One connection: made by `connect` in a thread of its own, and taken once."""

    def __init__(
        self,
        host: str,
        port: int,
        trust: Trust | None,
        hold: Callable[[socket.socket], None],
        until: float,
    ) -> None:
        self._host = host
        self._port = port
        self._trust = trust
        self._hold = hold
        self._until = until
        self._ended = threading.Event()
        # Guards what follows: the connection may come when nobody wants it any more.
        self._lock = threading.Lock()
        self._is_over = False
        self._sock: socket.socket | None = None
        self._error: OSError | None = None
        self._link = Wire()
        self._made_at = 0.0
        self._idles = False

    def wait_idle(self) -> bool:
        """Wait until it stands or has failed; True if it stands. It is for a later request."""
        self._idles = True
        self._ended.wait(max(self._until - monotonic(), 0.0))
        return self._sock is not None

    def take(self, host: str, port: int) -> tuple[socket.socket, Wire] | None:
        """The connection and its link, once; None for another host, or if it died while idle.

        Raises the `OSError` with which it failed, and `TimeoutError`.
        """
        if (host, port) != (self._host.rstrip("."), self._port) or self._is_over:
            return None
        if not self._ended.wait(max(self._until - monotonic(), 0.0)):
            self.close()
            raise TimeoutError
        with self._lock:
            self._is_over = True
            sock, self._sock = self._sock, None
        if self._error is not None:
            raise self._error
        if sock is None:
            return None
        # A request that is waiting for it gets it as it is: another would be a second try.
        if self._idles and (monotonic() - self._made_at > MAX_IDLE_S or has_gone(sock)):
            sock.close()
            return None
        return sock, replace(self._link, reused=self._idles)

    def close(self) -> None:
        """Nobody wants it any more."""
        with self._lock:
            self._is_over = True
            sock, self._sock = self._sock, None
        if sock is not None:
            sock.close()

    # ---- in the thread of its own ----------------------------------------------------

    def connect(self) -> None:
        """Look the name up, connect, and shake hands."""
        try:
            sock = self._connected()
            with self._lock:
                if self._is_over:
                    sock.close()
                else:
                    self._sock, self._made_at = sock, monotonic()
        except OSError as error:  # those of name look-up, certificates and a cut are some too
            self._error = error.with_traceback(None)
        except Exception:  # an odd name, no certificates: others have the words for it
            self._error = None
        finally:
            self._ended.set()

    def _connected(self) -> socket.socket:
        if self._trust is not None:
            self._trust.context()  # nobody is connected to before they have been judged
        begun_at = monotonic()
        found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        looked_up_at = monotonic()
        failure: OSError = OSError("getaddrinfo returns an empty list")
        for family, kind, protocol, _, address in found:
            sock = socket.socket(family, kind, protocol)
            try:
                if self._is_over:  # nobody has waited for a look-up as slow as this
                    raise ConnectionAbortedError
                self._hold(sock)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(max(self._until - monotonic(), 0.001))
                sock.connect(address)
                times = Times(dns=looked_up_at - begun_at, connect=monotonic() - looked_up_at)
                self._link = Wire(peer=name_of_peer(sock), times=times)
                return self._secured(sock, begun_at)
            except ConnectionAbortedError:
                sock.close()
                raise
            except OSError as error:
                sock.close()
                if self._link.peer is not None:  # it stood: no other address would be better
                    raise
                failure = error
        raise failure

    def _secured(self, sock: socket.socket, begun_at: float) -> socket.socket:
        if self._trust is None:
            return sock
        from entra_oauth.channels.https.trust import with_tls

        # TLS takes the socket over and gives out the new one only after the handshake;
        # through a second handle that can be ended too.
        with sock.dup() as handle:
            self._hold(handle)
            context = self._trust.context()
            context.set_alpn_protocols(_PROTOCOLS)
            secured = context.wrap_socket(sock, server_hostname=self._host.rstrip("."))
            try:
                check_handshake(secured)
                self._link = with_tls(self._link, secured, monotonic() - begun_at)
                self._hold(secured)
            except BaseException:
                secured.close()
                raise
        return secured


def has_gone(sock: socket.socket) -> bool:
    """True if the peer of an idle connection has closed it, or says what nobody has asked for."""
    if hasattr(sock, "cipher"):
        from entra_oauth.channels.https.trust import read_tickets

        return not read_tickets(sock)  # type: ignore[arg-type] # only a TLS one has ciphers
    timeout = sock.gettimeout()
    sock.settimeout(0)
    try:
        sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        sock.settimeout(timeout)
    return True


def name_of_peer(sock: socket.socket) -> str:
    """Address and port that a socket is connected to. Raises `OSError`."""
    host, port = sock.getpeername()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def check_handshake(sock: ssl.SSLSocket) -> None:
    """Raise `ConnectionResetError` if there was none.

    `ssl` skips the handshake, without a word, if the peer was gone by then.
    """
    if sock.version() is None:
        raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
