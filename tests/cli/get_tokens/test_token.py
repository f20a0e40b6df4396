"""token, status, logout, profile, run, serve and credential, with a sign-in that is kept."""

from __future__ import annotations

import datetime
import io
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.cache import paths as layout
from entra_oauth.cache.account import Account, App, CachedToken
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.profiles import Profile, Profiles
from entra_oauth.cli import fast_token
from entra_oauth.cli.output.token_output import Shown, render
from entra_oauth.errors import UsageError
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, DATABRICKS
from entra_oauth.protocol import scopes
from kit import canaries, command_line, needs
from kit import signed_in as at_hand
from kit.stores import keep_open_files

USER = at_hand.ALICE


@pytest.fixture
def ours() -> Iterator[at_hand.AtHand]:
    """alice has signed in; the store is the one of this test's home."""
    with at_hand.at_hand(FileStore.standard(os.environ)) as signed_in:
        yield signed_in


@pytest.fixture
def work(ours: at_hand.AtHand) -> at_hand.AtHand:
    """The same, and a default profile that says it all."""
    Profiles.standard(os.environ).put(
        Profile(
            "work",
            {
                "tenant": ARTICLE_TENANT_ID,
                "client_id": ARTICLE_CLIENT_ID,
                "authority_host": ours.hosted.base_url,
                "ca_bundle": ours.hosted.ca_file,
                "workspace_url": ours.hosted.base_url,
                "scope": ("databricks",),
            },
        )
    )
    return ours


def kept_token(ours: at_hand.AtHand) -> str:
    found = ours.store.access_token(ours.app, USER, f"{DATABRICKS}/.default")
    assert found is not None
    return found.text


def expire(ours: at_hand.AtHand) -> None:
    """Make the kept token one that is over."""
    old = ours.store.access_token(ours.app, USER, f"{DATABRICKS}/.default")
    account = ours.store.account(ours.app, USER)
    assert old is not None
    assert account is not None
    gone = type(old)(
        text=old.text, expires_on=int(time.time()) - 5, arrived_at=old.arrived_at - 4000,
        arrived_on_clock=0,
    )  # fmt: skip
    ours.store.save(ours.app, account, f"{DATABRICKS}/.default", gone, signed_in=False)


def at_once(*arguments: str) -> str | None:
    """What the fast path prints for these arguments."""
    place = fast_token.locate(list(arguments), os.environ)
    token = place.token(time.time(), time.monotonic()) if place else None
    return f"{place.start}{token}\n" if place and token else None


# ---- the formats -----------------------------------------------------------------------

SHOWN = Shown(
    token=canaries.ACCESS_TOKEN,
    expires_on=1_767_272_400,
    now=1_767_268_800,
    scopes=f"{DATABRICKS}/.default",
    granted=None,
    tenant_id="t",
    client_id="c",
    authority="https://h/t",
    username="ada",
    source="cache",
)
TOKEN = canaries.ACCESS_TOKEN


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("token", TOKEN),
        ("header", f"Authorization: Bearer {TOKEN}"),
        ("curl-config", f'header = "Authorization: Bearer {TOKEN}"'),
        ("env", f"export DATABRICKS_TOKEN='{TOKEN}'"),
        ("env-no-export", f"DATABRICKS_TOKEN='{TOKEN}'"),
        ("fish", f"set -gx DATABRICKS_TOKEN '{TOKEN}'"),
        ("powershell", f"$env:DATABRICKS_TOKEN = '{TOKEN}'"),
        ("windows-cmd", f'set "DATABRICKS_TOKEN={TOKEN}"'),
        ("dotenv", f"DATABRICKS_TOKEN='{TOKEN}'"),
        ("none", None),
    ],
)
def test_each_format_of_one_line(output: str, text: str | None) -> None:
    assert render(output, SHOWN) == text


def test_another_api_has_another_variable_and_a_name_may_be_given() -> None:
    graph = Shown(**{**_members(SHOWN), "scopes": "https://graph.microsoft.com/.default"})
    assert render("env-no-export", graph) == f"ENTRA_ACCESS_TOKEN='{TOKEN}'"
    named = Shown(**{**_members(SHOWN), "env_name": "MY_TOKEN"})
    assert render("env-no-export", named) == f"MY_TOKEN='{TOKEN}'"
    with canaries.refused(UsageError):
        render("env", Shown(**{**_members(SHOWN), "env_name": "A;rm -rf x"}))


@pytest.mark.parametrize("token", ["a'b", "a b", 'a"b', "a$b", "a`b", "a%b%", "a\\b", "a;b"])
@pytest.mark.parametrize("output", ["env", "fish", "powershell", "windows-cmd", "dotenv"])
def test_a_token_that_a_shell_could_take_for_something_else_is_refused(
    output: str, token: str
) -> None:
    with canaries.refused(UsageError):
        render(output, Shown(**{**_members(SHOWN), "token": token}))


def _members(shown: Shown) -> dict[str, Any]:
    return {name: getattr(shown, name) for name in Shown.__slots__}


