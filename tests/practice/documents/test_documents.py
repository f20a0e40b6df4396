"""Documents beside the first one: v1.0, instances, userinfo; who may read an answer."""

from __future__ import annotations

from typing import Any

import pytest

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.practice.directory.tenant_authority import CONSUMERS_ID
from entra_oauth.protocol.messages import HttpRequest
from kit.practice import (
    ALICE,
    BASE,
    DAEMON,
    SECRET,
    SPA,
    Changes,
    Kit,
    body_of,
    changed,
    claims_of,
    refused,
)

HERE = "https://localhost:8443"
INSTANCE = f"{BASE}/common/discovery/instance"


@pytest.mark.parametrize(
    ("segment", "issuer"),
    [
        (ARTICLE_TENANT_ID, f"https://sts.windows.net/{ARTICLE_TENANT_ID}/"),
        ("common", "https://sts.windows.net/{tenantid}/"),
    ],
)
def test_the_v1_configuration_names_the_v1_endpoints(segment: str, issuer: str) -> None:
    kit = Kit()
    document = body_of(kit.get(f"{BASE}/{segment}/.well-known/openid-configuration"))
    assert document["issuer"] == issuer
    for name, method in (
        ("authorization_endpoint", "GET"),
        ("token_endpoint", "POST"),
        ("end_session_endpoint", "GET"),
        ("jwks_uri", "GET"),
        ("device_authorization_endpoint", "POST"),
        ("userinfo_endpoint", "GET"),
    ):
        url = document[name]
        assert "v2.0" not in url
        answer = kit.tenant.handle(HttpRequest(method=method, url=url))
        assert answer.status not in (404, 405), name


def test_personal_accounts_have_documents_and_nothing_else() -> None:
    kit = Kit()
    for segment in ("consumers", CONSUMERS_ID):
        path = "v2.0/.well-known/openid-configuration"
        document = body_of(kit.get(f"{BASE}/{segment}/{path}"))
        assert document["issuer"] == f"{BASE}/{CONSUMERS_ID}/v2.0"
    assert "AADSTS9002332" in kit.open(tenant="consumers").text
    assert refused(kit.redeem("x", tenant="consumers")) == (400, "invalid_request", 9002332)


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ({}, 900144),
        ({"authorization_endpoint": "https://evil.example/x/oauth2/v2.0/authorize"}, 50049),
        ({"authorization_endpoint": "https://login.microsoftonline.com.evil.example/"}, 50049),
        ({"authorization_endpoint": "x"}, 50049),
        ({"authorization_endpoint": "https://[::1/"}, 50050),
    ],
)
def test_an_unknown_instance_is_refused(query: Changes, number: int) -> None:
    response = Kit().get(f"{INSTANCE}?{changed({}, query)}")
    assert refused(response)[2] == number


def test_this_machine_is_an_instance_too() -> None:
    query = {"authorization_endpoint": f"{HERE}/common/oauth2/v2.0/authorize"}
    body = body_of(Kit().get(f"{HERE}/common/discovery/instance?{changed({}, query)}"))
    assert body["tenant_discovery_endpoint"] == (
        f"{HERE}/common/v2.0/.well-known/openid-configuration"
    )
    assert body["metadata"][-1]["aliases"] == ["localhost:8443"]


# ---- userinfo ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "url"),
    [(BASE, "https://graph.microsoft.com/oidc/userinfo"), (HERE, f"{HERE}/oidc/userinfo")],
)
def test_userinfo_tells_who_signed_in(base: str, url: str) -> None:
    kit = Kit()
    path = f"{base}/{ARTICLE_TENANT_ID}/v2.0/.well-known/openid-configuration"
    assert body_of(kit.get(path))["userinfo_endpoint"] == url
    body = kit.tokens({"scope": "openid profile User.Read"}, {"scope": None})
    bearer = ("Authorization", f"Bearer {body['access_token']}")
    told = body_of(kit.get(url, bearer))
    assert told["sub"] == claims_of(body["id_token"])["sub"]
    assert (told["email"], told["given_name"]) == (ALICE, "Alice")
    assert body_of(kit.post(url, "", bearer)) == told


def _databricks(kit: Kit) -> str:
    return str(kit.tokens()["access_token"])


def _app(kit: Kit) -> str:
    form: Changes = {
        "grant_type": "client_credentials",
        "client_id": DAEMON,
        "client_secret": SECRET,
        "scope": "https://graph.microsoft.com/.default",
    }
    return str(body_of(kit.ask(form))["access_token"])


def _late(kit: Kit) -> str:
    body = kit.tokens({"scope": "User.Read"}, {"scope": None})
    kit.tenant.advance(body["expires_in"] + 1)
    return str(body["access_token"])


@pytest.mark.parametrize("make", [_databricks, _app, _late, lambda _: "x", lambda _: "x.y.z"])
def test_userinfo_is_for_a_person_with_a_good_token_for_graph(make: Any) -> None:
    kit = Kit()
    token = make(kit)
    response = kit.get(f"{BASE}/oidc/userinfo", ("Authorization", f"Bearer {token}"))
    assert response.status == 401
    assert body_of(response)["error"]["code"] == "InvalidAuthenticationToken"


def test_userinfo_without_a_token_is_401() -> None:
    assert Kit().get(f"{BASE}/oidc/userinfo").status == 401


# ---- whose script may read an answer ---------------------------------------------------------

ORIGIN = ("Origin", "http://localhost:5000")


def test_an_error_can_be_read_by_the_page_of_a_single_page_app_and_by_no_other() -> None:
    kit = Kit()
    form: Changes = {"grant_type": "refresh_token", "refresh_token": "x"}
    allowed = kit.ask({**form, "client_id": SPA}, ORIGIN)
    assert allowed.status == 400
    assert allowed.header("Access-Control-Allow-Origin") == ORIGIN[1]
    for response in (
        kit.ask({**form, "client_id": ARTICLE_CLIENT_ID}, ORIGIN),
        kit.ask({**form, "client_id": SPA}),
    ):
        assert response.header("Access-Control-Allow-Origin") is None


def test_a_browser_may_ask_before_it_sends_a_pages_request() -> None:
    kit = Kit()
    url = f"{BASE}/common/oauth2/v2.0/token"
    request = HttpRequest(method="OPTIONS", url=url, headers=(ORIGIN,))
    response = kit.tenant.handle(request)
    assert response.status == 200
    assert response.header("Access-Control-Allow-Methods") == "POST, OPTIONS"
    bare = kit.tenant.handle(HttpRequest(method="OPTIONS", url=url))
    assert bare.header("Access-Control-Allow-Origin") is None
