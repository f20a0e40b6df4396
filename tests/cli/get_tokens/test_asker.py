"""An app asks again by itself, past the hour and without a person; and it is plain who asks."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from entra_oauth.cache.account import APP_ONLY
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cli import fast_token
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import ARTICLE_TENANT_ID
from entra_oauth.practice.server.hosts import serve
from entra_oauth.practice.tenant import PracticeTenant
from kit import needs
from kit.command_line import Running, call, error_of, on_stdin
from kit.nightly import Nightly, of_the_app, save_profile
from kit.practice import DAEMON, SCOPE, SECRET


@pytest.fixture
def nightly(no_terminal: None) -> Iterator[Nightly]:
    tenant = PracticeTenant(directory=DEFAULT.with_admin_consent())
    with serve(tenant, tls=False) as hosted:
        yield Nightly(tenant, hosted.base_url)


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    return SECRET


# ---- asking again ---------------------------------------------------------------------------


def test_token_asks_again_past_the_hour_without_a_person(nightly: Nightly, secret: str) -> None:
    nightly.sign_in()
    first = nightly.kept()
    assert call("token").out == f"{first}\n"
    nightly.let_an_hour_pass()
    ran = call("token", "-o", "json")
    assert ran.code == 0, ran.err
    shown = json.loads(ran.out)
    assert of_the_app(shown["access_token"])
    assert shown["access_token"] == nightly.kept() != first
    assert (shown["source"], shown["username"]) == ("client_credentials", None)
    assert [re.findall("grant_type=([a-z_]+)", form) for form in nightly.asked] == [
        ["client_credentials"],
        ["client_credentials"],
    ]
    assert SECRET not in ran.both


def test_run_hands_over_a_fresh_token_and_keeps_the_proof_to_itself(
    nightly: Nightly, secret: str
) -> None:
    nightly.sign_in()
    nightly.let_an_hour_pass()
    show = "import os; print(os.environ['DATABRICKS_TOKEN'], os.environ.get('AZURE_CLIENT_SECRET'))"
    program = ("--", sys.executable, "-c", show)
    for more, proof in (((), "None"), (("--keep-proof",), SECRET)):
        ran = subprocess.run(
            [sys.executable, "-P", "-m", "entra_oauth", "run", *more, *program],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        assert ("Not handed to the program: AZURE_CLIENT_SECRET" in ran.stderr) is (not more)
        assert ran.stdout.split() == [nightly.kept(), proof]
    assert len(nightly.asked) == 2


def test_what_serves_tokens_asks_again_by_itself(nightly: Nightly, secret: str) -> None:
    nightly.sign_in()
    with Running("serve", "metadata", "--workspace-url", nightly.base) as running:
        url = _address_of(running)
        headers = {"X-Databricks-Metadata-Version": "1", "X-Databricks-Host": nightly.base}
        first = requests.get(url, headers=headers, timeout=10).json()["access_token"]
        nightly.let_an_hour_pass()
        second = requests.get(url, headers=headers, timeout=10).json()["access_token"]
        running.signal(signal.SIGINT)
        assert running.finish().code == 130
    assert second == nightly.kept() != first


def test_az_and_api_ask_again_too(nightly: Nightly, secret: str) -> None:
    nightly.sign_in()
    nightly.let_an_hour_pass()
    answered = json.loads(call("credential", "az", "--", "account", "get-access-token").out)
    assert answered["accessToken"] == nightly.kept()
    nightly.let_an_hour_pass()
    before = len(nightly.asked)
    ran = call("api", "GET", f"{nightly.base}/api/2.0/clusters/list")
    assert len(nightly.asked) == before + 1, ran.err


def test_the_file_of_a_federated_token_is_read_anew(nightly: Nightly, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(nightly.tenant.federated_token(DAEMON, life_s=600))
    nightly.sign_in("--federated-token-file", str(file))
    with Running(
        *("serve", "metadata", "--workspace-url", nightly.base),
        *("--federated-token-file", str(file)),
    ) as running:
        url = _address_of(running)
        headers = {"X-Databricks-Metadata-Version": "1", "X-Databricks-Host": nightly.base}
        nightly.let_an_hour_pass()
        stale = requests.get(url, headers=headers, timeout=10)
        assert stale.status_code >= 400
        file.write_text(nightly.tenant.federated_token(DAEMON))
        fresh = requests.get(url, headers=headers, timeout=10)
        assert fresh.json()["access_token"] == nightly.kept()
        running.signal(signal.SIGINT)
        running.finish()


def test_a_secret_from_standard_input_is_read_once_and_used_again(nightly: Nightly) -> None:
    with on_stdin(SECRET):
        ran = call("token", *nightly.ids, "--client-secret-stdin", "--force-refresh")
    assert ran.code == 0, ran.err
    assert of_the_app(ran.out)


def _asked_at_once(nightly: Nightly, number: int, *arguments: str) -> set[str]:
    """The answers of so many processes that begin together, past the token's hour."""
    nightly.sign_in()
    nightly.let_an_hour_pass()
    command = [sys.executable, "-P", "-m", "entra_oauth", *arguments]
    children = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(number)
    ]
    return {child.communicate(timeout=200)[0] for child in children}


