"""Every export says of every message who sent it to whom, as the sockets saw it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.practice import PracticeTenant, serve
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, DATABRICKS
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from entra_oauth.recording import save
from entra_oauth.recording.record import Recording
from entra_oauth.recording.step import Evidence
from kit import needs
from kit.audit.exchanges import practised
from kit.command_line import call
from kit.foreign.programs import CLIENTS, ISSUER, WORKSPACE
from kit.foreign.senders import SAID_BY, Pair, by_the_socket
from kit.practice import authorize_url
from kit.recordings import written

pytestmark = [pytest.mark.against, needs.posix]

APP = (ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID)
ENTRA = "login.microsoftonline.com"
OPENED: Pair = ("browser", "authority")
"""Of an address that a browser was asked to open no bytes were seen."""
PROGRAMS = [
    pytest.param(
        ("use_msal.py", "interactive", *APP), marks=needs.python("msal", group="interop"), id="msal"
    ),
    pytest.param(
        ("use_azure_identity.py", "browser", *APP),
        marks=needs.python("azure.identity", pypi="azure-identity", group="interop"),
        id="azure-identity",
    ),
    pytest.param(
        ("use_databricks.py", "external-browser", WORKSPACE, ARTICLE_CLIENT_ID),
        marks=needs.python("databricks.sdk", pypi="databricks-sdk", group="interop"),
        id="databricks-sdk",
    ),
    pytest.param(
        ("use_authlib.py", ISSUER, ARTICLE_CLIENT_ID, f"{DATABRICKS}/.default"),
        marks=needs.python("authlib", group="interop"),
        id="authlib",
    ),
]


def _assert_said(folder: Path, truth: list[Pair]) -> None:
    for form, (words, read) in SAID_BY.items():
        verb, *more = words
        ran = call("audit", verb, str(folder), *more)
        assert ran.code == 0, ran.err
        assert read(ran.out) == truth, form


def _in_order(recording: Recording, authority: str) -> list[Pair]:
    ordered = sorted(recording.exchanges, key=lambda each: each.started_at)
    return [
        by_the_socket(each, authority=authority) if each.wire or each.request.raw else OPENED
        for each in ordered
    ]


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[Recording]:
    """What was recorded, as it was before anything was taken out."""
    kept: list[Recording] = []
    whole = save.evidence_of

    def spy(recording: Recording, **options: object) -> Evidence:
        kept.append(recording)
        return whole(recording, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(save, "evidence_of", spy)
    return kept


@pytest.mark.parametrize("words", PROGRAMS)
def test_of_a_program_that_others_wrote(
    words: tuple[str, ...], passed: list[Recording], tmp_path: Path
) -> None:
    script, *arguments = words
    command = [sys.executable, str(CLIENTS / script), *arguments]
    ran = call("practice", "run", "--record", str(tmp_path / "rec"), "--", *command)
    assert ran.code == 0, ran.err
    truth = _in_order(passed[0], ENTRA)
    assert {("program", "authority"), ("browser", "authority")} < set(truth)
    _assert_said(tmp_path / "rec", truth)


@pytest.mark.parametrize("procedure", list(Procedure))
def test_of_a_sign_in_of_our_own(procedure: Procedure, tmp_path: Path) -> None:
    recording = practised(procedure)
    written(tmp_path / "rec", recording)
    authority = next(e for e in recording.exchanges if e.note.startswith("authorize"))
    truth = _in_order(recording, authority.request.url.split("/")[2])
    assert len(set(truth)) == 4
    _assert_said(tmp_path / "rec", truth)


@needs.chromium
@needs.node_package("playwright-core")
def test_of_what_a_browser_saved(tmp_path: Path) -> None:
    file = tmp_path / "browser.har"

    def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=200, headers=(("Content-Type", "text/html"),), body=b"Well.")

    with serve(PracticeTenant(), proxy_port=0) as hosted, LoopbackHost(answer) as host:
        assert hosted.proxy
        changes = {"redirect_uri": f"http://localhost:{host.port}", "response_mode": "query"}
        words = [needs.NODE, CLIENTS / "save_har.mjs", needs.NODE_MODULES, needs.CHROMIUM]
        subprocess.run(
            [*map(str, words), hosted.proxy.url, str(file), authorize_url(changes)],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            timeout=60,
            check=True,
        )
    ran = call("audit", "import", str(file), "-o", str(tmp_path / "rec"), "--json")
    assert ran.code == 0, ran.err
    entries = json.loads(file.read_text())["log"]["entries"]
    # Chromium sent them all; to whom, the host says.
    hosts = [
        entries[step["entry"] - 1]["request"]["url"].split("/")[2]
        for step in json.loads(ran.out)["steps"]
    ]
    truth: list[Pair] = [("browser", "authority" if host == ENTRA else "program") for host in hosts]
    assert set(truth) == {("browser", "authority"), ("browser", "program")}
    _assert_said(tmp_path / "rec", truth)
