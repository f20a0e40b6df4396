"""Whose token is used where nobody was named: the only sign-in that is kept, or none."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from entra_oauth.cache.account import Account, App, CachedToken
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.profiles import Profile, Profiles
from entra_oauth.cli.command_line.arguments import read_arguments
from entra_oauth.practice import PracticeBrowser, http_send
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, DATABRICKS
from kit import canaries, command_line, needs
from kit.practice import ALICE, PASSWORD

PUBLIC, PRACTICE = "https://login.microsoftonline.com", "http://localhost:8400"
SCOPE = f"{DATABRICKS}/.default"
REAL = App(PUBLIC, canaries.TENANT, canaries.CLIENT_ID)
PLAYED = App(PRACTICE, canaries.TENANT, canaries.CLIENT_ID)
OTHER = App(PUBLIC, "other.example", "0d15ea5e-0000-4000-8000-000000000001")
SECURE = App("https://login.microsoftonline.us", canaries.TENANT, canaries.CLIENT_ID)
README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")


def keep(app: App, name: str = "ada@example.test", *, left_s: int = 3600) -> str:
    """Somebody has signed in to that app; their token."""
    now = int(time.time())
    text = f"token-{app.base}-{app.tenant}-{name}".replace("/", "_")
    token = CachedToken(
        text=text,
        expires_on=now + left_s,
        arrived_at=now - 1,
        arrived_on_clock=int(time.monotonic()),  # not 0: that is when the machine was started
        granted=None,
    )
    store = FileStore.standard(os.environ)
    store.save(app, Account(name=name, signed_in_at=now), SCOPE, token, signed_in=True)
    return text


def commands(ran: command_line.Ran) -> list[list[str]]:
    """The command lines that an error lists, as their arguments."""
    lines = re.findall(r"^    entra-oauth (.*)$", ran.err, re.MULTILINE)
    return [shlex.split(line) for line in lines]


DATABRICKS_CLI = ("credential", "databricks-cli", "--", "auth", "token")
ASKING = [
    ("token",),
    ("run", "--", sys.executable, "-c", "pass"),
    ("api", "GET", "https://adb-1.2.azuredatabricks.net/api/2.0/x"),
    ("serve", "metadata"),
    ("credential", "kubectl"),
    ("credential", "az", "--", "account", "get-access-token"),
    DATABRICKS_CLI,
    ("credential", "git", "get"),
    ("logout",),
]
GIT = b"protocol=https\nhost=adb-1.2.azuredatabricks.net\n\n"


def ask(*arguments: str) -> command_line.Ran:
    """Run it; git's question is on standard input."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(GIT), encoding="utf-8"))
        return command_line.call(*arguments)


