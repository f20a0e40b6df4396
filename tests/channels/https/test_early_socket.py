"""The early connection by itself: whom it connects to, who gets it, and that none is left open."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from entra_oauth.channels.https import early_connection as module
from entra_oauth.channels.https.early_connection import (
    MAX_IDLE_S,
    EarlyConnection,
    check_handshake,
    has_gone,
    name_of_peer,
)
from entra_oauth.channels.https.trust import Trust
from kit import needs
from kit.back_channels import StandingClock, eventually
from kit.servers.certificates import CertificateAuthority
from kit.servers.raw_server import Peer, RawServer, silent

ENOUGH_S = 5.0  # an upper bound for what takes milliseconds


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> StandingClock:
    made = StandingClock()
    monkeypatch.setattr(module, "monotonic", made)
    return made


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    assert eventually(lambda: not connecting(), within_s=ENOUGH_S)


def connecting() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "entra-oauth-connect"]


class Held:
    """The sockets that the connection told of; `then` is done with each."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.socks: list[socket.socket] = []
        self._then = then

    def __call__(self, sock: socket.socket) -> None:
        self.socks.append(sock)
        self._then()

    @property
    def are_closed(self) -> bool:
        return bool(self.socks) and all(sock.fileno() == -1 for sock in self.socks)


def made(
    server: RawServer,
    hold: Callable[[socket.socket], None] = lambda sock: None,
    trust: Trust | None = None,
    *,
    until: float | None = None,
) -> EarlyConnection:
    until = time.monotonic() + ENOUGH_S if until is None else until
    return EarlyConnection("localhost", server.port, trust, hold, until)


