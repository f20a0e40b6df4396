"""profile delete: what stays of it, and a command that forgets just that."""

from __future__ import annotations

import os
import re
import shlex

import pytest

from entra_oauth.cache.account import APP_ONLY, App
from entra_oauth.cache.file_store import FileStore
from kit import canaries, needs, stores
from kit.command_line import call

PUBLIC = "https://login.microsoftonline.com"
MINE = App(PUBLIC, canaries.TENANT, canaries.CLIENT_ID)
PLAYED = App("http://localhost:8400", canaries.TENANT, canaries.CLIENT_ID)
ELSEWHERE = App("https://login.microsoftonline.us", canaries.TENANT, canaries.CLIENT_ID)
OTHER = App(PUBLIC, "other.example", canaries.CLIENT_ID)
IDS = (f"tenant={canaries.TENANT}", f"client_id={canaries.CLIENT_ID}")
FEDERATED = (
    *("exchange=databricks", "subject_token=federated", "federated_token_source=github"),
    "workspace_url=https://adb-1.2.azuredatabricks.net",
)


def delete(*values: str) -> str:
    """Make a profile of these values, delete it, and give what is said."""
    assert call("profile", "set", "old", *values).code == 0
    ran = call("profile", "delete", "old")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("The profile old is gone.")
    return ran.err


def kept() -> list[tuple[App, str]]:
    return [(app, account.name) for app, account in FileStore.standard(os.environ).accounts()]


@needs.posix
@pytest.mark.parametrize(
    ("app", "values", "name"),
    [
        (MINE, IDS, stores.USER),
        (MINE, (*IDS, "account=eve@example.test"), "eve@example.test"),
        (MINE, (*IDS, "flow=client-credentials"), APP_ONLY),
        (PLAYED, (*IDS, "authority_host=http://localhost:8400"), stores.USER),
        (ELSEWHERE, (*IDS, "cloud=usgov"), stores.USER),
    ],
)
def test_the_command_forgets_what_is_kept_of_it_and_no_other(
    app: App, values: tuple[str, ...], name: str
) -> None:
    store = FileStore.standard(os.environ)
    # Of several the latest is meant, unless an account is named.
    names = ["bob@example.test", name]
    for each in sorted(names, key=names.index, reverse=len(values) > 2 and "account" in values[2]):
        stores.fill(store, app=app, name=each)
    stores.fill(store, app=OTHER)
    before = kept()
    found = re.search(r"Its tokens stay. To forget them: entra-oauth (.*)$", delete(*values))
    assert found is not None
    assert call("profile", "set", "new", "tenant=other.example", IDS[1]).code == 0
    assert call(*shlex.split(found[1])).code == 0
    assert kept() == [each for each in before if each != (app, name)]


@pytest.mark.parametrize(
    "values", [IDS, (IDS[1],), ("scope=graph",), (IDS[1], "tenant=x.example")], ids=str
)
def test_where_nothing_is_kept_of_it_nothing_is_said_to_stay(values: tuple[str, ...]) -> None:
    assert delete(*values) == "The profile old is gone.\n"


def test_where_the_profile_named_half_status_is_named() -> None:
    stores.fill(FileStore.standard(os.environ), app=MINE)
    said = delete(IDS[1], "workspace_url=https://adb-1.2.azuredatabricks.net")
    assert "entra-oauth status lists them, and entra-oauth logout --tenant TENANT" in said
    assert delete("scope=graph") == "The profile old is gone.\n"


@pytest.mark.parametrize(
    "values",
    [("flow=managed-identity", "managed_identity_source=imds"), ("flow=managed-identity", *IDS)],
    ids=str,
)
def test_of_a_managed_identity_only_all_is_forgotten(values: tuple[str, ...]) -> None:
    stores.fill(FileStore.standard(os.environ), app=MINE)
    assert "entra-oauth logout --all forgets them, with every sign-in." in delete(*values)
    assert len(kept()) == 1


def test_tokens_of_an_app_that_never_signed_in_are_forgotten_with_all() -> None:
    store = FileStore.standard(os.environ)
    store.save_token(MINE, APP_ONLY, stores.SCOPE, stores.token())
    assert "entra-oauth logout --all" in delete(*IDS, "flow=client-credentials")
    assert call("logout", "--all").code == 0
    assert store.tokens_without_account() == []


@needs.posix
def test_the_tokens_of_a_federated_exchange_are_named_by_the_exchange() -> None:
    found = re.search(r"To forget them: entra-oauth (.*)$", delete(*FEDERATED))
    assert found is not None
    words = shlex.split(found[1])
    assert words[:5] == ["logout", "--exchange", "databricks", "--subject-token", "federated"]
    ran = call(*words)
    assert ran.code == 0
    assert "No tokens of adb-1.2.azuredatabricks.net are kept here." in ran.err
