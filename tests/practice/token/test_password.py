"""The password grant: who gets a token for it, who does not, and what is asked before."""

from __future__ import annotations

import pytest

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, DATABRICKS
from entra_oauth.practice.tenant import PracticeTenant
from kit.practice import (
    ALICE,
    BASE,
    CAROL,
    NOON,
    PASSWORD,
    SCOPE,
    SECRET,
    SINGLE,
    WEB,
    Changes,
    Kit,
    body_of,
    claims_of,
    consented,
    refused,
)

FORM: Changes = {
    "grant_type": "password",
    "client_id": ARTICLE_CLIENT_ID,
    "scope": SCOPE,
    "username": ALICE,
    "password": PASSWORD,
}
DOMAIN = "contoso-practice.example"


def test_name_and_password_bring_a_token() -> None:
    body = body_of(Kit(consented()).ask(FORM))
    assert list(body) == ["token_type", "scope", "expires_in", "ext_expires_in", "access_token"]
    claims = claims_of(body["access_token"])
    assert (claims["aud"], claims["upn"], claims["appidacr"]) == (DATABRICKS, ALICE, "0")


def test_openid_and_offline_access_bring_their_tokens_and_the_refresh_token_works() -> None:
    kit = Kit(consented())
    scope = f"{SCOPE} openid profile offline_access"
    body = body_of(kit.ask({**FORM, "scope": scope, "client_info": "1"}))
    assert claims_of(body["id_token"])["preferred_username"] == ALICE
    assert {"refresh_token", "client_info"} < set(body)
    fresh = kit.ask(
        {
            "grant_type": "refresh_token",
            "client_id": ARTICLE_CLIENT_ID,
            "refresh_token": body["refresh_token"],
        }
    )
    assert fresh.status == 200


@pytest.mark.parametrize(
    ("changes", "tenant", "expected"),
    [
        ({"username": None}, ARTICLE_TENANT_ID, (400, "invalid_request", 900144)),
        ({"password": None}, ARTICLE_TENANT_ID, (400, "invalid_request", 900144)),
        ({"scope": None}, ARTICLE_TENANT_ID, (400, "invalid_request", 900144)),
        ({"password": "wrong"}, ARTICLE_TENANT_ID, (400, "invalid_grant", 50126)),
        ({"password": f"{PASSWORD} "}, ARTICLE_TENANT_ID, (400, "invalid_grant", 50126)),
        ({"password": "x" * 257}, ARTICLE_TENANT_ID, (400, "invalid_grant", 50052)),
        ({"password": "\u00e9\u20ac"}, ARTICLE_TENANT_ID, (400, "invalid_grant", 50126)),
        ({"username": f"nobody@{DOMAIN}"}, ARTICLE_TENANT_ID, (400, "invalid_grant", 50034)),
        ({"username": f"dave@{DOMAIN}"}, ARTICLE_TENANT_ID, (400, "invalid_grant", 50057)),
        ({"username": f"erin@{DOMAIN}"}, ARTICLE_TENANT_ID, (400, "invalid_grant", 50055)),
        ({"username": f"heidi@{DOMAIN}"}, ARTICLE_TENANT_ID, (400, "invalid_grant", 50053)),
        ({"username": CAROL}, ARTICLE_TENANT_ID, (400, "invalid_grant", 50076)),
        (
            {"username": f"frank@federated.{DOMAIN}"},
            ARTICLE_TENANT_ID,
            (400, "invalid_grant", 50126),
        ),
        ({}, "common", (400, "invalid_request", 9001023)),
        ({}, "consumers", (400, "invalid_request", 9002332)),
        ({}, "nowhere.example", (400, "invalid_request", 90002)),
        ({"client_secret": "x"}, ARTICLE_TENANT_ID, (401, "invalid_client", 700025)),
        ({"client_id": SINGLE}, ARTICLE_TENANT_ID, (401, "invalid_client", 7000218)),
        ({"client_id": WEB}, ARTICLE_TENANT_ID, (401, "invalid_client", 7000218)),
        (
            {"client_id": WEB, "client_secret": "x"},
            ARTICLE_TENANT_ID,
            (401, "invalid_client", 7000215),
        ),
        (
            {"scope": f"{DATABRICKS}/user_impersonation User.Read"},
            ARTICLE_TENANT_ID,
            (400, "invalid_scope", 28000),
        ),
        ({"scope": "api://nothing/.default"}, ARTICLE_TENANT_ID, (400, "invalid_resource", 500011)),
        ({"claims": "no json"}, ARTICLE_TENANT_ID, (400, "invalid_request", 9002313)),
    ],
)
def test_a_password_request_is_refused(
    changes: Changes, tenant: str, expected: tuple[int, str, int]
) -> None:
    assert refused(Kit(consented()).ask({**FORM, **changes}, tenant=tenant)) == expected


