"""A directory that does not fit together is refused when it is made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from entra_oauth.errors import UsageError
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import (
    ARTICLE_CLIENT_ID,
    ARTICLE_TENANT_ID,
    DATABRICKS,
    Consent,
    Directory,
    Redirect,
    RegisteredApp,
    Tenant,
)
from entra_oauth.practice.tenant import PracticeTenant
from kit.practice import NOON, Kit, body_of

ALICE, BOB = DEFAULT.users[:2]
FABRIKAM = Tenant(
    id="fab00000-0000-4000-8000-000000000001", domain="fabrikam.example", name="Fabrikam"
)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Directory(tenants=(), users=(), apps=(), resources=()), "has no tenant"),
        (lambda: replace(DEFAULT, tenants=(FABRIKAM,)), "unknown tenant"),
        (lambda: replace(DEFAULT, users=(ALICE, ALICE)), "twice"),
        (lambda: replace(DEFAULT, users=(ALICE, replace(BOB, name=ALICE.name))), "twice"),
        (lambda: replace(DEFAULT, users=(replace(ALICE, name="Alice@x.example"),)), "lower case"),
        (lambda: replace(DEFAULT, apps=(*DEFAULT.apps, DEFAULT.apps[0])), "twice"),
    ],
)
def test_a_directory_must_fit_together(make: object, said: str) -> None:
    assert callable(make)
    with pytest.raises(UsageError, match=said):
        make()


def test_no_secret_shows_in_the_repr() -> None:
    assert "practice-secret" not in repr(DEFAULT)
    assert "password" not in repr(DEFAULT.users[0])


@pytest.mark.parametrize("oid", [None, ALICE.oid])
def test_a_consent_in_the_directory_spares_the_page(oid: str | None) -> None:
    given = Consent(client_id=ARTICLE_CLIENT_ID, resource_id=DATABRICKS, oid=oid)
    book = replace(DEFAULT, consents=(given,))
    kit = Kit(PracticeTenant(directory=book, clock=lambda: NOON))
    kit.tokens()
    assert not any(b"Permissions requested" in r.body for _, r in kit.tenant.log)


def test_two_tenants_keep_their_people_and_apps_apart() -> None:
    identify_caller = replace(BOB, tenant_id=FABRIKAM.id, name="bob@fabrikam.example")
    own = RegisteredApp(
        client_id="0fab0000-0000-4000-8000-000000000009",
        name="Fabrikam's own",
        redirects=(Redirect("http://localhost"),),
        tenant_id=FABRIKAM.id,
        multitenant=False,
    )
    book = replace(
        DEFAULT,
        tenants=(*DEFAULT.tenants, FABRIKAM),
        users=(ALICE, identify_caller),
        apps=(*DEFAULT.apps, own),
    )
    tenant = PracticeTenant(directory=book, clock=lambda: NOON)
    there = Kit(tenant, user=identify_caller.name)
    assert "AADSTS50126" in there.open(tenant=ARTICLE_TENANT_ID).text
    assert "AADSTS700016" in there.open({"client_id": own.client_id}).text
    code = there.code({"client_id": own.client_id}, tenant=FABRIKAM.id)
    change = {"client_id": own.client_id}
    assert there.redeem(code, change, tenant=FABRIKAM.id).status == 200
    anywhere = Kit(tenant, user=identify_caller.name)
    response = anywhere.redeem(anywhere.code(tenant="common"), tenant="common")
    assert "access_token" in body_of(response)


def test_an_app_without_a_redirect_uri_cannot_be_signed_in_to() -> None:
    bare = RegisteredApp(
        client_id="ba5e0000-0000-4000-8000-000000000009", name="Bare", redirects=()
    )
    book = replace(DEFAULT, apps=(bare,))
    kit = Kit(PracticeTenant(directory=book, clock=lambda: NOON))
    page = kit.open({"client_id": bare.client_id, "redirect_uri": None})
    assert "AADSTS500113" in page.text
