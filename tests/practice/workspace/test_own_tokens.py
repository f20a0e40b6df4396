"""Databricks' own tokens: exchanged for others' tokens by policy, and taken by the workspace."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.workloads import DATABRICKS_ACCOUNT, FederationPolicy
from entra_oauth.practice.signing.key_ring import key_for
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.practice.token.signed_tokens import sign
from entra_oauth.protocol.messages import HttpResponse
from kit.practice import ALICE, DAEMON, NOON, SECRET, WEB, Kit, body_of, changed

AT = "https://adb-1234567890123456.7.azuredatabricks.net"
OTHER = "https://adb-99.8.azuredatabricks.net"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
GITHUB = "https://token.actions.githubusercontent.com"
Form = dict[str, str | None]
JWT: Form = {
    "grant_type": EXCHANGE,
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "scope": "all-apis",
}


def _ask(kit: Kit, changes: Form, at: str = AT, *headers: tuple[str, str]) -> HttpResponse:
    return kit.post(f"{at}/oidc/v1/token", changed({}, changes), *headers)


def _github(kit: Kit, **options: Any) -> str:
    return kit.tenant.issuer_token("github", audience=DATABRICKS_ACCOUNT, **options)


def _changed_token(kit: Kit, **claims: object) -> str:
    """GitHub's token with other claims, signed by the tenant's own key."""
    body = _github(kit).split(".")[1]
    old = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    key = key_for(None).key()
    made = {name: value for name, value in (old | claims).items() if value is not None}
    return sign(key, {"typ": "JWT", "alg": "RS256", "kid": key.kid}, made)


def _me(kit: Kit, token: str, at: str = AT) -> HttpResponse:
    return kit.get(f"{at}/api/2.0/preview/scim/v2/Me", ("Authorization", f"Bearer {token}"))


def _claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    found = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("kind", "audience"),
    [
        ("github", DATABRICKS_ACCOUNT),
        ("github", f"{AT}/oidc/v1/token"),
        ("azure-devops", None),
        ("kubernetes", DATABRICKS_ACCOUNT),
    ],
)
def test_a_programs_token_is_exchanged_by_its_service_principals_policy(
    kind: str, audience: str | None
) -> None:
    kit = Kit()
    token = kit.tenant.issuer_token(kind, audience=audience)
    body = body_of(_ask(kit, JWT | {"subject_token": token, "client_id": DAEMON}))
    assert (body["token_type"], body["scope"]) == ("Bearer", "all-apis")
    assert set(body) == {"access_token", "token_type", "scope", "expires_in"}
    assert body["expires_in"] == _claims(token)["exp"] - NOON
    made = _claims(body["access_token"])
    assert (made["iss"], made["aud"], made["sub"]) == (f"{AT}/oidc", "1234567890123456", DAEMON)
    assert body_of(_me(kit, body["access_token"]))["userName"] == DAEMON


def test_a_persons_token_is_exchanged_by_the_accounts_policy() -> None:
    kit = Kit()
    token = kit.tokens()["access_token"]
    body = body_of(_ask(kit, JWT | {"subject_token": token}))
    assert body_of(_me(kit, body["access_token"]))["userName"] == ALICE
    # Either is good: Entra's still is.
    assert body_of(_me(kit, token))["userName"] == ALICE


def test_an_app_gets_a_token_by_its_secret() -> None:
    kit = Kit()
    form: Form = {"grant_type": "client_credentials", "scope": "all-apis"}
    basic = ("Authorization", "Basic ZGEzZTAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDA1OnByYWN0aWNl")
    whole = (basic[0], basic[1] + "LXNlY3JldA==")
    assert body_of(_ask(kit, form, AT, whole))["expires_in"] == 3600
    in_form = form | {"client_id": DAEMON, "client_secret": SECRET}
    assert body_of(_me(kit, body_of(_ask(kit, in_form))["access_token"]))["userName"] == DAEMON
    refused: list[tuple[Form, tuple[tuple[str, str], ...]]] = [
        (form, ()),
        (form, (basic,)),
        (in_form | {"client_secret": None}, ()),
        (in_form | {"client_secret": "other"}, ()),
        (in_form | {"client_id": "other"}, ()),
        (in_form | {"client_id": WEB}, ()),  # not in the workspace
    ]
    broken = _ask(kit, form, AT, ("Authorization", "Basic é"))
    assert (broken.status, body_of(broken)["error"]) == (400, "invalid_request")
    for changes, headers in refused:
        answer = _ask(kit, changes, AT, *headers)
        assert (answer.status, body_of(answer)["error"]) == (401, "invalid_client"), changes


AS_DAEMON = JWT | {"client_id": DAEMON}
REFUSED: list[tuple[Form, dict[str, object] | None, int, str, str]] = [
    (JWT | {"grant_type": None}, {}, 400, "invalid_request", "grant_type"),
    (JWT | {"grant_type": "password"}, {}, 400, "unsupported_grant_type", "grant type"),
    (JWT | {"scope": "all-apis fly"}, {}, 400, "invalid_scope", "scope"),
    (JWT | {"subject_token_type": None}, {}, 400, "invalid_request", "subject_token_type"),
    (JWT | {"subject_token_type": "jwt"}, {}, 400, "invalid_request", "subject_token_type"),
    (JWT | {"requested_token_type": "x"}, {}, 400, "invalid_request", "requested_token_type"),
    (JWT | {"assume_group": "1"}, {}, 400, "invalid_request", "groups"),
    (JWT, None, 400, "invalid_request", "subject_token is missing"),
    (JWT | {"subject_token": "x"}, None, 401, "invalid_grant", "no JWT"),
    (JWT | {"subject_token": "x.y.z"}, None, 401, "invalid_grant", "no JWT"),
    (JWT | {"client_id": "a-persons-app"}, {}, 401, "invalid_client", "service principal"),
    (JWT | {"client_id": WEB}, {}, 401, "invalid_grant", "no federation policy"),
    (JWT, {}, 401, "invalid_grant", "the account has no federation policy"),
    (AS_DAEMON, {"iss": f"{GITHUB}/"}, 401, "invalid_grant", "no federation policy"),
    (AS_DAEMON, {"iss": None}, 401, "invalid_grant", "no federation policy"),
    (AS_DAEMON, {"aud": "other"}, 400, "invalid_grant", "audience"),
    (AS_DAEMON, {"aud": ["other"]}, 400, "invalid_grant", "audience"),
    (AS_DAEMON, {"aud": None}, 400, "invalid_grant", "audience"),
    (AS_DAEMON, {"aud": {"x": DATABRICKS_ACCOUNT}}, 400, "invalid_grant", "audience"),
    (AS_DAEMON, {"sub": "repo:contoso-practice/other"}, 403, "access_denied", "subject"),
    (AS_DAEMON, {"sub": None}, 403, "access_denied", "subject"),
    (AS_DAEMON, {"exp": int(NOON)}, 401, "invalid_grant", "expired"),
    (AS_DAEMON, {"exp": None}, 401, "invalid_grant", "expired"),
    (AS_DAEMON, {"nbf": int(NOON) + 1}, 401, "invalid_grant", "expired"),
]


@pytest.mark.parametrize(("changes", "claims", "status", "error", "said"), REFUSED)
def test_what_no_policy_takes_is_refused(
    changes: Form, claims: dict[str, object] | None, status: int, error: str, said: str
) -> None:
    kit = Kit()
    if claims is not None:
        changes = {"subject_token": _changed_token(kit, **claims), **changes}
    answer = _ask(kit, changes)
    body = body_of(answer)
    assert (answer.status, body["error"]) == (status, error)
    assert said in body["error_description"]


def test_a_token_that_another_key_signed_is_refused() -> None:
    kit = Kit()
    other = PracticeTenant(seed=8, clock=lambda: NOON)
    answer = _ask(kit, AS_DAEMON | {"subject_token": other.issuer_token("github")})
    assert (answer.status, body_of(answer)["error"]) == (401, "invalid_grant")


@pytest.mark.parametrize("name", ["nobody@contoso-practice.example", None])
def test_an_account_policy_makes_nobody(name: str | None) -> None:
    policy = FederationPolicy(issuer=GITHUB)
    book = replace(DEFAULT, federation_policies=(policy,))
    kit = Kit(PracticeTenant(directory=book, clock=lambda: NOON))
    answer = _ask(kit, JWT | {"subject_token": _changed_token(kit, sub=name)})
    assert (answer.status, body_of(answer)["error"]) == (401, "invalid_grant")
    named = _ask(kit, JWT | {"subject_token": _changed_token(kit, sub=DAEMON)})
    assert _claims(body_of(named)["access_token"])["sub"] == DAEMON


# ---- the API takes either token -------------------------------------------------------------


def _own(kit: Kit, changes: Form | None = None) -> str:
    form = AS_DAEMON | {"subject_token": _github(kit)} | (changes or {})
    return str(body_of(_ask(kit, form))["access_token"])


def test_a_token_of_databricks_is_good_at_its_own_workspace_only_and_for_its_time() -> None:
    kit = Kit()
    token = _own(kit)
    assert _me(kit, token).status == 200
    assert _me(kit, token, OTHER).status == 403
    assert _me(kit, token, AT.replace(".7.", ".8.")).status == 403
    assert _me(kit, token[:-4] + "AAAA").status == 403
    kit.tenant.advance(299)
    assert _me(kit, token).status == 200
    kit.tenant.advance(1)
    assert _me(kit, token).status == 403


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 200),
        ({"aud": "99"}, 403),
        ({"iss": f"{OTHER}/oidc"}, 403),
        ({"iss": "https://evil.example/oidc"}, 403),
        ({"sub": "nobody"}, 403),
        ({"exp": int(NOON)}, 403),
        ({"scope": None}, 403),
        ({"scope": "all-apisx"}, 403),
    ],
)
def test_each_claim_of_a_token_counts(claims: dict[str, object], status: int) -> None:
    kit = Kit()
    key = key_for(None).key()
    made = sign(key, {"typ": "at+jwt", "alg": "RS256", "kid": key.kid}, _claims(_own(kit)) | claims)
    assert _me(kit, made).status == status


def test_a_token_that_may_not_use_all_of_the_api_is_refused() -> None:
    kit = Kit()
    answer = _me(kit, _own(kit, {"scope": "sql"}))
    assert (answer.status, "scopes" in body_of(answer)["message"]) == (403, True)


def test_somebody_who_is_not_in_the_workspace_stays_out_with_either_token() -> None:
    users = tuple(replace(user, in_workspace=False) for user in DEFAULT.users)
    kit = Kit(PracticeTenant(directory=replace(DEFAULT, users=users), clock=lambda: NOON))
    form = JWT | {"subject_token": kit.tokens()["access_token"]}
    answer = _me(kit, body_of(_ask(kit, form))["access_token"])
    assert (answer.status, b"User not authorized" in answer.body) == (403, True)


def test_the_token_of_a_program_opens_nothing_by_itself() -> None:
    kit = Kit()
    assert _me(kit, _github(kit)).status == 400  # another audience


# ---- what the workspace says of itself ------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "number"),
    [(AT, "1234567890123456"), (OTHER, "99"), ("https://localhost:8443", "1234567890123456")],
)
def test_the_host_says_where_its_authority_is(at: str, number: str) -> None:
    kit = Kit()
    told = body_of(kit.get(f"{at}/.well-known/databricks-config"))
    assert (told["oidc_endpoint"], told["workspace_id"]) == (f"{at}/oidc", number)
    assert (told["cloud"], told["account_id"]) == ("AZURE", DATABRICKS_ACCOUNT)
    for name in ("oauth-authorization-server", "openid-configuration"):
        found = body_of(kit.get(f"{at}/oidc/.well-known/{name}"))
        assert found["issuer"] == told["oidc_endpoint"]
        assert found["token_endpoint"] == f"{at}/oidc/v1/token"
    keys = body_of(kit.get(found["jwks_uri"]))["keys"]
    assert keys[0]["kid"] == key_for(None).key().kid


def test_the_secret_of_an_exchange_is_in_no_answer_that_refuses() -> None:
    kit = Kit()
    token = _changed_token(kit, aud="other")
    assert token.encode() not in _ask(kit, AS_DAEMON | {"subject_token": token}).body


# ---- the account -------------------------------------------------------------------------

ACCOUNT = f"https://accounts.azuredatabricks.net/oidc/accounts/{DATABRICKS_ACCOUNT}"


def test_the_account_exchanges_a_token_that_each_of_its_workspaces_takes() -> None:
    kit = Kit()
    found = body_of(kit.get(f"{ACCOUNT}/.well-known/oauth-authorization-server"))
    assert (found["issuer"], found["token_endpoint"]) == (ACCOUNT, f"{ACCOUNT}/v1/token")
    form = JWT | {"subject_token": _github(kit), "client_id": DAEMON}
    body = body_of(kit.post(found["token_endpoint"], changed({}, form)))
    made = _claims(body["access_token"])
    assert (made["iss"], made["aud"], made["sub"]) == (ACCOUNT, DATABRICKS_ACCOUNT, DAEMON)
    for at in (AT, OTHER):
        assert body_of(_me(kit, body["access_token"], at))["userName"] == DAEMON


def test_a_workspaces_token_is_none_of_the_account_and_no_other_has_its_address() -> None:
    kit = Kit()
    form = JWT | {"subject_token": _github(kit), "client_id": DAEMON}
    for url in (
        f"{AT}/oidc/accounts/{DATABRICKS_ACCOUNT}/v1/token",
        ACCOUNT.replace(DATABRICKS_ACCOUNT, "acc-1") + "/v1/token",
        f"{ACCOUNT}/v1/authorize",
    ):
        assert kit.post(url, changed({}, form)).status == 404
    made = _changed_token(kit, iss=ACCOUNT, aud="1234567890123456", sub=DAEMON)
    assert _me(kit, made).status == 403
