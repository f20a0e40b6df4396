"""Azure's management API: tenants and subscriptions for its own tokens, JSON for everything."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.channels.loopback.http1 import encode_response
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import (
    ARTICLE_TENANT_ID,
    DATABRICKS,
    GRAPH,
    Resource,
    Tenant,
)
from entra_oauth.practice.directory.subscriptions import Subscription
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit.practice import ALICE, BASE, DAEMON, NOON, PASSWORD, SECRET, Kit, body_of

AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
AT = "https://management.azure.com"
V = "?api-version=2022-12-01"
ARM = "https://management.core.windows.net//.default"
OURS = "5b5c0000-0000-4000-8000-000000000001"
THEIRS = "5b5c0000-0000-4000-8000-000000000002"
OTHER = "0ff1ce00-0000-4000-8000-000000000001"


def _token(kit: Kit, scope: str = ARM) -> str:
    form = {
        "client_id": AZURE_CLI,
        "grant_type": "password",
        "username": ALICE,
        "password": PASSWORD,
        "scope": scope,
    }
    return str(body_of(kit.ask(form))["access_token"])


def _get(kit: Kit, path: str, token: str, *, at: str = AT) -> HttpResponse:
    return kit.get(f"{at}{path}", ("Authorization", f"Bearer {token}"))


def _error(response: HttpResponse) -> tuple[int, str, str]:
    """Status, code and message of an error in Azure's shape."""
    assert response.header("Content-Type") == "application/json; charset=utf-8"
    body = body_of(response)
    assert list(body) == ["error"]
    assert list(body["error"]) == ["code", "message"]
    return response.status, body["error"]["code"], body["error"]["message"]


@pytest.fixture
def kit() -> Kit:
    other = Tenant(id=OTHER, domain="other.example", name="Other")
    theirs = Subscription(id=THEIRS, name="Theirs", tenant_id=OTHER)
    book = replace(
        DEFAULT, tenants=(*DEFAULT.tenants, other), subscriptions=(*DEFAULT.subscriptions, theirs)
    )
    return Kit(PracticeTenant(directory=book, clock=lambda: NOON))


@pytest.mark.parametrize("at", [AT, "https://management.core.windows.net", "http://localhost:80"])
def test_a_person_sees_the_tenant_and_its_subscriptions(kit: Kit, at: str) -> None:
    token = _token(kit)
    (tenant,) = body_of(_get(kit, f"/tenants{V}", token, at=at))["value"]
    assert (tenant["tenantId"], tenant["tenantCategory"]) == (ARTICLE_TENANT_ID, "Home")
    assert tenant["defaultDomain"] == "contoso-practice.example"
    body = body_of(_get(kit, f"/subscriptions{V}", token, at=at))
    (subscription,) = body["value"]
    assert subscription["id"] == f"/subscriptions/{OURS}"
    assert (subscription["subscriptionId"], subscription["state"]) == (OURS, "Enabled")
    assert subscription["tenantId"] == ARTICLE_TENANT_ID
    assert body["count"] == {"type": "Total", "value": 1}


def test_one_subscription_by_its_id_and_what_is_in_it(kit: Kit) -> None:
    token = _token(kit)
    found = body_of(_get(kit, f"/subscriptions/{OURS.upper()}{V}", token))
    assert found["displayName"] == "Practice subscription"
    assert body_of(_get(kit, f"/subscriptions/{OURS}/resourceGroups{V}", token)) == {"value": []}


def test_the_address_of_the_workspace_is_found_by_its_resource(kit: Kit) -> None:
    group = f"/subscriptions/{OURS}/resourceGroups/group"
    path = f"{group}/providers/Microsoft.Databricks/workspaces/mine"
    found = body_of(_get(kit, f"{path}?api-version=2018-04-01", _token(kit)))
    assert (found["id"], found["name"]) == (path, "mine")
    assert found["properties"]["workspaceUrl"] == "adb-1234567890123456.7.azuredatabricks.net"
    assert found["properties"]["workspaceId"] == "1234567890123456"


