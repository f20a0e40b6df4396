"""Keeps a test run on this machine: a socket that would leave it is refused.

A refusal is noted as well as raised, so that code which swallows exceptions, or
a thread of its own, cannot hide one: `conftest.py` fails the test that was
running.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from entra_oauth.protocol.messages import is_loopback

__all__ = ["refused", "stay_on_this_machine"]

refused: list[str] = []
"""What was refused since the list was last emptied."""


def _check(host: object, what: str) -> None:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    # No host at all means this machine, and so do the addresses to listen on.
    if host is None or host in ("", "0.0.0.0", "::") or (isinstance(host, str) and _local(host)):
        return
    note = f"{what} {host!r}: the tests may not leave this machine"
    refused.append(note)
    # Not an Exception: `except Exception` in the code under test must not turn
    # this into an ordinary network error that the test then expects.
    pytest.fail(note, pytrace=True)


def _local(host: str) -> bool:
    return is_loopback(host.partition("%")[0].removeprefix("::ffff:"))


def _check_address(address: Any, what: str) -> None:
    # An address that is no tuple is a path: a socket of the file system.
    if isinstance(address, tuple):
        _check(address[0], what)


@contextmanager
def stay_on_this_machine() -> Iterator[None]:
    """Refuse to connect, send or look up beyond loopback, until the block ends.

    Names below `.invalid` fail as RFC 6761 §6.4 promises, without a look-up: a
    test of "no such host" uses one of those.
    """
    plain = socket.socket
    look_up = socket.getaddrinfo

    def connect(self: socket.socket, address: Any) -> None:
        _check_address(address, "connect to")
        return _connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        _check_address(address, "connect to")
        return _connect_ex(self, address)

    def sendto(self: socket.socket, data: Any, *rest: Any) -> int:
        _check_address(rest[-1], "send to")
        return _sendto(self, data, *rest)

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(host, str) and host.rstrip(".").lower().endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        _check(host, "look up")
        return look_up(host, *args, **kwargs)

    _connect, _connect_ex, _sendto = plain.connect, plain.connect_ex, plain.sendto
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, "connect", connect)
        patch.setattr(plain, "connect_ex", connect_ex)
        patch.setattr(plain, "sendto", sendto)
        patch.setattr(socket, "getaddrinfo", getaddrinfo)
        yield
