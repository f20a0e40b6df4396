"""What the back channel tells of a request, and whom it lets it go through."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from entra_oauth.channels.https import back_channel as back_module
from entra_oauth.channels.https import early_connection, requests_adapter
from entra_oauth.channels.https import job as job_module
from entra_oauth.channels.https.back_channel import PATIENCE_S, RequestsBack
from entra_oauth.channels.https.early_connection import MAX_IDLE_S
from entra_oauth.channels.https.failures import translate
from entra_oauth.channels.https.job import Job, Tap
from entra_oauth.channels.https.requests_adapter import ExactAdapter
from entra_oauth.errors import (
    ConnectFailed,
    DeadlineExceeded,
    ExchangeBroken,
    TransportError,
    UnexpectedAnswer,
)
from entra_oauth.protocol.messages import HttpResponse, Wire
from kit.back_channels import StandingClock, a_back, eventually, token_post, workers
from kit.canaries import refused
from kit.servers.certificates import CertificateAuthority
from kit.servers.raw_server import Peer, RawServer, Script, answer, hearing, saying, silent

ENOUGH_S = 5.0  # an upper bound for what takes milliseconds


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def back(ca: CertificateAuthority) -> Iterator[RequestsBack]:
    with a_back(ca_bundle=str(ca.bundle)) as one:
        yield one


@pytest.fixture
def no_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The transport connects, after all imports."""
    monkeypatch.setattr(early_connection, "begin", lambda *_: None)


# ---- what passed before it failed ----------------------------------------------------------


def _torn(peer: Peer) -> None:
    peer.request()
    peer.send(answer(b"{}")[:-1])
    peer.reset()


FAILURES: dict[str, tuple[Script, type[TransportError], bytes]] = {
    "too much": (saying(answer(b" " * 2_000_000)), UnexpectedAnswer, b"HTTP/1.1 200 OK\r\n"),
    "no gzip": (
        saying(answer(b"no", more="Content-Encoding: gzip\r\n")),
        UnexpectedAnswer,
        b"HTTP/1.1 200 OK\r\n",
    ),
    "no HTTP": (saying(b"SSH-2.0-OpenSSH\r\n"), UnexpectedAnswer, b"SSH-2.0-"),
    "the end": (saying(b""), ExchangeBroken, b""),
    "a reset": (_torn, ExchangeBroken, b""),
    "silence": (hearing, DeadlineExceeded, b""),
}


@pytest.mark.parametrize(("script", "kind", "start"), FAILURES.values(), ids=FAILURES.keys())
def test_what_passed_is_told_once_where_a_request_fails(
    script: Script, kind: type[TransportError], start: bytes, back: RequestsBack
) -> None:
    told: list[Wire] = []
    with RawServer(script) as server:
        with refused(kind) as caught:
            back.send(token_post(server.url), timeout_s=0.5, saw=told.append)
        (wire,) = told
        assert [wire.sent] == server.requests
        assert wire.peer is not None
        assert wire.peer.endswith(f":{server.port}")
    assert wire.received.startswith(start)
    assert vars(caught.value)["was_sent"] is True


def test_nothing_is_told_of_an_answer_and_of_what_was_never_begun(back: RequestsBack) -> None:
    told: list[Wire] = []
    with RawServer() as server:
        back.send(token_post(server.url), timeout_s=5, saw=told.append)
    back.__exit__(None, None, None)
    with refused(ExchangeBroken):
        back.send(token_post(server.url), timeout_s=5, saw=told.append)
    assert told == []


