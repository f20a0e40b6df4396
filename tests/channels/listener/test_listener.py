"""The listener of a sign-in: only the genuine answer counts, whatever comes before it."""

from __future__ import annotations

import hmac
import re
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from entra_oauth.channels.base import Outcome
from entra_oauth.channels.listener import listener as front
from entra_oauth.channels.listener import redirect_latch
from entra_oauth.channels.listener.listener import Listener, ListeningReceiver
from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.errors import (
    AuthorityError,
    EntraOAuthError,
    IdTokenRefused,
    LocalError,
    PortBusy,
    StateMismatch,
    TimedOut,
    UsageError,
)
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, parse_form
from entra_oauth.recording import FrontEvent, Occurred
from kit import needs
from kit.back_channels import StandingClock
from kit.processes import child_process
from kit.servers import raw_peer

STATE = "s" * 43
CODE = "the-secret-code"
URL = f"https://login.example/authorize?state={STATE}"
GENUINE = f"code={CODE}&state={STATE}&session_state=1"
SUCCESS = Outcome(succeeded=True, headline="Signed in as ada", advice="Close this window.")
FAILURE = Outcome(succeeded=False, headline="Not signed in", detail="AADSTS65004: <declined>")
ENOUGH_S = 5.0  # an upper bound for what takes milliseconds
SOON_S = 2.0  # the same, where a wait for a silent peer (5 seconds) is to be seen


def read(request: HttpRequest) -> str:
    """Do as the protocol does with a message, as far as a listener can tell."""
    fields = parse_form(request.query if request.method == "GET" else request.body.decode())
    states = [value for name, value in fields if name == "state"]
    if len(states) != 1 or not hmac.compare_digest(states[0].encode(), STATE.encode()):
        raise StateMismatch("The state is not ours.", advice="Go on in the right window.")
    names = [name for name, _ in fields]
    if len(names) != len(set(names)):
        raise StateMismatch("A parameter is repeated.", advice="Go on in the right window.")
    values = dict(fields)
    if "error" in values:
        raise AuthorityError("No.", advice="Ask.", stage="authorize", error=values["error"])
    if values["code"] == "unacceptable":
        raise IdTokenRefused("It is not for us.", advice="Ask.")
    if values["code"] == "bug":
        raise ZeroDivisionError
    return values["code"]


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One wait at the receiver, seen from the browser's side."""

    receiver: ListeningReceiver
    port: int
    result: Future[str]
    said: list[str] = field(default_factory=list)
    seen: list[tuple[FrontEvent, HttpRequest, HttpResponse | None]] = field(default_factory=list)

    def answer(self, fields: str = GENUINE, *, target: str = "/") -> raw_peer.Reply:
        """The redirect, in the way that was agreed."""
        if self.receiver.response_mode == "query":
            return raw_peer.get(self.port, f"{target}?{fields}")
        return raw_peer.post(self.port, target, fields)

    def follow(self, reply: raw_peer.Reply) -> raw_peer.Reply:
        """Go where the answer to a redirect sends the browser."""
        assert reply.status == 303
        return raw_peer.get(self.port, reply.header("location") or "")

    def code(self) -> str:
        return self.result.result(ENOUGH_S)

    def is_waiting(self) -> bool:
        return not self.result.done()

    @property
    def notes(self) -> list[str]:
        return [str(event) for event, _, _ in self.seen]


@contextmanager
def attempt(
    response_mode: str = "form_post",
    *,
    redirect_uri: str = "http://localhost",
    address: str | None = None,
    timeout_s: float = 30.0,
    reader: Callable[[HttpRequest], str] = read,
) -> Iterator[Attempt]:
    said: list[str] = []
    seen: list[tuple[FrontEvent, HttpRequest, HttpResponse | None]] = []
    opened = threading.Event()

    def launch(url: str) -> bool:
        assert url == URL
        opened.set()
        return True

    listener = Listener(
        redirect_uri=redirect_uri,
        address=address,
        response_mode=response_mode,
        launch=launch,
        say=said.append,
    )
    with ThreadPoolExecutor(1) as pool:
        with listener.open(lambda *message: seen.append(message)) as receiver:
            port = int(re.findall(r":(\d+)", receiver.redirect_uri)[-1])
            result = pool.submit(receiver.receive, URL, reader, timeout_s=timeout_s)
            assert opened.wait(ENOUGH_S)
            yield Attempt(receiver=receiver, port=port, result=result, said=said, seen=seen)
        result.exception(ENOUGH_S)  # leaving the receiver has ended the wait


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # Most tests end without a browser that fetches the last page; none waits for it.
    monkeypatch.setattr(front, "_PATIENCE_WHEN_STOPPED_S", 0.02)
    yield
    assert [t.name for t in threading.enumerate() if t.name.startswith("loopback")] == []


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> StandingClock:
    made = StandingClock()
    monkeypatch.setattr(front, "monotonic", made)
    monkeypatch.setattr(front, "_SLICE_S", 0.01)
    return made


