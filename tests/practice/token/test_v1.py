"""The older v1.0 endpoints, which Databricks' own tools still use."""

from __future__ import annotations

import json

import pytest

from entra_oauth.practice.directory.model import (
    ARTICLE_CLIENT_ID,
    ARTICLE_TENANT_ID,
    DATABRICKS,
    GRAPH,
)
from kit.practice import (
    ALICE,
    BASE,
    CAROL,
    DAEMON,
    MIDDLE,
    NOON,
    PASSWORD,
    SECRET,
    Changes,
    Kit,
    body_of,
    changed,
    claims_of,
    consented,
    header_of,
    refused,
    reply,
)

MANAGEMENT = "https://management.core.windows.net/"
APP: Changes = {
    "grant_type": "client_credentials",
    "client_id": DAEMON,
    "client_secret": SECRET,
    "resource": DATABRICKS,
    "scope": "all-apis",
}


@pytest.mark.parametrize("resource", [DATABRICKS, MANAGEMENT])
def test_an_app_asks_by_resource_as_the_databricks_sdk_does(resource: str) -> None:
    body = body_of(Kit().ask({**APP, "resource": resource}, version=1))
    assert list(body) == [
        "token_type",
        "expires_in",
        "ext_expires_in",
        "expires_on",
        "not_before",
        "resource",
        "access_token",
    ]
    assert {type(value) for value in body.values()} == {str}
    assert body["expires_in"] == "3599"
    assert body["expires_on"] == str(int(NOON) + 3600)
    assert body["resource"] == resource
    claims = claims_of(body["access_token"])
    assert (claims["aud"], claims["ver"]) == (resource, "1.0")


def test_the_api_decides_the_tokens_version_and_not_the_endpoint() -> None:
    body = body_of(Kit().ask({**APP, "resource": f"api://{MIDDLE}"}, version=1))
    assert claims_of(body["access_token"])["ver"] == "2.0"
    assert "x5t" not in header_of(body["access_token"])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"resource": None}, (400, "invalid_request", 900144)),
        ({"resource": "https://nothing.example"}, (400, "invalid_resource", 500011)),
        ({"client_secret": "no"}, (401, "invalid_client", 7000215)),
    ],
)
def test_a_request_is_refused(changes: Changes, expected: tuple[int, str, int]) -> None:
    assert refused(Kit().ask({**APP, **changes}, version=1)) == expected


def _sign_in(kit: Kit, changes: Changes | None = None) -> dict[str, str]:
    query: Changes = {
        "client_id": ARTICLE_CLIENT_ID,
        "response_type": "code",
        "redirect_uri": "http://localhost",
        "resource": DATABRICKS,
        "state": "12345",
        **(changes or {}),
    }
    return reply(
        kit.browser.open(f"{BASE}/{ARTICLE_TENANT_ID}/oauth2/authorize?{changed({}, query)}")
    )


def _redeem(code: str, changes: Changes | None = None) -> Changes:
    return {
        "grant_type": "authorization_code",
        "client_id": ARTICLE_CLIENT_ID,
        "redirect_uri": "http://localhost",
        "code": code,
        **(changes or {}),
    }


def test_a_person_signs_in_and_refreshes() -> None:
    kit = Kit()
    body = body_of(kit.ask(_redeem(_sign_in(kit, {"nonce": "n"})["code"]), version=1))
    assert body["scope"] == "user_impersonation"
    assert body["resource"] == DATABRICKS
    claims = claims_of(body["id_token"])
    assert (claims["ver"], claims["upn"], claims["nonce"]) == ("1.0", ALICE, "n")
    assert claims["iss"] == f"https://sts.windows.net/{ARTICLE_TENANT_ID}/"
    form: Changes = {
        "grant_type": "refresh_token",
        "client_id": ARTICLE_CLIENT_ID,
        "refresh_token": body["refresh_token"],
    }
    assert body_of(kit.ask(form, version=1))["resource"] == DATABRICKS
    response = kit.ask({**form, "resource": "https://graph.microsoft.com/"}, version=1)
    assert refused(response) == (400, "invalid_grant", 65001)
    kit.open({"scope": "User.Read"})
    fresh = body_of(kit.ask({**form, "resource": "https://graph.microsoft.com/"}, version=1))
    assert claims_of(fresh["access_token"])["aud"] == "https://graph.microsoft.com/"


def test_without_a_resource_graph_is_meant() -> None:
    kit = Kit()
    body = body_of(kit.ask(_redeem(_sign_in(kit, {"resource": None})["code"]), version=1))
    assert claims_of(body["access_token"])["aud"] == GRAPH


def test_an_unknown_resource_is_refused_at_the_redirect_uri() -> None:
    sent = _sign_in(Kit(), {"resource": "https://nothing.example"})
    assert sent["error"] == "invalid_resource"
    assert sent["error_description"].startswith("AADSTS500011: ")


def test_the_password_grant_works_by_resource_too() -> None:
    form: Changes = {
        "grant_type": "password",
        "client_id": ARTICLE_CLIENT_ID,
        "resource": DATABRICKS,
        "username": ALICE,
        "password": PASSWORD,
    }
    body = body_of(Kit(consented()).ask(form, version=1))
    assert {"refresh_token", "id_token", "scope"} < set(body)


def test_version_2_holds_resource_against_the_scope() -> None:
    assert refused(Kit().ask(APP)) == (400, "invalid_target", 9010010)
    assert refused(Kit().ask({**APP, "scope": None})) == (400, "invalid_request", 900144)


def test_a_device_asks_by_resource_too() -> None:
    kit = Kit()
    url = f"{BASE}/common/oauth2/devicecode"
    shown = body_of(kit.post(url, f"client_id={ARTICLE_CLIENT_ID}&resource={DATABRICKS}"))
    assert (shown["expires_in"], shown["interval"]) == ("900", "5")
    assert "verification_uri" not in shown
    kit.as_user(ALICE, user_code=shown["user_code"]).open(shown["verification_url"])
    form: Changes = {
        "grant_type": "device_code",
        "client_id": ARTICLE_CLIENT_ID,
        "code": shown["device_code"],
    }
    assert body_of(kit.ask(form, version=1, tenant="common"))["resource"] == DATABRICKS
    assert refused(kit.post(url, f"client_id={ARTICLE_CLIENT_ID}"))[2] == 900144


def test_the_missing_second_step_has_an_error_of_its_own_and_claims() -> None:
    form: Changes = {
        "grant_type": "password",
        "client_id": ARTICLE_CLIENT_ID,
        "resource": DATABRICKS,
        "username": CAROL,
        "password": PASSWORD,
    }
    response = Kit(consented()).ask(form, version=1)
    assert refused(response) == (400, "interaction_required", 50076)
    body = body_of(response)
    assert "suberror" not in body
    assert json.loads(body["claims"])["access_token"]["polids"]["essential"] is True
