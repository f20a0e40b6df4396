"""For `requests`, httpx and aiohttp: a fresh token for each request, to where it may be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from entra_oauth.adapters.bearer_header import BearerHeader
from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.channels.base import say_nothing
from entra_oauth.errors import UsageError
from entra_oauth.protocol.resource.claims_challenge import challenge_claims

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import PreparedRequest, Response

__all__ = ["EntraAuth"]


class EntraAuth:
    """`requests.get(url, auth=EntraAuth(profile="work"))`. Threads may share one.

    Refuses to send the token to a host that it is not for (`DestinationRefused`); where
    requests follows a redirect to another host, it takes the header off itself. On a
    claims challenge `on_claims` is told what to sign in with: `--claims` takes it. For
    httpx and aiohttp there are `for_httpx` and `for_aiohttp`; these two answer a challenge
    by one refresh, and tell it where that does not do.

    NOTE: not derived from `requests.auth.AuthBase`, whose import would cost 90 ms and
    which asks for nothing but this call.
    """

    def __init__(
        self,
        tokens: StoredTokens | None = None,
        *,
        profile: str | None = None,
        scopes: tuple[str, ...] = (),
        on_claims: Callable[[str], None] = say_nothing,
    ) -> None:
        self._header = BearerHeader(StoredTokens.given(tokens, profile), scopes, on_claims)
        self._on_claims = on_claims

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Give the request its header. Raises `DestinationRefused`, `SignInRequired` …"""
        if not isinstance(request.url, str | None):
            raise UsageError(
                "This is for requests, and another library's request came.",
                advice="Give httpx auth=EntraAuth(…).for_httpx(), and aiohttp for_aiohttp(URL).",
            )
        self._header.check(request.url or "")
        request.headers["Authorization"] = self._header.value()
        request.register_hook("response", self._watch)  # type: ignore[no-untyped-call]
        return request

    def for_httpx(self) -> Any:
        """An `httpx.Auth` for clients of both kinds; only this imports httpx."""
        from entra_oauth.adapters.httpx_auth import httpx_auth

        return httpx_auth(self._header)

    def for_aiohttp(self, url: str) -> Any:
        """A client middleware of aiohttp (3.12 or later) that is pinned to the origin of `url`.

        aiohttp runs it again at each redirect, to other hosts too: these get no token. Raises
        `DestinationRefused` for an origin that the token is not for.
        """
        from entra_oauth.adapters.aiohttp_middleware import aiohttp_middleware

        return aiohttp_middleware(self._header, url)

    def _watch(self, response: Response, *_: object, **__: object) -> Response:
        if response.status_code == 401:
            challenge = challenge_claims([response.headers.get("WWW-Authenticate", "")])
            if challenge is not None:
                self._on_claims(challenge)
        return response
