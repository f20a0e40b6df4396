"""The authorize endpoint: what stays on a page, what is sent back, and how."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, unquote_plus, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entra_oauth.practice.directory.model import ARTICLE_TENANT_ID, DATABRICKS
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import HttpResponse
from kit.practice import (
    BASE,
    BOB,
    CHALLENGE,
    SCOPE,
    SINGLE,
    SPA,
    WEB,
    Changes,
    Kit,
    authorize_url,
    body_of,
    reply,
)


def test_the_articles_url_works_unchanged_and_comes_back_as_the_article_shows() -> None:
    kit = Kit()
    url = (
        "https://login.microsoftonline.com/a1bc2d34-5e67-8f89-01ab-c2345d6c78de/oauth2/v2.0/"
        "authorize?client_id=12a34b56-789c-0d12-e3fa-b456789c0123&response_type=code"
        "&redirect_uri=http%3A%2F%2Flocalhost&response_mode=query"
        "&scope=2ff814a6-3304-4ab8-85cb-cd0e6f879c1d%2F.default&state=12345"
    )
    page = kit.browser.open(url)
    assert re.fullmatch(
        r"http://localhost/\?code=[\w.-]{900}&state=12345&session_state=[0-9a-f-]{36}#", page.url
    )


@pytest.mark.parametrize(
    ("changes", "tenant", "number"),
    [
        ({"client_id": None}, ARTICLE_TENANT_ID, 900144),
        ({"client_id": ""}, ARTICLE_TENANT_ID, 900144),
        ({"client_id": "nobody"}, ARTICLE_TENANT_ID, 700016),
        ({"client_id": "99999999-0000-4000-8000-000000000000"}, ARTICLE_TENANT_ID, 700016),
        ({"client_id": "00000000-0000-0000-0000-000000000000"}, ARTICLE_TENANT_ID, 700038),
        ({"client_id": SINGLE}, "common", 50194),
        ({"redirect_uri": "http://localhost/other"}, ARTICLE_TENANT_ID, 50011),
        ({"redirect_uri": "http://127.0.0.1"}, ARTICLE_TENANT_ID, 50011),
        ({"redirect_uri": "https://evil.example/"}, ARTICLE_TENANT_ID, 50011),
        ({"redirect_uri": "http://localhost.evil.example"}, ARTICLE_TENANT_ID, 50011),
        ({"redirect_uri": "javascript:alert(1)"}, ARTICLE_TENANT_ID, 50011),
        ({}, "fabrikam.example", 90002),
        ({}, "99999999-0000-4000-8000-000000000000", 90002),
        ({}, "consumers", 9002332),
        ({}, "%3Ctenant-id%3E", 900023),
    ],
)
def test_what_could_lead_a_person_astray_stays_on_a_page(
    changes: Changes, tenant: str, number: int
) -> None:
    response = Kit().get(authorize_url(changes, tenant=tenant))
    text = response.body.decode()
    assert response.status == 400
    assert response.header("Location") is None
    assert f"AADSTS{number}: " in text
    for name in ("Request Id", "Correlation Id", "Timestamp", "Message"):
        assert f"<dt>{name}</dt>" in text


def _error(response: HttpResponse) -> tuple[str, int]:
    location = response.header("Location")
    assert response.status == 302, response.body
    assert location is not None
    assert location.startswith("http://localhost/?error=")
    query = parse_qs(urlsplit(location).query)
    assert query["state"] == ["12345"]
    found = re.match(r"AADSTS(\d+): ", query["error_description"][0])
    assert found is not None
    return query["error"][0], int(found[1])


@pytest.mark.parametrize(
    ("changes", "error", "number"),
    [
        ({"response_type": None}, "invalid_request", 900144),
        ({"response_type": "telepathy"}, "unsupported_response_type", 70005),
        ({"response_type": "code code_of_honour"}, "unsupported_response_type", 70005),
        ({"response_type": " "}, "unsupported_response_type", 70005),
        ({"response_mode": "telepathy"}, "invalid_request", 70007),
        ({"scope": None}, "invalid_request", 900144),
        ({"scope": f"{SCOPE} {DATABRICKS}/user_impersonation"}, "invalid_scope", 70011),
        ({"scope": f"{SCOPE} User.Read"}, "invalid_scope", 70011),
        ({"scope": "offline_access/.default"}, "invalid_resource", 500011),
        ({"scope": "api://nothing/.default"}, "invalid_resource", 500011),
        ({"scope": f"{DATABRICKS}/fly"}, "invalid_client", 650053),
        ({"scope": "fly"}, "invalid_client", 650053),
        ({"resource": "https://mcp.example"}, "invalid_target", 9010010),
        ({"prompt": "please"}, "invalid_request", 90023),
        ({"prompt": "none"}, "login_required", 50058),
        ({"code_challenge": "short"}, "invalid_request", 501491),
        ({"code_challenge": "x" * 129}, "invalid_request", 501491),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "S512"}, "invalid_request", 50149),
    ],
)
def test_other_errors_go_to_the_redirect_uri_with_the_state(
    changes: Changes, error: str, number: int
) -> None:
    assert _error(Kit().get(authorize_url(changes))) == (error, number)


def test_a_single_page_app_must_send_a_challenge() -> None:
    changes = {"client_id": SPA, "redirect_uri": "http://localhost:8/spa"}
    location = Kit().get(authorize_url(changes)).header("Location") or ""
    assert location.startswith("http://localhost:8/spa?error=invalid_request&")
    assert "AADSTS9002325" in location


@pytest.mark.parametrize("name", ["state", "nonce", "scope", "prompt", "response_mode"])
def test_a_repeated_parameter_is_refused(name: str) -> None:
    url = authorize_url({"nonce": "n", "prompt": "login"})
    value = parse_qs(urlsplit(url).query)[name][0]
    assert _error(Kit().get(f"{url}&{name}={value}")) == ("invalid_request", 9000411)


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_repeated_parameter_that_says_where_to_answer_stays_on_a_page(name: str) -> None:
    response = Kit().get(f"{authorize_url()}&{name}=x")
    assert response.status == 400
    assert b"AADSTS9000411" in response.body


def test_an_error_reply_is_encoded_as_entras() -> None:
    location = Kit().get(authorize_url({"response_type": None})).header("Location") or ""
    assert (
        "error_description=AADSTS900144%3a+The+request+body+must+contain+the+following+parameter"
        "%3a+%27response_type%27.%0d%0aTrace+ID%3a+" in location
    )
    assert "%0d%0aTimestamp%3a+2026-01-01+12%3a00%3a00Z&" in location
    assert "error_uri=https%3a%2f%2flogin.microsoftonline.com%2ferror%3fcode%3d900144&" in location
    assert location.endswith("&state=12345#")


def test_an_error_whose_number_the_lookup_page_does_not_know_has_no_error_uri() -> None:
    location = Kit().get(authorize_url({"scope": "fly"})).header("Location") or ""
    assert "AADSTS650053" in location
    assert "error_uri" not in location


@pytest.mark.parametrize(
    ("redirect_uri", "start"),
    [
        ("http://localhost", "http://localhost/?code="),
        ("http://localhost:7071", "http://localhost:7071/?code="),
        ("http://localhost/", "http://localhost/?code="),
    ],
)
def test_a_redirect_uri_without_a_path_comes_back_with_one(redirect_uri: str, start: str) -> None:
    page = Kit().open({"redirect_uri": redirect_uri})
    assert page.url.startswith(start)
    assert page.url.endswith("#")


def test_fragment_mode_keeps_the_answer_from_the_server() -> None:
    kit = Kit()
    page = kit.open({"response_mode": "fragment"})
    assert page.url.startswith("http://localhost/#code=")
    assert kit.received[-1].url == "http://localhost/"


def test_form_post_sends_the_answer_as_a_form() -> None:
    kit = Kit()
    kit.open({"response_mode": "form_post", "redirect_uri": "http://localhost:8400"})
    (request,) = kit.received
    assert request.method == "POST"
    assert request.url == "http://localhost:8400"
    assert request.header("Content-Type") == "application/x-www-form-urlencoded"
    fields = parse_qs(request.body.decode())
    assert list(fields) == ["code", "state", "session_state"]
    assert fields["state"] == ["12345"]


def test_an_error_comes_by_form_post_as_well() -> None:
    kit = Kit()
    kit.open({"response_mode": "form_post", "prompt": "none"})
    fields = parse_qs(kit.received[0].body.decode())
    assert fields["error"] == ["login_required"]
    assert "\r\nTrace ID: " in fields["error_description"][0]


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1, max_size=40)
_ODD = st.sampled_from(
    ['a b+c/é"<', "</script><script>x</script>", "%2F&state=2", "'\"><b>", "😀", "=&#", "~!*()"]
)


@given(state=st.one_of(_TEXT, _ODD), mode=st.sampled_from(["query", "fragment", "form_post"]))
@settings(max_examples=60)
def test_any_state_comes_back_unchanged_in_every_mode(state: str, mode: str) -> None:
    kit = Kit()
    page = kit.open({"state": state, "response_mode": mode})
    if mode == "form_post":
        assert parse_qs(kit.received[0].body.decode())["state"] == [state]
    else:
        assert reply(page)["state"] == state


@given(state=_TEXT)
@settings(max_examples=40)
def test_a_state_adds_nothing_to_the_form_post_page(state: str) -> None:
    plain = Kit().get(authorize_url({"response_mode": "form_post", "prompt": "none"}))
    other = Kit().get(
        authorize_url({"response_mode": "form_post", "prompt": "none", "state": state})
    )
    for mark in (b"<", b'"', b"<script"):
        assert other.body.count(mark) == plain.body.count(mark)


def test_without_a_state_none_comes_back() -> None:
    assert "state" not in reply(Kit().open({"state": None}))


def test_client_info_comes_only_when_asked_for() -> None:
    assert "client_info" not in reply(Kit().open())
    assert "client_info" in reply(Kit().open({"client_info": "1"}))


def test_without_redirect_uri_the_registered_one_is_used() -> None:
    kit = Kit()
    code = kit.code({"redirect_uri": None})
    assert kit.redeem(code).status == 200


@pytest.mark.parametrize(
    "tenant", [ARTICLE_TENANT_ID, "contoso-practice.example", "common", "organizations"]
)
def test_every_spelling_of_the_tenant_signs_in(tenant: str) -> None:
    kit = Kit()
    code = kit.code(tenant=tenant)
    assert kit.redeem(code, tenant=tenant).status == 200


def test_the_request_may_come_as_a_posted_form() -> None:
    url, _, query = authorize_url().partition("?")
    response = Kit().post(url, query)
    assert response.status == 200
    assert b"<h1>Sign in</h1>" in response.body


# ---- people --------------------------------------------------------------------


def test_a_wrong_password_is_said_on_the_page_and_can_be_corrected() -> None:
    kit = Kit(password="wrong")
    page = kit.open()
    assert page.status == 200
    assert page.url == f"{BASE}/{ARTICLE_TENANT_ID}/login"
    assert "AADSTS50126" in page.text
    assert 'value="alice@contoso-practice.example"' in page.text
    assert kit.received == []
    ctx = re.search(r'name="ctx" value="([^"]+)"', page.text)
    assert ctx is not None
    again = kit.post(page.url, f"ctx={ctx[1]}&login={kit.user}&passwd=practice&action=signin")
    assert b"<h1>Permissions requested</h1>" in again.body


def test_an_unknown_name_is_told_like_a_wrong_password() -> None:
    assert "AADSTS50126" in Kit(user="eve@contoso-practice.example").open().text


def test_cancel_at_sign_in_has_a_subcode_and_no_description() -> None:
    assert reply(Kit(cancels=True).open()) == {
        "error": "access_denied",
        "error_subcode": "cancel",
        "state": "12345",
    }


def test_declined_consent_is_access_denied() -> None:
    answer = reply(Kit(consents=False).open())
    assert answer["error"] == "access_denied"
    assert answer["error_description"].startswith("AADSTS65004: ")


def test_consent_is_asked_once_per_person_app_and_resource() -> None:
    kit = Kit()
    first, second = Kit(kit.tenant), Kit(kit.tenant)
    first.open()
    assert _pages(kit.tenant) == ["Sign in", "Permissions requested"]
    second.open()
    assert _pages(kit.tenant)[2:] == ["Sign in"]
    Kit(kit.tenant).open({"scope": "User.Read"})
    assert _pages(kit.tenant)[3:] == ["Sign in", "Permissions requested"]
    Kit(kit.tenant, user=BOB).open()
    assert _pages(kit.tenant)[5:] == ["Sign in", "Permissions requested"]


def _pages(tenant: PracticeTenant) -> list[str]:
    titles = (re.search(rb"<h1>([^<]+)</h1>", response.body) for _, response in tenant.log)
    return [t[1].decode() for t in titles if t is not None]


def test_a_second_sign_in_with_the_same_browser_is_silent() -> None:
    kit = Kit()
    first = reply(kit.open())
    before = len(kit.tenant.log)
    second = reply(kit.open())
    assert len(kit.tenant.log) == before + 1
    assert second["code"] != first["code"]
    assert second["session_state"] == first["session_state"]


def test_prompt_none_is_silent_once_signed_in() -> None:
    kit = Kit()
    kit.open()
    assert "code" in reply(kit.open({"prompt": "none"}))


def test_prompt_none_without_consent_asks_for_interaction() -> None:
    kit = Kit()
    kit.open()
    answer = reply(kit.open({"prompt": "none", "scope": "User.Read"}))
    assert answer["error"] == "interaction_required"
    assert answer["error_description"].startswith("AADSTS65001: ")


def test_prompt_login_asks_again_and_prompt_consent_too() -> None:
    kit = Kit()
    kit.open()
    seen = len(_pages(kit.tenant))
    kit.open({"prompt": "login"})
    kit.open({"prompt": "consent"})
    assert _pages(kit.tenant)[seen:] == ["Sign in", "Permissions requested"]


def test_two_accounts_are_offered_for_choice() -> None:
    kit = Kit()
    kit.open()
    kit.browser.user = BOB
    kit.open({"prompt": "login"})
    seen = len(_pages(kit.tenant))
    tokens = body_of(kit.redeem(kit.code()))
    assert _pages(kit.tenant)[seen:] == ["Pick an account"]
    assert tokens["token_type"] == "Bearer"
    none = reply(kit.open({"prompt": "none"}))
    assert none["error"] == "interaction_required"
    assert none["error_description"].startswith("AADSTS16000: ")
    assert "code" in reply(kit.open({"prompt": "none", "login_hint": BOB.upper()}))


def test_select_account_offers_another_account() -> None:
    kit = Kit()
    kit.open()
    kit.browser.user = BOB
    seen = len(_pages(kit.tenant))
    kit.open({"prompt": "select_account"})
    assert _pages(kit.tenant)[seen:] == ["Pick an account", "Sign in", "Permissions requested"]


def test_a_login_hint_fills_in_the_name() -> None:
    page = Kit().get(authorize_url({"login_hint": 'a"<b>@example.com'})).body.decode()
    assert 'name="login" value="a&quot;&lt;b&gt;@example.com"' in page


def test_signing_out_ends_the_session() -> None:
    kit = Kit()
    kit.open()
    kit.browser.open(f"{BASE}/common/oauth2/v2.0/logout")
    assert reply(kit.open({"prompt": "none"}))["error"] == "login_required"


@pytest.mark.parametrize("step", ["login", "pick", "consent"])
def test_a_form_that_belongs_to_nothing_ends_on_the_error_page(step: str) -> None:
    kit = Kit()
    response = kit.post(f"{BASE}/common/{step}", "ctx=unknown&action=accept")
    assert response.status == 400
    assert b"AADSTS90013" in response.body


def test_a_form_is_too_old_after_an_hour() -> None:
    kit = Kit()
    page = kit.get(authorize_url()).body.decode()
    ctx = re.search(r'name="ctx" value="([^"]+)"', page)
    assert ctx is not None
    kit.tenant.advance(3601)
    form = f"ctx={ctx[1]}&login={kit.user}&passwd=practice&action=signin"
    assert b"AADSTS90013" in kit.post(f"{BASE}/common/login", form).body


def test_the_consent_page_cannot_be_reached_without_a_password() -> None:
    kit = Kit()
    page = kit.get(authorize_url()).body.decode()
    ctx = re.search(r'name="ctx" value="([^"]+)"', page)
    assert ctx is not None
    for step in ("consent", "pick"):
        response = kit.post(f"{BASE}/common/{step}", f"ctx={ctx[1]}&action=accept&account=x")
        assert response.header("Location") is None
        assert b"code=" not in response.body


def test_the_session_cookie_is_for_this_host_only_and_not_for_scripts() -> None:
    kit = Kit()
    kit.open()
    cookies = [
        value
        for _, response in kit.tenant.log
        for name, value in response.headers
        if name == "Set-Cookie"
    ]
    assert len(cookies) == 1
    assert cookies[0].endswith("; Path=/; HttpOnly; SameSite=None; Secure")


def test_a_web_app_signs_in_with_its_own_redirect_uri() -> None:
    page = Kit().open({"client_id": WEB, "redirect_uri": "http://localhost:5000/web"})
    assert page.url.startswith("http://localhost:5000/web?code=")


def test_the_description_of_an_error_can_be_read_by_form_decoding() -> None:
    location = Kit().get(authorize_url({"prompt": "none"})).header("Location") or ""
    text = unquote_plus(location.partition("error_description=")[2].partition("&")[0])
    lines = text.split("\r\n")
    assert [line.partition(":")[0] for line in lines] == [
        "AADSTS50058",
        "Trace ID",
        "Correlation ID",
        "Timestamp",
    ]
