"""The client signs in at npm's oidc-provider, an OpenID-certified authority."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from entra_oauth.channels.base import now
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.errors import AuthorityError
from entra_oauth.practice import PracticeBrowser, http_send
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest, Pkce, Procedure
from entra_oauth.protocol.endpoints.token import TokenRequest, TokenResponse
from entra_oauth.protocol.messages import HttpRequest, parse_form
from kit import needs
from kit.foreign.certified import CLIENT, SCOPE, TENANT, WHO, serving
from kit.foreign.chromium import Page
from kit.foreign.command import Command
from kit.foreign.final_address import final_address
from kit.foreign.inside import signing_in

pytestmark = [pytest.mark.against, needs.node_package("oidc-provider")]

REDIRECT_URI = "http://localhost:49152"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """Where it is served: scheme, host and port."""
    with serving() as base:
        yield base


@pytest.mark.parametrize("response_mode", ["form_post", "query"])
def test_a_person_signs_in_and_the_identity_is_read(response_mode: str, provider: str) -> None:
    with signing_in(
        provider, tenant_id=TENANT, client_id=CLIENT, response_mode=response_mode
    ) as attempt:
        page = PracticeBrowser(http_send, "", "").open(attempt.url)
        tokens = attempt.tokens()
    assert f"<h1>Signed in as {WHO}</h1>" in page.text
    assert tokens.token_type == "Bearer"
    assert tokens.scope
    assert SCOPE in tokens.scope.split()
    assert tokens.identity
    assert (tokens.identity.username, tokens.identity.tenant_id) == (WHO, TENANT)
    assert tokens.warnings == ()
    assert tokens.id_token
    assert json.loads(urlsafe_b64decode(tokens.id_token.split(".")[0] + "=="))["alg"] == "RS256"
    answer = attempt.answer
    form = dict(parse_form(answer.body.decode() or answer.query))
    assert form["iss"] == f"{provider}/{TENANT}/v2.0"  # RFC 9207, which Entra does not send


def _arguments(provider: str) -> list[str]:
    return ["--authority-host", provider, "--tenant", TENANT, "--client-id", CLIENT]


@needs.chromium
@needs.posix
@pytest.mark.parametrize("response_mode", ["form_post", "query"])
def test_the_command_signs_in_there_with_a_real_browser(
    response_mode: str, page: Page, provider: str, tmp_path: Path
) -> None:
    mode = ("--response-mode", response_mode)
    with Command(tmp_path, "login", *mode, *_arguments(provider), "-o", "json") as command:
        page.open(command.address())
        done = command.finish()
    assert done.code == 0, done.err
    assert json.loads(done.out)["username"] == WHO
    page.wait_for_heading(f"Signed in as {WHO}")
    assert page.problems == []


@needs.chromium
@needs.posix
@pytest.mark.parametrize("response_mode", ["form_post", "query"])
def test_its_refusal_is_told_by_the_command_and_by_the_page(
    response_mode: str, page: Page, provider: str, tmp_path: Path
) -> None:
    wish = ("--response-mode", response_mode, "--prompt", "login")
    with Command(tmp_path, "login", *wish, *_arguments(provider)) as command:
        page.open(command.address())
        done = command.finish()
    assert (done.code, done.out) == (3, "")
    assert "Alice would rather not" in done.err
    page.wait_for_heading("Not signed in")
    assert "Alice would rather not" in page.text


def test_the_article_without_pkce_is_refused_there(provider: str) -> None:
    with signing_in(
        provider,
        tenant_id=TENANT,
        client_id=CLIENT,
        response_mode="query",
        procedure=Procedure.ARTICLE,
    ) as attempt:
        PracticeBrowser(http_send, "", "").open(attempt.url)
        with pytest.raises(AuthorityError, match="PKCE") as caught:
            attempt.tokens()
    assert (caught.value.stage, caught.value.error) == ("authorize", "invalid_request")


# ---- what it refuses at the token endpoint --------------------------------------------


@dataclass(frozen=True, slots=True)
class _Redeeming:
    """An accepted answer, and how it is handed in."""

    answer: AuthorizationResponse

    def __call__(self, request: TokenRequest) -> TokenResponse:
        with RequestsBack() as back:
            reply = back.send(request.to_http(), timeout_s=20)
        return TokenResponse.read(reply, answering=request, received_at=now())


@pytest.fixture
def redeem(provider: str) -> _Redeeming:
    request = AuthorizationRequest.hardened(
        authority=Authority(provider, TENANT),
        client_id=CLIENT,
        redirect_uri=REDIRECT_URI,
        response_mode="query",
        scopes=(SCOPE,),
    )
    url = final_address(request.url, REDIRECT_URI, user="")
    callback = HttpRequest(method="GET", url=url)
    return _Redeeming(AuthorizationResponse.read(callback, answering=request))


def test_a_code_is_redeemed_once(redeem: _Redeeming) -> None:
    request = TokenRequest.redeem(redeem.answer)
    assert redeem(request).identity
    with pytest.raises(AuthorityError) as caught:
        redeem(request)
    assert (caught.value.stage, caught.value.error) == ("token", "invalid_grant")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [("code_verifier", Pkce.fresh().verifier), ("redirect_uri", "http%3A%2F%2Flocalhost%3A49153")],
    ids=["code_verifier", "redirect_uri"],
)
def test_a_code_is_worth_nothing_with_another(name: str, value: str, redeem: _Redeeming) -> None:
    good = TokenRequest.redeem(redeem.answer)
    fields = tuple((n, value if n == name else v) for n, v in good.raw_fields)
    assert fields != good.raw_fields
    with pytest.raises(AuthorityError) as caught:
        redeem(replace(good, raw_fields=fields))
    assert (caught.value.stage, caught.value.error) == ("token", "invalid_grant")
    assert redeem.answer.code not in str(caught.value)


def test_a_code_is_worth_nothing_without_its_verifier(redeem: _Redeeming) -> None:
    good = TokenRequest.redeem(redeem.answer)
    fields = tuple((n, v) for n, v in good.raw_fields if n != "code_verifier")
    with pytest.raises(AuthorityError) as caught:
        redeem(replace(good, raw_fields=fields))
    assert caught.value.error in ("invalid_grant", "invalid_request")
