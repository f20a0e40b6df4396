"""Each grant against authlib's own server side of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt as jose
from joserfc.jwk import RSAKey

from entra_oauth.channels.base import Channels
from entra_oauth.errors import AuthorityError, EntraOAuthError, UnexpectedAnswer
from entra_oauth.flows import client_credentials, device_code, on_behalf_of, password
from entra_oauth.flows.refresh_token import refresh
from entra_oauth.protocol.endpoints.client_auth import Certificate, ClientSecret
from kit import canaries
from kit.canaries import CLIENT_ID
from kit.grants import PASSWORD, SECRET, USER, World, app, person
from kit.servers.app_certificates import key_pem, pem
from kit.servers.authlib_grants import GrantServer

pytestmark = pytest.mark.against


def channels(server: GrantServer) -> tuple[Channels, World]:
    world = World([server])
    return world.channels, world


@pytest.mark.parametrize("word", [PASSWORD, "a&b=c", "a+b c", "100%25", "pässwörd", "密码🔑"])
def test_a_password_is_the_one_that_authlib_reads(word: str) -> None:
    server = GrantServer()
    server.users[USER] = word
    tokens = password.sign_in(person(), USER, word, channels(server)[0])
    assert (tokens.token_type, tokens.access_token) == ("Bearer", "token-1")
    with canaries.refused(AuthorityError) as caught:
        password.sign_in(person(), USER, f"{word}x", channels(server)[0])
    assert canaries.found_in(caught.value, [word]) == []


def test_a_refresh_token_is_rotated_and_the_old_one_refused() -> None:
    server = GrantServer()
    server.users[USER] = PASSWORD
    there = channels(server)[0]
    first = password.sign_in(person(), USER, PASSWORD, there)
    assert first.refresh_token
    second = refresh(person(), first.refresh_token, there)
    assert second.refresh_token not in (None, first.refresh_token)
    with canaries.refused(AuthorityError):
        refresh(person(), first.refresh_token, there)
    assert second.refresh_token
    assert refresh(person(), second.refresh_token, there).access_token


def test_a_device_signs_in_when_the_person_has_agreed() -> None:
    server = GrantServer()
    server.person = [None, None, True]
    there, world = channels(server)
    tokens = device_code.sign_in(person(), there)
    assert tokens.access_token == "token-1"
    assert len(world.requests) == 4
    (shown,) = world.said
    assert "https://microsoft.com/devicelogin" in shown


def test_a_device_slows_down_when_authlib_says_so() -> None:
    server = GrantServer()
    server.person, server.slow_downs = [None, None, None, None], [True, False, True]
    there, world = channels(server)
    device_code.sign_in(person(), there)
    assert 10 in world.slept
    assert 15 in world.slept
    assert sorted(world.slept) == world.slept


def test_a_device_whose_person_declines_is_refused() -> None:
    server = GrantServer()
    server.person = [None, False]
    there, world = channels(server)
    with canaries.refused(AuthorityError) as caught:
        device_code.sign_in(person(), there)
    assert isinstance(caught.value, AuthorityError)
    assert caught.value.error == "access_denied"
    assert len(world.requests) == 3


@pytest.mark.parametrize("word", [SECRET, "a+b/c=", "a b&c%d", "ä:ö"])
@pytest.mark.parametrize(
    ("method", "basic"), [("client_secret_post", False), ("client_secret_basic", True)]
)
def test_a_secret_is_the_one_that_authlib_reads(word: str, method: str, basic: bool) -> None:
    server = GrantServer(method=method)
    server.secret = word
    tokens = client_credentials.get_token(
        app(), ClientSecret(word, basic=basic), channels(server)[0]
    )
    assert tokens.access_token == "token-1"
    assert server.methods[-1] == method
    with canaries.refused(AuthorityError) as caught:
        wrong = ClientSecret(f"{word}x", basic=basic)
        client_credentials.get_token(app(), wrong, channels(server)[0])
    assert isinstance(caught.value, AuthorityError)
    assert caught.value.error == "invalid_client"


def certificate_and_key() -> tuple[Certificate, RSAKey]:
    content = pem(ends=36500) + key_pem()
    loaded = Certificate.load(content, algorithm="RS256")
    public = loaded.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return loaded, RSAKey.import_key(public)


def at_present(world: World) -> World:
    """authlib reads the clock of the machine."""
    from entra_oauth.channels.base import now

    world.now = now()
    return world


def test_a_certificates_assertion_passes_authlibs_checks_and_each_is_new() -> None:
    loaded, key = certificate_and_key()
    server = GrantServer(method="client_assertion_jwt", key=key)
    server.audience = app().authority.token_endpoint
    for _ in range(2):
        world = at_present(World([server]))
        assert client_credentials.get_token(app(), loaded, world.channels).access_token
    assert len(server.seen) == 2
    server.audience = "https://another.example/token"
    with pytest.raises(AuthorityError) as caught:
        client_credentials.get_token(app(), loaded, at_present(World([server])).channels)
    assert caught.value.error == "invalid_client"


def test_a_service_passes_a_person_on() -> None:
    from entra_oauth.channels.base import now

    key = RSAKey.generate_key(2048)
    server = GrantServer(method="client_secret_post", key=key)
    server.secret, server.users[USER] = SECRET, "x"
    claims: dict[str, Any] = {
        "iss": "an issuer",
        "aud": CLIENT_ID,
        "sub": USER,
        "exp": int(now()) + 60,
    }
    assertion = jose.encode({"alg": "RS256"}, claims, key, algorithms=["RS256"])
    tokens = on_behalf_of.get_token(person(), assertion, ClientSecret(SECRET), channels(server)[0])
    assert tokens.access_token == "token-1"
    other = jose.encode({"alg": "RS256"}, claims | {"aud": "another"}, key, algorithms=["RS256"])
    with canaries.refused(AuthorityError):
        on_behalf_of.get_token(person(), other, ClientSecret(SECRET), channels(server)[0])


def test_what_is_no_oauth_is_no_grant() -> None:
    attempts: list[Callable[[Channels], object]] = [
        lambda c: refresh(person(), "1.x", c),
        lambda c: client_credentials.get_token(app(), ClientSecret(SECRET), c),
    ]
    for attempt in attempts:
        with pytest.raises(EntraOAuthError) as caught:
            attempt(World([UnexpectedAnswer("A page.", advice="Look.")]).channels)
        assert caught.value.exit_code == 6
