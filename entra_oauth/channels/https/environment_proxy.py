"""The proxy of a request, as the environment names it."""

from __future__ import annotations

from urllib.parse import urlsplit

from entra_oauth.channels.https.failures import proxy_failed
from entra_oauth.errors import plain
from entra_oauth.protocol.messages import is_loopback

__all__ = ["environment_proxies", "proxy_for", "shown_proxy"]


def environment_proxies(url: str) -> dict[str, str]:
    """The proxies for each kind of address."""
    from requests.utils import get_environ_proxies

    return dict(get_environ_proxies(url, no_proxy=None))


def proxy_for(url: str) -> str | None:
    """The proxy that a request to `url` goes through, without its user information.

    Raises `ConnectFailed` where the address that the environment gives is malformed.
    """
    if is_loopback(urlsplit(url).hostname or ""):
        return None
    return shown_proxy(url, environment_proxies(url))


def shown_proxy(url: str, proxies: dict[str, str]) -> str | None:
    """The one of these that will be used, without its user information.

    Raises `ConnectFailed` if its address makes no sense.
    """
    from requests.utils import select_proxy

    proxy = select_proxy(url, proxies)
    if not proxy:
        return None
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        raise proxy_failed(url, "the address that the environment gives is malformed")
    host = f"[{host}]" if ":" in host else host
    return plain(f"{parts.scheme}://{host}" + (f":{port}" if port else ""))
