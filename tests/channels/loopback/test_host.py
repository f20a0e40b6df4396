"""The loopback host: who is answered, who is cut, and what is left behind."""

from __future__ import annotations

import gc
import select
import signal
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from entra_oauth.channels.loopback import connection
from entra_oauth.channels.loopback.connection import Connection
from entra_oauth.channels.loopback.host import HangUp, LoopbackHost, Refusal
from entra_oauth.channels.loopback.ports import SPARE
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit import needs
from kit.processes import child_process
from kit.servers import raw_peer


def echo(request: HttpRequest) -> HttpResponse:
    line = f"{request.method} {request.url} ".encode()
    return HttpResponse(status=200, body=line + request.body)


@pytest.fixture(autouse=True)
def _nothing_is_left_behind() -> Iterator[None]:
    yield
    assert [t.name for t in threading.enumerate() if t.name.startswith("loopback")] == []


@pytest.fixture
def host() -> Iterator[LoopbackHost]:
    with LoopbackHost(echo) as running:
        yield running


ENOUGH_S = 3.0  # an upper bound for what takes milliseconds


def request_bytes(port: int, *more: str, line: str = "GET / HTTP/1.1", body: str = "") -> bytes:
    return "\r\n".join([line, f"Host: localhost:{port}", *more, "", body]).encode()


# ---- answering ---------------------------------------------------------------


@needs.ipv6
def test_both_loopback_addresses_answer_on_one_port(host: LoopbackHost) -> None:
    assert host.addresses == ("127.0.0.1", "::1")
    for address in host.addresses:
        answer = raw_peer.split(raw_peer.exchange(host.port, request_bytes(host.port), address))
        assert answer.status == 200


@needs.posix
def test_no_other_address_of_this_machine_answers(host: LoopbackHost) -> None:
    with pytest.raises(OSError, match=r"refused|unreachable|assign"):
        raw_peer.connect(host.port, "127.0.0.2").close()


def test_the_raw_spelling_of_the_target_reaches_the_handler(host: LoopbackHost) -> None:
    answer = raw_peer.get(host.port, "/a%2fb%2F?code=%2f&x")
    assert answer.body == f"GET http://localhost:{host.port}/a%2fb%2F?code=%2f&x ".encode()


def test_a_body_in_pieces_is_put_together(host: LoopbackHost) -> None:
    with raw_peer.connect(host.port) as peer:
        for piece in (request_bytes(host.port, "Content-Length: 6"), b"abc", b"def"):
            peer.sendall(piece)
            time.sleep(0.01)
        assert raw_peer.split(raw_peer.read_all(peer)).body.endswith(b" abcdef")


def test_expect_100_continue_is_honoured(host: LoopbackHost) -> None:
    with raw_peer.connect(host.port) as peer:
        peer.sendall(request_bytes(host.port, "Content-Length: 2", "Expect: 100-continue"))
        assert peer.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        peer.sendall(b"hi")
        assert raw_peer.split(raw_peer.read_all(peer)).body.endswith(b" hi")


def test_head_gets_the_length_but_no_body(host: LoopbackHost) -> None:
    answer = raw_peer.get(host.port, method="HEAD")
    assert answer.status == 200
    assert int(answer.header("content-length") or 0) > 0
    assert answer.body == b""


def test_http_1_0_is_answered_and_closed(host: LoopbackHost) -> None:
    answer = raw_peer.split(raw_peer.exchange(host.port, b"GET /a HTTP/1.0\r\n\r\n"))
    assert answer.body == f"GET http://127.0.0.1:{host.port}/a ".encode()


def test_empty_lines_before_a_request_are_skipped(host: LoopbackHost) -> None:
    answer = raw_peer.exchange(host.port, b"\r\n\r\n" + request_bytes(host.port))
    assert raw_peer.split(answer).status == 200