@pytest.mark.parametrize("overlaps", [True, False])
def test_the_second_request_of_a_connection_says_that_it_was_used_before(
    overlaps: bool, back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not overlaps:
        monkeypatch.setattr(early_connection, "begin", lambda *_: None)
    with RawServer() as server:
        wires = [back.send(token_post(server.url), timeout_s=5).wire for _ in range(2)]
    assert [wire and wire.reused for wire in wires] == [False, True]
    for wire in wires:
        assert wire is not None
        times = wire.times
        assert None not in (times.dns, times.connect, times.send, times.wait, times.receive)


# ---- the transport's own connection ----------------------------------------------------------


@pytest.mark.usefixtures("no_overlap")
def test_what_the_transport_sends_does_not_wait_for_more(back: RequestsBack) -> None:
    with RawServer() as server:
        back.send(token_post(server.url), timeout_s=5)
        assert back._worker is not None
        sock = back._worker._tap._sock
        assert sock is not None
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.usefixtures("no_overlap")
def test_a_connection_of_the_transport_without_a_handshake_is_none(
    ca: CertificateAuthority, back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(sock: ssl.SSLSocket) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(requests_adapter, "check_handshake", never)
    with RawServer(tls=ca.server()) as server:
        with refused(ConnectFailed) as caught:
            back.send(token_post(server.url), timeout_s=5)
        assert server.requests == []
    assert "ConnectionResetError" in caught.value.what


@pytest.mark.usefixtures("no_overlap")
def test_closing_ends_a_handshake_of_the_transport(back: RequestsBack) -> None:
    with RawServer(silent) as server:
        back.warm(server.url)  # the libraries are there after it
        worker = back._get_worker()
        request = token_post(server.url.replace("http:", "https:"))
        job = Job(request, request.url, 60)
        worker.submit(job)
        assert eventually(lambda: server.accepted)
        back.close()
        assert eventually(lambda: not workers(), within_s=ENOUGH_S)
    assert job.has_ended


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_a_connection_that_may_not_be_held_is_closed_before_the_handshake(
    tls: bool, ca: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[bytes] = []

    def note(peer: Peer) -> None:
        ended.append(peer.sock.recv(10))

    tap = Tap()
    tap.cut()
    adapter = ExactAdapter(tap)
    with RawServer(note) as server:
        url = server.url.replace("http:", "https:") if tls else server.url
        pool: Any = adapter.get_connection_with_tls_context(
            requests_adapter._prepare(token_post(url)), True, {}
        )
        one = pool._new_conn()
        with pytest.raises(ConnectionAbortedError):
            one.connect()
        assert eventually(lambda: ended == [b""])
    adapter.close()


def test_a_connection_is_used_while_it_has_idled_so_long_at_most(
    back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = StandingClock()
    with RawServer() as server:
        monkeypatch.setattr(requests_adapter, "monotonic", clock)
        for idle_s, accepted in ((0.0, 1), (MAX_IDLE_S, 1), (120.5, 2)):
            clock.at += idle_s
            back.send(token_post(server.url), timeout_s=5)
            assert server.accepted == accepted


def test_the_end_of_a_look_up_is_the_first_look_at_the_options(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = StandingClock()
    monkeypatch.setattr(requests_adapter, "monotonic", clock)
    noticed = requests_adapter._Noticed([(1, 2, 3)])
    for _ in range(2):  # once for each address of a name
        assert list(noticed) == [(1, 2, 3)]
        clock.at += 1.0
    assert noticed.noticed_at == 1000.0


def test_whoever_reads_an_answer_to_its_end_lets_go_of_the_socket() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        inner = ours.makefile("rb", buffering=0)
        reader = requests_adapter._WatchedReader(inner, Tap())
        reader.close()
        assert (inner.closed, reader.closed) == (True, True)


def test_only_what_we_do_is_kept_out_of_the_log_of_urllib3() -> None:
    (quiet,) = (
        each
        for each in logging.getLogger("urllib3.connectionpool").filters
        if isinstance(each, requests_adapter._Quiet)
    )
    record = logging.makeLogRecord({"msg": "x"})
    assert quiet.filter(record) is True


# ---- whom it goes through --------------------------------------------------------------------


def test_a_link_local_service_is_asked_without_a_proxy(
    back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer() as proxy, RawServer() as service:
        at = ("127.0.0.1", service.port)
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", at)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        wire = back.send(token_post("http://169.254.169.254"), timeout_s=5).wire
        assert wire is not None
        assert (wire.proxy, proxy.accepted) == (None, 0)
        assert service.requests == [wire.sent]
        assert wire.sent.startswith(b"POST /")


def test_a_proxy_over_tls_is_judged_for_a_plain_request_too(
    ca: CertificateAuthority, back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(tls=ca.server(self_signed=True)) as proxy:
        monkeypatch.setenv("http_proxy", f"https://localhost:{proxy.port}")
        with refused(ConnectFailed) as caught:
            back.send(token_post("http://plain.test.example"), timeout_s=5)
        assert proxy.requests == []
    assert "CERTIFICATE_VERIFY_FAILED" in caught.value.what


@pytest.mark.parametrize("url", ["http:///token", "https:///token"])
def test_an_address_without_a_host_is_told_in_the_words_for_it(
    url: str, back: RequestsBack
) -> None:
    with refused(ConnectFailed) as caught:
        back.send(token_post(url.removesuffix("/token")), timeout_s=5)
    assert caught.value.what == "No connection to nowhere: LocationValueError."


# ---- the worker ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("timeout_s", "patience_s"), [(4.0, 2.0), (2 * PATIENCE_S, PATIENCE_S), (60.0, PATIENCE_S)]
)
def test_a_warm_up_has_half_of_the_time_and_no_more_than_the_patience(
    timeout_s: float, patience_s: float, back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = StandingClock()
    for module in (back_module, job_module):
        monkeypatch.setattr(module, "monotonic", clock)
    waited: list[float] = []
    worker = back._get_worker()

    def is_free(until: float) -> bool:
        waited.append(until - clock.at)
        return True

    monkeypatch.setattr(worker, "is_free", is_free)
    assert back._ready_worker(Job(None, "", timeout_s)) is worker
    assert waited == [patience_s]


def test_a_turn_is_waited_for_while_there_is_any_time(
    back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_module, "monotonic", StandingClock())
    monkeypatch.setattr(back_module, "SLICE_S", 0.001)
    got: list[bool] = []

    def wait() -> None:
        with back._a_turn(Job(None, "http://a.example", 0.1)):
            got.append(True)

    waiting = threading.Thread(target=wait)
    with back._turn:
        waiting.start()
        time.sleep(0.02)  # many slices of a time that stands
    waiting.join(ENOUGH_S)
    assert got == [True]


@pytest.mark.parametrize("proxy", [None, "http://127.0.0.1:9"])
def test_a_warm_up_that_has_nothing_to_connect_is_no_failure(
    proxy: str | None, back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[Exception] = []

    def noting(error: Exception, *given: Any, **more: Any) -> object:
        failures.append(error)
        return translate(error, *given, **more)

    monkeypatch.setattr(back_module, "translate", noting)
    if proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy)
    with RawServer(silent) as server:
        worker = back._get_worker()
        for _ in range(2):
            job = Job(None, "http://login.invalid" if proxy else server.url, ENOUGH_S)
            worker.submit(job)
            assert job.wait(job.deadline)
    assert failures == []


def test_a_request_is_shown_what_was_seen_of_it_first_and_nothing_before_it_began(
    back: RequestsBack,
) -> None:
    worker, job = back._get_worker(), Job(None, "http://a.example", 5.0)
    worker._tap.add_sent(Wire(peer="of another"), b"x")
    worker.show(job)
    assert job.wire is None
    job.has_begun = True
    worker.show(job)
    first = job.wire
    assert first is not None
    worker._tap.add_sent(Wire(), b"y")
    worker.show(job)
    assert job.wire is first


def test_what_a_cut_has_ended_is_no_answer(
    back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body without a length ends with the connection, whoever has ended that."""
    worker, job = back._get_worker(), Job(token_post("http://a.example"), "http://a.example", 5.0)

    def cut_short(job: Job) -> HttpResponse:
        worker._tap.cut()
        return HttpResponse(status=200, body=b'{"half": ')

    monkeypatch.setattr(worker, "_serve", cut_short)
    worker.submit(job)
    assert job.wait(job.deadline)
    with pytest.raises(ExchangeBroken):
        job.result()


def test_a_channel_that_is_closed_leaves_no_connection_and_has_kept_no_older_request(
    back: RequestsBack,
) -> None:
    with RawServer() as one, RawServer() as other:
        for server in (one, other, one):
            back.send(token_post(server.url), timeout_s=5)
        worker = back._get_worker()
        assert len(worker._unfinished) == 1
        back.close()
        assert eventually(lambda: not one.serving and not other.serving, within_s=ENOUGH_S)
        assert worker._adapter is not None, "it was closed, and not only forgotten"


def test_no_worker_keeps_the_program_from_ending(back: RequestsBack) -> None:
    with RawServer() as server:
        back.send(token_post(server.url), timeout_s=5)
        assert [each.daemon for each in workers()] == [True]


# ---- causes ----------------------------------------------------------------------------------


def _chain(length: int, innermost: Exception) -> Exception:
    """Errors, each with the next as its cause and as its context, as `raise … from` makes them."""
    errors = [*(RuntimeError(str(n)) for n in range(length - 1)), innermost]
    for outer, inner in pairwise(errors):
        outer.__cause__ = outer.__context__ = inner
    return errors[0]


@pytest.mark.parametrize(("length", "words"), [(20, "No route to host"), (21, "RuntimeError")])
def test_a_cause_is_found_however_deep_up_to_twenty(length: int, words: str) -> None:
    error = _chain(length, OSError(113, "No route to host"))
    told = translate(error, Job(None, "https://login.example/", 5.0), sent=False)
    assert told.what == f"No connection to login.example: {words}."