def test_the_shape_of_az_is_parsed_by_azure_identity() -> None:
    value = json.loads(render("az", SHOWN) or "")
    assert set(value) == {
        *("accessToken", "expiresOn", "expires_on", "subscription", "tenant", "tokenType")
    }
    local = datetime.datetime.strptime(value["expiresOn"], "%Y-%m-%d %H:%M:%S.%f")
    assert local.timestamp() == value["expires_on"] == 1_767_272_400


@needs.python("azure.identity", pypi="azure-identity", group="interop")
@pytest.mark.parametrize("without", [(), ("expires_on",)])
def test_azure_identity_reads_either_expiry(without: tuple[str, ...]) -> None:
    from azure.identity._credentials.azure_cli import parse_token

    value = {k: v for k, v in json.loads(render("az", SHOWN) or "").items() if k not in without}
    token = parse_token(json.dumps(value))
    assert token is not None
    assert (token.token, token.expires_on) == (TOKEN, 1_767_272_400)


# What kubectl reads: k8s.io/client-go, pkg/apis/clientauthentication/v1/types.go.
EXEC_CREDENTIAL = {
    "apiVersion": str,
    "kind": str,
    "spec": {"interactive": bool},
    "status": {"expirationTimestamp": str, "token": str},
}


def _has_shape(value: Any, shape: Any) -> bool:
    if isinstance(shape, dict):
        return set(value) == set(shape) and all(_has_shape(value[k], shape[k]) for k in shape)
    return isinstance(value, shape)


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_kubectl_gets_the_version_that_it_asks_for(version: str) -> None:
    asked = {
        "apiVersion": f"client.authentication.k8s.io/{version}",
        "kind": "ExecCredential",
        "spec": {"interactive": False},
    }
    text = render("kubectl", SHOWN, {"KUBERNETES_EXEC_INFO": json.dumps(asked)}) or ""
    value = json.loads(text)
    assert _has_shape(value, EXEC_CREDENTIAL)
    assert value["apiVersion"] == asked["apiVersion"]
    assert value["kind"] == "ExecCredential"
    assert value["status"]["expirationTimestamp"] == "2026-01-01T13:00:00Z"


@pytest.mark.parametrize("asked", ["{", "[]", '{"apiVersion": "client.authentication.k8s.io/v9"}'])
def test_kubectl_of_an_unknown_version_gets_nothing(asked: str) -> None:
    with canaries.refused(UsageError):
        render("kubectl", SHOWN, {"KUBERNETES_EXEC_INFO": asked})


# ---- token -----------------------------------------------------------------------------


def test_the_token_that_is_kept_is_printed_and_nothing_is_sent(ours: at_hand.AtHand) -> None:
    ran = command_line.call("token", *ours.options)
    assert (ran.code, ran.out, ran.err) == (0, kept_token(ours) + "\n", "")


def test_an_old_token_is_renewed_first(ours: at_hand.AtHand) -> None:
    expire(ours)
    before = kept_token(ours)
    ran = command_line.call("token", *ours.options)
    assert ran.code == 0
    assert ran.out == kept_token(ours) + "\n"
    assert ran.out != before + "\n"


def test_force_refresh_and_min_validity_renew_a_good_one(ours: at_hand.AtHand) -> None:
    seen = {kept_token(ours)}
    for more in (["--force-refresh"], ["--min-validity", "900000"]):
        ran = command_line.call("token", *ours.options, *more)
        assert ran.code == 0
        seen.add(ran.out.strip())
    assert len(seen) == 3


def test_the_json_is_versioned_and_says_where_the_token_came_from(ours: at_hand.AtHand) -> None:
    value = json.loads(command_line.call("token", *ours.options, "--json").out)
    assert value["schema"] == "entra-oauth/token/1"
    assert value["source"] == "cache"
    assert value["username"] == USER
    assert value["tenant_id"] == ARTICLE_TENANT_ID
    assert "refresh_token" not in value


@pytest.mark.parametrize("more", [["--account", "eve@example.test"], ["--scope", "graph"]])
def test_where_only_a_person_can_go_on_it_ends_with_the_command_to_run(
    ours: at_hand.AtHand, more: list[str]
) -> None:
    ran = command_line.call("token", *ours.options, *more)
    assert ran.code == 4
    assert ran.out == ""
    what, command = command_line.error_of(ran)
    assert "entra-oauth login" in command
    assert ARTICLE_CLIENT_ID in command
    assert "eve" not in what or more[0] == "--account"


def test_a_token_of_one_authority_is_not_given_for_another(ours: at_hand.AtHand) -> None:
    for changed in (
        ["--tenant", "common"],
        ["--client-id", "another"],
        ["--authority-host", "https://login.microsoftonline.us"],
    ):
        options = [*ours.options, *changed]
        assert command_line.call("token", *options).code == 4


def test_a_damaged_store_is_said_once_and_asks_for_a_sign_in(ours: at_hand.AtHand) -> None:
    folder = FileStore.standard(os.environ).folder
    app = layout.app_folder(folder, *(ours.app.base, ours.app.tenant, ours.app.client_id))
    Path(layout.account_folder(app, USER), "account").write_text("null", encoding="utf-8")
    ran = command_line.call("token", *ours.options, "--force-refresh")
    assert ran.code == 4
    assert ran.err.count("set aside") == 1


