"""One fake browser, many bad manners, and the whole sign-in works all the same.

The rows are those on which the listeners of well-known OAuth clients were seen to
hang, to give up, or to redeem a stranger's code. Each is played to a plain
`http.server` as well, as a control: there it does harm.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send
from entra_oauth.practice.server.hosts import Hosted
from kit.foreign.inside import signing_in
from kit.foreign.person import ALICE, codes_of, state_of
from kit.servers import raw_peer

pytestmark = [pytest.mark.against]

EVIL = "EVIL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """What the fake browser knows, and the connections that it leaves open."""

    port: int
    response_mode: str
    state: str
    open: ExitStack

    def answer(self, *fields: tuple[str, str], host: str = "localhost") -> None:
        """Bring these fields to the redirect URI."""
        form = urlencode(fields)
        if self.response_mode == "query":
            self.say(f"GET /?{form} HTTP/1.1\r\nHost: {host}:{self.port}\r\n\r\n".encode())
        else:
            self.say(
                f"POST / HTTP/1.1\r\nHost: {host}:{self.port}\r\nContent-Type: {raw_peer.FORM}\r\n"
                f"Content-Length: {len(form)}\r\n\r\n{form}".encode()
            )

    def get(self, path: str) -> None:
        self.say(f"GET {path} HTTP/1.1\r\nHost: localhost:{self.port}\r\n\r\n".encode())

    def say(self, message: bytes) -> None:
        """Send this and wait for what comes back, if anything does; it has no secret."""
        reply = b""
        with suppress(OSError), raw_peer.connect(self.port, timeout_s=1) as sock:
            sock.sendall(message)
            reply = raw_peer.read_all(sock)
        assert EVIL.encode() not in reply
        assert self.state.encode() not in reply

    def leave_open(self, message: bytes = b"") -> None:
        """Send this on a connection that then stays as it is."""
        self.open.enter_context(raw_peer.connect(self.port)).sendall(message)


def _idle(knock: Knock) -> None:
    for _ in range(20):
        knock.leave_open()


def _reset(knock: Knock) -> None:
    sock = raw_peer.connect(knock.port)
    sock.sendall(b"GET /?code=" + EVIL.encode())
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


MANNERS: dict[str, Callable[[Knock], None]] = {
    "an idle connection": _idle,
    "half a request": lambda knock: knock.leave_open(b"GET /?code=" + EVIL.encode()),
    "a connection that is reset": _reset,
    "something encrypted": lambda knock: knock.say(b"\x16\x03\x01\0\x7a\x01\0\0\x76" + bytes(118)),
    "the icon": lambda knock: knock.get("/favicon.ico"),
    "another path": lambda knock: knock.get(f"/robots.txt?code={EVIL}&state={knock.state}"),
    "a stranger's code": lambda knock: knock.answer(("code", EVIL), ("state", EVIL)),
    "a code without state": lambda knock: knock.answer(("code", EVIL)),
    "an error without state": lambda knock: knock.answer(("error", EVIL)),
    "an error with a wrong state": lambda knock: knock.answer(("error", EVIL), ("state", EVIL)),
    "nothing": lambda knock: knock.answer(),
    "the state alone": lambda knock: knock.answer(("state", knock.state)),
    "two codes": lambda knock: knock.answer(("code", EVIL), ("code", EVIL), ("state", knock.state)),
    "two states": lambda knock: knock.answer(
        ("code", EVIL), ("state", knock.state), ("state", EVIL)
    ),
    "another host": lambda knock: knock.answer(
        ("code", EVIL), ("state", knock.state), host="evil.example"
    ),
}


def _everything(knock: Knock) -> None:
    for manners in MANNERS.values():
        manners(knock)


@pytest.mark.parametrize("response_mode", ["query", "form_post"])
@pytest.mark.parametrize("name", [*MANNERS, "all of it"])
def test_the_genuine_answer_still_ends_the_sign_in(
    name: str, response_mode: str, tenant: PracticeTenant, hosted: Hosted
) -> None:
    with (
        signing_in(hosted.base_url, response_mode=response_mode) as attempt,
        ExitStack() as left_open,
    ):
        knock = Knock(
            port=attempt.port,
            response_mode=response_mode,
            state=state_of(attempt.url),
            open=left_open,
        )
        MANNERS.get(name, _everything)(knock)
        assert not attempt.ending.done()
        start = time.monotonic()
        page = PracticeBrowser(http_send, ALICE, "practice").open(attempt.url)
        tokens = attempt.tokens()
        assert time.monotonic() - start < 5
    assert f"<h1>Signed in as {ALICE}</h1>" in page.text
    assert tokens.identity
    assert tokens.identity.username == ALICE
    (code,) = codes_of(tenant)
    assert EVIL not in code


# ---- the control --------------------------------------------------------------------


class _NaiveServer(HTTPServer):
    """A listener as they are often written: it believes the first request."""

    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _NaiveHandler)
        self.believed: list[dict[str, list[str]]] = []

    def handle_error(self, *of_no_interest: Any) -> None: ...


class _NaiveHandler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, _NaiveServer)
        self.server.believed.append(parse_qs(urlsplit(self.path).query))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *of_no_interest: Any) -> None: ...


def _believed(manners: Callable[[Knock], None]) -> list[dict[str, list[str]]]:
    """What the naive listener takes for the answer, after these manners."""
    with _NaiveServer() as server:
        once = threading.Thread(target=server.handle_request)
        once.start()
        port = int(server.server_address[1])
        with ExitStack() as left_open:
            manners(Knock(port=port, response_mode="query", state="right", open=left_open))
            with suppress(OSError), raw_peer.connect(port, timeout_s=0.3) as genuine:
                genuine.sendall(b"GET /?code=good&state=right HTTP/1.1\r\nHost: localhost\r\n\r\n")
                genuine.recv(1)
            believed = list(server.believed)
        once.join(10)
        assert not once.is_alive()
    return believed


@pytest.mark.parametrize("name", MANNERS)
def test_a_plain_http_server_falls_for_it(name: str) -> None:
    assert _believed(lambda knock: None) == [{"code": ["good"], "state": ["right"]}]
    assert {"code": ["good"], "state": ["right"]} not in _believed(MANNERS[name])