RUN = ("run", "--quiet", "--", "/bin/sh", "-c", 'echo "$DATABRICKS_TOKEN"')


def test_ten_processes_with_one_expired_token_of_an_app_ask_once(
    nightly: Nightly, secret: str
) -> None:
    assert _asked_at_once(nightly, 10, "token") == {f"{nightly.kept()}\n"}
    assert len(nightly.asked) == 2


@needs.posix
def test_ten_programs_that_run_with_one_expired_token_of_an_app_ask_once(
    nightly: Nightly, secret: str
) -> None:
    assert _asked_at_once(nightly, 10, *RUN) == {f"{nightly.kept()}\n"}
    assert len(nightly.asked) == 2


def test_a_hundred_processes_with_one_expired_token_of_an_app_ask_once(
    nightly: Nightly, secret: str
) -> None:
    assert _asked_at_once(nightly, 100, "token") == {f"{nightly.kept()}\n"}
    assert len(nightly.asked) == 2


@needs.posix
def test_a_hundred_programs_that_run_with_one_expired_token_of_an_app_ask_once(
    nightly: Nightly, secret: str
) -> None:
    assert _asked_at_once(nightly, 100, *RUN) == {f"{nightly.kept()}\n"}
    assert len(nightly.asked) == 2


def test_a_hundred_who_ask_three_services_for_an_expired_token_of_an_app_get_one(
    nightly: Nightly, secret: str
) -> None:
    nightly.sign_in()
    headers = {"X-Databricks-Metadata-Version": "1", "X-Databricks-Host": nightly.base}
    with ExitStack() as stack:
        services = [
            stack.enter_context(Running("serve", "metadata", "--workspace-url", nightly.base))
            for _ in range(3)
        ]
        urls = [_address_of(each) for each in services]
        nightly.let_an_hour_pass()
        with ThreadPoolExecutor(100) as threads:
            found = threads.map(
                lambda number: requests.get(urls[number % 3], headers=headers, timeout=60).json(),
                range(100),
            )
            answers = {each["access_token"] for each in found}
        for each in services:
            each.signal(signal.SIGINT)
            assert each.finish().code == 130
    assert answers == {nightly.kept()}
    assert len(nightly.asked) == 2


def _address_of(service: Running) -> str:
    service.wait_for("Tokens are served")
    assert service._child.stdout is not None
    return service._child.stdout.readline().decode().strip()


# ---- who it is ------------------------------------------------------------------------------


def test_a_proof_in_the_environment_counts_where_nothing_else_says_who_asks(
    nightly: Nightly, secret: str
) -> None:
    ran = call("token", *nightly.ids)
    assert ran.code == 0, ran.err
    assert of_the_app(ran.out)
    assert f"The app {DAEMON} asks itself, with the proof in the environment" in ran.err
    again = call("token", *nightly.ids)
    assert again.out == ran.out
    assert len(nightly.asked) == 1


def test_a_person_who_signed_in_is_not_replaced_by_a_proof_in_the_environment(
    nightly: Nightly, secret: str
) -> None:
    store = FileStore.standard(os.environ)
    nightly.sign_in()
    ours = store.account(nightly.app, APP_ONLY)
    token = store.access_token(nightly.app, APP_ONLY, SCOPE)
    assert ours is not None
    assert token is not None
    person = replace(ours, name="alice", object_id="o", tenant_id="t")
    store.save(nightly.app, person, SCOPE, replace(token, text="eyAlices"), signed_in=True)
    assert call("token", *nightly.ids).out == "eyAlices\n"
    nightly.let_an_hour_pass()
    ran = call("token", *nightly.ids)
    assert (ran.code, ran.out) == (4, "")
    assert len(nightly.asked) == 1
    # An option says otherwise, and so does the account's name.
    for more in (("--flow", "client-credentials"), ("--account", APP_ONLY)):
        ran = call("token", *nightly.ids, *more, "--force-refresh")
        assert of_the_app(ran.out), ran.err


def test_the_flow_of_the_profile_comes_before_the_kept_sign_in(
    nightly: Nightly, secret: str
) -> None:
    save_profile(
        tenant=ARTICLE_TENANT_ID,
        client_id=DAEMON,
        authority_host=nightly.base,
        flow="client-credentials",
    )
    ran = call("token")
    assert ran.code == 0, ran.err
    assert of_the_app(ran.out)
    assert "asks itself" not in ran.err
    told = json.loads(call("status", "--json").out)
    assert told["asks"] == {"who": "app", "from": "the profile nightly"}
    assert call("profile", "set", "nightly", "flow=device-code").code == 0
    assert call("token", "--force-refresh").code == 4