def test_without_a_home_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTRA_OAUTH_CACHE_DIR", "not/absolute")
    ran = command_line.call("token", "--tenant", "common", "--client-id", canaries.CLIENT_ID)
    assert ran.code == 8
    command_line.error_of(ran)


# ---- the fast path says the same as the full program --------------------------------------

FAST = [
    [],
    ["-o", "header"],
    ["--output=token", "-q"],
    ["--account", USER.upper()],
    ["--min-validity", "60"],
    ["--scope", f"{DATABRICKS}/.default"],
]
FULL_ONLY = [
    ["-o", "json"],
    ["--min-validity", "900000"],
    ["--min-validity", "x"],
    ["--force-refresh"],
    ["--scope", "databricks openid"],
    ["--scope", "databricks", "--scope", "openid"],
    ["--cloud", "public"],
    ["--account", "eve@example.test"],
    ["--account", ""],
    ["--unknown"],
    ["stray"],
    ["-h"],
]


@pytest.mark.parametrize("more", FAST)
def test_the_fast_path_prints_what_the_full_program_prints(
    ours: at_hand.AtHand, more: list[str]
) -> None:
    options = ours.options[:6]
    assert at_once(*options, *more) == command_line.call("token", *options, *more).out != ""


@pytest.mark.parametrize("more", FULL_ONLY)
def test_the_fast_path_leaves_the_rest_to_the_full_program(
    ours: at_hand.AtHand, more: list[str]
) -> None:
    assert _quietly(lambda: at_once(*ours.options[:6], *more)) is None


def _quietly(call: Any) -> str | None:
    try:
        found: str | None = call()
    except (OSError, ValueError):
        return None
    return found


@needs.posix
@pytest.mark.parametrize("damage", ["loose", "link", "fifo", "expired", "cut", "folder", "newer"])
def test_the_fast_path_touches_nothing_that_is_out_of_the_ordinary(
    ours: at_hand.AtHand, damage: str, tmp_path: Path
) -> None:
    folder = FileStore.standard(os.environ).folder
    app = layout.app_folder(folder, ours.app.base, ours.app.tenant, ours.app.client_id)
    key = ours.app.key(USER, f"{DATABRICKS}/.default")
    path = Path(layout.line_file(layout.account_folder(app, USER), *key))
    if damage == "loose":
        path.chmod(0o644)
    elif damage == "link":
        path.rename(tmp_path / "moved")
        path.symlink_to(tmp_path / "moved")
    elif damage == "fifo":
        path.unlink()
        os.mkfifo(path)
    elif damage == "expired":
        expire(ours)
    elif damage == "cut":
        os.truncate(path, path.stat().st_size - 1)
    elif damage == "folder":
        os.chmod(folder, 0o755)
    else:
        path.write_text(
            path.read_text(encoding="utf-8").replace("token 1\n", "token 2\n"), encoding="utf-8"
        )
    assert _quietly(lambda: at_once(*ours.options[:6])) is None


def test_the_short_names_of_the_fast_path_are_those_of_the_protocol() -> None:
    assert fast_token.ALIASES == scopes.ALIASES


def test_what_a_cloud_calls_otherwise_is_left_to_the_full_program() -> None:
    given = {"tenant": "common", "client-id": "x", "scope": "arm"}
    here = fast_token._values(given, {}, "/nowhere")
    assert here
    assert here[4] == scopes.ALIASES["arm"]
    elsewhere = given | {"authority-host": "https://login.microsoftonline.us"}
    assert fast_token._values(elsewhere, {}, "/nowhere") is None
    assert fast_token._values(elsewhere | {"scope": "databricks"}, {}, "/nowhere")


def test_a_profile_is_on_the_fast_path_once_it_was_read(work: at_hand.AtHand) -> None:
    assert _quietly(at_once) is None
    expected = command_line.call("token").out
    assert expected == kept_token(work) + "\n"
    assert at_once() == expected
    assert _quietly(lambda: at_once("--profile", "work")) is None  # not asked for so far
    command_line.call("token", "--profile", "work")
    assert at_once("--profile", "work") == expected
    Profiles.standard(os.environ).put(Profile("work", {"tenant": "x", "client_id": "y"}))
    assert _quietly(at_once) is None


def test_whole_processes_print_it_with_and_without_a_network(work: at_hand.AtHand) -> None:
    expected = kept_token(work) + "\n"
    command = [sys.executable, "-m", "entra_oauth", "token"]
    for extra in ({}, {"HTTPS_PROXY": "http://127.0.0.1:1"}):
        ran = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, **extra}, check=False
        )
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, expected, "")
    program = "import sys; sys.argv = ['x', 'token']; from entra_oauth.cli import main; main()"
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", program], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert ran.stdout == expected
    for heavy in ("argparse", "json", "dataclasses", "pathlib", "tomllib", "typing", "re"):
        assert not re.search(rf"\| +{heavy}$", ran.stderr, re.MULTILINE), heavy


def test_many_real_processes_with_one_expired_token_make_one_request(work: at_hand.AtHand) -> None:
    expire(work)
    log = [0]
    handle = work.tenant.handle

    def counted(request: Any) -> Any:
        log[0] += request.path.endswith("/token")
        return handle(request)

    work.tenant.handle = counted  # type: ignore[method-assign]
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "entra_oauth", "token"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(10)
    ]
    ended = [child.communicate(timeout=60) for child in children]
    assert [child.returncode for child in children] == [0] * 10, ended
    assert {out for out, _ in ended} == {kept_token(work) + "\n"}
    assert log == [1]