@pytest.fixture(params=["form_post", "query"])
def waiting(request: pytest.FixtureRequest) -> Iterator[Attempt]:
    with attempt(request.param) as running:
        yield running


# ---- the answer --------------------------------------------------------------


def test_the_genuine_answer_sends_the_browser_on_and_the_page_tells_the_outcome(
    waiting: Attempt,
) -> None:
    reply = waiting.answer()
    assert waiting.code() == CODE
    assert reply.status == 303
    assert re.fullmatch(r"/done/[A-Za-z0-9_-]{43}", reply.header("location") or "")
    waiting.receiver.report_outcome(SUCCESS)
    page = waiting.follow(reply)
    assert page.status == 200
    assert b"<h1>Signed in as ada</h1>" in page.body


def test_the_page_is_held_until_it_is_known_how_it_went(waiting: Attempt) -> None:
    reply = waiting.answer()
    with ThreadPoolExecutor(1) as browser:
        page = browser.submit(waiting.follow, reply)
        time.sleep(0.1)
        assert not page.done()
        waiting.receiver.report_outcome(FAILURE)
        body = page.result(ENOUGH_S).body
    assert b"<h1>Not signed in</h1>" in body
    assert b"AADSTS65004: &lt;declined&gt;" in body


def test_no_answer_of_ours_holds_a_secret_and_each_has_the_safe_headers(waiting: Attempt) -> None:
    first = waiting.answer()
    waiting.receiver.report_outcome(SUCCESS)
    replies = [
        first,
        waiting.answer(),
        waiting.follow(first),
        raw_peer.get(waiting.port, f"/x?{GENUINE}"),
        raw_peer.get(waiting.port, f"/?{GENUINE}", method="HEAD"),
        raw_peer.get(waiting.port, "/favicon.ico"),
        raw_peer.get(waiting.port, f"/?{GENUINE}", host="evil.example"),
        raw_peer.split(raw_peer.exchange(waiting.port, b"nonsense\r\n\r\n")),
    ]
    assert [each.status for each in replies] == [303, 409, 200, 404, 405, 204, 421, 400]
    for reply in replies:
        assert CODE.encode() not in reply.body
        assert STATE.encode() not in reply.body
        assert CODE not in str(reply.headers)
        assert STATE not in str(reply.headers)
        assert reply.all("cache-control") == ["no-store"]
        assert reply.all("referrer-policy") == ["no-referrer"]
        assert reply.all("x-content-type-options") == ["nosniff"]
        assert reply.all("x-frame-options") == ["DENY"]
        assert reply.all("connection") == ["close"]
        assert "default-src 'none'" in reply.all("content-security-policy")[0]
        assert "frame-ancestors 'none'" in reply.all("content-security-policy")[0]
        assert not any(n.lower().startswith("access-control") for n, _ in reply.headers)
        assert reply.header("set-cookie") is None
        assert reply.header("server") is None


def test_the_second_answer_gets_409_and_changes_nothing(waiting: Attempt) -> None:
    assert waiting.answer().status == 303
    for fields in (GENUINE, f"code=other&state={STATE}", f"error=no&state={STATE}", ""):
        assert waiting.answer(fields).status == 409
    assert waiting.code() == CODE


def test_of_many_answers_at_once_exactly_one_wins() -> None:
    def slow_read(request: HttpRequest) -> str:
        time.sleep(0.02)  # long enough for the others to come in meanwhile
        return read(request)

    with attempt(reader=slow_read) as waiting, ThreadPoolExecutor(8) as browsers:
        fields = [f"code=c{n}&state={STATE}" for n in range(16)]
        statuses = [reply.status for reply in browsers.map(waiting.answer, fields)]
        assert sorted(statuses) == [303] + [409] * 15
        assert waiting.code() == f"c{statuses.index(303)}"


