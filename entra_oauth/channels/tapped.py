"""A connection of `http.client`'s kind that tells a `Tap` what it does."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from entra_oauth.channels.base import monotonic
from entra_oauth.protocol.messages import Wire

if TYPE_CHECKING:
    from entra_oauth.channels.tap import Tap

__all__ = ["MAX_IDLE_S", "Tapped"]

MAX_IDLE_S = 120.0
"""Seconds after which a silent connection is not used any more. Load balancers drop
one without a word after some minutes (Azure's after four), and a code sent into it
would be lost."""


class Tapped:
    """Stands before one of urllib3's connection classes.

    Notes what goes out after the connection stands (a proxy's CONNECT is not ours).
    """

    # A user's global `http.client.HTTPConnection.debuglevel = 1` would print the
    # body, code and all, to standard output.
    debuglevel = 0
    tap: Tap
    sock: Any
    link = Wire()
    used_at = 0.0
    _connecting = False
    _handle: socket.socket | None = None

    def connect(self) -> None:
        self._connecting = True
        try:
            super().connect()  # type: ignore[misc]
            if isinstance(self.sock, ssl.SSLSocket) and self.sock.version() is None:
                # `ssl` skips the handshake, without a word, if the peer was gone by then.
                raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
            self.link = _with_tls(self.link, self.sock)
            # TLS inside TLS is no socket itself, but has one.
            self.tap.hold(getattr(self.sock, "socket", self.sock))
            self.used_at = monotonic()
        finally:
            self._connecting = False
            if self._handle is not None:
                self._handle.close()

    def _new_conn(self) -> socket.socket:
        sock: socket.socket = super()._new_conn()  # type: ignore[misc]
        try:
            host, port = sock.getpeername()[:2]
            self.link = Wire(peer=f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
            # TLS takes the socket over and gives out the new one only after the
            # handshake; through a second handle that can be ended too.
            self._handle = sock.dup()
            self.tap.hold(self._handle)
        except BaseException:
            sock.close()
            raise
        return sock

    def send(self, data: bytes) -> None:
        if not self._connecting:
            if self.sock is None:
                self.connect()
            self.tap.note(self.link, data)
            self.used_at = monotonic()
        super().send(data)  # type: ignore[misc]

    @property
    def is_connected(self) -> bool:
        """Whether the peer has not closed. TLS 1.3 session tickets are no sign that it has."""
        if monotonic() - self.used_at > MAX_IDLE_S:
            return False
        if isinstance(self.sock, ssl.SSLSocket) and not _read_tickets(self.sock):
            return False
        return bool(super().is_connected)  # type: ignore[misc]


def _with_tls(link: Wire, sock: Any) -> Wire:
    if not hasattr(sock, "cipher"):
        return link
    cipher = sock.cipher()
    return replace(link, tls_version=sock.version(), cipher=cipher[0] if cipher else None)


def _read_tickets(sock: ssl.SSLSocket) -> bool:
    """Let OpenSSL take in what is no application data. False if the peer is done.

    urllib3 takes a readable idle socket for a closed one and would connect again.
    """
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
