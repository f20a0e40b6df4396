"""`resource` beside a scope on v2.0 (RFC 8707), as Entra has compared it since 2026."""

from __future__ import annotations

import pytest

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, DATABRICKS
from kit.practice import (
    ALICE,
    DAEMON,
    MIDDLE,
    PASSWORD,
    SCOPE,
    SECRET,
    Changes,
    Kit,
    authorize_url,
    body_of,
    consented,
    refused,
    reply,
)

OWN = f"api://{MIDDLE}"
MINE = f"{OWN}/access_as_user"
GRAPH = "https://graph.microsoft.com"
URI = "https://azuredatabricks.net/"
MISMATCH = (400, "invalid_target", 9010010)

# What is asked for, the parameter, and if Entra takes the two together.
PAIRS = [
    (MINE, OWN, True),
    (f"{MIDDLE}/access_as_user", OWN, True),
    (f"openid offline_access {MINE}", OWN, True),
    (f"{GRAPH}/User.Read", GRAPH, True),
    (f"{GRAPH}/User.Read", f"{GRAPH}/", True),
    ("User.Read", f"{GRAPH}/", True),
    ("openid profile", GRAPH, True),
    (SCOPE, URI, True),
    (MINE, "", True),
    (MINE, f"{OWN}/", False),
    (MINE, OWN.upper(), False),
    (MINE, MIDDLE, False),
    (MINE, MINE, False),
    (MINE, GRAPH, False),
    (f"{GRAPH}/User.Read", f"{GRAPH}//", False),
    (SCOPE, OWN, False),
    (SCOPE, DATABRICKS, False),
    ("openid profile", OWN, False),
    ("mcp.read", "https://mcp.example/mcp", False),
    ("User.Read", OWN, False),
    (f"{MINE} {GRAPH}/User.Read", OWN, False),
]


@pytest.mark.parametrize(("scope", "resource", "taken"), PAIRS)
def test_authorize_compares_it_letter_by_letter_before_anybody_signs_in(
    scope: str, resource: str, taken: bool
) -> None:
    sent = reply(Kit(consented()).open({"scope": scope, "resource": resource}))
    assert sent.get("error", "none") == ("none" if taken else "invalid_target")
    if not taken:
        assert sent["error_description"].startswith(
            "AADSTS9010010: The resource parameter provided in the request doesn't match with the "
            "requested scopes."
        )
        assert sent["state"] == "12345"


@pytest.mark.parametrize(("scope", "resource", "taken"), PAIRS)
def test_so_does_a_refresh(scope: str, resource: str, taken: bool) -> None:
    kit = Kit(consented())
    body = kit.tokens({"scope": f"{SCOPE} openid offline_access"}, {"scope": None})
    response = kit.ask(
        {
            "grant_type": "refresh_token",
            "client_id": ARTICLE_CLIENT_ID,
            "refresh_token": body["refresh_token"],
            "scope": scope if scope != "openid profile" else None,
            "resource": URI if (scope, resource) == ("openid profile", GRAPH) else resource,
        }
    )
    if taken:
        assert response.status == 200, response.body
    else:
        assert refused(response) == MISMATCH


CODE = f"{MINE} openid offline_access"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"scope": None, "resource": OWN}, None),
        ({"scope": "openid offline_access", "resource": OWN}, None),
        ({"scope": MINE, "resource": OWN}, None),
        ({"scope": None, "resource": f"{OWN}/"}, MISMATCH),
        ({"scope": "openid", "resource": GRAPH}, MISMATCH),
        ({"scope": MINE, "resource": f"{OWN}/"}, MISMATCH),
        ({"scope": f"{GRAPH}/User.Read", "resource": OWN}, MISMATCH),
    ],
)
@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token"])
def test_without_a_scope_it_is_held_against_what_was_agreed(
    grant: str, changes: Changes, expected: tuple[int, str, int] | None
) -> None:
    kit = Kit(consented())
    code = kit.code({"scope": CODE})
    if grant == "authorization_code":
        response = kit.redeem(code, changes)
    else:
        token = body_of(kit.redeem(code, {"scope": None}))["refresh_token"]
        form = {"grant_type": grant, "client_id": ARTICLE_CLIENT_ID, "refresh_token": token}
        response = kit.ask({**form, **changes})
    if expected is None:
        assert response.status == 200, response.body
    else:
        assert refused(response) == expected


def test_a_mismatch_does_not_use_the_code_up() -> None:
    kit = Kit(consented())
    code = kit.code({"scope": CODE})
    assert refused(kit.redeem(code, {"scope": None, "resource": URI})) == MISMATCH
    assert kit.redeem(code, {"scope": None}).status == 200


APP: Changes = {
    "grant_type": "client_credentials",
    "client_id": DAEMON,
    "client_secret": SECRET,
    "scope": SCOPE,
}
PERSON: Changes = {
    "grant_type": "password",
    "client_id": ARTICLE_CLIENT_ID,
    "username": ALICE,
    "password": PASSWORD,
    "scope": SCOPE,
}


@pytest.mark.parametrize("form", [APP, PERSON], ids=["client_credentials", "password"])
@pytest.mark.parametrize(("resource", "taken"), [(URI, True), (URI[:-1], False), (OWN, False)])
def test_grants_without_a_browser_compare_it_too(form: Changes, resource: str, taken: bool) -> None:
    response = Kit(consented()).ask({**form, "resource": resource})
    if taken:
        assert response.status == 200, response.body
    else:
        assert refused(response) == MISMATCH


def test_twice_is_refused_as_with_every_parameter() -> None:
    kit = Kit(consented())
    assert reply(kit.open({"scope": MINE, "resource": OWN})).keys() >= {"code"}
    page = kit.browser.open(f"{authorize_url({'scope': MINE, 'resource': OWN})}&resource={OWN}")
    assert "AADSTS9000411" in reply(page)["error_description"]
