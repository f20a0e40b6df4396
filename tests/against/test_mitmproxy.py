"""mitmproxy in front of the practice tenant, beside our own recording: both saw the same.

Its HAR file and its flow file are then imported.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.channels.base import Channels
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.channels.listener.listener import Listener
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.practice import PracticeBrowser, http_send
from entra_oauth.practice.server.hosts import Hosted
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.recording import Recorder, Recording
from entra_oauth.recording.importing.entries import Entry
from entra_oauth.recording.importing.readers import read_foreign
from entra_oauth.recording.step import steps_of
from entra_oauth.recording.store import load
from kit import needs
from kit.canaries import CLIENT_ID, TENANT
from kit.command_line import call, free_port
from kit.sweep import assert_swept

pytestmark = [pytest.mark.against, needs.mitmproxy, needs.posix]

PATIENCE_S = 30.0


@contextmanager
def mitmproxy(target: str, folder: Path) -> Iterator[str]:
    """A reverse proxy; its HAR and its flows are in the folder when the block has ended."""
    program = shutil.which("mitmdump")
    assert program
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "--mode", f"reverse:{target}", "--listen-host", "127.0.0.1", "-p", port]
            + ["--set", f"confdir={folder / 'conf'}", "--set", f"hardump={folder / 'flows.har'}"]
            + ["-w", str(folder / "flows.mitm")]
            # Its client must be told the tenant's own address in no answer: keep the Host.
            + ["--set", "keep_host_header=true"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        )
    try:
        _wait_for(int(port), process, folder / "log")
        yield f"http://localhost:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_S)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text(encoding="utf-8"))


def _launch(url: str) -> bool:
    browser = PracticeBrowser(http_send, "alice@contoso-practice.example", "practice")
    threading.Thread(target=browser.open, args=(url,), daemon=True).start()
    return True


def signed_in_at(base_url: str, procedure: Procedure) -> Recording:
    recorder = Recorder()
    plan = SignIn(
        procedure=procedure,
        authority=Authority(base_url, TENANT),
        client_id=CLIENT_ID,
        scopes=("databricks",),
    )
    mode = "query" if procedure is Procedure.ARTICLE else "form_post"
    with RequestsBack() as back:
        front = Listener(launch=_launch, say=lambda line: None, response_mode=mode)
        sign_in(plan, recorder.wrap(Channels(front=front, back=back)))
    return recorder.recording


@pytest.mark.parametrize("procedure", list(Procedure))
def test_mitmproxy_saw_the_token_request_that_was_recorded_and_its_har_is_imported(
    procedure: Procedure, hosted: Hosted, tmp_path: Path
) -> None:
    with mitmproxy(hosted.base_url, tmp_path) as base_url:
        recording = signed_in_at(base_url, procedure)
    har = json.loads((tmp_path / "flows.har").read_text())
    ours = next(step for step in steps_of(recording) if step.name == "token")
    theirs = next(e for e in har["log"]["entries"] if e["request"]["url"].endswith("/token"))
    _equal(ours.http_request, theirs["request"])
    answer = ours.http_response
    assert answer is not None
    assert theirs["response"]["status"] == answer.status
    assert theirs["response"]["content"]["text"] == answer.body.decode()

    members = json.loads(answer.body)
    secrets = [members["access_token"].rpartition(".")[2]]
    secrets += [members["refresh_token"]] if procedure is Procedure.HARDENED else []
    names = [
        _imported_steps(tmp_path / file, tmp_path / f"rec-{file}", secrets)
        for file in ("flows.har", "flows.mitm")
    ]
    assert names[0] == names[1]
    assert names[0][0] == "authorize"
    assert "token" in names[0]
    both = [read_foreign(tmp_path / file) for file in ("flows.har", "flows.mitm")]
    assert [e.request for e in both[0].entries] == [e.request for e in both[1].entries]
    # What the HAR calls the body was unpacked, and so is what is made of the flow.
    assert [_answer(e) for e in both[0].entries] == [_answer(e) for e in both[1].entries]


def _imported_steps(file: Path, folder: Path, secrets: list[str]) -> list[str]:
    ran = call("audit", "import", str(file), "-o", str(folder))
    assert ran.code == 0, ran.err
    for written in folder.iterdir():
        assert_swept(written.read_bytes(), secrets)
    assert_swept(ran.both, secrets)
    return [step.name for step in load(folder).steps]


def _answer(entry: Entry) -> object:
    answer = entry.response
    return answer and (answer.status, answer.body)


def _equal(ours: Any, theirs: dict[str, Any]) -> None:
    assert theirs["method"] == ours.method
    assert theirs["url"] == ours.url
    assert [(each["name"], each["value"]) for each in theirs["headers"]] == list(ours.headers)
    assert theirs["postData"]["text"] == ours.body.decode()
