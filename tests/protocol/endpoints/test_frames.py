"""An error that a reader raises leaves no frame behind in which a token stands."""

from __future__ import annotations

import pytest

from entra_oauth.channels.base import Channels
from entra_oauth.errors import EntraOAuthError, IdTokenRefused
from entra_oauth.flows.id_token_signature import KeyStore, SignatureCheck
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.signing_keys import SigningKeys, check_signature
from entra_oauth.protocol.endpoints.token import TokenRequest, TokenResponse
from entra_oauth.protocol.id_token import IdToken
from entra_oauth.protocol.messages import HttpResponse
from kit import canaries
from kit.canaries import ACCESS_TOKEN, CLIENT_ID, REFRESH_TOKEN, TENANT, assert_in_no_frame
from kit.grants import NOW, World, id_token, json_reply, person, tokens
from kit.servers import id_token_key

REFRESH = TokenRequest.refresh(person(), REFRESH_TOKEN)


@pytest.mark.parametrize(
    "reply",
    [
        tokens(token_type="pop"),
        tokens(expires_in="soon"),
        tokens(refresh_token=f"{REFRESH_TOKEN}\n"),
        tokens(id_token=id_token(nonce="another", aud="x")),
        tokens(id_token="eyJ.not-a-token"),
        tokens(access_token=None),
        json_reply({"error": "x", "access_token": ACCESS_TOKEN, "refresh_token": REFRESH_TOKEN}),
        HttpResponse(
            status=200,
            headers=(("Content-Type", "application/json"),),
            body=b'{"access_token": "' + ACCESS_TOKEN.encode(),
        ),
    ],
)
def test_a_refused_answer_shows_no_token_to_tools_that_print_values(reply: HttpResponse) -> None:
    with pytest.raises(EntraOAuthError) as caught:
        TokenResponse.read(reply, answering=REFRESH, received_at=NOW)
    assert_in_no_frame(caught.value, ACCESS_TOKEN, REFRESH_TOKEN, id_token().rpartition(".")[2])


@pytest.mark.parametrize(
    "token", [id_token(aud="x"), id_token(exp=1), id_token().rpartition(".")[0], "a.b.c"]
)
def test_a_refused_id_token_is_in_no_frame(token: str) -> None:
    with canaries.refused(IdTokenRefused) as caught:
        IdToken.read(
            token, authority=Authority.of(TENANT), client_id=CLIENT_ID, nonce=None, now=NOW
        )
    assert_in_no_frame(caught.value, token)


def test_a_wrong_signature_leaves_its_token_in_no_frame() -> None:
    token = id_token(by="other")
    keys = SigningKeys(keys=tuple(id_token_key.jwks()["keys"]), fetched_at=NOW)
    with canaries.refused(IdTokenRefused) as caught:
        check_signature(token, keys)
    assert_in_no_frame(caught.value, token)
    store = KeyStore()
    store.put(Authority.of(TENANT), keys)
    channels: Channels = World([tokens()]).channels
    brought = TokenResponse(
        token_type="Bearer",
        access_token=ACCESS_TOKEN,
        scope=None,
        expires_in=60,
        received_at=NOW,
        id_token=token,
    )
    with canaries.refused(IdTokenRefused) as caught:
        SignatureCheck.at_hand(Authority.of(TENANT), channels, store).check(brought)
    assert_in_no_frame(caught.value, token, ACCESS_TOKEN)