# ---- none, one ---------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", ASKING, ids=" ".join)
def test_where_none_is_kept_the_tenant_is_asked_for(arguments: tuple[str, ...]) -> None:
    ran = ask(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert command_line.error_of(ran)[0] == "No tenant was given."


@pytest.mark.parametrize("app", [REAL, PLAYED, OTHER, SECURE], ids=str)
def test_the_only_one_is_used_and_standard_error_says_which(app: App) -> None:
    text = keep(app)
    ran = command_line.call("token")
    assert (ran.code, ran.out) == (0, f"{text}\n")
    (line,) = ran.err.splitlines()
    for part in ("ada@example.test", app.client_id, f"{app.base}/{app.tenant}"):
        assert part in line
    assert ("practice" in line) == (app is PLAYED)
    assert command_line.call("token", "-q").err == ""
    assert json.loads(command_line.call("token", "--json").out)["access_token"] == text


@pytest.mark.parametrize("arguments", ASKING[4:7], ids=" ".join)
def test_other_tools_are_answered_with_the_only_one(arguments: tuple[str, ...]) -> None:
    text = keep(REAL)
    ran = ask(*arguments)
    assert ran.code == 0
    assert text in ran.out
    assert ran.err.count("Using the only sign-in") == 1


def test_git_is_answered_for_hosts_of_the_only_one_and_hears_nothing_otherwise() -> None:
    text = keep(REAL)
    ran = ask("credential", "git", "get")
    assert f"password={text}\n" in ran.out
    keep(OTHER)
    for operation in ("store", "erase"):
        ran = ask("credential", "git", operation)
        assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_a_shim_names_the_one_that_it_was_made_for(tmp_path: Path) -> None:
    keep(PLAYED)
    ran = command_line.call("credential", "az", "--install", str(tmp_path))
    written = Path(ran.out.strip()).read_text(encoding="utf-8")
    assert f"--tenant {PLAYED.tenant} --client-id {PLAYED.client_id}" in written
    assert f"--authority-host {PRACTICE}" in written


def test_a_program_is_run_with_the_only_one() -> None:
    text = keep(REAL)
    script = "import os; print(os.environ['DATABRICKS_TOKEN'])"
    with command_line.Running("run", "--", sys.executable, "-c", script) as running:
        ran = running.finish()
    assert (ran.code, ran.out) == (0, f"{text}\n")
    assert "Using the only sign-in" in ran.err


def test_the_metadata_service_serves_the_only_one() -> None:
    keep(REAL)
    with command_line.Running("serve", "metadata") as running:
        running.wait_for("Tokens are served")
        assert "Using the only sign-in" in running.said
        assert running.line().startswith("http://127.0.0.1")


def test_status_says_where_the_values_come_from_and_marks_it() -> None:
    keep(PLAYED)
    value = json.loads(command_line.call("status", "--json").out)
    sources = {each["name"]: each["from"] for each in value["values"]}
    for name in ("tenant", "client_id", "account", "authority_host"):
        assert sources[name] == "the only sign-in"
    assert [each["chosen"] for each in value["accounts"]] == [True]
    keep(REAL)
    value = json.loads(command_line.call("status", "--json").out)
    assert "tenant" not in {each["name"] for each in value["values"]}
    assert [each["chosen"] for each in value["accounts"]] == [False, False]


def test_where_it_ran_out_the_command_to_sign_in_names_it() -> None:
    keep(PLAYED, left_s=-5)
    ran = command_line.call("token")
    assert ran.code == 4
    advice = command_line.error_of(ran)[1]
    assert f"--tenant {PLAYED.tenant} --client-id {PLAYED.client_id}" in advice
    assert f"--authority-host {PRACTICE}" in advice


def test_the_certificates_that_were_named_are_named_again_for_the_sign_in(tmp_path: Path) -> None:
    keep(PLAYED, left_s=-5)
    ran = command_line.call("token", "--ca-bundle", str(tmp_path / "ca.pem"))
    assert ran.code == 4
    assert f"--ca-bundle {tmp_path / 'ca.pem'}" in command_line.error_of(ran)[1]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ((), "--tenant TENANT --client-id CLIENT"),
        (("--tenant", REAL.tenant), f"--tenant {REAL.tenant} --client-id CLIENT"),
        (REAL.options, f"--tenant {REAL.tenant} --client-id {REAL.client_id}"),
        (PLAYED.options, f"--client-id {REAL.client_id} --authority-host {PRACTICE}"),
    ],
)
def test_where_nobody_has_signed_in_status_names_what_a_sign_in_needs(
    named: tuple[str, ...], said: str
) -> None:
    told = command_line.call("status", *named).out
    assert "Next: entra-oauth login " in told
    assert f"{said}\n" in told


# ---- the gate ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("api", "GET", "https://adb-1.2.azuredatabricks.net/api/2.0/x"),
        (*DATABRICKS_CLI, "--host", "adb-1.2.azuredatabricks.net"),
    ],
    ids=" ".join,
)
def test_a_practice_token_goes_to_no_real_host(arguments: tuple[str, ...]) -> None:
    text = keep(PLAYED)
    ran = command_line.call(*arguments)
    assert (ran.code, ran.out) == (5, "")
    assert text not in ran.both


def test_a_real_token_goes_to_no_practice_host() -> None:
    keep(REAL)
    assert command_line.call("api", "GET", "http://localhost:9/api/2.0/x").code == 5
    ran = ask("api", "GET", "https://evil.example/api/2.0/x")
    assert (ran.code, ran.out) == (5, "")