# ---- whom it connects to -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://a.invalid/x", ("a.invalid", 80)),
        ("https://a.invalid/x", ("a.invalid", 443)),
        ("http://a.invalid:8080/x", ("a.invalid", 8080)),
        ("https://user:word@a.invalid:8443/x", ("a.invalid", 8443)),
        ("https://[2001:db8::1]/x", ("2001:db8::1", 443)),
        ("http:///x", None),
        ("http://a%2eb.invalid/x", None),
        ("http://[fe80::1%25eth0]/x", None),
    ],
)
def test_the_place_is_that_of_the_address(
    url: str, place: tuple[str, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[tuple[str, int]] = []
    are_daemons: list[bool] = []

    def unknown(host: str, port: int, **more: object) -> object:
        looked_up.append((host, port))
        are_daemons.append(threading.current_thread().daemon)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    trust: Any = SimpleNamespace(context=lambda: None) if url.startswith("https") else None
    early = module.begin(url, trust, lambda sock: None, time.monotonic() + ENOUGH_S)
    if place is None:
        assert early is None
        return
    assert early is not None
    with pytest.raises(socket.gaierror):
        early.take(*place)
    assert (looked_up, are_daemons) == ([place], [True])


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_a_dot_at_the_end_of_a_name_is_not_part_of_it_for_tls_and_for_who_takes_it(
    tls: bool, ca: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust = Trust(str(ca.bundle)) if tls else None
    with RawServer(silent, tls=ca.server() if tls else None) as server:
        at = ("127.0.0.1", server.port)
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", at)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        until = time.monotonic() + ENOUGH_S
        early = EarlyConnection("localhost.", server.port, trust, lambda sock: None, until)
        early.connect()
        taken = early.take("localhost", server.port)
        assert taken is not None
        taken[0].close()


# ---- who gets it -------------------------------------------------------------------------


def _leaves(peer: Peer) -> None:
    """The script ends, and with it the connection."""


def test_a_request_that_waits_for_it_gets_it_even_if_it_has_ended() -> None:
    # Without it, the request would connect again: a second try.
    with RawServer(_leaves) as server:
        early = made(server)
        early.connect()
        assert early._sock is not None
        sock = early._sock
        assert eventually(lambda: has_gone(sock))
        taken = early.take("localhost", server.port)
        assert taken is not None
        assert taken[0] is sock
        assert taken[1].reused is False
        sock.close()


@pytest.mark.parametrize(("idle_s", "is_used"), [(MAX_IDLE_S, True), (MAX_IDLE_S + 0.5, False)])
def test_one_that_idled_is_used_for_so_long_and_then_closed(
    idle_s: float, is_used: bool, clock: StandingClock
) -> None:
    with RawServer(silent) as server:
        early = made(server, until=clock.at + 9)
        early.connect()
        assert early.wait_idle() is True
        sock = early._sock
        assert sock is not None
        clock.at += idle_s
        taken = early.take("localhost", server.port)
        assert (taken is not None) is is_used
        assert (sock.fileno() == -1) is not is_used
        assert early.take("localhost", server.port) is None, "it is there once"
        if taken is not None:
            assert taken[1].reused is True
        sock.close()


@pytest.mark.parametrize("left_s", [9.0, -1.0])
def test_it_is_connected_in_the_time_that_is_left(left_s: float, clock: StandingClock) -> None:
    with RawServer(silent) as server:
        early = made(server, until=clock.at + left_s)
        early.connect()
        if (sock := early._sock) is not None:  # it may stand within a millisecond
            assert sock.gettimeout() == max(left_s, 0.001)
            sock.close()
        else:
            assert left_s < 0


def test_one_that_comes_after_its_time_is_closed_and_nobodys() -> None:
    may_go_on = threading.Event()
    held = Held(lambda: may_go_on.wait(ENOUGH_S))
    with RawServer(silent) as server:
        until = time.monotonic() + 0.05
        early = module.begin(server.url, None, held, until)
        assert early is not None
        with pytest.raises(TimeoutError):
            early.take("localhost", server.port)
        assert early.take("localhost", server.port) is None
        early._until += ENOUGH_S  # its socket has time again, and nobody wants it
        may_go_on.set()
        assert eventually(lambda: held.are_closed)
        assert early._sock is None


def test_one_that_was_given_up_while_it_connected_is_closed() -> None:
    held = Held(lambda: early.close())
    with RawServer(silent) as server:
        early = made(server, held)
        early.connect()
        assert server.accepted <= 1
        assert held.are_closed
        assert early.take("localhost", server.port) is None


def test_nobody_is_connected_to_for_who_has_left_by_then() -> None:
    held = Held()
    with RawServer(silent) as server:
        early = made(server, held)
        early.close()
        early.connect()
        assert held.socks == []
        assert server.accepted == 0


def test_an_error_is_told_once_and_the_next_request_connects_for_itself() -> None:
    with RawServer() as gone:
        early = made(gone)
    early.connect()
    with pytest.raises(ConnectionRefusedError):
        early.take("localhost", gone.port)
    assert early.take("localhost", gone.port) is None


def test_whoever_wants_it_idle_waits_until_it_stands() -> None:
    held = Held(lambda: time.sleep(0.05))
    with RawServer(silent) as server:
        early = module.begin(server.url, None, held, time.monotonic() + ENOUGH_S)
        assert early is not None
        assert early.wait_idle() is True
        early.close()
        assert held.are_closed


# ---- none is left open -------------------------------------------------------------------


@pytest.mark.parametrize("error", [ConnectionAbortedError, ConnectionRefusedError])
def test_a_socket_that_may_not_be_held_is_closed(error: type[OSError]) -> None:
    def refuse() -> None:
        raise error

    held = Held(refuse)
    with RawServer(silent) as server:
        early = made(server, held)
        early.connect()
        with pytest.raises(error):
            early.take("localhost", server.port)
    assert held.are_closed
    one_address = 1 if error is ConnectionAbortedError else len(held.socks)
    assert len(held.socks) == one_address, "after a cut no other address is tried"


def test_under_tls_each_handle_is_told_and_the_last_is_the_one_that_is_taken(
    ca: CertificateAuthority,
) -> None:
    held = Held()
    with RawServer(silent, tls=ca.server()) as server:
        early = made(server, held, Trust(str(ca.bundle)))
        early.connect()
        taken = early.take("localhost", server.port)
        assert taken is not None
        *before, last = held.socks
        assert last is taken[0]
        assert isinstance(last, ssl.SSLSocket)
        assert all(sock.fileno() == -1 for sock in before)
        assert len(before) >= 2
        last.close()


def test_a_connection_without_a_handshake_is_closed(
    ca: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    secured: list[ssl.SSLSocket] = []

    def never(sock: ssl.SSLSocket) -> None:
        secured.append(sock)
        raise ConnectionResetError

    monkeypatch.setattr(module, "check_handshake", never)
    with RawServer(silent, tls=ca.server()) as server:
        early = made(server, trust=Trust(str(ca.bundle)))
        early.connect()
        with pytest.raises(ConnectionResetError):
            early.take("localhost", server.port)
    assert [sock.fileno() for sock in secured] == [-1]


# ---- what is asked of a socket -------------------------------------------------------------


def test_a_handshake_that_was_skipped_is_a_reset() -> None:
    skipped: Any = SimpleNamespace(version=lambda: None)
    with pytest.raises(ConnectionResetError) as caught:
        check_handshake(skipped)
    reset = errno.ECONNRESET
    assert (caught.value.errno, caught.value.strerror) == (reset, os.strerror(reset))
    done: Any = SimpleNamespace(version=lambda: "TLSv1.3")
    check_handshake(done)


@needs.ipv6
def test_a_peer_is_named_with_the_brackets_of_its_address() -> None:
    for address, shown in (("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")):
        with (
            RawServer(silent, address=address) as server,
            socket.create_connection((address, server.port)) as sock,
        ):
            assert name_of_peer(sock) == f"{shown}:{server.port}"


def test_a_look_at_an_idle_connection_changes_nothing_of_it() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            ours.settimeout(7.0)
            assert has_gone(ours) is False
            theirs.sendall(b"out of turn")
            assert has_gone(ours) is True
            assert ours.recv(100) == b"out of turn"
        assert has_gone(ours) is True
        assert ours.gettimeout() == 7.0
