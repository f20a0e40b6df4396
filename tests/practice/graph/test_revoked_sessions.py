"""The end of a person's sessions: Graph and Azure ask for newer tokens, whoever can be asked."""

from __future__ import annotations

import base64
import json

import pytest

from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit.practice import ALICE, DAEMON, NOON, PASSWORD, SECRET, Kit, body_of, consented

AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
ARTICLE = "12a34b56-789c-0d12-e3fa-b456789c0123"
CP1 = '{"access_token":{"xms_cc":{"values":["CP1"]}}}'
GRAPH = "https://graph.microsoft.com"
AZURE = "https://management.core.windows.net/"
APIS = {
    GRAPH: "https://graph.microsoft.com/v1.0/me",
    AZURE: "https://management.azure.com/tenants?api-version=2022-12-01",
}


def _tokens(kit: Kit, api: str, claims: str | None, client: str = AZURE_CLI) -> dict[str, str]:
    form = {
        "client_id": client,
        "grant_type": "password",
        "username": ALICE,
        "password": PASSWORD,
        "scope": f"{api}/.default openid offline_access",
        "claims": claims,
    }
    return body_of(kit.ask(form))


def _get(kit: Kit, url: str, token: str) -> HttpResponse:
    return kit.get(url, ("Authorization", f"Bearer {token}"))


def _revoke(kit: Kit, token: str) -> HttpResponse:
    headers = (("Authorization", f"Bearer {token}"),)
    url = f"{GRAPH}/v1.0/me/revokeSignInSessions"
    return kit.tenant.handle(HttpRequest(method="POST", url=url, headers=headers))


@pytest.mark.parametrize("api", APIS)
def test_a_client_that_can_be_asked_is_asked_and_gets_in_with_what_it_brings(api: str) -> None:
    kit = Kit()
    first = _tokens(kit, api, CP1)
    assert _get(kit, APIS[api], first["access_token"]).status == 200
    kit.tenant.advance(60)
    kit.tenant.challenge("alice")
    response = _get(kit, APIS[api], first["access_token"])
    assert response.status == 401
    assert "TokenIssuedBeforeRevocationTimestamp" in body_of(response)["error"]["message"]
    told = response.header("WWW-Authenticate") or ""
    assert 'error="insufficient_claims"' in told
    claims = base64.b64decode(told.partition('claims="')[2].rstrip('"')).decode()
    wanted = {"access_token": {"nbf": {"essential": True, "value": str(int(NOON) + 60)}}}
    assert json.loads(claims) == wanted
    joined = {"access_token": {**wanted["access_token"], "xms_cc": {"values": ["CP1"]}}}
    form = {
        "client_id": AZURE_CLI,
        "grant_type": "refresh_token",
        "refresh_token": first["refresh_token"],
        "scope": f"{api}/.default",
        "claims": json.dumps(joined),
    }
    newer = str(body_of(kit.ask(form))["access_token"])
    assert _get(kit, APIS[api], newer).status == 200


@pytest.mark.parametrize("api", APIS)
def test_a_client_that_cannot_be_asked_is_let_in_until_its_token_ends(api: str) -> None:
    kit = Kit()
    token = _tokens(kit, api, None)["access_token"]
    kit.tenant.advance(60)
    kit.tenant.challenge("alice")
    assert _get(kit, APIS[api], token).status == 200


def test_somebody_elses_sessions_are_not_touched() -> None:
    kit = Kit()
    token = _tokens(kit, GRAPH, CP1)["access_token"]
    kit.tenant.advance(60)
    kit.tenant.challenge("bob")
    assert _get(kit, APIS[GRAPH], token).status == 200


def test_a_person_ends_all_sessions_at_graph() -> None:
    kit = Kit()
    first = _tokens(kit, GRAPH, CP1)
    kit.tenant.advance(3600)
    assert body_of(_revoke(kit, first["access_token"]))["value"] is True
    assert _get(kit, APIS[GRAPH], first["access_token"]).status == 401
    form = {
        "client_id": AZURE_CLI,
        "grant_type": "refresh_token",
        "refresh_token": first["refresh_token"],
        "scope": f"{GRAPH}/.default",
    }
    assert body_of(kit.ask(form))["error_codes"] == [50173]


def test_that_takes_a_person_and_a_permission() -> None:
    kit = Kit(consented())
    reader = _tokens(kit, GRAPH, CP1, ARTICLE)["access_token"]
    assert _revoke(kit, reader).status == 403
    form = {
        "client_id": DAEMON,
        "client_secret": SECRET,
        "grant_type": "client_credentials",
        "scope": f"{GRAPH}/.default",
    }
    assert _revoke(kit, str(body_of(kit.ask(form))["access_token"])).status == 400
    assert _get(kit, APIS[GRAPH], reader).status == 200
    other = Kit(PracticeTenant(clock=lambda: NOON))
    assert _revoke(other, "x").status == 401
