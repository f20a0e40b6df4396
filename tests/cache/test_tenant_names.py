"""A tenant's domain and its GUID are one tenant, once an ID token has told so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from entra_oauth.cache import paths
from entra_oauth.cache.account import App, one_each, same_tenant
from entra_oauth.cache.file_store import FileStore
from entra_oauth.errors import SignInRequired, UsageError
from kit import canaries
from kit.canaries import TENANT
from kit.stores import APP, SCOPE, Authority, account, source, token

DOMAIN = replace(APP, tenant="contoso.example")
COMMON = replace(APP, tenant="common")
OTHER = "9d00dead-0000-4000-8000-00000000000b"


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(str(tmp_path / "tokens"))


def sign_in(
    store: FileStore, app: App, name: str, *, tenant_id: str | None = TENANT, at: int = 1
) -> None:
    kept = replace(account(name), tenant_id=tenant_id, object_id=f"oid of {name}", signed_in_at=at)
    store.save(app, kept, SCOPE, token(f"eyTokenOf{name[:3]}{app.tenant[:3]}"), signed_in=True)


def asked(store: FileStore, app: App, name: str | None = None) -> str:
    found = source(store, Authority(), app=app).get("databricks", account=name)
    return found.token.text


@pytest.mark.parametrize(
    ("kept", "wanted"),
    [(DOMAIN, APP), (COMMON, APP), (DOMAIN, replace(APP, tenant=TENANT.upper()))],
)
def test_a_sign_in_is_found_under_the_tenant_s_guid(
    store: FileStore, kept: App, wanted: App
) -> None:
    sign_in(store, kept, "ada@contoso.example")
    assert asked(store, wanted) == f"eyTokenOfada{kept.tenant[:3]}"


def test_a_sign_in_is_found_under_a_domain_that_an_id_token_has_told(store: FileStore) -> None:
    sign_in(store, APP, "ada@contoso.example")
    with canaries.refused(SignInRequired):
        asked(store, DOMAIN)
    sign_in(store, replace(DOMAIN, client_id=OTHER), "bob@contoso.example")
    assert asked(store, DOMAIN).startswith("eyTokenOfada")


@pytest.mark.parametrize(
    ("kept", "tenant_id", "wanted"),
    [
        (DOMAIN, OTHER, APP),
        (DOMAIN, None, APP),
        (APP, TENANT, COMMON),
        (DOMAIN, TENANT, replace(APP, client_id=OTHER)),
        (DOMAIN, TENANT, replace(APP, base="https://login.microsoftonline.us")),
    ],
)
def test_no_other_sign_in_stands_in(
    store: FileStore, kept: App, tenant_id: str | None, wanted: App
) -> None:
    sign_in(store, kept, "ada@contoso.example", tenant_id=tenant_id)
    with canaries.refused(SignInRequired):
        asked(store, wanted)


def test_two_accounts_under_common_are_several(store: FileStore) -> None:
    sign_in(store, COMMON, "ada@contoso.example")
    sign_in(store, COMMON, "bob@contoso.example")
    sign_in(store, COMMON, "eve@fabrikam.example", tenant_id=OTHER)
    with canaries.refused(UsageError) as caught:
        asked(store, APP)
    assert caught.value.advice == (
        "Name one with --account: ada@contoso.example, bob@contoso.example."
    )
    assert asked(store, APP, "BOB@contoso.example") == "eyTokenOfbobcom"
    assert asked(store, replace(APP, tenant=OTHER)) == "eyTokenOfevecom"


def test_two_accounts_without_an_object_id_are_several_too(store: FileStore) -> None:
    for name in ("ada@contoso.example", "bob@contoso.example"):
        kept = replace(account(name), tenant_id=TENANT, object_id=None)
        store.save(COMMON, kept, SCOPE, token("eyToken"), signed_in=True)
    with canaries.refused(UsageError) as caught:
        asked(store, APP)
    assert "ada@contoso.example, bob@contoso.example" in caught.value.advice


def test_the_latest_sign_in_of_one_person_counts(store: FileStore) -> None:
    sign_in(store, COMMON, "ada@contoso.example", at=5)
    sign_in(store, DOMAIN, "ada@contoso.example", at=9)
    assert asked(store, APP) == "eyTokenOfadacon"
    assert [app.tenant for app, _ in one_each(store.accounts())] == [DOMAIN.tenant]
    sign_in(store, APP, "bob@contoso.example")
    assert asked(store, APP) == f"eyTokenOfbob{TENANT[:3]}", "who signed in under this name"
    assert len(one_each(store.accounts())) == 2


def test_whoever_has_no_ids_is_counted_by_name_and_tenant(store: FileStore) -> None:
    for app in (APP, DOMAIN):
        sign_in(store, app, "app-only", tenant_id=None)
    assert len(one_each(store.accounts())) == 2


def test_people_of_one_tenant_without_an_object_id_are_told_apart_by_name(store: FileStore) -> None:
    for name in ("ada@contoso.example", "bob@contoso.example"):
        kept = replace(account(name), tenant_id=TENANT, object_id=None)
        store.save(APP, kept, SCOPE, token("eyToken"), signed_in=True)
    assert len(one_each(store.accounts())) == 2


@pytest.mark.parametrize("name", ["ada@contoso.example", "ADA@contoso.example"])
def test_whoever_signed_in_under_the_very_name_is_found_there(store: FileStore, name: str) -> None:
    sign_in(store, APP, "ada@contoso.example", at=1)
    sign_in(store, DOMAIN, "ada@contoso.example", at=9)
    assert store.kept_as(APP, name) == (APP, name)
    assert store.kept_as(DOMAIN, name) == (DOMAIN, name)


def test_a_named_account_is_looked_for_under_every_name_of_the_tenant(store: FileStore) -> None:
    sign_in(store, APP, "ada@contoso.example")
    sign_in(store, DOMAIN, "bob@contoso.example")
    assert store.kept_as(APP, "bob@contoso.example") == (DOMAIN, "bob@contoso.example")
    assert store.kept_as(APP, "eve@contoso.example") == (APP, "eve@contoso.example")


def test_the_account_of_the_latest_sign_in_comes_before_other_names_of_the_tenant(
    store: FileStore,
) -> None:
    sign_in(store, APP, "ada@contoso.example", at=1)
    sign_in(store, DOMAIN, "bob@contoso.example", at=9)
    assert store.kept_as(APP, None) == (APP, None)
    store.forget(APP, "ada@contoso.example")
    assert store.kept_as(APP, None) == (DOMAIN, "bob@contoso.example")


def test_what_an_id_token_has_told_counts_in_any_case(store: FileStore) -> None:
    sign_in(
        store, replace(DOMAIN, client_id=OTHER), "bob@contoso.example", tenant_id=TENANT.upper()
    )
    sign_in(store, COMMON, "ada@contoso.example", tenant_id=TENANT.title())
    assert store.kept_as(DOMAIN, None) == (COMMON, "ada@contoso.example")


def test_a_person_is_known_by_the_object_id_and_not_by_the_name(store: FileStore) -> None:
    def under(app: App, name: str, object_id: str, at: int) -> None:
        kept = replace(account(name), tenant_id=TENANT, object_id=object_id, signed_in_at=at)
        store.save(app, kept, SCOPE, token("eyToken"), signed_in=True)

    under(COMMON, "ada@before.example", "oid of ada", at=1)
    under(DOMAIN, "ada@married.example", "oid of ada", at=2)
    assert store.kept_as(APP, None) == (DOMAIN, "ada@married.example"), "one person, renamed"
    under(COMMON, "ada@married.example", "oid of another", at=3)
    with canaries.refused(UsageError):
        store.kept_as(APP, None)


def test_a_person_without_an_object_id_is_known_by_the_name_in_any_case(store: FileStore) -> None:
    names = ((COMMON, "Ada@contoso.example"), (DOMAIN, "ada@CONTOSO.example"))
    for at, (app, name) in enumerate(names):
        kept = replace(account(name), tenant_id=TENANT, object_id=None, signed_in_at=at)
        store.save(app, kept, SCOPE, token("eyToken"), signed_in=True)
    assert store.kept_as(APP, None) == (DOMAIN, "ada@CONTOSO.example")


def test_common_is_no_name_of_a_tenant_whoever_signed_in_under_it(store: FileStore) -> None:
    sign_in(store, replace(COMMON, client_id=OTHER), "bob@contoso.example")
    sign_in(store, APP, "ada@contoso.example")
    assert store.kept_as(COMMON, None) == (COMMON, None)
    assert store.kept_as(COMMON, "ada@contoso.example") == (COMMON, "ada@contoso.example")


def test_whoever_is_kept_under_the_name_that_is_asked_for_is_no_matter_of_other_names() -> None:
    kept = [(app, account(name)) for app in (APP, DOMAIN) for name in ("ada@x", "bob@x")]
    assert same_tenant(APP, None, kept) == (APP, None)
    folded = replace(APP, client_id=APP.client_id.upper())
    assert same_tenant(folded, None, kept) == (folded, None)
    assert same_tenant(APP, "eve@x", kept) == (APP, "eve@x")


def test_the_default_that_another_has_noted_meanwhile_stays(tmp_path: Path) -> None:
    app = Path(paths.app_folder(str(tmp_path), *APP.key("", "")[:3]))
    noted = paths.write_line("bob@contoso.example")

    def note(line: str) -> None:
        (app / "default").write_text(noted)

    store = FileStore(str(tmp_path), say=note)
    sign_in(store, APP, "ada@contoso.example")
    (app / "default").write_text("rubbish")
    assert store.default_account(APP) == "ada@contoso.example"
    assert (app / "default").read_text() == noted


@pytest.mark.parametrize("name", ["ada@contoso.example", "ADA@CONTOSO.example"])
def test_an_account_is_named_in_any_case_under_any_name_of_its_tenant(
    store: FileStore, name: str
) -> None:
    sign_in(store, DOMAIN, "Ada@Contoso.example")
    assert store.kept_as(APP, name) == (DOMAIN, "Ada@Contoso.example")


@pytest.mark.parametrize(("length", "shown"), [(80, "a" * 80), (81, "a" * 80 + "…")])
def test_the_names_of_several_are_shown_up_to_eighty_characters(length: int, shown: str) -> None:
    kept = [
        (COMMON, replace(account(name), tenant_id=TENANT, object_id=name))
        for name in ("a" * length, "bob")
    ]
    with canaries.refused(UsageError) as caught:
        same_tenant(APP, None, kept)
    assert caught.value.advice == f"Name one with --account: {shown}, bob."
