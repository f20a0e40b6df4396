"""The toy workspace believes only this tenant's tokens for Databricks."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import ARTICLE_TENANT_ID
from entra_oauth.practice.signing.key_ring import key_for
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.practice.token.signed_tokens import sign
from entra_oauth.protocol.messages import HttpResponse
from kit.practice import ALICE, BASE, DAEMON, MIDDLE, NOON, SCOPE, SECRET, Changes, Kit, body_of

CLUSTERS = f"{BASE}/api/2.0/clusters/list"
ME = f"{BASE}/api/2.0/preview/scim/v2/Me"


def _call(kit: Kit, token: str, url: str = CLUSTERS) -> HttpResponse:
    return kit.get(url, ("Authorization", f"Bearer {token}"))


def test_a_good_token_lists_the_clusters_and_says_who_one_is() -> None:
    kit = Kit()
    token = kit.tokens()["access_token"]
    clusters = body_of(_call(kit, token))["clusters"]
    assert [c["creator_user_name"] for c in clusters] == [ALICE, ALICE]
    assert body_of(_call(kit, token, f"{BASE}/api/2.1/clusters/list"))["clusters"] == clusters
    me = body_of(_call(kit, token, ME))
    assert (me["userName"], me["displayName"]) == (ALICE, "Alice Practice")


@pytest.mark.parametrize("url", [CLUSTERS, ME])
@pytest.mark.parametrize("header", [None, "Basic YTpi", "Bearer", "Bearer "])
def test_without_a_bearer_token_the_answer_is_401(url: str, header: str | None) -> None:
    headers = (("Authorization", header),) if header else ()
    response = Kit().get(url, *headers)
    assert response.status == 401
    assert body_of(response) == {
        "error_code": 401,
        "message": "Credential was not sent or was of an unsupported type for this API.",
    }
    assert (response.header("WWW-Authenticate") or "").startswith("Bearer ")


@cache
def _token() -> str:
    token = Kit().tokens()["access_token"]
    assert isinstance(token, str)
    return token


def _forged(header: dict[str, str] | None = None, claims: dict[str, Any] | None = None) -> str:
    """The good token with other members, signed by the tenant's own key."""
    head, body, _ = (base64.urlsafe_b64decode(p + "=" * (-len(p) % 4)) for p in _token().split("."))
    return sign(
        key_for(None).key(), json.loads(head) | (header or {}), json.loads(body) | (claims or {})
    )


def _unsigned() -> str:
    head, body, _ = _forged({"alg": "none"}).split(".")
    return f"{head}.{body}."


@pytest.mark.parametrize(
    "make",
    [
        lambda: "x",
        lambda: "x.y.z",
        lambda: "é.é.é",
        lambda: _token()[:-4] + "AAAA",
        lambda: _token() + ".x",
        _unsigned,
        lambda: _forged({"alg": "none"}),
        lambda: _forged({"kid": "practice-other"}),
        lambda: _forged(claims={"exp": int(NOON)}),
        lambda: _forged(claims={"nbf": int(NOON) + 1}),
        lambda: _forged(claims={"exp": None}),
        lambda: _forged(claims={"exp": "2099"}),
        lambda: sign(key_for(8).key(), {"alg": "RS256", "kid": key_for(None).key().kid}, {}),
    ],
)
def test_a_token_that_is_not_good_is_refused(make: Any) -> None:
    response = _call(Kit(), make())
    assert response.status == 403
    assert body_of(response) == {"error_code": 403, "message": "Invalid access token."}


def test_the_forger_can_make_a_good_token_too() -> None:
    assert _call(Kit(), _forged()).status == 200


def test_a_token_dies() -> None:
    kit = Kit()
    body = kit.tokens()
    kit.tenant.advance(body["expires_in"])
    assert _call(kit, body["access_token"]).status == 200
    kit.tenant.advance(1)
    assert _call(kit, body["access_token"]).status == 403


def test_a_token_for_another_api_gets_the_page_that_was_reported() -> None:
    kit = Kit()
    scope = "https://management.core.windows.net//.default"
    token = kit.tokens({"scope": scope}, {"scope": scope})["access_token"]
    response = _call(kit, token)
    assert response.status == 400
    assert (response.header("Content-Type") or "").startswith("text/html")
    assert b"but was: https://management.core.windows.net/." in response.body


def test_an_audience_cannot_write_into_that_page() -> None:
    response = _call(Kit(), _forged(claims={"aud": "<script>"}))
    assert response.status == 400
    assert b"<script>" not in response.body


def test_an_id_token_is_no_access_token() -> None:
    kit = Kit()
    scope = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default openid"
    assert _call(kit, kit.tokens({"scope": scope})["id_token"]).status == 400


def test_somebody_who_is_not_in_the_workspace_is_turned_away() -> None:
    users = tuple(replace(user, in_workspace=False) for user in DEFAULT.users)
    tenant = PracticeTenant(directory=replace(DEFAULT, users=users), clock=lambda: NOON)
    kit = Kit(tenant)
    response = _call(kit, kit.tokens()["access_token"])
    assert response.status == 403
    assert b"User not authorized" in response.body