def test_the_answer_counts_when_the_browser_is_gone_before_the_page(waiting: Attempt) -> None:
    with raw_peer.connect(waiting.port) as peer:
        head = f"Host: localhost:{waiting.port}\r\n"
        if waiting.receiver.response_mode == "query":
            message = f"GET /?{GENUINE} HTTP/1.1\r\n{head}\r\n"
        else:
            kind = f"Content-Type: {raw_peer.FORM}\r\nContent-Length: {len(GENUINE)}\r\n"
            message = f"POST / HTTP/1.1\r\n{head}{kind}\r\n{GENUINE}"
        peer.sendall(message.encode())
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert waiting.code() == CODE


def test_a_browser_that_never_fetches_the_last_page_is_waited_for_a_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert front._PATIENCE_S <= 1.0
    monkeypatch.setattr(front, "_PATIENCE_S", 0.2)
    with attempt() as waiting:
        waiting.answer()
        waiting.code()
        waiting.receiver.report_outcome(SUCCESS)
        began = time.monotonic()
    assert 0.15 < time.monotonic() - began < ENOUGH_S


def test_once_the_page_was_fetched_the_port_is_closed_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(front, "_PATIENCE_S", 60.0)
    with attempt() as waiting:
        reply = waiting.answer()
        waiting.receiver.report_outcome(SUCCESS)
        assert waiting.follow(reply).status == 200
        began = time.monotonic()
    assert time.monotonic() - began < ENOUGH_S
    for address in ("127.0.0.1", "::1"):
        with pytest.raises(OSError, match=r"refused|assign|reach"):
            raw_peer.connect(waiting.port, address).close()


# An event ends the wait, so the length of a slice does not matter
def test_the_wait_ends_as_soon_as_the_answer_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "_SLICE_S", 60.0)
    with attempt(timeout_s=100.0) as waiting:
        began = time.monotonic()
        waiting.answer()
        assert waiting.code() == CODE
    assert time.monotonic() - began < ENOUGH_S


# Between two slices Ctrl-C is seen even where it does not interrupt a wait
def test_a_slice_of_the_wait_is_short() -> None:
    assert front._SLICE_S <= 0.25


def test_a_kept_page_of_a_wait_that_was_left_says_that_it_was_stopped() -> None:
    with ThreadPoolExecutor(1) as browser:
        with attempt() as waiting:
            page = browser.submit(waiting.follow, waiting.answer())
            waiting.code()
            time.sleep(0.05)
        assert b"was stopped in the terminal" in page.result(ENOUGH_S).body


# ---- what does not end the wait -----------------------------------------------

TLS_HELLO = b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03" + bytes(range(190))


def raw(message: bytes) -> Callable[[Attempt], int | None]:
    def send(waiting: Attempt) -> int | None:
        answer = raw_peer.exchange(waiting.port, message)
        return raw_peer.split(answer).status if answer.startswith(b"HTTP/") else None

    return send


def knock(target: str, method: str = "GET", host: str | None = None) -> Callable[[Attempt], int]:
    return lambda waiting: raw_peer.get(waiting.port, target, method=method, host=host).status


def answer(fields: str) -> Callable[[Attempt], int]:
    return lambda waiting: waiting.answer(fields).status


def other_way(waiting: Attempt) -> int:
    """The genuine answer by the method that was not agreed."""
    if waiting.receiver.response_mode == "query":
        return raw_peer.post(waiting.port, "/", GENUINE).status
    return raw_peer.get(waiting.port, f"/?{GENUINE}").status


def other_host(waiting: Attempt) -> int:
    if waiting.receiver.response_mode == "query":
        return raw_peer.get(waiting.port, f"/?{GENUINE}", host="evil.example").status
    return raw_peer.post(waiting.port, "/", GENUINE, host="evil.example").status


def preflight(waiting: Attempt) -> int:
    lines = (
        "OPTIONS / HTTP/1.1",
        f"Host: localhost:{waiting.port}",
        "Origin: https://evil.example",
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Private-Network: true",
        "",
        "",
    )
    reply = raw_peer.split(raw_peer.exchange(waiting.port, "\r\n".join(lines).encode()))
    assert reply.header("allow") in ("GET", "POST")
    assert not any(n.lower().startswith("access-control") for n, _ in reply.headers)
    return reply.status


def no_word(waiting: Attempt) -> None:
    raw_peer.connect(waiting.port).close()


def half_a_request(waiting: Attempt) -> None:
    peer = raw_peer.connect(waiting.port)
    peer.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\ncode=")
    peer.close()