def test_the_answer_says_that_the_connection_ends_and_no_more(host: LoopbackHost) -> None:
    answer = raw_peer.get(host.port)
    assert dict(answer.headers) == {"Content-Length": str(len(answer.body)), "Connection": "close"}


# ---- refusing ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), 400),  # a TLS hello
        (bytes(range(128, 256)), 400),
        (b"GET / HTTP/1.1\n\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 70_000, 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n" + b"x" * 300_000, 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
    ],
)
def test_a_broken_request_is_refused_at_once_and_the_next_one_answered(
    host: LoopbackHost, message: bytes, status: int
) -> None:
    began = time.monotonic()
    answer = raw_peer.split(raw_peer.exchange(host.port, message))
    assert (answer.status, answer.body) == (status, b"")
    assert answer.header("connection") == "close"
    assert time.monotonic() - began < ENOUGH_S
    assert raw_peer.get(host.port).status == 200


def test_the_limit_of_the_body_can_be_set() -> None:
    with LoopbackHost(echo, body_limit=3) as host:
        assert raw_peer.post(host.port, body="abc").status == 200
        assert raw_peer.post(host.port, body="abcd").status == 413


def test_a_handler_that_raises_gives_a_bare_500_and_prints_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def broken(request: HttpRequest) -> HttpResponse:
        raise RuntimeError("the-secret")

    with LoopbackHost(broken) as host:
        answer = raw_peer.get(host.port)
        assert (answer.status, answer.body) == (500, b"")
        assert isinstance(host.failure, RuntimeError)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("reset", [False, True])
def test_a_handler_may_end_the_connection_without_an_answer(reset: bool) -> None:
    def hang_up(request: HttpRequest) -> HttpResponse:
        raise HangUp(reset=reset)

    with LoopbackHost(hang_up, keep_alive=True) as host:
        with raw_peer.connect(host.port) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if reset:
                with pytest.raises(ConnectionResetError):
                    sock.recv(1)
            else:
                assert sock.recv(1) == b""
        assert host.failure is None


def test_without_a_tunnel_nobody_is_connected_anywhere(host: LoopbackHost) -> None:
    answer = raw_peer.get(host.port, "localhost:443", method="CONNECT")
    assert answer.status == 400


def test_a_response_that_cannot_be_sent_is_a_500() -> None:
    bad = HttpResponse(status=200, headers=(("X", "a\r\nSet-Cookie: b"),))
    with LoopbackHost(lambda request: bad) as host:
        answer = raw_peer.get(host.port)
    assert answer.status == 500
    assert answer.header("set-cookie") is None


# ---- deadlines and floods ------------------------------------------------------


def test_a_slow_loris_is_cut_at_its_total_deadline() -> None:
    with LoopbackHost(echo, request_timeout_s=0.3) as host, raw_peer.connect(host.port) as peer:
        began = time.monotonic()
        # A byte every 20 ms would reset a deadline that is counted per byte.
        for byte in request_bytes(host.port, "X: " + "x" * 500):
            peer.sendall(bytes([byte]))
            if select.select([peer], [], [], 0.02)[0]:
                break
        assert raw_peer.split(peer.recv(65536)).status == 408
        assert 0.25 < time.monotonic() - began < ENOUGH_S


@pytest.mark.parametrize(
    "start",
    [b"GET / HTTP/1.1\r\nHost: a\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"],
)
def test_half_a_request_is_answered_408_at_the_deadline(start: bytes) -> None:
    with LoopbackHost(echo, request_timeout_s=0.1) as host:
        assert raw_peer.split(raw_peer.exchange(host.port, start)).status == 408


def test_a_request_has_its_own_deadline_on_a_connection_that_may_be_idle_for_long() -> None:
    host = LoopbackHost(echo, keep_alive=True, idle_timeout_s=60, request_timeout_s=0.1)
    with host, raw_peer.connect(host.port) as peer:
        peer.sendall(request_bytes(host.port))
        read_one(peer)
        peer.sendall(b"GET / HTTP/1.1\r\n")
        assert raw_peer.split(raw_peer.read_all(peer)).status == 408