def test_an_app_that_speaks_for_itself_sees_them_too(kit: Kit) -> None:
    form = {
        "client_id": DAEMON,
        "client_secret": SECRET,
        "grant_type": "client_credentials",
        "scope": ARM,
    }
    token = str(body_of(kit.ask(form))["access_token"])
    (found,) = body_of(_get(kit, f"/subscriptions{V}", token))["value"]
    assert found["subscriptionId"] == OURS


def test_the_headers_are_those_that_azure_sends(kit: Kit) -> None:
    response = _get(kit, f"/tenants{V}", _token(kit))
    for name in ("x-ms-request-id", "x-ms-correlation-request-id", "x-ms-routing-request-id"):
        assert response.header(name)
    assert response.header("Cache-Control") == "no-cache"
    assert response.header("Date")


AUDIENCES = {
    f"{DATABRICKS}/.default": DATABRICKS,
    "https://graph.microsoft.com/.default": "https://graph.microsoft.com",
    "https://vault.azure.net/.default": "https://vault.azure.net",
    f"{GRAPH}/.default": GRAPH,
}


@pytest.mark.parametrize("scope", AUDIENCES)
def test_a_token_of_another_audience_is_told_apart(kit: Kit, scope: str) -> None:
    status, code, message = _error(_get(kit, f"/tenants{V}", _token(kit, scope)))
    assert (status, code) == (401, "InvalidAuthenticationTokenAudience")
    assert f"wrong audience or resource '{AUDIENCES[scope]}'" in message
    assert "'https://management.core.windows.net/'" in message


REFUSALS: list[tuple[str, str | None, int, str]] = [
    ("/tenants", "good", 400, "MissingApiVersionParameter"),
    ("/tenants", None, 400, "MissingApiVersionParameter"),
    ("/tenants?api-version=", "good", 400, "MissingApiVersionParameter"),
    ("/tenants?api-version=now", "good", 400, "InvalidApiVersionParameter"),
    (f"/tenants{V}&api-version=2020-01-01", "good", 400, "InvalidRequestUri"),
    ("/tenants?api-version=%ff", "good", 400, "InvalidApiVersionParameter"),
    (f"/tenants{V}", None, 401, "AuthenticationFailed"),
    (f"/tenants{V}", "", 401, "AuthenticationFailed"),
    (f"/tenants{V}", "x", 401, "InvalidAuthenticationToken"),
    (f"/tenants{V}", "good but longer", 401, "InvalidAuthenticationToken"),
    (f"/subscriptions/{THEIRS}{V}", "good", 401, "InvalidAuthenticationTokenTenant"),
    (f"/subscriptions/{GRAPH}{V}", "good", 404, "SubscriptionNotFound"),
    (f"/subscriptions/{OURS}/providers/Microsoft.X/y/z{V}", "good", 404, "ResourceNotFound"),
    (f"/{V}", "good", 404, "NotFound"),
    (f"/no/such/path{V}", "good", 404, "NotFound"),
    (f"/no/such/path{V}", None, 401, "AuthenticationFailed"),
    (f"/devicelogin{V}", None, 401, "AuthenticationFailed"),
    (f"/common/oauth2/v2.0/authorize{V}", "good", 404, "NotFound"),
    (f"/%ff%00<script>{V}", "good", 404, "NotFound"),
]


