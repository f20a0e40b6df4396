"""Rules know what kind of client they look at: native, web or single-page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.audit.case import Case, ClientKind
from entra_oauth.protocol.messages import FORM, HttpResponse
from entra_oauth.recording import Exchange
from kit.audit.exchanges import step
from kit.audit.judged import AT, CLIENT, authorize, call, case, jwt, said, token, words

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


def test_an_origin_without_a_redirect_uri_tells_no_kind() -> None:
    made = case(_with(token({}, grant_type=CODE), ORIGIN))
    assert made.client(made.items[0]) is None


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


# ---- what takes the answer: a listener, a server, a page's script -----------------------

FRAGMENT, QUERY, POSTED = "fragment", "query", "form_post"
SCRIPT = b"<script type=module src=/main.js></script>"
FOREIGN = b"<script src='//cdn.example/x.js'></script>"
IMAGE = b'<img src="https://cdn.example/x.png">'
OWN = b'<a href="https://app.example/home">'


def received(kind: str, mode: str, page: bytes = b"", status: int = 200) -> Case:
    """A sign-in whose answer came so, and was answered with a bare page."""
    uri = NATIVE if kind == "native" else "https://app.example/cb"
    first = authorize(
        client_id=CLIENT, response_type="code", redirect_uri=uri, state="s", response_mode=mode
    )
    mark = "#" if mode == FRAGMENT else "?"
    came = step("accepted", "GET", f"{uri}{mark}code=c&state=s", at=AT - 10)
    if mode == POSTED:
        headers = (("Content-Type", FORM),)
        came = step("accepted", "POST", uri, headers=headers, body=b"code=c&state=s", at=AT - 10)
    named = (("Location", "/done"),) if status >= 300 else ()
    came = replace(came, response=HttpResponse(status=status, headers=named, body=page))
    secret: dict[str, Any] = {"client_secret": "s"} if kind == "web" else {}
    last = token({}, grant_type=CODE, client_id=CLIENT, **secret)
    return case(first, came, _with(last, ORIGIN if kind == "page" else ()))


RECEIVED: list[tuple[str, str, str, bytes, str]] = [
    ("RR09", "native", QUERY, b"", "warning"),
    ("RR09", "native", POSTED, b"", "warning"),
    ("RR09", "web", QUERY, b"", "warning"),
    ("RR09", "web", POSTED, b"", "not applicable"),
    ("RR09", "page", QUERY, b"", "warning"),
    ("RR09", "page", FRAGMENT, b"", "not applicable"),
    ("RR09", "unknown", QUERY, b"", "warning"),
    ("RR09", "unknown", FRAGMENT, b"", "not applicable"),
    ("RR10", "native", QUERY, SCRIPT, "warning"),
    ("RR10", "native", QUERY, FOREIGN, "warning"),
    ("RR10", "native", POSTED, IMAGE, "warning"),
    ("RR10", "web", QUERY, SCRIPT, "pass"),
    ("RR10", "web", QUERY, FOREIGN, "warning"),
    ("RR10", "web", QUERY, IMAGE, "warning"),
    ("RR10", "web", QUERY, OWN, "pass"),
    ("RR10", "web", POSTED, IMAGE, "pass"),
    ("RR10", "page", FRAGMENT, SCRIPT, "pass"),
    ("RR10", "page", FRAGMENT, FOREIGN, "warning"),
    ("RR10", "page", FRAGMENT, IMAGE, "pass"),
    ("RR10", "page", QUERY, SCRIPT, "pass"),
    ("RR10", "page", QUERY, IMAGE, "warning"),
    ("RR12", "native", QUERY, b"", "warning"),
    ("RR12", "web", QUERY, b"", "warning"),
    ("RR12", "web", POSTED, b"", "not applicable"),
    ("RR12", "page", QUERY, b"", "undecidable"),
    ("RR12", "page", FRAGMENT, b"", "undecidable"),
    ("RR12", "unknown", QUERY, b"", "warning"),
]


@pytest.mark.parametrize(("rule", "kind", "mode", "page", "word"), RECEIVED)
def test_what_takes_the_answer_is_judged_by_what_it_is(
    rule: str, kind: str, mode: str, page: bytes, word: str
) -> None:
    assert words(rule, received(kind, mode, page)) == [word]


def test_only_a_listener_is_told_to_load_nothing() -> None:
    assert "content-security-policy" in said("RR09", received("native", QUERY))[0]
    for kind in ("web", "page", "unknown"):
        assert "content-security-policy" not in said("RR09", received(kind, QUERY))[0]


def test_a_form_that_is_posted_on_was_never_in_an_address() -> None:
    assert words("RR12", received("web", POSTED, status=307)) == ["not applicable"]


def test_a_long_page_is_read_once() -> None:
    page = b"<script " * 2_000 + b"src=" * 200_000
    assert words("RR10", received("page", FRAGMENT, page)) == ["pass"]
    assert words("RR10", received("web", QUERY, page)) == ["pass"]
