"""What the curl of this machine writes with -v, --trace and --trace-ascii, and what it becomes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from entra_oauth.errors import UsageError
from entra_oauth.practice import PracticeTenant, serve
from entra_oauth.recording.importing.curl_talk import seconds_between
from entra_oauth.recording.importing.entries import Entry
from entra_oauth.recording.save import finished_files
from entra_oauth.recording.step import Seen
from kit import needs
from kit.canaries import CODE, REFRESH_TOKEN, refused
from kit.foreign.files import ANSWER, CHUNKED, brought, hexed, imported
from kit.servers.certificates import CertificateAuthority
from kit.servers.raw_server import RawServer, answering, each
from kit.servers.raw_server import answer as proper
from kit.sweep import assert_swept

PATH = "/t/oauth2/v2.0/token"
FORM = f"grant_type=authorization_code&code={CODE}&client_id=a"
SECRETS = [CODE, REFRESH_TOKEN]


def curl(*words: str, folder: Path) -> bytes:
    """Run it, and give what it wrote to `out` if anything, else what came to its two streams."""
    assert needs.CURL
    done = subprocess.run(
        [needs.CURL, "-q", *words],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "NO_PROXY": "*"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        timeout=30,
        check=False,
    )
    out = folder / "out"
    return out.read_bytes() if out.exists() else done.stdout


@contextmanager
def h2_server(folder: Path) -> Iterator[str]:
    """A server of HTTP/2 without TLS, by Node; it answers each request alike."""
    assert needs.NODE
    script = folder / "server.mjs"
    headers = '{"content-type": "application/json", "set-cookie": ["a=1", "b=2"]}'
    script.write_text(
        'import { createServer } from "node:http2";\n'
        "const server = createServer((asked, answer) => { asked.resume(); asked.on('end', () => {\n"
        f"  answer.writeHead(200, {headers});\n"
        f"  answer.end({json.dumps(ANSWER.decode())}); }}); }});\n"
        'server.listen(0, "127.0.0.1", () => console.log(server.address().port));\n',
        encoding="utf-8",
    )
    process = subprocess.Popen([needs.NODE, script], stdout=subprocess.PIPE)
    try:
        assert process.stdout
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.communicate()


@needs.curl
@pytest.mark.parametrize("more", [(), ("--trace-time",)])
def test_a_trace_keeps_every_byte_of_both_ways(more: tuple[str, ...], tmp_path: Path) -> None:
    with RawServer(answering(CHUNKED)) as server:
        words = ("-s", "--compressed", *more, "--trace", "out", "-o", "body", "-d", FORM)
        data = curl(*words, server.url + PATH, folder=tmp_path)
    (entry,) = (file := brought(data)).entries
    assert (file.kind, file.creator) == ("trace of curl", "curl")
    assert (entry.sent, entry.received) == (server.requests[0], CHUNKED)
    assert entry.request.url == server.url + PATH
    assert entry.response is not None
    assert entry.response.body == ANSWER
    assert entry.link.peer == f"127.0.0.1:{server.port}"
    assert (entry.duration_s > 0) == bool(more)
    (step,) = (done := imported(data)).evidence.steps
    assert (step.request.seen, step.response.seen) == (Seen.WIRE, Seen.WIRE)
    assert not any("cut off" in line for line in done.evidence.not_seen)
    for written in finished_files(done.evidence, done.recording).values():
        assert_swept(written, SECRETS)


@needs.curl
def test_a_trace_over_tls_is_https_and_says_which(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    with RawServer(answering(proper(ANSWER)), tls=authority.server()) as server:
        words = ("-s", "--cacert", str(authority.bundle), "--trace", "out", "-o", "body")
        data = curl(*words, "-d", FORM, server.url + PATH, folder=tmp_path)
    assert b"Send SSL data" in data
    (entry,) = brought(data).entries
    assert entry.request.url.startswith("https://localhost:")
    assert entry.sent == server.requests[0]
    assert entry.link.tls_version == "TLSv1.3"
    assert entry.link.cipher


@needs.curl
@pytest.mark.parametrize("form", ["-v", "--trace", "--trace-ascii"])
def test_a_tunnel_through_a_proxy_is_the_way_and_no_exchange(form: str, tmp_path: Path) -> None:
    url = "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration"
    with serve(PracticeTenant(), proxy_port=0) as hosted:
        assert hosted.proxy
        words = ("-v",) if form == "-v" else (form, "out")
        words = ("-s", *words, "--noproxy", "", "--proxy", hosted.proxy.url)
        data = curl(*words, "--cacert", hosted.ca_file, "-o", "body", url, folder=tmp_path)
        proxy = hosted.proxy.url
    (entry,) = (file := brought(data)).entries
    assert (entry.number, entry.request.url) == (1, url)
    assert entry.response is not None
    assert entry.response.status == 200
    assert (entry.link.peer, entry.link.proxy) == (None, proxy.replace("localhost", "127.0.0.1"))
    assert entry.link.tls_version == "TLSv1.3"
    assert any("(CONNECT) are no exchanges: 1 were left out" in line for line in file.not_kept)


@needs.curl
def test_a_trace_in_ascii_is_put_together_by_its_lengths(tmp_path: Path) -> None:
    with RawServer(answering(proper(ANSWER, more="X-A: b\r\n"))) as server:
        words = ("-s", "--trace-ascii", "out", "-o", "body", "-d", FORM + "&d=caf%C3%A9")
        data = curl(*words, server.url + PATH, folder=tmp_path)
    (entry,) = (file := brought(data)).entries
    assert file.kind == "trace of curl (--trace-ascii)"
    assert entry.sent == b""
    assert entry.request.body.decode() == FORM + "&d=caf%C3%A9"
    assert entry.response is not None
    assert entry.response.body == ANSWER
    assert any("a dot for each byte" in line for line in file.not_kept)


@needs.curl
def test_of_a_packed_answer_in_ascii_nothing_is_made_up(tmp_path: Path) -> None:
    with RawServer(answering(CHUNKED)) as server:
        words = ("-s", "--trace-ascii", "out", "-o", "body", "-d", FORM)
        data = curl(*words, server.url + PATH, folder=tmp_path)
    (entry,) = brought(data).entries
    assert entry.response is not None
    assert entry.response.body == b""


@needs.curl
def test_of_v_the_heads_are_read_and_the_body_that_was_sent_is_not_claimed(tmp_path: Path) -> None:
    with RawServer(answering(proper(ANSWER, more="Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"))) as s:
        data = curl("-sv", "-d", FORM, s.url + PATH, folder=tmp_path)
    (entry,) = (file := brought(data)).entries
    assert (entry.request.method, entry.request.url) == ("POST", s.url + PATH)
    assert (entry.request.body, entry.body_exact, entry.sent) == (b"", False, b"")
    assert entry.response is not None
    assert entry.response.body == ANSWER
    assert [v for n, v in entry.response.headers if n == "Set-Cookie"] == ["a=1", "b=2"]
    assert any("could imitate" in line for line in file.not_kept)
    (step,) = (done := imported(data)).evidence.steps
    assert step.name == "token"
    for written in finished_files(done.evidence, done.recording).values():
        assert_swept(written, SECRETS)


@needs.curl
def test_a_meter_among_the_lines_of_v_is_none_of_the_answer(tmp_path: Path) -> None:
    with RawServer(answering(proper(ANSWER))) as server:
        data = curl("-v", "-d", FORM, server.url + PATH, folder=tmp_path)
    assert b"% Total" in data
    (entry,) = brought(data).entries
    assert entry.response is not None
    assert entry.response.body in (ANSWER, b"")
    assert entry.request.header("content-type") == "application/x-www-form-urlencoded"


@needs.curl
@pytest.mark.parametrize("form", ["-v", "--trace", "--trace-ascii"])
def test_redirects_that_are_followed_are_exchanges_one_after_another(
    form: str, tmp_path: Path
) -> None:
    first = proper(b"", status="302 Found", more="Location: /x?code=1\r\n")
    with RawServer(each(first, proper(b'{"a": 1}'))) as server:
        words = ("-v",) if form == "-v" else (form, "out")
        data = curl("-sL", *words, "-o", "body", f"{server.url}/authorize", folder=tmp_path)
    entries = brought(data).entries
    assert [entry.request.path for entry in entries] == ["/authorize", "/x"]
    assert [e.response and e.response.status for e in entries] == [302, 200]
    assert [entry.number for entry in entries] == [1, 2]


@needs.curl
@needs.program("node", debian="nodejs")
@pytest.mark.parametrize("form", ["-v", "--trace", "--trace-ascii"])
def test_http2_is_told_from_what_curl_shows_in_its_place(form: str, tmp_path: Path) -> None:
    with h2_server(tmp_path) as url:
        words = ("-v",) if form == "-v" else (form, "out", "-o", "body")
        words = ("-s", "--http2-prior-knowledge", *words, "-d", FORM)
        data = curl(*words, url + PATH, folder=tmp_path)
    (entry,) = (file := brought(data)).entries
    assert (entry.http_version, entry.sent) == ("HTTP/2", b"")
    assert entry.request.url == url + PATH
    assert entry.response is not None
    assert (entry.response.status, entry.response.body) == (200, ANSWER)
    assert any("HTTP/2" in line for line in file.not_kept)
    assert imported(data).evidence.steps[0].request.seen is Seen.REBUILT


HEAD = "POST /t/oauth2/v2.0/token HTTP/1.1\r\nHost: localhost:1\r\nContent-Length: 0\r\n\r\n"


ASKED = hexed("=> Send header", HEAD.encode())
CAME = hexed("<= Recv header", b"HTTP/1.1 200 OK\r\n") + hexed("<= Recv header", b"\r\n")
SHORT = (
    hexed("<= Recv header", b"HTTP/1.1 200 OK\r\n")
    + hexed("<= Recv header", b"Content-Length: 9\r\n")
    + hexed("<= Recv header", b"\r\n")
    + hexed("<= Recv data", b"12345678")
)
LEFT = "== Info: Connection #0 to host localhost left intact\n"


def test_a_trace_made_by_hand_is_read() -> None:
    (entry,) = brought((ASKED + CAME + LEFT).encode()).entries
    assert entry.sent == HEAD.encode()
    assert entry.received == b"HTTP/1.1 200 OK\r\n\r\n"


def test_a_transfer_that_broke_off_is_no_file_that_did() -> None:
    (entry,) = brought((ASKED + SHORT + "== Info: Closing connection 0\n").encode()).entries
    assert entry.received.endswith(b"12345678")


UPLOADED = "== Info: We are completely uploaded and fine\n"


def answered(*lines: str, body: bytes = b"") -> str:
    """The blocks of an answer."""
    heads = "".join(hexed("<= Recv header", f"{each}\r\n".encode()) for each in (*lines, ""))
    return heads + (hexed("<= Recv data", body) if body else "")


def read_trace(text: str) -> tuple[Entry, ...]:
    return brought(text.encode()).entries


def test_an_answer_that_needs_no_body_lacks_none() -> None:
    head = HEAD.replace("POST", "HEAD").encode()
    long = ("HTTP/1.1 200 OK", "Content-Length: 9")
    assert len(read_trace(hexed("=> Send header", head) + answered(*long))) == 1
    assert len(read_trace(ASKED + answered("HTTP/1.1 304 Not Modified", long[1]))) == 1
    with pytest.raises(UsageError, match="shorter than it says"):
        read_trace(ASKED + answered(*long) + UPLOADED)


def test_chunks_that_are_not_whole_are_seen_and_chunks_that_were_undone_are_none() -> None:
    head = ("HTTP/1.1 200 OK", "Transfer-Encoding: chunked")
    with pytest.raises(UsageError, match="shorter than it says"):
        read_trace(ASKED + answered(*head, body=b"5\r\nab"))
    (entry,) = read_trace(ASKED + answered(*head, body=b'{"a": 1}'))
    assert entry.response is not None
    assert (entry.response.body, entry.received) == (b'{"a": 1}', b"")


def test_a_request_that_got_no_answer_is_one_without_and_the_next_has_its_own() -> None:
    closed = "== Info: Closing connection 0\n"
    file = brought((ASKED + closed + ASKED + CAME).encode())
    assert [entry.response and entry.response.status for entry in file.entries] == [None, 200]
    assert any("may be cut off" in line for line in file.not_kept)
    file = brought((ASKED + CAME + LEFT + ASKED + CAME + LEFT).encode())
    assert not any("may be cut off" in line for line in file.not_kept)


def test_an_answer_with_trailers_is_read_and_not_called_exact() -> None:
    trailed = answered("HTTP/1.1 200 OK", body=b"{}") + hexed("<= Recv header", b"X-A: b\r\n")
    (entry,) = read_trace(ASKED + trailed + LEFT)
    assert entry.response is not None
    assert (entry.response.body, entry.received, entry.response.header("x-a")) == (b"{}", b"", None)


def test_what_curl_says_of_the_handshake_is_kept() -> None:
    said = "== Info: ALPN: server accepted http/1.1\n"
    (entry,) = read_trace(said + ASKED + CAME + LEFT)
    assert (entry.link.alpn, entry.link.tls_version) == ("http/1.1", None)
    assert entry.request.url.startswith("https://localhost:1/")


def test_more_exchanges_than_are_read_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entra_oauth.recording.importing.entries.MAX_ENTRIES", 1)
    with pytest.raises(UsageError, match="more than 1 entries"):
        read_trace((ASKED + CAME + LEFT) * 2)


@pytest.mark.parametrize(
    ("more", "body", "kept"),
    [
        ("X-A: b", "{}", b"{}"),
        ("X-A: b", "....", b""),
        ("Content-Encoding: br", "k(.x", b""),
        ("Content-Encoding: gzip", ".....", b""),
    ],
)
def test_dots_in_ascii_are_no_body(more: str, body: str, kept: bytes) -> None:
    lines = ["=> Send header, 39 bytes (0x27)", "0000: GET /oauth2/token HTTP/1.1"]
    lines += ["001c: Host: a", "0025: "]
    size = len(more) + 2
    lines += ["<= Recv header, 17 bytes (0x11)", "0000: HTTP/1.1 200 OK"]
    lines += [f"<= Recv header, {size} bytes (0x{size:x})", f"0000: {more}"]
    lines += ["<= Recv header, 2 bytes (0x2)", "0000: "]
    lines += [f"<= Recv data, {len(body)} bytes (0x{len(body):x})", f"0000: {body}"]
    (entry,) = read_trace("\n".join([*lines, LEFT]))
    assert entry.response is not None
    assert entry.response.body == kept


def test_of_a_chunked_request_v_shows_no_body_either() -> None:
    text = "> POST /oauth2/token HTTP/1.1\n> Host: a\n> Transfer-Encoding: chunked\n>\n"
    assert not read_trace(text)[0].body_exact


def test_transfers_at_once_are_told_apart_by_their_numbers() -> None:
    def of(way: str, data: bytes, number: int) -> str:
        return hexed(way, data, f"10:11:12.00000{number} [{number}-0] ")

    second = HEAD.replace("token", "devicecode").encode()
    lines = of("=> Send header", HEAD.encode(), 0) + of("=> Send header", second, 1)
    for number, status in ((1, b"400"), (0, b"200")):
        lines += of("<= Recv header", b"HTTP/1.1 " + status + b" X\r\n", number)
        lines += of("<= Recv header", b"\r\n", number)
    entries = brought(lines.encode()).entries
    assert [(e.request.path[-5:], e.response and e.response.status) for e in entries] == [
        ("token", 200),
        ("ecode", 400),
    ]


REFUSED = [
    (ASKED[:-40], "block at line 1 of the trace of curl is not as long"),
    (ASKED.replace("50 4f", "50 zz"), "block at line 1"),
    (ASKED.replace("0010: ", "0020: "), "block at line 1"),
    (ASKED + "<= Recv hea", "Line 7 of the trace of curl is none of curl's"),
    (ASKED + CAME + '{"access_token": "x"}\n' + LEFT, "is none of curl's"),
    (ASKED + SHORT, "breaks off: the answer to the request at line 1"),
    (ASKED + hexed("<= Recv header", b"HTTP/1.1 200 OK\r\n"), "shorter than it says"),
    (ASKED + ASKED + CAME, "Two requests stand together at line 7"),
    (CAME, "an answer at line 1 that belongs to no request"),
    (ASKED + CAME + CAME, "belongs to no request"),
    (hexed("=> Send header", b"nonsense"), "at line 1 of the trace of curl is no request"),
    (hexed("=> Send header", HEAD.encode()[:-4]), "is no request"),
    ("* Trying 1\n> GET / HTTP/1.1\n> GET / HTTP/1.1\n", "Two requests stand together at line 3"),
    ("* Trying 1\n< HTTP/1.1 200 OK\n", "an answer at line 2"),
    ("> GET /t/oauth2/token HTTP/1.1\n> Host: a\n", "is no request: it breaks off"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_what_is_cut_off_or_changed_is_refused_with_its_place(text: str, said: str) -> None:
    with refused(UsageError) as caught:
        brought(text.encode())
    assert said in caught.value.what
    assert "again" in caught.value.advice


def test_a_body_that_could_be_a_piece_of_one_is_not_kept_from_v() -> None:
    head = "> GET /t/oauth2/v2.0/token HTTP/1.1\n> Host: localhost:1\n>\n< HTTP/1.1 200 OK\n"
    for length, body, kept in [
        ("Content-Length: 3", "abc", b"abc"),
        ("Content-Length: 4", "abc", b""),
        ("X: y", '{"a":1}', b'{"a":1}'),
        ("X: y", '{"a":', b""),
    ]:
        text = f"{head}< {length}\n<\n{body}* Connection #0 to host localhost left intact\n"
        (entry,) = brought(text.encode()).entries
        assert entry.response is not None
        assert entry.response.body == kept


def test_a_long_address_does_not_hide_what_the_file_is() -> None:
    text = f"> GET /oauth2/v2.0/authorize?x={'a' * 7000} HTTP/1.1\n> Host: a\n>\n"
    (entry,) = brought(text.encode()).entries
    assert len(entry.request.url) > 7000


@pytest.mark.parametrize(
    ("began", "ended", "passed"),
    [
        ("10:00:00.5", "10:00:01.75", 1.25),
        ("23:59:59.0", "00:00:01.0", 2.0),
        ("10:00:00.5", "10:00:00.5", 0.0),
        ("", "10:00:00.0", 0.0),
    ],
)
def test_times_of_day_are_a_duration(began: str, ended: str, passed: float) -> None:
    assert seconds_between(began, ended) == passed
