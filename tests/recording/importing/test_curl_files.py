"""What the curl of this machine writes with -v, --trace and --trace-ascii, and what it becomes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from entra_oauth.practice import PracticeTenant, serve
from entra_oauth.recording.save import finished_files
from entra_oauth.recording.step import Seen
from kit import needs
from kit.canaries import CODE, REFRESH_TOKEN
from kit.foreign.files import ANSWER, CHUNKED, brought, imported
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
