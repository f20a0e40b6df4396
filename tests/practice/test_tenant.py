"""The tenant as one function: it answers everything, from any thread, and remembers."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entra_oauth.errors import UsageError
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import ARTICLE_TENANT_ID
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import HttpRequest
from kit.practice import BASE, NOON, Kit, authorize_url


def test_the_log_holds_what_was_asked_and_answered_in_order() -> None:
    kit = Kit()
    assert PracticeTenant().log == ()
    first, second = kit.get(f"{BASE}/"), kit.get(f"{BASE}/nowhere")
    assert [answer for _, answer in kit.tenant.log] == [first, second]
    assert [asked.path for asked, _ in kit.tenant.log] == ["/", "/nowhere"]


def test_the_clock_can_be_put_forward_and_back() -> None:
    tenant = PracticeTenant(clock=lambda: NOON)
    tenant.advance(10)
    tenant.advance(-4)
    assert tenant.now() == NOON + 6


def test_the_default_clock_runs() -> None:
    assert PracticeTenant().now() > NOON - 365 * 86_400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nowhere"),
        ("GET", "/favicon.ico"),
        ("GET", f"/{ARTICLE_TENANT_ID}/userrealm"),
        ("PUT", "/nowhere"),
        ("GET", f"/{ARTICLE_TENANT_ID}/oauth2/v2.0/authorize/"),
        ("GET", f"//{ARTICLE_TENANT_ID}/oauth2/v2.0/authorize"),
    ],
)
def test_anything_else_is_not_found(method: str, path: str) -> None:
    response = Kit().tenant.handle(HttpRequest(method=method, url=f"{BASE}{path}"))
    assert response.status == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", f"/{ARTICLE_TENANT_ID}/oauth2/v2.0/token", "GET, POST, OPTIONS"),
        ("GET", f"/{ARTICLE_TENANT_ID}/login", "POST"),
        ("GET", f"/{ARTICLE_TENANT_ID}/oauth2/v2.0/devicecode", "POST"),
        ("POST", "/", "GET"),
        ("DELETE", "/api/2.0/clusters/list", "GET"),
    ],
)
def test_the_wrong_method_is_told_the_right_ones(method: str, path: str, allowed: str) -> None:
    response = Kit().tenant.handle(HttpRequest(method=method, url=f"{BASE}{path}"))
    assert (response.status, response.header("Allow")) == (405, allowed)


def test_a_url_that_is_none_is_refused() -> None:
    assert Kit().get("http://[::1").status == 400


def test_an_address_is_had_only_while_the_tenant_is_served() -> None:
    tenant = PracticeTenant()
    with pytest.raises(UsageError, match="not being served"):
        _ = tenant.authority


_RAW = st.text(st.characters(codec="utf-8"), max_size=30)
_NAMES = st.sampled_from(
    [
        "client_id",
        "redirect_uri",
        "response_type",
        "response_mode",
        "scope",
        "state",
        "prompt",
        "code_challenge",
        "code_challenge_method",
        "login_hint",
        "grant_type",
        "code",
        "code_verifier",
        "refresh_token",
        "client_secret",
        "ctx",
        "login",
        "passwd",
        "account",
        "action",
    ]
)
_FORMS = st.lists(st.tuples(_NAMES, _RAW.map(quote)), max_size=6).map(
    lambda fields: "&".join(f"{n}={v}" for n, v in fields)
)


@given(
    query=st.one_of(_FORMS, _RAW.map(lambda t: quote(t, safe="&=%+"))),
    start=st.sampled_from([authorize_url(), f"{BASE}/common/oauth2/v2.0/authorize?x"]),
)
@settings(max_examples=150)
def test_no_query_breaks_the_authorize_endpoint(query: str, start: str) -> None:
    response = Kit().get(f"{start}&{query}")
    assert response.status in (200, 302, 400)


@given(
    form=st.one_of(_FORMS.map(str.encode), st.binary(max_size=60)),
    path=st.sampled_from(
        ["oauth2/v2.0/token", "login", "pick", "consent", "oauth2/v2.0/authorize"]
    ),
    good=st.booleans(),
)
@settings(max_examples=200)
def test_no_body_breaks_an_endpoint(form: bytes, path: str, good: bool) -> None:
    start = b"grant_type=authorization_code&client_id=12a34b56-789c-0d12-e3fa-b456789c0123&"
    request = HttpRequest(
        method="POST",
        url=f"{BASE}/{ARTICLE_TENANT_ID}/{path}",
        headers=(("Content-Type", "application/x-www-form-urlencoded"),),
        body=(start if good else b"") + form,
    )
    response = Kit().tenant.handle(request)
    assert response.status in (200, 302, 400, 401)
    if path.endswith("token"):
        assert "error" in json.loads(response.body)


@given(_RAW)
def test_no_path_and_no_error_number_breaks_it(text: str) -> None:
    kit = Kit()
    for url in (
        f"{BASE}/{quote(text, safe='')}/oauth2/v2.0/authorize",
        f"{BASE}/{quote(text, safe='')}/v2.0/.well-known/openid-configuration",
        f"{BASE}/error?code={quote(text)}",
        f"{BASE}/{quote(text)}",
    ):
        assert kit.get(url).status in (200, 400, 404)


def test_many_people_can_sign_in_at_once() -> None:
    tenant = PracticeTenant()

    def sign_in(number: int) -> str:
        user = DEFAULT.users[number % 3].name
        token = Kit(tenant, user=user).tokens()["access_token"]
        assert isinstance(token, str)
        return token

    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(sign_in, range(48)))
    assert len(set(tokens)) == 48


def test_importing_the_room_loads_no_cryptography_and_no_sockets() -> None:
    script = (
        "import sys, entra_oauth.practice, entra_oauth.practice.tenant, "
        "entra_oauth.practice.browser.user_agent, entra_oauth.practice.pytest as p\n"
        "heavy = {'cryptography', 'joserfc', 'ssl', 'http.client', 'requests', 'authlib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert result.stdout.strip() == b"[]"


def test_a_form_of_a_thousand_fields_is_malformed() -> None:
    kit = Kit()
    url = f"{BASE}/common/oauth2/v2.0/token"
    assert b"AADSTS9002313" in kit.post(url, "&".join(["a=1"] * 1000)).body
    assert b"AADSTS9002313" in kit.get(authorize_url() + "&a=1" * 1000).body


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("entra_oauth.practice.state.issued._SHELF_SIZE", 2)
    kit = Kit()
    codes = [kit.code() for _ in range(3)]
    assert [kit.redeem(code).status for code in codes] == [400, 200, 200]


def test_the_rooms_public_names_are_there_and_no_others() -> None:
    import entra_oauth.practice as room

    for name in room.__all__:
        assert getattr(room, name).__name__ == name
    with pytest.raises(AttributeError):
        _ = room.PracticeTennant  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing/here",
        "/api/2.0/clusters/list",
        f"/{ARTICLE_TENANT_ID}/discovery/v2.0/keys",
        f"/{ARTICLE_TENANT_ID}/oauth2/v2.0/authorize",
        f"/{ARTICLE_TENANT_ID}/oauth2/v2.0/token",
    ],
)
def test_every_answer_says_what_time_it_is_by_the_tenants_clock(path: str) -> None:
    tenant = PracticeTenant(clock=lambda: NOON)
    request = HttpRequest(method="GET", url=f"{BASE}{path}")
    assert tenant.handle(request).header("Date") == "Thu, 01 Jan 2026 12:00:00 GMT"
    tenant.advance(86_400 * 59 + 3_661)
    late = tenant.handle(request).header("Date")
    assert late == "Sun, 01 Mar 2026 13:01:01 GMT" == formatdate(tenant.now(), usegmt=True)
    tenant.faults.add("clock-skew")
    slow = tenant.handle(request).header("Date")
    assert slow == formatdate(tenant.now() - 7_200, usegmt=True)


def test_what_azures_programs_keep_is_in_a_folder_of_the_block() -> None:
    with PracticeTenant() as tenant:
        folder = Path(tenant.env()["AZURE_CONFIG_DIR"])
        assert folder.is_dir()
        assert tenant.env()["AZURE_CONFIG_DIR"] == str(folder)
        (folder / "azureProfile.json").write_text("{}")
    assert not folder.exists()
    with tenant:
        assert tenant.env()["AZURE_CONFIG_DIR"] != str(folder)