def test_a_handler_may_take_longer_than_a_request() -> None:
    def slow(request: HttpRequest) -> HttpResponse:
        time.sleep(0.3)
        return HttpResponse(status=200)

    with LoopbackHost(slow, request_timeout_s=0.1) as host:
        assert raw_peer.get(host.port).status == 200


def test_a_silent_peer_is_closed_at_the_deadline_without_a_word() -> None:
    with LoopbackHost(echo, request_timeout_s=0.1) as host:
        assert raw_peer.exchange(host.port, b"") == b""


def test_three_hundred_silent_peers_do_not_delay_an_answer(host: LoopbackHost) -> None:
    with raw_peer.silent_peers(host.port, 300):
        began = time.monotonic()
        assert raw_peer.get(host.port).status == 200
        assert time.monotonic() - began < ENOUGH_S


def test_the_oldest_silent_peers_make_room_for_the_newest() -> None:
    host = LoopbackHost(echo, max_connections=8)
    with host, raw_peer.silent_peers(host.port, 30) as peers:
        assert raw_peer.get(host.port).status == 200
        assert [peer.recv(1) for peer in peers[:20]] == [b""] * 20
        peers[-1].sendall(request_bytes(host.port))
        assert raw_peer.split(raw_peer.read_all(peers[-1])).status == 200


def test_a_peer_that_is_being_answered_is_never_cut_to_make_room() -> None:
    began, release = threading.Event(), threading.Event()

    def slow(request: HttpRequest) -> HttpResponse:
        if request.path == "/slow":
            began.set()
            release.wait(ENOUGH_S)
        return HttpResponse(status=200, body=b"here")

    with LoopbackHost(slow, max_connections=4) as host, raw_peer.connect(host.port) as patient:
        patient.sendall(request_bytes(host.port, line="GET /slow HTTP/1.1"))
        assert began.wait(ENOUGH_S)
        with raw_peer.silent_peers(host.port, 20):
            assert raw_peer.get(host.port).status == 200
        release.set()
        assert raw_peer.split(raw_peer.read_all(patient)).body == b"here"


_FEW_FILES = """
import resource, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.protocol.messages import HttpResponse
with LoopbackHost(lambda request: HttpResponse(status=200)) as host:
    print(host.port, flush=True)
    sys.stdin.read()
print(time.process_time())
"""


@needs.posix
def test_running_out_of_file_descriptors_neither_stops_nor_spins_the_host() -> None:
    with child_process.running(_FEW_FILES) as child:
        port = int(child.line())
        with raw_peer.silent_peers(port, 150):
            assert raw_peer.get(port).status == 200
            time.sleep(0.5)
            assert raw_peer.get(port).status == 200
        out, err = child.end()
    assert err == ""
    assert float(out) < 1.0  # seconds of processor time; spinning takes all there is


# ---- peers that go away ----------------------------------------------------------


