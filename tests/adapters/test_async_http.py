"""The token in httpx, sync and async, and in aiohttp: the real libraries, on a practice tenant."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest

from entra_oauth.adapters.http import EntraAuth
from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.errors import DestinationRefused, UsageError
from kit import needs
from kit import signed_in as at_hand
from kit.challenging import CLAIMS, Api

CLUSTERS = "/api/2.0/clusters/list"
httpx = needs.python("httpx", group="interop")
aiohttp = needs.python("aiohttp", group="interop")


@pytest.fixture
def trust(ours: at_hand.AtHand) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ours.hosted.ca_file)


# ---- httpx -----------------------------------------------------------------------------------


@httpx
def test_httpx_gets_a_token_and_the_workspace_takes_it(
    ours: at_hand.AtHand, tokens: StoredTokens, trust: ssl.SSLContext
) -> None:
    import httpx

    url = ours.hosted.base_url + CLUSTERS
    with httpx.Client(auth=EntraAuth(tokens).for_httpx(), verify=trust) as client:
        assert client.get(url).json()["clusters"]

    async def asynchronous() -> Any:
        async with httpx.AsyncClient(auth=EntraAuth(tokens).for_httpx(), verify=trust) as client:
            return (await client.get(url)).json()

    assert asyncio.run(asynchronous())["clusters"]


@httpx
def test_httpx_sends_no_token_to_a_host_that_it_is_not_for(tokens: StoredTokens) -> None:
    import httpx

    auth = EntraAuth(tokens).for_httpx()
    with httpx.Client(auth=auth) as client, pytest.raises(DestinationRefused):
        client.get("https://evil.example/")

    async def asynchronous() -> None:
        async with httpx.AsyncClient(auth=auth) as client:
            await client.get("https://evil.example/")

    with pytest.raises(DestinationRefused):
        asyncio.run(asynchronous())


@httpx
def test_given_to_httpx_directly_the_error_names_the_way(tokens: StoredTokens) -> None:
    import httpx

    with httpx.Client() as client, pytest.raises(UsageError) as raised:
        client.get("https://adb-1.2.azuredatabricks.net/", auth=EntraAuth(tokens))  # type: ignore[arg-type]
    assert "for_httpx()" in raised.value.advice


@httpx
def test_httpx_answers_a_challenge_by_one_refresh(
    tokens: StoredTokens, api: tuple[Api, str]
) -> None:
    import httpx

    served, url = api
    with httpx.Client(auth=EntraAuth(tokens).for_httpx(), trust_env=False) as client:
        assert client.post(f"{url}/challenge", content=b"a body").status_code == 200
    (_, first, _), (_, second, body) = served.seen
    assert first != second
    assert body == b"a body"


@httpx
def test_httpx_async_answers_a_challenge_but_not_with_a_body_that_is_used_up(
    tokens: StoredTokens, api: tuple[Api, str]
) -> None:
    import httpx

    served, url = api

    async def once() -> AsyncIterator[bytes]:
        yield b"a body"

    async def asynchronous() -> list[int]:
        auth = EntraAuth(tokens).for_httpx()
        async with httpx.AsyncClient(auth=auth, trust_env=False) as client:
            used_up = await client.post(
                f"{url}/challenge", content=once(), headers={"Content-Length": "6"}
            )
            served.seen.clear()
            return [used_up.status_code, (await client.get(f"{url}/challenge")).status_code]

    assert asyncio.run(asynchronous()) == [401, 200]
    assert len(served.seen) == 2


@httpx
def test_httpx_takes_the_second_refusal_for_the_answer(
    tokens: StoredTokens, api: tuple[Api, str]
) -> None:
    import httpx

    served, url = api
    with httpx.Client(auth=EntraAuth(tokens).for_httpx(), trust_env=False) as client:
        assert client.get(f"{url}/always").status_code == 401
    assert len(served.seen) == 2


@httpx
def test_httpx_answers_no_other_origin_and_does_no_work_twice(
    tokens: StoredTokens, api: tuple[Api, str]
) -> None:
    """A challenge behind a redirect: of another host, or of one that has taken the body."""
    import httpx

    served, url = api
    auth, other = EntraAuth(tokens).for_httpx(), Api()
    with (
        LoopbackHost(other.handle) as elsewhere,
        httpx.Client(auth=auth, trust_env=False, follow_redirects=True) as client,
    ):
        served.sends_to = f"http://127.0.0.1:{elsewhere.port}/always"
        assert client.get(f"{url}/away").status_code == 401
        assert [token for _, token, _ in other.seen] == [None]
        served.seen.clear()
        served.sends_to, served.redirects_by = f"{url}/always", 303
        assert client.post(f"{url}/away", content=b"work").status_code == 401
    assert [path for path, _, _ in served.seen] == ["/away", "/always"]


@httpx
def test_a_challenge_that_needs_a_person_is_told(
    ours: at_hand.AtHand, tokens: StoredTokens, api: tuple[Api, str]
) -> None:
    import httpx

    told: list[str] = []
    ours.tenant.faults.add("token aadsts=50076")
    try:
        auth = EntraAuth(tokens, on_claims=told.append).for_httpx()
        with httpx.Client(auth=auth, trust_env=False) as client:
            assert client.get(f"{api[1]}/challenge").status_code == 401
    finally:
        ours.tenant.faults.clear()
    assert told == [CLAIMS]


# ---- aiohttp ---------------------------------------------------------------------------------


def _through_aiohttp(middleware: Any, method: str, url: str, **options: Any) -> tuple[int, Any]:
    import aiohttp

    async def asynchronous() -> tuple[int, Any]:
        async with (
            aiohttp.ClientSession(middlewares=(middleware,)) as session,
            session.request(method, url, **options) as answer,
        ):
            return answer.status, await answer.json(content_type=None)

    return asyncio.run(asynchronous())


@aiohttp
def test_aiohttp_gets_a_token_and_the_workspace_takes_it(
    ours: at_hand.AtHand, tokens: StoredTokens, trust: ssl.SSLContext
) -> None:
    base = ours.hosted.base_url
    middleware = EntraAuth(tokens).for_aiohttp(f"{base}/somewhere")
    status, answer = _through_aiohttp(middleware, "GET", base + CLUSTERS, ssl=trust)
    assert (status, bool(answer["clusters"])) == (200, True)


@aiohttp
def test_aiohttp_answers_a_challenge_by_one_refresh(
    tokens: StoredTokens, api: tuple[Api, str]
) -> None:
    served, url = api
    middleware = EntraAuth(tokens).for_aiohttp(url)
    status, _ = _through_aiohttp(middleware, "POST", f"{url}/challenge", data=b"a body")
    assert status == 200
    (_, first, _), (_, second, body) = served.seen
    assert first != second
    assert body == b"a body"


@aiohttp
def test_aiohttp_does_not_send_a_body_that_is_used_up_as_an_empty_one(
    tokens: StoredTokens, api: tuple[Api, str]
) -> None:
    served, url = api

    async def once() -> AsyncIterator[bytes]:
        yield b"a body"

    middleware = EntraAuth(tokens).for_aiohttp(url)
    length = {"Content-Length": "6"}
    status, _ = _through_aiohttp(
        middleware, "POST", f"{url}/challenge", data=once(), headers=length
    )
    assert (status, [body for _, _, body in served.seen]) == (401, [b"a body"])
    # But the token is renewed, so that the next one passes.
    served.first = served.seen[0][1]
    assert _through_aiohttp(middleware, "POST", f"{url}/challenge", data=b"2")[0] == 200
    assert len(served.seen) == 2


@aiohttp
def test_aiohttp_takes_the_second_refusal_for_the_answer(
    tokens: StoredTokens, api: tuple[Api, str]
) -> None:
    served, url = api
    status, _ = _through_aiohttp(EntraAuth(tokens).for_aiohttp(url), "GET", f"{url}/always")
    assert (status, len(served.seen)) == (401, 2)


@aiohttp
def test_aiohttp_gives_no_token_to_the_next_hop_of_a_redirect(
    tokens: StoredTokens, api: tuple[Api, str]
) -> None:
    served, url = api
    other = Api()
    with LoopbackHost(other.handle) as elsewhere:
        served.sends_to = f"http://127.0.0.1:{elsewhere.port}/next"
        status, path = _through_aiohttp(EntraAuth(tokens).for_aiohttp(url), "GET", f"{url}/away")
    assert (status, path) == (200, "/next")
    assert served.seen[0][1] is not None
    assert [token for _, token, _ in other.seen] == [None]


def test_a_middleware_is_not_made_for_an_origin_that_the_token_is_not_for(
    tokens: StoredTokens,
) -> None:
    with pytest.raises(DestinationRefused):
        EntraAuth(tokens).for_aiohttp("https://evil.example/")
