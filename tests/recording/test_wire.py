"""A recording before its redaction is what an independent tap on the socket saw."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
import zlib
from dataclasses import replace

import pytest

from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.channels.listener.listener import Listener
from entra_oauth.errors import EntraOAuthError
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from entra_oauth.recording import Recorder
from entra_oauth.recording.step import Seen, Step, steps_of
from kit.back_channels import a_back, token_post
from kit.canaries import ACCESS_TOKEN, CODE
from kit.played_channels import FakeBack, FakeFront, channels
from kit.servers import tunnel
from kit.servers.certificates import CertificateAuthority
from kit.servers.raw_server import Peer, RawServer, Script, answer, each
from kit.servers.relay import Relay

BODY = json.dumps({"token_type": "Bearer", "access_token": ACCESS_TOKEN}).encode()
HEAD = b"HTTP/1.1 200 OK\r\ncontent-TYPE:application/json\r\nX-Twice: 1\r\nx-twice:  2 \r\n"


def _chunked(data: bytes, size: int) -> bytes:
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    return b"".join(b"%X;ext=1\r\n%b\r\n" % (len(p), p) for p in pieces) + b"0\r\nX-T: t\r\n\r\n"


PACKED = gzip.compress(BODY)
ANSWERS = {
    "plain": HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY,
    "chunked": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + _chunked(BODY, 7),
    "gzip": HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED) + PACKED,
    "deflate, chunked": HEAD
    + b"Content-Encoding: deflate\r\nTransfer-Encoding: chunked\r\n\r\n"
    + _chunked(zlib.compress(BODY), 10),
    "until the end": HEAD + b"Connection: close\r\n\r\n" + BODY,
    "after an interim answer": b"HTTP/1.1 100 Continue\r\n\r\n"
    + HEAD
    + b"Content-Length: %d\r\n\r\n" % len(BODY)
    + BODY,
    "an error": answer(b'{"error": "invalid_grant"}', status="400 Bad Request"),
    "a redirect": answer(b"", status="302 Found", more="Location: https://elsewhere.example/\r\n"),
}


def recorded(back: RequestsBack) -> tuple[Recorder, RequestsBack]:
    recorder = Recorder()
    front = FakeFront(lambda url: [], [])
    wrapped = recorder.wrap(replace(channels(front, FakeBack(_never), at=0.0), back=back))
    return recorder, wrapped.back  # type: ignore[return-value]


def _never(request: HttpRequest) -> HttpResponse:
    raise AssertionError("the real channel is asked")


def steps(recorder: Recorder) -> tuple[Step, ...]:
    return steps_of(recorder.recording)


@pytest.mark.parametrize("name", ANSWERS)
def test_every_byte_of_both_directions_is_kept(name: str) -> None:
    with RawServer(each(ANSWERS[name])) as server, Relay(server.port) as relay, a_back() as plain:
        recorder, back = recorded(plain)
        response = back.send(token_post(f"http://localhost:{relay.port}"), timeout_s=10)
    (step,) = steps(recorder)
    assert (step.request.data, step.response.data) == (bytes(relay.there), bytes(relay.back))
    assert (step.request.seen, step.response.seen) == (Seen.WIRE, Seen.WIRE)
    assert step.http_response is not None
    assert step.http_response.body == response.body
    if name in ("plain", "chunked", "gzip", "deflate, chunked", "until the end"):
        assert response.body == BODY


def test_exchanges_on_a_kept_connection_are_told_apart() -> None:
    script = each(ANSWERS["chunked"], ANSWERS["plain"], ANSWERS["gzip"])
    with RawServer(script) as server, Relay(server.port) as relay, a_back() as plain:
        recorder, back = recorded(plain)
        for number in range(3):
            back.send(
                token_post(f"http://localhost:{relay.port}", body=f"n={number}"), timeout_s=10
            )
        assert relay.connections == 1
    found = steps(recorder)
    assert b"".join(step.request.data for step in found) == bytes(relay.there)
    assert [step.response.data for step in found] == [
        ANSWERS["chunked"],
        ANSWERS["plain"],
        ANSWERS["gzip"],
    ]
    assert [step.link.reused for step in found] == [False, True, True]
    assert [step.attempt for step in found] == [1, 2, 3]


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


def test_inside_tls_it_is_what_the_server_read_and_wrote(ca: CertificateAuthority) -> None:
    with (
        RawServer(each(ANSWERS["chunked"]), tls=ca.server()) as server,
        a_back(ca_bundle=str(ca.bundle)) as plain,
    ):
        recorder, back = recorded(plain)
        back.send(token_post(server.url), timeout_s=10)
        leaf = _leaf(server.port, ca)
    (step,) = steps(recorder)
    assert [step.request.data] == server.requests[:1]
    assert step.response.data == ANSWERS["chunked"]
    link = step.link
    assert link.tls_version == "TLSv1.3"
    assert link.alpn in (None, "http/1.1")
    assert link.cipher is not None
    assert link.certificates[0] == leaf
    assert link.peer is not None
    assert link.peer.endswith(f":{server.port}")
    times = link.times
    for part in (times.dns, times.connect, times.tls, times.send, times.wait, times.receive):
        assert part is not None
        assert 0 <= part < 20
    assert times.tunnel is None


def _leaf(port: int, ca: CertificateAuthority) -> bytes:
    context = ssl.create_default_context(cafile=str(ca.bundle))
    with (
        socket.create_connection(("127.0.0.1", port)) as sock,
        context.wrap_socket(sock, server_hostname="localhost") as tls,
    ):
        return tls.getpeercert(binary_form=True) or b""


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("NO_PROXY", "no_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


ESTABLISHED = b"HTTP/1.1 200 Connection established\r\nVia: a-test\r\n\r\n"


def _proxy_to(port: int) -> Script:
    def play(peer: Peer) -> None:
        peer.request()
        with socket.create_connection(("127.0.0.1", port)) as onward:
            peer.send(ESTABLISHED)
            tunnel.join(peer.sock, onward)

    return play


def test_through_a_proxy_the_tunnel_is_kept_apart(
    ca: CertificateAuthority, proxied: pytest.MonkeyPatch
) -> None:
    with (
        RawServer(each(ANSWERS["gzip"]), tls=ca.server("login.test.example")) as server,
        RawServer(_proxy_to(server.port)) as proxy,
        Relay(proxy.port) as relay,
        a_back(ca_bundle=str(ca.bundle)) as plain,
    ):
        proxied.setenv("HTTPS_PROXY", f"http://user:CanaryProxy@127.0.0.1:{relay.port}")
        recorder, back = recorded(plain)
        back.send(token_post("https://login.test.example"), timeout_s=10)
    (step,) = steps(recorder)
    assert [step.request.data] == server.requests
    assert step.response.data == ANSWERS["gzip"]
    assert bytes(relay.there).startswith(step.link.tunnel_sent)
    assert step.link.tunnel_sent.startswith(b"CONNECT login.test.example:443 ")
    assert step.link.tunnel_sent.endswith(b"\r\n\r\n")
    assert step.link.tunnel_received == ESTABLISHED
    assert step.link.times.tunnel is not None
    assert step.link.proxy == f"http://127.0.0.1:{relay.port}"


def test_a_proxy_in_the_clear_sees_what_is_recorded(proxied: pytest.MonkeyPatch) -> None:
    with RawServer(each(ANSWERS["plain"])) as proxy, Relay(proxy.port) as relay, a_back() as plain:
        proxied.setenv("HTTP_PROXY", f"http://127.0.0.1:{relay.port}")
        recorder, back = recorded(plain)
        back.send(token_post("http://login.test.example"), timeout_s=10)
    (step,) = steps(recorder)
    assert step.request.data.startswith(b"POST http://login.test.example/")
    assert (step.request.data, step.response.data) == (bytes(relay.there), bytes(relay.back))


BROKEN = {
    "nothing": b"",
    "half a line": b"HTTP/1.",
    "half a body": HEAD + b"Content-Length: 500\r\n\r\n" + BODY,
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "broken gzip": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
    "too large": HEAD + b"Content-Length: 2000000\r\n\r\n" + b"x" * 2_000_000,
}


@pytest.mark.parametrize("name", BROKEN)
def test_of_a_request_that_failed_it_is_known_what_passed(name: str) -> None:
    with RawServer(each(BROKEN[name])) as server, a_back() as plain:
        recorder, back = recorded(plain)
        with pytest.raises(EntraOAuthError) as caught:
            back.send(token_post(server.url), timeout_s=10)
    (step,) = steps(recorder)
    assert step.failure == type(caught.value).__name__
    assert [step.request.data] == server.requests
    assert BROKEN[name].startswith(step.response.data)
    assert bool(step.response.data) == bool(BROKEN[name])


def test_of_a_silent_authority_the_request_is_kept() -> None:
    with RawServer(_hears) as server, a_back() as plain:
        recorder, back = recorded(plain)
        with pytest.raises(EntraOAuthError):
            back.send(token_post(server.url), timeout_s=0.5)
    (step,) = steps(recorder)
    assert [step.request.data] == server.requests
    assert step.response.seen is Seen.NOTHING


def _hears(peer: Peer) -> None:
    peer.request()
    peer.until_gone()


def test_where_nobody_listens_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with a_back() as plain:
        recorder, back = recorded(plain)
        with pytest.raises(EntraOAuthError):
            back.send(token_post(f"http://localhost:{port}"), timeout_s=5)
    (step,) = steps(recorder)
    assert (step.request.seen, step.response.seen) == (Seen.NOTHING, Seen.NOTHING)
    assert step.failure == "ConnectFailed"


def test_the_redirect_and_the_page_are_kept_as_they_passed_the_socket() -> None:
    recorder = Recorder()
    listener = Listener(launch=lambda url: True, say=lambda line: None, response_mode="query")
    front = recorder.wrap(
        replace(channels(FakeFront(lambda url: [], []), FakeBack(_never), at=0.0), front=listener)
    ).front
    heard: list[bytes] = []
    with front.open() as receiver:
        port = int(receiver.redirect_uri.rpartition(":")[2])

        def visit() -> None:
            with Relay(port) as relay, socket.create_connection(("127.0.0.1", relay.port)) as sock:
                request = (
                    f"GET /?code={CODE} HTTP/1.1\r\nhost:localhost:{port}\r\nX-Odd:  y \r\n\r\n"
                )
                sock.sendall(request.encode())
                while sock.recv(65536):
                    pass
            heard.extend((bytes(relay.there), bytes(relay.back)))

        visitor = threading.Thread(target=visit)
        visitor.start()
        receiver.receive("https://login.example/authorize?state=x", lambda request: 1, timeout_s=10)
        visitor.join(10)
    authorize, redirect = steps(recorder)
    assert authorize.request.data == b"https://login.example/authorize?state=x"
    assert [redirect.request.data, redirect.response.data] == heard
    assert (redirect.request.seen, redirect.response.seen) == (Seen.WIRE, Seen.WIRE)


def test_recording_adds_no_request_and_changes_no_byte() -> None:
    sent: list[list[bytes]] = []
    for with_recorder in (False, True):
        with RawServer(each(ANSWERS["plain"])) as server, a_back() as plain:
            back = recorded(plain)[1] if with_recorder else plain
            back.warm(server.url)
            back.send(token_post(server.url), timeout_s=10)
            assert server.accepted == 1
        sent.append([_without_port(request, server.port) for request in server.requests])
    assert sent[0] == sent[1]
    assert len(sent[0]) == 1


def _without_port(request: bytes, port: int) -> bytes:
    return request.replace(str(port).encode(), b"PORT")
