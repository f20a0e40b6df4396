"""Throttling, and what the tenant counts."""

from __future__ import annotations

import pytest

from entra_oauth.practice.directory import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.practice.limits import Limits
from entra_oauth.practice.tenant import PracticeTenant, Trailer
from practice_kit import BASE, DAEMON, NOON, SCOPE, SECRET, SINGLE, Changes, Kit, body_of

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
    found = [number for number in range(40) if limits.loops("same", number * gap_s)]
    assert (found[0] if found else None) == at
    assert not limits.loops("another", 0)


def test_what_is_counted_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entra_oauth.practice.limits._MOST", 3)
    limits = Limits()
    limits.throttle(1, 60)
    for number in range(20):
        limits.wait_s(f"client {number}", 0.0)
        limits.loops(f"request {number}", 0.0)
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
