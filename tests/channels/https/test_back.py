"""The bytes that the back channel sends: the request as it is, and nothing else."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from requests.utils import get_netrc_auth

from entra_oauth.channels.base import Channels, NoFront
from entra_oauth.channels.https import back_channel as back_module
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.channels.https.job import Job
from entra_oauth.errors import ExchangeBroken, UnexpectedAnswer, UsageError
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest
from entra_oauth.protocol.endpoints.token import TokenRequest
from entra_oauth.protocol.messages import HttpRequest, parse_form
from entra_oauth.protocol.scopes import DATABRICKS
from entra_oauth.recording import Recorder
from kit import canaries
from kit.back_channels import a_back, eventually, token_post, workers
from kit.canaries import CLIENT_ID, TENANT
from kit.servers.raw_server import Peer, RawServer, answer, answering, saying

GOLDEN = Path(__file__).parents[2] / "golden"


def the_articles_request(origin: str, golden: bytes) -> HttpRequest:
    """The token request of the article, for the code that is in a captured one."""
    fields = dict(parse_form(golden.partition(b"\r\n\r\n")[2].decode("ascii")))
    request = AuthorizationRequest.article(
        authority=Authority(origin, TENANT),
        client_id=CLIENT_ID,
        redirect_uri="http://localhost",
        scopes=(DATABRICKS,),
        state=fields["state"],
    )
    callback = HttpRequest(
        method="GET", url=f"http://localhost/?code={fields['code']}&state={fields['state']}"
    )
    response = AuthorizationResponse.read(callback, answering=request)
    return TokenRequest.redeem(response).to_http(user_agent="curl/7.88.1")


# POST, form-urlencoded, nothing secret in the URL.
@pytest.mark.against
@pytest.mark.parametrize("name", ["curl_article", "curl_article_long_code"])
def test_the_articles_request_is_on_the_wire_what_curl_sends(name: str) -> None:
    golden = (GOLDEN / f"{name}.request.bin").read_bytes()
    with RawServer() as server, a_back() as back:
        request = the_articles_request(server.url, golden)
        response = back.send(request, timeout_s=5)
    ours = f"Host: localhost:{server.port}\r\n".encode()
    expected = golden.replace(b"Host: login.microsoftonline.com\r\n", ours)
    assert len(golden) > 400
    assert server.requests == [expected]
    assert response.wire is not None
    assert response.wire.sent == expected
    assert b"code" not in request.url.encode()


@pytest.mark.against
def test_what_another_server_logs_is_what_the_recording_holds(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/t/oauth2/v2.0/token").respond_with_json({"token_type": "Bearer"})
    recorder = Recorder()
    with a_back() as back:
        channels = recorder.wrap(Channels(front=NoFront(), back=back))
        request = token_post(httpserver.url_for("").rstrip("/"))
        request = HttpRequest(
            method="POST",
            url=httpserver.url_for("/t/oauth2/v2.0/token"),
            headers=request.headers,
            body=request.body,
        )
        channels.back.send(request, timeout_s=5)
    (logged, _), *none = httpserver.log
    (exchange,) = recorder.recording.exchanges
    assert not none
    assert (logged.method, logged.path) == (exchange.request.method, exchange.request.path)
    assert logged.query_string == b""
    assert logged.get_data() == exchange.request.body
    theirs = {name.lower(): value for name, value in logged.headers}
    added = {"host", "content-length"}
    assert {n: v for n, v in theirs.items() if n not in added} == {
        name.lower(): value for name, value in exchange.request.headers
    }
    assert exchange.response is not None
    assert exchange.response.wire is not None
    head, _, body = exchange.response.wire.sent.partition(b"\r\n\r\n")
    lines = head.decode("ascii").split("\r\n")
    assert lines[0] == f"{logged.method} {logged.path} HTTP/1.1"
    assert {n.lower(): v for n, _, v in (line.partition(": ") for line in lines[1:])} == theirs
    assert body == logged.get_data()


# Redirects are never followed, not even on the same host.
@pytest.mark.parametrize("status", [301, 302, 303, 305, 307, 308])
def test_a_redirect_is_an_answer_like_any_other(status: int) -> None:
    with RawServer() as elsewhere, a_back() as back:
        moved = answer(status=f"{status} Moved", more=f"Location: {elsewhere.url}/token\r\n")
        with RawServer(answering(moved)) as server:
            response = back.send(token_post(server.url), timeout_s=5)
    assert (response.status, response.reason) == (status, "Moved")
    assert response.header("location") == f"{elsewhere.url}/token"
    assert (len(server.requests), server.accepted, elsewhere.accepted) == (1, 1, 0)


# No ambient credentials.
def test_a_netrc_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = "machine localhost login somebody password CanaryNetrc\n"
    for path in (tmp_path / ".netrc", tmp_path / "_netrc", tmp_path / "named"):
        path.write_text(entry)
        path.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "named"))
    with RawServer() as server, a_back() as back:
        back.send(token_post(server.url), timeout_s=5)
        assert get_netrc_auth(server.url) == ("somebody", "CanaryNetrc")
    (sent,) = server.requests
    assert b"\r\nauthorization" not in sent.lower()


def test_a_user_in_the_url_does_not_become_a_header() -> None:
    with RawServer() as server, a_back() as back:
        back.send(token_post(f"http://someone:CanaryUrl@localhost:{server.port}"), timeout_s=5)
    (sent,) = server.requests
    assert b"\r\nauthorization" not in sent.lower()
    assert b"CanaryUrl" not in sent


def test_a_cookie_is_not_kept_for_the_next_request() -> None:
    crumbs = answer(more="Set-Cookie: fpc=crumb; path=/\r\nSet-Cookie: x=y; domain=localhost\r\n")
    with RawServer(answering(crumbs)) as server, a_back() as back:
        back.send(token_post(server.url), timeout_s=5)
        back.send(token_post(server.url), timeout_s=5)
    assert server.requests[0] == server.requests[1]
    assert b"cookie" not in server.requests[1].lower()


# Nothing is added but what HTTP/1.1 demands.
def test_no_default_header_is_added() -> None:
    with RawServer() as server, a_back() as back:
        back.send(HttpRequest(method="GET", url=f"{server.url}/keys"), timeout_s=5)
        back.send(HttpRequest(method="POST", url=f"{server.url}/token"), timeout_s=5)
    host = f"Host: localhost:{server.port}\r\n"
    assert server.requests == [
        f"GET /keys HTTP/1.1\r\n{host}\r\n".encode(),
        f"POST /token HTTP/1.1\r\n{host}Content-Length: 0\r\n\r\n".encode(),
    ]


def test_headers_that_are_given_stand_in_the_order_given() -> None:
    headers = (
        ("Accept-Encoding", "gzip"),
        ("x-lower", "1"),
        ("Host", "other"),
        ("User-Agent", "u"),
    )
    with RawServer() as server, a_back() as back:
        back.send(HttpRequest(method="GET", url=server.url, headers=headers), timeout_s=5)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    assert server.requests == [f"GET / HTTP/1.1\r\n{lines}\r\n".encode()]


def test_the_url_is_not_tidied_up() -> None:
    target = "/a%7Eb/./c/../d?x=%7e+y&z=%2F"
    with RawServer() as server, a_back() as back:
        back.send(HttpRequest(method="GET", url=server.url + target), timeout_s=5)
    assert server.requests[0].startswith(b"GET /a%7Eb/./c/../d?x=%7E+y&z=%2F HTTP/1.1\r\n")


def test_a_header_that_stands_twice_is_refused_not_dropped() -> None:
    twice = (("X-One", "1"), ("x-one", "2"))
    with RawServer() as server, a_back() as back, pytest.raises(UsageError):
        back.send(HttpRequest(method="GET", url=server.url, headers=twice), timeout_s=5)
    assert server.requests == []


def test_an_answer_keeps_its_headers_as_they_came() -> None:
    more = "Set-Cookie: a=1\r\nx-Odd: \xe9\r\nset-cookie: b=2\r\nEmpty:\r\n"
    with RawServer(answering(answer(status="201 Made Of", more=more))) as server, a_back() as back:
        response = back.send(token_post(server.url), timeout_s=5)
    assert (response.status, response.reason, response.body) == (201, "Made Of", b"{}")
    assert response.headers == (
        ("Content-Type", "application/json"),
        ("Set-Cookie", "a=1"),
        ("x-Odd", "\xe9"),
        ("set-cookie", "b=2"),
        ("Empty", ""),
        ("Content-Length", "2"),
    )


def test_the_wire_says_who_was_spoken_to() -> None:
    with RawServer() as server, a_back() as back:
        response = back.send(token_post(f"http://127.0.0.1:{server.port}"), timeout_s=5)
    assert response.wire is not None
    assert response.wire.peer == f"127.0.0.1:{server.port}"
    assert (response.wire.tls_version, response.wire.cipher, response.wire.proxy) == (None,) * 3


def test_a_connection_is_kept_for_the_next_request() -> None:
    with RawServer() as server, a_back() as back:
        for _ in range(3):
            back.send(token_post(server.url), timeout_s=5)
    assert (server.accepted, len(server.requests)) == (1, 3)


def test_after_close_the_channel_can_be_used_again() -> None:
    with RawServer() as server, a_back() as back:
        back.send(token_post(server.url), timeout_s=5)
        back.close()
        back.close()
        assert eventually(lambda: not workers())
        assert back.send(token_post(server.url), timeout_s=5).status == 200
    assert server.accepted == 2


def test_a_channel_that_was_never_used_starts_no_thread() -> None:
    with a_back():
        assert not workers()


def test_two_threads_each_get_the_answer_to_their_own_request() -> None:
    def echo(peer: Peer) -> None:
        while request := peer.request():
            peer.send(answer(request.partition(b"\r\n\r\n")[2]))

    got: dict[str, list[bytes]] = {"left": [], "right": []}

    def talk(name: str) -> None:
        for number in range(20):
            request = token_post(server.url, body=f"{name}={number}")
            got[name].append(back.send(request, timeout_s=20).body)

    with RawServer(echo) as server, a_back() as back:
        threads = [threading.Thread(target=talk, args=(name,)) for name in got]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert got == {name: [f"{name}={n}".encode() for n in range(20)] for name in got}


def test_what_the_wire_says_is_of_this_request_alone() -> None:
    with RawServer() as server, RawServer(saying(answer())) as other, a_back() as back:
        back.send(token_post(server.url, body="a=first"), timeout_s=5)
        response = back.send(token_post(f"http://127.0.0.1:{other.port}", body="b=2"), timeout_s=5)
    assert response.wire is not None
    assert [response.wire.sent] == other.requests
    assert response.wire.peer == f"127.0.0.1:{other.port}"


def test_a_thread_that_comes_too_late_finds_nobody_to_send_its_request() -> None:
    with RawServer(answering()) as server:
        with a_back() as back:
            back.send(token_post(server.url), timeout_s=10)
        back.close()
        with canaries.refused(ExchangeBroken) as caught:
            back.send(token_post(server.url), timeout_s=10)
        back.warm(server.url)
    assert caught.value.advice == "Nothing was sent."
    assert len(server.requests) == 1
    assert not workers()


class _LateWorker:
    """In place of the worker's class: it is made once `go` is set, and works once `left` is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go, self.left = (threading.Event() for _ in range(3))
        self._make, self._monkeypatch = back_module._Worker, monkeypatch
        monkeypatch.setattr(back_module, "_Worker", self)

    def __call__(self, *args: Any) -> back_module._Worker:
        self.begun.set()
        assert self.go.wait(20)
        worker = self._make(*args)
        at_once = worker.submit

        def submit(job: Job) -> None:
            assert self.left.wait(20)
            at_once(job)

        self._monkeypatch.setattr(worker, "submit", submit)
        return worker


