"""The token endpoint: what a code is good for, what is refused, how errors look."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterable
from typing import Any

import pytest

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, DATABRICKS
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit.practice import (
    BASE,
    BOB,
    CHALLENGE,
    SCOPE,
    SINGLE,
    SPA,
    VERIFIER,
    WEB,
    Changes,
    Kit,
    body_of,
    refused,
)

ORIGIN = ("Origin", "http://localhost:5000")
AT_WEB: Changes = {"client_id": WEB, "redirect_uri": "http://localhost/web"}
AT_SPA: Changes = {
    "client_id": SPA,
    "redirect_uri": "http://localhost/spa",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "scope": f"{SCOPE} offline_access",
}
SPA_PAYS: Changes = {
    "client_id": SPA,
    "redirect_uri": "http://localhost/spa",
    "code_verifier": VERIFIER,
    "scope": None,
}
PKCE: Changes = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
PLAIN: Changes = {"code_challenge": VERIFIER}


def test_the_article_gets_an_access_token_and_nothing_else() -> None:
    body = Kit().tokens()
    assert list(body) == ["token_type", "scope", "expires_in", "ext_expires_in", "access_token"]
    assert body["token_type"] == "Bearer"
    assert body["scope"] == f"{DATABRICKS}/user_impersonation {DATABRICKS}/.default"
    assert body["expires_in"] == body["ext_expires_in"]


def test_openid_and_offline_access_bring_their_tokens() -> None:
    body = Kit().tokens({"scope": f"{SCOPE} openid profile offline_access"})
    assert {"id_token", "refresh_token"} < set(body)
    assert "client_info" not in body


def test_oidc_scopes_that_only_the_token_request_names_bring_nothing() -> None:
    body = Kit().tokens(None, {"scope": f"{SCOPE} openid offline_access"})
    assert "id_token" not in body
    assert "refresh_token" not in body


def test_client_info_names_person_and_tenant_when_asked_for() -> None:
    body = Kit().tokens(None, {"client_info": "1"})
    text = body["client_info"]
    info = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert info["utid"] == ARTICLE_TENANT_ID
    assert set(info) == {"uid", "utid"}


def test_lives_are_random_between_sixty_and_ninety_minutes() -> None:
    lives = {Kit().tokens()["expires_in"] for _ in range(20)}
    assert len(lives) > 5
    assert all(3599 <= life <= 5399 for life in lives)


@pytest.mark.parametrize(
    ("authorize", "redeem", "headers", "expected"),
    [
        # what is missing or malformed
        ({}, {"grant_type": None}, (), (400, "invalid_request", 900144)),
        ({}, {"grant_type": ""}, (), (400, "invalid_request", 900144)),
        ({}, {"grant_type": "telepathy"}, (), (400, "unsupported_grant_type", 70003)),
        ({}, {"client_id": None}, (), (400, "invalid_request", 900144)),
        ({}, {"code": None}, (), (400, "invalid_request", 900144)),
        ({}, {"redirect_uri": None}, (), (400, "invalid_request", 900144)),
        ({}, {"code": "short"}, (), (400, "invalid_request", 9002313)),
        ({}, {"code": "with blanks in the middle of it"}, (), (400, "invalid_request", 9002313)),
        ({}, {"code": "1.AQAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}, (), (400, "invalid_grant", 70000)),
        # whose code it is
        ({}, {"client_id": SINGLE}, (), (400, "invalid_grant", 70000)),
        ({}, {"client_id": "nobody"}, (), (400, "unauthorized_client", 700016)),
        ({}, {"client_id": "0-0"}, (), (400, "unauthorized_client", 700038)),
        ({}, {"redirect_uri": "http://localhost/"}, (), (400, "invalid_grant", 500112)),
        ({}, {"redirect_uri": "http://localhost:80"}, (), (400, "invalid_grant", 500112)),
        # PKCE
        (PKCE, {}, (), (400, "invalid_grant", 501481)),
        (PKCE, {"code_verifier": VERIFIER[:-1] + "x"}, (), (400, "invalid_grant", 501481)),
        (PKCE, {"code_verifier": CHALLENGE}, (), (400, "invalid_grant", 501481)),
        (PKCE, {"code_verifier": "é" * 43}, (), (400, "invalid_grant", 501481)),
        (PLAIN, {"code_verifier": CHALLENGE}, (), (400, "invalid_grant", 501481)),
        ({}, {"code_verifier": VERIFIER}, (), (400, "invalid_grant", 501481)),
        # which kind of client
        ({}, {"client_secret": "x"}, (), (401, "invalid_client", 700025)),
        ({}, {"client_assertion": "x.y.z"}, (), (401, "invalid_client", 700025)),
        ({}, {}, (ORIGIN,), (400, "invalid_request", 9002326)),
        ({}, {}, (("Origin", "null"),), (400, "invalid_request", 9002326)),
        (AT_WEB, AT_WEB, (), (401, "invalid_client", 7000218)),
        (AT_WEB, {**AT_WEB, "client_secret": "x"}, (), (401, "invalid_client", 7000215)),
        (
            AT_WEB,
            {**AT_WEB, "client_secret": "practice-secret"},
            (ORIGIN,),
            (400, "invalid_request", 9002326),
        ),
        (AT_SPA, SPA_PAYS, (), (400, "invalid_request", 9002327)),
        (AT_SPA, {**SPA_PAYS, "client_secret": "x"}, (ORIGIN,), (401, "invalid_client", 700025)),
        # scope
        ({}, {"scope": ""}, (), (400, "invalid_scope", 28003)),
        ({}, {"scope": "  "}, (), (400, "invalid_scope", 70011)),
        ({}, {"scope": f"{SCOPE} User.Read"}, (), (400, "invalid_scope", 70011)),
        (
            {},
            {"scope": f"{DATABRICKS}/user_impersonation User.Read"},
            (),
            (400, "invalid_scope", 28000),
        ),
        ({}, {"scope": "api://nothing/.default"}, (), (400, "invalid_resource", 500011)),
        ({}, {"scope": "User.Read"}, (), (400, "invalid_grant", 65001)),
    ],
)
def test_a_token_request_is_refused(
    authorize: Changes,
    redeem: Changes,
    headers: Iterable[tuple[str, str]],
    expected: tuple[int, str, int],
) -> None:
    kit = Kit()
    code = kit.code(authorize)
    assert refused(kit.redeem(code, {"code": code, **redeem}, *headers)) == expected


@pytest.mark.parametrize(
    ("authorize", "redeem", "headers"),
    [
        ({}, {}, ()),
        ({}, {"scope": None}, ()),
        ({}, {"scope": "openid profile"}, ()),
        ({}, {"state": "anything", "flavour": "vanilla"}, ()),
        ({}, {"client_id": ARTICLE_CLIENT_ID.upper()}, ()),
        ({"client_id": ARTICLE_CLIENT_ID.upper()}, {}, ()),
        (PKCE, {"code_verifier": VERIFIER}, ()),
        (PLAIN, {"code_verifier": VERIFIER}, ()),
        ({**PLAIN, "code_challenge_method": "plain"}, {"code_verifier": VERIFIER}, ()),
        (AT_WEB, {**AT_WEB, "client_secret": "practice-secret"}, ()),
        (AT_SPA, SPA_PAYS, (ORIGIN,)),
        ({"scope": "User.Read openid"}, {"scope": "User.Read"}, ()),
        ({"scope": f"{DATABRICKS}/user_impersonation User.Read"}, {"scope": SCOPE}, ()),
    ],
)
def test_a_token_request_is_granted(
    authorize: Changes, redeem: Changes, headers: Iterable[tuple[str, str]]
) -> None:
    kit = Kit()
    response = kit.redeem(kit.code(authorize), redeem, *headers)
    assert response.status == 200, response.body


def test_a_web_app_may_prove_itself_by_the_authorization_header() -> None:
    kit = Kit()
    pair = base64.b64encode(f"{WEB}:practice%2Dsecret".encode()).decode()
    changes: Changes = {"client_id": None, "redirect_uri": "http://localhost/web"}
    response = kit.redeem(kit.code(AT_WEB), changes, ("Authorization", f"Basic {pair}"))
    assert response.status == 200
    for broken in ("%%%", "é", "/w=="):
        bad = kit.redeem(kit.code(AT_WEB), changes, ("Authorization", f"Basic {broken}"))
        assert refused(bad) == (400, "invalid_request", 9002313)


def test_a_code_works_once() -> None:
    kit = Kit()
    code = kit.code()
    assert kit.redeem(code).status == 200
    assert refused(kit.redeem(code)) == (400, "invalid_grant", 54005)


def test_a_code_that_many_redeem_at_once_works_once() -> None:
    kit = Kit()
    code = kit.code()
    answers: list[HttpResponse] = []
    start = threading.Barrier(8)

    def redeem() -> None:
        start.wait()
        answers.append(kit.redeem(code))

    threads = [threading.Thread(target=redeem) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(a.status for a in answers) == [200] + [400] * 7


def test_a_wrong_verifier_does_not_use_the_code_up() -> None:
    kit = Kit()
    code = kit.code(PKCE)
    assert refused(kit.redeem(code, {"code_verifier": "x" * 43}))[2] == 501481
    assert kit.redeem(code, {"code_verifier": VERIFIER}).status == 200


@pytest.mark.parametrize(("age", "status"), [(599, 200), (601, 400)])
def test_a_code_lives_ten_minutes(age: float, status: int) -> None:
    kit = Kit()
    code = kit.code()
    kit.tenant.advance(age)
    response = kit.redeem(code)
    assert response.status == status
    if status == 400:
        assert refused(response) == (400, "invalid_grant", 70008)


@pytest.mark.parametrize(
    ("asked", "redeemed", "accepted"),
    [
        (ARTICLE_TENANT_ID, "contoso-practice.example", True),
        ("Contoso-Practice.example", ARTICLE_TENANT_ID, True),
        (ARTICLE_TENANT_ID, "organizations", True),
        (ARTICLE_TENANT_ID, "common", False),
        ("common", ARTICLE_TENANT_ID, False),
        ("common", "organizations", False),
    ],
)
def test_a_code_is_bound_to_the_tenant_of_the_url(
    asked: str, redeemed: str, accepted: bool
) -> None:
    kit = Kit()
    response = kit.redeem(kit.code(tenant=asked), tenant=redeemed)
    if accepted:
        assert response.status == 200
    else:
        assert refused(response) == (400, "invalid_grant", 700005)


@pytest.mark.parametrize(("tenant", "number"), [("fabrikam.example", 90002), ("x", 900023)])
def test_an_unknown_tenant_is_refused(tenant: str, number: int) -> None:
    assert refused(Kit().redeem("x", tenant=tenant)) == (400, "invalid_request", number)


@pytest.mark.parametrize("name", ["code", "client_id", "grant_type", "scope", "code_verifier"])
def test_a_repeated_parameter_is_refused(name: str) -> None:
    kit = Kit()
    code = kit.code(PKCE)
    form = (
        f"client_id={ARTICLE_CLIENT_ID}&grant_type=authorization_code&code={code}&scope={SCOPE}"
        f"&redirect_uri=http://localhost&code_verifier={VERIFIER}&{name}=x"
    )
    url = f"{BASE}/{ARTICLE_TENANT_ID}/oauth2/v2.0/token"
    assert refused(kit.post(url, form)) == (400, "invalid_request", 9000411)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"grant_type":"authorization_code"}'),
        ("text/plain", b"grant_type=authorization_code"),
        (None, b"grant_type=authorization_code"),
    ],
)
def test_a_body_of_another_type_is_not_read(content_type: str | None, body: bytes) -> None:
    headers = (("Content-Type", content_type),) if content_type else ()
    url = f"{BASE}/{ARTICLE_TENANT_ID}/oauth2/v2.0/token"
    request = HttpRequest(method="POST", url=url, headers=headers, body=body)
    response = Kit().tenant.handle(request)
    assert refused(response) == (400, "invalid_request", 900144)
    assert "'grant_type'" in body_of(response)["error_description"]


def test_a_charset_after_the_content_type_is_fine() -> None:
    kit = Kit()
    form = f"client_id={ARTICLE_CLIENT_ID}&grant_type=telepathy".encode()
    request = HttpRequest(
        method="POST",
        url=f"{BASE}/common/oauth2/v2.0/token",
        headers=(("content-type", "Application/x-www-form-urlencoded; charset=utf-8"),),
        body=form,
    )
    assert refused(kit.tenant.handle(request))[2] == 70003


def test_a_body_that_is_not_utf8_is_malformed() -> None:
    request = HttpRequest(
        method="POST",
        url=f"{BASE}/common/oauth2/v2.0/token",
        headers=(("Content-Type", "application/x-www-form-urlencoded"),),
        body=b"grant_type=\xff",
    )
    assert refused(Kit().tenant.handle(request)) == (400, "invalid_request", 9002313)


def test_the_endpoint_takes_no_get() -> None:
    response = Kit().get(f"{BASE}/common/oauth2/v2.0/token")
    assert response.status == 400
    assert b"AADSTS900561: The endpoint only accepts POST requests. Received a GET" in response.body


# ---- shapes ----------------------------------------------------------------------


def test_an_error_has_exactly_entras_members() -> None:
    ours = "11111111-2222-4333-8444-555555555555"
    response = Kit().redeem("x" * 20, None, ("client-request-id", ours))
    body = body_of(response)
    assert list(body) == [
        "error",
        "error_description",
        "error_codes",
        "timestamp",
        "trace_id",
        "correlation_id",
        "error_uri",
    ]
    assert body["error_codes"] == [70000]
    assert body["correlation_id"] == ours
    assert body["timestamp"] == "2026-01-01 12:00:00Z"
    assert body["error_uri"] == f"{BASE}/error?code=70000"
    assert body["error_description"] == (
        "AADSTS70000: Provided grant is invalid or malformed. "
        f"Trace ID: {body['trace_id']} Correlation ID: {ours} Timestamp: 2026-01-01 12:00:00Z"
    )
    assert response.header("client-request-id") == ours
    assert response.header("x-ms-request-id") == body["trace_id"]
    assert response.header("x-ms-clitelem") == "1,70000,0,,"


@pytest.mark.parametrize(
    ("redeem", "number"), [({"grant_type": "telepathy"}, 70003), ({"client_id": "0"}, 700038)]
)
def test_a_number_that_the_lookup_page_does_not_know_has_no_error_uri(
    redeem: Changes, number: int
) -> None:
    body = body_of(Kit().redeem("x" * 20, redeem))
    assert body["error_codes"] == [number]
    assert "error_uri" not in body


def test_missing_consent_has_a_suberror() -> None:
    kit = Kit()
    assert body_of(kit.redeem(kit.code(), {"scope": "User.Read"}))["suberror"] == "consent_required"


@pytest.mark.parametrize("sent", ["", "no-guid", "11111111-2222-4333-8444-55555555555\r\nX: y"])
def test_a_request_id_that_is_no_guid_is_not_echoed(sent: str) -> None:
    response = Kit().redeem("x", None, ("client-request-id", sent))
    assert response.header("client-request-id") is None
    assert body_of(response)["correlation_id"] != sent


@pytest.mark.parametrize("good", [True, False])
def test_an_answer_must_not_be_stored(good: bool) -> None:
    kit = Kit()
    response = kit.redeem(kit.code() if good else "x")
    expected = {
        "Cache-Control": "no-store, no-cache",
        "Pragma": "no-cache",
        "Expires": "-1",
        "Content-Type": "application/json; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
        "P3P": 'CP="DSP CUR OTPi IND OTRi ONL FIN"',
    }
    assert {name: response.header(name) for name in expected} == expected
    assert re.fullmatch(r"[0-9a-f-]{36}", response.header("x-ms-request-id") or "")


def test_only_the_page_of_a_single_page_app_may_read_the_answer() -> None:
    kit = Kit()
    response = kit.redeem(kit.code(AT_SPA), SPA_PAYS, ORIGIN)
    assert response.header("Access-Control-Allow-Origin") == ORIGIN[1]
    assert kit.redeem(kit.code()).header("Access-Control-Allow-Origin") is None


# ---- refresh ---------------------------------------------------------------------

OFFLINE: Changes = {"scope": f"{SCOPE} openid offline_access"}


def _refresh(kit: Kit, token: str, changes: Changes | None = None, *headers: Any) -> HttpResponse:
    base: Changes = {
        "grant_type": "refresh_token",
        "refresh_token": token,
        "code": None,
        "redirect_uri": None,
        "scope": None,
        "state": None,
    }
    return kit.redeem("", {**base, **(changes or {})}, *headers)


def test_a_refresh_gives_new_tokens_and_the_old_refresh_token_stays_good() -> None:
    kit = Kit()
    first = kit.tokens(OFFLINE)
    second = body_of(_refresh(kit, first["refresh_token"]))
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert "id_token" in second
    assert _refresh(kit, first["refresh_token"]).status == 200
    assert _refresh(kit, second["refresh_token"]).status == 200


def test_a_refresh_can_ask_for_another_resource_that_was_consented() -> None:
    kit = Kit()
    token = kit.tokens(OFFLINE)["refresh_token"]
    graph: Changes = {"scope": "https://graph.microsoft.com/.default"}
    assert refused(_refresh(kit, token, graph)) == (400, "invalid_grant", 65001)
    kit.open(graph)
    body = body_of(_refresh(kit, token, graph))
    assert body["scope"] == (
        "https://graph.microsoft.com/User.Read https://graph.microsoft.com/.default"
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"refresh_token": None}, (400, "invalid_request", 900144)),
        ({"refresh_token": "unknown"}, (400, "invalid_request", 9002313)),
        ({"client_id": SINGLE}, (400, "invalid_grant", 70000)),
        ({"client_secret": "x"}, (401, "invalid_client", 700025)),
    ],
)
def test_a_refresh_is_refused(changes: Changes, expected: tuple[int, str, int]) -> None:
    kit = Kit()
    token = kit.tokens(OFFLINE)["refresh_token"]
    assert refused(_refresh(kit, token, {"refresh_token": token, **changes})) == expected


def test_a_refresh_token_dies_after_ninety_days_without_use() -> None:
    kit = Kit()
    token = kit.tokens(OFFLINE)["refresh_token"]
    kit.tenant.advance(90 * 86_400 - 1)
    newer = body_of(_refresh(kit, token))["refresh_token"]
    kit.tenant.advance(2)
    response = _refresh(kit, token)
    assert refused(response) == (400, "invalid_grant", 700082)
    assert body_of(response)["suberror"] == "bad_token"
    assert _refresh(kit, newer).status == 200


def test_the_refresh_tokens_of_a_single_page_app_die_after_a_day() -> None:
    kit = Kit()
    spa: Changes = {"client_id": SPA}
    first = body_of(kit.redeem(kit.code(AT_SPA), SPA_PAYS, ORIGIN))
    assert first["refresh_token_expires_in"] == 86_400
    kit.tenant.advance(86_000)
    second = body_of(_refresh(kit, first["refresh_token"], spa, ORIGIN))
    assert second["refresh_token_expires_in"] == 400
    assert refused(_refresh(kit, second["refresh_token"], spa))[2] == 9002327
    kit.tenant.advance(500)
    response = _refresh(kit, second["refresh_token"], spa, ORIGIN)
    assert refused(response) == (400, "invalid_grant", 700084)


def test_a_token_is_for_the_person_who_signed_in() -> None:
    kit = Kit(user=BOB)
    access = kit.tokens()["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(access + "=" * (-len(access) % 4)))
    assert claims["upn"] == BOB