def test_a_token_that_is_handed_over_is_not_mixed_up_with_the_only_one() -> None:
    keep(SECURE)
    with command_line.on_stdin(f"{canaries.ACCESS_TOKEN}\n"):
        ran = command_line.call("api", "GET", "https://evil.example/", "--token-stdin")
    assert ran.code == 5
    assert "Using" not in ran.err
    assert "azuredatabricks.net" in command_line.error_of(ran)[1]  # the public cloud's, as ever


def test_a_refresh_token_is_shown_to_no_authority_that_was_not_named() -> None:
    keep(PLAYED)
    with command_line.on_stdin(canaries.REFRESH_TOKEN):
        ran = command_line.call("refresh")
    assert (ran.code, command_line.error_of(ran)[0]) == (2, "No tenant was given.")


# ---- what is named comes first ---------------------------------------------------------------


@pytest.mark.parametrize(
    "named",
    [
        ("--cloud", "public"),
        ("--authority-host", PUBLIC),
        ("--workspace-url", "https://adb-1.2.azuredatabricks.net", "--tenant", REAL.tenant),
    ],
    ids=" ".join,
)
def test_where_real_is_meant_the_practice_one_is_out(named: tuple[str, ...]) -> None:
    keep(PLAYED)
    ran = command_line.call("token", *named)
    assert (ran.code, ran.out) == (2, "")
    text = keep(REAL)
    assert command_line.call("token", *named).out == f"{text}\n"


def test_a_workspace_on_this_machine_means_the_practice_one() -> None:
    keep(REAL)
    text = keep(PLAYED)
    assert command_line.call("token", "--workspace-url", "http://localhost:9").out == f"{text}\n"


@pytest.mark.parametrize(
    ("named", "app"),
    [
        (("--tenant", "OTHER.example"), OTHER),
        (("--client-id", REAL.client_id), REAL),
        (("--cloud", "usgov"), SECURE),
        (("--authority-host", "login.microsoftonline.us"), SECURE),
        (("--workspace-url", "https://adb-1.2.databricks.azure.us"), SECURE),
        (("--authority-host", PRACTICE), PLAYED),
    ],
)
def test_what_is_named_chooses_among_several(named: tuple[str, ...], app: App) -> None:
    texts = {each: keep(each) for each in {OTHER, app, SECURE if app != REAL else OTHER}}
    assert command_line.call("token", *named).out == f"{texts[app]}\n"


def test_an_account_that_did_not_sign_in_is_not_replaced() -> None:
    keep(REAL)
    assert command_line.call("token", "--account", "eve@example.test").code == 2


