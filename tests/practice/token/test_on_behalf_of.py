"""An API hands on what a person gave it (on-behalf-of)."""

from __future__ import annotations

from typing import Any

import pytest

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, DATABRICKS
from kit.practice import (
    ALICE,
    CAROL,
    DAEMON,
    MIDDLE,
    SCOPE,
    SECRET,
    Changes,
    Kit,
    body_of,
    claims_of,
    consented,
    refused,
)

MIDDLE_SCOPE = f"api://{MIDDLE}/access_as_user"
OBO: Changes = {
    "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "client_id": MIDDLE,
    "client_secret": SECRET,
    "scope": SCOPE,
    "requested_token_use": "on_behalf_of",
}


def _for_middle(kit: Kit, scope: str = MIDDLE_SCOPE) -> dict[str, Any]:
    return kit.tokens({"scope": scope}, {"scope": scope})


def test_a_middle_tier_hands_on_what_a_person_gave_it() -> None:
    kit = Kit(consented())
    first = _for_middle(kit)["access_token"]
    assert claims_of(first)["aud"] == MIDDLE
    assert claims_of(first)["azp"] == ARTICLE_CLIENT_ID
    body = body_of(kit.ask({**OBO, "assertion": first}))
    claims = claims_of(body["access_token"])
    assert (claims["aud"], claims["upn"], claims["appid"]) == (DATABRICKS, ALICE, MIDDLE)
    assert claims["appidacr"] == "1"
    assert "refresh_token" not in body


def test_it_may_keep_the_access_and_use_it_later() -> None:
    kit = Kit(consented())
    scope = f"{SCOPE} offline_access"
    body = body_of(kit.ask({**OBO, "scope": scope, "assertion": _for_middle(kit)["access_token"]}))
    form: Changes = {
        "grant_type": "refresh_token",
        "client_id": MIDDLE,
        "client_secret": SECRET,
        "refresh_token": body["refresh_token"],
    }
    assert kit.ask(form).status == 200


def test_a_second_step_that_was_taken_counts_further_on() -> None:
    kit = Kit(consented(), user=CAROL)
    body = body_of(kit.ask({**OBO, "assertion": _for_middle(kit)["access_token"]}))
    assert claims_of(body["access_token"])["amr"] == ["pwd", "mfa"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"assertion": None}, (400, "invalid_request", 900144)),
        ({"assertion": "x.y.z"}, (400, "invalid_grant", 50013)),
        ({"requested_token_use": None}, (400, "invalid_request", 900144)),
        ({"requested_token_use": "other"}, (400, "invalid_request", 90023)),
        ({"client_secret": None}, (401, "invalid_client", 7000218)),
        ({"client_secret": "no"}, (401, "invalid_client", 7000215)),
        ({"client_id": DAEMON}, (400, "invalid_grant", 500131)),
        ({"scope": None}, (400, "invalid_request", 900144)),
    ],
)
def test_on_behalf_of_is_refused(changes: Changes, expected: tuple[int, str, int]) -> None:
    kit = Kit(consented())
    form = {**OBO, "assertion": _for_middle(kit)["access_token"], **changes}
    assert refused(kit.ask(form)) == expected


def test_only_a_persons_access_token_for_this_app_will_do() -> None:
    kit = Kit(consented())
    middle: Changes = {
        "client_id": MIDDLE,
        "redirect_uri": "http://localhost/middle",
        "scope": f"{SCOPE} openid",
    }
    secret: Changes = {**middle, "client_secret": SECRET, "scope": None}
    both = body_of(kit.redeem(kit.code(middle), secret))
    assert refused(kit.ask({**OBO, "assertion": both["id_token"]})) == (
        400,
        "invalid_grant",
        240002,
    )
    assert refused(kit.ask({**OBO, "assertion": both["access_token"]}))[2] == 500131
    by_itself: Changes = {
        "grant_type": "client_credentials",
        "client_id": DAEMON,
        "client_secret": SECRET,
        "scope": f"api://{MIDDLE}/.default",
    }
    apps = body_of(kit.ask(by_itself))["access_token"]
    assert refused(kit.ask({**OBO, "assertion": apps})) == (400, "unauthorized_client", 7000114)
    good = _for_middle(kit)
    kit.tenant.advance(good["expires_in"] + 2)
    assert refused(kit.ask({**OBO, "assertion": good["access_token"]}))[2] == 500133


def test_the_middle_tier_needs_consent_of_its_own() -> None:
    kit = Kit()
    token = _for_middle(kit)["access_token"]
    response = kit.ask({**OBO, "assertion": token})
    assert refused(response) == (400, "invalid_grant", 65001)
    assert body_of(response)["suberror"] == "consent_required"
