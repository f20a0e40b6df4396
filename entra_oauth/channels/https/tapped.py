"""A connection of `http.client`'s kind, and its answers, that tell a `Tap` what they do."""

from __future__ import annotations

import errno
import http.client
import io
import os
import socket
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from entra_oauth.channels.base import monotonic
from entra_oauth.protocol.messages import Times, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from entra_oauth.channels.https.tap import Tap

__all__ = ["MAX_IDLE_S", "Tapped", "TappedAnswer"]

MAX_IDLE_S = 120.0
"""Seconds after which a silent connection is not used any more. Load balancers drop
one without a word after some minutes (Azure's after four), and a code sent into it
would be lost."""


class Tapped:
    """Stands before one of urllib3's connection classes.

    Notes what goes out after the connection stands; a proxy's CONNECT, which is not
    ours, is noted apart.
    """

    # A user's global `http.client.HTTPConnection.debuglevel = 1` would print the
    # body, code and all, to standard output.
    debuglevel = 0
    tap: Tap
    sock: Any
    socket_options: Any
    link = Wire()
    used_at = 0.0
    _connecting = False
    _handle: socket.socket | None = None

    def connect(self) -> None:
        self._connecting = True
        begun_at = monotonic()
        try:
            super().connect()  # type: ignore[misc]
            if isinstance(self.sock, ssl.SSLSocket) and self.sock.version() is None:
                # `ssl` skips the handshake, without a word, if the peer was gone by then.
                raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
            self.link = _with_tls(self.link, self.sock, monotonic() - begun_at)
            self.tap.hold(self._socket)
            self.used_at = monotonic()
        finally:
            self._connecting = False
            if self._handle is not None:
                self._handle.close()

    def _new_conn(self) -> socket.socket:
        begun_at = monotonic()
        options = _Noticed(self.socket_options or ())
        self.socket_options = options
        try:
            sock: socket.socket = super()._new_conn()  # type: ignore[misc]
        finally:
            self.socket_options = options.options
        looked_up_at = options.noticed_at or begun_at
        times = Times(dns=looked_up_at - begun_at, connect=monotonic() - looked_up_at)
        try:
            host, port = sock.getpeername()[:2]
            peer = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            self.link = Wire(peer=peer, times=times)
            # TLS takes the socket over and gives out the new one only after the
            # handshake; through a second handle that can be ended too.
            self._handle = sock.dup()
            self.tap.hold(self._handle)
        except BaseException:
            sock.close()
            raise
        return sock

    def _tunnel(self) -> None:
        begun_at = monotonic()
        self.tap.open_tunnel()
        try:
            super()._tunnel()  # type: ignore[misc]
        finally:
            sent, received = self.tap.take_tunnel()
            times = replace(self.link.times, tunnel=monotonic() - begun_at)
            self.link = replace(self.link, tunnel_sent=sent, tunnel_received=received, times=times)

    def putrequest(self, *args: Any, **kwargs: Any) -> None:
        self.link = replace(self.link, reused=self.sock is not None)
        super().putrequest(*args, **kwargs)  # type: ignore[misc]

    def send(self, data: bytes) -> None:
        if self._connecting:
            self.tap.add_tunnel_sent(data)
            super().send(data)  # type: ignore[misc]
            return
        if self.sock is None:
            self.connect()
        self.tap.hold(self._socket)  # a connection that is reused need not be the newest one
        self.tap.add_sent(self.link, data)
        self.used_at = monotonic()
        super().send(data)  # type: ignore[misc]
        self.tap.all_sent()

    @property
    def _socket(self) -> socket.socket:
        # TLS inside TLS is no socket itself, but has one.
        sock: socket.socket = getattr(self.sock, "socket", self.sock)
        return sock

    @property
    def is_connected(self) -> bool:
        """False once the peer has closed. TLS 1.3 session tickets are no sign that it has."""
        if monotonic() - self.used_at > MAX_IDLE_S:
            return False
        if isinstance(self.sock, ssl.SSLSocket) and not _read_tickets(self.sock):
            return False
        return bool(super().is_connected)  # type: ignore[misc]


class TappedAnswer(http.client.HTTPResponse):
    """Tells the tap every byte that it takes from the socket, before it makes sense of any."""

    tap: Tap

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fp = io.BufferedReader(_WatchedReader(self.fp.detach(), self.tap))


class _WatchedReader(io.RawIOBase):
    """A socket's reading end, with a listener."""

    def __init__(self, inner: io.RawIOBase, tap: Tap) -> None:
        self._inner = inner
        self._tap = tap

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count: int | None = self._inner.readinto(buffer)
        if count:
            self._tap.add_received(bytes(buffer[:count]))
        return count

    def fileno(self) -> int:
        return self._inner.fileno()

    def close(self) -> None:
        try:
            self._inner.close()
        finally:
            super().close()


class _Noticed:
    """Socket options that notice when they are first read.

    urllib3 looks a name up, makes a socket, sets its options and connects: so this is
    the moment when the look-up has ended.
    """

    def __init__(self, options: Sequence[Any]) -> None:
        self.options = options
        self.noticed_at = 0.0

    def __iter__(self) -> Iterator[Any]:
        self.noticed_at = self.noticed_at or monotonic()
        return iter(self.options)


def _with_tls(link: Wire, sock: Any, took_s: float) -> Wire:
    if not hasattr(sock, "cipher"):
        return link
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
