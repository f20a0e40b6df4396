"""Apps that prove themselves by a federated token, from each source."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.server.hosts import serve
from entra_oauth.practice.tenant import PracticeTenant
from kit import needs
from kit.command_line import call
from kit.nightly import Nightly, of_the_app, ready_source
from kit.practice import DAEMON

SOURCES = ("file", "env", "command", "github", "azure-devops")


@pytest.fixture
def nightly(no_terminal: None) -> Iterator[Nightly]:
    tenant = PracticeTenant(directory=DEFAULT.with_admin_consent())
    with serve(tenant, tls=False) as hosted:
        yield Nightly(tenant, hosted.base_url)


@pytest.mark.parametrize("source", SOURCES)
def test_each_source_proves_the_app_anew_for_each_request(
    source: str, nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ready_source(source, nightly, tmp_path, monkeypatch)
    ran = call("token", *nightly.ids, *options)
    assert ran.code == 0, ran.err
    assert of_the_app(ran.out)
    nightly.tenant.advance(60)
    again = call("token", *nightly.ids, *options, "--force-refresh")
    assert of_the_app(again.out), again.err
    assert again.out != ran.out
    assert len(nightly.asked) == 2
    assert all("client_assertion=" in form for form in nightly.asked)


@pytest.mark.parametrize("source", [each for each in SOURCES if each != "command"])
def test_a_profile_names_the_source(
    source: str, nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ready_source(source, nightly, tmp_path, monkeypatch)
    nightly.sign_in(*options, "--save-profile", "nightly")
    kept = json.loads(call("profile", "show", "--json").out)["values"]
    assert kept["federated_token_source"] == source
    ran = call("token", "--force-refresh")
    assert ran.code == 0, ran.err
    assert of_the_app(ran.out)
    told = json.loads(call("status", "--json").out)
    assert {"name": "federated_token_source", "value": source, "from": "the profile nightly"} in (
        told["values"]
    )


def test_no_profile_and_no_variable_says_what_is_run(
    nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran_file = tmp_path / "ran"
    words = json.dumps([sys.executable, "-I", "-c", f"open({str(ran_file)!r}, 'w')"])
    monkeypatch.setenv("ENTRA_OAUTH_FEDERATED_TOKEN_COMMAND", words)
    monkeypatch.setenv("ENTRA_OAUTH_FEDERATED_TOKEN_SOURCE", "command")
    ran = call("token", *nightly.ids)
    assert ran.code == 2
    assert "--federated-token-command, which no profile and no variable can hold" in ran.err
    refused = call("profile", "set", "nightly", f"federated_token_command={words}")
    assert refused.code == 2
    assert not ran_file.exists()
    # A sign-in with a command keeps no source: each of the next commands names it.
    monkeypatch.delenv("ENTRA_OAUTH_FEDERATED_TOKEN_SOURCE")
    monkeypatch.delenv("ENTRA_OAUTH_FEDERATED_TOKEN_COMMAND")
    options = ready_source("command", nightly, tmp_path, monkeypatch)
    nightly.sign_in(*options, "--save-profile", "nightly")
    kept = json.loads(call("profile", "show", "--json").out)["values"]
    assert not {name for name in kept if "federated" in name}


WRONG = [
    (("--federated-token-source", "file"), "it is not said from which"),
    (("--federated-token-source", "env"), "Give --federated-token-env NAME"),
    (("--federated-token-source", "command"), "Give --federated-token-command"),
    (("--federated-token-source", "github"), "GitHub's token service is not offered here"),
    (("--federated-token-source", "azure-devops"), "map SYSTEM_ACCESSTOKEN"),
    (("--federated-token-source", "spiffe"), "a value that is not known: spiffe"),
    (("--federated-token-env", "NO_SUCH"), "There is no variable NO_SUCH here"),
    (("--federated-token-command", "ls -l"), "no JSON list of words"),
    (
        ("--federated-token-source", "github", "--federated-token-file", "x"),
        "--federated-token-file has nothing to do with --federated-token-source github",
    ),
    (
        ("--federated-token-env", "A", "--federated-token-file", "x"),
        "--federated-token-file and --federated-token-env exclude each other",
    ),
    (
        ("--federated-token-env", "A", "--certificate", "x"),
        "--certificate and --federated-token-env exclude each other",
    ),
]


@pytest.mark.parametrize(("options", "said"), WRONG)
def test_a_source_that_is_not_there_is_a_plain_error(
    options: tuple[str, ...], said: str, nightly: Nightly
) -> None:
    ran = call("token", *nightly.ids, *options)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert nightly.asked == []


def test_the_error_of_another_subject_names_the_one_that_was_presented(
    nightly: Nightly, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = nightly.tenant.issuer_token("github", audience="api://AzureADTokenExchange")
    monkeypatch.setenv("CI_JOB_TOKEN", token)
    app = next(each for each in DEFAULT.apps if each.client_id == DAEMON)
    issuer = next(each for each in app.federated if "githubusercontent" in each.issuer)
    nightly.tenant.faults.add("token error=invalid_client aadsts=700213")
    ran = call("token", *nightly.ids, "--federated-token-env", "CI_JOB_TOKEN")
    assert (ran.code, ran.out) == (3, "")
    assert "AADSTS700213" in ran.err
    assert f"subject “{issuer.subject}”" in ran.err
    assert token not in ran.both


BAD = [
    ("", 2, "is empty"),
    (" \n", 2, "is empty"),
    ("no.token", 2, "is no JWT"),
    ("a" * 65 * 1024, 2, "is larger than 64 KiB, and so no token"),
    ({"life_s": -7200}, 2, "The federated token expired"),
    ({"audience": "api://else"}, 3, "audience “api://else”; case counts."),
    ({"audience": "api://azureadtokenexchange"}, 3, "audience “api://azureadtokenexchange”"),
]


@pytest.mark.parametrize(("bad", "code", "said"), BAD)
def test_a_bad_token_is_a_plain_error_and_loses_none_that_is_kept(
    bad: str | dict[str, Any],
    code: int,
    said: str,
    nightly: Nightly,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nightly.sign_in(*ready_source("env", nightly, tmp_path, monkeypatch))
    kept, asked = nightly.kept(), len(nightly.asked)
    values = {"audience": "api://AzureADTokenExchange"}
    token = bad if isinstance(bad, str) else nightly.tenant.issuer_token("github", **values | bad)
    monkeypatch.setenv("CI_JOB_TOKEN", token)
    ran = call("token", *nightly.ids, "--federated-token-env", "CI_JOB_TOKEN", "--force-refresh")
    assert (ran.code, ran.out) == (code, ""), ran.err
    assert said in ran.err
    assert not token.strip() or token not in ran.err
    assert nightly.kept() == kept
    assert len(nightly.asked) - asked == (code == 3)


def test_a_program_gets_the_token_and_not_the_variable_that_proves_the_app(
    nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ready_source("env", nightly, tmp_path, monkeypatch)
    show = "import os; print(os.environ.get('CI_JOB_TOKEN'), len(os.environ['DATABRICKS_TOKEN']))"
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "entra_oauth", "run", *nightly.ids, *options, "--"]
        + [sys.executable, "-c", show],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("None ")
    assert "Not handed to the program: CI_JOB_TOKEN" in ran.stderr


@needs.posix
@pytest.mark.parametrize("source", SOURCES)
def test_a_hundred_processes_with_one_expired_token_ask_once_by_each_source(
    source: str, nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ready_source(source, nightly, tmp_path, monkeypatch)
    nightly.sign_in(*options, "--save-profile", "nightly")
    # A profile that names the source is enough; no profile can hold a command.
    more = options if source == "command" else ()
    assert call("token", *more).out == f"{nightly.kept()}\n"
    nightly.let_an_hour_pass()
    command = [sys.executable, "-P", "-m", "entra_oauth", "token", *more]
    children = [
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
        )
        for _ in range(100)
    ]
    try:
        answers = [child.communicate(timeout=400) for child in children]
    finally:
        for child in children:
            child.kill()
    assert {out for out, _ in answers} == {f"{nightly.kept()}\n"}, {err for _, err in answers}
    assert len(nightly.asked) == 2
