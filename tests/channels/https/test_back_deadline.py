"""The deadline is for everything together, and whoever stops waiting is let go at once."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.errors import DeadlineExceeded, ExchangeBroken
from entra_oauth.protocol.messages import Wire
from kit import needs
from kit.back_channels import a_back, eventually, token_post, workers
from kit.canaries import refused
from kit.servers.certificates import CertificateAuthority
from kit.servers.raw_server import Peer, RawServer, answer, answering, hearing, silent

TIMEOUT_S = 1.5
# Generous: two cores are shared by everything that runs at the same time.
LATE_S = 5.0


@pytest.fixture(scope="module", autouse=True)
def _libraries() -> None:
    """Import what the first request imports: on a busy machine that alone outlasts a deadline."""
    import_module("entra_oauth.channels.https.requests_adapter")


@pytest.fixture
def back() -> Iterator[RequestsBack]:
    with a_back() as one:
        yield one


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


def dripping(data: bytes, *, at_once: bytes = b"") -> Callable[[Peer], None]:
    """Sends a first part, then a byte every 50 ms, until the client has had enough."""

    def play(peer: Peer) -> None:
        peer.request()
        peer.send(at_once)
        for byte in data:
            time.sleep(0.05)
            peer.send(bytes([byte]))

    return play


def endless(part: bytes, *, at_once: bytes = b"") -> Callable[[Peer], None]:
    def play(peer: Peer) -> None:
        peer.request()
        peer.send(at_once)
        while True:
            time.sleep(0.01)
            peer.send(part)

    return play


_LONG = b"X-Long: " + b"y" * 2000
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

SLOW = {
    "nothing": hearing,
    "a status line, byte by byte": dripping(b"HTTP/1.1 200 " + b"O" * 2000),
    "a header, byte by byte": dripping(_LONG, at_once=_HEAD),
    "a body, byte by byte": dripping(b" " * 2000, at_once=_HEAD + b"Content-Length: 2000\r\n\r\n"),
    "a body without an end": endless(b" ", at_once=_HEAD + b"\r\n"),
    "one empty chunk extension": dripping(
        b"x" * 2000, at_once=_HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;"
    ),
    "100 Continue for ever": endless(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "trailers for ever": endless(
        b"X: y\r\n", at_once=_HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    ),
}


# A total deadline, over send, headers and body.
@pytest.mark.parametrize("script", SLOW.values(), ids=SLOW.keys())
def test_a_slow_answer_ends_at_the_deadline(
    script: Callable[[Peer], None], back: RequestsBack
) -> None:
    with RawServer(script) as server:
        started = time.monotonic()
        told: list[Wire] = []
        with refused(DeadlineExceeded) as caught:
            back.send(token_post(server.url), timeout_s=TIMEOUT_S, saw=told.append)
        took_s = time.monotonic() - started
    assert TIMEOUT_S * 0.9 <= took_s < TIMEOUT_S + LATE_S
    assert vars(caught.value)["was_sent"]
    assert f"localhost:{server.port} did not answer within {TIMEOUT_S} seconds" in caught.value.what
    assert len(server.requests) == 1
    assert [wire.sent for wire in told] == server.requests


# Over the handshake.
def test_a_server_that_never_answers_the_handshake_ends_at_the_deadline(
    ca: CertificateAuthority,
) -> None:
    with RawServer(silent) as server, a_back(ca_bundle=str(ca.bundle)) as back:
        started = time.monotonic()
        with refused(DeadlineExceeded) as caught:
            back.send(token_post(server.url.replace("http:", "https:")), timeout_s=TIMEOUT_S)
        assert time.monotonic() - started < TIMEOUT_S + LATE_S
        # The thread was in the middle of the handshake, and is gone all the same. (Where the
        # deadline of the socket came first it is idle, and goes with the channel.)
        back.close()
        assert eventually(lambda: not workers(), within_s=LATE_S)
    assert caught.value.advice.endswith("Nothing was sent.")


class _SlowNames:
    """A name server that answers when the test lets it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = threading.Event()
        self.release = threading.Event()
        self._look_up = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._answer)

    def _answer(self, *args: Any, **kwargs: Any) -> Any:
        self.asked.set()
        assert self.release.wait(20)
        return self._look_up(*args, **kwargs)


# Over the name.
def test_a_name_that_is_not_found_in_time_ends_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = _SlowNames(monkeypatch)
    with RawServer() as server, a_back() as back:
        started = time.monotonic()
        with refused(DeadlineExceeded) as caught:
            back.send(token_post(server.url), timeout_s=TIMEOUT_S)
        assert time.monotonic() - started < TIMEOUT_S + LATE_S
        names.release.set()
    assert caught.value.advice.endswith("Nothing was sent.")


def _connecting() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "entra-oauth-connect"]


# What was given up is not sent after all. The worker's thread may stay, idle: its own deadline and
# the channel's run out at the same moment.
def test_a_request_that_was_given_up_is_not_sent_later(monkeypatch: pytest.MonkeyPatch) -> None:
    names = _SlowNames(monkeypatch)
    with RawServer() as server, a_back() as back:
        with pytest.raises(DeadlineExceeded):
            back.send(token_post(server.url), timeout_s=0.2)
        names.release.set()
        assert eventually(lambda: not _connecting())
        assert server.requests == []
        assert back.send(token_post(server.url), timeout_s=5).status == 200
        assert len(server.requests) == 1


def _interrupt_once(ready: Callable[[], object]) -> threading.Thread:
    def wait() -> None:
        assert eventually(ready)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


