"""The tenant's answers have the members, types and headers of answers that others recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.protocol.messages import HttpResponse
from kit.practice import (
    ALICE,
    BASE,
    CAROL,
    DAEMON,
    MIDDLE,
    PASSWORD,
    SCOPE,
    SECRET,
    Changes,
    Kit,
    body_of,
    changed,
    claims_of,
    consented,
    header_of,
)

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "practice_answers.json").read_text(encoding="utf-8")
)
APP: Changes = {
    "grant_type": "client_credentials",
    "client_id": DAEMON,
    "client_secret": SECRET,
    "scope": SCOPE,
}
MIDDLE_SCOPE = f"api://{MIDDLE}/access_as_user"


def _device_code(kit: Kit) -> HttpResponse:
    form = {"client_id": ARTICLE_CLIENT_ID, "scope": f"{SCOPE} openid profile offline_access"}
    return kit.post(f"{BASE}/{ARTICLE_TENANT_ID}/oauth2/v2.0/devicecode", changed({}, form))


def _poll(kit: Kit, shown: dict[str, Any]) -> HttpResponse:
    form: Changes = {
        "grant_type": "device_code",
        "client_id": ARTICLE_CLIENT_ID,
        "device_code": shown["device_code"],
        "client_info": "1",
    }
    return kit.ask(form)


def _device_tokens(kit: Kit) -> HttpResponse:
    shown = body_of(_device_code(kit))
    kit.as_user(ALICE, user_code=shown["user_code"]).open(f"{BASE}/devicelogin")
    return _poll(kit, shown)


def _password(kit: Kit) -> HttpResponse:
    form: Changes = {
        "grant_type": "password",
        "client_id": ARTICLE_CLIENT_ID,
        "username": CAROL,
        "password": PASSWORD,
        "scope": SCOPE,
    }
    return kit.ask(form)


def _federated(kit: Kit) -> HttpResponse:
    form: Changes = {
        **APP,
        "client_secret": None,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": kit.tenant.federated_token(DAEMON),
    }
    return kit.ask(form)


def _instance(kit: Kit, host: str) -> HttpResponse:
    query = {
        "api-version": "1.1",
        "authorization_endpoint": f"https://{host}/{ARTICLE_TENANT_ID}/oauth2/v2.0/authorize",
    }
    return kit.get(f"{BASE}/common/discovery/instance?{changed({}, query)}")


ASK: dict[str, Callable[[Kit], HttpResponse]] = {
    "device code": _device_code,
    "device pending": lambda kit: _poll(kit, body_of(_device_code(kit))),
    "device tokens": _device_tokens,
    "second step needed for the password grant": _password,
    "app token": lambda kit: kit.ask(APP),
    "app token for a federated assertion": _federated,
    "wrong secret": lambda kit: kit.ask({**APP, "client_secret": "x"}),
    "unknown resource": lambda kit: kit.ask({**APP, "scope": "api://nothing/.default"}),
    "client id of zeros": lambda kit: kit.ask(
        {**APP, "client_id": "00000000-0000-0000-0000-000000000000"}
    ),
    "unknown grant type": lambda kit: kit.ask({**APP, "grant_type": "telepathy"}),
    "configuration": lambda kit: kit.get(
        f"{BASE}/{ARTICLE_TENANT_ID}/v2.0/.well-known/openid-configuration"
    ),
    "configuration of common": lambda kit: kit.get(
        f"{BASE}/common/v2.0/.well-known/openid-configuration"
    ),
    "instance discovery": lambda kit: _instance(kit, "login.microsoftonline.com"),
    "unknown instance": lambda kit: _instance(kit, "login.evil.example"),
    "realm of a managed account": lambda kit: kit.get(
        f"{BASE}/common/userrealm/{ALICE}?api-version=1.0"
    ),
    "realm of a federated account": lambda kit: kit.get(
        f"{BASE}/common/userrealm/frank@federated.contoso-practice.example?api-version=1.0"
    ),
    "keys": lambda kit: kit.get(f"{BASE}/{ARTICLE_TENANT_ID}/discovery/v2.0/keys"),
}

TOKEN: dict[str, Callable[[Kit], dict[str, Any]]] = {
    "app token of version 2": lambda kit: body_of(
        kit.ask({**APP, "scope": f"api://{MIDDLE}/.default"})
    ),
    "app token of version 1": lambda kit: body_of(kit.ask(APP)),
    "person's token of version 2": lambda kit: kit.tokens(
        {"scope": MIDDLE_SCOPE}, {"scope": MIDDLE_SCOPE}
    ),
}


def test_every_vector_is_asked_for() -> None:
    assert {vector["name"] for vector in VECTORS["answers"]} == set(ASK)
    assert {vector["name"] for vector in VECTORS["tokens"]} == set(TOKEN)
    assert all(v["source"] for v in (*VECTORS["answers"], *VECTORS["tokens"]))


@pytest.mark.parametrize("vector", VECTORS["answers"], ids=lambda v: v["name"])
def test_an_answer_is_like_the_one_that_was_recorded(vector: dict[str, Any]) -> None:
    response = ASK[vector["name"]](Kit(consented()))
    body = body_of(response)
    assert response.status == vector["status"]
    types = {name: type(value).__name__ for name, value in body.items()}
    if vector["name"] == "configuration of common":
        assert types.items() >= vector["members"].items()
    else:
        assert types == vector["members"]
    assert {name: body[name] for name in vector["values"]} == vector["values"]
    assert {name: response.header(name) for name in vector["headers"]} == vector["headers"]
    if response.status >= 400 or "access_token" in body:
        assert response.header("x-ms-request-id")
        assert response.header("x-ms-ests-server")


@pytest.mark.parametrize("vector", VECTORS["tokens"], ids=lambda v: v["name"])
def test_a_token_has_the_claims_of_the_one_that_was_seen(vector: dict[str, Any]) -> None:
    token = TOKEN[vector["name"]](Kit(consented()))["access_token"]
    assert sorted(header_of(token)) == vector["header"]
    claims = claims_of(token)
    assert sorted(claims) == vector["claims"]
    assert claims["iat"] == claims["nbf"]
    assert all(isinstance(claims[name], int) for name in ("iat", "nbf", "exp"))


def test_the_known_clouds_are_the_recorded_ones() -> None:
    metadata = body_of(_instance(Kit(), "login.windows.net"))["metadata"]
    assert [set(entry) for entry in metadata] == [
        {"preferred_network", "preferred_cache", "aliases"}
    ] * 5
    assert metadata[0]["aliases"] == [
        "login.microsoftonline.com",
        "login.windows.net",
        "login.microsoft.com",
        "sts.windows.net",
    ]
    assert metadata[0]["preferred_cache"] == "login.windows.net"


def test_the_keys_members_are_entras() -> None:
    for path, more in (("discovery/v2.0/keys", {"issuer"}), ("discovery/keys", set())):
        (key,) = body_of(Kit().get(f"{BASE}/common/{path}"))["keys"]
        assert set(key) == {"kty", "use", "kid", "x5t", "n", "e", "x5c"} | more