ABUSE: dict[str, tuple[Callable[[Attempt], int | None], int | None]] = {
    "favicon": (knock("/favicon.ico"), 204),
    "robots": (knock("/robots.txt"), 404),
    "bare callback": (answer(""), 400),
    "evil state": (answer("code=EVIL&state=EVIL"), 400),
    "empty state": (answer("code=EVIL&state="), 400),
    "no state": (answer("code=EVIL"), 400),
    "two states": (answer(f"code=EVIL&state={STATE}&state=EVIL"), 400),
    "state that is not ASCII": (answer("code=EVIL&state=%C3%A4"), 400),
    "error without state": (answer("error=pwned"), 400),
    "error with another state": (answer("error=pwned&state=EVIL"), 400),
    "repeated code": (answer(f"code=A&code=B&state={STATE}"), 400),
    "longer path": (knock(f"/x?{GENUINE}"), 404),
    "doubled slash": (knock(f"//?{GENUINE}"), 404),
    "path with dots": (knock(f"/./?{GENUINE}"), 404),
    "guessed done page": (knock("/done/other"), 404),
    "redirect wanted": (knock("/done/https://evil.example"), 404),
    "other method": (other_way, 405),
    "HEAD": (knock(f"/?{GENUINE}", method="HEAD"), 405),
    "PUT": (knock(f"/?{GENUINE}", method="PUT"), 405),
    "preflight": (preflight, 405),
    "other host": (other_host, 421),
    "other port": (knock("/", host="localhost:1"), 421),
    "no port": (knock("/", host="localhost"), 421),
    "name that begins well": (knock("/", host="localhost.evil.example:80"), 421),
    "garbage": (raw(bytes(range(128, 256))), 400),
    "TLS hello": (raw(TLS_HELLO), None),
    "nothing": (no_word, None),
    "half a request": (half_a_request, None),
    "huge head": (raw(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 200_000), 431),
    "huge body": (
        raw(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n" + b"x" * 200_000),
        413,
    ),
    "chunked body": (raw(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), 411),
}


@pytest.mark.parametrize("name", ABUSE)
def test_noise_is_put_off_and_the_genuine_answer_still_wins(waiting: Attempt, name: str) -> None:
    make_noise, status = ABUSE[name]
    assert make_noise(waiting) == status
    assert waiting.is_waiting()
    assert waiting.answer().status == 303
    assert waiting.code() == CODE


def test_three_hundred_silent_connections_opened_first_delay_nothing(waiting: Attempt) -> None:
    with raw_peer.silent_peers(waiting.port, 300):
        began = time.monotonic()
        assert waiting.answer().status == 303
        assert waiting.code() == CODE
        assert time.monotonic() - began < SOON_S


@pytest.mark.parametrize(
    "start", [b"", b"G", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"]
)
def test_an_unfinished_connection_opened_first_delays_nothing(
    waiting: Attempt, start: bytes
) -> None:
    with raw_peer.connect(waiting.port) as peer:
        peer.sendall(start)
        began = time.monotonic()
        assert waiting.answer().status == 303
        assert waiting.code() == CODE
        assert time.monotonic() - began < SOON_S


def test_a_slow_loris_delays_nothing(waiting: Attempt) -> None:
    stop = threading.Event()

    def drip() -> None:
        with raw_peer.connect(waiting.port) as peer:
            for byte in b"GET / HTTP/1.1\r\nX: " + b"x" * 1000:
                peer.sendall(bytes([byte]))
                if stop.wait(0.005):
                    return

    with ThreadPoolExecutor(4) as pool:
        drips = [pool.submit(drip) for _ in range(4)]
        time.sleep(0.05)
        began = time.monotonic()
        assert waiting.answer().status == 303
        assert waiting.code() == CODE
        assert time.monotonic() - began < SOON_S
        stop.set()
        for each in drips:
            each.result(ENOUGH_S)


def test_a_spare_connection_can_still_bring_the_answer() -> None:
    with attempt("query") as waiting, raw_peer.connect(waiting.port) as spare:
        time.sleep(0.1)
        spare.sendall(
            f"GET /?{GENUINE} HTTP/1.1\r\nHost: localhost:{waiting.port}\r\n\r\n".encode()
        )
        assert raw_peer.split(raw_peer.read_all(spare)).status == 303
        assert waiting.code() == CODE


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "", f"{raw_peer.FORM}x"])
def test_a_post_that_is_no_form_is_no_answer(kind: str) -> None:
    with attempt("form_post") as waiting:
        assert raw_peer.post(waiting.port, "/", GENUINE, kind=kind).status == 415
        assert (
            raw_peer.post(waiting.port, "/", GENUINE, kind=f"{raw_peer.FORM};charset=UTF-8").status
            == 303
        )
        assert waiting.code() == CODE


