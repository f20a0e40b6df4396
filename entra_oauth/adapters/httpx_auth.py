"""For httpx: an `httpx.Auth`, sync and async. Importing this module imports httpx."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from entra_oauth.adapters.bearer_header import origin

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from entra_oauth.adapters.bearer_header import BearerHeader

__all__ = ["httpx_auth"]

_HTTPX: Any = import_module("httpx")
_BASE: Any = _HTTPX.Auth
_UNREAD: type[Exception] = _HTTPX.RequestNotRead
# httpx stands on anyio, so a thread is waited for under asyncio and trio alike.
_IN_THREAD: Any = import_module("anyio.to_thread").run_sync
_SAFE = ("GET", "HEAD", "OPTIONS")  # RFC 9110 §9.2.1


class _HttpxAuth(_BASE):  # type: ignore[misc]
    """The token for each request; a claims challenge is answered once, by a renewal.

    httpx takes the header off a redirect to another origin, and does not come here again.
    """

    def __init__(self, header: BearerHeader) -> None:
        self._header = header

    def sync_auth_flow(self, request: Any) -> Generator[Any, Any, None]:
        self._header.check(str(request.url))
        value = self._header.value()
        request.headers["Authorization"] = value
        response = yield request
        if _is_theirs(request, response):
            better = self._header.better_value(_challenge(response), value)
            if better is not None and _is_whole(request):
                request.headers["Authorization"] = better
                yield request

    async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        self._header.check(str(request.url))
        value = await _IN_THREAD(self._header.value)
        request.headers["Authorization"] = value
        response = yield request
        if _is_theirs(request, response):
            better = await _IN_THREAD(self._header.better_value, _challenge(response), value)
            if better is not None and _is_whole(request):
                request.headers["Authorization"] = better
                yield request


def _is_theirs(request: Any, response: Any) -> bool:
    """True for a 401 of the origin that was asked, to the request that was sent there.

    Where redirects were followed, that request has been answered, and may have done its work.
    """
    asked, answered = origin(str(request.url)), origin(str(response.request.url))
    is_harmless = not response.history or request.method in _SAFE
    return response.status_code == 401 and answered == asked and is_harmless


def _is_whole(request: Any) -> bool:
    """True if the body can be sent again: one that came from a generator is used up."""
    try:
        return isinstance(request.content, bytes)
    except _UNREAD:
        return False


def httpx_auth(header: BearerHeader) -> Any:
    """The same tokens for httpx."""
    return _HttpxAuth(header)


def _challenge(response: Any) -> str:
    challenge: str = response.headers.get("WWW-Authenticate", "")
    return challenge