def test_a_sign_in_keeps_the_whole_path_of_its_proof_in_the_save_profile(
    nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = nightly.tenant.certificate_of(DAEMON)
    (tmp_path / "app.pem").write_text(own.certificate + own.private_key)
    monkeypatch.chdir(tmp_path)
    nightly.sign_in("--certificate", "app.pem", "--save-profile", "nightly")
    monkeypatch.chdir("/")
    kept = json.loads(call("profile", "show", "--json").out)["values"]
    assert kept["certificate"] == str(tmp_path / "app.pem")
    assert kept["flow"] == "client-credentials"
    assert "PRIVATE" not in json.dumps(kept)
    # What another program's variable holds does not come before the profile.
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "of another app")
    ran = call("token", "--force-refresh")
    assert ran.code == 0, ran.err
    assert of_the_app(ran.out)


@pytest.mark.parametrize(
    ("more", "asks"),
    [
        ((), None),
        (("--flow", "client-credentials"), {"who": "app", "from": "--flow"}),
        (("--flow", "auth-code"), {"who": "person", "from": "--flow"}),
        (("--certificate", "x"), {"who": "app", "from": "--certificate"}),
    ],
)
def test_status_tells_who_asks(
    more: tuple[str, ...], asks: dict[str, str] | None, nightly: Nightly
) -> None:
    ids = nightly.ids if asks else ()
    told = json.loads(call("status", "--json", *ids, *more).out)
    assert told["asks"] == asks
    words = call("status", *ids, *more).out
    expected = {None: "", "app": "the app itself", "person": "a person who signed in"}
    assert expected[asks["who"] if asks else None] in words


def test_status_says_of_an_app_that_it_asks_again(
    nightly: Nightly, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    nightly.sign_in()
    assert "the app asks again itself, its proof is named" in call("status").out
    monkeypatch.delenv("AZURE_CLIENT_SECRET")
    assert "the app asks again itself, but no proof is named here" in call("status").out


# ---- what is refused --------------------------------------------------------------------------


def test_no_app_ends_with_the_code_that_is_for_people(
    nightly: Nightly, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    nightly.sign_in()
    nightly.let_an_hour_pass()
    monkeypatch.delenv("AZURE_CLIENT_SECRET")
    ran = call("token")
    assert (ran.code, ran.out) == (2, "")
    what, advice = error_of(ran)
    assert what == "The app has to prove itself, and its proof is not here."
    assert "AZURE_CLIENT_SECRET" in advice
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "wrong")
    ran = call("token")
    assert (ran.code, ran.out) == (3, "")
    assert "AADSTS7000215" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("token", "--client-secret-stdin", "--certificate-passphrase-stdin"),
            "Two secrets are to be read from standard input",
        ),
        (
            ("api", "GET", "https://adb-1.2.azuredatabricks.net/x", "--data", "-")
            + ("--client-secret-stdin",),
            "both to be read from standard input",
        ),
        (("credential", "git", "get", "--client-secret-stdin"), "does not have an option"),
    ],
)
def test_standard_input_is_read_for_one_thing(
    arguments: tuple[str, ...], said: str, nightly: Nightly
) -> None:
    ran = call(*arguments, *nightly.ids)
    assert (ran.code, ran.out) == (2, "")
    assert said in error_of(ran)[0]


def test_a_token_that_still_lasts_is_used_where_the_authority_is_away(
    nightly: Nightly, secret: str
) -> None:
    nightly.sign_in()
    kept = nightly.kept()
    nightly.tenant.faults.add("token status=400 times=9")
    ran = call("token", "--min-validity", "9000")
    assert (ran.code, ran.out) == (0, f"{kept}\n"), ran.err
    assert "could not be renewed" in ran.err


def test_a_person_of_whom_nothing_is_known_is_no_app(nightly: Nightly, secret: str) -> None:
    """Without an ID token the account has the client id for its name."""
    nightly.sign_in()
    store = FileStore.standard(os.environ)
    ours = store.account(nightly.app, APP_ONLY)
    token = store.access_token(nightly.app, APP_ONLY, SCOPE)
    assert ours is not None
    assert token is not None
    person = replace(ours, name=DAEMON)
    store.save(nightly.app, person, SCOPE, replace(token, expires_on=1), signed_in=True)
    assert call("token", *nightly.ids).code == 4


def test_the_fast_path_finds_what_the_app_of_a_profile_has(nightly: Nightly, secret: str) -> None:
    save_profile(
        tenant=ARTICLE_TENANT_ID,
        client_id=DAEMON,
        authority_host=nightly.base,
        flow="client-credentials",
    )
    with pytest.raises(FileNotFoundError):  # which leaves it to the full program
        fast_token.locate([], os.environ)
    printed = call("token").out
    place = fast_token.locate([], os.environ)
    assert place is not None
    assert f"{place.token(time.time(), time.monotonic())}\n" == printed
    # A person is meant from now on, and nobody says which: that takes the full program.
    assert call("profile", "set", "nightly", "flow=device-code").code == 0
    assert call("token").code == 4
    assert fast_token.locate([], os.environ) is None
