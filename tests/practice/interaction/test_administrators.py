"""The second step, and what only an administrator can grant."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

import pytest

from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, DATABRICKS
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit.practice import (
    BASE,
    CAROL,
    NOON,
    SCOPE,
    TRENT,
    Changes,
    Kit,
    authorize_url,
    body_of,
    changed,
    claims_of,
    reply,
)

ADMIN_SCOPE: Changes = {"scope": "Directory.Read.All"}


# ---- the second step ---------------------------------------------------------------------


def test_a_second_step_shows_in_the_token_and_is_asked_once_for_a_browser() -> None:
    kit = Kit(user=CAROL)
    body = kit.tokens({"scope": f"{SCOPE} offline_access"})
    assert claims_of(body["access_token"])["amr"] == ["pwd", "mfa"]
    before = sum(b"Approve the sign-in" in answer.body for _, answer in kit.tenant.log)
    silent = reply(kit.open({"prompt": "none"}))
    assert "code" in silent
    after = sum(b"Approve the sign-in" in answer.body for _, answer in kit.tenant.log)
    assert before == after == 1
    refreshed = kit.ask(
        {
            "grant_type": "refresh_token",
            "client_id": ARTICLE_CLIENT_ID,
            "refresh_token": body["refresh_token"],
        }
    )
    assert claims_of(body_of(refreshed)["access_token"])["amr"] == ["pwd", "mfa"]


def test_a_new_sign_in_asks_for_it_again() -> None:
    kit = Kit(user=CAROL)
    kit.tokens()
    kit.open({"prompt": "login"})
    assert sum(b"Approve the sign-in" in answer.body for _, answer in kit.tenant.log) == 2


def test_a_denied_step_can_be_tried_again_or_left() -> None:
    kit = Kit(user=CAROL, approves=False)
    assert reply(kit.open()) == {
        "error": "access_denied",
        "error_subcode": "cancel",
        "state": "12345",
    }
    assert any(b"The request was denied" in answer.body for _, answer in kit.tenant.log)


def test_nobody_gets_past_it_without_the_password() -> None:
    kit = Kit(user=CAROL)
    url = f"{BASE}/{ARTICLE_TENANT_ID}/mfa"
    assert b"AADSTS90013" in kit.post(url, "action=approve").body
    page = kit.get(authorize_url()).body.decode()
    ctx = page.partition('name="ctx" value="')[2].partition('"')[0]
    response = kit.post(url, f"action=approve&ctx={ctx}")
    assert (response.status, b"AADSTS90013" in response.body) == (400, True)


def test_a_browser_without_cookies_gets_through_and_the_second_step_still_counts() -> None:
    kit = Kit(user=CAROL)
    browser = kit.as_user(CAROL)
    send = browser._send

    def forgetful(request: HttpRequest) -> HttpResponse:
        kept = tuple(pair for pair in request.headers if pair[0] != "Cookie")
        return send(replace(request, headers=kept))

    browser._send = forgetful
    code = reply(browser.open(authorize_url()))["code"]
    assert any(b"Permissions requested" in answer.body for _, answer in kit.tenant.log)
    claims = claims_of(body_of(kit.redeem(code))["access_token"])
    assert claims["amr"] == ["pwd", "mfa"]


@pytest.mark.parametrize("user", ["dave", "erin", "heidi"])
def test_an_account_that_is_not_well_gets_no_further_than_its_page(user: str) -> None:
    kit = Kit(user=f"{user}@contoso-practice.example")
    number = {"dave": 50057, "erin": 50055, "heidi": 50053}[user]
    assert f"AADSTS{number}" in kit.open().text
    assert kit.received == []


# ---- permissions for administrators -----------------------------------------------------


def test_what_needs_an_administrator_ends_on_a_page_and_giving_up_is_a_cancel() -> None:
    kit = Kit()
    page = kit.open(ADMIN_SCOPE)
    assert reply(page) == {"error": "access_denied", "error_subcode": "cancel", "state": "12345"}
    (shown,) = [a.body.decode() for _, a in kit.tenant.log if b"Need admin approval" in a.body]
    assert "AADSTS90094" in shown
    assert "Directory.Read.All" in shown


def test_an_administrator_just_consents() -> None:
    kit = Kit(user=TRENT)
    scope = str(ADMIN_SCOPE["scope"])
    body = kit.tokens(ADMIN_SCOPE, {"scope": scope})
    assert claims_of(body["access_token"])["scp"] == scope


def test_a_tenant_may_forbid_its_people_to_consent_at_all() -> None:
    strict = replace(DEFAULT.tenants[0], user_consent=False)
    book = replace(DEFAULT, tenants=(strict,))
    tenant = PracticeTenant(directory=book, clock=lambda: NOON)
    assert reply(Kit(tenant).open())["error_subcode"] == "cancel"
    assert "code" in reply(Kit(tenant, user=TRENT).open())
    consented = book.with_admin_consent()
    assert "code" in reply(Kit(PracticeTenant(directory=consented, clock=lambda: NOON)).open())


def _admin_url(changes: Changes | None = None, path: str = "adminconsent") -> str:
    query: Changes = {
        "client_id": ARTICLE_CLIENT_ID,
        "redirect_uri": "http://localhost/",
        "state": "s t",
        **(changes or {}),
    }
    return f"{BASE}/{ARTICLE_TENANT_ID}/{path}?{changed({}, query)}"


def test_an_administrators_yes_is_good_for_everybody() -> None:
    kit = Kit()
    page = kit.as_user(TRENT).open(_admin_url())
    assert page.url == (
        f"http://localhost/?admin_consent=True&tenant={ARTICLE_TENANT_ID}&state=s+t#"
    )
    assert claims_of(kit.tokens(ADMIN_SCOPE, ADMIN_SCOPE)["access_token"])["scp"]
    assert not any(
        b"Permissions requested" in answer.body and b"alice" in answer.body
        for _, answer in kit.tenant.log
    )


def test_what_is_asked_for_everybody_is_said_of_everybody() -> None:
    kit = Kit()
    asked = {"scope": f"{SCOPE} openid offline_access"}
    kit.as_user(TRENT).open(_admin_url(asked, "v2.0/adminconsent"))
    (shown,) = (a.body for _, a in kit.tenant.log if b"for everybody of your" in a.body)
    assert b"sign anybody of your organisation in and read their name" in shown
    assert b"keep that access when they are not there" in shown
    assert b"as you" not in shown


def test_with_version_2_the_scope_is_named_and_repeated() -> None:
    kit = Kit()
    page = kit.as_user(TRENT).open(_admin_url({"scope": SCOPE}, "v2.0/adminconsent"))
    assert reply(page) == {
        "admin_consent": "True",
        "tenant": ARTICLE_TENANT_ID,
        "scope": SCOPE,
        "state": "s t",
    }
    assert "code" in reply(kit.open())
    assert reply(kit.open(ADMIN_SCOPE))["error"] == "access_denied"
    shown = [a.body for _, a in kit.tenant.log if b"for everybody of your" in a.body]
    assert len(shown) == 1


def test_an_administrator_may_say_no() -> None:
    kit = Kit(consents=False)
    assert reply(kit.as_user(TRENT).open(_admin_url())) == {
        "error": "permission_denied",
        "error_description": "The admin canceled the request",
        "state": "s t",
    }


def test_somebody_else_may_not_consent_for_everybody() -> None:
    page = Kit().browser.open(_admin_url())
    assert page.status == 400
    assert "AADSTS90093" in page.text


@pytest.mark.parametrize(
    ("changes", "path", "number"),
    [
        ({"client_id": None}, "adminconsent", 900144),
        ({"client_id": "nobody"}, "adminconsent", 700016),
        ({"redirect_uri": "https://evil.example/"}, "adminconsent", 50011),
        ({}, "v2.0/adminconsent", 900144),
    ],
)
def test_a_request_for_an_administrator_that_is_wrong_stays_on_a_page(
    changes: Changes, path: str, number: int
) -> None:
    response = Kit().get(_admin_url(changes, path))
    assert (response.status, f"AADSTS{number}".encode() in response.body) == (400, True)


def test_a_wrong_scope_of_such_a_request_goes_to_the_redirect_uri() -> None:
    page = Kit().browser.open(_admin_url({"scope": "api://x/.default"}, "v2.0/adminconsent"))
    assert reply(page)["error"] == "invalid_resource"


# ---- leaving ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "location"),
    [
        ("?post_logout_redirect_uri=http://localhost:8080", "http://localhost:8080"),
        ("?post_logout_redirect_uri=http://localhost&state=a%20b", "http://localhost/?state=a+b#"),
        ("?post_logout_redirect_uri=https://evil.example/", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("path", ["oauth2/v2.0/logout", "oauth2/logout"])
def test_after_signing_out_the_browser_goes_only_to_a_registered_address(
    query: str, location: str | None, path: str
) -> None:
    kit = Kit()
    kit.tokens()
    jar = kit.browser._cookies[BASE]
    cookie = ("Cookie", "; ".join(f"{n}={v}" for n, v in jar.items()))
    response = kit.get(f"{BASE}/common/{path}{query}", cookie)
    assert response.header("Location") == location
    assert "Max-Age=0" in (response.header("Set-Cookie") or "")
    silent = authorize_url({"prompt": "none"})
    assert b"login_required" in quote(kit.get(silent, cookie).header("Location") or "").encode()
    assert DATABRICKS in silent
