"""Refresh tokens in full, and what the claims parameter does to tokens."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, GRAPH
from entra_oauth.practice.http.refusals import Refused
from entra_oauth.practice.request.claims_request import (
    NO_CLAIMS,
    ClaimsRequest,
    challenge_json,
    read_claims,
)
from entra_oauth.protocol.messages import HttpResponse
from kit.practice import (
    ALICE,
    BASE,
    DAEMON,
    FAMILY,
    NOON,
    SCOPE,
    SECRET,
    SIBLING,
    WEB,
    Changes,
    Kit,
    body_of,
    claims_of,
    consented,
    refused,
)

OFFLINE: Changes = {"scope": f"{SCOPE} openid offline_access"}
CP1 = '{"access_token":{"xms_cc":{"values":["cp1"]}}}'
CLUSTERS = f"{BASE}/api/2.0/clusters/list"


def _refresh(kit: Kit, token: str, changes: Changes | None = None, **more: Any) -> HttpResponse:
    form: Changes = {
        "grant_type": "refresh_token",
        "client_id": ARTICLE_CLIENT_ID,
        "refresh_token": token,
        **(changes or {}),
    }
    return kit.ask(form, **more)


def _signed_in(client_id: str, kit: Kit) -> dict[str, Any]:
    at: Changes = {"client_id": client_id, "scope": f"{SCOPE} offline_access"}
    return body_of(kit.redeem(kit.code(at), {"client_id": client_id, "scope": None}))


def test_family_apps_share_their_refresh_tokens() -> None:
    kit = Kit(consented())
    body = _signed_in(FAMILY, kit)
    assert body["foci"] == "1"
    other = body_of(_refresh(kit, body["refresh_token"], {"client_id": SIBLING}))
    assert other["foci"] == "1"
    assert claims_of(other["access_token"])["appid"] == SIBLING


def test_an_app_outside_the_family_is_told_so() -> None:
    kit = Kit(consented())
    response = _refresh(kit, _signed_in(FAMILY, kit)["refresh_token"])
    assert refused(response) == (400, "invalid_grant", 70000)
    assert body_of(response)["suberror"] == "client_mismatch"
    own = _signed_in(ARTICLE_CLIENT_ID, kit)
    assert "foci" not in own
    response = _refresh(kit, own["refresh_token"], {"client_id": FAMILY})
    assert refused(response)[2] == 70000
    assert "suberror" not in body_of(response)


def test_revoked_sessions_end_what_was_issued_before_and_nothing_else() -> None:
    kit = Kit()
    token = kit.tokens(OFFLINE)["refresh_token"]
    newer = body_of(_refresh(kit, token))["refresh_token"]
    kit.tenant.revoke_sessions("alice")
    for old in (token, newer):
        response = _refresh(kit, old)
        assert refused(response) == (400, "invalid_grant", 50173)
        assert body_of(response)["suberror"] == "bad_token"
    kit.tenant.advance(1)
    fresh = kit.tokens(OFFLINE)["refresh_token"]
    assert _refresh(kit, fresh).status == 200
    bob = Kit(kit.tenant, user="bob@contoso-practice.example").tokens(OFFLINE)["refresh_token"]
    kit.tenant.revoke_sessions(ALICE)
    assert _refresh(kit, bob).status == 200


def test_a_refresh_works_in_any_segment_of_the_tenant() -> None:
    kit = Kit()
    token = kit.tokens(OFFLINE)["refresh_token"]
    for tenant in (ARTICLE_TENANT_ID, "common", "organizations", "contoso-practice.example"):
        assert _refresh(kit, token, tenant=tenant).status == 200


def test_a_confidential_client_proves_itself_at_each_refresh() -> None:
    kit = Kit(consented())
    at: Changes = {"client_id": WEB, "redirect_uri": "http://localhost/web"}
    code = kit.code({**at, **OFFLINE})
    token = body_of(kit.redeem(code, {**at, "client_secret": SECRET, "scope": None}))[
        "refresh_token"
    ]
    bare: Changes = {"client_id": WEB}
    assert refused(_refresh(kit, token, bare))[2] == 7000218
    assert refused(_refresh(kit, token, {**bare, "client_secret": "x"}))[2] == 7000215
    assert _refresh(kit, token, {**bare, "client_secret": SECRET}).status == 200


def test_a_permission_for_administrators_is_not_consented_by_a_persons_yes() -> None:
    kit = Kit()
    token = kit.tokens({"scope": "User.Read offline_access"}, {"scope": None})["refresh_token"]
    response = _refresh(kit, token, {"scope": "Directory.Read.All"})
    assert refused(response) == (400, "invalid_grant", 65001)
    assert _refresh(Kit(kit.tenant), token, {"scope": "User.Read"}).status == 200


# ---- claims --------------------------------------------------------------------------------


def test_a_client_that_can_handle_challenges_gets_a_long_token() -> None:
    kit = Kit()
    body = kit.tokens({**OFFLINE, "claims": CP1})
    assert 20 * 3600 <= body["expires_in"] + 1 <= 28 * 3600
    assert body["refresh_in"] == (body["expires_in"] + 1) // 2
    assert claims_of(body["access_token"])["xms_cc"] == ["cp1"]
    plain = body_of(_refresh(kit, body["refresh_token"]))
    assert plain["expires_in"] < 5400
    assert "refresh_in" not in plain
    again = body_of(_refresh(kit, body["refresh_token"], {"claims": CP1}))
    assert again["expires_in"] > 70_000


@pytest.mark.parametrize("where", ["token", "app", "device", "password"])
def test_the_claims_may_stand_in_any_token_request(where: str) -> None:
    kit = Kit(consented())
    form: Changes = {"client_id": ARTICLE_CLIENT_ID, "scope": SCOPE, "claims": CP1}
    if where == "token":
        body = kit.tokens(None, {"claims": CP1})
    elif where == "app":
        app: Changes = {"grant_type": "client_credentials", "client_id": DAEMON}
        body = body_of(kit.ask({**form, **app, "client_secret": SECRET}))
    elif where == "password":
        form = {**form, "grant_type": "password", "username": ALICE, "password": "practice"}
        body = body_of(kit.ask(form))
    else:
        url = f"{BASE}/{ARTICLE_TENANT_ID}/oauth2/v2.0/devicecode"
        shown = body_of(kit.post(url, f"client_id={ARTICLE_CLIENT_ID}&scope={SCOPE}"))
        kit.as_user(ALICE, user_code=shown["user_code"]).open(f"{BASE}/devicelogin")
        form = {**form, "grant_type": "device_code", "device_code": shown["device_code"]}
        body = body_of(kit.ask(form))
    assert claims_of(body["access_token"])["xms_cc"] == ["cp1"]
    assert body["expires_in"] > 70_000


def test_an_api_that_takes_no_part_gets_an_ordinary_token() -> None:
    scope = "https://vault.azure.net/.default"
    body = Kit().tokens({"scope": scope, "claims": CP1}, {"scope": scope})
    assert body["expires_in"] < 5400
    assert "xms_cc" not in claims_of(body["access_token"])


def test_a_claims_challenge_is_answered_by_a_token_that_is_new_enough() -> None:
    kit = Kit()
    body = kit.tokens({**OFFLINE, "claims": CP1})
    bearer = ("Authorization", f"Bearer {body['access_token']}")
    assert kit.get(CLUSTERS, bearer).status == 200
    kit.tenant.advance(60)
    kit.tenant.challenge("alice")
    response = kit.get(CLUSTERS, bearer)
    assert response.status == 401
    told = response.header("WWW-Authenticate") or ""
    assert 'error="insufficient_claims"' in told
    claims = base64.b64decode(told.partition('claims="')[2].rstrip('"')).decode()
    wanted = {"access_token": {"nbf": {"essential": True, "value": str(int(NOON) + 60)}}}
    assert json.loads(claims) == wanted
    ignored = body_of(_refresh(kit, body["refresh_token"], {"claims": CP1}))["access_token"]
    assert kit.get(CLUSTERS, ("Authorization", f"Bearer {ignored}")).status == 401
    both = json.dumps(
        {"access_token": {**json.loads(CP1)["access_token"], **wanted["access_token"]}}
    )
    obeyed = body_of(_refresh(kit, body["refresh_token"], {"claims": both}))["access_token"]
    assert kit.get(CLUSTERS, ("Authorization", f"Bearer {obeyed}")).status == 200


def test_a_client_that_never_said_it_could_handle_one_is_not_challenged() -> None:
    kit = Kit()
    token = kit.tokens()["access_token"]
    kit.tenant.challenge(ALICE)
    assert kit.get(CLUSTERS, ("Authorization", f"Bearer {token}")).status == 200


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, NO_CLAIMS),
        ("{}", NO_CLAIMS),
        (CP1, ClaimsRequest(cae=True)),
        (CP1.replace("cp1", "CP1"), ClaimsRequest(cae=True)),
        (CP1.replace("cp1", "cp2"), NO_CLAIMS),
        ('{"access_token":[]}', NO_CLAIMS),
        ('{"access_token":{"xms_cc":{"values":"cp1"}}}', NO_CLAIMS),
        ('{"id_token":{"xms_cc":{"values":["cp1"]}}}', NO_CLAIMS),
        (challenge_json(12), ClaimsRequest(not_before=12)),
        (challenge_json(12).replace("12", "-1"), NO_CLAIMS),
        (challenge_json(12).replace("12", "9" * 30), NO_CLAIMS),
        (challenge_json(12).replace('"12"', "12"), ClaimsRequest(not_before=12)),
    ],
)
def test_a_claims_parameter_is_understood(text: str | None, expected: ClaimsRequest) -> None:
    assert read_claims(text) == expected


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "1", "null", "[" * 9_000, '{"a":' * 2_000, "{" + " " * 9_000 + "}"]
)
def test_a_claims_parameter_that_is_none_is_malformed(text: str) -> None:
    with pytest.raises(Refused) as caught:
        read_claims(text)
    assert caught.value.kind.number == 9002313


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["access_token", "xms_cc", "values", "nbf", "value"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(_JSON)
def test_no_claims_parameter_breaks_it(content: object) -> None:
    try:
        found = read_claims(json.dumps(content))
    except Refused:
        assert not isinstance(content, dict)
    else:
        assert found.not_before is None or found.not_before >= 0


def test_the_claims_of_authorize_request_and_token_request_add_up() -> None:
    first, second = ClaimsRequest(cae=True), ClaimsRequest(not_before=5)
    assert first.joined(second) == second.joined(first) == ClaimsRequest(cae=True, not_before=5)


def test_graph_takes_part_too() -> None:
    body = Kit().tokens({"scope": "User.Read", "claims": CP1}, {"scope": "User.Read"})
    claims = claims_of(body["access_token"])
    assert (claims["aud"], claims["xms_cc"]) == (GRAPH, ["cp1"])
