"""For aiohttp: a client middleware, without importing aiohttp."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from entra_oauth.adapters.bearer_header import origin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from entra_oauth.adapters.bearer_header import BearerHeader

    Handler = Callable[[Any], Awaitable[Any]]

__all__ = ["aiohttp_middleware"]


def aiohttp_middleware(header: BearerHeader, url: str) -> Callable[[Any, Handler], Awaitable[Any]]:
    """`ClientSession(middlewares=(…,))`. Raises `DestinationRefused` for that origin.

    The token goes to the origin of `url` and nowhere else: aiohttp calls this at each hop
    of a redirect, whoever is there. It is fetched in a thread, so the loop goes on. A claims
    challenge is answered once, by a renewal, if the body can be sent again.
    """
    header.check(url)
    pinned = origin(url)

    async def bring(request: Any, handler: Handler) -> Any:
        if origin(str(request.url)) != pinned:
            return await handler(request)
        value = await asyncio.to_thread(header.value)
        request.headers["Authorization"] = value
        response = await handler(request)
        if response.status != 401:
            return response
        challenge = ", ".join(response.headers.getall("WWW-Authenticate", []))
        try:
            better = await asyncio.to_thread(header.better_value, challenge, value)
        except BaseException:
            response.release()
            raise
        if better is None or not _is_whole(request.body):
            return response
        response.release()
        request.headers["Authorization"] = better
        return await handler(request)

    return bring


def _is_whole(body: Any) -> bool:
    """True if the body can be sent again: of an iterator that is used up nothing would be."""
    return isinstance(body, bytes) or not body.consumed