def hang_up(sock: socket.socket) -> None:
    """End a connection by a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def test_a_peer_that_leaves_while_it_is_answered_is_no_error(
    capfd: pytest.CaptureFixture[str],
) -> None:
    arrived, gone = threading.Event(), threading.Event()

    def answer(request: HttpRequest) -> HttpResponse:
        if request.path == "/leave":
            arrived.set()
            gone.wait(ENOUGH_S)
        return HttpResponse(status=200, body=bytes(1_000_000))

    with LoopbackHost(answer) as host:
        peer = raw_peer.connect(host.port)
        peer.sendall(request_bytes(host.port, line="GET /leave HTTP/1.1"))
        assert arrived.wait(ENOUGH_S)
        hang_up(peer)
        gone.set()
        assert raw_peer.get(host.port).status == 200
        assert host.failure is None
    assert capfd.readouterr() == ("", "")


def test_a_peer_that_takes_no_answer_is_cut_at_the_deadline() -> None:
    big = HttpResponse(status=200, body=bytes(30_000_000))
    host = LoopbackHost(lambda request: big, request_timeout_s=0.2)
    with host, raw_peer.connect(host.port) as peer:
        peer.sendall(request_bytes(host.port))
        wait_until(lambda: not host._connections)


def test_the_thread_of_a_connection_that_has_ended_serves_the_next_one(host: LoopbackHost) -> None:
    for _ in range(20):
        assert raw_peer.get(host.port).status == 200
        wait_until(lambda: host._threads.spare == 1)
    assert threads_of(host) == 1


def test_a_thread_that_waits_keeps_nothing_of_what_it_did(host: LoopbackHost) -> None:
    assert raw_peer.get(host.port).status == 200
    wait_until(lambda: host._threads.spare == 1)
    gc.collect()
    assert [each for each in gc.get_objects() if isinstance(each, Connection)] == []


def test_whoever_waits_for_a_tunnel_is_not_cut_to_make_room() -> None:
    enough, asked = threading.Event(), []

    def tunnel(target: str) -> ssl.SSLContext:
        asked.append(target)
        enough.wait(ENOUGH_S)
        raise Refusal(503)

    with LoopbackHost(echo, tunnel=tunnel, max_connections=2) as host:
        peers = [raw_peer.connect(host.port) for _ in range(2)]
        for peer in peers:
            peer.sendall(request_bytes(host.port, line="CONNECT x:443 HTTP/1.1"))
        wait_until(lambda: len(asked) == 2)
        others = [raw_peer.connect(host.port) for _ in range(5)]
        time.sleep(0.05)
        enough.set()
        assert [raw_peer.split(raw_peer.read_all(peer)).status for peer in peers] == [503, 503]
        for peer in (*peers, *others):
            peer.close()


def test_after_a_rush_only_a_few_threads_are_left(host: LoopbackHost) -> None:
    peers = [raw_peer.connect(host.port) for _ in range(40)]
    wait_until(lambda: threads_of(host) == 40)
    for peer in peers:
        peer.close()
    wait_until(lambda: threads_of(host) == SPARE == host._threads.spare)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: raw_peer.get(host.port).status, range(200)))
    assert answers == [200] * 200


def test_a_host_that_stops_in_a_rush_leaves_no_thread_behind() -> None:
    for _ in range(20):
        with LoopbackHost(echo) as host:
            peers = [raw_peer.connect(host.port) for _ in range(12)]
            for peer in peers[::2]:
                peer.close()
        for peer in peers[1::2]:
            peer.close()


def threads_of(host: LoopbackHost) -> int:
    return [t.name for t in threading.enumerate()].count(f"loopback-{host.port}-connection")


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + ENOUGH_S
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)


# ---- keeping connections -----------------------------------------------------


def read_one(peer: socket.socket) -> raw_peer.Reply:
    """One response of a connection that stays open."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += peer.recv(65536)
    reply = raw_peer.split(data)
    missing = int(reply.header("content-length") or 0) - len(reply.body)
    rest = b""
    while len(rest) < missing:
        rest += peer.recv(missing - len(rest))
    return raw_peer.split(data + rest)


def test_a_kept_connection_answers_one_request_after_another() -> None:
    with LoopbackHost(echo, keep_alive=True) as host, raw_peer.connect(host.port) as peer:
        for number in range(3):
            peer.sendall(request_bytes(host.port, line=f"GET /{number} HTTP/1.1"))
            reply = read_one(peer)
            assert reply.header("connection") == "keep-alive"
            assert f"/{number} ".encode() in reply.body
        peer.sendall(request_bytes(host.port, "Connection: close"))
        assert raw_peer.split(raw_peer.read_all(peer)).header("connection") == "close"


def test_requests_sent_ahead_are_answered_in_order() -> None:
    with LoopbackHost(echo, keep_alive=True) as host:
        answers = raw_peer.exchange(
            host.port,
            request_bytes(host.port, "Content-Length: 1", line="POST /1 HTTP/1.1", body="x")
            + request_bytes(host.port, "Connection: close", line="GET /2 HTTP/1.1"),
        )
    assert answers.index(b"/1 x") < answers.index(b"/2 ")


