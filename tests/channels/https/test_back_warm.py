"""A warm-up makes one connection, which the request then uses; it never does harm."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from entra_oauth.channels.https import back_channel as back_module
from entra_oauth.channels.https import early_connection, requests_adapter
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.errors import ConnectFailed, ExchangeBroken, LocalError, TlsFailed
from kit.back_channels import a_back, eventually, token_post, workers
from kit.canaries import refused
from kit.processes import child_process
from kit.servers.certificates import CertificateAuthority
from kit.servers.raw_server import Peer, RawServer, answer, answering, silent


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def back(ca: CertificateAuthority) -> Iterator[RequestsBack]:
    with a_back(ca_bundle=str(ca.bundle)) as one:
        yield one


def test_the_request_uses_the_connection_of_the_warm_up(back: RequestsBack) -> None:
    with RawServer() as server:
        back.warm(server.url)
        assert eventually(lambda: server.accepted)
        response = back.send(token_post(server.url), timeout_s=5)
    assert response.status == 200
    assert (server.accepted, len(server.requests)) == (1, 1)


class _Tickets:
    """A TLS 1.3 server whose session tickets have arrived before it is asked anything."""

    def __init__(self) -> None:
        self.sent = threading.Event()

    def __call__(self, peer: Peer) -> None:
        # Python's ssl sends two with the end of its handshake.
        self.sent.set()
        answering()(peer)


def test_the_same_over_tls_1_3_whose_session_tickets_look_like_an_end(
    ca: CertificateAuthority, back: RequestsBack
) -> None:
    tickets = _Tickets()
    with RawServer(tickets, tls=ca.server()) as server:
        back.warm(server.url)
        assert tickets.sent.wait(10)
        time.sleep(0.2)
        for _ in range(3):
            response = back.send(token_post(server.url), timeout_s=5)
    assert response.wire is not None
    assert response.wire.tls_version == "TLSv1.3"
    assert response.wire.cipher is not None
    assert response.wire.peer in (f"127.0.0.1:{server.port}", f"[::1]:{server.port}")
    assert (server.accepted, len(server.requests)) == (1, 3)


def _as_urllib3_looks(sock: socket.socket) -> bool:
    return bool(select.select([sock], [], [], 0)[0])


def test_the_trap_is_there_without_our_reading_of_the_tickets(
    ca: CertificateAuthority, back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If this fails, urllib3 has learned it, and our own reading can go."""
    monkeypatch.setattr(requests_adapter, "read_tickets", lambda sock: True)
    monkeypatch.setattr(early_connection, "has_gone", _as_urllib3_looks)
    tickets = _Tickets()
    with RawServer(tickets, tls=ca.server()) as server:
        back.warm(server.url)
        assert tickets.sent.wait(10)
        time.sleep(0.2)
        back.send(token_post(server.url), timeout_s=5)
    assert server.accepted == 2


def test_what_is_sent_does_not_wait_for_more(back: RequestsBack) -> None:
    """TCP_NODELAY is urllib3's default; our look at the moment of the look-up must not lose it."""
    with RawServer() as server:
        back.send(token_post(server.url), timeout_s=5)
        assert back._worker is not None
        sock = back._worker._tap._sock
        assert sock is not None
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_to_warm_up_twice_makes_no_second_connection(back: RequestsBack) -> None:
    with RawServer() as server:
        back.warm(server.url)
        back.warm(server.url)
        assert back.send(token_post(server.url), timeout_s=5).status == 200
        back.warm(server.url)
        assert back.send(token_post(server.url), timeout_s=5).status == 200
    assert (server.accepted, len(server.requests)) == (1, 2)


def _leave(peer: Peer) -> None:
    """The script ends, and with it the connection."""


