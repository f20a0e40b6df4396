"""An exchange where a token is handed on: the workspace's own, or a refusal, never Entra's."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from entra_oauth.practice.directory.workloads import DATABRICKS_ACCOUNT
from entra_oauth.practice.server.hosts import serve
from entra_oauth.protocol.jwt import decode
from kit import needs
from kit.command_line import Running, call
from kit.nightly import Nightly, exchanging_tenant, is_own, of_the_app, ready_source, save_profile
from kit.practice import DAEMON, SECRET

DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
ARM = "https://management.azure.com/"
KINDS = ("entra", "federated", "profile")


@pytest.fixture
def nightly(no_terminal: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nightly]:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    tenant = exchanging_tenant()
    with serve(tenant, tls=False) as hosted:
        yield Nightly(tenant, hosted.base_url)


def _ready(kind: str, nightly: Nightly, folder: Path, patch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The options by which Entra's token is exchanged, or another issuer's; none with a profile."""
    if kind == "federated":
        token = nightly.tenant.issuer_token("github", audience=DATABRICKS_ACCOUNT, life_s=86_400)
        source = ready_source("file", nightly, folder, patch, token=token)
        place = ("--workspace-url", nightly.base, "--authority-host", nightly.base)
        kinds = ("--exchange", "databricks", "--subject-token", "federated")
        return (*kinds, "--exchange-client-id", DAEMON, *place, *source)
    if kind == "profile":
        _exchanging_profile(nightly)
        return ()
    nightly.sign_in()
    place = ("--exchange-client-id", DAEMON, "--workspace-url", nightly.base)
    return (*nightly.ids, "--exchange", "databricks", *place)


def _exchanging_profile(nightly: Nightly, **more: str) -> None:
    nightly.sign_in("--save-profile", "nightly")
    place = {"exchange_client_id": DAEMON, "workspace_url": nightly.base}
    save_profile(exchange="databricks", **place, **more)


def _other(nightly: Nightly) -> str:
    """Another name of the same place, and so another workspace."""
    return nightly.base.replace("localhost", "127.0.0.1")


@needs.posix
@pytest.mark.parametrize("kind", KINDS)
def test_serve_metadata_gives_the_workspaces_own_for_that_workspace(
    kind: str, nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = _ready(kind, nightly, tmp_path, monkeypatch)

    def ask(host: str) -> requests.Response:
        headers = {"X-Databricks-Metadata-Version": "1", "X-Databricks-Host": host}
        return requests.get(url, headers=headers, timeout=10)

    with Running("serve", "metadata", *options) as running:
        running.wait_for("Tokens are served")
        url = running.line().strip()
        answers = [ask(nightly.base), ask(nightly.base), ask(_other(nightly))]
        running.signal(signal.SIGINT)
        ended = running.finish()
    tokens = [answer.json().get("access_token") for answer in answers]
    assert is_own(tokens[0], nightly)
    assert tokens == [tokens[0], tokens[0], None]
    assert answers[2].status_code == 403
    assert "it is of another workspace" in ended.err
    sent = [request for request, _ in nightly.tenant.log if request.url.endswith("/oidc/v1/token")]
    assert len(sent) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_databricks_command_gives_the_workspaces_own_for_that_workspace(
    kind: str, nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = _ready(kind, nightly, tmp_path, monkeypatch)
    asked = ("credential", "databricks-cli", *options, "--", "auth", "token", "--host")
    ran = call(*asked, nightly.base)
    assert ran.code == 0, ran.err
    assert is_own(json.loads(ran.out)["access_token"], nightly)
    refused = call(*asked, _other(nightly))
    assert (refused.code, refused.out) == (5, "")
    assert "it is of another workspace" in refused.err


@needs.posix
@pytest.mark.parametrize("kind", KINDS)
def test_the_program_that_is_written_for_it_exchanges_too(
    kind: str, nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = _ready(kind, nightly, tmp_path, monkeypatch)
    made = call("credential", "databricks-cli", *options, "--install", str(tmp_path / "bin"))
    assert made.code == 0, made.err
    ran = subprocess.run(
        [made.out.strip(), "auth", "token", "--host", nightly.base],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert ran.returncode == 0, ran.stderr
    assert is_own(json.loads(ran.stdout)["access_token"], nightly)


REFUSED = [
    ("serve", "identity", "--audience", DATABRICKS, "--", "true"),
    ("serve", "identity", "--audience", ARM, "--audience", DATABRICKS, "--", "true"),
    ("credential", "az", "--", "account", "get-access-token"),
    ("credential", "az", "--", "account", "get-access-token", "--resource", DATABRICKS),
    ("credential", "kubectl"),
    ("credential", "git", "get"),
]


# The profile's workspace is http here, of which git is told nothing anyway.
@pytest.mark.parametrize(
    ("words", "by"),
    [
        (words, by)
        for words in REFUSED
        for by in ("profile", "variable")
        if (words[1], by) != ("git", "profile")
    ],
)
def test_what_takes_entras_token_alone_gets_none_where_an_exchange_is_set(
    words: tuple[str, ...], by: str, nightly: Nightly, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by == "profile":
        _exchanging_profile(nightly)
    else:
        nightly.sign_in("--save-profile", "nightly")
        monkeypatch.setenv("ENTRA_OAUTH_EXCHANGE", "databricks")
    host = nightly.base.partition("://")[2]
    asked = f"protocol=https\nhost={host}\n\n".encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(asked), encoding="utf-8"))
    ran = call(*words)
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert "takes Entra's token and not the workspace's own" in ran.err
    assert "entra-oauth run, serve metadata or credential databricks-cli" in ran.err


def test_other_scopes_are_entras_as_ever(nightly: Nightly) -> None:
    _exchanging_profile(nightly, also="arm")
    ran = call("credential", "az", "--", "account", "get-access-token", "--resource", ARM)
    assert ran.code == 0, ran.err
    assert decode(json.loads(ran.out)["accessToken"]).claims["aud"] == ARM.rstrip("/")
    assert of_the_app(json.loads(ran.out)["accessToken"])
    with Running("serve", "identity", "--audience", ARM, "--", sys.executable, "-c", "") as running:
        ended = running.finish()
    assert ended.code == 0, ended.err


def test_a_variable_alone_without_an_exchange_refuses_nothing(
    nightly: Nightly, monkeypatch: pytest.MonkeyPatch
) -> None:
    nightly.sign_in("--save-profile", "nightly")
    monkeypatch.setenv("DATABRICKS_HOST", nightly.base)
    ran = call("credential", "az", "--", "account", "get-access-token")
    assert ran.code == 0, ran.err
    assert of_the_app(json.loads(ran.out)["accessToken"])
