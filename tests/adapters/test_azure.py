"""The credential in azure-core and azure-identity as they are: chains, async, and their errors."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.adapters.azure import AsyncEntraCredential, EntraCredential
from entra_oauth.adapters.azure_errors import as_azure
from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.cache.file_store import FileStore
from entra_oauth.errors import AuthorityError, LocalError, SignInRequired, UsageError
from entra_oauth.protocol.messages import parse_form
from kit import needs
from kit import signed_in as at_hand
from kit.challenging import Api
from kit.practice import SCOPE, claims_of

CLUSTERS = "/api/2.0/clusters/list"
core = needs.python("azure.core", pypi="azure-core", group="interop")
identity = needs.python("azure.identity", pypi="azure-identity", group="interop")


class _Fixed:
    """The credential behind ours in a chain."""

    def get_token(self, *scopes: str, **options: Any) -> Any:
        from azure.core.credentials import AccessToken

        return AccessToken("of-the-next-one", 4_000_000_000)


class _FixedAsync(_Fixed):
    async def get_token(self, *scopes: str, **options: Any) -> Any:
        return super().get_token(*scopes)

    async def close(self) -> None: ...


# ---- chains ----------------------------------------------------------------------------------


@identity
@pytest.mark.parametrize("profile", [None, "nobody-made-it"])
def test_a_chain_goes_on_where_nothing_was_set_up(profile: str | None) -> None:
    from azure.identity import ChainedTokenCredential, CredentialUnavailableError

    credential = EntraCredential(profile=profile)
    with pytest.raises(CredentialUnavailableError) as raised:
        credential.get_token(SCOPE)
    assert isinstance(raised.value, UsageError)
    assert "--save-profile NAME" in str(raised.value) or "nobody-made-it" in str(raised.value)
    chain: Any = ChainedTokenCredential(credential, _Fixed())  # type: ignore[arg-type]
    assert chain.get_token(SCOPE).token == "of-the-next-one"


@identity
def test_a_chain_goes_on_where_nobody_has_signed_in(ours: at_hand.AtHand, tmp_path: Path) -> None:
    from azure.identity import ChainedTokenCredential, CredentialUnavailableError
    from azure.identity.aio import ChainedTokenCredential as AsyncChain

    empty = StoredTokens(
        ours.authority, ours.app.client_id, store=FileStore(str(tmp_path / "none"))
    )
    with pytest.raises(CredentialUnavailableError) as raised:
        EntraCredential(empty).get_token(SCOPE)
    assert isinstance(raised.value, SignInRequired)
    assert raised.value.advice in str(raised.value)
    chain: Any = ChainedTokenCredential(EntraCredential(empty), _Fixed())  # type: ignore[arg-type]
    assert chain.get_token(SCOPE).token == "of-the-next-one"
    aio: Any = AsyncChain(AsyncEntraCredential(empty), _FixedAsync())  # type: ignore[arg-type]
    assert asyncio.run(aio.get_token(SCOPE)).token == "of-the-next-one"


@identity
@pytest.mark.parametrize("fault", ["token aadsts=50076", "token aadsts=700016"])
def test_a_chain_ends_where_the_authority_refused(fault: str, tmp_path: Path) -> None:
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import ChainedTokenCredential, CredentialUnavailableError

    with at_hand.at_hand(FileStore(str(tmp_path / "tokens"))) as ours:
        ours.tenant.faults.add(fault)
        credential = EntraCredential(ours.tokens())
        with pytest.raises(ClientAuthenticationError) as raised:
            credential.get_token(SCOPE, claims='{"access_token":{}}')
        chain: Any = ChainedTokenCredential(credential, _Fixed())  # type: ignore[arg-type]
        with pytest.raises(ClientAuthenticationError):
            chain.get_token(SCOPE, claims='{"access_token":{}}')
    assert not isinstance(raised.value, CredentialUnavailableError)
    assert isinstance(raised.value, SignInRequired | AuthorityError)
    assert raised.value.message == str(raised.value)


def test_other_errors_and_those_of_who_has_no_azure_stay_ours() -> None:
    full = LocalError("The disk is full.", advice="Make room.")
    assert as_azure(full) is full
    code = (
        "import sys; from entra_oauth.adapters.azure_errors import as_azure; "
        "from entra_oauth.errors import SignInRequired; e = SignInRequired('a', advice='b'); "
        "assert as_azure(e) is e and 'azure' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ---- async -----------------------------------------------------------------------------------


@core
def test_an_async_pipeline_takes_the_async_credential(
    ours: at_hand.AtHand, tokens: StoredTokens
) -> None:
    from azure.core.credentials_async import AsyncSupportsTokenInfo, AsyncTokenCredential
    from azure.core.pipeline import AsyncPipeline
    from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy
    from azure.core.pipeline.transport import AsyncioRequestsTransport
    from azure.core.rest import HttpRequest

    async def asynchronous() -> int:
        async with AsyncEntraCredential(tokens) as credential:
            assert isinstance(credential, AsyncTokenCredential)
            assert isinstance(credential, AsyncSupportsTokenInfo)
            policy: Any = AsyncBearerTokenCredentialPolicy(credential, SCOPE, enable_cae=True)
            transport: Any = AsyncioRequestsTransport(connection_verify=ours.hosted.ca_file)
            async with AsyncPipeline(transport, [policy]) as pipeline:
                answer: Any = await pipeline.run(
                    HttpRequest("GET", ours.hosted.base_url + CLUSTERS)
                )
            return int(answer.http_response.status_code)

    assert asyncio.run(asynchronous()) == 200


def test_the_async_credential_answers_in_both_forms(tokens: StoredTokens) -> None:
    async def asynchronous() -> tuple[str, str]:
        async with AsyncEntraCredential(tokens) as credential:
            pair = await credential.get_token(SCOPE)
            info = await credential.get_token_info(SCOPE, options={"enable_cae": False})
            return pair.token, info.token

    assert len(set(asyncio.run(asynchronous()))) == 1


def test_an_event_loop_runs_on_while_a_token_is_fetched(
    tokens: StoredTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fetching ends only when the loop has turned meanwhile."""
    turned = threading.Event()
    get = StoredTokens.get

    def waits(self: StoredTokens, *scopes: str, **options: Any) -> Any:
        assert turned.wait(20), "the loop was held up"
        return get(self, *scopes, **options)

    async def asynchronous() -> str:
        task = asyncio.create_task(AsyncEntraCredential(tokens).get_token(SCOPE))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(turned.set)
        return (await task).token

    monkeypatch.setattr(StoredTokens, "get", waits)
    assert asyncio.run(asynchronous())


