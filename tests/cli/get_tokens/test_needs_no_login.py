"""Profiles that need no login, or lack one word: they are told what is missing, and the verb."""

from __future__ import annotations

import os

import pytest

from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.cache.account import Account, App, CachedToken
from entra_oauth.cache.file_store import FileStore
from entra_oauth.errors import UsageError
from kit import canaries
from kit.command_line import call, error_of
from kit.practice import SCOPE

GUID = "1de27000-0000-4000-8000-00000000000a"
AT = ("workspace_url=https://adb-1.2.azuredatabricks.net",)
FEDERATED = ("exchange=databricks", "subject_token=federated", "federated_token_source=github", *AT)
IDENTITY = ("flow=managed-identity", "managed_identity_source=imds")


def _sign_in() -> None:
    """A person's, which would be the only one that is kept."""
    app = App("https://login.microsoftonline.com", GUID, GUID)
    token = CachedToken(text="t", expires_on=1, arrived_at=1, arrived_on_clock=1)
    store = FileStore.standard(os.environ)
    store.save(app, Account(name="ada@example.test"), SCOPE, token, signed_in=True)


VERBS = (
    *(("token",), ("api", "GET", "/x"), ("run", "--", "x"), ("login",), ("serve metadata",)),
    ("credential az", "--", "account", "get-access-token"),
    ("credential kubectl",),
    ("credential databricks-cli", "--", "auth", "token"),
)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("value", ["source=imds", f"id=client-id={GUID}"])
def test_a_profile_with_an_identity_and_no_flow_is_told_so(
    verb: tuple[str, ...], value: str
) -> None:
    _sign_in()
    assert call("profile", "set", "vm", f"managed_identity_{value}", *AT).code == 0
    ran = call(*verb[0].split(), "-p", "vm", *verb[1:])
    assert ran.code == 2
    what, next_step = error_of(ran)
    assert "The profile vm names a managed identity, but neither the flow" in what
    assert "entra-oauth profile set vm flow=managed-identity" in next_step
    told = call("status", "-p", "vm").out
    assert "Note: The profile vm names a managed identity, but neither the flow" in told
    assert "Asks:" not in told
    ran = call("logout", "-p", "vm")
    assert (ran.code, "Nothing was forgotten" in ran.err) == (2, True)
    assert len(FileStore.standard(os.environ).accounts()) == 1


def test_a_variable_that_names_an_identity_alone_is_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ENTRA_OAUTH_MANAGED_IDENTITY_SOURCE", "imds")
    what, next_step = error_of(call("token"))
    assert "ENTRA_OAUTH_MANAGED_IDENTITY_SOURCE names a managed identity" in what
    assert "Set ENTRA_OAUTH_FLOW=managed-identity" in next_step


def test_a_program_is_told_so_too() -> None:
    assert call("profile", "set", "vm", "managed_identity_source=imds").code == 0
    with canaries.refused(UsageError) as caught:
        StoredTokens.of_profile("vm")
    assert "neither the flow" in str(caught.value)
    assert "profile set vm flow=managed-identity" in caught.value.advice


def test_a_profile_that_names_an_app_beside_the_identity_means_the_app() -> None:
    ids = (f"tenant={GUID}", f"client_id={GUID}", "managed_identity_source=imds")
    assert call("profile", "set", "both", *ids).code == 0
    assert call("token", "-p", "both").code == 4


@pytest.mark.parametrize("values", [FEDERATED, IDENTITY], ids=["federated", "identity"])
@pytest.mark.parametrize("more", [(), ("--dry-run",), ("--flow", "client-credentials")])
def test_login_with_a_profile_that_needs_none_says_so(
    values: tuple[str, ...], more: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", GUID)
    assert call("profile", "set", "nightly", *values).code == 0
    if values is IDENTITY and "--flow" in more:
        more = ()  # another flow than the profile's is another's
    ran = call("login", "-p", "nightly", *more)
    assert ran.code == 2
    what, next_step = error_of(ran)
    assert "The profile nightly needs no login" in what
    assert "entra-oauth token --profile nightly" in next_step
    assert f"{'beside it' if values is FEDERATED else 'in the place of the profile'}." in next_step


def test_an_app_that_is_named_beside_such_a_profile_is_signed_in_to() -> None:
    assert call("profile", "set", "nightly", *FEDERATED).code == 0
    ids = ("--tenant", GUID, "--client-id", GUID)
    ran = call("login", "-p", "nightly", "--dry-run", *ids)
    assert "needs no login" not in ran.err
    assert call("profile", "set", "nightly", f"tenant={GUID}", f"client_id={GUID}").code == 0
    assert call("login", "-p", "nightly", "--dry-run").code == 0


def test_ids_in_the_place_of_a_default_profile_that_needs_no_login_are_signed_in_to() -> None:
    assert call("profile", "set", "vm", *IDENTITY).code == 0
    assert call("profile", "use", "vm").code == 0
    assert "The profile vm needs no login" in call("login", "--dry-run").err
    assert call("login", "--dry-run", "--tenant", GUID, "--client-id", GUID).code == 0


def test_an_exchange_that_a_profile_names_by_half_is_said_to_be_the_profiles() -> None:
    assert call("profile", "set", "half", f"tenant={GUID}", f"client_id={GUID}").code == 0
    assert call("profile", "set", "half", "subject_token=federated").code == 0
    what, _ = error_of(call("token", "-p", "half"))
    assert "subject_token of the profile half goes with --exchange only" in what
