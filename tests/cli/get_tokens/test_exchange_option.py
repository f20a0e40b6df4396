"""`--exchange databricks`: the workspace's own token in the place of Entra's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from entra_oauth.adapters.databricks import DatabricksStrategy
from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.cache.account import APP_ONLY
from entra_oauth.cache.file_store import FileStore
from entra_oauth.errors import AuthorityError, DestinationRefused
from entra_oauth.flows import exchange_at_workspace
from entra_oauth.practice.server.hosts import serve
from kit import canaries, needs
from kit.command_line import call
from kit.nightly import Nightly, exchanging_tenant, is_own, of_the_app, save_profile
from kit.practice import DAEMON, SECRET


@pytest.fixture
def nightly(no_terminal: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nightly]:
    tenant = exchanging_tenant()
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    with serve(tenant, tls=False) as hosted:
        yield Nightly(tenant, hosted.base_url)


def _options(nightly: Nightly) -> tuple[str, ...]:
    return (
        *("--exchange", "databricks", "--exchange-client-id", DAEMON),
        *("--workspace-url", nightly.base),
    )


def _at_workspace(nightly: Nightly, what: str = "/oidc/v1/token") -> list[str]:
    return [request.body.decode() for request, _ in nightly.tenant.log if what in request.url]


def test_token_gives_the_workspaces_own_and_keeps_it_beside_entras(nightly: Nightly) -> None:
    nightly.sign_in()
    options = _options(nightly)
    first = call("token", *nightly.ids, *options)
    assert first.code == 0, first.err
    assert is_own(first.out, nightly)
    assert call("token", *nightly.ids, *options).out == first.out
    assert len(_at_workspace(nightly)) == 1
    # Entra's stands under its own key, and neither is given in the place of the other.
    entras = call("token", *nightly.ids)
    assert entras.out == f"{nightly.kept()}\n" != first.out
    again = call("token", *nightly.ids, *options, "--force-refresh", "-o", "json")
    told = json.loads(again.out)
    assert is_own(told["access_token"], nightly)
    assert told["source"] == "token-exchange"
    assert told["access_token"] != first.out.strip()
    # It was exchanged anew with a fresh token of Entra's.
    assert len(_at_workspace(nightly)) == 2
    assert len(_at_workspace(nightly, "/oauth2/v2.0/token")) == 2
    assert SECRET not in first.both + again.both


def test_an_exchanged_token_that_is_over_is_exchanged_again(nightly: Nightly) -> None:
    nightly.sign_in()
    first = call("token", *nightly.ids, *_options(nightly)).out
    nightly.let_an_hour_pass()
    _let_the_exchanged_end(nightly)
    second = call("token", *nightly.ids, *_options(nightly))
    assert second.code == 0, second.err
    assert is_own(second.out, nightly)
    assert second.out != first
    assert len(_at_workspace(nightly)) == 2


@pytest.mark.parametrize(("left_s", "code"), [(120, 0), (50, 3)])
def test_while_an_exchanged_token_lasts_it_is_used_where_no_other_is_had(
    left_s: int, code: int, nightly: Nightly, monkeypatch: pytest.MonkeyPatch
) -> None:
    nightly.sign_in()
    first = call("token", *nightly.ids, *_options(nightly)).out
    _let_the_exchanged_end(nightly, left_s=left_s)

    def refuse(*_: object, **__: object) -> None:
        raise AuthorityError("The policy is gone.", advice="Ask.", stage="token", error="no")

    monkeypatch.setattr(exchange_at_workspace, "exchange_token", refuse)
    ran = call("token", *nightly.ids, *_options(nightly), "--min-validity", "1")
    again = call("token", *nightly.ids, *_options(nightly))
    assert again.code == code, again.err
    assert (again.out == first) is (code == 0)
    # Nobody is given what is over within the minute, however little was asked for.
    assert ran.code == code


def _let_the_exchanged_end(nightly: Nightly, *, left_s: int = -5) -> None:
    store = FileStore.standard(os.environ)
    key = f"2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default -> {nightly.base}/ {DAEMON}"
    token = store.access_token(nightly.app, APP_ONLY, key)
    assert token is not None
    ends = int(time.time()) + left_s
    old = replace(token, expires_on=ends, arrived_at=token.arrived_at - 3600)
    store.save_token(nightly.app, APP_ONLY, key, old)


def test_logout_forgets_the_exchanged_token_too(nightly: Nightly) -> None:
    nightly.sign_in()
    assert call("token", *nightly.ids, *_options(nightly)).code == 0
    assert call("logout", *nightly.ids).code == 0
    folder = Path(FileStore.standard(os.environ).folder)
    texts = [path.read_text() for path in folder.rglob("*") if path.is_file()]
    assert not [text for text in texts if "eyJ" in text]


def test_a_profile_exchanges_and_the_fast_path_gives_nothing_else(nightly: Nightly) -> None:
    nightly.sign_in("--save-profile", "nightly")
    assert of_the_app(call("token").out)
    save_profile(exchange="databricks", exchange_client_id=DAEMON, workspace_url=nightly.base)
    for _ in range(2):
        ran = subprocess.run(
            [sys.executable, "-P", "-m", "entra_oauth", "token"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert is_own(ran.stdout, nightly), ran.stderr
    assert len(_at_workspace(nightly)) == 1


def test_api_takes_it_to_its_workspace_and_to_no_other(nightly: Nightly) -> None:
    nightly.sign_in()
    url = f"{nightly.base}/api/2.0/preview/scim/v2/Me"
    ran = call("api", "GET", url, *nightly.ids, *_options(nightly))
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["userName"] == DAEMON
    other = nightly.base.replace("localhost", "127.0.0.1")
    refused = call("api", "GET", f"{other}/api/2.0/x", *nightly.ids, *_options(nightly))
    assert refused.code == 5
    assert "it is of another workspace" in refused.err


def test_run_hands_over_the_workspaces_own(nightly: Nightly) -> None:
    nightly.sign_in()
    show = "import os; e = os.environ; print(e['DATABRICKS_HOST'], e['DATABRICKS_TOKEN'])"
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "entra_oauth", "run", *nightly.ids, *_options(nightly), "--"]
        + [sys.executable, "-c", show],
        capture_output=True,
        text=True,
        check=False,
    )
    host, token = ran.stdout.split()
    assert host == nightly.base
    assert is_own(token, nightly)


def test_adapters_take_it_from_the_profile(nightly: Nightly) -> None:
    nightly.sign_in("--save-profile", "nightly")
    save_profile(exchange="databricks", exchange_client_id=DAEMON, workspace_url=nightly.base)
    tokens = StoredTokens.of_profile("nightly")
    assert is_own(tokens.get().token.text, nightly)
    # Another scope than the profile's is no business of the workspace.
    assert not is_own(tokens.get("graph").token.text, nightly)

    class Config:
        host = nightly.base

    headers = DatabricksStrategy(tokens)(Config())()
    assert headers["Authorization"] == f"Bearer {tokens.get().token.text}"
    with canaries.refused(DestinationRefused):
        tokens.check_destination(nightly.base.replace("localhost", "127.0.0.1"))


WRONG = [
    (("--exchange", "databricks"), "No workspace was given"),
    (("--exchange", "snowflake", "--workspace-url", "{base}"), "a value that is not known"),
    (("--exchange-client-id", "x"), "goes with --exchange only"),
    (
        ("--exchange", "databricks", "--workspace-url", "{base}", "--interactive"),
        "--interactive and --exchange exclude each other",
    ),
    (
        ("--exchange", "databricks", "--workspace-url", "{base}", "--interactive"),
        "Sign in with entra-oauth login --tenant ",
    ),
]


@pytest.mark.parametrize(("options", "said"), WRONG)
def test_what_does_not_go_together_is_said(
    options: tuple[str, ...], said: str, nightly: Nightly
) -> None:
    options = tuple(each.format(base=nightly.base) for each in options)
    ran = call("token", *nightly.ids, *options)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


@pytest.mark.parametrize("scope", ["arm", "https://vault.azure.net/.default"])
def test_a_token_for_another_api_is_not_got_to_be_shown_to_a_workspace(
    scope: str, nightly: Nightly
) -> None:
    before = len(nightly.tenant.log)
    ran = call("token", *nightly.ids, *_options(nightly), "--scope", scope)
    assert (ran.code, ran.out) == (5, "")
    assert "a workspace is not shown one for " in ran.err
    assert len(nightly.tenant.log) == before


def test_a_refusal_loses_no_token_and_names_the_policy(nightly: Nightly) -> None:
    nightly.sign_in()
    before = nightly.kept()
    other = ("--exchange", "databricks", "--workspace-url", nightly.base)
    ran = call("token", *nightly.ids, *other)  # as if the app were a person
    assert (ran.code, ran.out) == (3, "")
    assert "refused to exchange the token (invalid_grant, HTTP 401)" in ran.err
    assert "federation policy" in ran.err
    assert nightly.kept() == before
    assert before not in ran.err


@needs.posix
def test_a_hundred_processes_with_one_expired_exchanged_token_exchange_once(
    nightly: Nightly,
) -> None:
    nightly.sign_in()
    assert call("token", *nightly.ids, *_options(nightly)).code == 0
    nightly.let_an_hour_pass()
    _let_the_exchanged_end(nightly)
    command = [sys.executable, "-P", "-m", "entra_oauth", "token"]
    children = [
        subprocess.Popen(
            [*command, *nightly.ids, *_options(nightly)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(100)
    ]
    try:
        answers = [child.communicate(timeout=400) for child in children]
    finally:
        for child in children:
            child.kill()
    assert len({out for out, _ in answers}) == 1, {err for _, err in answers}
    assert is_own(answers[0][0], nightly)
    assert len(_at_workspace(nightly)) == 2
    assert len(_at_workspace(nightly, "/oauth2/v2.0/token")) == 2
