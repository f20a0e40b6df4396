"""Another issuer's token at Databricks: the order of things, and what is never sent."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest

from entra_oauth.errors import (
    AuthorityError,
    DestinationRefused,
    EntraOAuthError,
    ProofMissing,
    UnexpectedAnswer,
    UsageError,
)
from entra_oauth.flows.exchange_at_workspace import (
    FederatedSubject,
    exchange_federated,
    read_federated,
)
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.token import TokenResponse
from entra_oauth.protocol.endpoints.token_exchange import ExchangeTarget
from entra_oauth.protocol.messages import HttpResponse
from kit import canaries
from kit.grants import NOW, World, json_reply

HOST = "https://adb-1234567890123456.7.azuredatabricks.net"
ACCOUNT_HOST = "https://accounts.azuredatabricks.net"
ENDPOINT = f"{HOST}/oidc/v1/token"
ACCOUNT_ENDPOINT = f"{ACCOUNT_HOST}/oidc/accounts/acc-1/v1/token"
DAEMON = "da3e0000-0000-4000-8000-000000000005"
FOUND = json_reply({"token_endpoint": ENDPOINT})
CLOUD = Authority.of("organizations")


def _jwt(**claims: object) -> str:
    body = urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJub25lIn0.{body}.c2ln"


JOB = _jwt(exp=NOW + 298, iss="https://issuer.example", sub="CanaryJob", aud="acc-1")
OWN = _jwt(exp=NOW + 298, sub=DAEMON)
GOOD = json_reply({"access_token": OWN, "token_type": "Bearer", "expires_in": 298})


def _go(
    world: World,
    target: ExchangeTarget | None = None,
    *,
    token: str | EntraOAuthError = JOB,
    audience: str | None = None,
    authority: Authority = CLOUD,
) -> tuple[TokenResponse, list[str]]:
    target = target or ExchangeTarget.of(HOST, client_id=DAEMON)
    asked: list[str] = []

    def read(audience: str) -> str:
        asked.append(audience)
        if isinstance(token, EntraOAuthError):
            raise token
        return token

    subject = read_federated(read, target, authority, world.channels, audience=audience)
    return exchange_federated(subject, target, authority, world.channels), asked


def test_the_workspace_is_asked_first_and_the_token_read_last() -> None:
    world = World([FOUND, GOOD])
    tokens, asked = _go(world)
    question, sent = world.requests
    assert (question.method, question.url) == (
        "GET",
        f"{HOST}/oidc/.well-known/oauth-authorization-server",
    )
    assert asked == [ENDPOINT]  # whoever makes the token makes it for that endpoint
    assert sent.url == ENDPOINT
    assert sent.body.decode() == (
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&scope=all-apis"
        "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt"
        f"&subject_token={JOB}&client_id={DAEMON}"
    )
    assert (tokens.access_token, tokens.refresh_token) == (OWN, None)
    assert world.said == []  # five minutes are such a token's nature


def test_an_audience_that_is_named_is_asked_for() -> None:
    _, asked = _go(World([FOUND, GOOD]), audience="acc-1")
    assert asked == ["acc-1"]


def test_an_account_exchanges_it_at_its_own_endpoint() -> None:
    world = World([json_reply({"token_endpoint": ACCOUNT_ENDPOINT}), GOOD])
    _go(world, ExchangeTarget.of(ACCOUNT_HOST, account_id="acc-1", client_id=DAEMON))
    question, sent = world.requests
    assert question.url == (
        f"{ACCOUNT_HOST}/oidc/accounts/acc-1/.well-known/oauth-authorization-server"
    )
    assert sent.url == ACCOUNT_ENDPOINT


@pytest.mark.parametrize(
    ("answers", "token", "error"),
    [
        ([json_reply({"token_endpoint": "https://evil.example/t"})], JOB, DestinationRefused),
        ([json_reply({"token_endpoint": f"{HOST}:8443/t"})], JOB, DestinationRefused),
        ([json_reply({"token_endpoint": ACCOUNT_ENDPOINT})], JOB, DestinationRefused),
        ([HttpResponse(status=302, headers=(("Location", ENDPOINT),))], JOB, UnexpectedAnswer),
        ([FOUND], _jwt(exp=NOW + 59), UsageError),
        ([FOUND], _jwt(exp=NOW - 3600), UsageError),
        ([FOUND], ProofMissing("It is not here.", advice="Give it."), ProofMissing),
    ],
)
def test_nothing_secret_is_sent_where_it_must_not_be(
    answers: list[HttpResponse], token: str | EntraOAuthError, error: type[EntraOAuthError]
) -> None:
    world = World([*answers, GOOD])
    with canaries.refused(error) as caught:
        _go(world, token=token)
    assert [request.method for request in world.requests] == ["GET"]
    assert canaries.found_in(caught.value, [JOB]) == []


@pytest.mark.parametrize(
    ("host", "authority"),
    [
        ("http://localhost:8443", CLOUD),
        ("https://adb-1.1.databricks.azure.cn", CLOUD),
        (HOST, Authority("http://localhost:8443", "organizations")),
    ],
)
def test_no_workspace_of_another_cloud_is_even_asked(host: str, authority: Authority) -> None:
    world = World([FOUND, GOOD])
    with canaries.refused(DestinationRefused):
        _go(world, ExchangeTarget.of(host), authority=authority)
    assert world.requests == []


@pytest.mark.parametrize(
    "refusal",
    [
        json_reply({"error": "invalid_grant", "error_description": f"No: {JOB}"}, status=401),
        json_reply({"errorCode": "invalid_grant", "errorSummary": f"No: {JOB}"}, status=401),
    ],
)
def test_a_refusal_in_either_dialect_names_what_was_presented(refusal: HttpResponse) -> None:
    with canaries.refused(AuthorityError) as caught:
        _go(World([FOUND, refusal]))
    assert "(invalid_grant, HTTP 401): No: " in str(caught.value)
    assert (
        "The token that was presented has issuer “https://issuer.example”, subject “CanaryJob”, "
        "audience “acc-1”; case counts." in str(caught.value)
    )
    assert canaries.found_in(caught.value, [JOB, OWN]) == []


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"sub": "s", "iss": "i"}, "s at i"),
        ({"sub": "s"}, None),
        ({"sub": 5, "iss": "i"}, None),
        ({"sub": "", "iss": "i"}, None),
        ({"sub": "s\nx", "iss": "i"}, None),
        ({"sub": "s" * 601, "iss": "i"}, None),
    ],
)
def test_a_token_is_about_whom_it_names_or_nobody(
    claims: dict[str, object], name: str | None
) -> None:
    subject = FederatedSubject(token=_jwt(**claims), endpoint=ENDPOINT)
    assert subject.token not in repr(subject)
    if name is not None:
        assert subject.name == name
        return
    with canaries.refused(UsageError):
        _ = subject.name


@pytest.mark.parametrize(
    ("audience", "said"),
    [
        ("https://vault.azure.net", "Azure Key Vault"),
        ("CFA8B339-82a2-471a-a3c9-0fc0be7a4093", "Azure Key Vault"),
        ("api://00000003-0000-0000-c000-000000000000", "Microsoft Graph"),
        (["acc-1", "https://management.azure.com/"], "Azure's management API"),
    ],
)
def test_a_token_for_another_api_of_microsofts_is_not_shown_to_a_workspace(
    audience: object, said: str
) -> None:
    world = World([FOUND])
    with canaries.refused(DestinationRefused) as caught:
        _go(world, token=_jwt(exp=NOW + 298, iss="https://i.example", sub="s", aud=audience))
    assert f"a workspace is not shown one for {said}" in caught.value.what
    assert len(world.requests) == 1


@pytest.mark.parametrize(
    "audience",
    ["api://AzureADTokenExchange", "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d", ENDPOINT, [], 5, None],
)
def test_any_other_audience_is_the_policys_to_judge(audience: object) -> None:
    token = _jwt(exp=NOW + 298, iss="https://i.example", sub="s", aud=audience)
    assert _go(World([FOUND, GOOD]), token=token)[0].access_token == OWN