# ---- finding the tenant ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "login"),
    [
        ("https://localhost:8443", "https://localhost:8443"),
        ("https://adb-1.7.azuredatabricks.net", "https://login.microsoftonline.com"),
        ("https://adb-1.7.databricks.azure.us", "https://login.microsoftonline.us"),
        ("https://adb-1.7.databricks.azure.cn", "https://login.chinacloudapi.cn"),
    ],
)
def test_the_workspace_leads_to_its_tenant(base: str, login: str) -> None:
    kit = Kit()
    found = kit.get(f"{base}/aad/auth")
    location = found.header("Location") or ""
    assert found.status == 302
    assert location.startswith(f"{login}/{ARTICLE_TENANT_ID}/oauth2/authorize?client_id=2ff814a6-")
    query = "client_id=x&redirect_uri=http%3A%2F%2Flocalhost%3A8020&scope=a+b&state=%C3%A9"
    passed = kit.get(f"{base}/oidc/oauth2/v2.0/authorize?{query}")
    at = f"{login}/{ARTICLE_TENANT_ID}/oauth2/v2.0/authorize"
    assert passed.header("Location") == f"{at}?{query}"
    assert kit.get(f"{base}/oidc/oauth2/v2.0/authorize").header("Location") == at


# ---- who is let in --------------------------------------------------------------------------

GRACE = "grace@contoso-practice.example"
RESOURCE = (
    "X-Databricks-Azure-Workspace-Resource-Id",
    "/subscriptions/1/resourcegroups/r/providers/microsoft.databricks/workspaces/w",
)
AS_SDKS_WRITE_IT = (
    "x-databricks-azure-workspace-resource-id",
    "/subscriptions/1/resourceGroups/r/providers/Microsoft.Databricks/workspaces/w",
)


@pytest.mark.parametrize("named", [RESOURCE, AS_SDKS_WRITE_IT])
def test_a_contributor_from_outside_is_let_in_by_naming_the_resource(
    named: tuple[str, str],
) -> None:
    kit = Kit(user=GRACE)
    bearer = ("Authorization", f"Bearer {kit.tokens()['access_token']}")
    response = kit.get(CLUSTERS, bearer)
    assert (response.status, b"User not authorized" in response.body) == (403, True)
    assert kit.get(CLUSTERS, bearer, named).status == 200
    assert body_of(kit.get(ME, bearer, named))["userName"] == GRACE


@pytest.mark.parametrize(
    "value", ["", "x", "/subscriptions/1", RESOURCE[1] + "/more", RESOURCE[1].replace("1", "")]
)
def test_naming_something_else_does_not_help(value: str) -> None:
    kit = Kit(user=GRACE)
    bearer = ("Authorization", f"Bearer {kit.tokens()['access_token']}")
    assert kit.get(CLUSTERS, bearer, (RESOURCE[0], value)).status == 403


def test_naming_the_resource_without_a_role_on_it_does_not_help() -> None:
    users = tuple(replace(user, contributor=False) for user in DEFAULT.users)
    tenant = PracticeTenant(directory=replace(DEFAULT, users=users), clock=lambda: NOON)
    kit = Kit(tenant, user=GRACE)
    bearer = ("Authorization", f"Bearer {kit.tokens()['access_token']}")
    assert kit.get(CLUSTERS, bearer, RESOURCE).status == 403


def _app_token(kit: Kit, scope: str, client_id: str = DAEMON) -> str:
    form: Changes = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": SECRET,
        "scope": scope,
    }
    return str(body_of(kit.ask(form))["access_token"])


def test_an_app_in_the_workspace_is_let_in_as_itself() -> None:
    kit = Kit()
    token = _app_token(kit, SCOPE)
    assert _call(kit, token).status == 200
    me = body_of(_call(kit, token, ME))
    assert (me["userName"], me["displayName"]) == (DAEMON, "Practice daemon")
    assert "emails" not in me


def _outsider() -> Kit:
    apps = tuple(
        replace(app, in_workspace=False, contributor=True) if app.client_id == DAEMON else app
        for app in DEFAULT.apps
    )
    return Kit(PracticeTenant(directory=replace(DEFAULT, apps=apps), clock=lambda: NOON))


MANAGEMENT_SCOPE = "https://management.core.windows.net//.default"


def test_an_app_from_outside_shows_a_management_token_as_well() -> None:
    kit = _outsider()
    bearer = ("Authorization", f"Bearer {_app_token(kit, SCOPE)}")
    name = "X-Databricks-Azure-SP-Management-Token"
    manages = (name, _app_token(kit, MANAGEMENT_SCOPE))
    assert kit.get(CLUSTERS, bearer, RESOURCE, manages).status == 200
    for headers in (
        (bearer,),
        (bearer, RESOURCE),
        (bearer, manages),
        (bearer, RESOURCE, (name, _app_token(kit, SCOPE))),
        (bearer, RESOURCE, (name, _app_token(kit, MANAGEMENT_SCOPE, MIDDLE))),
        (bearer, RESOURCE, (name, manages[1][:-4] + "AAAA")),
        (bearer, RESOURCE, (name, "x")),
    ):
        assert kit.get(CLUSTERS, *headers).status == 403
    kit.tenant.advance(3500)
    fresh = ("Authorization", f"Bearer {_app_token(kit, SCOPE)}")
    kit.tenant.advance(200)
    assert kit.get(CLUSTERS, fresh, RESOURCE, manages).status == 403


@pytest.mark.parametrize(
    "claims", [{"appid": "another"}, {"appid": None}, {"oid": "another"}, {"oid": None}]
)
def test_a_token_of_somebody_unknown_is_not_let_in(claims: dict[str, Any]) -> None:
    response = _call(Kit(), _forged(claims=claims))
    assert (response.status, b"User not authorized" in response.body) == (403, True)


def test_a_token_by_the_apis_other_name_is_good_too() -> None:
    kit = Kit()
    token = _app_token(kit, "https://azuredatabricks.net//.default")
    assert _call(kit, token).status == 200