@pytest.mark.parametrize(
    "message",
    [b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"],
)
def test_a_peer_that_does_not_keep_connections_gets_an_end(message: bytes) -> None:
    with LoopbackHost(echo, keep_alive=True) as host:
        assert raw_peer.split(raw_peer.exchange(host.port, message)).status == 200


def test_a_response_with_connection_close_ends_a_kept_connection() -> None:
    last = HttpResponse(status=200, headers=(("Connection", "close"),))
    with LoopbackHost(lambda request: last, keep_alive=True) as host:
        assert raw_peer.get(host.port).all("connection") == ["close"]


def test_a_kept_connection_ends_after_its_idle_time() -> None:
    host = LoopbackHost(echo, keep_alive=True, idle_timeout_s=0.1)
    with host, raw_peer.connect(host.port) as peer:
        peer.sendall(request_bytes(host.port))
        assert raw_peer.split(raw_peer.read_all(peer)).status == 200


def test_an_idle_kept_connection_makes_room_too() -> None:
    host = LoopbackHost(echo, keep_alive=True, max_connections=1)
    with host, raw_peer.connect(host.port) as peer:
        peer.sendall(request_bytes(host.port))
        read_one(peer)
        message = request_bytes(host.port, "Connection: close")
        assert raw_peer.split(raw_peer.exchange(host.port, message)).status == 200
        assert peer.recv(1) == b""


def test_of_kept_connections_the_longest_idle_one_makes_room() -> None:
    host = LoopbackHost(echo, keep_alive=True, max_connections=2)
    with host, raw_peer.connect(host.port) as older, raw_peer.connect(host.port) as newer:
        for peer in (older, newer, older):
            peer.sendall(request_bytes(host.port))
            read_one(peer)
            # The peer can have its answer before the host calls the connection idle again.
            wait_until(lambda: all(c.waiting for c in host._connections))
        with raw_peer.connect(host.port):
            assert newer.recv(1) == b""
            older.sendall(request_bytes(host.port))
            assert read_one(older).status == 200


# ---- closing -----------------------------------------------------------------


def answering_after(delay_s: float, began: threading.Event) -> LoopbackHost:
    def slow(request: HttpRequest) -> HttpResponse:
        began.set()
        time.sleep(delay_s)
        return HttpResponse(status=200, body=b"done")

    return LoopbackHost(slow)


@pytest.mark.parametrize(("grace_s", "body"), [(ENOUGH_S, b"done"), (0.0, None)])
def test_an_answer_under_way_has_the_grace_and_no_more(grace_s: float, body: bytes | None) -> None:
    began = threading.Event()
    host = answering_after(0.15, began)
    host.start()
    with raw_peer.connect(host.port) as peer:
        peer.sendall(request_bytes(host.port))
        assert began.wait(ENOUGH_S)
        host.close(grace_s=grace_s)
        answer = raw_peer.read_all(peer)
    assert (raw_peer.split(answer).body if answer else None) == body


@pytest.mark.parametrize("address", ["127.0.0.1", pytest.param("::1", marks=needs.ipv6)])
def test_closing_ends_listening_and_silent_peers_at_once(address: str) -> None:
    host = LoopbackHost(echo)
    host.start()
    with raw_peer.silent_peers(host.port, 20) as peers:
        raw_peer.get(host.port)
        began = time.monotonic()
        host.close(grace_s=30)
        assert time.monotonic() - began < ENOUGH_S
        assert peers[0].recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            raw_peer.connect(host.port, address)


def test_a_host_can_be_closed_twice_and_without_a_start() -> None:
    host = LoopbackHost(echo)
    host.close()
    host.close()
    host.start()
    with pytest.raises(ConnectionRefusedError):
        raw_peer.connect(host.port)


def test_many_short_lives_leave_nothing_behind() -> None:
    for _ in range(50):
        with LoopbackHost(echo) as host:
            assert raw_peer.get(host.port).status == 200


# ---- TLS ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def tls_host(certificate: Path) -> Iterator[LoopbackHost]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with LoopbackHost(echo, tls=context, keep_alive=True) as running:
        yield running


def secure(peer: socket.socket, certificate: Path) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(certificate))
    return context.wrap_socket(peer, server_hostname="localhost")


