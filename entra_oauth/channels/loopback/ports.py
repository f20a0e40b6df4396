"""Binding the ports of this machine, so that nobody else answers on them."""

from __future__ import annotations

import errno
import os
import socket

from entra_oauth.errors import LocalError, PortBusy, UsageError

__all__ = ["bind"]

_LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
_ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)
# Deep, because a browser whose SYN finds the queue full tries again a second later.
_BACKLOG = 1024
_ATTEMPTS = 50
_WINDOWS = os.name == "nt"


def bind(port: int, address: str | None) -> list[socket.socket]:
    """Listen on `port` of 127.0.0.1 and ::1 together, or of `address` alone.

    `port=0` picks one that is free on both; a machine without ::1 is fine. Raises
    `PortBusy`, `LocalError` if the system does not let us, `UsageError` for what is
    no port or no IP address.
    """
    if not 0 <= port <= 65535:
        raise UsageError(f"{port} is not a port number.", advice="Give one from 1 to 65535.")
    places = _LOOPBACK if address is None else (_place(address),)
    # A free port of the one address can be taken on the other: then try another.
    for _ in range(1 if port else _ATTEMPTS):
        try:
            listeners = _listen_on(places, port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE or (_WINDOWS and error.errno == errno.EACCES):
                continue
            raise _refused(port, address, error) from None
        if listeners:
            return listeners
        raise _refused(port, address, OSError(errno.EADDRNOTAVAIL, "no such address"))
    raise PortBusy(
        f"Port {port} of this machine is in use by another program."
        if port
        else "No port could be found that is free on both 127.0.0.1 and ::1.",
        advice="Stop the program that uses it, or choose another port.",
    )


def _place(address: str) -> tuple[int, str]:
    address = address.strip("[]")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.inet_pton(family, address)
    except OSError:
        raise UsageError(
            "The address to listen on is not an IP address.",
            advice="Give one such as 127.0.0.1, or leave it out to listen on this machine only.",
        ) from None
    return family, address


def _listen_on(places: tuple[tuple[int, str], ...], port: int) -> list[socket.socket]:
    listeners: list[socket.socket] = []
    for family, address in places:
        try:
            listeners.append(_listen(family, address, port))
        except OSError as error:
            if error.errno in _ABSENT:
                continue
            for listener in listeners:
                listener.close()
            raise
        port = listeners[-1].getsockname()[1]
    return listeners


def _listen(family: int, address: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if _WINDOWS:
            sock.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_EXCLUSIVEADDRUSE", -5), 1)
        else:
            # On POSIX this only skips the wait after an earlier run on the same port;
            # a port that someone listens on stays theirs.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setblocking(False)
        sock.bind((address, port))
        sock.listen(_BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def _refused(port: int, address: str | None, error: OSError) -> LocalError:
    if isinstance(error, PermissionError):
        return LocalError(
            f"This system lets only its administrator's programs listen on port {port}.",
            advice="Choose a port above 1023.",
        )
    where = "127.0.0.1 or ::1" if address is None else address
    return LocalError(
        f"Listening on {where} is not possible here: {error.strerror or 'no such address'}.",
        advice="Choose an address that this machine has, or leave it to the default.",
    )
