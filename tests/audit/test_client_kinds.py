"""Rules know what kind of client they look at: native, web or single-page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.audit.case import ClientKind
from entra_oauth.protocol.messages import FORM
from entra_oauth.recording import Exchange
from kit.audit.judged import CLIENT, authorize, call, case, jwt, token, words

CODE = "authorization_code"
WEB, PAGE, NATIVE = "https://app.example/cb", "https://spa.example/", "http://localhost:8400"
ORIGIN = (("Origin", "https://spa.example"),)


def _with(exchange: Exchange, headers: tuple[tuple[str, str], ...]) -> Exchange:
    request = replace(exchange.request, headers=(*exchange.request.headers, *headers))
    return replace(exchange, request=request)


KINDS: list[tuple[str, dict[str, Any], tuple[tuple[str, str], ...], dict[str, Any], Any]] = [
    (NATIVE, {}, (), {}, ClientKind.NATIVE),
    ("com.example.app:/cb", {}, (), {}, ClientKind.NATIVE),
    ("urn:ietf:wg:oauth:2.0:oob", {}, (), {}, ClientKind.NATIVE),
    (NATIVE, {}, ORIGIN, {}, ClientKind.NATIVE),
    (WEB, {}, (), {"client_secret": "s"}, ClientKind.WEB),
    (WEB, {}, (), {"client_assertion": "a.b.c"}, ClientKind.WEB),
    (WEB, {}, (("Authorization", "Basic eDp5"),), {}, ClientKind.WEB),
    (WEB, {"response_mode": "form_post"}, (), {}, ClientKind.WEB),
    (PAGE, {}, ORIGIN, {}, ClientKind.SINGLE_PAGE),
    (WEB, {}, (), {}, None),
]


@pytest.mark.parametrize(("uri", "asked", "headers", "fields", "kind"), KINDS)
def test_the_kind_of_a_client_is_told_by_its_sign_in(
    uri: str,
    asked: dict[str, Any],
    headers: tuple[tuple[str, str], ...],
    fields: dict[str, Any],
    kind: ClientKind | None,
) -> None:
    first = authorize(client_id=CLIENT, response_type="code", redirect_uri=uri, state="s", **asked)
    made = case(first, _with(token({}, grant_type=CODE, client_id=CLIENT, **fields), headers))
    assert {made.client(item) for item in made.items} == {kind}
    public = kind in (ClientKind.NATIVE, ClientKind.SINGLE_PAGE)
    assert words("AR04", made) == ["error" if public else "warning"]


def test_without_a_redirect_uri_and_a_secret_the_kind_is_not_known() -> None:
    made = case(token({}, grant_type="refresh_token", client_id=CLIENT))
    assert made.client(made.items[0]) is None
    posted = case(authorize(client_id=CLIENT, response_type="code", response_mode="form_post"))
    assert posted.client(posted.items[0]) is None


def test_a_single_page_app_may_be_read_by_its_page() -> None:
    first = authorize(client_id=CLIENT, response_type="code", redirect_uri=PAGE, state="s")
    made = case(first, _with(token({}, grant_type=CODE, client_id=CLIENT), ORIGIN))
    assert words("TS12", made) in (["pass"], ["not applicable"])
    assert words("TR19", made) == ["not applicable"]


def test_a_native_app_sends_no_origin() -> None:
    first = authorize(client_id=CLIENT, response_type="code", redirect_uri=NATIVE, state="s")
    assert words("TR19", case(first, _with(token({}, grant_type=CODE), ORIGIN))) == ["note"]


def test_a_token_is_one_token_however_many_blanks_stand_before_it() -> None:
    issued = token({"access_token": "opaque-token-of-twenty"}, grant_type=CODE, client_id=CLIENT)
    made = case(issued, call("Bearer   opaque-token-of-twenty "))
    assert len(made.flows) == 1


GUID = "12a34b56-789c-0d12-e3fa-b456789c0123"
AUDIENCES = [
    (f"api://{GUID}/.default", f"api://{GUID}", "pass"),
    (f"api://{GUID}/.default", GUID, "pass"),
    (f"{GUID}/.default", f"api://{GUID}", "pass"),
    (f"api://{GUID.upper()}/x", GUID, "pass"),
    ("api://Contoso.App/.default", "api://Contoso.App", "pass"),
    ("api://Contoso.App/.default", "api://contoso.app", "undecidable"),
    ("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default", f"api://{GUID}", "warning"),
]


@pytest.mark.parametrize(("scope", "audience", "word"), AUDIENCES)
def test_an_id_is_one_in_either_case_and_a_uri_is_compared_as_it_stands(
    scope: str, audience: str, word: str
) -> None:
    members = {"access_token": jwt({"alg": "RS256"}, {"aud": audience})}
    asked = token(members, grant_type="client_credentials", client_id=CLIENT, scope=scope)
    assert words("AT01", case(asked)) == [word]


@pytest.mark.parametrize(("place", "word"), [("query", "error"), ("form", "warning")])
def test_a_token_in_an_address_is_worse_than_one_in_a_form(place: str, word: str) -> None:
    url = "https://adb.example/api"
    sent = call("Bearer x", url=f"{url}?access_token=abc" if place == "query" else url)
    if place == "form":
        request = replace(sent.request, method="POST", body=b"access_token=abc")
        sent = _with(replace(sent, request=request), (("Content-Type", FORM),))
    assert words("RS01", case(sent)) == [word]
