"""A fault that takes consents back: it is named, and it gives them back when it is cleared."""

from __future__ import annotations

import pytest

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.practice.tenant import PracticeTenant
from kit.practice import (
    ALICE,
    BASE,
    NOON,
    PASSWORD,
    SCOPE,
    TRENT,
    Changes,
    Kit,
    authorize_url,
    body_of,
    consented,
    refused,
    reply,
)

NAMED = "Practice fault in force: admin-consent."
GRAPH = "https://graph.microsoft.com/User.Read"


def _fault_of(kit: Kit, fault: str = "admin-consent") -> Kit:
    kit.tenant.faults.add(fault)
    return kit


@pytest.mark.parametrize("own", [True, False], ids=["a person", "an administrator"])
def test_what_was_consented_before_counts_again_once_the_fault_is_cleared(own: bool) -> None:
    tenant = PracticeTenant(clock=lambda: NOON) if own else consented()
    if own:
        Kit(tenant).code()
    strict = Kit(tenant, consents=False)
    assert "code" in reply(strict.open())
    _fault_of(strict)
    assert reply(strict.open())["error"] == "access_denied"
    tenant.faults.clear()
    assert "code" in reply(strict.open())


def test_it_counts_again_also_where_the_fault_ends_by_itself() -> None:
    kit = _fault_of(Kit(consented(), consents=False), "authorize,page user-consent=no times=3")
    assert "error" in reply(kit.open())
    assert "code" in reply(kit.open())


def test_the_page_names_the_fault_and_sends_nobody_to_an_administrator() -> None:
    kit = _fault_of(Kit(consented()))
    kit.open()
    shown = [answer.body.decode() for _, answer in kit.tenant.log]
    (approval,) = [text for text in shown if "Need admin approval" in text]
    assert "<code>admin-consent</code>" in approval
    assert "practice fault --clear" in approval
    assert "Ask an administrator" not in approval


def test_the_error_names_the_fault_and_not_a_person_who_gave_up() -> None:
    sent = reply(_fault_of(Kit(consented())).open())
    assert sent["error"] == "access_denied"
    assert "error_subcode" not in sent
    assert sent["error_description"].startswith("AADSTS90094: ")
    assert f"\r\n{NAMED}\r\nTrace ID: " in sent["error_description"]


def test_without_a_fault_it_is_the_person_who_gave_up() -> None:
    kit = Kit()
    page = kit.open({"scope": "https://graph.microsoft.com/Directory.Read.All"})
    assert reply(page) == {"error": "access_denied", "error_subcode": "cancel", "state": "12345"}
    (approval,) = [
        answer.body for _, answer in kit.tenant.log if b"Need admin approval" in answer.body
    ]
    assert b"Ask an administrator" in approval
    assert b"of a fault" not in approval


def test_a_rule_without_a_name_is_named_by_itself() -> None:
    rule = "authorize,page user-consent=no"
    sent = reply(_fault_of(Kit(consented()), rule).open())
    assert f"Practice fault in force: {rule}." in sent["error_description"]


def test_a_sign_in_without_a_page_names_it_too() -> None:
    kit = Kit(consented())
    kit.open()
    _fault_of(kit)
    sent = reply(kit.open({"prompt": "none"}))
    assert sent["error"] == "interaction_required"
    assert sent["error_description"].startswith("AADSTS65001: ")
    assert NAMED in sent["error_description"]


FORM: Changes = {
    "grant_type": "password",
    "client_id": ARTICLE_CLIENT_ID,
    "username": ALICE,
    "password": PASSWORD,
    "scope": SCOPE,
}


def test_the_token_endpoint_names_it_where_the_rule_is_about_that() -> None:
    kit = _fault_of(Kit(consented()))
    assert kit.ask(FORM).status == 200
    _fault_of(kit, "token user-consent=no")
    response = kit.ask(FORM)
    assert refused(response) == (400, "invalid_grant", 65001)
    said = body_of(response)["error_description"]
    assert "Practice fault in force: token user-consent=no." in said
    kit.tenant.faults.clear()
    assert kit.ask(FORM).status == 200
    assert "in force" not in body_of(Kit().ask(FORM))["error_description"]


def test_a_device_hears_of_it() -> None:
    kit = _fault_of(Kit(consented()))
    url = f"{BASE}/{ARTICLE_TENANT_ID}/oauth2/v2.0/devicecode"
    shown = body_of(kit.post(url, f"client_id={ARTICLE_CLIENT_ID}&scope={GRAPH}"))
    page = kit.as_user(ALICE, user_code=shown["user_code"]).open(f"{BASE}/devicelogin")
    assert "admin-consent" in page.text
    assert "that you declined" not in page.text
    response = kit.ask(
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "client_id": ARTICLE_CLIENT_ID,
            "device_code": shown["device_code"],
        }
    )
    assert refused(response) == (400, "authorization_declined", 65004)
    assert NAMED in body_of(response)["error_description"]


def test_an_administrator_may_still_consent_and_that_stays() -> None:
    kit = _fault_of(Kit())
    assert "code" in reply(kit.as_user(TRENT).open(authorize_url()))
    kit.tenant.faults.clear()
    strict = Kit(kit.tenant, user=TRENT, consents=False)
    assert "code" in reply(strict.open())


def test_the_page_of_another_fault_names_that_one() -> None:
    kit = _fault_of(Kit(), "wrong-redirect")
    page = kit.get(authorize_url()).body.decode()
    assert "AADSTS50011" in page
    assert "<code>wrong-redirect</code>" in page
    wrong = Kit().get(authorize_url({"redirect_uri": "http://wrong.example"})).body.decode()
    assert "AADSTS50011" in wrong
    assert "of a fault" not in wrong


def test_what_an_app_has_without_consent_is_not_taken_back() -> None:
    azure_cli = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
    kit = _fault_of(Kit(consents=False))
    assert "code" in reply(kit.open({"client_id": azure_cli}))
