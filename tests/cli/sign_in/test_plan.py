"""A sign-in that cannot succeed ends with exit 2 and one way on, before a browser opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.command_line import CLIENT, TENANT, call, error_of

API = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
IDS = ("--tenant", TENANT, "--client-id", CLIENT)
WRONG = [
    (("--tenant", "TENANT", "--client-id", "CLIENT"), "The tenant is neither"),
    (("--tenant", "contoso", "--client-id", CLIENT), "The tenant is neither"),
    (("--tenant", TENANT, "--client-id", "ENTER_YOUR_CLIENT_ID"), "The client id is neither"),
    (("--tenant", TENANT, "--client-id", "12a34b56-789c"), "The client id is neither"),
    ((*IDS, "--scope", "grap"), "A scope is a short name that is not known."),
    ((*IDS, "--scope", "DATABRICKS"), "A scope is a short name that is not known."),
    ((*IDS, "--scope", "https://database.windows.net"), "A scope is an address without a path"),
    ((*IDS, "--scope", API), "A scope is a bare GUID"),
    ((*IDS, "--scope", "databricks,graph"), "Several scopes are joined by commas"),
]
VERBS = [
    ("login", "--browser", "none", "--cache", "none"),
    ("login", "--dry-run"),
    ("login", "--flow", "device-code"),
    ("login", "--flow", "client-credentials"),
    ("token",),
    ("token", "--interactive"),
    ("refresh",),
    ("serve", "metadata"),
    ("credential", "kubectl"),
]


@pytest.fixture(autouse=True)
def _no_browser(monkeypatch: pytest.MonkeyPatch, no_terminal: None) -> None:
    def launch(*_: object) -> None:
        raise AssertionError("the browser opened")

    monkeypatch.setattr("entra_oauth.channels.listener.system_browser.launch", launch)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
@pytest.mark.parametrize(("options", "error"), WRONG)
def test_what_cannot_succeed_is_refused_at_once(
    verb: tuple[str, ...], options: tuple[str, ...], error: str
) -> None:
    ran = call(*verb, *options)
    assert (ran.code, ran.out) == (2, ""), ran.both
    assert error_of(ran)[0].startswith(error)


@pytest.mark.parametrize(("options", "error"), WRONG)
def test_programs_and_requests_are_refused_their_token_too(
    options: tuple[str, ...], error: str, tmp_path: Path
) -> None:
    for verb, rest in (
        (("run",), ("--", "true")),
        (("api", "--workspace-url", "https://adb-1.2.azuredatabricks.net"), ("GET", "/api/2.0/x")),
        (("credential", "az", "--install", str(tmp_path)), ()),
    ):
        ran = call(*verb, *options, *rest)
        assert (ran.code, ran.out) == (2, ""), ran.both
        assert error_of(ran)[0].startswith(error)
    assert list(tmp_path.iterdir()) == []


def test_the_near_name_is_told() -> None:
    assert error_of(call("login", *IDS, "--scope", "grap"))[1].startswith("Did you mean graph?")


@pytest.mark.parametrize("scope", ["User.Read", "openid", "api://x/read", "https://host/.default"])
def test_a_scope_is_a_scope(scope: str) -> None:
    assert call("login", "--dry-run", *IDS, "--scope", scope).code == 0


@pytest.mark.parametrize("spelled", [CLIENT.upper(), f"{{{CLIENT}}}", f"{{{CLIENT.upper()}}}"])
def test_a_guid_is_one_in_every_spelling(spelled: str) -> None:
    ran = call("login", "--dry-run", "--tenant", spelled, "--client-id", spelled)
    assert ran.code == 0, ran.both
    assert f"/{CLIENT}/oauth2/" in ran.out
    assert f"client_id={CLIENT}" in ran.out


@pytest.mark.parametrize(("options", "error"), WRONG)
def test_the_articles_procedure_sends_what_it_was_given(
    options: tuple[str, ...], error: str
) -> None:
    for verb in (("mirror", "--print"), ("authorize-url", "--redirect-uri", "http://localhost")):
        assert call(*verb, *options).code == 0


WORKSPACE = ("--workspace-url", "https://adb-123.4.databricks.azure.us")


@pytest.mark.parametrize("name", ["tenant", "cloud", "authority-host"])
@pytest.mark.parametrize("more", [(), ("--dry-run",)], ids=["real", "dry"])
def test_a_dry_run_refuses_a_workspace_beside_what_it_names(
    name: str, more: tuple[str, ...]
) -> None:
    value = {"tenant": TENANT, "cloud": "china", "authority-host": "https://login.example"}[name]
    ran = call("login", "--client-id", CLIENT, f"--{name}", value, *WORKSPACE, *more)
    assert (ran.code, ran.out) == (2, "")
    assert error_of(ran)[0] == f"--workspace-url and --{name} exclude each other."


def test_a_dry_run_shows_no_tenant_that_the_workspace_would_overrule(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
    ran = call("login", "--client-id", CLIENT, *WORKSPACE, "--dry-run")
    assert (ran.code, ran.out) == (2, "")
    assert "whose tenant is given" in error_of(ran)[0]
