"""For aiohttp: a client middleware, without importing aiohttp."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from entra_oauth.adapters.bearer_header import BearerHeader

    Handler = Callable[[Any], Awaitable[Any]]

__all__ = ["aiohttp_middleware"]


def aiohttp_middleware(header: BearerHeader, url: str) -> Callable[[Any, Handler], Awaitable[Any]]:
    """`ClientSession(middlewares=(…,))`. Raises `DestinationRefused` for that origin.

    The token goes to the origin of `url` and nowhere else: aiohttp calls this at each hop
    of a redirect, whoever is there. It is fetched in a thread, so the loop goes on.
    """
    header.check(url)
    pinned = _origin(url)

    async def bring(request: Any, handler: Handler) -> Any:
        if _origin(str(request.url)) != pinned:
            return await handler(request)
        request.headers["Authorization"] = await asyncio.to_thread(header.value)
        response = await handler(request)
        if response.status != 401:
            return response
        challenge = ", ".join(response.headers.getall("WWW-Authenticate", []))
        better = await asyncio.to_thread(header.better_value, 401, challenge)
        if better is None:
            return response
        response.release()
        request.headers["Authorization"] = better
        return await handler(request)

    return bring


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    default = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or default
