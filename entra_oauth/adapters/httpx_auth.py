"""For httpx: an `httpx.Auth`, sync and async. Importing this module imports httpx."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from entra_oauth.errors import DestinationRefused

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from entra_oauth.adapters.bearer_header import BearerHeader

__all__ = ["httpx_auth"]

_HTTPX: Any = import_module("httpx")
_BASE: Any = _HTTPX.Auth
_UNREAD: type[Exception] = _HTTPX.RequestNotRead
# httpx stands on anyio, so a thread is waited for under asyncio and trio alike.
_IN_THREAD: Any = import_module("anyio.to_thread").run_sync


class _HttpxAuth(_BASE):  # type: ignore[misc]
    """The token for each request; a claims challenge is answered once, by a refresh.

    httpx takes the header off a redirect to another origin, and does not come here again.
    """

    def __init__(self, header: BearerHeader) -> None:
        self._header = header

    def sync_auth_flow(self, request: Any) -> Generator[Any, Any, None]:
        self._header.check(str(request.url))
        request.headers["Authorization"] = self._header.value()
        response = yield request
        if self._may_answer(request, response):
            better = self._header.better_value(*_challenge(response))
            if better is not None:
                request.headers["Authorization"] = better
                yield request

    async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        self._header.check(str(request.url))
        request.headers["Authorization"] = await _IN_THREAD(self._header.value)
        response = yield request
        if self._may_answer(request, response):
            better = await _IN_THREAD(self._header.better_value, *_challenge(response))
            if better is not None:
                request.headers["Authorization"] = better
                yield request

    def _may_answer(self, request: Any, response: Any) -> bool:
        """True if who answered may have a token, and the request can be sent again."""
        if response.status_code != 401:
            return False
        try:
            self._header.check(str(response.request.url))
            return isinstance(request.content, bytes)
        except DestinationRefused:
            return False  # redirects were followed
        except _UNREAD:
            return False  # a body that came from a generator is used up


def httpx_auth(header: BearerHeader) -> Any:
    """The same tokens for httpx."""
    return _HttpxAuth(header)


def _challenge(response: Any) -> tuple[int, str]:
    return response.status_code, response.headers.get("WWW-Authenticate", "")