# Chromium sends it with a form_post from a page of another origin
def test_the_origin_of_an_answer_is_not_judged() -> None:
    with attempt("form_post") as waiting:
        more = "Origin: null\r\nSec-Fetch-Site: cross-site\r\n"
        assert raw_peer.post(waiting.port, "/", GENUINE, more=more).status == 303


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"])
def test_each_name_of_this_machine_is_a_right_host(host: str) -> None:
    with attempt("query") as waiting:
        reply = raw_peer.get(waiting.port, f"/?{GENUINE}", host=f"{host}:{waiting.port}")
        assert reply.status == 303


def test_to_a_wrong_host_nothing_is_revealed(waiting: Attempt) -> None:
    reply = raw_peer.get(waiting.port, f"/?{GENUINE}", host="rebound.example")
    assert (reply.status, reply.body) == (421, b"Misdirected request.\n")
    done = waiting.answer().header("location") or ""
    assert raw_peer.get(waiting.port, done, host="rebound.example").status == 421


@pytest.mark.parametrize("method", ["POST", "HEAD", "DELETE"])
def test_the_last_page_is_only_read(waiting: Attempt, method: str) -> None:
    done = waiting.answer().header("location") or ""
    assert raw_peer.get(waiting.port, done, method=method).status == 404


# ---- how the wait ends otherwise -------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        (f"error=access_denied&state={STATE}", AuthorityError),
        (f"code=unacceptable&state={STATE}", IdTokenRefused),
    ],
)
def test_an_answer_that_ends_it_is_raised_and_the_browser_is_sent_on(
    waiting: Attempt, fields: str, error: type[EntraOAuthError]
) -> None:
    reply = waiting.answer(fields)
    assert isinstance(waiting.result.exception(ENOUGH_S), error)
    waiting.receiver.report_outcome(FAILURE)
    assert b"Not signed in" in waiting.follow(reply).body
    assert waiting.answer().status == 409


def test_a_mistake_while_reading_ends_the_wait_with_it(waiting: Attempt) -> None:
    assert waiting.answer(f"code=bug&state={STATE}").status == 500
    assert isinstance(waiting.result.exception(ENOUGH_S), ZeroDivisionError)


def test_a_witness_that_fails_ends_the_wait_with_it() -> None:
    def witness(event: FrontEvent, request: HttpRequest, response: HttpResponse | None, /) -> None:
        if event.kind is not Occurred.ASKED:
            raise MemoryError

    opened = threading.Event()

    def launch(url: str) -> bool:
        opened.set()
        return True

    listener = Listener(launch=launch, say=lambda line: None)
    with ThreadPoolExecutor(1) as pool, listener.open(witness) as receiver:
        result = pool.submit(receiver.receive, URL, read, timeout_s=ENOUGH_S)
        assert opened.wait(ENOUGH_S)
        assert raw_peer.get(int(receiver.redirect_uri.rpartition(":")[2])).status == 500
        assert isinstance(result.exception(ENOUGH_S), MemoryError)


def test_the_deadline_holds_while_peers_are_silent_and_names_the_likely_causes() -> None:
    began = time.monotonic()
    with attempt(timeout_s=0.3) as waiting, raw_peer.silent_peers(waiting.port, 10):
        raw_peer.get(waiting.port, "/x")
        raw_peer.get(waiting.port, "/y")
        error = waiting.result.exception(ENOUGH_S)
    assert 0.25 < time.monotonic() - began < ENOUGH_S
    assert isinstance(error, TimedOut)
    assert "0.3 seconds" in error.what
    assert "2 other requests were ignored" in error.what
    assert f"http://localhost:{waiting.port}" in error.what
    assert "AADSTS50011" in error.advice
    assert "add exactly http://localhost to the app registration" in error.advice
    assert "closed" in error.advice


def test_at_the_deadline_the_last_refusal_is_raised_if_there_was_one(clock: StandingClock) -> None:
    with attempt() as waiting:
        assert waiting.answer("code=EVIL&state=EVIL").status == 400
        assert waiting.answer(f"code=A&code=B&state={STATE}").status == 400
        clock.at += 30
        error = waiting.result.exception(ENOUGH_S)
    assert isinstance(error, StateMismatch)
    assert error.what.startswith("A parameter is repeated. No other answer came in time")
    assert error.advice.startswith("Nothing was used. Start again")
    assert waiting.said[-1] == "2 redirects were refused, and no other came."


