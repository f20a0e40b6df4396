"""Bytes that pass between two sockets, both ways, until both sides have ended.

One thread does both: OpenSSL's connections are not made for a thread that reads while
another one writes, and now and then such a pair breaks off (Python locks them from 3.13).
"""

from __future__ import annotations

import select
import socket
import ssl
from contextlib import suppress

__all__ = ["join"]

_PATIENCE_S = 20.0


def join(
    near: socket.socket,
    far: socket.socket,
    there: bytearray | None = None,
    back: bytearray | None = None,
) -> None:
    """Pass on what either socket says; `there` and `back` keep what went by, if given."""
    leads = {near: (far, there), far: (near, back)}
    while leads and (ready := _readable(list(leads))):
        for source in ready:
            sink, kept = leads[source]
            data = b""
            with suppress(OSError):
                data = source.recv(65536)
                if kept is not None:
                    kept += data  # before whoever gets it can ask for it here
                sink.sendall(data)
            if not data:
                del leads[source]
                with suppress(OSError):
                    # Not SSLSocket's own, which would forget the TLS of the other direction.
                    socket.socket.shutdown(sink, socket.SHUT_WR)


def _readable(sources: list[socket.socket]) -> list[socket.socket]:
    """Those with something to read: what TLS has unpacked already is in no buffer of the system."""
    unpacked: list[socket.socket] = [
        each for each in sources if isinstance(each, ssl.SSLSocket) and each.pending()
    ]
    return unpacked or select.select(sources, [], [], _PATIENCE_S)[0]