# ---- continuous access evaluation ----------------------------------------------------------------


def test_a_credential_with_cae_declares_it_and_its_tokens_are_kept_apart(tmp_path: Path) -> None:
    with at_hand.at_hand(FileStore(str(tmp_path / "tokens"))) as ours:
        _declares_cae(ours, EntraCredential(ours.tokens()))


def _declares_cae(ours: at_hand.AtHand, credential: EntraCredential) -> None:
    plain = credential.get_token(SCOPE).token
    before = len(ours.tenant.log)
    with_cae = credential.get_token(SCOPE, enable_cae=True).token
    (request, _), *_ = [pair for pair in ours.tenant.log[before:] if pair[0].method == "POST"]
    sent = dict(parse_form(request.body.decode()))
    assert sent["claims"] == '{"access_token":{"xms_cc":{"values":["cp1"]}}}'
    assert "xms_cc" in claims_of(with_cae)
    assert "xms_cc" not in claims_of(plain)
    count = len(ours.tenant.log)
    assert credential.get_token(SCOPE).token == plain
    info = credential.get_token_info(SCOPE, options={"enable_cae": True})
    assert info.token == with_cae
    assert len(ours.tenant.log) == count


@core
@pytest.mark.parametrize(("path", "status"), [("/challenge", 200), ("/always", 401)])
@pytest.mark.parametrize("cae", [False, True])
def test_azure_cores_policy_has_a_challenge_answered_once_sync_and_async(
    tokens: StoredTokens, api: tuple[Api, str], path: str, status: int, cae: bool
) -> None:
    from azure.core.pipeline import AsyncPipeline, Pipeline
    from azure.core.pipeline.policies import (
        AsyncBearerTokenCredentialPolicy,
        BearerTokenCredentialPolicy,
    )
    from azure.core.pipeline.transport import AsyncioRequestsTransport, RequestsTransport
    from azure.core.rest import HttpRequest

    served, url = api
    request = HttpRequest("POST", f"{url}{path}", content=b"a body")

    def synchronous() -> int:
        ours: Any = EntraCredential(tokens)
        policy: Any = BearerTokenCredentialPolicy(ours, SCOPE, enable_cae=cae)
        transport: Any = RequestsTransport(use_env_settings=False)
        with Pipeline(transport, [policy]) as pipeline:
            answer: Any = pipeline.run(request, enforce_https=False)
        return int(answer.http_response.status_code)

    async def asynchronous() -> int:
        async with AsyncEntraCredential(tokens) as credential:
            ours: Any = credential
            policy: Any = AsyncBearerTokenCredentialPolicy(ours, SCOPE, enable_cae=cae)
            transport: Any = AsyncioRequestsTransport(use_env_settings=False)
            async with AsyncPipeline(transport, [policy]) as pipeline:
                answer: Any = await pipeline.run(request, enforce_https=False)
            return int(answer.http_response.status_code)

    for call in (synchronous, lambda: asyncio.run(asynchronous())):
        served.seen.clear()
        assert call() == status
        (_, first, one), (_, second, two) = served.seen
        assert (first != second, one, two) == (True, b"a body", b"a body")
        for token in (first, second):
            claims = claims_of((token or "").removeprefix("Bearer "))
            assert ("xms_cc" in claims) is cae