# ---- status, logout, profile ------------------------------------------------------------


def test_status_tells_every_value_and_where_it_comes_from(
    work: at_hand.AtHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENTRA_OAUTH_SCOPE", "graph")
    monkeypatch.setenv("AZURE_CLIENT_ID", "shadowed-by-the-profile")
    value = json.loads(command_line.call("status", "--json", "--account", USER).out)
    assert {v["name"]: v["from"] for v in value["values"]} == {
        "account": "--account",
        "tenant": "the profile work",
        "client_id": "the profile work",
        "authority_host": "the profile work",
        "workspace_url": "the profile work",
        "ca_bundle": "the profile work",
        "scope": "ENTRA_OAUTH_SCOPE",
    }
    (account,) = value["accounts"]
    assert (account["account"], account["can_be_renewed"], account["chosen"]) == (USER, True, True)
    assert account["expires_on"] is None  # for graph there is none
    said = command_line.call("status").out
    assert USER in said
    assert kept_token(work) not in said


def test_status_tells_the_rest_beside_a_note_that_a_later_version_wrote(
    work: at_hand.AtHand,
) -> None:
    (default,) = Path(work.store.folder).rglob("default")
    default.write_bytes(default.read_bytes().replace(b"line 1", b"line 2", 1))
    ran = command_line.call("status")
    assert ran.code == 0, ran.err
    assert f"Note: {default} was written by a later version of entra-oauth." in ran.out
    assert ran.out.count("later version") == 1
    assert f"  {USER}\n" in ran.out
    value = json.loads(command_line.call("status", "--json").out)
    (note,) = value["notes"]
    assert "later version" in note
    (account,) = value["accounts"]
    assert (account["account"], account["default"], account["can_be_renewed"]) == (
        USER,
        False,
        True,
    )


def test_logout_forgets_and_says_what_is_still_honoured(work: at_hand.AtHand) -> None:
    token = kept_token(work)
    ran = command_line.call("logout")
    assert ran.code == 0
    assert ran.out == f"{work.hosted.base_url}/{ARTICLE_TENANT_ID}/oauth2/v2.0/logout\n"
    assert "stays good until" in ran.err
    assert "microsoft.com" not in ran.err, "a practice sign-in does not end there"
    left = subprocess.run(
        ["grep", "-rl", token[:40], os.environ["HOME"]], capture_output=True, check=False
    )
    assert left.stdout == b""
    assert command_line.call("token").code == 4
    again = command_line.call("logout")
    assert (again.code, again.out) == (0, "")


@pytest.mark.parametrize("braces", ["", "{}"])
def test_an_app_in_capitals_is_the_same_app(ours: at_hand.AtHand, braces: str) -> None:
    start, end = braces[:1], braces[1:]
    ids = {"--tenant": ARTICLE_TENANT_ID, "--client-id": ARTICLE_CLIENT_ID}
    capitals = [w for name, value in ids.items() for w in (name, f"{start}{value.upper()}{end}")]
    words = ["--authority-host", ours.hosted.base_url, *capitals]
    line = f"{kept_token(ours)}\n"
    assert command_line.call("token", *words).out == line
    if not braces:  # which the full program is left to read
        assert at_once(*words) == line
    (account,) = json.loads(command_line.call("status", *words, "--json").out)["accounts"]
    assert account["chosen"] is True
    assert command_line.call("logout", *words).err.startswith(f"Forgotten: {USER}.")
    assert command_line.call("token", *words).code == 4


@pytest.mark.parametrize("braces", ["", "{}"])
def test_a_profile_in_capitals_is_of_the_same_app(work: at_hand.AtHand, braces: str) -> None:
    start, end = braces[:1], braces[1:]
    profiles = Profiles.standard(os.environ)
    kept = profiles.get("work")
    assert kept is not None
    ids = {"tenant": ARTICLE_TENANT_ID, "client_id": ARTICLE_CLIENT_ID}
    capitals = {name: f"{start}{value.upper()}{end}" for name, value in ids.items()}
    profiles.put(Profile("work", {**kept.values, **capitals}))
    line = f"{kept_token(work)}\n"
    assert command_line.call("token").out == line
    assert at_once() == line  # which goes by what the full program wrote down
    assert StoredTokens.of_profile("work").get().token.text == kept_token(work)


def test_logout_names_those_that_were_kept_in_other_letters(ours: at_hand.AtHand) -> None:
    app = App(ours.app.base, ARTICLE_TENANT_ID.upper(), ARTICLE_CLIENT_ID.upper())
    token = ours.store.access_token(ours.app, USER, f"{DATABRICKS}/.default")
    assert token is not None
    ours.store.save(app, Account(name="other@example.test"), "x", token, signed_in=True)
    folder = FileStore.standard(os.environ).folder
    (Path(layout.app_folder(folder, app.base, app.tenant, app.client_id)) / "default").unlink()
    asked = command_line.call("logout", *ours.options[:6])
    assert asked.code == 4
    assert "other@example.test" in asked.err


@pytest.mark.parametrize("more", [(), ("--all",)])
def test_logout_works_where_an_open_file_cannot_be_removed(
    work: at_hand.AtHand, more: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as windows:
        keep_open_files(windows)
        ran = command_line.call("logout", *more)
    assert (ran.code, "error" in ran.err) == (0, False)
    folder = FileStore.standard(os.environ).folder
    assert not list(Path(folder).rglob("account"))
    assert not list(Path(folder).rglob("lock"))


@pytest.mark.parametrize("more", [("--account", "real@example.test"), ("--all",)])
def test_logout_of_a_sign_in_at_entra_says_where_all_sessions_end(
    ours: at_hand.AtHand, more: tuple[str, ...]
) -> None:
    token = ours.store.access_token(ours.app, USER, f"{DATABRICKS}/.default")
    assert token is not None
    app = App("https://login.microsoftonline.com", ARTICLE_TENANT_ID, ARTICLE_CLIENT_ID)
    ours.store.save(app, Account(name="real@example.test"), "x", token, signed_in=True)
    assert "https://mysignins.microsoft.com" in command_line.call("logout", *more).err


def test_logout_of_everybody(work: at_hand.AtHand) -> None:
    value = json.loads(command_line.call("logout", "--all", "--json").out)
    assert value["forgotten"] == 1
    assert not os.path.exists(FileStore.standard(os.environ).folder)
    assert command_line.call("logout", "--all").code == 0


def test_profiles_are_made_shown_used_and_removed_and_comments_stay() -> None:
    path = Path(Profiles.standard(os.environ).path)
    path.parent.mkdir(parents=True)
    path.write_text(
        '# mine\n[profile.old]\ntenant = "t"  # the old one\n\n# end\n', encoding="utf-8"
    )
    assert command_line.call("profile", "set", "new", "tenant=a", "scope=graph,openid").code == 0
    assert command_line.call("profile", "set", "new", "client_id=c", "tenant=b").code == 0
    assert command_line.call("profile", "use", "new").code == 0
    assert command_line.call("profile", "list").out == "  old\n* new\n"
    shown = json.loads(command_line.call("profile", "show", "--json").out)
    assert shown["values"] == {"tenant": "b", "client_id": "c", "scope": ["graph", "openid"]}
    assert "# the old one" in path.read_text(encoding="utf-8")
    assert path.read_text(encoding="utf-8").startswith("default_profile")
    assert command_line.call("profile", "set", "new", "tenant=").code == 0
    assert "tenant" not in command_line.call("profile", "show", "new").out
    assert command_line.call("profile", "delete", "new").code == 0
    assert command_line.call("profile", "list").out == "  old\n"
    assert "default_profile" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "nobody"),
        ("use",),
        ("use", "nobody"),
        ("delete", "nobody"),
        ("set", "x"),
        ("set", "x", "client_secret=y"),
        ("set", "x", "tenant"),
        ("set", "../x", "tenant=y"),
        ("set", "x]", "tenant=y"),
        ("set", "x", "cloud=moon"),
        ("set", "x", "tenant=a\nb"),
    ],
)
def test_what_cannot_be_a_profile_is_refused(arguments: tuple[str, ...]) -> None:
    ran = command_line.call("profile", *arguments)
    assert ran.code == 2
    command_line.error_of(ran)
    assert not os.path.exists(Profiles.standard(os.environ).path)