def test_tls_is_spoken_and_seen_in_the_url(tls_host: LoopbackHost, certificate: Path) -> None:
    with secure(raw_peer.connect(tls_host.port), certificate) as peer:
        for number in range(2):
            peer.sendall(request_bytes(tls_host.port, line=f"GET /{number} HTTP/1.1"))
            url = f"https://localhost:{tls_host.port}/{number}"
            assert read_one(peer).body == f"GET {url} ".encode()


def test_peers_that_never_shake_hands_do_not_delay_one_that_does(
    tls_host: LoopbackHost, certificate: Path
) -> None:
    with raw_peer.silent_peers(tls_host.port, 20):
        began = time.monotonic()
        with secure(raw_peer.connect(tls_host.port), certificate) as peer:
            peer.sendall(request_bytes(tls_host.port, "Connection: close"))
            assert raw_peer.split(raw_peer.read_all(peer)).status == 200
        assert time.monotonic() - began < ENOUGH_S


def test_the_end_of_a_tls_connection_is_said(tls_host: LoopbackHost, certificate: Path) -> None:
    context = ssl.create_default_context(cafile=str(certificate))
    with raw_peer.connect(tls_host.port) as plain:
        peer = context.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False)
        with peer:
            peer.sendall(request_bytes(tls_host.port, "Connection: close"))
            raw_peer.read_all(peer)  # would raise SSLEOFError


def test_plain_http_to_a_tls_port_is_ended(tls_host: LoopbackHost, certificate: Path) -> None:
    with raw_peer.connect(tls_host.port) as peer:
        peer.sendall(request_bytes(tls_host.port))
        assert b"HTTP/1.1 200" not in read_until_lost(peer)
    with secure(raw_peer.connect(tls_host.port), certificate) as peer:
        peer.sendall(request_bytes(tls_host.port, "Connection: close"))
        assert raw_peer.split(raw_peer.read_all(peer)).status == 200


def read_until_lost(peer: socket.socket) -> bytes:
    try:
        return raw_peer.read_all(peer)
    except ConnectionError:
        return b""


# ---- signals -----------------------------------------------------------------

_WAITING = """
import signal, threading
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored under some shells
from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.protocol.messages import HttpResponse
try:
    with LoopbackHost(lambda request: HttpResponse(status=200)) as host:
        print(host.port, flush=True)
        while not threading.Event().wait(0.2):  # a wait without end can miss a signal
            pass
except KeyboardInterrupt:
    raise SystemExit(130)
"""


@needs.posix
def test_ctrl_c_ends_a_host_under_a_flood_at_once() -> None:
    with child_process.running(_WAITING) as child:
        port = int(child.line())
        with raw_peer.silent_peers(port, 100) as peers:
            for peer in peers[:50]:
                peer.sendall(b"GET / HTTP/1.1\r\nX: ")
            began = time.monotonic()
            child.signal(signal.SIGINT)
            _, err = child.end()
            assert time.monotonic() - began < 1.0
    assert (child.code, err) == (130, "")


def test_whoever_is_refused_sees_the_end_of_the_answer_before_the_wait_for_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "_LINGER_S", 60.0)
    with LoopbackHost(echo) as host, raw_peer.connect(host.port, timeout_s=ENOUGH_S) as peer:
        peer.sendall(b"GET / HTTP/1.1\n\n")
        assert raw_peer.read_all(peer).startswith(b"HTTP/1.1 400 ")
