"""The exchanges that a witness of the loopback host is told, with every byte in its order."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest

from entra_oauth.channels.exchange import Exchange
from entra_oauth.channels.loopback.host import HangUp, LoopbackHost
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit import needs
from kit.back_channels import eventually, wire_of
from kit.servers import raw_peer
from kit.servers.certificates import CertificateAuthority


def _answer(request: HttpRequest) -> HttpResponse:
    if request.path == "/away":
        raise HangUp
    if request.path == "/torn":
        raise HangUp(reset=True)
    if request.path == "/mistake":
        raise RuntimeError
    return HttpResponse(status=200, body=b"you said " + request.body)


@pytest.fixture
def seen() -> list[Exchange]:
    return []


@pytest.fixture
def host(seen: list[Exchange]) -> Iterator[LoopbackHost]:
    with LoopbackHost(_answer, keep_alive=True, witness=seen.append) as running:
        yield running


def _bytes(port: int, line: str, *more: str, body: str = "") -> bytes:
    return "\r\n".join([line, f"hOsT:  localhost:{port}", *more, "", body]).encode()


def test_the_bytes_are_those_of_the_socket_on_a_kept_connection_too(
    host: LoopbackHost, seen: list[Exchange]
) -> None:
    one = _bytes(host.port, "POST /a?b=%41 HTTP/1.1", "Content-Length: 3", body="abc")
    two = _bytes(host.port, "GET / HTTP/1.1", "X-Odd:\tvalue ", "Connection: close")
    back = raw_peer.exchange(host.port, one + two)
    assert eventually(lambda: len(seen) == 2)
    first, second = seen
    assert (wire_of(first).sent, wire_of(second).sent) == (one, two)
    assert wire_of(first).received + wire_of(second).received == back
    assert (first.request.url, first.request.body) == (
        f"http://localhost:{host.port}/a?b=%41",
        b"abc",
    )
    assert first.response
    assert first.response.body == b"you said abc"
    assert (wire_of(first).reused, wire_of(second).reused) == (False, True)
    assert wire_of(first).peer == f"127.0.0.1:{host.port}"
    assert (wire_of(first).tls_version, wire_of(first).proxy, first.failure) == (None, None, None)
    assert first.started_at <= first.ended_at <= second.ended_at
    times = wire_of(first).times
    assert (times.dns, times.connect, times.tls) == (None, None, None)
    assert all(part is not None and part >= 0 for part in (times.send, times.wait, times.receive))


def test_the_interim_answer_is_part_of_what_was_received(
    host: LoopbackHost, seen: list[Exchange]
) -> None:
    with raw_peer.connect(host.port) as sock:
        expects = ("Expect: 100-continue", "Content-Length: 3", "Connection: close")
        sock.sendall(_bytes(host.port, "POST / HTTP/1.1", *expects))
        interim = sock.recv(1000)
        sock.sendall(b"abc")
        back = interim + raw_peer.read_all(sock)
    assert eventually(lambda: bool(seen))
    assert back.startswith(b"HTTP/1.1 100 ")
    assert wire_of(seen[0]).received == back


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (b"GET /x HTTP/1.1\r\n\r\n", ("GET", "/x", 400)),
        (b"GET /x HTTP/2.0\r\nHost: a.example\r\n\r\n", ("GET", "a.example/x", 505)),
        (
            b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\nabc",
            ("POST", "a/x", 413),
        ),
        (b"GET http://a.example/x HTTP/1.1\r\nHost: b\r\n\r\n", ("GET", "a.example/x", 400)),
        (b"GET a.example/x HTTP/1.1\r\nHost: b\r\n\r\n", ("GET", "a.example/x", 400)),
        (b"\x16\x03\x01\x02\x00", ("?", "/", 400)),
        (b"CONNECT a.example:443 HTTP/1.1\r\nHost: x\r\n\r\n", ("CONNECT", "a.example:443/", 400)),
    ],
)
def test_what_is_refused_unread_is_told_with_its_bytes(
    message: bytes, told: tuple[str, str, int], host: LoopbackHost, seen: list[Exchange]
) -> None:
    with raw_peer.connect(host.port) as sock:
        sock.sendall(message)
        sock.shutdown(1)
        back = raw_peer.read_all(sock)
    assert eventually(lambda: bool(seen))
    method, ending, status = told
    (exchange,) = seen
    assert wire_of(exchange).sent == message
    assert wire_of(exchange).received == back
    assert back.startswith(b"HTTP/1.1 %d " % status)
    assert exchange.request.method == method
    assert exchange.request.url.endswith(ending)
    assert exchange.request.url.count("//") <= 1
    assert exchange.request.raw == message


@pytest.mark.parametrize("path", ["/away", "/torn"])
def test_a_connection_that_we_ended_has_no_answer(
    path: str, host: LoopbackHost, seen: list[Exchange]
) -> None:
    message = _bytes(host.port, f"GET {path} HTTP/1.1")
    ahead = _bytes(host.port, "GET /never-read HTTP/1.1")
    with raw_peer.connect(host.port) as sock:
        sock.sendall(message + ahead)
        assert eventually(lambda: bool(seen))
    (exchange,) = seen
    assert (wire_of(exchange).sent, wire_of(exchange).received) == (message, b"")
    assert (exchange.response, exchange.failure) == (None, "HangUp")
    assert wire_of(exchange).times.receive is None


def test_our_own_mistake_is_told_as_it_was_answered(
    host: LoopbackHost, seen: list[Exchange]
) -> None:
    back = raw_peer.exchange(host.port, _bytes(host.port, "GET /mistake HTTP/1.1"))
    assert eventually(lambda: bool(seen))
    assert seen[0].response
    assert seen[0].response.status == 500
    assert wire_of(seen[0]).received == back


@needs.ipv6
def test_the_place_of_an_ipv6_address_is_told_with_its_brackets(
    host: LoopbackHost, seen: list[Exchange]
) -> None:
    raw_peer.exchange(host.port, b"GET /x HTTP/9.9\r\n\r\n", "::1")
    assert eventually(lambda: bool(seen))
    assert wire_of(seen[0]).peer == f"[::1]:{host.port}"
    assert seen[0].request.url == f"http://[::1]:{host.port}/x"


@pytest.mark.parametrize(
    ("message", "url"),
    [
        (b"GET /x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n", "https://a.example/x"),
        (b"GET /x HTTP/9.9\r\nHost: a.example\r\n\r\n", "https://a.example/x"),
    ],
)
def test_an_exchange_in_a_tunnel_has_what_was_agreed_on_and_the_way_there(
    message: bytes, url: str, seen: list[Exchange], tmp_path_factory: pytest.TempPathFactory
) -> None:
    ca = CertificateAuthority(tmp_path_factory.mktemp("ca"))
    context = ca.server("a.example")
    context.set_alpn_protocols(["http/1.1"])
    trusting = ssl.create_default_context(cafile=str(ca.bundle))
    trusting.set_alpn_protocols(["http/1.1"])
    asked = b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n"
    with (
        LoopbackHost(_answer, tunnel=lambda target: context, witness=seen.append) as host,
        raw_peer.connect(host.port) as plain,
    ):
        plain.sendall(asked)
        told = plain.recv(1000)
        with trusting.wrap_socket(plain, server_hostname="a.example") as peer:
            cipher = peer.cipher()
            peer.sendall(message)
            back = raw_peer.read_all(peer)
        assert eventually(lambda: bool(seen))
    (exchange,) = seen
    wire = wire_of(exchange)
    assert exchange.request.url == url
    assert (wire.sent, wire.received, wire.reused) == (message, back, False)
    assert (wire.tunnel_sent, wire.tunnel_received) == (asked, told)
    assert (wire.peer, wire.proxy) == (f"127.0.0.1:{host.port}", f"http://127.0.0.1:{host.port}")
    assert cipher
    assert (wire.tls_version, wire.cipher, wire.alpn) == ("TLSv1.3", cipher[0], "http/1.1")
    assert wire.times.tls is not None
    assert wire.times.tls > 0
