"""For `requests`, httpx and aiohttp: a fresh token for each request, to where it may be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from entra_oauth.adapters.bearer_header import BearerHeader
from entra_oauth.adapters.requests_challenge import ClaimsAnswer
from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.channels.base import say_nothing
from entra_oauth.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import PreparedRequest

__all__ = ["EntraAuth"]


class EntraAuth:
    """`requests.get(url, auth=EntraAuth(profile="work"))`. Threads may share one.

    Refuses to send the token to a host that it is not for (`DestinationRefused`); where
    requests follows a redirect to another host, it takes the header off itself. For httpx
    and aiohttp there are `for_httpx` and `for_aiohttp`. All answer a claims challenge by one
    renewal; where only a person can meet it, `on_claims` is told what to sign in with, which
    `--claims` takes. With `enable_cae` the request for a token declares `cp1`, and such tokens
    are kept apart.

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
        enable_cae: bool = False,
    ) -> None:
        self._header = BearerHeader(
            StoredTokens.given(tokens, profile), scopes, on_claims, cae=enable_cae
        )

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Give the request its header. Raises `DestinationRefused`, `SignInRequired` …"""
        if not isinstance(request.url, str | None):
            raise UsageError(
                "This is for requests, and another library's request came.",
                advice="Give httpx auth=EntraAuth(…).for_httpx(), and aiohttp for_aiohttp(URL).",
            )
        self._header.check(request.url or "")
        value = self._header.value()
        request.headers["Authorization"] = value
        answer = ClaimsAnswer(self._header, request, value)
        request.register_hook("response", answer)  # type: ignore[no-untyped-call]
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
