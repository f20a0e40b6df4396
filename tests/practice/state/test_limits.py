"""Throttling, and what the tenant counts."""

from __future__ import annotations

import pytest

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.practice.state.limits import Limits
from entra_oauth.practice.tenant import PracticeTenant, Trailer
from kit.practice import (
    ALICE,
    BASE,
    BOB,
    DAEMON,
    NOON,
    SCOPE,
    SECRET,
    SINGLE,
    Changes,
    Kit,
    authorize_url,
    body_of,
    reply,
)

APP: Changes = {
    "grant_type": "client_credentials",
    "client_id": DAEMON,
    "client_secret": SECRET,
    "scope": SCOPE,
}


def test_a_throttled_client_gets_a_sentence_and_is_told_how_long_to_wait() -> None:
    kit = Kit()
    kit.tenant.throttle(after=2, retry_after_s=30)
    assert [kit.ask(APP).status for _ in range(3)] == [200, 200, 429]
    response = kit.ask(APP)
    assert (response.status, response.reason) == (429, "Too Many Requests")
    assert response.header("Retry-After") == "30"
    assert (response.header("Content-Type") or "").startswith("text/plain")
    assert not response.body.startswith(b"{")
    kit.tenant.advance(20)
    assert kit.ask(APP).header("Retry-After") == "10"
    kit.tenant.advance(10)
    assert [kit.ask(APP).status for _ in range(3)] == [200, 200, 429]
    kit.tenant.throttle(after=None)
    assert kit.ask(APP).status == 200


def test_each_client_is_counted_by_itself_and_pages_are_not_counted() -> None:
    kit = Kit()
    kit.tenant.throttle(after=1)
    assert [kit.ask(APP).status for _ in range(2)] == [200, 429]
    assert kit.ask({**APP, "client_id": DAEMON.upper()}).status == 429
    url = f"{BASE}/common/oauth2/v2.0/devicecode"
    other = f"client_id={ARTICLE_CLIENT_ID}&scope={SCOPE}"
    assert [kit.post(url, other).status for _ in range(2)] == [200, 429]
    assert kit.ask({**APP, "client_id": SINGLE}).status == 401
    assert kit.ask({"grant_type": "x"}).status == 400
    assert "code=" in kit.open().url
    path = "v2.0/.well-known/openid-configuration"
    assert kit.get(f"{BASE}/{ARTICLE_TENANT_ID}/{path}").status == 200


def test_every_request_can_be_throttled() -> None:
    kit = Kit()
    kit.tenant.throttle(after=0, retry_after_s=1)
    assert kit.ask(APP, version=1).status == 429
    kit.tenant.advance(5)
    assert kit.ask(APP).status == 429


@pytest.mark.parametrize(("gap_s", "at"), [(0.0, 14), (20.0, 14), (22.0, None)])
def test_fifteen_of_a_kind_within_five_minutes_are_a_loop(gap_s: float, at: int | None) -> None:
    limits = Limits()
    found = [number for number in range(40) if limits.loops(("same",), number * gap_s)]
    assert (found[0] if found else None) == at
    assert not limits.loops(("another",), 0)


def test_what_is_counted_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entra_oauth.practice.state.limits._MOST", 3)
    limits = Limits()
    limits.throttle(1, 60)
    for number in range(20):
        limits.wait_s(f"client {number}", 0.0)
        limits.loops(("request", str(number)), 0.0)
    assert len(limits._asked) <= 3
    assert len(limits._loops) <= 3


@pytest.mark.parametrize(("trailer", "between"), [(Trailer.BLANK, " "), (Trailer.LINES, "\r\n")])
def test_the_trailer_of_an_error_is_one_line_or_several(trailer: Trailer, between: str) -> None:
    kit = Kit(PracticeTenant(clock=lambda: NOON, trailer=trailer))
    body = body_of(kit.ask({**APP, "grant_type": "x"}))
    assert body["error_description"] == (
        f"AADSTS70003: The app requested an unsupported grant type 'x'.{between}"
        f"Trace ID: {body['trace_id']}{between}Correlation ID: {body['correlation_id']}{between}"
        "Timestamp: 2026-01-01 12:00:00Z"
    )


# ---- an app that sends the browser again and again -----------------------------------------


def _answers(kit: Kit, times: int, changes: Changes | None = None) -> list[str]:
    """The app's answers, each time in the same browser: `code`, or the name of the error."""
    browser, heard = kit.as_user(ALICE), []
    for _ in range(times):
        fields = reply(browser.open(authorize_url(changes)))
        heard.append("code" if "code" in fields else fields["error"])
    return heard


def test_the_fifteenth_equal_request_of_one_browser_is_a_loop() -> None:
    # The first one asks for a password, so it is not among the fifteen.
    kit = Kit()
    assert _answers(kit, 18) == ["code"] * 15 + ["invalid_grant"] * 3


def test_a_loop_is_told_to_the_app_with_number_and_state() -> None:
    kit = Kit()
    browser = kit.as_user(ALICE)
    pages = [browser.open(authorize_url({"state": "of-mine"})) for _ in range(16)]
    fields = reply(pages[-1])
    assert fields["error_description"].startswith("AADSTS50196: ")
    assert fields["state"] == "of-mine"


def test_a_silent_request_that_fails_again_and_again_is_a_loop_too() -> None:
    kit = Kit()
    browser = kit.as_user(ALICE)
    browser.open(authorize_url())
    silent = authorize_url({"prompt": "none", "login_hint": BOB})
    heard = [reply(browser.open(silent))["error"] for _ in range(15)]
    assert heard == ["login_required"] * 14 + ["invalid_grant"]


def test_a_browser_that_was_never_here_cannot_be_told_from_another() -> None:
    kit = Kit()
    assert _answers(kit, 20, {"prompt": "none"}) == ["login_required"] * 20


@pytest.mark.parametrize("wait_s", [299, 301])
def test_a_loop_is_over_after_five_minutes(wait_s: int) -> None:
    kit = Kit()
    browser = kit.as_user(ALICE)
    for _ in range(15):
        assert "code" in reply(browser.open(authorize_url()))
    kit.tenant.advance(wait_s)
    again = reply(browser.open(authorize_url()))
    assert ("code" in again) is (wait_s > 300)


@pytest.mark.parametrize(
    "changes",
    [
        {"login_hint": ALICE},
        {"scope": f"openid {SCOPE}"},
        {"redirect_uri": "http://localhost:5000"},
        {"response_mode": "fragment"},
    ],
)
def test_another_request_is_not_the_same_one(changes: Changes) -> None:
    kit = Kit()
    browser = kit.as_user(ALICE)
    for number in range(24):
        page = browser.open(authorize_url(changes if number % 2 else None))
        assert "code" in reply(page)


def test_many_people_with_browsers_of_their_own_are_no_loop() -> None:
    kit = Kit()
    assert all("code" in reply(kit.as_user(ALICE).open(authorize_url())) for _ in range(20))


def test_a_page_that_asks_somebody_is_no_loop() -> None:
    kit = Kit()
    assert _answers(kit, 20, {"prompt": "select_account"}) == ["code"] * 20
