"""Refresh, password, client credentials, on-behalf-of: what is sent, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest

from entra_oauth.channels.base import Channels
from entra_oauth.errors import AuthorityError, IdTokenRefused, UsageError
from entra_oauth.flows import client_credentials, on_behalf_of, password
from entra_oauth.flows.refresh_token import refresh
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.client_auth import ClientSecret
from entra_oauth.protocol.endpoints.token import OBO_GRANT
from entra_oauth.protocol.glossary.aadsts import is_dead
from entra_oauth.protocol.id_token import IdToken
from entra_oauth.protocol.scopes import DATABRICKS
from kit import canaries
from kit.canaries import ACCESS_TOKEN, CLIENT_ID, REFRESH_TOKEN, TENANT
from kit.grants import (
    ASSERTION,
    NOW,
    PASSWORD,
    SECRET,
    SECRETS,
    USER,
    World,
    app,
    fields,
    id_token,
    person,
    refusal,
    tokens,
)
from kit.servers import id_token_key

SCOPE = f"{DATABRICKS} openid profile offline_access"


# Refresh


def test_a_refresh_is_one_request_and_its_new_token_replaces_the_old_one() -> None:
    world = World([tokens(refresh_token="1.new")], keys=id_token_key.keys_answer())
    answer = refresh(person(), REFRESH_TOKEN, world.channels)
    assert answer.refresh_token == "1.new"
    assert [fields(request) for request in world.requests] == [
        {
            "client_id": CLIENT_ID,
            "scope": SCOPE,
            "refresh_token": REFRESH_TOKEN,
            "grant_type": "refresh_token",
        }
    ]
    assert world.key_requests == []


def test_without_a_new_one_the_old_refresh_token_is_kept() -> None:
    world = World([tokens(refresh_token=None)])
    assert refresh(person(), REFRESH_TOKEN, world.channels).refresh_token == REFRESH_TOKEN


def test_an_app_that_proves_itself_refreshes_with_its_proof() -> None:
    world = World([tokens()])
    refresh(person(), REFRESH_TOKEN, world.channels, credential=ClientSecret(SECRET))
    assert fields(world.requests[0])["client_secret"] == SECRET


def before(**changes: Any) -> IdToken:
    return IdToken.read(
        id_token(**changes),
        authority=Authority.of("common"),
        client_id=CLIENT_ID,
        nonce=None,
        now=NOW,
    )


def test_a_refresh_that_brings_another_person_is_refused() -> None:
    world = World([tokens(id_token=id_token(sub="somebody-else"))])
    with canaries.refused(IdTokenRefused) as caught:
        refresh(person(), REFRESH_TOKEN, world.channels, before=before())
    assert "another person" in caught.value.what
    capitals = World([tokens(id_token=id_token(sub=before().subject.upper()))])
    with canaries.refused(IdTokenRefused):  # a subject is read byte for byte
        refresh(person(), REFRESH_TOKEN, capitals.channels, before=before())
    same = World([tokens(id_token=id_token())])
    assert refresh(person(), REFRESH_TOKEN, same.channels, before=before()).identity is not None
    renamed = World([tokens(id_token=id_token())])
    known = replace(before(), tenant_id=TENANT.upper())  # the same tenant in other letters
    assert refresh(person(), REFRESH_TOKEN, renamed.channels, before=known).identity is not None


@pytest.mark.parametrize(
    ("error", "code", "suberror", "dead"),
    [
        ("invalid_grant", 700082, None, True),
        ("invalid_grant", 700082, "bad_token", True),
        ("invalid_grant", 0, "bad_token", True),
        ("invalid_grant", 70043, "token_expired", True),
        ("invalid_grant", 50173, None, True),
        ("invalid_grant", 70008, None, True),
        ("invalid_grant", 700084, None, True),
        ("invalid_grant", 50076, "basic_action", False),
        ("invalid_grant", 65001, "consent_required", False),
        ("invalid_grant", 53003, "message_only", False),
        ("invalid_grant", 70000, None, False),
        ("invalid_grant", 9002313, None, False),
        ("interaction_required", 50079, None, False),
        ("invalid_client", 7000218, None, False),
        ("invalid_request", 700082, None, False),
        ("temporarily_unavailable", 90055, None, False),
        ("unauthorized_client", 0, "protection_policy_required", False),
    ],
)
def test_a_refresh_token_is_dead_only_where_the_answer_says_so(
    error: str, code: int, suberror: str | None, dead: bool
) -> None:
    more = {"suberror": suberror} if suberror else {}
    world = World([refusal(error, code, **more)])
    with canaries.refused(AuthorityError) as caught:
        refresh(person(), REFRESH_TOKEN, world.channels)
    assert isinstance(caught.value, AuthorityError)
    assert is_dead(caught.value) is dead


@pytest.mark.parametrize("token", ["", " ", "a b", "a\n", "a\r\n", "ä", "a\x00"])
def test_what_cannot_be_a_refresh_token_is_not_sent(token: str) -> None:
    world = World([tokens()])
    with canaries.refused(UsageError):
        refresh(person(), token, world.channels)
    assert world.requests == []


def test_a_claims_challenge_and_a_correlation_id_go_along() -> None:
    claims = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'
    guid = "d828e473-0000-4000-8000-333344445555"
    world = World([tokens()])
    refresh(person(claims=claims, correlation_id=guid), REFRESH_TOKEN, world.channels)
    (request,) = world.requests
    assert fields(request)["claims"] == claims
    assert request.header("client-request-id") == guid
    plain = World([tokens()])
    refresh(person(), REFRESH_TOKEN, plain.channels)
    assert plain.requests[0].header("client-request-id") is None


# Password


@pytest.mark.parametrize(
    "word",
    ["a&b=c", "a+b c", "100%", "%41", "'\"`$\\", "pässwörd", "密码🔑", "x" * 256, " x ", PASSWORD],
)
def test_a_password_arrives_as_it_is(word: str) -> None:
    world = World([tokens()])
    password.sign_in(person(), USER, word, world.channels)
    (request,) = world.requests
    assert fields(request) == {
        "client_id": CLIENT_ID,
        "scope": SCOPE,
        "username": USER,
        "password": word,
        "grant_type": "password",
    }
    pairs = dict(parse_qsl(request.body.decode(), strict_parsing=True))
    assert pairs["password"] == word
    assert request.body.isascii()
    assert word not in request.url


def test_it_says_that_it_is_on_its_way_out_before_anything_is_sent() -> None:
    world = World([tokens()])
    password.sign_in(person(), USER, PASSWORD, world.channels)
    assert world.said == [password.WARNING]
    assert "on its way out" in password.WARNING


@pytest.mark.parametrize(
    ("tenant", "username", "word", "said"),
    [
        ("common", USER, PASSWORD, "common or consumers"),
        ("consumers", USER, PASSWORD, "common or consumers"),
        (TENANT, "", PASSWORD, "user name is empty"),
        (TENANT, USER, "", "password is empty"),
        (TENANT, USER, "a\n", "control character"),
        (TENANT, USER, "a\x00b", "control character"),
        (TENANT, "a\tb", PASSWORD, "control character"),
        (TENANT, USER, "x" * 257, "longer than 256"),
    ],
)
def test_what_entra_cannot_accept_is_not_sent(
    tenant: str, username: str, word: str, said: str
) -> None:
    world = World([tokens()])
    with canaries.refused(UsageError) as caught:
        password.sign_in(person(authority=Authority.of(tenant)), username, word, world.channels)
    assert said in caught.value.what
    assert canaries.found_in(caught.value, SECRETS) == []
    assert (world.requests, world.said) == ([], [])


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (50126, "lock"),
        (50076, "multi-factor"),
        (50079, "multi-factor"),
        (50053, "lock-out"),
        (50055, "expired"),
        (50034, "user name"),
        (50056, "browser"),
        (7000218, "Allow public client flows"),
        (65001, "consent"),
        (53003, "Conditional Access"),
    ],
)
def test_a_no_is_explained_and_not_asked_for_twice(code: int, word: str) -> None:
    world = World([refusal("invalid_grant", code)])
    with canaries.refused(AuthorityError) as caught:
        password.sign_in(person(), USER, PASSWORD, world.channels)
    assert word in caught.value.advice
    assert len(world.requests) == 1


def test_no_secret_that_the_authority_repeats_gets_into_the_error() -> None:
    text = f"AADSTS50126: {PASSWORD} and {SECRET} and {REFRESH_TOKEN} and {ASSERTION} are bad."

    def world() -> World:
        return World([refusal("invalid_grant", 50126, error_description=text)])

    basic = ClientSecret(SECRET, basic=True)
    runs: list[tuple[Callable[[Channels], object], list[str]]] = [
        (lambda c: password.sign_in(person(), USER, PASSWORD, c), [PASSWORD]),
        (lambda c: refresh(person(), REFRESH_TOKEN, c, credential=basic), [REFRESH_TOKEN, SECRET]),
        (lambda c: on_behalf_of.get_token(person(), ASSERTION, basic, c), [ASSERTION, SECRET]),
        (lambda c: client_credentials.get_token(app(), ClientSecret(SECRET), c), [SECRET]),
    ]
    for run, secrets in runs:
        with pytest.raises(AuthorityError) as caught:
            run(world().channels)
        assert canaries.found_in(caught.value, secrets) == []


# The app itself


def test_an_app_gets_a_token_in_its_own_name() -> None:
    world = World([tokens(scope=None, refresh_token=None)])
    answer = client_credentials.get_token(app(), ClientSecret(SECRET), world.channels)
    assert (answer.access_token, answer.refresh_token, answer.identity) == (
        ACCESS_TOKEN,
        None,
        None,
    )
    assert answer.warnings == ()
    assert fields(world.requests[0]) == {
        "client_id": CLIENT_ID,
        "scope": DATABRICKS,
        "grant_type": "client_credentials",
        "client_secret": SECRET,
    }


@pytest.mark.parametrize("tenant", ["common", "organizations", "consumers"])
def test_an_apps_own_token_wants_one_tenant(tenant: str) -> None:
    with canaries.refused(UsageError):
        app(authority=Authority.of(tenant))


@pytest.mark.parametrize(
    "scopes",
    [
        ("User.Read",),
        ("databricks", "openid"),
        ("graph", "databricks"),
        ("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/user_impersonation",),
        (),
    ],
)
def test_an_apps_own_token_wants_one_default_scope(scopes: tuple[str, ...]) -> None:
    with canaries.refused(UsageError):
        app(scopes=scopes)


def test_a_service_passes_the_person_on() -> None:
    world = World([tokens()])
    on_behalf_of.get_token(person(), ASSERTION, ClientSecret(SECRET), world.channels)
    assert fields(world.requests[0]) == {
        "client_id": CLIENT_ID,
        "scope": SCOPE,
        "assertion": ASSERTION,
        "requested_token_use": "on_behalf_of",
        "grant_type": OBO_GRANT,
        "client_secret": SECRET,
    }


def test_the_claims_of_a_refused_exchange_are_kept_for_the_caller() -> None:
    claims = '{"access_token":{"polids":{"essential":true,"values":["9ab03e19-"]}}}'
    world = World([refusal("interaction_required", 50079, claims=claims)])
    with canaries.refused(AuthorityError) as caught:
        on_behalf_of.get_token(person(), ASSERTION, ClientSecret(SECRET), world.channels)
    assert isinstance(caught.value, AuthorityError)
    assert caught.value.claims == claims
    assert caught.value.helps == ("person",)
    assert caught.value.meaning