@needs.posix
def test_ctrl_c_in_the_middle_of_a_request_comes_through_at_once(back: RequestsBack) -> None:
    with RawServer(silent) as server:
        interrupter = _interrupt_once(lambda: server.accepted)
        started = time.monotonic()
        told: list[Wire] = []
        with pytest.raises(KeyboardInterrupt):
            back.send(token_post(server.url), timeout_s=60, saw=told.append)
        assert time.monotonic() - started < LATE_S
        interrupter.join()
        assert eventually(lambda: not workers(), within_s=LATE_S)
    (wire,) = told  # the server may see the connection before the client knows its peer
    assert wire.peer is None or wire.peer.endswith(f":{server.port}")


@needs.posix
def test_ctrl_c_during_the_handshake_comes_through_at_once(ca: CertificateAuthority) -> None:
    with RawServer(silent) as server, a_back(ca_bundle=str(ca.bundle)) as back:
        interrupter = _interrupt_once(lambda: server.accepted)
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            back.send(token_post(server.url.replace("http:", "https:")), timeout_s=60)
        interrupter.join()
        assert eventually(lambda: not workers(), within_s=LATE_S)
        assert time.monotonic() - started < LATE_S


@needs.posix
def test_ctrl_c_while_a_name_is_looked_up_comes_through_and_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = _SlowNames(monkeypatch)
    with RawServer() as server, a_back() as back:
        interrupter = _interrupt_once(names.asked.is_set)
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            back.send(token_post(server.url), timeout_s=60)
        assert time.monotonic() - started < LATE_S
        interrupter.join()
        names.release.set()
        assert eventually(lambda: not workers())
    assert server.requests == []


class _Sender:
    """A request in a thread of its own."""

    def __init__(self, back: RequestsBack, origin: str, *, timeout_s: float) -> None:
        self.error: Exception | None = None
        self.status: int | None = None
        self._thread = threading.Thread(target=self._send, args=(back, origin, timeout_s))
        self._thread.start()

    def _send(self, back: RequestsBack, origin: str, timeout_s: float) -> None:
        try:
            self.status = back.send(token_post(origin), timeout_s=timeout_s).status
        except Exception as error:
            self.error = error

    def join(self) -> None:
        self._thread.join(LATE_S * 2)
        assert not self._thread.is_alive()


def test_close_ends_a_request_that_another_thread_waits_for(back: RequestsBack) -> None:
    with RawServer(silent) as server:
        sender = _Sender(back, server.url, timeout_s=60)
        assert eventually(lambda: server.accepted)
        back.close()
        sender.join()
        assert eventually(lambda: not workers(), within_s=LATE_S)
    assert isinstance(sender.error, ExchangeBroken)
    assert "abandoned" in sender.error.what


def test_close_ends_the_connection_that_is_in_use_not_the_newest_one(back: RequestsBack) -> None:
    def answer_once(peer: Peer) -> None:
        peer.request()
        peer.send(answer())
        hearing(peer)

    with RawServer(answer_once) as old, RawServer() as new:
        for server in (old, new):
            back.send(token_post(server.url), timeout_s=5)
        sender = _Sender(back, old.url, timeout_s=60)
        assert eventually(lambda: len(old.requests) == 2)
        back.close()
        sender.join()
        assert eventually(lambda: not workers(), within_s=LATE_S)
    assert old.accepted == 1


def test_close_ends_a_request_whose_name_is_being_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = _SlowNames(monkeypatch)
    with RawServer() as server, a_back() as back:
        sender = _Sender(back, server.url, timeout_s=60)
        assert names.asked.wait(5)
        back.close()
        sender.join()
        names.release.set()
    assert isinstance(sender.error, ExchangeBroken)
    assert sender.error.advice == "Nothing was sent."
    assert server.requests == []


def test_a_request_that_waits_for_its_turn_does_not_end_the_one_before(back: RequestsBack) -> None:
    go_on = threading.Event()

    def when_told(peer: Peer) -> None:
        while peer.request():
            assert go_on.wait(20)
            peer.send(answer())

    with RawServer(when_told) as server:
        first = _Sender(back, server.url, timeout_s=20)
        assert eventually(lambda: server.requests)
        with refused(DeadlineExceeded) as caught:
            back.send(token_post(server.url), timeout_s=0.2)
        go_on.set()
        first.join()
    assert (first.status, first.error) == (200, None)
    assert caught.value.advice.endswith("Nothing was sent.")
    assert len(server.requests) == 1


def test_no_time_at_all_sends_nothing(back: RequestsBack) -> None:
    with RawServer() as server, refused(DeadlineExceeded):
        back.send(token_post(server.url), timeout_s=0)
    assert server.requests == []


def test_a_quick_answer_is_not_kept_back(back: RequestsBack) -> None:
    with RawServer(answering()) as server:
        assert back.send(token_post(server.url), timeout_s=3600).status == 200


@needs.posix
def test_ctrl_c_during_a_look_up_tells_what_was_seen_until_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = _SlowNames(monkeypatch)
    told: list[Wire] = []
    with RawServer() as server, a_back() as back:
        interrupter = _interrupt_once(names.asked.is_set)
        with pytest.raises(KeyboardInterrupt):
            back.send(token_post(server.url), timeout_s=60, saw=told.append)
        assert [wire.peer for wire in told] == [None]
        interrupter.join()
        names.release.set()
        assert eventually(lambda: not _connecting())