@pytest.mark.parametrize(
    "text",
    ["[[", "x = \n", "[profile.work]\nsecret = 'x'\n", "[profile.work]\ntenant = 1\n",
     "default_profile = 'gone'\n"],
)  # fmt: skip
def test_a_file_of_profiles_that_is_wrong_is_named(text: str) -> None:
    path = Path(Profiles.standard(os.environ).path)
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    ran = command_line.call("token", *(["--profile", "work"] if "work" in text else []))
    assert ran.code == 2
    command_line.error_of(ran)
    assert path.read_text(encoding="utf-8") == text


# ---- run, serve ---------------------------------------------------------------------------

ENVIRONMENT = "import os, json; print(json.dumps({k: v for k, v in os.environ.items()}))"


def _process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "entra_oauth", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        **options,
    )


def test_a_program_is_run_with_the_token_in_its_environment(work: at_hand.AtHand) -> None:
    ran = _process("run", "--", sys.executable, "-c", ENVIRONMENT)
    environ = json.loads(ran.stdout)
    assert environ["DATABRICKS_TOKEN"] == kept_token(work)
    assert environ["DATABRICKS_HOST"] == work.hosted.base_url
    assert environ["DATABRICKS_AUTH_TYPE"] == "pat"


@needs.posix
@pytest.mark.parametrize(("script", "code"), [("raise SystemExit(7)", 7), ("import os, signal; "
    "os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM)])  # fmt: skip
def test_its_end_is_the_programs_own(work: at_hand.AtHand, script: str, code: int) -> None:
    assert _process("run", "--", sys.executable, "-c", script).returncode == code


@needs.posix
def test_a_program_that_is_not_there_or_may_not_run_ends_as_in_a_shell(
    work: at_hand.AtHand, tmp_path: Path
) -> None:
    file = tmp_path / "no-program"
    file.write_text("data")
    for program, code in (
        ("there-is-no-such-program", 127),
        (str(file), 126),
        (str(tmp_path), 126),
    ):
        ran = _process("run", "--", program)
        assert (ran.returncode, ran.stdout) == (code, "")
        assert "cannot be started" in ran.stderr
        assert "Traceback" not in ran.stderr


def test_no_token_is_run_to_a_workspace_that_it_is_not_for(work: at_hand.AtHand) -> None:
    other = ("--workspace-url", "https://adb-1.2.azuredatabricks.net")
    ran = command_line.call("run", *other, "--", "true")
    assert ran.code == 5


def test_the_metadata_service_is_served_until_ctrl_c(work: at_hand.AtHand) -> None:
    import requests

    with command_line.Running("serve", "metadata") as running:
        running.wait_for("Tokens are served")
        assert running._child.stdout is not None
        url = running._child.stdout.readline().decode().strip()
        headers = {"X-Databricks-Metadata-Version": "1", "X-Databricks-Host": work.hosted.base_url}
        value = requests.get(url, headers=headers, timeout=10).json()
        assert value["access_token"] == kept_token(work)
        headers["X-Databricks-Host"] = "https://localhost:1"
        assert requests.get(url, headers=headers, timeout=10).status_code == 403
        running.signal(signal.SIGINT)
        assert running.finish().code == 130


# ---- credential ---------------------------------------------------------------------------

AZ = ("credential", "az", "--", "account", "get-access-token", "--output", "json")


def test_az_answers_for_the_profiles_own_scopes_only(work: at_hand.AtHand) -> None:
    value = json.loads(command_line.call(*AZ, "--resource", DATABRICKS).out)
    assert value["accessToken"] == kept_token(work)
    assert json.loads(command_line.call(*AZ, "--scope", f"{DATABRICKS}/.default").out) == value
    assert json.loads(command_line.call(*AZ, "--resource", f"{DATABRICKS}/").out) == value
    for other in ("https://graph.microsoft.com", "https://management.azure.com/", "x"):
        ran = command_line.call(*AZ, "--resource", other)
        assert (ran.code, ran.out) == (5, "")
    assert command_line.call(*AZ, "--tenant", "another").code == 5
    assert command_line.call("credential", "az", "--", "login").code == 2
    assert command_line.call(*AZ, "--tenant", f"{{{ARTICLE_TENANT_ID.upper()}}}").code == 0


@needs.posix
@needs.python("azure.identity", pypi="azure-identity", group="interop")
def test_azure_identity_takes_the_shim_for_az(
    work: at_hand.AtHand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import AzureCliCredential

    ran = command_line.call(
        "credential", "az", "--profile", "work", "--install", str(tmp_path / "a b")
    )
    shim = Path(ran.out.strip())
    assert stat.S_IMODE(shim.stat().st_mode) == 0o755
    monkeypatch.setenv("PATH", str(shim.parent), prepend=os.pathsep)
    token = AzureCliCredential(process_timeout=30).get_token(f"{DATABRICKS}/.default")
    assert token.token == kept_token(work)
    assert abs(token.expires_on - time.time()) < 90 * 60
    with pytest.raises(ClientAuthenticationError):
        AzureCliCredential(process_timeout=30).get_token("https://graph.microsoft.com/.default")
    # It is replaced by itself, and nobody else's program is.
    assert command_line.call("credential", "az", "--install", str(shim.parent)).code == 0
    shim.write_text("#!/bin/sh\n", encoding="utf-8")
    assert command_line.call("credential", "az", "--install", str(shim.parent)).code == 2
    assert shim.read_text(encoding="utf-8") == "#!/bin/sh\n"


@needs.posix
def test_a_shim_runs_nothing_of_the_folder_in_which_the_tool_is_run(
    work: at_hand.AtHand, tmp_path: Path
) -> None:
    ran = command_line.call("credential", "az", "--install", str(tmp_path / "shims"))
    hostile = tmp_path / "cloned"
    hostile.mkdir()
    for name in ("entra_oauth", "json", "argparse"):
        (hostile / f"{name}.py").write_text("import os\nos.write(2, b'owned')\nos._exit(66)\n")
    done = subprocess.run(
        [ran.out.strip(), "account", "get-access-token", "--resource", DATABRICKS],
        capture_output=True, text=True, cwd=hostile, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["accessToken"] == kept_token(work)


@needs.posix
def test_a_shim_is_not_written_through_a_link(work: at_hand.AtHand, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    shims = tmp_path / "shims"
    shims.mkdir()
    (shims / "az.new").symlink_to(victim)
    assert command_line.call("credential", "az", "--install", str(shims)).code == 0
    assert victim.read_text() == "mine"
    assert sorted(path.name for path in shims.iterdir()) == ["az", "az.new"]


@needs.posix
@needs.python("databricks.sdk", pypi="databricks-sdk", group="interop")
def test_databricks_sdk_takes_the_shim_for_databricks(
    work: at_hand.AtHand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from databricks.sdk import WorkspaceClient

    ran = command_line.call("credential", "databricks-cli", "--install", str(tmp_path))
    monkeypatch.setenv("DATABRICKS_CLI_PATH", ran.out.strip())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", work.hosted.ca_file)
    client = WorkspaceClient(host=work.hosted.base_url, auth_type="databricks-cli")
    assert client.current_user.me().user_name == USER


def test_databricks_cli_answers_for_its_own_host_only(work: at_hand.AtHand) -> None:
    ask = ("credential", "databricks-cli", "--", "auth", "token", "--host")
    value = json.loads(command_line.call(*ask, work.hosted.base_url).out)
    assert value["access_token"] == kept_token(work)
    assert "." in value["expiry"]
    for other in (
        "https://evil.example",
        "https://localhost:1",
        "https://adb-1.2.azuredatabricks.net",
    ):
        ran = command_line.call(*ask, other)
        assert (ran.code, ran.out) == (5, "")
    version = json.loads(command_line.call("credential", "databricks-cli", "--", "version").out)
    assert {"Major", "Minor", "Patch"} <= set(version)


@needs.git
@needs.posix
def test_git_takes_what_the_helper_says(work: at_hand.AtHand, tmp_path: Path) -> None:
    helper = f"!{sys.executable} -m entra_oauth credential git --profile work"
    environ = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1"}

    def fill(host: str, protocol: str = "https") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", "-c", "credential.helper=", "-c", f"credential.helper={helper}",
             "credential", "fill"],
            input=f"protocol={protocol}\nhost={host}\n\n", capture_output=True, text=True,
            env=environ, cwd=tmp_path, check=False, timeout=60,
        )  # fmt: skip

    ran = fill(f"localhost:{work.hosted.port}")
    lines = dict(line.split("=", 1) for line in ran.stdout.splitlines())
    assert kept_token(work) in (lines.get("password"), lines.get("credential"))
    for host, protocol in (
        ("evil.example", "https"),
        ("localhost:1", "https"),
        ("adb-1.2.azuredatabricks.net", "https"),
        (f"localhost:{work.hosted.port}", "http"),
    ):
        refused = fill(host, protocol)
        assert refused.returncode != 0
        assert kept_token(work) not in refused.stdout + refused.stderr


@needs.git
@needs.posix
def test_git_brings_a_token_back_that_a_server_refused_and_gets_another(
    work: at_hand.AtHand, tmp_path: Path
) -> None:
    helper = f"!{sys.executable} -m entra_oauth credential git --profile work"
    environ = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1"}
    place = f"protocol=https\nhost=localhost:{work.hosted.port}\n"

    def git(operation: str, more: str = "") -> str:
        ran = subprocess.run(
            ["git", "-c", "credential.helper=", "-c", f"credential.helper={helper}",
             "credential", operation],
            input=f"{place}{more}\n", capture_output=True, text=True,
            env=environ, cwd=tmp_path, check=False, timeout=60,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    first = git("fill")
    assert kept_token(work) in first
    git("approve", first)
    assert git("fill") == first
    git("reject", first)
    again = git("fill")
    assert kept_token(work) in again
    assert again != first


def test_git_gets_nothing_for_store_and_erase(work: at_hand.AtHand) -> None:
    for operation in ("store", "erase"):
        with command_line.on_stdin("protocol=https\nhost=x\npassword=y\n\n"):
            ran = command_line.call("credential", "git", operation)
        assert (ran.code, ran.out, ran.err) == (0, "", "")


def _git(operation: str, host: str, *more: str) -> command_line.Ran:
    asked = "\n".join(("protocol=https", f"host={host}", *more, "", ""))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(asked.encode()), encoding="utf-8"))
        return command_line.call("credential", "git", operation)


def test_a_token_that_a_server_refused_is_not_answered_again(work: at_hand.AtHand) -> None:
    host = work.hosted.base_url.partition("://")[2]
    first = kept_token(work)
    assert f"password={first}\n" in _git("get", host).out
    for other, password in ((host, "another"), ("elsewhere.example", first)):
        assert _git("erase", other, "username=token", f"password={password}").code == 0
        assert kept_token(work) == first
    assert _git("erase", host, "username=token", f"password={first}").out == ""
    again = _git("get", host)
    assert again.code == 0, again.err
    assert f"password={kept_token(work)}\n" in again.out
    assert kept_token(work) != first


def test_git_s_request_ends_at_the_blank_line_and_says_nothing_twice(work: at_hand.AtHand) -> None:
    host = work.hosted.base_url.partition("://")[2]
    assert "password=" in _git("get", host, "", "host=elsewhere.example").out
    ran = _git("get", host, "host=elsewhere.example")
    assert (ran.code, ran.out) == (2, "")
    assert "twice" in command_line.error_of(ran)[0]
    assert "password=" in _git("get", host, "wwwauth[]=a", "wwwauth[]=b").out


def test_kubectl_gets_an_exec_credential_for_the_hosts_of_the_profile(
    work: at_hand.AtHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = json.loads(command_line.call("credential", "kubectl").out)
    assert value["status"]["token"] == kept_token(work)
    assert command_line.call("profile", "set", "work", "hosts=k.example").code == 0
    asked = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "spec": {"cluster": {"server": "https://evil.example"}},
    }
    monkeypatch.setenv("KUBERNETES_EXEC_INFO", json.dumps(asked))
    assert command_line.call("credential", "kubectl").code == 5


# ---- what a sign-in keeps -------------------------------------------------------------------


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch, no_terminal: None) -> command_line.Person:
    person = command_line.Person()
    monkeypatch.setattr("entra_oauth.channels.listener.system_browser.launch", person.launch)
    return person


def login(person: command_line.Person, *more: str) -> command_line.Ran:
    with command_line.authority(person) as server:
        ran = command_line.call("login", *command_line.at(server.url), "--browser", "x", *more)
        person.join()
    return ran


def test_login_keeps_saves_a_profile_and_token_finds_it(person: command_line.Person) -> None:
    ran = login(person, "--save-profile", "work")
    assert ran.code == 0, ran.err
    assert "Kept in" in ran.out
    assert canaries.found_in(ran.both, [canaries.ACCESS_TOKEN, canaries.REFRESH_TOKEN]) == []
    assert command_line.call("token").out == canaries.ACCESS_TOKEN + "\n"
    folder = Path(FileStore.standard(os.environ).folder)
    paths = list(folder.rglob("*"))
    assert any(canaries.REFRESH_TOKEN in p.read_text() for p in paths if p.is_file())
    if os.name == "posix":
        assert all(stat.S_IMODE(path.lstat().st_mode) & 0o077 == 0 for path in paths)
    assert person.page
    canaries.assert_clean(Path(Profiles.standard(os.environ).path).read_text(encoding="utf-8"))


def test_the_default_profile_is_out_of_it_where_both_ids_are_given(
    person: command_line.Person,
) -> None:
    assert login(person, "--save-profile", "work").code == 0
    ids = ("--tenant", "common", "--client-id", canaries.CLIENT_ID)
    ran = command_line.call("authorize-url", *ids, "--redirect-uri", "http://localhost")
    assert ran.out.startswith("https://login.microsoftonline.com/common/"), ran.both
    ran = command_line.call("login", "--dry-run", *ids)
    assert ran.out.startswith("https://login.microsoftonline.com/common/"), ran.both


@pytest.mark.parametrize("where", ["none", "memory"])
def test_login_keeps_nothing_if_it_shall_not(person: command_line.Person, where: str) -> None:
    assert "Nothing was kept" in login(person, "--cache", where).out
    assert not os.path.exists(FileStore.standard(os.environ).folder)


def test_the_articles_procedure_keeps_nothing(person: command_line.Person) -> None:
    with command_line.authority(person) as server:
        ran = command_line.call(
            *(
                "mirror",
                *command_line.at(server.url),
                "--browser",
                "x",
                "--port",
                command_line.free_port(),
            )
        )
        person.join()
    assert ran.out == canaries.ACCESS_TOKEN + "\n"
    assert not os.path.exists(FileStore.standard(os.environ).folder)


def test_a_full_disk_does_not_take_the_token_away(
    person: command_line.Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = os.open

    def full(path: str, flags: int, mode: int = 0o777, **more: int) -> int:
        if flags & os.O_CREAT:
            raise OSError(28, "No space left on device")
        return genuine(path, flags, mode, **more)

    monkeypatch.setattr(os, "open", full)
    ran = login(person, "-o", "token")
    assert (ran.code, ran.out) == (0, canaries.ACCESS_TOKEN + "\n")
    assert "will not be kept" in ran.err


@pytest.mark.parametrize("where", ["file", "keyring"])
def test_a_store_that_was_asked_for_and_cannot_be_had_stops_before_the_browser(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if where == "file":
        folder = FileStore.standard(os.environ).folder
        os.makedirs(os.path.dirname(folder))
        Path(folder).write_text("a file in its place", encoding="utf-8")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    ran = command_line.call("login", *command_line.AT_NOBODY, "--cache", where, "--no-browser")
    assert ran.code == 8
    assert "authorize" not in ran.both


@needs.posix
def test_whoever_waits_for_another_process_prints_what_that_one_brings(
    work: at_hand.AtHand,
) -> None:
    command_line.call("token")  # reads the profile
    expire(work)
    account = work.store.account(work.app, USER)
    assert account is not None
    with ExitStack() as stack:
        lock = stack.enter_context(work.store.lock(work.app, USER))
        assert lock.take(0)
        with subprocess.Popen(
            [sys.executable, "-m", "entra_oauth", "token"], stdout=subprocess.PIPE, text=True
        ) as child:
            time.sleep(0.3)
            assert child.poll() is None
            # One that lasts shorter than was asked for will do: there is no better one.
            at = int(time.time())
            fresh = CachedToken(
                text="eyFresh",
                expires_on=at + 60,
                arrived_at=at,
                arrived_on_clock=int(time.monotonic()),
            )
            work.store.save(work.app, account, f"{DATABRICKS}/.default", fresh, signed_in=False)
            stack.close()
            assert child.communicate(timeout=90)[0] == "eyFresh\n"


@needs.posix
def test_the_lock_that_the_fast_path_keeps_is_the_full_programs(work: at_hand.AtHand) -> None:
    command_line.call("token")
    expire(work)
    ran = subprocess.run(
        [sys.executable, "-m", "entra_oauth", "token"], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, kept_token(work) + "\n")
