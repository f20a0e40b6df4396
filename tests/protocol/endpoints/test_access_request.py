"""The part that every grant shares: claims, correlation id, client id."""

from __future__ import annotations

from typing import Any

import pytest

from entra_oauth.errors import UsageError
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest, Hints
from entra_oauth.protocol.endpoints.token import TokenRequest
from entra_oauth.protocol.messages import HttpRequest, parse_form
from kit import canaries
from kit.canaries import CLIENT_ID, TENANT
from kit.grants import app, person

CLAIMS = '{"access_token":{"polids":{"essential":true,"values":["9ab03e19"]}}}'
GUID = "d828e473-0000-4000-8000-333344445555"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"client_id": ""}, "no client id"),
        ({"client_id": "  "}, "no client id"),
        ({"client_id": "a\nb"}, "control character"),
        ({"claims": ""}, "not JSON"),
        ({"claims": "[]"}, "not an object"),
        ({"claims": "{"}, "malformed"),
        ({"claims": '{"a":1,"a":2}'}, "twice"),
        ({"claims": '{"a":NaN}'}, "NaN"),
        ({"claims": '{"a":\n1}'}, "control character"),
        ({"claims": '{"a":"' + "x" * 9000 + '"}'}, "longer"),
        ({"correlation_id": ""}, "not a GUID"),
        ({"correlation_id": "1"}, "not a GUID"),
        ({"correlation_id": f"{GUID}\r\nX: y"}, "not a GUID"),
        ({"scopes": ()}, ""),
        ({"scopes": ("graph", "databricks")}, "2 resources"),
    ],
)
def test_what_must_not_be_sent_is_refused(changes: dict[str, Any], word: str) -> None:
    if "scopes" in changes and not changes["scopes"]:
        assert person(**changes).scope == "openid profile offline_access"
        return
    with canaries.refused(UsageError) as caught:
        person(**changes)
    assert word in caught.value.what
    if "claims" in changes or "correlation_id" in changes:
        with canaries.refused(UsageError):
            Hints(**changes)


def hardened(**hints: str) -> AuthorizationRequest:
    return AuthorizationRequest.hardened(
        authority=Authority.of(TENANT),
        client_id=CLIENT_ID,
        redirect_uri="http://localhost",
        scopes=("databricks",),
        response_mode="query",
        hints=Hints(**hints),
    )


def test_a_sign_in_sends_claims_and_correlation_id_with_both_requests() -> None:
    request = hardened(claims=CLAIMS, correlation_id=GUID)
    assert dict(parse_form(request.url.partition("?")[2])) == dict(request.parameters)
    assert dict(request.parameters)["claims"] == CLAIMS
    assert dict(request.parameters)["client-request-id"] == GUID
    callback = HttpRequest(
        method="GET", url=f"http://localhost/?code={canaries.CODE}&state={request.state}"
    )
    redeem = TokenRequest.redeem(AuthorizationResponse.read(callback, answering=request))
    assert dict(redeem.parameters)["claims"] == CLAIMS
    assert redeem.to_http().header("client-request-id") == GUID


def test_without_them_nothing_of_the_kind_is_sent() -> None:
    request = hardened()
    assert not {"claims", "client-request-id"} & set(dict(request.parameters))
    article = canaries.article_request()
    assert not {"claims", "client-request-id"} & set(dict(article.parameters))


@pytest.mark.parametrize("cloud", ["usgov", "china"])
def test_a_short_name_follows_the_authority_in_every_request(cloud: str) -> None:
    authority = Authority.of(TENANT, cloud=cloud)
    suffix = {"usgov": "usgovcloudapi.net", "china": "chinacloudapi.cn"}[cloud]
    arm = f"https://management.{suffix}/.default"
    common: dict[str, Any] = {
        "authority": authority,
        "client_id": CLIENT_ID,
        "redirect_uri": "http://localhost",
        "scopes": ("arm",),
    }
    for scopes in (
        AuthorizationRequest.article(**common).scopes,
        AuthorizationRequest.hardened(**common).scopes,
        person(authority=authority, scopes=("arm",)).scopes,
        app(authority=authority, scopes=("arm",)).scopes,
    ):
        assert scopes[0] == arm


@pytest.mark.parametrize(("length", "good"), [(8192, True), (8193, False)])
def test_claims_have_eight_kib_at_most(length: int, good: bool) -> None:
    claims = '{"a":"'.ljust(length - 2, "x") + '"}'
    assert len(claims) == length
    if good:
        assert person(claims=claims).claims == claims
        return
    with canaries.refused(UsageError) as caught:
        person(claims=claims)
    assert "longer than an address may be" in caught.value.what


@pytest.mark.parametrize("tenant", ["common", "Organizations", "consumers"])
def test_an_app_asks_one_tenant(tenant: str) -> None:
    with canaries.refused(UsageError) as caught:
        app(authority=Authority.of(tenant))
    assert "comes from one tenant" in caught.value.what


@pytest.mark.parametrize(
    "scopes",
    [("databricks", "openid"), ("https://a.e/read",), ("openid",), ("https://a.e/default",)],
)
def test_an_app_asks_for_all_that_it_may_of_one_api(scopes: tuple[str, ...]) -> None:
    with canaries.refused(UsageError) as caught:
        app(scopes=scopes)
    assert "exactly one scope that ends in /.default" in caught.value.what
