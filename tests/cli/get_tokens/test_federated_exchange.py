"""`--subject-token federated`: another issuer's token straight to Databricks, without Entra."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from entra_oauth.adapters.azure import EntraCredential
from entra_oauth.adapters.profile_exchange import subject_token_of
from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.cache.account import APP_ONLY, App
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.profiles import Profile
from entra_oauth.errors import DestinationRefused, UsageError
from entra_oauth.practice.directory.workloads import DATABRICKS_ACCOUNT
from entra_oauth.practice.server.hosts import serve
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.jwt import decode
from kit import canaries, needs
from kit.command_line import call
from kit.nightly import Nightly, ready_source
from kit.practice import ALICE, BOB, DAEMON, Kit

SOURCES = ("file", "env", "command", "github", "azure-devops")
ISSUED = "/idtoken", "/oidctoken"
"""Where the practice build servers give a job its token."""


@pytest.fixture
def nightly(no_terminal: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nightly]:
    monkeypatch.setenv("DATABRICKS_ACCOUNT_ID", DATABRICKS_ACCOUNT)
    tenant = PracticeTenant()
    with serve(tenant, tls=False) as hosted:
        yield Nightly(tenant, hosted.base_url)


def _place(nightly: Nightly) -> tuple[str, ...]:
    """The workspace; `--authority-host` says that practice is meant, and nothing is asked there."""
    here = ("--workspace-url", nightly.base, "--authority-host", nightly.base)
    return ("--exchange", "databricks", "--subject-token", "federated", *here)


def _as_app(nightly: Nightly) -> tuple[str, ...]:
    return (*_place(nightly), "--exchange-client-id", DAEMON)


def _token_of(source: str, nightly: Nightly, *, life_s: int = 86_400) -> str:
    return nightly.tenant.issuer_token("github", audience=DATABRICKS_ACCOUNT, life_s=life_s)


def _asked(nightly: Nightly, *ends: str) -> list[str]:
    paths = [request.url.partition("?")[0] for request, _ in nightly.tenant.log]
    return [path for path in paths if path.endswith(ends)]


def _exchanges(nightly: Nightly) -> list[str]:
    log = nightly.tenant.log
    return [sent.body.decode() for sent, _ in log if sent.url.endswith("/oidc/v1/token")]


def _subject(text: str, nightly: Nightly) -> str:
    claims = decode(text.strip()).claims
    assert claims["iss"] == f"{nightly.base}/oidc"
    return str(claims["sub"])


@pytest.mark.parametrize("source", SOURCES)
def test_each_source_is_exchanged_without_a_request_to_entra(
    source: str, nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = _token_of(source, nightly)
    options = ready_source(source, nightly, tmp_path, monkeypatch, token=token)
    first = call("token", *_as_app(nightly), *options)
    assert first.code == 0, first.err
    assert _subject(first.out, nightly) == DAEMON
    assert call("token", *_as_app(nightly), *options).out == first.out
    assert len(_exchanges(nightly)) == 1
    nightly.tenant.advance(60)
    again = call("token", *_as_app(nightly), *options, "--force-refresh", "-o", "json")
    told = json.loads(again.out)
    assert told["access_token"] != first.out.strip()
    assert (told["source"], told["client_id"]) == ("token-exchange", DAEMON)
    assert told["authority"] == f"{nightly.base}/oidc"
    # Each exchange had a token that was read for it.
    builds = 2 if source in ("github", "azure-devops") else 0
    assert (len(_exchanges(nightly)), len(_asked(nightly, *ISSUED))) == (2, builds)
    assert not _asked(nightly, "/oauth2/v2.0/token", "/oauth2/token")
    assert token not in first.both + again.both
    assert f"&client_id={DAEMON}" in _exchanges(nightly)[0]


@pytest.mark.parametrize(
    ("more", "audience"),
    [
        ((), DATABRICKS_ACCOUNT),
        (("--exchange-audience", "api://other"), "api://other"),
        (None, "{base}/oidc/v1/token"),
    ],
)
def test_github_is_asked_for_the_audience_that_the_policy_wants(
    more: tuple[str, ...] | None,
    audience: str,
    nightly: Nightly,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = ready_source("github", nightly, tmp_path, monkeypatch)
    if more is None:
        monkeypatch.delenv("DATABRICKS_ACCOUNT_ID")
    ran = call("token", *_as_app(nightly), *options, *(more or ()))
    audience = audience.format(base=nightly.base)
    if more == ():
        assert ran.code == 0, ran.err
    else:  # the practice account's policy has neither
        assert ran.code == 3
        assert f"audience “{audience}”; case counts." in ran.err
        assert "subject “repo:contoso-practice/lessons:ref:refs/heads/main”" in ran.err
        assert "(invalid_grant, HTTP 400): no policy has the audience" in ran.err


def test_a_token_of_five_minutes_serves_for_half_of_them(
    nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ready_source("github", nightly, tmp_path, monkeypatch)
    first = call("token", *_as_app(nightly), *options)
    assert call("token", *_as_app(nightly), *options).out == first.out
    _let_it_end(nightly, left_s=140)
    assert call("token", *_as_app(nightly), *options).out != first.out
    asked_more = call("token", *_as_app(nightly), *options, "--min-validity", "200")
    assert len(_exchanges(nightly)) == 2, asked_more.err


def _let_it_end(nightly: Nightly, *, left_s: int) -> None:
    """As if the time had passed, of what is kept for the service principal."""
    store, app = FileStore.standard(os.environ), App(nightly.base, "oidc", DAEMON)
    key = f"federated -> {nightly.base}/ {DAEMON}"
    token = store.access_token(app, APP_ONLY, key)
    assert token is not None
    ends = int(time.time()) + left_s
    arrived = token.arrived_at + ends - token.expires_on
    store.save_token(app, APP_ONLY, key, replace(token, expires_on=ends, arrived_at=arrived))


def test_without_a_service_principal_nobody_gets_what_was_exchanged_for_another(
    nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, str] = {}
    for who in (ALICE, BOB, ALICE):
        token = Kit(nightly.tenant, who).tokens()["access_token"]
        options = ready_source("env", nightly, tmp_path, monkeypatch, token=token)
        ran = call("token", *_place(nightly), *options)
        assert ran.code == 0, ran.err
        assert _subject(ran.out, nightly) == who
        assert given.setdefault(who, ran.out) == ran.out
    assert len(_exchanges(nightly)) == 2
    assert "client_id" not in _exchanges(nightly)[0]
    shown = call("status")
    kept = json.loads(call("status", "--json").out)["exchanges"]
    subjects = [decode(Kit(nightly.tenant, who).tokens()["access_token"]) for who in (ALICE, BOB)]
    assert {each["subject"].split(" at ")[0] for each in kept} == {
        str(token.claims["sub"]).lower() for token in subjects
    }
    assert all(each["subject"] in shown.out for each in kept)
    assert not [text for text in given.values() if text.strip() in shown.both]
    assert "Forgotten: the tokens of" in call("logout", *_place(nightly)).err
    assert json.loads(call("status", "--json").out)["exchanges"] == []


BY_SUBJECT = {
    "exchange": "databricks",
    "subject_token": "federated",
    "federated_token_source": "github",
    "workspace_url": "https://adb-1234567890123456.7.azuredatabricks.net",
}
BEHIND = {
    "a command": ("-m", "entra_oauth", "token", "--profile", "nightly"),
    "a program": (
        "-c",
        "from entra_oauth.adapters.stored_tokens import StoredTokens\n"
        "StoredTokens.of_profile('nightly').get()",
    ),
}


@pytest.mark.parametrize("program", BEHIND.values(), ids=BEHIND)
def test_a_proxy_is_said_once_though_who_it_is_has_to_be_read_first(
    program: tuple[str, ...],
) -> None:
    values = [f"{name}={value}" for name, value in BY_SUBJECT.items()]
    assert call("profile", "set", "nightly", *values).code == 0
    command = [sys.executable, "-P", "-m", "entra_oauth", "practice", "run", "--workload", "github"]
    ran = subprocess.run(
        [*command, "--", sys.executable, "-P", *program],
        capture_output=True,
        text=True,
        check=False,
    )
    # The practice account has a policy for a service principal alone, and says so at the end.
    assert "the account has no federation policy" in ran.stderr
    assert ran.stderr.count("Requests go through the proxy") == 1


def test_a_program_gets_the_workspaces_token_and_not_what_was_exchanged(
    nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = _token_of("env", nightly)
    options = ready_source("env", nightly, tmp_path, monkeypatch, token=token)
    show = (
        "import os; e = os.environ; "
        "print(e.get('CI_JOB_TOKEN'), e['DATABRICKS_HOST'], e['DATABRICKS_TOKEN'])"
    )
    command = [sys.executable, "-P", "-m", "entra_oauth", "run", *_as_app(nightly), *options]
    ran = subprocess.run(
        [*command, "--", sys.executable, "-c", show], capture_output=True, text=True, check=False
    )
    proof, host, own = ran.stdout.split()
    assert (proof, host, _subject(own, nightly)) == ("None", nightly.base, DAEMON)
    assert "Not handed to the program: CI_JOB_TOKEN" in ran.stderr


def test_api_takes_it_to_its_workspace_and_to_no_other(
    nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = _token_of("env", nightly)
    options = (*_as_app(nightly), *ready_source("env", nightly, tmp_path, monkeypatch, token=token))
    ran = call("api", "GET", "/api/2.0/preview/scim/v2/Me", *options)
    assert json.loads(ran.out)["userName"] == DAEMON, ran.err
    other = nightly.base.replace("localhost", "127.0.0.1")
    refused = call("api", "GET", f"{other}/api/2.0/x", *options)
    assert refused.code == 5
    assert "it is of another workspace" in refused.err


def test_a_recording_has_the_three_requests_without_a_token_and_the_linter_finds_no_fault(
    nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ready_source("github", nightly, tmp_path, monkeypatch)
    folder = tmp_path / "recorded"
    ran = call("token", *_as_app(nightly), *options, "--record", str(folder))
    assert ran.code == 0, ran.err
    assert "Recorded 3 messages" in ran.err
    assert call("audit", "lint", str(folder)).code == 0
    sent = parse_qs(_exchanges(nightly)[0])["subject_token"][0]
    texts = [path.read_bytes().decode("latin-1") for path in folder.iterdir()]
    for token in (sent, ran.out.strip()):
        assert not [text for text in texts if token.rpartition(".")[2] in text]
    assert "token-exchange" in call("audit", "show", str(folder), "3").out


def _save_profile(nightly: Nightly, options: tuple[str, ...]) -> None:
    """A profile with what the options say, and no app at Entra."""
    words = dict(zip(options[::2], options[1::2], strict=True))
    said = [f"{name[2:].replace('-', '_')}={value}" for name, value in words.items()]
    assert call("profile", "set", "nightly", *said).code == 0
    assert call("profile", "use", "nightly").code == 0


def test_a_profile_gives_it_to_commands_and_adapters_and_logout_forgets_it(
    nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = ready_source("github", nightly, tmp_path, monkeypatch)
    account = ("--exchange-account", DATABRICKS_ACCOUNT)
    monkeypatch.delenv("DATABRICKS_ACCOUNT_ID")
    _save_profile(nightly, (*_as_app(nightly), *source, *account))
    given = [_by_command() for _ in range(2)]
    assert _subject(given[0], nightly) == DAEMON
    tokens = StoredTokens.of_profile("nightly")
    assert tokens.get().token.text == EntraCredential(tokens).get_token("databricks").token
    assert {tokens.get().token.text} == {text.strip() for text in given}
    assert len(_exchanges(nightly)) == 1
    tokens.check_destination(nightly.base)
    with canaries.refused(DestinationRefused):
        tokens.check_destination(nightly.base.replace("localhost", "127.0.0.1"))
    with canaries.refused(UsageError) as caught:
        tokens.get("graph")
    assert "tokens for the workspace alone" in str(caught.value)
    told = call("status").out
    assert "Asks: nobody at Entra: a federated token is exchanged   (from the profile nig" in told
    assert "Nobody has signed in, and nobody has to." in told
    assert re.search(r"^  subject_token +federated   \(from the profile nightly\)$", told, re.M)
    assert f"  service principal {DAEMON}\n    exchanged at {nightly.base} for a fed" in told
    (kept,) = json.loads(call("status", "--json").out)["exchanges"]
    assert (kept["place"], kept["client_id"], kept["subject"]) == (nightly.base, DAEMON, None)
    assert kept["expires_on"] == tokens.get().token.expires_on
    forgotten = call("logout")
    assert "Nothing was told to the workspace." in forgotten.err
    assert "Forgotten: the tokens of localhost" in forgotten.err
    assert "No tokens of localhost" in call("logout").err
    assert json.loads(call("status", "--json").out)["exchanges"] == []
    folder = Path(FileStore.standard(os.environ).folder)
    assert not [path for path in folder.rglob("*") if path.is_file() and "eyJ" in path.read_text()]
    assert _by_command() != given[0]
    assert call("logout", "--all").code == 0
    assert not folder.exists()


def test_status_tells_an_exchange_that_is_over_and_one_that_is_damaged(
    nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = ready_source("env", nightly, tmp_path, monkeypatch, token=_token_of("env", nightly))
    assert call("token", *_as_app(nightly), *source).code == 0
    _let_it_end(nightly, left_s=-5)
    assert "    no good token; the next one is exchanged anew" in call("status").out
    (file,) = (p for p in Path(FileStore.standard(os.environ).folder).rglob("*") if _is_token(p))
    file.write_bytes(b"\xff")
    ran = call("status")
    assert "exchanged at" not in ran.out
    assert "A damaged file of the token store was set aside" in ran.err


def _is_token(path: Path) -> bool:
    return path.is_file() and len(path.name) == 32


def test_logout_of_an_app_that_is_named_leaves_the_exchange_of_the_profile(
    nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = ready_source("github", nightly, tmp_path, monkeypatch)
    _save_profile(nightly, (*_as_app(nightly), *source))
    _by_command()
    for named in (("--tenant", "t.example", "--client-id", DAEMON), ("--client-id", DAEMON)):
        ran = call("logout", "-p", "nightly", "--tenant", "t.example", *named)
        assert "Nobody is signed in to this app here" in ran.err
        refused = call("logout", *_as_app(nightly), *named)
        assert (refused.code, "are two things" in refused.err) == (2, True)
    assert len(json.loads(call("status", "--json").out)["exchanges"]) == 1


def _by_command() -> str:
    """As a process of its own, so that the quick look comes first."""
    command = [sys.executable, "-P", "-m", "entra_oauth", "token"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"exchange": "databricks", "subject_token": "mine"}, "not known, or no exchange"),
        ({"subject_token": "federated"}, "not known, or no exchange"),
        (
            {"exchange": "databricks", "subject_token": "federated", "flow": "managed-identity"},
            "a managed identity's token is to be a federated one",
        ),
    ],
)
def test_a_profile_that_names_no_exchange_or_another_token_is_refused(
    values: dict[str, str], said: str
) -> None:
    with canaries.refused(UsageError) as caught:
        subject_token_of(Profile("nightly", values))
    assert said in str(caught.value)


def test_an_account_of_a_profile_is_not_called_an_option(nightly: Nightly) -> None:
    assert call("profile", "set", "mine", "account=ada", "workspace_url=" + nightly.base).code == 0
    ran = call("token", *_as_app(nightly), "--profile", "mine")
    assert (ran.code, ran.out) == (2, "")
    assert "account of the profile mine names somebody who signed in at Entra" in ran.err
    assert "Next: Use a profile without it" in ran.err


WRONG = [
    (("--federated-token-env", "NO_SUCH"), 2, "There is no variable NO_SUCH here"),
    ((), 2, "It is not said where the federated token comes from"),
    (("--federated-token-env", "EMPTY"), 2, "The variable EMPTY is empty"),
    (("--federated-token-env", "NO_TOKEN"), 2, "The federated token is no JWT"),
    (("--federated-token-env", "LARGE"), 2, "is larger than 64 KiB, and so no token"),
    (("--federated-token-env", "OVER"), 2, "is good for less than 60 seconds"),
    (("--federated-token-env", "ELSES"), 3, "no policy has the audience api://else"),
    (("--federated-token-env", "GOOD", "--interactive"), 2, "exclude each other"),
    (("--federated-token-env", "GOOD", "--account", "ada"), 2, "--account names somebody"),
    (("--federated-token-env", "GOOD", "--tenant", "t.example"), 2, "--tenant names a directory"),
    (("--federated-token-env", "GOOD", "--client-id", "c"), 2, "is --exchange-client-id."),
    (("--federated-token-env", "GOOD", "--flow", "password"), 2, "--flow names a way to Entra's"),
    (("--federated-token-env", "GOOD", "--cae"), 2, "--cae is about Entra's tokens"),
    (("--federated-token-env", "GOOD", "--correlation-id", DAEMON), 2, "is for Entra's logs"),
    (("--federated-token-env", "GOOD", "--claims", "{}"), 2, "A claims challenge is answered by"),
    (("--federated-token-env", "GOOD", "--scope", "arm"), 2, "tokens for the workspace alone"),
    (("--federated-token-env", "GOOD", "--certificate", "x"), 2, "exclude each other"),
    (("--flow", "managed-identity"), 2, "The token of a managed identity is one of Entra's"),
]


@pytest.mark.parametrize(("more", "code", "said"), WRONG)
def test_what_cannot_be_exchanged_is_a_plain_error(
    more: tuple[str, ...], code: int, said: str, nightly: Nightly, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = {
        "EMPTY": " ",
        "NO_TOKEN": "CanaryNoToken",
        "LARGE": "a" * 65 * 1024,
        "OVER": _token_of("env", nightly, life_s=59),
        "ELSES": nightly.tenant.issuer_token("github", audience="api://else"),
        "GOOD": _token_of("env", nightly),
    }
    for name, value in tokens.items():
        monkeypatch.setenv(name, value)
    ran = call("token", *_as_app(nightly), *more)
    assert (ran.code, ran.out) == (code, ""), ran.err
    assert said in ran.err
    assert not [name for name, value in tokens.items() if value.strip() and value in ran.err]
    assert len(_exchanges(nightly)) == (code == 3)
    # Nothing was given, so nothing is forgotten.
    assert "No tokens of localhost" in call("logout", *_as_app(nightly)).err


NO_PLACE = [
    (("--subject-token", "federated"), 2, "--subject-token goes with --exchange only"),
    (("--exchange", "databricks", "--subject-token", "federated"), 2, "No workspace was given"),
    (
        ("--exchange", "databricks", "--subject-token", "mine"),
        2,
        "--subject-token has a value that is not known",
    ),
    # A practice workspace does not see it where nothing says that practice is meant.
    (
        ("--exchange", "databricks", "--subject-token", "federated", "--workspace-url", "{base}"),
        5,
        "a practice workspace must not see it",
    ),
    (
        ("--exchange", "databricks", "--subject-token", "federated")
        + ("--workspace-url", "https://adb-1.7.azuredatabricks.net.evil.example"),
        5,
        "not in a domain of Azure Databricks",
    ),
    (
        ("--exchange", "databricks", "--subject-token", "federated", "--cloud", "china")
        + ("--workspace-url", "https://adb-1.7.azuredatabricks.net"),
        5,
        "is no host of the API",
    ),
]


@pytest.mark.parametrize(("options", "code", "said"), NO_PLACE)
def test_it_goes_to_a_workspace_of_its_cloud_and_nowhere_else(
    options: tuple[str, ...],
    code: int,
    said: str,
    nightly: Nightly,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CI_JOB_TOKEN", _token_of("env", nightly))
    options = tuple(each.format(base=nightly.base) for each in options)
    more = ("--exchange-client-id", DAEMON) if "databricks" in options else ()
    ran = call("token", *options, *more, "--federated-token-env", "CI_JOB_TOKEN")
    assert (ran.code, ran.out) == (code, ""), ran.err
    assert said in ran.err
    assert nightly.tenant.log == ()


@needs.posix
def test_a_hundred_processes_with_one_expired_token_exchange_once(
    nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ready_source("github", nightly, tmp_path, monkeypatch)
    assert call("token", *_as_app(nightly), *options).code == 0
    nightly.tenant.advance(600)
    _let_it_end(nightly, left_s=-5)
    command = [sys.executable, "-P", "-m", "entra_oauth", "token", *_as_app(nightly), *options]
    children = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(100)
    ]
    try:
        answers = [child.communicate(timeout=400) for child in children]
    finally:
        for child in children:
            child.kill()
    assert len({out for out, _ in answers}) == 1, {err for _, err in answers}
    assert _subject(answers[0][0], nightly) == DAEMON
    assert (len(_exchanges(nightly)), len(_asked(nightly, *ISSUED))) == (2, 2)
