"""Answers of every kind: their reading, their size, and a code that is sent once only."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Iterator
from itertools import pairwise

import pytest

from entra_oauth.channels.https.back_channel import MAX_BODY_BYTES, RequestsBack
from entra_oauth.channels.https.early_connection import MAX_IDLE_S
from entra_oauth.channels.https.failures import translate
from entra_oauth.channels.https.job import MAX_RAW_BYTES, Job
from entra_oauth.errors import (
    ConnectFailed,
    DeadlineExceeded,
    EntraOAuthError,
    ExchangeBroken,
    TransportError,
    UnexpectedAnswer,
)
from entra_oauth.protocol.messages import HttpRequest
from kit.back_channels import a_back, eventually, token_post
from kit.canaries import refused
from kit.servers.certificates import CertificateAuthority
from kit.servers.raw_server import Peer, RawServer, Script, answer, answering, each, saying

BODY = b'{"token_type": "Bearer"}'
_JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture
def back() -> Iterator[RequestsBack]:
    with a_back() as one:
        yield one


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n", more: bytes = b"") -> bytes:
    parts = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return _JSON + more + b"Transfer-Encoding: chunked\r\n\r\n" + parts + end


def encoded(body: bytes, coding: str) -> bytes:
    return answer(body, more=f"Content-Encoding: {coding}\r\n")


def _raw_deflate(data: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeeze.compress(data) + squeeze.flush()


READABLE = {
    "with a length": answer(BODY),
    "to the end of the connection": _JSON + b"\r\n" + BODY,
    "chunked": chunked(BODY[:5], BODY[5:]),
    "chunked, with extensions and trailers": _JSON
    + b"Transfer-Encoding: chunked\r\n\r\n18;a=b\r\n"
    + BODY
    + b"\r\n0\r\nExpires: never\r\n\r\n",
    "gzip": encoded(gzip.compress(BODY), "gzip"),
    "gzip in two members": encoded(gzip.compress(BODY[:5]) + gzip.compress(BODY[5:]), "x-gzip"),
    "deflate": encoded(zlib.compress(BODY), "deflate"),
    "deflate without its header": encoded(_raw_deflate(BODY), "deflate"),
    "gzip of gzip": encoded(gzip.compress(gzip.compress(BODY)), "gzip, gzip"),
    "gzip in chunks": chunked(gzip.compress(BODY), more=b"Content-Encoding: gzip\r\n"),
    "more than the length says": answer(BODY) + b"and then some",
    "after 100 Continue": b"HTTP/1.1 100 Continue\r\n\r\n" + answer(BODY),
    "after three of them": b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" * 3 + answer(BODY),
    "HTTP/1.0": answer(BODY).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "without a reason": answer(BODY).replace(b"200 OK", b"200", 1),
    "lines that end in LF only": answer(BODY).replace(b"\r\n", b"\n"),
    "a length that is no number": _JSON + b"Content-Length: many\r\n\r\n" + BODY,
    "the same length twice": answer(BODY, more=f"Content-Length: {len(BODY)}\r\n"),
}


@pytest.mark.parametrize("message", READABLE.values(), ids=READABLE.keys())
def test_a_body_is_decoded_however_it_came(message: bytes, back: RequestsBack) -> None:
    with RawServer(saying(message)) as server:
        response = back.send(token_post(server.url), timeout_s=5)
    assert (response.status, response.body) == (200, BODY)
    assert len(server.requests) == 1


NO_BODY = {
    "204 with a body": answer(BODY, status="204 No Content"),
    "304 with a body": answer(BODY, status="304 Not Modified"),
    "an empty body": answer(b""),
    "a closed connection instead of a body": b"HTTP/1.1 500 Oh\r\n\r\n",
    "103 Early Hints": b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + answer(BODY),
}


@pytest.mark.parametrize("message", NO_BODY.values(), ids=NO_BODY.keys())
def test_some_answers_have_no_body_whatever_follows(message: bytes, back: RequestsBack) -> None:
    """… and what follows is not taken for the answer to the next request."""
    with RawServer(saying(message), answering(answer(b"next"))) as server:
        assert back.send(token_post(server.url), timeout_s=5).body == b""
        assert eventually(lambda: not server.serving)  # else the next may be sent into its end
        assert back.send(token_post(server.url), timeout_s=5).body == b"next"
    assert len(server.requests) == 2


def test_an_answer_to_head_has_no_body_though_it_has_a_length(back: RequestsBack) -> None:
    with RawServer(each(answer(BODY).removesuffix(BODY), answer(b"next"))) as server:
        request = HttpRequest(method="HEAD", url=server.url)
        response = back.send(request, timeout_s=5)
        assert (response.body, response.header("Content-Length")) == (b"", str(len(BODY)))
        assert back.send(token_post(server.url), timeout_s=5).body == b"next"
    assert server.accepted == 1


def test_the_limits_are_those_that_are_documented() -> None:
    # SECURITY.md: an answer has 1 MiB at most. Azure's load balancers drop a silent
    # connection after four minutes; ours is not used after two.
    assert (MAX_BODY_BYTES, MAX_RAW_BYTES, MAX_IDLE_S) == (1_048_576, 4_194_304, 120)


def test_a_body_of_exactly_the_cap_is_read(back: RequestsBack) -> None:
    with RawServer(answering(answer(b" " * MAX_BODY_BYTES))) as server:
        assert len(back.send(token_post(server.url), timeout_s=20).body) == MAX_BODY_BYTES


def test_more_is_read_where_more_is_allowed() -> None:
    body = b" " * (MAX_BODY_BYTES + 1)
    with (
        RawServer(each(answer(body), answer(body + b"!"))) as server,
        RequestsBack(max_body_bytes=len(body)) as back,
    ):
        assert back.send(token_post(server.url), timeout_s=20).body == body
        with refused(UnexpectedAnswer) as caught:
            back.send(token_post(server.url), timeout_s=20)
    assert f"more than {len(body):,} bytes" in caught.value.what


def _bomb(size_mb: int) -> bytes:
    """A gzip member that unpacks to so many megabytes of zeros."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    start = squeeze.compress(b"") + squeeze.flush(zlib.Z_FULL_FLUSH)
    one = squeeze.compress(bytes(1024 * 1024)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    return start + one * size_mb


TOO_MUCH = {
    "one byte more": answer(b" " * (MAX_BODY_BYTES + 1)),
    "5 MB": answer(b" " * 5_000_000),
    "5 MB in chunks": chunked(*[b" " * 50_000] * 100),
    "5 MB to the end of the connection": _JSON + b"\r\n" + b" " * 5_000_000,
    "1 GB in gzip": encoded(_bomb(1024), "gzip"),
    "1 GB in gzip and chunks": chunked(_bomb(1024), more=b"Content-Encoding: gzip\r\n"),
    "1 GB in deflate": encoded(zlib.compress(b"")[:2] + _bomb(1024)[10:], "deflate"),
    "1 GB in gzip in gzip": encoded(gzip.compress(_bomb(1024)), "gzip, gzip"),
}


# At most 1 MiB, after decompression; CVE-2025-66418, CVE-2025-66471, CVE-2026-21441.
@pytest.mark.parametrize("message", TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_a_body_that_is_too_long_is_not_read_to_its_end(message: bytes, back: RequestsBack) -> None:
    with RawServer(saying(message)) as server:
        warm_up = RawServer()  # so that the imports do not count
        with warm_up:
            back.send(token_post(warm_up.url), timeout_s=5)
        tracemalloc.start()
        try:
            with refused(UnexpectedAnswer) as caught:
                back.send(token_post(server.url), timeout_s=20)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert "more than 1,048,576 bytes" in caught.value.what
    assert peak < 12_000_000
    assert len(server.requests) == 1


def flood(start: bytes, part: bytes) -> Script:
    """As much as the connection takes, until the client has had enough."""

    def play(peer: Peer) -> None:
        peer.request()
        peer.send(start)
        while True:
            peer.send(part * 1000)

    return play


_GZIP = _JSON + b"Content-Encoding: gzip\r\n\r\n"
FLOODS = {
    "gzip that yields nothing": flood(_GZIP + gzip.compress(b"")[:10], b"\0\0\0\xff\xff" * 100),
    "100 Continue": flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "trailers": flood(chunked(BODY, end=b"0\r\n"), b"X: y\r\n" * 50),
    "chunks of one byte": flood(chunked(end=b""), b"1\r\n \r\n" * 50),
}


# Of a kind that a cap on the body alone does not see
@pytest.mark.parametrize("script", FLOODS.values(), ids=FLOODS.keys())
def test_what_adds_up_to_nothing_does_not_fill_the_memory(
    script: Script, back: RequestsBack
) -> None:
    with RawServer(answering(), script) as server:
        back.send(token_post(server.url), timeout_s=5)  # so that the imports do not count
        back.close()
        tracemalloc.start()
        try:
            with pytest.raises((UnexpectedAnswer, DeadlineExceeded)):
                back.send(token_post(server.url), timeout_s=3)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 20_000_000
    assert len(server.requests) == 2


def rude(message: bytes) -> Script:
    def play(peer: Peer) -> None:
        peer.request()
        peer.send(message)
        peer.reset()

    return play


COMPRESSED = [saying(encoded(BODY, name)) for name in ("gzip", ", ".join(["gzip"] * 50))]

BROKEN: dict[str, tuple[Script, type[TransportError]]] = {
    "the end instead of an answer": (saying(b""), ExchangeBroken),
    "a reset instead of an answer": (rude(b""), ExchangeBroken),
    "half a status line": (saying(b"HTTP/1.1 20"), UnexpectedAnswer),
    "a reset in the body": (rude(_JSON + b"Content-Length: 99\r\n\r\n{"), ExchangeBroken),
    "less than the length says": (
        saying(_JSON + b"Content-Length: 99\r\n\r\n" + BODY),
        ExchangeBroken,
    ),
    "no last chunk": (saying(chunked(BODY, end=b"")), ExchangeBroken),
    "half a chunk": (saying(chunked(BODY)[:-15]), ExchangeBroken),
    "a chunk length that is none": (saying(chunked(end=b"zz\r\n")), ExchangeBroken),
    "a chunk length without an end": (saying(chunked(end=b"1" * 70_000)), UnexpectedAnswer),
    "HTTP/0.9": (saying(b"<html>hello</html>\n"), UnexpectedAnswer),
    "another protocol": (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), UnexpectedAnswer),
    "TLS to a plain request": (saying(b"\x15\x03\x03\x00\x02\x02\x46"), UnexpectedAnswer),
    "another version of HTTP": (saying(b"HTTP/9.7 200 OK\r\n\r\n"), UnexpectedAnswer),
    "a status that is no number": (saying(b"HTTP/1.1 OK\r\n\r\n"), UnexpectedAnswer),
    "a status that is too small": (saying(b"HTTP/1.1 99 Low\r\n\r\n"), UnexpectedAnswer),
    "a status line without an end": (saying(b"HTTP/1.1 200 " + b"O" * 70_000), UnexpectedAnswer),
    "a header without an end": (saying(_JSON + b"X: " + b"y" * 70_000), UnexpectedAnswer),
    "101 headers": (saying(_JSON + b"X: y\r\n" * 101 + b"\r\n" + BODY), UnexpectedAnswer),
    "two lengths": (saying(answer(BODY, more="Content-Length: 5\r\n")), UnexpectedAnswer),
    "gzip that is none": (COMPRESSED[0], UnexpectedAnswer),
    "a long chain of codings": (COMPRESSED[1], UnexpectedAnswer),
}


# Never a second redemption. The server would answer a second request properly.
@pytest.mark.parametrize(("script", "kind"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_answer_is_an_error_and_the_code_is_not_sent_again(
    script: Script, kind: type[EntraOAuthError], back: RequestsBack
) -> None:
    with RawServer(script, answering()) as server:
        with refused(kind) as caught:
            back.send(token_post(server.url), timeout_s=5)
        assert (len(server.requests), server.accepted) == (1, 1)
        assert vars(caught.value)["was_sent"]
        assert ("compressed body" in caught.value.what) == (script in COMPRESSED)
        assert back.send(token_post(server.url), timeout_s=5).status == 200


@pytest.mark.parametrize("status", [407, 429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_not_asked_again(status: int, back: RequestsBack) -> None:
    busy = answer(status=f"{status} Busy", more="Retry-After: 0\r\n")
    with RawServer(answering(busy)) as server:
        response = back.send(token_post(server.url), timeout_s=5)
    assert (response.status, response.header("retry-after")) == (status, "0")
    assert (len(server.requests), server.accepted) == (1, 1)


def test_a_server_that_hangs_up_before_reading_gets_no_second_chance(back: RequestsBack) -> None:
    def hang_up(peer: Peer) -> None:
        peer.reset()

    with RawServer(hang_up, answering()) as server:
        # Which of the two depends on how far the request got in the meantime.
        with pytest.raises((ExchangeBroken, ConnectFailed)):
            back.send(token_post(server.url), timeout_s=5)
        assert (server.requests, server.accepted) == ([], 1)


def test_nobody_at_the_port_is_told_apart_from_a_lost_request(back: RequestsBack) -> None:
    with RawServer() as server:
        url = server.url
    with refused(ConnectFailed) as caught:
        back.send(token_post(url), timeout_s=5)
    assert caught.value.what.startswith(f"No connection to {url[7:]}: ")
    assert caught.value.advice.endswith("Nothing was sent.")


def test_a_name_that_does_not_exist_is_a_failed_connection(back: RequestsBack) -> None:
    with refused(ConnectFailed) as caught:
        back.send(token_post("http://login.invalid"), timeout_s=5)
    assert "login.invalid" in caught.value.what
    assert "Name or service not known" in caught.value.what


def test_a_broken_record_in_the_answer_is_no_failed_handshake(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The request was sent, and so the code is spent: `TlsFailed` would say otherwise."""
    ca = CertificateAuthority(tmp_path_factory.mktemp("ca"))

    def garble(peer: Peer) -> None:
        peer.request()
        peer.below.sendall(b"not a TLS record, but something else")

    with (
        RawServer(garble, tls=ca.server()) as server,
        a_back(ca_bundle=str(ca.bundle)) as back,
        refused(ExchangeBroken) as caught,
    ):
        back.send(token_post(server.url), timeout_s=5)
    assert vars(caught.value)["was_sent"]
    assert len(server.requests) == 1


def _nested(*errors: Exception) -> Exception:
    """The first error, with the next one as its cause, and so on."""
    for outer, inner in pairwise(errors):
        outer.__cause__ = inner
    return errors[0]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (_nested(OSError(5, "outer"), OSError(111, "Connection refused")), "Connection refused"),
        (_nested(RuntimeError("CanaryText"), OSError(113, "No route to host")), "No route to host"),
        (_nested(OSError(113, "No route to host"), ValueError("CanaryText")), "No route to host"),
        (_nested(RuntimeError("CanaryText"), ValueError("CanaryText")), "ValueError"),
    ],
)
def test_a_message_has_the_words_of_the_system_that_lie_innermost(
    error: Exception, words: str
) -> None:
    job = Job(None, "https://login.example/t", 5.0)
    told = translate(error, job, sent=False)
    assert told.what == f"No connection to login.example: {words}."
    assert "Canary" not in str(told)
