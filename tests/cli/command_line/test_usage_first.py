"""A mistake in what was typed is told before a browser, the network or the store is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.vault import Keyring
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.channels.listener import system_browser
from entra_oauth.cli.command_line import value_forms, values
from entra_oauth.cli.command_line.arguments import read_arguments
from entra_oauth.errors import UsageError
from kit.command_line import AT_NOBODY, call, error_of

URL = "https://adb-1.2.azuredatabricks.net"
CALL = ("/api/2.0/clusters/list", *AT_NOBODY)
NO_VARIABLE = "That cannot be the name of a variable."

FORMS = [
    (("login", "-o", "env", "--env-name", "A B"), NO_VARIABLE),
    (("login", "-o", "dotenv", "--env-name", "A-B"), NO_VARIABLE),
    (("token", "--env-name", "A;rm"), NO_VARIABLE),
    (("run", "--env-name", "1A", "--", "true"), NO_VARIABLE),
    (("login", "--save-profile", "a b"), "That cannot be the name of a profile."),
    (("login", "--claims", "{"), "The claims are not JSON"),
    (("token", "--claims", "Bearer realm=x"), "The header has no claims"),
    (("refresh", "--claims", "[]"), "The claims are not JSON"),
    (("token", "--correlation-id", "x"), "The correlation id is not a GUID."),
    (("login", "--redirect-uri", "localhost"), "is not an absolute http URL"),
    (("token", "--interactive", "--redirect-uri", "http://x.example"), "plain http"),
    (("api", "GET", "/x", "--redirect-uri", "http://localhost#"), "has a part after a #"),
    (("token", "--exchange-client-id", "a b"), "client id does not look like one"),
    (("run", "--exchange-account", "x y", "--", "true"), "account's id does not look like one"),
]


@pytest.mark.parametrize(("arguments", "what"), FORMS, ids=" ".join)
def test_a_value_that_can_never_be_is_refused_before_the_verb_runs(
    arguments: tuple[str, ...], what: str
) -> None:
    with pytest.raises(UsageError) as refused:
        read_arguments(list(arguments), {})
    assert what in refused.value.what


def test_a_variable_of_ours_is_judged_too_and_one_of_azures_only_where_it_counts() -> None:
    with pytest.raises(UsageError, match="name of a variable"):
        read_arguments(["token"], {"ENTRA_OAUTH_ENV_NAME": "A B"})
    read_arguments(["token"], {"DATABRICKS_ACCOUNT_ID": "a b"})


def test_the_options_with_a_form_are_those_that_have_a_rule() -> None:
    assert {*value_forms._FORMS, "output"} == values._WITH_FORM


@pytest.fixture
def nobody_asked(monkeypatch: pytest.MonkeyPatch, no_terminal: None) -> None:
    """Store, network and browser are not to be asked: that would be exit code 1."""

    def refuse(*given: object, **more: object) -> None:
        raise AssertionError

    monkeypatch.setattr(FileStore, "standard", refuse)
    monkeypatch.setattr(Keyring, "working", refuse)
    monkeypatch.setattr(RequestsBack, "__init__", refuse)
    monkeypatch.setattr(system_browser, "launch", refuse)


OLD_KUBECTL = json.dumps({"apiVersion": "client.authentication.k8s.io/v1alpha1"})
VERBS = [
    (("api", "FETCH", *CALL, "--workspace-url", URL), "There is no such method."),
    (("api", "GET", *CALL, "--workspace-url", URL, "--data", "@body"), "A GET has no body."),
    (
        ("api", "GET", *CALL, "--workspace-url", URL, "--workspace-resource-id", "x"),
        "resource id does not look like one",
    ),
    (("credential", "az", *AT_NOBODY[:2], "--", "login"), "Only `az account get-access-token`"),
    (("credential", "databricks-cli", "--", "auth", "login"), "Only `databricks auth token`"),
    (("token", "--exchange", "databricks"), "No workspace was given that could exchange"),
    (("credential", "kubectl"), "kubectl asks in KUBERNETES_EXEC_INFO"),
    (("token", "-o", "kubectl"), "kubectl asks in KUBERNETES_EXEC_INFO"),
    (("login", *AT_NOBODY, "-o", "kubectl"), "kubectl asks in KUBERNETES_EXEC_INFO"),
    (("login", *AT_NOBODY, "--flow", "password"), "No user name was given."),
    (
        ("login", *AT_NOBODY, "--flow", "client-credentials", "--client-secret-stdin",
         "--certificate", "x.pem"),
        "exclude each other",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "what"), VERBS, ids=" ".join)
def test_what_cannot_succeed_is_refused_before_anybody_is_asked(
    arguments: tuple[str, ...],
    what: str,
    nobody_asked: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBERNETES_EXEC_INFO", OLD_KUBECTL)
    Path("body").write_text("{}", encoding="utf-8")
    ran = call(*arguments)
    assert what in error_of(ran)[0]
    assert (ran.code, ran.out) == (2, "")


def test_no_workspace_is_asked_where_no_app_is_named(
    monkeypatch: pytest.MonkeyPatch, no_terminal: None
) -> None:
    monkeypatch.setattr(RequestsBack, "__init__", lambda *given, **more: pytest.fail("asked"))
    ran = call("token", "--workspace-url", URL)
    assert (ran.code, error_of(ran)[0]) == (2, "No client id was given.")