@pytest.mark.parametrize("end", ["close", "__exit__"])
def test_a_worker_that_is_being_made_while_the_channel_is_closed_sends_nothing(
    end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = _LateWorker(monkeypatch)
    back = RequestsBack()
    advice: list[str] = []

    def send() -> None:
        with canaries.refused(ExchangeBroken) as caught:
            back.send(token_post(server.url), timeout_s=20)
        advice.append(caught.value.advice)

    def leave() -> None:
        back.close() if end == "close" else back.__exit__(None, None, None)
        late.left.set()

    with RawServer() as server:
        sending, leaving = (threading.Thread(target=each) for each in (send, leave))
        sending.start()
        assert late.begun.wait(20)
        leaving.start()
        leaving.join(0.3)  # who does not wait for the worker has left by now
        late.go.set()
        for thread in (leaving, sending):
            thread.join(20)
    assert (advice, server.requests) == (["Nothing was sent."], [])
    assert eventually(lambda: not workers())


def test_closing_ends_the_jobs_that_wait_for_the_one_under_way() -> None:
    arrived = threading.Event()
    errors: list[str] = []

    def listen(peer: Peer) -> None:
        peer.request()
        arrived.set()
        peer.request()

    def send() -> None:
        with canaries.refused(ExchangeBroken) as caught:
            back.send(token_post(server.url), timeout_s=20)
        errors.append(caught.value.advice)

    with RawServer(listen) as server, RequestsBack() as back:
        threads = [threading.Thread(target=send) for _ in range(2)]
        threads[0].start()
        assert arrived.wait(20)
        threads[1].start()
        back.__exit__(None, None, None)
        for thread in threads:
            thread.join(20)
    told = ["Nothing was sent.", "Run this again."]
    assert (sorted(errors), len(server.requests)) == (told, 1)


def test_a_connection_whose_answer_made_no_sense_is_not_used_again() -> None:
    no_gzip = answer(b"no gzip", more="Content-Encoding: gzip\r\n")
    with RawServer(answering(no_gzip), answering()) as server, a_back() as back:
        with canaries.refused(UnexpectedAnswer):
            back.send(token_post(server.url), timeout_s=10)
        assert back.send(token_post(server.url), timeout_s=10).status == 200
    assert (server.accepted, len(server.requests)) == (2, 2)
