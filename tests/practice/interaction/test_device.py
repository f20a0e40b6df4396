"""Device code: the device's side, the person's side, and what goes wrong between them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.practice.browser.user_agent import BrowserPage
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.protocol.messages import HttpResponse
from kit.practice import (
    ALICE,
    BASE,
    CAROL,
    FAMILY,
    SCOPE,
    WEB,
    Changes,
    Kit,
    body_of,
    changed,
    claims_of,
    refused,
)

LONG = "urn:ietf:params:oauth:grant-type:device_code"
ENTER = f"{BASE}/devicelogin"


@dataclass
class Device:
    """A device that shows a code, and a person who may type it."""

    kit: Kit = field(default_factory=Kit)
    tenant: str = ARTICLE_TENANT_ID
    scope: str = f"{SCOPE} openid profile offline_access"
    headers: tuple[tuple[str, str], ...] = ()
    shown: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        response = self.ask()
        assert response.status == 200, response.body
        self.shown = body_of(response)

    def ask(self, changes: Changes | None = None) -> HttpResponse:
        form = {"client_id": ARTICLE_CLIENT_ID, "scope": self.scope, **(changes or {})}
        url = f"{BASE}/{self.tenant}/oauth2/v2.0/devicecode"
        return self.kit.post(url, changed({}, form), *self.headers)

    def poll(self, changes: Changes | None = None) -> HttpResponse:
        form: Changes = {
            "grant_type": LONG,
            "client_id": ARTICLE_CLIENT_ID,
            "device_code": self.shown["device_code"],
            **(changes or {}),
        }
        return self.kit.ask(form, tenant=self.tenant)

    def person(self, user: str = ALICE, code: str | None = None) -> BrowserPage:
        typed = self.shown["user_code"] if code is None else code
        return self.kit.as_user(user, user_code=typed).open(ENTER)


def test_a_device_gets_its_tokens_once_a_person_has_agreed() -> None:
    device = Device()
    assert refused(device.poll()) == (400, "authorization_pending", 70016)
    page = device.person()
    assert "You have signed in to Practice native app on your device." in page.text
    body = body_of(device.poll())
    assert set(body) == {
        "token_type",
        "scope",
        "expires_in",
        "ext_expires_in",
        "access_token",
        "refresh_token",
        "id_token",
    }
    assert claims_of(body["access_token"])["upn"] == ALICE
    assert refused(device.poll()) == (400, "invalid_grant", 54005)


def test_the_pages_ask_what_entras_ask() -> None:
    device = Device()
    device.person(CAROL)
    headings = [
        re.search(rb"<h1>(.*?)</h1>", answer.body)[1].decode()  # type: ignore[index]
        for _, answer in device.kit.tenant.log
        if answer.status == 200 and b"<h1>" in answer.body
    ]
    assert headings == [
        "Enter code",
        "Sign in",
        "Approve the sign-in request",
        "Are you trying to sign in to Practice native app?",
        "Permissions requested",
        "You are signed in",
    ]
    assert claims_of(body_of(device.poll())["access_token"])["amr"] == ["pwd", "mfa"]


def test_what_the_device_is_told() -> None:
    shown = Device().shown
    assert list(shown) == [
        "user_code",
        "device_code",
        "verification_uri",
        "expires_in",
        "interval",
        "message",
    ]
    assert re.fullmatch(r"[A-Z0-9]{9}", shown["user_code"])
    assert (shown["expires_in"], shown["interval"]) == (900, 5)
    assert shown["message"] == (
        f"To sign in, use a web browser to open the page {ENTER} and enter the code "
        f"{shown['user_code']} to authenticate."
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"client_id": None}, (400, "invalid_request", 900144)),
        ({"scope": None}, (400, "invalid_request", 900144)),
        ({"client_id": "nobody"}, (400, "unauthorized_client", 700016)),
        ({"scope": "api://nothing/.default"}, (400, "invalid_resource", 500011)),
        ({"scope": f"{SCOPE} User.Read"}, (400, "invalid_scope", 70011)),
    ],
)
def test_a_request_for_a_code_is_refused(changes: Changes, expected: tuple[int, str, int]) -> None:
    assert refused(Device().ask(changes)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"device_code": None}, (400, "invalid_request", 900144)),
        ({"device_code": "unknown"}, (400, "bad_verification_code", 70018)),
        ({"client_id": FAMILY}, (400, "invalid_grant", 70000)),
        ({"client_secret": "x"}, (401, "invalid_client", 700025)),
        ({"code": "another"}, (400, "invalid_request", 9002313)),
    ],
)
def test_a_poll_is_refused(changes: Changes, expected: tuple[int, str, int]) -> None:
    device = Device()
    device.person()
    assert refused(device.poll(changes)) == expected
    assert device.poll().status == 200


def test_an_app_that_does_not_allow_public_flows_hears_so_when_it_polls() -> None:
    device = Device()
    device.shown = body_of(device.ask({"client_id": WEB}))
    assert refused(device.poll({"client_id": WEB})) == (401, "invalid_client", 7000218)


def test_a_code_belongs_to_the_tenant_of_the_url() -> None:
    device = Device(tenant="organizations")
    device.person()
    assert device.poll().status == 200
    other = Device(tenant="organizations")
    other.person()
    other.tenant = ARTICLE_TENANT_ID
    assert refused(other.poll()) == (400, "invalid_grant", 700005)


@pytest.mark.parametrize("grant_type", [LONG, "device_code"])
@pytest.mark.parametrize("names", [("device_code",), ("code",), ("code", "device_code")])
def test_the_code_may_stand_under_either_name_or_both(
    grant_type: str, names: tuple[str, ...]
) -> None:
    device = Device()
    device.person()
    code = device.shown["device_code"]
    form: Changes = {"grant_type": grant_type, "device_code": None, **dict.fromkeys(names, code)}
    assert device.poll(form).status == 200


def test_a_pending_answer_carries_the_ids_of_the_request_for_the_code() -> None:
    ours = "11111111-2222-4333-8444-555555555555"
    device = Device(headers=(("client-request-id", ours),))
    another = ("client-request-id", "99999999-2222-4333-8444-555555555555")
    form: Changes = {
        "grant_type": LONG,
        "client_id": ARTICLE_CLIENT_ID,
        "device_code": device.shown["device_code"],
    }
    response = device.kit.ask(form, another)
    body = body_of(response)
    assert body["correlation_id"] == ours
    assert response.header("client-request-id") == ours
    assert f"Correlation ID: {ours} " in body["error_description"]
    assert body["error_uri"] == f"{BASE}/error?code=70016"
    assert response.header("x-ms-clitelem") == "1,70016,0,,"


def test_a_code_dies_after_fifteen_minutes_on_both_sides() -> None:
    device = Device()
    device.kit.tenant.advance(900)
    assert refused(device.poll())[2] == 70016
    device.kit.tenant.advance(1)
    response = device.poll()
    assert refused(response) == (400, "expired_token", 70020)
    assert "This device code has expired." in body_of(response)["error_description"]
    assert "AADSTS70019" in device.person().text


@pytest.mark.parametrize("where", ["cancels", "consents", "approves"])
def test_a_person_can_decline_at_every_step(where: str) -> None:
    kit = Kit(
        cancels=where == "cancels", consents=where != "consents", approves=where != "approves"
    )
    device = Device(kit)
    end = device.person(CAROL).text
    assert "Nothing was granted" in end
    assert "You may now close this window." in end
    assert refused(device.poll()) == (400, "authorization_declined", 65004)


def test_the_confirmation_can_be_declined_too() -> None:
    device = Device()
    browser = device.kit.as_user(ALICE, user_code=device.shown["user_code"])
    choose = browser._choose
    browser._choose = lambda form: (  # type: ignore[method-assign]
        next((b for b in form.buttons if b[1] == "cancel"), None)
        if any(b[1] == "continue" for b in form.buttons)
        else choose(form)
    )
    assert "Nothing was granted" in browser.open(ENTER).text
    assert refused(device.poll())[1] == "authorization_declined"


@pytest.mark.parametrize(
    ("typed", "number"), [("", 90119), (" - ", 90119), ("WRONGCODE", 70018), ("\u00df" * 9, 70018)]
)
def test_a_wrong_code_can_be_typed_again(typed: str, number: int) -> None:
    page = Device().person(code=typed)
    assert page.status == 200
    assert f"AADSTS{number}" in page.text
    assert "<h1>Enter code</h1>" in page.text


def test_a_code_may_be_typed_in_small_letters_with_blanks_and_dashes() -> None:
    device = Device()
    code = device.shown["user_code"].lower()
    device.person(code=f" {code[:3]}-{code[3:6]} {code[6:]} ")
    assert device.poll().status == 200


def test_a_code_that_was_used_cannot_be_used_by_a_second_person() -> None:
    device = Device()
    device.person()
    refusal = device.person(CAROL).text
    assert "AADSTS90120" in refusal
    assert "<h1>Enter code</h1>" in refusal
    late = Device()
    slow = late.kit.as_user(ALICE, user_code=late.shown["user_code"])
    choose = slow._choose

    def overtaken(form: Any) -> Any:
        if any(b[1] == "continue" for b in form.buttons):
            late.person()
        return choose(form)

    slow._choose = overtaken  # type: ignore[method-assign]
    assert "AADSTS90120" in slow.open(ENTER).text


def test_a_device_that_keeps_its_interval_may_poll_for_the_whole_time() -> None:
    device = Device()
    for _ in range(179):
        device.kit.tenant.advance(5)
        assert refused(device.poll())[2] == 70016


def test_a_device_that_polls_much_too_fast_is_stopped() -> None:
    device = Device()
    numbers = []
    for _ in range(20):
        device.kit.tenant.advance(1)
        numbers.append(refused(device.poll())[2])
    assert numbers[:15] == [70016] * 15
    assert numbers[15:] == [50196] * 5
    assert refused(device.poll()) == (400, "invalid_grant", 50196)


@given(st.text(max_size=20))
def test_no_typed_code_breaks_the_page(typed: str) -> None:
    response = Kit().post(
        f"{BASE}/common/oauth2/deviceauth", changed({}, {"otc": typed.encode().decode()})
    )
    assert response.status == 200
    assert b"<script" not in response.body
