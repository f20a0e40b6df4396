"""Managed identity: what the endpoints of machines give, and what they refuse."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from entra_oauth.errors import UsageError
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.workloads import ManagedIdentity, identity_path
from entra_oauth.practice.server.hosts import serve
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.practice.token.signed_tokens import service_oid
from entra_oauth.practice.workload import variables
from entra_oauth.practice.workload.managed_identity import ARC_KEY_FILE
from entra_oauth.protocol.messages import HttpResponse
from kit.practice import NOON, Kit, body_of

SYSTEM = "1de27000-0000-4000-8000-000000000009"
USERS = "1de27000-0000-4000-8000-00000000000a"
TENANT = "a1bc2d34-5e67-8f89-01ab-c2345d6c78de"
AT = "http://169.254.169.254/metadata/identity/oauth2/token"
SERVICE = "https://localhost:8443/msi/token"
ARM = "https://management.azure.com/"
DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
Query = dict[str, str | None]
ASKED: Query = {"api-version": "2018-02-01", "resource": ARM}
ASKED_SERVICE: Query = {"api-version": "2019-08-01", "resource": ARM}
METADATA = ("Metadata", "true")


def _query(asked: Query) -> str:
    return urlencode({name: value for name, value in asked.items() if value is not None})


def _imds(kit: Kit, changes: Query | None = None, *headers: tuple[str, str]) -> HttpResponse:
    return kit.get(f"{AT}?{_query(ASKED | (changes or {}))}", *(headers or (METADATA,)))


def _service(kit: Kit, changes: Query | None = None, *headers: tuple[str, str]) -> HttpResponse:
    secret = kit.tenant._context.secrets.of("app-service")
    proof = headers or (("X-IDENTITY-HEADER", secret),)
    return kit.get(f"{SERVICE}?{_query(ASKED_SERVICE | (changes or {}))}", *proof)


def _claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    found = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert isinstance(found, dict)
    return found


def test_a_machine_gets_a_token_of_its_own_for_a_day() -> None:
    body = body_of(_imds(Kit()))
    assert all(isinstance(value, str) for value in body.values())
    assert (body["resource"], body["token_type"], body["client_id"]) == (ARM, "Bearer", SYSTEM)
    assert (body["expires_in"], body["expires_on"]) == ("86399", str(int(NOON) + 86_400))
    claims = _claims(body["access_token"])
    assert (claims["aud"], claims["appid"], claims["appidacr"]) == (ARM, SYSTEM, "2")
    assert claims["oid"] == claims["sub"] == service_oid(TENANT, SYSTEM)
    assert claims["xms_mirid"] == identity_path("practice-machine")
    assert "scp" not in claims


def test_app_service_gives_the_same_in_its_own_shape() -> None:
    body = body_of(_service(Kit()))
    assert set(body) == {"access_token", "expires_on", "resource", "token_type", "client_id"}
    assert body["expires_on"] == str(int(NOON) + 86_400)
    assert _claims(body["access_token"])["appid"] == body["client_id"] == SYSTEM


OID, PATH = service_oid(TENANT, USERS), identity_path("practice-identity")


@pytest.mark.parametrize(
    ("ask", "name", "value"),
    [
        (_imds, "client_id", USERS),
        (_imds, "client_id", USERS.upper()),
        (_imds, "object_id", OID),
        (_imds, "msi_res_id", PATH),
        (_imds, "mi_res_id", PATH.lower()),
        (_service, "client_id", USERS),
        (_service, "principal_id", OID),
        (_service, "object_id", OID),
        (_service, "mi_res_id", PATH),
    ],
)
def test_an_identity_is_chosen_by_each_of_its_names(ask: Any, name: str, value: str) -> None:
    body = body_of(ask(Kit(), {name: value}))
    assert body["client_id"] == _claims(body["access_token"])["appid"] == USERS


def test_the_workspace_lets_the_machine_in() -> None:
    kit = Kit()
    token = body_of(_imds(kit, {"resource": DATABRICKS}))["access_token"]
    at = "https://adb-1.2.azuredatabricks.net/api/2.0/preview/scim/v2/Me"
    me = body_of(kit.get(at, ("Authorization", f"Bearer {token}")))
    assert (me["userName"], me["displayName"]) == (SYSTEM, "practice-machine")


def _with(*managed: ManagedIdentity) -> Kit:
    base = next(app for app in DEFAULT.apps if app.client_id == USERS)
    apps = tuple(
        replace(base, client_id=f"{USERS[:-1]}{number}", managed=kind)
        for number, kind in enumerate(managed)
    )
    return Kit(PracticeTenant(directory=replace(DEFAULT, apps=apps), clock=lambda: NOON))


def test_where_none_is_named_the_only_one_is_meant_and_of_several_none() -> None:
    users, none = ManagedIdentity.USER, ManagedIdentity.NONE
    assert body_of(_imds(_with(none, users)))["client_id"].endswith("1")
    for kit, said in ((_with(users, users), "Multiple"), (_with(none), "not found"), (_with(), "")):
        answer = _imds(kit)
        assert (answer.status, body_of(answer)["error"]) == (400, "invalid_request")
        assert said in body_of(answer)["error_description"]


IMDS_REFUSED: list[tuple[Query, tuple[tuple[str, str], ...], str]] = [
    ({}, (("X", "y"),), "bad_request_102"),
    ({}, (("Metadata", "false"),), "bad_request_102"),
    ({"api-version": None}, (METADATA,), "invalid_request"),
    ({"api-version": "latest"}, (METADATA,), "invalid_request"),
    ({"resource": None}, (METADATA,), "invalid_request"),
    ({"resource": "https://nobody.example"}, (METADATA,), "invalid_resource"),
    ({"resource": f"{ARM}.default"}, (METADATA,), "invalid_resource"),
    ({"client_id": "other"}, (METADATA,), "invalid_request"),
    ({"client_id": "12a34b56-789c-0d12-e3fa-b456789c0123"}, (METADATA,), "invalid_request"),
    ({"client_id": USERS, "object_id": OID}, (METADATA,), "invalid_request"),
    ({"msi_res_id": "é"}, (METADATA,), "invalid_request"),
]


@pytest.mark.parametrize(("changes", "headers", "error"), IMDS_REFUSED)
def test_what_a_machine_is_refused(
    changes: Query, headers: tuple[tuple[str, str], ...], error: str
) -> None:
    answer = _imds(Kit(), changes, *headers)
    assert (answer.status, body_of(answer)["error"]) == (400, error)
    assert body_of(answer)["error_description"]


@pytest.mark.parametrize("name", ["api-version", "resource"])
def test_a_variable_that_is_missing_is_named_as_one_of_the_query(name: str) -> None:
    said = f"Required query variable '{name}' is missing"
    assert body_of(_imds(Kit(), {name: None}))["error_description"] == said
    assert body_of(_service(Kit(), {name: None}))["message"] == said


@pytest.mark.parametrize(
    ("changes", "header", "status"),
    [
        ({}, None, 401),
        ({}, "", 401),
        ({}, "another", 401),
        ({}, "é", 401),
        ({"api-version": "2017-09-01"}, "its own", 400),
        ({"resource": None}, "its own", 400),
        ({"resource": "https://nobody.example"}, "its own", 400),
        ({"client_id": "other"}, "its own", 400),
        ({"mi_res_id": "x", "object_id": "x"}, "its own", 400),
    ],
)
def test_what_app_service_refuses(changes: Query, header: str | None, status: int) -> None:
    headers = () if header == "its own" else (("X-IDENTITY-HEADER", header or ""),)
    answer = _service(Kit(), changes, *headers)
    body = body_of(answer)
    assert (answer.status, body["statusCode"]) == (status, status)
    assert "access_token" not in body
    assert body["message"]


@pytest.mark.parametrize(
    "query", ["resource=a&resource=b&api-version=2018-02-01", "&".join(["a=1"] * 1000)]
)
def test_a_query_that_is_none_is_answered_in_json(query: str) -> None:
    answer = Kit().get(f"{AT}?{query}", METADATA)
    assert (answer.status, body_of(answer)["error"]) == (400, "invalid_request")


def test_a_machine_can_be_made_to_fail() -> None:
    kit = Kit()
    kit.tenant.faults.add("workload status=410 times=1")
    assert [_imds(kit).status, _imds(kit).status] == [410, 200]


ARC = "https://localhost:8443/arc/metadata/identity/oauth2/token"


def _arc(kit: Kit, changes: Query | None = None, *headers: tuple[str, str]) -> HttpResponse:
    return kit.get(f"{ARC}?{_query(ASKED | (changes or {}))}", METADATA, *headers)


def test_the_agent_of_arc_names_a_file_and_takes_what_is_in_it() -> None:
    kit = Kit()
    secret = kit.tenant._context.secrets.of("arc")
    for given in ((), (("Authorization", "Basic another"),), (("Authorization", secret),)):
        reply = _arc(kit, None, *given)
        assert reply.status == 401
        assert reply.header("WWW-Authenticate") == f"Basic realm={ARC_KEY_FILE}"
    key = ("Authorization", f"Basic {secret}")
    assert body_of(_arc(kit, None, key))["client_id"] == SYSTEM
    named = body_of(_arc(kit, {"msi_res_id": identity_path("practice-identity")}, key))
    assert named["msi_res_id"] == identity_path("practice-identity")
    assert named["client_id"] == USERS
    assert body_of(_arc(kit, {"client_id": TENANT}, key))["error_description"] == (
        "Identity not found"
    )


def test_a_place_with_an_agent_needs_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = PracticeTenant()
    monkeypatch.setattr(variables, "ARC_KEY_FILE", str(tmp_path / "none" / "practice.key"))
    with serve(tenant, tls=False) as hosted:
        with pytest.raises(UsageError, match="clients read it nowhere else"):
            tenant.variables_of("arc", hosted, authority_url=hosted.base_url)
        (tmp_path / "none").mkdir()
        found = tenant.variables_of("arc", hosted, authority_url=hosted.base_url)
    assert found["IDENTITY_ENDPOINT"] == f"{found['IMDS_ENDPOINT']}/metadata/identity/oauth2/token"
    file = tmp_path / "none" / "practice.key"
    assert file.read_text() == tenant._context.secrets.of("arc")
    assert file.stat().st_mode & 0o077 == 0