def test_no_error_holds_a_secret_in_its_traceback(clock: StandingClock) -> None:
    with attempt() as waiting:
        waiting.answer(f"code={CODE}&state=EVIL")
        clock.at += 30
        error = waiting.result.exception(ENOUGH_S)
    assert error is not None
    assert error.__context__ is None
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    assert "read" not in frames  # whose variables hold the request


def test_leaving_the_door_ends_a_wait_in_another_thread() -> None:
    with attempt() as waiting:
        began = time.monotonic()
    assert isinstance(waiting.result.exception(ENOUGH_S), TimedOut)
    assert time.monotonic() - began < SOON_S


def test_nothing_is_accepted_before_it_was_asked_for() -> None:
    listener = Listener(launch=lambda url: True, say=lambda line: None, response_mode="query")
    with listener.open() as receiver:
        assert (
            raw_peer.get(int(receiver.redirect_uri.rpartition(":")[2]), f"/?{GENUINE}").status
            == 400
        )


# ---- what the person and the witness are told --------------------------------------


def test_the_address_is_said_alone_on_its_line(waiting: Attempt) -> None:
    waiting.answer()
    waiting.code()
    assert waiting.said[1:] == [URL]
    assert "browser opens" in waiting.said[0]


def test_without_a_browser_the_person_is_asked_to_open_the_address() -> None:
    said: list[str] = []
    listener = Listener(launch=lambda url: False, say=said.append)
    with listener.open() as receiver, pytest.raises(TimedOut):
        receiver.receive(URL, read, timeout_s=0.01)
    assert said == ["Open this address in a browser to sign in:", URL]


def test_after_a_while_the_person_is_told_once_what_may_be_wrong(clock: StandingClock) -> None:
    with attempt() as waiting:
        clock.pass_by(20)
        clock.at += 20
        assert isinstance(waiting.result.exception(ENOUGH_S), TimedOut)
    reminders = [line for line in waiting.said if "AADSTS50011" in line]
    assert len(reminders) == 1
    assert "never reaches this program" in reminders[0]


def test_the_reminder_tells_a_refused_redirect_and_then_guesses_at_no_other_cause(
    clock: StandingClock,
) -> None:
    with attempt() as waiting:
        waiting.answer("code=EVIL&state=EVIL")
        clock.pass_by(20)
        clock.at += 20
        assert isinstance(waiting.result.exception(ENOUGH_S), StateMismatch)
    told = "Still waiting for the browser. 1 redirect was refused so far. The state is not ours."
    assert told in waiting.said
    assert "AADSTS50011" not in " ".join(waiting.said)


def test_the_witness_sees_every_message_with_its_answer_and_why() -> None:
    with attempt("query") as waiting:
        raw_peer.get(waiting.port, "/favicon.ico")
        raw_peer.get(waiting.port, "/x%2Fy")
        raw_peer.get(waiting.port, "/", host="evil.example")
        raw_peer.post(waiting.port, "/", GENUINE)
        waiting.answer("code=EVIL&state=EVIL")
        reply = waiting.answer()
        waiting.answer()
        waiting.receiver.report_outcome(SUCCESS)
        page = waiting.follow(reply)
    assert waiting.notes == [
        "authorize",
        "ignored: the icon",
        "ignored: another path",
        "ignored: meant for another host",
        "ignored: another method",
        "refused: The state is not ours.",
        "accepted",
        "refused: there has been an answer",
        "page",
    ]
    statuses = [response.status for _, _, response in waiting.seen if response]
    assert statuses == [204, 404, 421, 405, 400, 303, 409, 200]
    _, opened, nothing = waiting.seen[0]
    assert (opened.method, opened.url, nothing) == ("GET", URL, None)
    assert waiting.seen[2][1].url == f"http://localhost:{waiting.port}/x%2Fy"
    assert waiting.seen[6][1].query == GENUINE
    last = waiting.seen[-1][2]
    assert last is not None
    assert last.body == page.body


