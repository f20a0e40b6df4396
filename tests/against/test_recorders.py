"""Files that other programs record here, in front of real servers, imported and swept.

Polly.js keeps what a test of JavaScript's asked; Playwright zips what its browser did.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.practice import PracticeTenant, serve
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from entra_oauth.recording.importing.readers import read_foreign
from entra_oauth.recording.store import load
from kit import needs
from kit.canaries import CODE, REFRESH_TOKEN
from kit.command_line import call
from kit.foreign.files import ANSWER
from kit.foreign.programs import CLIENTS
from kit.practice import authorize_url
from kit.servers.raw_server import RawServer, answering
from kit.servers.raw_server import answer as proper
from kit.sweep import assert_swept

pytestmark = pytest.mark.against

PATIENCE_S = 60.0


def _node(script: str, home: Path, *words: str) -> None:
    assert needs.NODE
    command = [needs.NODE, str(CLIENTS / script), str(needs.NODE_MODULES), *words]
    done = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()


def _imported(file: Path, folder: Path, secrets: Sequence[str]) -> list[str]:
    """The names of the steps; nothing that was written or said holds a secret."""
    ran = call("audit", "import", str(file), "-o", str(folder))
    assert ran.code == 0, ran.err
    for written in folder.iterdir():
        assert_swept(written.read_bytes(), secrets)
    assert_swept(ran.both, secrets)
    return [step.name for step in load(folder).steps]


LONG = json.dumps({**json.loads(ANSWER), "x": random.Random(1).randbytes(200_000).hex()}).encode()
ANSWERS = [
    proper(ANSWER, more="Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"),
    proper(gzip.compress(ANSWER), more="Content-Encoding: gzip\r\n"),
    # Longer than a read: of this one Polly keeps several pieces.
    proper(gzip.compress(LONG), more="Content-Encoding: gzip\r\n"),
]


@needs.node_package("@pollyjs/core")
@needs.node_package("@pollyjs/adapter-node-http")
@needs.node_package("@pollyjs/persister-fs")
@pytest.mark.parametrize("answer", ANSWERS, ids=["plain", "packed", "in pieces"])
def test_what_polly_records_is_read(answer: bytes, tmp_path: Path) -> None:
    form = f"grant_type=authorization_code&client_id=a&code={CODE}"
    with RawServer(answering(answer)) as server:
        url = f"{server.url}/t/oauth2/v2.0/token"
        _node("record_polly.mjs", tmp_path, str(tmp_path / "polly"), url, form)
    (file,) = (tmp_path / "polly").rglob("*.har")
    (entry,) = read_foreign(file).entries
    assert (entry.request.method, entry.request.url) == ("POST", url)
    assert entry.request.body.decode() == form
    assert entry.response is not None
    assert entry.response.body in (ANSWER, LONG)
    cookies = [v for n, v in entry.response.headers if n.lower() == "set-cookie"]
    assert cookies == (["a=1", "b=2"] if b"Set-Cookie" in answer else [])
    assert _imported(file, tmp_path / "rec", [CODE, REFRESH_TOKEN]) == ["token"]


def _browsed(folder: Path, file: Path) -> str:
    """Alice signs in; Playwright saves the file. Gives the code that came back."""
    codes: list[str] = []

    def answer(request: HttpRequest) -> HttpResponse:
        codes.extend(v.partition("&")[0] for v in request.query.split("code=")[1:])
        return HttpResponse(status=200, headers=(("Content-Type", "text/html"),), body=b"Well.")

    with serve(PracticeTenant(), proxy_port=0) as hosted, LoopbackHost(answer) as host:
        assert hosted.proxy
        changes = {"redirect_uri": f"http://localhost:{host.port}", "response_mode": "query"}
        where = [str(needs.CHROMIUM), hosted.proxy.url, str(file)]
        _node("save_har.mjs", folder, *where, authorize_url(changes))
    return codes[0]


@needs.chromium
@needs.node_package("playwright-core")
@needs.posix
def test_what_playwright_zips_is_read_with_the_bodies_in_their_files(tmp_path: Path) -> None:
    file = tmp_path / "browser.har.zip"
    code = _browsed(tmp_path, file)
    read = read_foreign(file)
    assert read.origin.startswith("a zipped HAR file of Playwright")
    signing_in = next(e for e in read.entries if b"passwd" in e.request.body)
    assert signing_in.body_exact
    pages = [e.response.body for e in read.entries if e.response and b"<form" in e.response.body]
    assert pages
    names = _imported(file, tmp_path / "rec", [code, "practice-password"])
    assert names[0] == "authorize"
    assert "redirect" in names
    ran = call("audit", "lint", str(file))
    assert ran.code in (0, 9), ran.err
    assert_swept(ran.both, [code])