@pytest.mark.parametrize("tenant", [ARTICLE_TENANT_ID, DOMAIN, "organizations"])
def test_the_grant_works_where_the_tenant_is_known_or_the_name_tells_it(tenant: str) -> None:
    assert Kit(consented()).ask(FORM, tenant=tenant).status == 200


def test_an_app_with_a_secret_may_use_it_too() -> None:
    body = body_of(Kit(consented()).ask({**FORM, "client_id": WEB, "client_secret": SECRET}))
    assert claims_of(body["access_token"])["appidacr"] == "1"


@pytest.mark.parametrize(
    ("user", "suberror"),
    [(CAROL, "basic_action"), (f"erin@{DOMAIN}", "user_password_expired"), (ALICE, None)],
)
def test_a_suberror_says_what_kind_of_help_there_is(user: str, suberror: str | None) -> None:
    response = Kit(consented()).ask({**FORM, "username": user, "password": PASSWORD})
    assert body_of(response).get("suberror") == suberror


def test_without_consent_there_is_no_token_and_an_interactive_sign_in_helps() -> None:
    kit = Kit()
    response = kit.ask(FORM)
    assert refused(response) == (400, "invalid_grant", 65001)
    assert body_of(response)["suberror"] == "consent_required"
    kit.open()
    assert kit.ask(FORM).status == 200


def test_an_origin_header_is_a_browsers_and_refused() -> None:
    response = Kit(consented()).ask(FORM, ("Origin", "https://x.example"))
    assert refused(response) == (400, "invalid_request", 9002326)
    assert response.header("Access-Control-Allow-Origin") is None


def test_ten_wrong_passwords_lock_the_account_for_a_minute() -> None:
    kit = Kit(consented())
    for number in range(10):
        assert refused(kit.ask({**FORM, "password": f"wrong {number}"}))[2] == 50126
    assert refused(kit.ask(FORM)) == (400, "invalid_grant", 50053)
    assert "AADSTS50053" in kit.open().text
    kit.tenant.advance(61)
    assert kit.ask(FORM).status == 200


def test_the_same_wrong_password_again_does_not_count_and_a_right_one_ends_the_count() -> None:
    kit = Kit(consented())
    for _ in range(20):
        assert refused(kit.ask({**FORM, "password": "an old one"}))[2] == 50126
    for turn in range(3):
        for number in range(9):
            kit.ask({**FORM, "password": f"wrong {turn} {number}"})
        assert kit.ask(FORM).status == (200 if turn else 400)
        kit.tenant.advance(61)


# ---- who knows the password --------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "account", "more"),
    [
        (ALICE, "Managed", set()),
        (ALICE.upper(), "Managed", set()),
        (f"nobody@{DOMAIN}", "Managed", set()),
        (
            f"frank@federated.{DOMAIN}",
            "Federated",
            {"federation_protocol", "federation_metadata_url", "federation_active_auth_url"},
        ),
        ("x@elsewhere.example", "Unknown", None),
        ("%3Cscript%3E%00", "Unknown", None),
    ],
)
def test_the_realm_says_who_knows_a_persons_password(
    name: str, account: str, more: set[str] | None
) -> None:
    response = Kit().get(f"{BASE}/common/userrealm/{name}?api-version=1.0")
    body = body_of(response)
    assert (body["ver"], body["account_type"]) == ("1.0", account)
    if more is not None:
        known = {"ver", "account_type", "domain_name", "cloud_instance_name", "cloud_audience_urn"}
        assert set(body) == known | more
        assert body["cloud_audience_urn"] == "urn:federation:MicrosoftOnline"
    assert response.header("Content-Disposition") == "inline; filename=userrealm.json"


def test_the_realm_is_found_as_msal_for_go_spells_it() -> None:
    assert body_of(Kit().get(f"{BASE}/common/UserRealm/{ALICE}"))["account_type"] == "Managed"


def test_a_person_of_another_tenant_is_not_found_at_this_one() -> None:
    kit = Kit(PracticeTenant(clock=lambda: NOON))
    response = kit.ask({**FORM, "username": "alice@elsewhere.example"})
    assert refused(response) == (400, "invalid_grant", 50034)