@pytest.mark.parametrize("way", ["options", "variables", "own variables", "profile", "named"])
def test_options_variables_and_profiles_come_first(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(PLAYED)
    other = keep(OTHER, "bob@example.test")
    more: list[str] = []
    if way == "options":
        more = ["--tenant", OTHER.tenant, "--client-id", OTHER.client_id]
    elif way == "variables":
        monkeypatch.setenv("AZURE_TENANT_ID", OTHER.tenant)
        monkeypatch.setenv("AZURE_CLIENT_ID", OTHER.client_id)
    elif way == "own variables":
        monkeypatch.setenv("ENTRA_OAUTH_TENANT", OTHER.tenant)
        monkeypatch.setenv("ENTRA_OAUTH_CLIENT_ID", OTHER.client_id)
    else:
        values = {"tenant": OTHER.tenant, "client_id": OTHER.client_id}
        Profiles.standard(os.environ).put(Profile("work", values), as_default=way == "profile")
        more = ["-p", "work"] if way == "named" else []
    ran = command_line.call("token", *more)
    assert (ran.code, ran.out, ran.err) == (0, f"{other}\n", "")


def test_variables_for_another_app_are_not_overruled(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(REAL)
    monkeypatch.setenv("AZURE_TENANT_ID", OTHER.tenant)
    assert command_line.call("token").code == 2
    monkeypatch.setenv("AZURE_CLIENT_ID", OTHER.client_id)
    assert command_line.call("token").code == 4


# ---- several -----------------------------------------------------------------------------------

SEVERAL = [
    pytest.param([(REAL, "ada@example.test"), (PLAYED, "alice@example.test")], id="real-practice"),
    pytest.param([(REAL, "ada@example.test"), (OTHER, "ada@example.test")], id="two-real"),
    pytest.param([(REAL, "ada@example.test"), (REAL, "o'bob@example.test")], id="two-accounts"),
    pytest.param([(PLAYED, "a"), (PLAYED, "b"), (REAL, "c")], id="three"),
]


@pytest.mark.parametrize("kept", SEVERAL)
def test_several_are_listed_and_each_command_gives_its_token(kept: list[tuple[App, str]]) -> None:
    texts = {keep(app, name) for app, name in kept}
    ran = command_line.call("token")
    assert (ran.code, ran.out) == (2, "")
    command_line.error_of(ran)
    assert ran.err.count("(practice)") == sum(app is PLAYED for app, _ in kept)
    again = [command_line.call(*words) for words in commands(ran)]
    assert {each.out.strip() for each in again} == texts
    assert {(each.code, each.err) for each in again} == {(0, "")}


def _parted(line: str) -> list[tuple[str, str, str]]:
    return [word.rpartition("=") for word in shlex.split(line)]


@pytest.mark.parametrize(
    "kept",
    [*SEVERAL, pytest.param([(REAL, "ada@example.test"), (SECURE, "ada@example.test")], id="us")],
)
@pytest.mark.parametrize("more", [(), ("--scope", SCOPE)])
def test_a_choice_that_is_kept_as_the_advice_says_gives_its_token(
    kept: list[tuple[App, str]], more: tuple[str, ...]
) -> None:
    texts = {(app, name): keep(app, name) for app, name in kept}
    advice = command_line.error_of(command_line.call("token", *more))[1]
    found = re.search(
        r"entra-oauth (profile set NAME .*), then entra-oauth (profile use .*)\.", advice
    )
    assert found is not None
    for (app, name), text in texts.items():
        values = {
            "NAME": "kept", "TENANT": app.tenant, "CLIENT": app.client_id, "HOST": app.base,
            "ACCOUNT": name,
        }  # fmt: skip
        for line in found.groups():
            words = [key + eq + values.get(last, last) for key, eq, last in _parted(line)]
            assert command_line.call(*words).code == 0
        assert command_line.call("token", *more).out == f"{text}\n"


@pytest.mark.parametrize("arguments", ASKING, ids=" ".join)
def test_every_command_lists_them_as_its_own_and_does_nothing(arguments: tuple[str, ...]) -> None:
    keep(REAL)
    keep(PLAYED)
    ran = ask(*arguments)
    assert (ran.code, ran.out) == (2, "")
    listed = commands(ran)
    assert len(listed) == 2
    for words in listed:
        asked = read_arguments(words, {})
        name = asked.verb.name
        assert name == " ".join(arguments[: len(name.split())])
        assert (asked.options.app.tenant, asked.options.app.client_id) == (
            REAL.tenant,
            REAL.client_id,
        )
    assert len(FileStore.standard(os.environ).accounts()) == 2


def test_the_scope_that_was_asked_for_stands_in_each_command() -> None:
    keep(REAL)
    keep(OTHER)
    listed = commands(command_line.call("token", "--scope", SCOPE))
    assert [words[-2:] for words in listed] == [["--scope", SCOPE]] * 2


# ---- logout --------------------------------------------------------------------------------------


def test_logout_forgets_the_only_one_and_says_whom_even_when_quiet() -> None:
    keep(REAL)
    ran = command_line.call("logout", "-q")
    assert ran.code == 0
    assert "ada@example.test" in ran.err
    assert FileStore.standard(os.environ).accounts() == []


def test_logout_leaves_one_that_is_not_what_was_named() -> None:
    keep(PLAYED)
    assert command_line.call("logout", "--cloud", "public").code == 2
    assert len(FileStore.standard(os.environ).accounts()) == 1


# ---- what login, practice serve and the README say ---------------------------------------


def next_line(err: str) -> list[str]:
    (line,) = re.findall(r"^Next: entra-oauth (.*)$", err, re.MULTILINE)
    return shlex.split(line)


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch, no_terminal: None) -> command_line.Person:
    person = command_line.Person()
    monkeypatch.setattr("entra_oauth.channels.listener.system_browser.launch", person.launch)
    return person


@pytest.mark.parametrize(
    ("more", "before", "expected"),
    [
        ((), "", ["token"]),
        (("--save-profile", "work"), "", ["token"]),
        (("--save-profile", "work"), "other", ["token"]),
        (("--save-profile", "work"), "variable", ["token", "--profile", "work"]),
        (("--scope", "graph"), "", ["token", "--scope", "graph"]),
        (("--scope", "graph", "--save-profile", "work"), "other", ["token"]),
        ((), "other", None),
        ((), "profile", None),
        ((), "account", None),
        (("--cache", "none"), "", []),
        (("-q",), "", []),
    ],
)
def test_login_ends_with_the_line_that_gives_the_token(
    person: command_line.Person,
    monkeypatch: pytest.MonkeyPatch,
    more: tuple[str, ...],
    before: str,
    expected: list[str] | None,
) -> None:
    profile = Profile("old", {"tenant": "t.example", "client_id": "old"})
    with command_line.authority(person) as server:
        if before == "other":
            keep(OTHER)
        elif before == "account":
            keep(App(server.url, command_line.TENANT, command_line.CLIENT), "bob@example.test")
        elif before:
            Profiles.standard(os.environ).put(profile, as_default=True)
        if before == "variable":
            monkeypatch.setenv("ENTRA_OAUTH_PROFILE", "old")
        login = command_line.call("login", *command_line.at(server.url), "--browser", "x", *more)
        person.join()
    assert login.code == 0, login.err
    if expected == []:
        assert "Next:" not in login.err
        return
    words = next_line(login.err)
    assert login.err.splitlines()[-1].startswith("Next: ")
    assert expected is None or words == expected
    assert (expected is None) == ("--client-id" in words)
    assert command_line.call(*words).out == f"{canaries.ACCESS_TOKEN}\n"


def test_practice_serve_names_the_practice_sign_in_where_another_is_kept() -> None:
    keep(OTHER)
    with command_line.Running("practice", "serve") as served:
        base_url = served.line().strip()
        served.wait_for("practice fault")
        said = re.findall(r"^  entra-oauth (token.*|api.*)$", served.said, re.MULTILINE)
    text = keep(App(base_url, ARTICLE_TENANT_ID, ARTICLE_CLIENT_ID))
    token, api = map(shlex.split, said)
    assert command_line.call(*token).out == f"{text}\n"
    assert api[:2] == ["api", "GET"]
    assert api[3:] == token[1:]


def _practice_block() -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)
    (block,) = [each for each in blocks if "entra-oauth practice serve" in each]
    return [line for line in block.splitlines() if line.strip()]


