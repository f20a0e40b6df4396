"""Token requests of every grant by their bytes, and the authority's clock in the answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.errors import IdTokenRefused, UnexpectedAnswer, UsageError
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest, Hints
from entra_oauth.protocol.endpoints.client_auth import ClientSecret
from entra_oauth.protocol.endpoints.token import _HARMLESS, TokenRequest, TokenResponse
from entra_oauth.protocol.glossary.message_kind import MessageKind
from entra_oauth.protocol.glossary.parameters import all_parameters
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit import canaries, needs
from kit.canaries import ACCESS_TOKEN, CLIENT_ID, NONCE, STATE, TENANT, jwt
from kit.grants import app, person

NOW = 1_760_000_000.0
CHALLENGE = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'
ON_THE_WIRE = (
    "%7B%22access_token%22%3A%7B%22acrs%22%3A%7B%22essential%22%3Atrue%2C%22value%22%3A%22c1%22"
    "%7D%7D%7D"
)
PROOF = ClientSecret("a+b c").prove(CLIENT_ID, "https://x", now=NOW)
SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d%2F.default"
PERSON_SCOPE = f"{SCOPE}+openid+profile+offline_access"


def redeemed(claims: str | None) -> TokenRequest:
    request = AuthorizationRequest.article(
        authority=person().authority,
        client_id=CLIENT_ID,
        redirect_uri="http://localhost",
        scopes=("databricks",),
        state=STATE,
        hints=Hints(claims=claims),
    )
    callback = HttpRequest(method="GET", url=f"http://localhost/?code=c-1&state={STATE}")
    return TokenRequest.redeem(AuthorizationResponse.read(callback, answering=request))


Build = Callable[[str | None], TokenRequest]
DEVICE = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"
BEARER = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
GRANTS: list[tuple[str, Build, str]] = [
    (
        "code",
        redeemed,
        f"client_id={CLIENT_ID}&scope={SCOPE}&code=c-1&redirect_uri=http%3A%2F%2Flocalhost"
        f"&grant_type=authorization_code&state={STATE}",
    ),
    (
        "refresh",
        lambda claims: TokenRequest.refresh(person(claims=claims), "r+1/=", proof=PROOF),
        f"client_id={CLIENT_ID}&scope={PERSON_SCOPE}&refresh_token=r%2B1%2F%3D"
        "&grant_type=refresh_token&client_secret=a%2Bb+c",
    ),
    (
        "password",
        lambda claims: TokenRequest.password(person(claims=claims), "ä@x", "p&w"),
        f"client_id={CLIENT_ID}&scope={PERSON_SCOPE}&username=%C3%A4%40x&password=p%26w"
        "&grant_type=password",
    ),
    (
        "device",
        lambda claims: TokenRequest.device(person(claims=claims), "d-1"),
        f"client_id={CLIENT_ID}&scope={PERSON_SCOPE}&device_code=d-1&grant_type={DEVICE}",
    ),
    (
        "client credentials",
        lambda claims: TokenRequest.client_credentials(app(claims=claims), proof=PROOF),
        f"client_id={CLIENT_ID}&scope={SCOPE}&grant_type=client_credentials&client_secret=a%2Bb+c",
    ),
    (
        "on behalf of",
        lambda claims: TokenRequest.on_behalf_of(person(claims=claims), "a.b.c", proof=PROOF),
        f"client_id={CLIENT_ID}&scope={PERSON_SCOPE}&assertion=a.b.c"
        f"&requested_token_use=on_behalf_of&grant_type={BEARER}&client_secret=a%2Bb+c",
    ),
]


@pytest.mark.parametrize(
    ("build", "body"), [each[1:] for each in GRANTS], ids=[g[0] for g in GRANTS]
)
def test_each_grant_has_these_bytes_and_claims_come_last(build: Build, body: str) -> None:
    assert build(None).to_http().body.decode("ascii") == body
    with_claims = build(CHALLENGE).to_http().body.decode("ascii")
    assert with_claims == f"{body}&claims={ON_THE_WIRE}"


OPAQUE = [
    *("", " ", "a b", " a", "a\n", "a\r\nb", "a\tb", "a\x00b", "a\x7f", "a\x1b[2J"),
    *("é", "tokén", "トークン", "a\u00a0b", "a\u2028b", "a\ufeff", "\U0001f511"),
]


@pytest.mark.parametrize("value", OPAQUE)
def test_a_token_that_no_authority_issues_is_not_sent(value: str) -> None:
    with canaries.refused(UsageError) as refresh:
        TokenRequest.refresh(person(), value)
    with canaries.refused(UsageError) as assertion:
        TokenRequest.on_behalf_of(person(), value, proof=PROOF)
    for caught in (refresh, assertion):
        assert "another character that none has" in caught.value.what


def test_every_visible_ascii_character_may_stand_in_a_token() -> None:
    value = "".join(map(chr, range(0x21, 0x7F)))
    request = TokenRequest.refresh(person(), value)
    assert dict(request.parameters)["refresh_token"] == value


def test_what_an_error_may_repeat_is_what_the_glossary_calls_no_secret() -> None:
    secret = {
        row.name: row.is_secret
        for row in all_parameters()
        if MessageKind.TOKEN_REQUEST in tuple(row.message.from_special_to_general)
    }
    assert {name for name in _HARMLESS if secret[name]} == set()
    # Nothing is lost by hiding more: a resource is a v1.0 parameter, and never sent; the type of
    # a token that is exchanged goes to a workspace.
    hidden = {"resource", "subject_token_type"}
    assert {name for name in secret if not secret[name]} - _HARMLESS == hidden


# ---- the authority's clock --------------------------------------------------------------


def read_with_date(date: str | None, *, received_at: float) -> None:
    claims: dict[str, Any] = {
        "aud": CLIENT_ID,
        "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
        "iat": NOW,
        "exp": NOW + 3600,
        "nonce": NONCE,
        "sub": "a-subject",
        "tid": TENANT,
    }
    body = {
        "token_type": "Bearer",
        "access_token": ACCESS_TOKEN,
        "id_token": jwt({"alg": "RS256"}, claims),
    }
    headers = (("Content-Type", "application/json"), *((("Date", date),) if date else ()))
    answer = HttpResponse(status=200, headers=headers, body=json.dumps(body).encode())
    request = TokenRequest(
        authority=person().authority,
        client_id=CLIENT_ID,
        scopes=("openid",),
        nonce=NONCE,
        raw_fields=(("grant_type", "authorization_code"),),
    )
    TokenResponse.read(answer, answering=request, received_at=received_at)


AT_NOW = [
    "Thu, 09 Oct 2025 08:53:20 GMT",
    "Thursday, 09-Oct-25 08:53:20 GMT",
    "Thu Oct  9 08:53:20 2025",
]
"""The three spellings of one moment (RFC 9110 §5.6.7)."""


@needs.posix
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("date", AT_NOW)
def test_the_authoritys_time_says_whose_clock_is_wrong_wherever_this_machine_stands(
    date: str, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        with canaries.refused(IdTokenRefused) as caught:
            read_with_date(date, received_at=NOW + 7200)
        assert "That clock is 7200 seconds ahead of the authority's" in caught.value.what
        read_with_date(date, received_at=NOW)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "date", [None, "yesterday", "Thu, 99 Oct 2025 08:53:20 GMT", "0", "Thu, 09 Oct 99999 0:0:0 GMT"]
)
def test_without_a_time_of_the_authoritys_no_clock_is_blamed(date: str | None) -> None:
    with canaries.refused(IdTokenRefused) as caught:
        read_with_date(date, received_at=NOW + 7200)
    assert "By this machine's clock it expired 3600 seconds ago." in caught.value.what
    assert "the cause" not in caught.value.what


@pytest.mark.parametrize(
    ("tenant", "username", "password", "what"),
    [
        (TENANT, "ada@x", "p", ""),
        ("organizations", "ada@x", "p", ""),
        ("common", "ada@x", "p", "The password flow does not go with common or consumers."),
        ("consumers", "ada@x", "p", "The password flow does not go with common or consumers."),
        (TENANT, "", "p", "The user name is empty."),
        (TENANT, "ada@x", "", "The password is empty."),
        (TENANT, "a\nb", "p", "The user name holds a control character."),
        (TENANT, "ada@x", "p\n", "The password holds a control character."),
        (TENANT, "ada@x", "\u00e4" * 256, ""),
        (TENANT, "ada@x", "p" * 257, "The password is longer than 256 characters, which Entra"),
    ],
)
def test_what_entra_cannot_accept_of_a_password_is_not_sent(
    tenant: str, username: str, password: str, what: str
) -> None:
    asked = replace(person(), authority=Authority.of(tenant))
    if not what:
        assert dict(TokenRequest.password(asked, username, password).parameters)["password"]
        return
    with canaries.refused(UsageError) as caught:
        TokenRequest.password(asked, username, password)
    assert caught.value.what.startswith(what)


def test_a_request_says_whether_it_carries_a_code_and_what_must_not_be_repeated() -> None:
    code = redeemed(None)
    assert (code.code, code.facts.spent, code.grant_type) == ("c-1", True, "authorization_code")
    assert code.secrets == ("c-1", STATE)
    refresh = TokenRequest.refresh(person(), "r+1/=", proof=PROOF)
    assert (refresh.code, refresh.facts.spent, refresh.hidden) == (None, False, PROOF.secrets)
    assert {"r%2B1%2F%3D", "r+1/=", "a%2Bb+c", "a+b c"} <= set(refresh.secrets)
    assert CLIENT_ID not in refresh.secrets
    assert (refresh.accept, code.accept) == ("application/json", "*/*")


def test_a_correlation_id_is_a_header_where_one_was_given() -> None:
    guid = "5d2f20eb-3c04-4e36-9d88-1badacba1700"
    given = TokenRequest.refresh(replace(person(), correlation_id=guid), "r")
    assert given.to_http().header("client-request-id") == guid
    assert TokenRequest.refresh(person(), "r").to_http().header("client-request-id") is None


@pytest.mark.parametrize(("life", "end"), [(60, NOW + 60), (None, None)])
def test_a_token_ends_a_while_after_it_came(life: int | None, end: float | None) -> None:
    members: dict[str, Any] = {"token_type": "bearer", "access_token": "at", "expires_in": life}
    reply = HttpResponse(
        status=200,
        headers=(("Content-Type", "application/json"),),
        body=json.dumps(members).encode(),
    )
    read = TokenResponse.read(reply, answering=TokenRequest.device(app(), "d"), received_at=NOW)
    assert (read.expires_at, read.identity, read.token_type) == (end, None, "Bearer")
    assert read.received_at == NOW


@pytest.mark.parametrize(
    ("expires_on", "life"),
    [
        (int(NOW) + 60, 60),
        (str(int(NOW) + 60), 60),
        (int(NOW) + 1, 1),
        (int(NOW), "its expires_on is over"),
        (int(NOW) + 10**10 - 1, 10**10 - 1),
        (int(NOW) + 10**10, "its expires_on is no time"),
        (10**300, "its expires_on is no time"),
        (True, None),
        ("soon", None),
        ("٣", None),
        ("²", None),
        ("9" * 5000, "its expires_on is no time"),
        (1.5, None),
    ],
)
def test_a_moment_of_expiry_is_a_time(expires_on: Any, life: int | str | None) -> None:
    members = {"token_type": "Bearer", "access_token": "at", "expires_on": expires_on}
    reply = HttpResponse(
        status=200,
        headers=(("Content-Type", "application/json"),),
        body=json.dumps(members).encode(),
    )

    def read() -> TokenResponse:
        answering = TokenRequest.device(app(), "d")
        return TokenResponse.read(reply, answering=answering, received_at=NOW)

    if isinstance(life, str):
        with canaries.refused(UnexpectedAnswer) as caught:
            read()
        assert life in caught.value.what
    else:
        assert read().expires_in == life