def _say_goodbye(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("end", [_leave, _say_goodbye, Peer.reset], ids=["FIN", "408", "RST"])
def test_a_connection_that_was_closed_meanwhile_is_replaced_before_anything_is_sent(
    end: object, tls: bool, ca: CertificateAuthority, back: RequestsBack
) -> None:
    ended = threading.Event()

    def play(peer: Peer) -> None:
        assert callable(end)
        end(peer)
        if end is not Peer.reset:
            peer.below.close()
        ended.set()

    with RawServer(play, answering(), tls=ca.server() if tls else None) as server:
        back.warm(server.url)
        assert ended.wait(10)
        time.sleep(0.1)
        assert back.send(token_post(server.url), timeout_s=5).status == 200
        assert (server.accepted, len(server.requests)) == (2, 1)


def test_a_connection_that_was_silent_for_too_long_is_not_trusted(
    back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever stands in between may have forgotten it, without a word."""
    monkeypatch.setattr(early_connection, "MAX_IDLE_S", 0.05)
    with RawServer() as server:
        back.warm(server.url)
        assert eventually(lambda: server.accepted)
        time.sleep(0.2)
        assert back.send(token_post(server.url), timeout_s=5).status == 200
    assert (server.accepted, len(server.requests)) == (2, 1)


def test_a_warm_up_returns_at_once(back: RequestsBack) -> None:
    with RawServer(silent) as server:
        started = time.monotonic()
        back.warm(server.url.replace("http:", "https:"))
        assert time.monotonic() - started < 1.0


@pytest.mark.parametrize(
    "url",
    ["", "https://", "http://[bad", "ftp://localhost/", "https://localhost:99999/", "\udcff", "x"],
)
def test_a_warm_up_never_raises(url: str, back: RequestsBack) -> None:
    with RawServer() as server:
        back.warm(url)
        assert back.send(token_post(server.url), timeout_s=5).status == 200


def test_a_warm_up_never_raises_where_no_thread_can_be_had(
    back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_more)
        back.warm("http://localhost/")
        with refused(LocalError):
            back.send(token_post("http://localhost"), timeout_s=5)
    assert not workers()


def test_a_warm_up_that_fails_does_no_harm(back: RequestsBack) -> None:
    with RawServer() as gone:
        url = gone.url
    back.warm(url)
    with RawServer() as server:
        back.warm(server.url)
        assert back.send(token_post(server.url), timeout_s=5).status == 200
    with refused(ConnectFailed):
        back.send(token_post(url), timeout_s=5)


def test_what_made_a_warm_up_fail_is_told_by_the_request(ca: CertificateAuthority) -> None:
    with RawServer(tls=ca.server()) as server, a_back(ca_bundle="/no/such/file") as back:
        back.warm(server.url)
        with refused(LocalError):
            back.send(token_post(server.url), timeout_s=5)
    with RawServer(tls=ca.server(self_signed=True)) as server, a_back() as back:
        back.warm(server.url)
        with refused(TlsFailed):
            back.send(token_post(server.url), timeout_s=5)


def test_a_warm_up_that_hangs_does_not_hold_up_the_request(
    ca: CertificateAuthority, back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(back_module, "PATIENCE_S", 0.3)
    with RawServer(silent) as stuck, RawServer(tls=ca.server()) as server:
        back.warm(stuck.url.replace("http:", "https:"))
        assert eventually(lambda: stuck.accepted)
        started = time.monotonic()
        assert back.send(token_post(server.url), timeout_s=60).status == 200
        assert time.monotonic() - started < 5.0
        # Nothing of it is left but the worker of the request.
        assert eventually(lambda: len(workers()) == 1)


def test_a_warm_up_leaves_half_of_a_short_deadline_to_the_request(
    ca: CertificateAuthority, back: RequestsBack
) -> None:
    with RawServer(silent) as stuck, RawServer() as server:
        back.warm(stuck.url.replace("http:", "https:"))
        assert eventually(lambda: stuck.accepted)
        assert back.send(token_post(server.url), timeout_s=4).status == 200


def test_close_ends_a_warm_up(back: RequestsBack) -> None:
    with RawServer(silent) as server:
        back.warm(server.url.replace("http:", "https:"))
        assert eventually(lambda: server.accepted)
        back.close()
        assert eventually(lambda: not workers(), within_s=3.0)


def test_a_connection_that_dies_under_the_request_is_not_replaced(back: RequestsBack) -> None:
    """Once anything was sent, a second try could redeem the code twice."""

    def take_and_leave(peer: Peer) -> None:
        peer.request()

    with RawServer(take_and_leave, answering(answer())) as server:
        back.warm(server.url)
        assert eventually(lambda: server.accepted)
        with refused(ExchangeBroken):
            back.send(token_post(server.url), timeout_s=5)
        assert (server.accepted, len(server.requests)) == (1, 1)


_WARMED_UP = """
import sys, time
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.flows import authorization_code

late = "entra_oauth.protocol.endpoints.token"
assert late not in sys.modules
with RequestsBack() as back:
    back.warm(sys.argv[1])
    until = time.monotonic() + 20
    while late not in sys.modules and time.monotonic() < until:
        time.sleep(0.01)
print(late in sys.modules)
"""


def test_what_redeems_a_code_is_imported_while_the_person_signs_in() -> None:
    # Else the import, of ten milliseconds and more, would come after the redirect.
    with RawServer() as server, child_process.running(_WARMED_UP, server.url) as child:
        assert child.line() == "True\n"
        assert child.end(timeout_s=20) == ("", "")
