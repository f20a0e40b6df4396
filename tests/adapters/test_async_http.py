"""The token in httpx, sync and async, and in aiohttp: the real libraries, on a practice tenant."""

from __future__ import annotations

import asyncio
import json
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from entra_oauth.adapters.http import EntraAuth
from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.errors import DestinationRefused, UsageError
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit import needs
from kit import signed_in as at_hand

CLUSTERS = "/api/2.0/clusters/list"
CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}'
CHALLENGE = (
    f'Bearer realm="", error="insufficient_claims", claims="{b64encode(CLAIMS.encode()).decode()}"'
)

httpx = needs.python("httpx", group="interop")
aiohttp = needs.python("aiohttp", group="interop")


class Api:
    """An API on this machine that turns down the first token, and sends on who asks it to."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str | None, bytes]] = []
        self.sends_to = ""

    def handle(self, request: HttpRequest) -> HttpResponse:
        token = request.header("Authorization")
        self.seen.append((request.path, token, request.body))
        if request.path == "/away":
            return HttpResponse(status=307, headers=(("Location", self.sends_to),))
        if request.path == "/challenge" and len({t for _, t, _ in self.seen}) == 1:
            return HttpResponse(status=401, headers=(("WWW-Authenticate", CHALLENGE),))
        return HttpResponse(status=200, body=json.dumps(self.seen[-1][0]).encode())


@pytest.fixture
def api() -> Iterator[tuple[Api, str]]:
    served = Api()
    with LoopbackHost(served.handle) as host:
        yield served, f"http://127.0.0.1:{host.port}"


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