@pytest.mark.parametrize(("path", "bearer", "status", "code"), REFUSALS)
def test_every_refusal_is_in_azures_shape(
    kit: Kit, path: str, bearer: str | None, status: int, code: str
) -> None:
    token = _token(kit) if bearer and bearer.startswith("good") else bearer
    if bearer == "good but longer":
        token = f"{token}A"
    headers = () if token is None else (("Authorization", f"Bearer {token}"),)
    response = kit.get(f"{AT}{path}", *headers)
    assert _error(response)[:2] == (status, code)
    assert (response.header("WWW-Authenticate") is not None) is (
        status == 401 and not code.endswith("Tenant")
    )


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_no_other_method_finds_a_page(kit: Kit, method: str) -> None:
    request = HttpRequest(
        method=method,
        url=f"{AT}/subscriptions{V}",
        headers=(("Authorization", f"Bearer {_token(kit)}"),),
    )
    assert _error(kit.tenant.handle(request))[:2] == (404, "NotFound")


def test_an_old_token_is_told_both_times() -> None:
    kit = Kit()
    token = _token(kit)
    kit.tenant.advance(2 * 3600)
    status, code, message = _error(_get(kit, f"/tenants{V}", token))
    assert (status, code) == (401, "ExpiredAuthenticationToken")
    assert message.endswith("is earlier than current UTC time '1/1/2026 2:00:00 PM'.")


def test_the_endpoints_of_a_cloud_are_one_object_or_a_list_by_version(kit: Kit) -> None:
    one: Any = body_of(kit.get(f"{AT}/metadata/endpoints?api-version=2022-09-01"))
    assert (one["name"], one["portal"]) == ("AzureCloud", "https://portal.azure.com")
    assert one["authentication"]["loginEndpoint"] == BASE
    assert one["resourceManager"] == f"{AT}/"
    government = "https://management.usgovcloudapi.net/metadata/endpoints?api-version=2022-09-01"
    assert body_of(kit.get(government))["name"] == "AzureUSGovernment"
    many = kit.get(f"{AT}/metadata/endpoints?api-version=2019-05-01").body
    assert many.count(b'"loginEndpoint"') == 3
    assert _error(kit.get(f"{AT}/metadata/endpoints"))[1] == "MissingApiVersionParameter"


def test_on_this_machine_the_cloud_is_here(kit: Kit) -> None:
    here = "http://localhost:8080"
    found = body_of(kit.get(f"{here}/metadata/endpoints?api-version=2022-09-01"))
    assert found["authentication"]["loginEndpoint"] == here
    assert (found["resourceManager"], found["microsoftGraphResourceId"]) == (f"{here}/",) * 2


@pytest.mark.parametrize("path", [f"/tenants{V}", f"/subscriptions{V}", "/v1.0/me"])
def test_a_login_host_does_not_answer_for_an_api(kit: Kit, path: str) -> None:
    response = kit.get(f"{BASE}{path}")
    assert response.status == 404
    assert (response.header("Content-Type") or "").startswith("text/html")


@pytest.mark.parametrize("version", ["banana", "1.0", "%C3%A9", "9" * 3000])
def test_the_clouds_are_told_for_a_version_that_can_be(kit: Kit, version: str) -> None:
    refused = kit.get(f"{AT}/metadata/endpoints?api-version={version}")
    assert _error(refused)[:2] == (400, "InvalidApiVersionParameter")


def test_an_audience_of_any_letters_is_told_in_a_header_that_can_be_sent() -> None:
    uri = 'api://\u4e2d\u6587/"a"\\b'
    own = Resource(id=DAEMON, name="Ours", uris=(uri,))
    book = replace(DEFAULT, resources=(*DEFAULT.resources, own))
    kit = Kit(PracticeTenant(directory=book.with_admin_consent(), clock=lambda: NOON))
    form = {
        "client_id": DAEMON,
        "client_secret": SECRET,
        "grant_type": "client_credentials",
        "scope": f"{uri}/.default",
    }
    refused = _get(kit, f"/tenants{V}", str(body_of(kit.ask(form))["access_token"]))
    assert uri in _error(refused)[2]
    challenge = refused.header("WWW-Authenticate") or ""
    _, _, said = challenge.partition('error_description="')
    assert re.fullmatch(r'[ !#-\[\]-~]*"', said)  # RFC 6750 §3
    encode_response(refused, method="GET", keep=True)
