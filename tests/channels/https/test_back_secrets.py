"""No error, no log and no output of the back channel leads to a secret."""

from __future__ import annotations

import logging
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import requests

from entra_oauth.errors import EntraOAuthError
from entra_oauth.protocol.messages import HttpRequest
from kit.back_channels import BODY, a_back, token_post
from kit.canaries import ACCESS_TOKEN, CANARIES, CODE, REFRESH_TOKEN, found_in
from kit.servers.certificates import CertificateAuthority
from kit.servers.raw_server import Peer, RawServer, Script, answer, answering, hearing, saying

SECRET_ANSWER = f'{{"access_token": "{ACCESS_TOKEN}", "refresh_token": "{REFRESH_TOKEN}"}}'.encode()
PROXY_PASSWORD = "CanaryProxyPassword"
HEADER = "Bearer CanaryHeader~0123456789"
SECRETS = (*CANARIES, PROXY_PASSWORD, HEADER)


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


class Heard(logging.Handler):
    """Every record of every logger, as text, with its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(logging.Formatter().format(record))


@pytest.fixture(autouse=True)
def heard(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[str]]:
    """The most talkative settings; at the end, nothing secret was said anywhere."""
    handler, root = Heard(), logging.getLogger()
    level = root.level
    monkeypatch.setattr("http.client.HTTPConnection.debuglevel", 1)
    monkeypatch.setattr("http.cookiejar.debug", True)
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield handler.lines
    root.removeHandler(handler)
    root.setLevel(level)
    shown = capfd.readouterr()
    assert found_in([shown.out, shown.err, *handler.lines], SECRETS) == []


def reachable(root: object) -> Iterator[object]:
    """Everything an object leads to by attributes and items, itself first."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        item = waiting.pop()
        if id(item) in seen or isinstance(item, type | types.ModuleType | types.FunctionType):
            continue
        seen.add(id(item))
        yield item
        if isinstance(item, Mapping):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list | tuple | set | frozenset):
            waiting += list(item)
        waiting += list(getattr(item, "__dict__", {}).values())
        for kind in type(item).__mro__:
            slots = kind.__dict__.get("__slots__", ())
            names = (slots,) if isinstance(slots, str) else slots
            waiting += [getattr(item, name, None) for name in names]
        if isinstance(item, BaseException):
            waiting += [item.args, item.__cause__, item.__context__]


def leaks(root: object) -> list[str]:
    texts = [item for item in reachable(root) if isinstance(item, str | bytes | bytearray)]
    return found_in([*texts, repr(root), str(root)], SECRETS)


def reset_in_the_body(peer: Peer) -> None:
    peer.request()
    peer.send(answer(SECRET_ANSWER)[:-10])
    peer.reset()


FAILURES: dict[str, Script] = {
    "silence": hearing,
    "half an answer": saying(answer(SECRET_ANSWER)[:-10]),
    "a reset": reset_in_the_body,
    "an echo that is not HTTP": saying(BODY.encode() + b"\r\n"),
    "an echo in the status": saying(f"HTTP/1.1 {CODE} {CODE}\r\n\r\n".encode()),
    "an echo in a broken header": saying(f"HTTP/1.1 200 OK\r\n{CODE}\r\n".encode() * 101),
    "an echo in a chunk length": saying(
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{CODE}\r\n".encode()
    ),
    "gzip that is none": saying(answer(SECRET_ANSWER, more="Content-Encoding: gzip\r\n")),
    "far too much": saying(answer(SECRET_ANSWER * 10_000)),
}


@pytest.mark.parametrize("script", FAILURES.values(), ids=FAILURES.keys())
def test_no_failure_leads_to_a_secret(script: Script) -> None:
    with RawServer(script) as server, a_back() as back, pytest.raises(EntraOAuthError) as caught:
        back.send(token_post(server.url), timeout_s=0.5)
    _assert_clean(caught)


