"""Whatever is asked of an API, it answers in its own JSON: no page, no crash."""

from __future__ import annotations

import json
from functools import cache

from hypothesis import example, given
from hypothesis import strategies as st

from entra_oauth.practice.directory.model import GRAPH
from entra_oauth.protocol.messages import HttpRequest
from kit.practice import ALICE, PASSWORD, Kit, body_of

GRAPHS = "https://graph.microsoft.com"
AZURE = "https://management.azure.com"
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
