"""What keeps an answer away from the listener: recognised, told at once, with the way out."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from entra_oauth.channels.listener import landing_pages
from entra_oauth.channels.listener import listener as front
from entra_oauth.channels.listener.listener import Listener
from entra_oauth.errors import StateMismatch, TimedOut
from entra_oauth.protocol.messages import HttpRequest, parse_form
from kit.back_channels import StandingClock, eventually
from kit.servers import raw_peer

STATE = "s" * 43
URL = f"https://login.example/authorize?state={STATE}"
GENUINE = f"code=CanaryCode&state={STATE}"
ENOUGH_S = 5.0


def _read(callback: HttpRequest) -> str:
    values = dict(parse_form(callback.query or callback.body.decode()))
    if values.get("state") != STATE:
        raise StateMismatch("The state is not ours.", advice="Wait.")
    return values["code"]


@dataclass(frozen=True, kw_only=True)
class Wait:
    port: int
    result: Future[str]
    said: list[str]
    told: list[str]
    events: list[str]

    def deadline(self) -> TimedOut:
        error = self.result.exception(ENOUGH_S)
        assert isinstance(error, TimedOut)
        return error


@contextmanager
def waiting(
    mode: str, *, browser_failed: Callable[[], bool] = lambda: False, tells: bool = True
) -> Iterator[Wait]:
    said: list[str] = []
    told: list[str] = []
    events: list[str] = []
    listener = Listener(
        launch=lambda url: True,
        say=said.append,
        response_mode=mode,
        browser_failed=browser_failed,
        tell=told.append if tells else None,
    )
    with (
        ThreadPoolExecutor(1) as pool,
        listener.open(lambda event, *_: events.append(str(event))) as receiver,
    ):
        port = int(receiver.redirect_uri.rpartition(":")[2])
        result = pool.submit(receiver.receive, URL, _read, timeout_s=30.0)
        assert eventually(lambda: "authorize" in events)
        yield Wait(port=port, result=result, said=said, told=told, events=events)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> StandingClock:
    made = StandingClock()
    monkeypatch.setattr(front, "monotonic", made)
    monkeypatch.setattr(front, "_SLICE_S", 0.01)
    return made


def _speak_tls(port: int) -> None:
    context = ssl.create_default_context()
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as sock,
        pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"),
    ):
        context.wrap_socket(sock, server_hostname="localhost")


@pytest.mark.parametrize(
    ("mode", "way_out"), [("query", "Change https:// to http://"), ("form_post", "--paste")]
)
def test_a_browser_that_insists_on_https_is_told_of_at_once_and_once(
    mode: str, way_out: str
) -> None:
    with waiting(mode) as wait:
        _speak_tls(wait.port)
        _speak_tls(wait.port)
        assert eventually(lambda: wait.told)
        assert not wait.result.done()
        (line,) = wait.told
        assert f"came to http://localhost:{wait.port} with https://" in line
        assert way_out in line
        answer = raw_peer.get if mode == "query" else raw_peer.post
        where = f"/?{GENUINE}" if mode == "query" else "/"
        assert (
            answer(wait.port, where, **({} if mode == "query" else {"body": GENUINE})).status == 303
        )
        assert wait.result.result(ENOUGH_S) == "CanaryCode"
        assert len(wait.told) == 1


def test_a_hello_in_two_pieces_is_one_too() -> None:
    with waiting("query") as wait, raw_peer.connect(wait.port) as sock:
        sock.sendall(b"\x16")
        assert eventually(lambda: wait.told)
        assert sock.recv(100) == bytes([0x15, 3, 1, 0, 2, 2, 40])


OTHER_MODES = {
    "query in the place of form_post": ("form_post", "query"),
    "form_post in the place of query": ("query", "form_post"),
}


def _bring(port: int, mode: str, fields: str, host: str | None = None) -> int:
    if mode == "query":
        return raw_peer.get(port, f"/?{fields}", host=host).status
    return raw_peer.post(port, "/", fields, host=host).status


@pytest.mark.parametrize(("asked", "came"), OTHER_MODES.values(), ids=OTHER_MODES.keys())
def test_the_right_state_by_the_other_mode_is_named_and_not_taken(asked: str, came: str) -> None:
    with waiting(asked) as wait:
        assert _bring(wait.port, came, f"code=x&state={'t' * 43}") == 405
        assert _bring(wait.port, came, f"code=x&state={STATE}&state={STATE}") == 405
        assert not eventually(lambda: wait.told, within_s=0.6)
        assert _bring(wait.port, came, GENUINE) == 405
        assert eventually(lambda: wait.told)
        (line,) = wait.told
        assert f"came by {came}, and {asked} was asked for" in line
        assert f"--response-mode {came}." in line
        assert "CanaryCode" not in line
        assert not wait.result.done()
        assert _bring(wait.port, asked, GENUINE) == 303


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_the_right_state_at_another_host_is_named_and_not_taken(mode: str) -> None:
    with waiting(mode) as wait:
        assert _bring(wait.port, mode, "code=x&state=other", "evil.example") == 421
        assert not eventually(lambda: wait.told, within_s=0.6)
        assert _bring(wait.port, mode, GENUINE, f"devbox:{wait.port}") == 421
        assert eventually(lambda: wait.told)
        (line,) = wait.told
        assert f"came to the host devbox:{wait.port}." in line
        assert "put localhost in that name's place" in line.replace("Put", "put")
        assert _bring(wait.port, mode, GENUINE) == 303


@pytest.mark.parametrize(
    "obstacle",
    [
        _speak_tls,
        lambda port: _bring(port, "form_post", GENUINE),
        lambda port: _bring(port, "query", GENUINE, "devbox"),
    ],
    ids=["https", "mode", "host"],
)
def test_what_explains_the_silence_is_the_end_of_the_wait_and_no_other_advice(
    obstacle: Callable[[int], object], clock: StandingClock
) -> None:
    with waiting("query", tells=False) as wait:
        obstacle(wait.port)
        assert eventually(lambda: len(wait.said) == 3)
        clock.pass_by(20)
        clock.at += 20
        error = wait.deadline()
    (told,) = (line for line in wait.said if line.endswith(error.advice))
    assert told.removesuffix(error.advice).strip() in error.what
    assert "AADSTS50011" not in f"{error} {wait.said}"


def test_a_browser_that_failed_explains_the_silence_too(clock: StandingClock) -> None:
    with waiting("query", browser_failed=lambda: True) as wait:
        clock.pass_by(20)
        clock.at += 20
        error = wait.deadline()
    assert "The command that opens the browser had failed." in error.what
    assert "--paste" in error.advice
    assert "AADSTS50011" not in f"{error} {wait.said}"


def test_without_an_explanation_the_usual_causes_are_named(clock: StandingClock) -> None:
    with waiting("query") as wait:
        clock.pass_by(20)
        clock.at += 20
        error = wait.deadline()
    assert "AADSTS50011" in error.advice
    assert any("AADSTS50011" in line for line in wait.said)


def test_what_the_answer_needs_is_made_once_the_browser_comes_up_and_before_the_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    happened: list[str] = []

    def launch(url: str) -> bool:
        happened.append("launch")
        return True

    monkeypatch.setattr(landing_pages, "load", lambda: happened.append("load"))
    monkeypatch.setattr(front, "rehearse", lambda: happened.append("rehearse"))
    listener = Listener(launch=launch, say=lambda line: happened.append("say"))
    with listener.open() as receiver, pytest.raises(TimedOut):
        receiver.receive(URL, _read, timeout_s=0.05)
    assert happened == ["launch", "load", "rehearse", "say", "say"]


PREFETCHES = ["Sec-Purpose: prefetch", "Sec-Purpose: prefetch;prerender", "Purpose: prefetch"]


@pytest.mark.parametrize("header", PREFETCHES)
def test_a_page_that_is_fetched_ahead_of_time_is_no_answer(header: str) -> None:
    with waiting("query") as wait:
        head = f"GET /?{GENUINE} HTTP/1.1\r\nHost: localhost:{wait.port}\r\n"
        early = raw_peer.split(raw_peer.exchange(wait.port, f"{head}{header}\r\n\r\n".encode()))
        assert early.status == 503
        assert not wait.result.done()
        assert wait.events[-1] == "ignored: fetched ahead of time"
        assert _bring(wait.port, "query", GENUINE) == 303
        assert wait.result.result(ENOUGH_S) == "CanaryCode"


def test_the_last_page_is_not_given_to_a_prefetch() -> None:
    with waiting("query") as wait:
        reply = raw_peer.get(wait.port, f"/?{GENUINE}")
        done = reply.header("location")
        head = (
            f"GET {done} HTTP/1.1\r\nHost: localhost:{wait.port}\r\nSec-Purpose: prefetch\r\n\r\n"
        )
        assert raw_peer.split(raw_peer.exchange(wait.port, head.encode())).status == 503


def test_a_second_request_on_one_connection_is_served() -> None:
    with waiting("query") as wait:
        host = f"Host: localhost:{wait.port}\r\n\r\n"
        both = f"GET /favicon.ico HTTP/1.1\r\n{host}GET /?{GENUINE} HTTP/1.1\r\n{host}"
        replies = raw_peer.exchange(wait.port, both.encode())
        assert replies.startswith(b"HTTP/1.1 204 ")
        assert b"\r\n\r\nHTTP/1.1 303 " in replies
        assert wait.result.result(ENOUGH_S) == "CanaryCode"
        assert b"Connection: close" in replies.partition(b"HTTP/1.1 303 ")[2]
