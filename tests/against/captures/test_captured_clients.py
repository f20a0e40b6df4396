"""Captures of real programs, opened by the real tshark: our own, msal, curl and Node's msal.

The client is given a key log, and nothing else: neither a proxy's certificate nor a change.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from entra_oauth.errors import SecurityError, UsageError
from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send, serve
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.protocol.endpoints.authorize import fresh_secret, s256
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from entra_oauth.recording.importing.captures.read_capture import read_capture
from entra_oauth.recording.importing.entries import Entry
from entra_oauth.recording.step import Seen
from entra_oauth.recording.store import load
from kit import needs
from kit.command_line import Ran, at, call, error_of, free_port
from kit.foreign.capturing import captured
from kit.foreign.programs import CLIENTS, Cloud, cloud
from kit.practice import ALICE, PASSWORD, SCOPE, authorize_url
from kit.sweep import found_in_files

pytestmark = [
    pytest.mark.against,
    needs.posix,
    needs.program("tshark"),
    needs.program("dumpcap", debian="tshark"),
    pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may capture"
    ),
]

APP = (ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID)
Found = dict[str, str]


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return tmp_path / "capture.pcapng"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys.log"


@pytest.fixture
def clouds() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


def proxy_port(clouds: Cloud) -> int:
    assert clouds.hosted.proxy
    return urlsplit(clouds.hosted.proxy.url).port or 0


def imported(capture: Path, keys: Path, folder: Path) -> Ran:
    ran = call("audit", "import", str(capture), "--keys", str(keys), "-o", str(folder))
    assert ran.code == 0, ran.err
    return ran


def findings(folder: Path) -> Found:
    told: dict[str, Any] = json.loads(call("audit", "lint", str(folder), "--json").out)
    return {each["rule"]: each["severity"] for each in told["findings"]}


# ---- our own run ------------------------------------------------------------------------


@contextmanager
def own_sign_in(
    capture: Path, keys: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """`login --record --redact none` while its packets are captured."""

    def launch(url: str, *args: object, **more: object) -> bool:
        def visit() -> None:
            PracticeBrowser(
                lambda request: http_send(request, ca_file=hosted.ca_file), ALICE, PASSWORD
            ).open(url)

        thread = threading.Thread(target=visit, daemon=True)
        threads.append(thread)
        thread.start()
        return True

    threads: list[threading.Thread] = []
    monkeypatch.setattr("entra_oauth.channels.listener.system_browser.launch", launch)
    port = free_port()
    with (
        serve(PracticeTenant(), tls=True) as hosted,
        captured(capture, urlsplit(hosted.base_url).port or 0, port),
    ):
        monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
        ran = call(
            *("login", *at(hosted.base_url), "--ca-bundle", hosted.ca_file, "--allow-keylog"),
            *("--record", str(folder), "--redact", "none", "--cache", "none"),
            *("--port", port, "--browser", "x"),
        )
        assert ran.code == 0, ran.err
        for thread in threads:
            thread.join(60)
        monkeypatch.delenv("SSLKEYLOGFILE")
    yield


def test_a_capture_of_our_own_run_is_our_recording_byte_for_byte(
    capture: Path, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entra_oauth.cli.sign_in.choose_receiver.find_terminal", lambda: None)
    with own_sign_in(capture, keys, tmp_path / "own", monkeypatch):
        entries = read_capture(capture, keys).entries
    ours = [
        (step.name, step.request.data, step.response.data)
        for step in load(tmp_path / "own").steps
        if step.request.seen is Seen.WIRE and step.response.seen is Seen.WIRE
    ]
    assert {"token", "redirect", "keys"} <= {name for name, _, _ in ours}
    seen = [(entry.sent, entry.received) for entry in entries]
    missing = [name for name, *both in ours if tuple(both) not in seen]
    assert missing == []
    assert sum(b"code=" in entry.sent for entry in entries) >= 2


# ---- other people's programs ----------------------------------------------------------------

# The way back, over plain HTTP to a port of the program's own choice, was not captured; HR03
# says so. The browser that was started signs in over TLS that the same key log opens.
NO_WAY_BACK: Found = {"HR03": "note"}
LOCALHOST: Found = {"AR16": "note"}
TELEMETRY: Found = {"TR26": "note"}
ARTICLE: Found = {"AR04": "error", "AR18": "warning", "TR18": "note"}


@needs.python("msal", group="interop")
def test_msal_is_imported_with_the_right_verdicts(
    capture: Path, keys: Path, clouds: Cloud, tmp_path: Path
) -> None:
    with captured(capture, proxy_port(clouds)):
        ended = clouds.python("use_msal.py", "interactive", *APP, more={"SSLKEYLOGFILE": str(keys)})
        answer = ended.answer()
    ran = imported(capture, keys, tmp_path / "rec")
    assert "Next: delete " in ran.err
    assert (capture.exists(), keys.exists()) == (True, True)
    assert findings(tmp_path / "rec") == NO_WAY_BACK | LOCALHOST | TELEMETRY
    token = next(step for step in load(tmp_path / "rec").steps if step.name == "token")
    assert token.http_request.header("x-client-sku") == "MSAL.Python"
    assert token.link.tls_version == "TLSv1.3"
    secrets = [answer["access_token"], answer["refresh_token"], answer["id_token"]]
    assert found_in_files(tmp_path / "rec", [each.rpartition(".")[2] for each in secrets]) == []


@needs.curl
def test_curl_is_imported_with_the_right_verdicts(
    capture: Path, keys: Path, clouds: Cloud, tmp_path: Path
) -> None:
    with captured(capture, proxy_port(clouds)):
        ended = clouds.python(
            *("use_curl.py", *APP, str(tmp_path / "trace")), more={"SSLKEYLOGFILE": str(keys)}
        )
        ended.answer()
    imported(capture, keys, tmp_path / "rec")
    assert findings(tmp_path / "rec") == NO_WAY_BACK | LOCALHOST | ARTICLE
    # curl's own trace of the same request has the same bytes.
    traced = call("audit", "import", str(tmp_path / "trace"), "-o", str(tmp_path / "traced"))
    assert traced.code == 0, traced.err


@needs.node_package("@azure/msal-node")
def test_msal_for_node_is_imported_with_the_right_verdicts(
    capture: Path, keys: Path, clouds: Cloud, tmp_path: Path
) -> None:
    environ = {**clouds.environ, "NODE_OPTIONS": f"--tls-keylog={keys}"}
    with captured(capture, urlsplit(clouds.base_url).port or 0):
        authority = f"{clouds.base_url}/{ARTICLE_TENANT_ID}"
        ended = replace(clouds, environ=environ).node(
            "use_msal_node.mjs", "interactive", authority, ARTICLE_CLIENT_ID, SCOPE
        )
        ended.answer()
    imported(capture, keys, tmp_path / "rec")
    found = findings(tmp_path / "rec")
    assert {rule for rule, severity in found.items() if severity == "error"} == set()
    tokens = [step for step in load(tmp_path / "rec").steps if step.name == "token"]
    assert len(tokens) == 2, "the code, then the refresh token"
    assert all(b"x-client-SKU=msal.js.node" in step.request.data for step in tokens)


# ---- HTTP/2 -----------------------------------------------------------------------------


@contextmanager
def http2_front(tenant: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """A front for a tenant, and its certificate."""
    key, certificate = folder / "front-key.pem", folder / "front.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key)),
            *("-out", str(certificate), "-subj", "/CN=localhost", "-days", "2"),
            *("-addext", "subjectAltName=DNS:localhost"),
        ],
        capture_output=True,
        check=True,
    )
    assert needs.NODE
    command = [needs.NODE, str(CLIENTS / "http2_front.mjs"), str(key), str(certificate), tenant]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"https://localhost:{process.stdout.readline().strip()}", certificate
        finally:
            process.terminate()


def _code(base_url: str, verifier: str) -> str:
    """A code of Alice's, for the verifier that curl will hand in."""
    reached: list[str] = []

    def send(request: HttpRequest) -> HttpResponse:
        if request.url.startswith("http://localhost/"):
            reached.append(request.url)
            return HttpResponse(status=200)
        return http_send(request)

    changes = {
        "code_challenge": s256(verifier),
        "code_challenge_method": "S256",
        "state": fresh_secret(),
    }
    url = authorize_url(changes).replace("https://login.microsoftonline.com", base_url)
    PracticeBrowser(send, ALICE, PASSWORD).open(url)
    return reached[0].partition("code=")[2].partition("&")[0]