def _assert_clean(caught: pytest.ExceptionInfo[EntraOAuthError]) -> None:
    assert leaks(caught.value) == []
    # Nor do the frames that an error reporter would print the variables of: those
    # of the worker hold the answer. Our own caller's has what it sent.
    frames = [entry.path for entry in caught.traceback]
    assert {Path(path).name for path in frames} <= {
        Path(__file__).name,
        "back_channel.py",
        "job.py",
    }
    for entry in caught.traceback[1:]:
        assert found_in(repr(dict(entry.locals)), SECRETS) == []


def _dead_port() -> str:
    with RawServer() as server:
        return server.url


@pytest.mark.parametrize(
    "url",
    [_dead_port, lambda: "https://nobody.invalid", lambda: "http://[bad", lambda: "nonsense"],
    ids=["a dead port", "no such name", "no address", "no URL"],
)
def test_nor_does_one_before_anything_was_sent(url: Callable[[], str]) -> None:
    with a_back() as back, pytest.raises(EntraOAuthError) as caught:
        back.send(token_post(url()), timeout_s=5)
    _assert_clean(caught)


def test_nor_does_a_certificate_that_does_not_fit(ca: CertificateAuthority) -> None:
    with (
        RawServer(tls=ca.server()) as server,
        a_back() as back,
        pytest.raises(EntraOAuthError) as caught,
    ):
        back.send(token_post(server.url), timeout_s=5)
    _assert_clean(caught)


def test_nor_does_a_proxy_that_refuses_and_quotes_what_it_got(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def quote(peer: Peer) -> None:
        request = peer.request()
        peer.send(b"HTTP/1.1 407 Authenticate\r\nX-You-Sent: " + request[:300] + b"\r\n\r\n")

    with RawServer(quote) as proxy, a_back() as back:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:{PROXY_PASSWORD}@127.0.0.1:{proxy.port}")
        with pytest.raises(EntraOAuthError) as caught:
            back.send(token_post("https://login.test.example"), timeout_s=5)
    _assert_clean(caught)


def test_nor_does_a_header_that_cannot_be_sent() -> None:
    with RawServer() as server, a_back() as back:
        request = HttpRequest(
            method="GET", url=server.url, headers=(("Authorization", f"{HEADER}\r\nX: y"),)
        )
        with pytest.raises(EntraOAuthError) as caught:
            back.send(request, timeout_s=5)
        assert server.requests == []
    _assert_clean(caught)


@pytest.mark.parametrize(
    "more",
    ["Set-Cookie: x=1; path=/\r\n", f"{CODE} is no header\r\n", f"Set-Cookie: x={CODE}\r\n"],
    ids=["a cookie", "an echo that is no header", "an echo in a cookie"],
)
def test_a_good_answer_is_not_logged_either(more: str) -> None:
    good = answering(answer(SECRET_ANSWER).replace(b"\r\n\r\n", f"\r\n{more}\r\n".encode(), 1))
    with RawServer(good) as server, a_back() as back:
        response = back.send(token_post(server.url), timeout_s=5)
    assert response.body == SECRET_ANSWER
    assert found_in([repr(response), str(response), repr(response.wire)], SECRETS) == []


def test_this_search_finds_what_requests_would_have_kept() -> None:
    """Otherwise the tests above would prove nothing."""
    with pytest.raises(requests.ConnectionError) as caught:
        requests.post(_dead_port(), data=BODY, timeout=5)
    assert len(leaks(caught.value)) > 0


def test_this_search_sees_what_http_client_prints_and_urllib3_logs(
    capfd: pytest.CaptureFixture[str], heard: list[str]
) -> None:
    ends = answer(more="Connection: close\r\n")  # or urllib3 forgets to close its socket
    broken = ends.replace(b"\r\n\r\n", f"\r\n{CODE} is no header\r\n\r\n".encode(), 1)
    with RawServer(answering(broken)) as server:
        requests.post(server.url, data=BODY, timeout=5)
    assert CODE in capfd.readouterr().out
    assert CODE in "".join(heard)
    heard.clear()


def test_others_who_use_urllib3_still_have_their_log(heard: list[str]) -> None:
    with RawServer() as server, a_back() as back:
        back.send(token_post(server.url), timeout_s=5)
        assert [line for line in heard if "HTTP/1.1" in line] == []
        requests.get(server.url, timeout=5)
    assert [line for line in heard if '"GET / HTTP/1.1" 200' in line]
