"""The documents that clients read first."""

from __future__ import annotations

import pytest

from entra_oauth.practice.directory.model import ARTICLE_TENANT_ID
from entra_oauth.protocol.messages import HttpRequest
from kit.practice import BASE, Kit, body_of, refused

PATH = "v2.0/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("segment", "key", "issuer"),
    [
        (ARTICLE_TENANT_ID, ARTICLE_TENANT_ID, ARTICLE_TENANT_ID),
        (ARTICLE_TENANT_ID.upper(), ARTICLE_TENANT_ID, ARTICLE_TENANT_ID),
        ("contoso-practice.example", ARTICLE_TENANT_ID, ARTICLE_TENANT_ID),
        ("common", "common", "{tenantid}"),
        ("organizations", "organizations", "{tenantid}"),
    ],
)
def test_the_configuration_names_the_endpoints_of_that_tenant(
    segment: str, key: str, issuer: str
) -> None:
    response = Kit().get(f"{BASE}/{segment}/{PATH}")
    document = body_of(response)
    assert document["authorization_endpoint"] == f"{BASE}/{key}/oauth2/v2.0/authorize"
    assert document["token_endpoint"] == f"{BASE}/{key}/oauth2/v2.0/token"
    assert document["jwks_uri"] == f"{BASE}/{key}/discovery/v2.0/keys"
    assert document["issuer"] == f"{BASE}/{issuer}/v2.0"
    assert response.header("Cache-Control") == "max-age=86400, private"
    assert response.header("Access-Control-Allow-Origin") == "*"


def test_the_configuration_is_silent_where_entras_is() -> None:
    document = body_of(Kit().get(f"{BASE}/common/{PATH}"))
    for name in (
        "code_challenge_methods_supported",
        "grant_types_supported",
        "authorization_response_iss_parameter_supported",
    ):
        assert name not in document


def test_every_address_in_the_configuration_leads_somewhere() -> None:
    kit = Kit()
    document = body_of(kit.get(f"{BASE}/{ARTICLE_TENANT_ID}/{PATH}"))
    urls = {n: v for n, v in document.items() if n.endswith(("_endpoint", "_uri"))}
    assert urls.pop("kerberos_endpoint")  # leads nowhere here
    assert len(urls) == 6
    for url in urls.values():
        assert kit.tenant.handle(HttpRequest(method="GET", url=url)).status != 404


@pytest.mark.parametrize(
    "path", [PATH, ".well-known/openid-configuration", "discovery/v2.0/keys", "discovery/keys"]
)
@pytest.mark.parametrize(("segment", "number"), [("fabrikam.example", 90002), ("x y", 900023)])
def test_an_unknown_tenant_has_no_documents(path: str, segment: str, number: int) -> None:
    assert refused(Kit().get(f"{BASE}/{segment}/{path}")) == (400, "invalid_request", number)


def test_the_documents_follow_the_address_by_which_they_were_reached() -> None:
    document = body_of(Kit().get(f"http://127.0.0.1:8123/common/{PATH}"))
    assert document["token_endpoint"] == "http://127.0.0.1:8123/common/oauth2/v2.0/token"
