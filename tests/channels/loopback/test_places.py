"""The places of a loopback host's connections: who gets one, who loses it, and what it costs."""

from __future__ import annotations

import errno
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from entra_oauth.channels.loopback.host import HangUp, LoopbackHost
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit.back_channels import eventually
from kit.servers import raw_peer
from kit.servers.certificates import CertificateAuthority

ENOUGH_S = 3.0  # an upper bound for what takes milliseconds
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def yes(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=200, body=request.path.encode())


@pytest.fixture
def host() -> Iterator[LoopbackHost]:
    with LoopbackHost(yes) as running:
        yield running


def test_whom_no_thread_can_serve_is_closed_and_takes_no_place(
    host: LoopbackHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(host._threads, "run", lambda task: False)
        with raw_peer.connect(host.port) as peer:
            assert peer.recv(1) == b""
        assert eventually(lambda: not host._connections)
    assert raw_peer.get(host.port).status == 200


class Exhausted:
    """A listener for whose next connection the system has no descriptor left."""

    def accept(self) -> Any:
        raise OSError(errno.EMFILE, "Too many open files")


def test_where_no_descriptor_is_left_the_one_that_waits_gives_way_and_nobody_spins(
    host: LoopbackHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener: Any = Exhausted()
    paused: list[float] = []
    with raw_peer.connect(host.port, timeout_s=ENOUGH_S) as peer:
        assert eventually(lambda: len(host._connections) == 1)
        monkeypatch.setattr(host._stopping, "wait", paused.append)
        host._accept(listener)
        assert peer.recv(1) == b""
    assert len(paused) == 1


def test_whoever_knocks_while_all_are_being_answered_waits_and_nobody_spins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slow(request: HttpRequest) -> HttpResponse:
        begun.set()
        may_end.wait(ENOUGH_S)
        return HttpResponse(status=200)

    with LoopbackHost(slow, max_connections=1) as host, raw_peer.connect(host.port) as first:
        first.sendall(GET)
        assert begun.wait(ENOUGH_S)
        paused = threading.Event()
        pause = host._stopping.wait

        def noting(timeout_s: float) -> bool:
            paused.set()
            return pause(timeout_s)

        monkeypatch.setattr(host._stopping, "wait", noting)
        with raw_peer.connect(host.port) as second:
            second.sendall(GET)
            assert paused.wait(ENOUGH_S)
            assert len(host._connections) == 1
            may_end.set()
            assert raw_peer.split(raw_peer.read_all(first)).status == 200
            assert raw_peer.split(raw_peer.read_all(second)).status == 200


def test_an_answer_does_not_wait_for_more_and_no_thread_keeps_the_program_from_ending(
    host: LoopbackHost,
) -> None:
    with raw_peer.connect(host.port):
        assert eventually(lambda: len(host._connections) == 1)
        (one,) = host._connections
        assert eventually(lambda: one.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        names = f"loopback-{host.port}", f"loopback-{host.port}-connection"
        ours = [each for each in threading.enumerate() if each.name in names]
        assert [each.daemon for each in ours] == [True, True]
        assert all(each.gettimeout() == 0.0 for each in host._listeners), "to accept never blocks"


def test_a_second_request_that_is_there_already_is_answered_though_none_is_kept(
    host: LoopbackHost,
) -> None:
    both = raw_peer.exchange(host.port, GET + GET.replace(b"/ ", b"/2 "))
    assert both.count(b"HTTP/1.1 200 OK") == 2
    assert both.endswith(b"\r\n\r\n/2")
    one = raw_peer.exchange(host.port, GET.replace(b"a\r\n", b"a\r\nConnection: close\r\n") + GET)
    assert one.count(b"HTTP/1.1 200 OK") == 1


def test_of_two_mistakes_of_ours_the_first_is_kept() -> None:
    def broken(request: HttpRequest) -> HttpResponse:
        raise RuntimeError(request.path)

    with LoopbackHost(broken, keep_alive=True, idle_timeout_s=60) as host:
        for path in ("/first", "/second"):
            reply = raw_peer.get(host.port, path)
            assert (reply.status, reply.header("connection")) == (500, "close")
        assert str(host.failure) == "/first"


def test_whoever_is_answered_while_the_host_closes_is_not_waited_for_any_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slow(request: HttpRequest) -> HttpResponse:
        begun.set()
        may_end.wait(ENOUGH_S)
        return HttpResponse(status=200)

    host = LoopbackHost(slow, keep_alive=True)
    host.start()
    host.start()
    with raw_peer.connect(host.port) as peer:
        peer.sendall(GET)
        assert begun.wait(ENOUGH_S)
        closing = threading.Thread(target=host.close, args=(60.0,))
        waits, join = threading.Event(), host._threads.join

        def waiting(timeout_s: float) -> None:
            waits.set()
            join(timeout_s)

        monkeypatch.setattr(host._threads, "join", waiting)
        closing.start()
        assert waits.wait(ENOUGH_S)  # those that are silent have been cut by then
        may_end.set()
        closing.join(ENOUGH_S)
        assert not closing.is_alive()
        assert raw_peer.split(raw_peer.read_all(peer)).status == 200
    assert not any(each.name.startswith("loopback-") for each in threading.enumerate())


# ---- the host as a proxy ---------------------------------------------------------


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def tls(ca: CertificateAuthority) -> ssl.SSLContext:
    return ca.server("a.example")


@pytest.fixture
def proxy(tls: ssl.SSLContext) -> Iterator[LoopbackHost]:
    host = LoopbackHost(yes, tunnel=lambda target: tls, max_connections=1, request_timeout_s=60)
    with host as running:
        yield running


def connect(*more: str, body: str = "") -> bytes:
    lines = ("CONNECT a.example:443 HTTP/1.1", "Host: a.example:443", *more, "", body)
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize(
    "message", [connect("Content-Length: 1"), connect(body="x"), connect(body="\x16\x03\x01")]
)
def test_bytes_before_the_tunnel_is_there_are_refused(message: bytes, proxy: LoopbackHost) -> None:
    with raw_peer.connect(proxy.port) as peer:
        peer.sendall(message)
        peer.shutdown(socket.SHUT_WR)
        assert raw_peer.split(raw_peer.read_all(peer)).status == 400


def inside(proxy: LoopbackHost, ca: CertificateAuthority, message: bytes) -> bytes:
    """The answer to this message in a tunnel."""
    trusting = ssl.create_default_context(cafile=str(ca.bundle))
    with raw_peer.connect(proxy.port) as plain:
        plain.sendall(connect())
        assert plain.recv(1000) == b"HTTP/1.1 200 Connection Established\r\n\r\n"
        with trusting.wrap_socket(plain, server_hostname="a.example") as peer:
            peer.sendall(message)
            return raw_peer.read_all(peer)


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (b"GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n", 200),
        (b"GET /x HTTP/1.1\r\nHost: b.example\r\n\r\n", 421),
        (connect(), 400),
    ],
)
def test_in_a_tunnel_requests_are_taken_and_no_other_tunnel_is_begun(
    message: bytes, status: int, proxy: LoopbackHost, ca: CertificateAuthority
) -> None:
    assert raw_peer.split(inside(proxy, ca, message)).status == status


def test_whoever_has_a_tunnel_and_says_nothing_makes_room(proxy: LoopbackHost) -> None:
    with raw_peer.connect(proxy.port, timeout_s=ENOUGH_S) as silent:
        silent.sendall(connect())
        assert silent.recv(1000).startswith(b"HTTP/1.1 200 ")
        assert raw_peer.get(proxy.port).status == 200
        assert silent.recv(1) == b""


def test_a_handshake_that_never_comes_is_waited_for_as_long_as_a_request(
    tls: ssl.SSLContext,
) -> None:
    with (
        LoopbackHost(yes, tls=tls, keep_alive=True, request_timeout_s=0.1) as host,
        raw_peer.connect(host.port, timeout_s=ENOUGH_S) as silent,
    ):
        assert silent.recv(1) == b""


def test_a_connection_over_tls_that_is_torn_down_gets_no_goodbye(ca: CertificateAuthority) -> None:
    def tear(request: HttpRequest) -> HttpResponse:
        raise HangUp(reset=True)

    trusting = ssl.create_default_context(cafile=str(ca.bundle))
    with (
        LoopbackHost(tear, tls=ca.server()) as host,
        raw_peer.connect(host.port) as plain,
        trusting.wrap_socket(
            plain, server_hostname="localhost", suppress_ragged_eofs=False
        ) as peer,
    ):
        peer.sendall(GET)
        with pytest.raises((ssl.SSLEOFError, ConnectionResetError)):  # b"" would be a goodbye
            peer.recv(1)


def test_a_goodbye_over_tls_waits_for_none(ca: CertificateAuthority) -> None:
    trusting = ssl.create_default_context(cafile=str(ca.bundle))
    with (
        LoopbackHost(yes, tls=ca.server(), request_timeout_s=60) as host,
        trusting.wrap_socket(raw_peer.connect(host.port), server_hostname="localhost") as peer,
    ):
        peer.sendall(GET)
        assert raw_peer.split(raw_peer.read_all(peer)).status == 200
        assert eventually(lambda: not host._connections, within_s=ENOUGH_S)