@pytest.fixture
def by_version(capture: Path, keys: Path, tmp_path: Path) -> dict[str, tuple[Entry, str]]:
    """curl's token request by each version of HTTP, and what curl said that it got."""
    environ = {**os.environ, "SSLKEYLOGFILE": str(keys)}
    got = {}
    with (
        serve(PracticeTenant(), tls=False) as hosted,
        http2_front(hosted.base_url, tmp_path) as (front, certificate),
        captured(capture, urlsplit(front).port or 0),
    ):
        for version in ("--http2", "--http1.1"):
            verifier = fresh_secret()
            form = (
                f"client_id={ARTICLE_CLIENT_ID}&scope={SCOPE}"
                f"&code={_code(hosted.base_url, verifier)}&redirect_uri=http://localhost&grant_type=authorization_code"
                f"&code_verifier={verifier}"
            )
            done = subprocess.run(
                [
                    *("curl", "-sS", version, "--cacert", str(certificate), "-d", form),
                    f"{front}/{ARTICLE_TENANT_ID}/oauth2/v2.0/token",
                ],
                env=environ,
                capture_output=True,
                text=True,
                check=True,
            )
            got[version] = (form, done.stdout)
    entries = read_capture(capture, keys).entries
    assert [entry.http_version for entry in entries] == ["HTTP/2", "HTTP/1.1"]
    pairs = zip(entries, got.values(), strict=True)
    return {
        entry.http_version: (entry, answer)
        for entry, (form, answer) in pairs
        if entry.request.body.decode() == form
    }


