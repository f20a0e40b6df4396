"""One connection of a loopback host: its bounds and its deadlines, in whatever pieces it comes."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from entra_oauth.channels.exchange import Exchange
from entra_oauth.channels.loopback import connection as module
from entra_oauth.channels.loopback import http1, served_exchange
from entra_oauth.channels.loopback.connection import Connection
from kit.back_channels import StandingClock, wire_of
from kit.servers import raw_peer

LIMIT = http1.HEAD_LIMIT


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> StandingClock:
    made = StandingClock()
    monkeypatch.setattr(module, "monotonic", made)
    return made


class Pieces:
    """A socket that gives these pieces, then waits; each takes a second of the clock."""

    def __init__(self, clock: StandingClock, *pieces: bytes) -> None:
        self._clock = clock
        self._pieces = list(pieces)
        self._until: float | None = None
        self.given = b""
        """The bytes that were sent."""
        self.timeouts: list[float] = []

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", 1

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0, "zero would be no wait at all"
        self.timeouts.append(seconds)

    def recv(self, size: int) -> bytes:
        if not self._pieces:
            raise TimeoutError
        self._clock.at += 1.0
        return self._pieces.pop(0)

    def send(self, data: memoryview) -> int:
        self._clock.at += 1.0
        self.given += data[:1]
        return 1


def connection(clock: StandingClock, *pieces: bytes) -> tuple[Connection, Pieces]:
    peer: Any = Pieces(clock, *pieces)
    return Connection(peer), peer


def head_of(size: int) -> bytes:
    start = b"GET / HTTP/1.1\r\nHost: a\r\nX: "
    return start + b"x" * (size - len(start))


@pytest.mark.parametrize("cut", [10, LIMIT - 1, LIMIT, LIMIT + 1, LIMIT + 2, LIMIT + 3, LIMIT + 4])
def test_a_head_is_as_long_as_the_limit_at_most_however_it_comes(
    cut: int, clock: StandingClock
) -> None:
    longest = head_of(LIMIT) + http1.HEAD_END
    one, _ = connection(clock, longest[:cut], longest[cut:])
    assert len(one.read_head(0).raw) == LIMIT
    longer = head_of(LIMIT + 1) + http1.HEAD_END
    one, _ = connection(clock, longer[:cut], longer[cut:])
    with pytest.raises(http1.Refusal) as refusal:
        one.read_head(0)
    assert refusal.value.status == 431


def test_a_head_without_an_end_is_refused_once_it_is_too_long(clock: StandingClock) -> None:
    one, peer = connection(clock, head_of(LIMIT), b"x" * 3, b"x", b"x")
    with pytest.raises(http1.Refusal) as refusal:
        one.read_head(0)
    assert refusal.value.status == 431
    assert len(peer.timeouts) == 3


HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"


@pytest.mark.parametrize("what", ["head", "body"])
def test_the_time_of_a_request_is_for_all_of_its_pieces(what: str, clock: StandingClock) -> None:
    start = HEAD[:3] if what == "head" else HEAD
    one, peer = connection(clock, start, *[b"x"] * 8)
    with pytest.raises(http1.Refusal) as refusal:
        one.read_request(one.read_head(9), "a")
    assert refusal.value.status == 408
    assert peer.timeouts == [5.0, 4.0, 3.0, 2.0, 1.0]


def test_the_time_of_an_answer_is_for_all_of_its_pieces(clock: StandingClock) -> None:
    one, peer = connection(clock, HEAD + b"x" * 9)
    request = one.read_request(one.read_head(9), "a")
    peer.timeouts.clear()
    with pytest.raises(TimeoutError):
        one.answer(request, http1.bare(200), b"0123456789")
    assert peer.given == b"01234"
    assert peer.timeouts == [5.0, 4.0, 3.0, 2.0, 1.0]


def test_a_first_byte_is_waited_for_unless_it_is_there(clock: StandingClock) -> None:
    one, peer = connection(clock, b"GET / HTTP/1.1\r\nHost: a\r\n\r\nG", b"")
    assert one.await_first_byte(7.0) is True
    assert one.read_head(0).target == "/"
    assert one.await_first_byte(7.0) is True, "the next request has begun"
    assert peer.timeouts == [7.0]
    one, peer = connection(clock, b"")
    assert one.await_first_byte(7.0) is False, "the peer has left"
    assert one.await_first_byte(7.0) is False, "the peer says nothing"


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ([b"\r\n\r\n", b"123456789"], http1.CONTINUE),
        ([b"\r\n\r\n1", b"23456789"], b""),
        ([b"\r\n\r\n123456789"], b""),
    ],
)
def test_a_body_is_asked_for_unless_it_has_begun(
    pieces: list[bytes], said: bytes, clock: StandingClock
) -> None:
    clock.at = 0.0  # the waits of `Pieces` may add up to more than a request has
    begun = HEAD.removesuffix(http1.HEAD_END) + b"\r\nExpect: 100-continue"
    one, peer = connection(clock, begun + pieces[0], *pieces[1:])
    one._timeout_s = 99.0
    assert one.read_request(one.read_head(9), "a").body == b"123456789"
    assert peer.given == said


@pytest.mark.parametrize(
    ("asked", "host", "status"),
    [
        ("a.example:443", "a.example", None),
        ("A.Example:443", "a.example", None),
        ("a.example:443", "A.Example:443", None),
        ("a.example:443", "b.example", 421),
        ("a.example:443", "a.example.b.example", 421),
    ],
)
def test_in_a_tunnel_only_the_host_that_was_asked_for_is_played(
    asked: str, host: str, status: int | None, clock: StandingClock
) -> None:
    one, peer = connection(clock, f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    one._timeout_s = 99.0
    one.open_tunnel(asked)
    assert peer.given == http1.ESTABLISHED
    head = one.read_head(0)
    if status is None:
        assert one.read_request(head, "").url == f"http://{host}/"
        return
    with pytest.raises(http1.Refusal) as refusal:
        one.read_request(head, "")
    assert refusal.value.status == status


REFUSED = http1.encode_response(http1.bare(400), method="GET", keep=False)


@pytest.mark.parametrize(
    ("refuse", "answer"),
    [(lambda one: one.refuse(400), REFUSED), (Connection.refuse_tls, http1.TLS_ALERT)],
    ids=["a status", "an alert"],
)
def test_what_comes_after_a_refusal_is_taken_and_not_kept(
    refuse: Callable[[Connection], None], answer: bytes, clock: StandingClock
) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"no request" * 10_000)  # more than is taken at once
        theirs.shutdown(socket.SHUT_WR)
        one = Connection(ours)
        assert one.await_first_byte(1.0)
        refuse(one)
        assert not one.buffered
        assert raw_peer.read_all(theirs) == answer
    assert b"Connection: close" in REFUSED


def test_the_times_of_an_exchange_are_those_of_its_parts(
    clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served_exchange, "monotonic", clock)
    seen: list[Exchange] = []
    peer: Any = Pieces(clock, HEAD, b"1234", b"56789")
    one = Connection(peer, witness=seen.append)
    request = one.read_request(one.read_head(9), "a")
    clock.at += 7.0  # the handler's
    one.answer(request, http1.bare(200), b"ok")
    times = wire_of(seen[0]).times
    assert (times.send, times.wait, times.receive) == (3.0, 7.0, 2.0)