def _pasted(line: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable if word == "python3" else word for word in shlex.split(line)]
    return subprocess.run(
        [sys.executable, "-m", "entra_oauth", *words[1:]],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@needs.posix
def test_the_practice_lines_of_the_readme_work_one_after_the_other(tmp_path: Path) -> None:
    port = command_line.free_port()
    serve, login, *others = (line.replace("8400", port) for line in _practice_block())
    with command_line.Running(*shlex.split(serve)[1:]) as served:
        served.wait_for("practice fault")
        printed = re.findall(r"^  (entra-oauth .*[^\\])$", served.said, re.MULTILINE)
        with command_line.Running(*shlex.split(login)[1:], browser=tmp_path) as running:
            PracticeBrowser(http_send, ALICE, PASSWORD).open(running.address())
            signed_in = running.finish()
        assert signed_in.code == 0, signed_in.err
        assert next_line(signed_in.err) == ["token"]
        ran = {shlex.split(line)[1]: _pasted(line) for line in [*others, *printed]}
    assert {"token", "run", "api", "status"} <= set(ran)
    assert {name: each.returncode for name, each in ran.items()} == dict.fromkeys(ran, 0)
    token = ran["token"].stdout.strip()
    assert token.count(".") == 2
    assert ran["run"].stdout == f"{len(token)}\n"
    assert "clusters" in json.loads(ran["api"].stdout)
    assert ALICE in ran["status"].stdout
    for name in ("token", "run", "api"):
        assert "Using the only sign-in" in ran[name].stderr
