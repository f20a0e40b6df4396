"""Whatever is asked of an API, it answers in its own JSON: no page, no crash."""

from __future__ import annotations

import json
from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from entra_oauth.practice.directory.model import GRAPH
from entra_oauth.protocol.messages import HttpRequest
from kit.practice import ALICE, BASE, PASSWORD, Kit, body_of

GRAPHS = "https://graph.microsoft.com"
AZURE = "https://management.azure.com"
WORKSPACE = "https://adb-1234567890123456.7.azuredatabricks.net"
SCOPES = {GRAPHS: f"{GRAPH}/.default", AZURE: "https://management.azure.com/.default"}
OURS = "5b5c0000-0000-4000-8000-000000000001"
PARTS = st.sampled_from(
    [
        *("v1.0", "beta", "me", "users", ALICE, "photo", "$value", "organization", "auditLogs"),
        *("signIns", "tenants", "subscriptions", OURS, "resourceGroups", "providers", "metadata"),
        *("endpoints", "common", "oauth2", "v2.0", "authorize", "token", "devicelogin", "oidc"),
        *(
            "",
            ".",
            "..",
            "%2e%2e",
            "%00",
            "%ff",
            "%0d%0ax: y",
            "<script>",
            "{}",
            "'",
            "é",
            "\u202e",
        ),
    ]
)
QUERIES = st.sampled_from(
    [
        *("", "?", "?api-version=2022-12-01", "?api-version=2022-12-01&api-version=x"),
        *("?$select=", "?$select=,,", "?$select=id,'", "?$top=-1", "?$top=1&$filter=a eq 'b'"),
        *("?$filter=%27", "?api-version=2022-12-01&%00", "?=", "?&&", "?%", "?$top=\u0661"),
    ]
)


@cache
def _kit() -> tuple[Kit, dict[str, str]]:
    kit = Kit()
    tokens = {}
    for host, scope in SCOPES.items():
        form = {
            "client_id": "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
            "grant_type": "password",
            "username": ALICE,
            "password": PASSWORD,
            "scope": scope,
        }
        tokens[host] = str(body_of(kit.ask(form))["access_token"])
    return kit, tokens


@given(
    host=st.sampled_from([GRAPHS, AZURE]),
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    parts=st.lists(PARTS, max_size=6),
    query=QUERIES,
    signed_in=st.booleans(),
)
@example(host=GRAPHS, method="GET", parts=[], query="", signed_in=True)
@example(host=GRAPHS, method="GET", parts=["v1.0", "users", ""], query="", signed_in=True)
@example(host=AZURE, method="GET", parts=["metadata", "endpoints"], query="?=", signed_in=False)
def test_an_api_answers_in_json_whatever_is_asked(
    host: str, method: str, parts: list[str], query: str, signed_in: bool
) -> None:
    kit, tokens = _kit()
    headers = (("Authorization", f"Bearer {tokens[host]}"),) if signed_in else ()
    url = f"{host}/{'/'.join(parts)}{query}"
    response = kit.tenant.handle(HttpRequest(method=method, url=url, headers=headers))
    kind = response.header("Content-Type") or ""
    if kind != "image/png":
        assert kind.startswith("application/json"), url
        content = json.loads(response.body)
        assert response.status == 200 or {"code", "message"} <= content["error"].keys(), url
    for name, value in response.headers:
        assert "\r" not in value, (name, url)
        assert "\n" not in value, (name, url)


LEFT_OUT: list[tuple[str, str, set[str]]] = [
    (f"{WORKSPACE}/api/2.0/nothing", "GET", {"error_code", "message"}),
    (f"{WORKSPACE}/api/2.0/clusters/list", "POST", {"error_code", "message"}),
    (f"{WORKSPACE}/api", "GET", {"error_code", "message"}),
    (f"{WORKSPACE}/oidc/v1/token", "GET", {"error", "error_description"}),
    (f"{WORKSPACE}/oidc/%0d%0a", "PATCH", {"error", "error_description"}),
    (f"{WORKSPACE}/.well-known/databricks-config", "POST", {"error", "error_description"}),
    (f"{WORKSPACE}/.well-known/nothing", "GET", {"error", "error_description"}),
    ("http://169.254.169.254/metadata/instance", "GET", {"error", "error_description"}),
    ("http://169.254.169.254/nothing", "GET", {"error", "error_description"}),
    (f"{BASE}/metadata/identity/oauth2/token", "POST", {"error", "error_description"}),
    (f"{BASE}/msi/token", "POST", {"statusCode", "message"}),
    (f"{BASE}/msi/nothing", "FOO", {"statusCode", "message"}),
    (f"{BASE}/github/idtoken", "POST", {"message"}),
    (f"{BASE}/azure-devops/x/oidctoken", "GET", {"message"}),
    (f"{BASE}/azure-devops/" + "x" * 5000, "GET", {"message"}),
    (f"{BASE}/oidc/userinfo", "DELETE", {"error", "error_description"}),
    (f"{GRAPHS}/oidc/userinfo", "DELETE", {"error"}),
    (f"{AZURE}/oidc/userinfo?api-version=2022-12-01", "GET", {"error"}),
]


@pytest.mark.parametrize(("url", "method", "members"), LEFT_OUT)
def test_a_path_or_method_that_an_api_does_not_have_is_told_in_its_json(
    url: str, method: str, members: set[str]
) -> None:
    response = Kit().tenant.handle(HttpRequest(method=method, url=url))
    assert response.status >= 400
    assert (response.header("Content-Type") or "").startswith("application/json")
    assert set(body_of(response)) == members
    assert len(response.body) < 1000


def test_a_workspace_names_the_api_that_it_does_not_have() -> None:
    body = body_of(Kit().get(f"{WORKSPACE}/api/2.0/repos/x"))
    assert body["message"] == "No API found for 'GET /repos/x'"


@pytest.mark.parametrize("url", [f"{BASE}/nothing", f"{WORKSPACE}/nothing"])
def test_people_who_are_lost_still_get_a_page(url: str) -> None:
    response = Kit().get(url)
    assert response.status == 404
    assert (response.header("Content-Type") or "").startswith("text/html")
