"""Every name that a reader of the glossary shows has a row: in requests, answers and tokens."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.practice import PracticeTenant
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest, Hints
from entra_oauth.protocol.endpoints.client_auth import ClientSecret, FederatedAssertion
from entra_oauth.protocol.endpoints.device_authorization import DeviceRequest
from entra_oauth.protocol.endpoints.token import TokenRequest
from entra_oauth.protocol.glossary.message_kind import (
    MessageKind,
    back_channel_kind,
    kind_of_answer,
)
from entra_oauth.protocol.glossary.parameters import parameter
from entra_oauth.protocol.messages import FORM, HttpRequest, encode_form, parse_form
from entra_oauth.recording.report.parameter_rows import tables
from entra_oauth.recording.story import cast_of, message_kind
from kit import canaries, recordings
from kit.canaries import CLIENT_ID, TENANT
from kit.grants import ASSERTION, NOW, app, person
from kit.practice import (
    BASE,
    DAEMON,
    MIDDLE,
    SCOPE,
    SECRET,
    Kit,
    authorize_url,
    body_of,
    changed,
    claims_of,
    header_of,
    reply,
)

CLAIMS = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'
GUID = "d828e473-0000-4000-8000-333344445555"
ALL_SCOPES = f"{SCOPE} openid profile email offline_access"


def unknown(kind: MessageKind, names: Iterable[str]) -> set[str]:
    return {name for name in names if parameter(kind, name) is None}


# ---- what this program sends ------------------------------------------------------------


def test_every_parameter_of_our_authorization_requests_has_a_row() -> None:
    request = AuthorizationRequest.hardened(
        authority=Authority.of(TENANT),
        client_id=CLIENT_ID,
        redirect_uri="http://localhost",
        scopes=("databricks",),
        hints=Hints(
            prompt="login",
            login_hint="ada@example.test",
            domain_hint="example.test",
            claims=CLAIMS,
            correlation_id=GUID,
        ),
    )
    names = [name for name, _ in request.parameters]
    assert len(names) == 14
    assert unknown(MessageKind.AUTHORIZATION_REQUEST, names) == set()


def redemption(request: AuthorizationRequest) -> TokenRequest:
    fields = encode_form((("code", "a-code"), ("state", request.state)))
    message = HttpRequest(method="GET", url=f"http://localhost/?{fields}")
    if request.response_mode == "form_post":
        message = HttpRequest(
            method="POST",
            url="http://localhost/",
            headers=(("Content-Type", FORM),),
            body=fields.encode(),
        )
    return TokenRequest.redeem(AuthorizationResponse.read(message, answering=request))


SECRET_PROOF = ClientSecret("a-client-secret").prove(CLIENT_ID, "https://x", now=NOW)
ASSERTION_PROOF = FederatedAssertion("a.b.c").prove(CLIENT_ID, "https://x", now=NOW)
TOKEN_REQUESTS = [
    redemption(canaries.article_request()),
    redemption(canaries.hardened_request()),
    TokenRequest.refresh(person(claims=CLAIMS), "a-refresh-token", proof=SECRET_PROOF),
    TokenRequest.password(person(), "ada@example.test", "a password", proof=ASSERTION_PROOF),
    TokenRequest.device(person(), "a-device-code"),
    TokenRequest.client_credentials(app(), proof=ASSERTION_PROOF),
    TokenRequest.on_behalf_of(person(), ASSERTION, proof=SECRET_PROOF),
]


@pytest.mark.parametrize("request_", TOKEN_REQUESTS, ids=lambda each: each.grant_type[-20:])
def test_every_parameter_of_our_token_requests_has_a_row(request_: TokenRequest) -> None:
    kind = back_channel_kind(request_.to_http())
    assert kind is not MessageKind.TOKEN_REQUEST
    assert unknown(kind, (name for name, _ in request_.parameters)) == set()


def test_every_parameter_of_our_device_requests_has_a_row() -> None:
    message = DeviceRequest(person(claims=CLAIMS)).to_http()
    kind = back_channel_kind(message)
    assert kind is MessageKind.DEVICE_REQUEST
    assert unknown(kind, (name for name, _ in parse_form(message.body.decode()))) == set()


# ---- what comes back --------------------------------------------------------------------


def token_names(token: str, kind: MessageKind) -> set[str]:
    return unknown(MessageKind.TOKEN_HEADER, header_of(token)) | unknown(kind, claims_of(token))


def answer_names(request: MessageKind, members: dict[str, Any]) -> set[str]:
    found = unknown(kind_of_answer(request, members), members)
    for name, kind in (
        ("access_token", MessageKind.ACCESS_TOKEN),
        ("id_token", MessageKind.ID_TOKEN),
    ):
        if name in members:
            found |= token_names(members[name], kind)
    return found


def test_every_name_of_a_sign_in_has_a_row() -> None:
    kit = Kit()
    page = kit.open({"scope": ALL_SCOPES, "nonce": "n", "client_info": "1"})
    answer = reply(page)
    assert unknown(MessageKind.AUTHORIZATION_RESPONSE, answer) == set()
    members = body_of(kit.redeem(answer["code"], {"scope": ALL_SCOPES, "client_info": "1"}))
    assert {"access_token", "id_token", "refresh_token", "client_info"} <= set(members)
    assert answer_names(MessageKind.CODE_REDEMPTION, members) == set()
    again = body_of(kit.redeem(answer["code"]))
    assert "error" in again
    assert answer_names(MessageKind.CODE_REDEMPTION, again) == set()


def test_every_name_of_a_refusal_in_the_redirect_has_a_row() -> None:
    kit = Kit(consents=False)
    answer = reply(kit.open())
    assert answer["error"] == "access_denied"
    assert unknown(MessageKind.AUTHORIZATION_RESPONSE, answer) == set()


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        (1, {"resource": SCOPE.removesuffix("/.default")}),
        (2, {"scope": SCOPE}),
        (2, {"scope": f"api://{MIDDLE}/.default"}),
    ],
)
def test_every_name_of_an_apps_own_token_has_a_row(version: int, wanted: dict[str, str]) -> None:
    form = {"grant_type": "client_credentials", "client_id": DAEMON, "client_secret": SECRET}
    members = body_of(Kit().ask({**form, **wanted}, version=version))
    assert "access_token" in members
    assert answer_names(MessageKind.CLIENT_CREDENTIALS, members) == set()


def test_every_name_of_a_device_sign_in_has_a_row() -> None:
    form = changed({"client_id": "a", "scope": SCOPE}, {"client_id": DEFAULT.apps[0].client_id})
    url = f"{BASE}/{DEFAULT.tenants[0].id}/oauth2/v2.0/devicecode"
    members = body_of(Kit().post(url, form))
    assert "user_code" in members
    assert answer_names(MessageKind.DEVICE_REQUEST, members) == set()


@pytest.mark.parametrize(
    "path",
    [
        "v2.0/.well-known/openid-configuration",
        ".well-known/openid-configuration",
        "discovery/v2.0/keys",
    ],
)
def test_every_name_of_the_authoritys_documents_has_a_row(path: str) -> None:
    url = f"{BASE}/{DEFAULT.tenants[0].id}/{path}"
    members = body_of(PracticeTenant().handle(HttpRequest(method="GET", url=url)))
    kind = back_channel_kind(HttpRequest(method="GET", url=url))
    assert answer_names(kind, members) == set()


# ---- what the readers show --------------------------------------------------------------


@pytest.mark.parametrize("hardened", [False, True])
def test_every_row_of_a_report_has_a_meaning(hardened: bool) -> None:
    evidence = recordings.evidence(recordings.recording(hardened=hardened))
    cast = cast_of(evidence.steps)
    kinds = [(step, message_kind(step, cast)) for step in evidence.steps]
    shown = [row for step, kind in kinds for table in tables(step, kind) for row in table.rows]
    assert len(shown) > 10
    assert [row.name for row in shown if not row.meaning] == []
    assert [row.name for row in shown if not row.source] == ([] if hardened else ["state"])


def test_the_practice_pages_say_what_the_glossary_says() -> None:
    path = Path(__file__).parents[3] / "scripts" / "write_lessons.py"
    spec = importlib.util.spec_from_file_location("write_lessons", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    current = script.FILE.read_text(encoding="utf-8")
    assert current == script.made(), "run scripts/write_lessons.py"
    sent = [name for name, _ in parse_form(authorize_url().partition("?")[2])]
    assert set(sent) <= set(json.loads(current))
