"""The gate of the services that hand tokens to programs: no web page, and no proxy's guest.

A browser adds some headers by itself, and a proxy adds others. A program beside the service sends
none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.protocol.messages import HttpRequest

__all__ = ["caller_refusal"]

_PAGES = ("origin", "referer")
_PAGES_BEGIN = "sec-"
_PROXIES = ("forwarded",)
_PROXIES_BEGIN = "x-forwarded-"


def caller_refusal(request: HttpRequest, *, once: tuple[str, ...]) -> tuple[int, str] | None:
    """Status and reason for a request that no token may answer; None for one that may go on.

    `once` are the headers, in lower case, that may not stand twice: another reader may take the
    other one.
    """
    names = [name.lower() for name, _ in request.headers]
    if any(name in _PAGES or name.startswith(_PAGES_BEGIN) for name in names):
        return 403, "no web page is answered"
    if any(name in _PROXIES or name.startswith(_PROXIES_BEGIN) for name in names):
        return 403, "nobody behind a proxy is answered"
    if any(names.count(name) > 1 for name in once):
        return 400, "a header stands twice"
    return None