@needs.curl
@needs.program("node", debian="nodejs")
@needs.program("openssl")
def test_http_2_is_read_as_well_as_http_1(
    by_version: dict[str, tuple[Entry, str]], capture: Path, keys: Path, tmp_path: Path
) -> None:
    assert set(by_version) == {"HTTP/2", "HTTP/1.1"}, "each body is the one that curl was given"
    for entry, answer in by_version.values():
        assert entry.response is not None
        assert entry.response.status == 200
        assert entry.response.body.decode() == answer
        assert (entry.request.header("user-agent") or "").startswith("curl/")
        assert entry.request.header("content-type") == "application/x-www-form-urlencoded"
    two, one = (by_version[each][0] for each in ("HTTP/2", "HTTP/1.1"))
    assert one.sent.startswith(b"POST /")
    assert two.sent == b"", "HTTP/2 has no such bytes"
    assert [two.link.alpn, one.link.alpn] == ["h2", "http/1.1"]
    imported(capture, keys, tmp_path / "rec")
    assert findings(tmp_path / "rec") == NO_WAY_BACK
    assert any("HTTP/2" in line for line in load(tmp_path / "rec").not_seen)


# ---- captures that were spoiled -----------------------------------------------------------


@pytest.fixture
def spoilt(by_version: dict[str, tuple[Entry, str]], capture: Path) -> bytes:
    assert by_version
    return capture.read_bytes()


def _records(capture: Path, keys: Path) -> list[bytes]:
    """The ciphertext of each record with data in it."""
    done = subprocess.run(
        [
            *("tshark", "-n", "-r", str(capture), "-o", f"tls.keylog_file:{keys}"),
            *("-Y", "http or http2.streamid > 0", "-T", "fields", "-e", "tls.app_data"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    cells = [cell for line in done.stdout.splitlines() for cell in line.split(",") if cell]
    return [bytes.fromhex(cell) for cell in cells]


@needs.curl
@needs.program("node", debian="nodejs")
@needs.program("openssl")
def test_a_bit_that_was_changed_in_any_record_is_refused(
    spoilt: bytes, capture: Path, keys: Path
) -> None:
    records = [each for each in _records(capture, keys) if spoilt.count(each) == 1]
    assert len(records) >= 4
    chance = random.Random(7)
    for record in records:
        data = bytearray(spoilt)
        data[spoilt.index(record) + chance.randrange(len(record))] ^= 1 << chance.randrange(8)
        capture.write_bytes(data)
        with pytest.raises((SecurityError, UsageError)):
            read_capture(capture, keys)


@needs.curl
@needs.program("node", debian="nodejs")
@needs.program("openssl")
def test_a_capture_that_is_cut_or_has_another_programs_keys_is_refused(
    spoilt: bytes, capture: Path, keys: Path, tmp_path: Path
) -> None:
    out = tmp_path / "rec"
    arguments = ("audit", "import", str(capture), "--keys", str(keys), "-o", str(out))
    for size in (len(spoilt) - 40, len(spoilt) // 2 + 1, 200):
        capture.write_bytes(spoilt[:size])
        ran = call(*arguments)
        assert ran.code == 2
        error_of(ran)
    capture.write_bytes(spoilt)
    line = keys.read_text("utf-8").splitlines()[0].split()
    keys.write_text(f"{line[0]} {'00' * 32} {'11' * 32}\n", "utf-8")
    foreign = call(*arguments)
    assert foreign.code == 2
    assert "opens none of the capture's TLS" in error_of(foreign)[0]
    without = call("audit", "import", str(capture), "-o", str(out))
    assert (without.code, "no key log was given" in error_of(without)[0]) == (2, True)
    assert not out.exists()