@pytest.mark.parametrize(
    ("fields", "note", "raised"),
    [
        (
            f"error=access_denied&state={STATE}",
            "accepted: an error of the authority",
            AuthorityError,
        ),
        (
            f"code=unacceptable&state={STATE}",
            "refused, which ends the wait: It is not for us.",
            IdTokenRefused,
        ),
    ],
)
def test_the_witness_is_told_how_the_wait_ended(
    fields: str, note: str, raised: type[EntraOAuthError]
) -> None:
    with attempt() as waiting:
        waiting.answer(fields)
        assert isinstance(waiting.result.exception(ENOUGH_S), raised)
    assert waiting.notes[-1] == note


def test_a_flood_does_not_fill_the_witness_but_the_answer_is_always_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redirect_latch, "_WITNESSED", 5)
    with attempt("query") as waiting:
        for _ in range(20):
            raw_peer.get(waiting.port, "/flood")
        reply = waiting.answer()
        waiting.receiver.report_outcome(SUCCESS)
        waiting.follow(reply)
    assert waiting.notes == ["authorize", *["ignored: another path"] * 5, "accepted", "page"]


# ---- redirect URI, port and address ------------------------------------------------


def listener_for(**values: object) -> Listener:
    return Listener(launch=lambda url: True, say=lambda line: None, **values)  # type: ignore[arg-type]


def free_port() -> int:
    """A port that was free on both addresses a moment ago."""
    with LoopbackHost(lambda request: HttpResponse(status=200)) as host:
        return host.port


@needs.ipv6
@needs.posix
def test_the_listener_owns_both_loopback_addresses_and_no_other() -> None:
    with attempt() as waiting:
        for address, family in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)):
            with socket.socket(family) as thief, pytest.raises(OSError, match="in use"):
                thief.bind((address, waiting.port))
        with pytest.raises(OSError, match=r"refused|unreachable|assign"):
            raw_peer.connect(waiting.port, "127.0.0.2").close()


@needs.ipv6
@pytest.mark.parametrize("taken", [["127.0.0.1"], ["::1"], ["127.0.0.1", "::1"]])
def test_a_port_that_is_taken_is_an_error_at_once(taken: list[str]) -> None:
    with raw_peer.occupied(*taken) as port:
        for listener in (
            listener_for(redirect_uri=f"http://localhost:{port}"),
            listener_for(port=port),
        ):
            with pytest.raises(PortBusy, match=str(port)):
                listener.open()


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", pytest.param("[::1]", marks=needs.ipv6)]
)
def test_a_port_is_put_into_a_redirect_uri_that_has_none(host: str) -> None:
    with listener_for(redirect_uri=f"http://{host}/My%2fApp").open() as receiver:
        assert re.fullmatch(rf"http://{re.escape(host)}:\d+/My%2fApp", receiver.redirect_uri)


def test_a_port_that_is_named_is_used() -> None:
    port = free_port()
    with listener_for(redirect_uri=f"http://localhost:{port}/cb").open() as receiver:
        assert receiver.redirect_uri == f"http://localhost:{port}/cb"
    with listener_for(redirect_uri="http://localhost/cb", port=port).open() as receiver:
        assert receiver.redirect_uri == f"http://localhost:{port}/cb"
        assert raw_peer.get(port, "/cb").status == 405


def test_only_the_exact_path_of_the_redirect_uri_takes_an_answer() -> None:
    with attempt("query", redirect_uri="http://localhost/My%2fApp/") as waiting:
        for target in ("/", "/My/App/", "/My%2FApp/", "/My%2fApp", "/my%2fapp/", "/My%2fApp//"):
            assert waiting.answer(target=target).status == 404
        assert waiting.is_waiting()
        assert waiting.answer(target="/My%2fApp/").status == 303


class PortEighty(LoopbackHost):
    """Says that it has port 80, which a test may not have."""

    real_port = 0

    def __init__(
        self,
        handle: Callable[[HttpRequest], HttpResponse],
        *,
        port: int,
        address: str | None,
        body_limit: int,
        met_tls: Callable[[], None],
    ) -> None:
        assert port == 80
        super().__init__(handle, port=0, address=address, body_limit=body_limit, met_tls=met_tls)
        PortEighty.real_port, self.port = self.port, 80


@pytest.mark.parametrize(
    ("uri", "port", "sent"),
    [
        ("http://localhost", 80, "http://localhost"),
        ("http://localhost/cb", 80, "http://localhost/cb"),
        ("http://localhost:80", None, "http://localhost:80"),
        ("http://localhost:80", 80, "http://localhost:80"),
    ],
)
def test_port_80_goes_unsaid_unless_it_was_said(
    uri: str, port: int | None, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "LoopbackHost", PortEighty)
    with listener_for(redirect_uri=uri, port=port).open() as receiver:
        assert receiver.redirect_uri == sent
        for host, status in (("localhost", 404), ("localhost:80", 404), ("localhost:81", 421)):
            assert raw_peer.get(PortEighty.real_port, "/x", host=host).status == status


def test_another_address_is_listened_on_and_is_a_right_host() -> None:
    with attempt("query", address="127.0.0.1") as waiting:
        if socket.has_ipv6:
            with pytest.raises(OSError, match=r"refused|assign|reach"):
                raw_peer.connect(waiting.port, "::1").close()
        assert raw_peer.get(waiting.port, "/x", host=f"127.0.0.1:{waiting.port}").status == 404


@needs.posix
def test_a_container_can_listen_on_an_address_of_its_own() -> None:
    with listener_for(address="127.0.0.3", response_mode="query").open() as receiver:
        port = int(receiver.redirect_uri.rpartition(":")[2])
        assert receiver.redirect_uri == f"http://localhost:{port}"
        for host, status in (("127.0.0.3", 404), ("localhost", 404), ("127.0.0.4", 421)):
            message = f"GET /x HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()
            assert raw_peer.split(raw_peer.exchange(port, message, "127.0.0.3")).status == status


def test_the_address_of_every_interface_is_no_host_of_ours() -> None:
    with attempt("query", address="0.0.0.0") as waiting:
        assert raw_peer.get(waiting.port, "/x", host=f"0.0.0.0:{waiting.port}").status == 421
        assert raw_peer.get(waiting.port, "/x").status == 404


def test_a_machine_without_ipv6_cannot_serve_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    class OnlyOld(LoopbackHost):
        def __init__(
            self,
            handle: Callable[[HttpRequest], HttpResponse],
            *,
            port: int,
            address: str | None,
            body_limit: int,
            met_tls: Callable[[], None],
        ) -> None:
            super().__init__(handle, port=port, address="127.0.0.1", body_limit=body_limit)

    monkeypatch.setattr(front, "LoopbackHost", OnlyOld)
    with pytest.raises(LocalError, match="::1"):
        listener_for(redirect_uri="http://[::1]").open()


@pytest.mark.parametrize(
    "values",
    [
        {"redirect_uri": "http://localhost:8400", "port": 8401},
        {"redirect_uri": "https://localhost"},
        {"redirect_uri": "http://example.com"},
        {"response_mode": "fragment"},
        {"response_mode": ""},
    ],
)
def test_values_that_do_not_fit_together_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        listener_for(**values)


def test_an_address_that_is_none_is_refused_when_it_is_to_be_used() -> None:
    with pytest.raises(UsageError):
        listener_for(address="everywhere").open()


# ---- signals -----------------------------------------------------------------------

_PROGRAM = """
import signal, sys
from entra_oauth.channels.listener.listener import Listener
from entra_oauth.errors import StateMismatch

def stop(number, frame):
    raise SystemExit(143)

def read(request):
    if b"code" in request.body:
        return "code"
    raise StateMismatch("no", advice="no")

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored under some shells
signal.signal(signal.SIGTERM, stop)
listener = Listener(launch=lambda url: True, say=lambda line: None)
try:
    with listener.open() as receiver:
        print(receiver.redirect_uri.rpartition(":")[2], flush=True)
        receiver.receive("https://login.example/", read, timeout_s=60)
        print("answered", flush=True)
        while True:
            signal.pause()
except KeyboardInterrupt:
    raise SystemExit(130)
"""


@needs.posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("answered", [False, True])
def test_a_signal_ends_a_wait_under_attack_at_once(number: int, code: int, answered: bool) -> None:
    with child_process.running(_PROGRAM) as child:
        port = int(child.line())
        with raw_peer.silent_peers(port, 100) as peers, ThreadPoolExecutor(1) as browser:
            for peer in peers[:50]:
                peer.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nX: ")
            assert raw_peer.post(port, "/", "nothing").status == 400
            page = None
            if answered:
                done = raw_peer.post(port, "/", "code").header("location") or ""
                assert child.line() == "answered\n"
                page = browser.submit(raw_peer.get, port, done)
                time.sleep(0.1)
            began = time.monotonic()
            child.signal(number)
            _, errors = child.end()
            assert time.monotonic() - began < SOON_S
            if page is not None:
                assert b"was stopped in the terminal" in page.result(ENOUGH_S).body
    assert (child.code, errors) == (code, "")
