"""The proxy of a request, as the environment names it, read the way curl reads it.

A user name and a password are percent-encoded there. What is not is refused before
anything is looked up: the rest of a password after a raw `@`, `#`, `/` or `?` would be
taken for a host, and asked of the whole network's name servers.
"""

from __future__ import annotations

import os
import re
import sys
from base64 import b64encode
from importlib.util import find_spec
from urllib.parse import unquote_to_bytes, urlsplit

from entra_oauth.errors import ProxyRefused, plain
from entra_oauth.light import TYPE_CHECKING, dataclass, field, pattern
from entra_oauth.protocol.messages import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "EnvironmentProxy",
    "environment_proxy",
    "exceptions_without_effect",
    "proxy_refused",
    "wants_sign_in",
]

_SYSTEM = "the system's settings"
_SOCKS = ("socks4", "socks4a", "socks5", "socks5h")
_QUOTED = pattern(r'"[^"]*"')
_NAME = pattern(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentProxy:
    """A proxy, and the credentials for it, which no repr shows."""

    scheme: str
    place: str
    """Host and port, as they were given."""
    source: str
    """The variable that names it, or the system."""
    user: bytes | None = field(default=None, repr=False)
    """Decoded; None if there is none."""
    password: bytes = field(default=b"", repr=False)
    credentials: str = field(default="", repr=False)
    """User and password as they stood, with the `@`."""

    @property
    def url(self) -> str:
        """Its address without credentials, for people and for records."""
        return plain(f"{self.scheme}://{self.place}")

    @property
    def full_url(self) -> str:
        """Its address for the library that connects: only SOCKS takes credentials from it."""
        return f"{self.scheme}://{self.credentials if self.is_socks else ''}{self.place}"

    @property
    def is_socks(self) -> bool:
        """True where SOCKS is spoken, not HTTP."""
        return self.scheme in _SOCKS

    @property
    def headers(self) -> dict[str, str]:
        """The header with the credentials, byte for byte as curl sends them (RFC 7617 §2)."""
        if self.user is None or self.is_socks:
            return {}
        basic = b64encode(self.user + b":" + self.password).decode("ascii")
        return {"Proxy-Authorization": f"Basic {basic}"}


def environment_proxy(url: str, environ: Mapping[str, str] = os.environ) -> EnvironmentProxy | None:
    """The proxy that a request to `url` goes through; none for this machine.

    Raises `ProxyRefused` where the address that the environment gives cannot be used.
    """
    host = (urlsplit(url).hostname or "").rstrip(".")
    if is_loopback(host):
        return None
    scheme = url.partition(":")[0]
    if (name := _variable(scheme, environ)) is not None:
        value = environ[name]
        excepted = any(_matches(host, each) for each in _exceptions(environ))
        return _read(value, name, url) if value.strip() and not excepted else None
    if sys.platform in ("win32", "darwin") and not any(True for _ in _exceptions(environ)):
        return _of_the_system(host, scheme, url)
    return None


def exception_for(url: str, environ: Mapping[str, str] = os.environ) -> tuple[str, str] | None:
    """The variable of the proxy that a request goes past, and the one that excepts its host."""
    try:
        host, scheme = (urlsplit(url).hostname or "").rstrip("."), url.partition(":")[0]
    except ValueError:  # no address at all
        return None
    source = _variable(scheme, environ)
    if source is None or not environ[source].strip():
        return None
    if not any(_matches(host, each) for each in _exceptions(environ)):
        return None
    return source, "no_proxy" if environ.get("no_proxy") else "NO_PROXY"


def _variable(scheme: str, environ: Mapping[str, str]) -> str | None:
    """The variable that counts, as curl has it: the first that is set. An empty one is not."""
    for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY"):
        if name == "HTTP_PROXY" and "REQUEST_METHOD" in environ:
            continue  # of a CGI program: whoever asks it has set it
        if environ.get(name):
            return name
    return None


def _of_the_system(host: str, scheme: str, url: str) -> EnvironmentProxy | None:
    from urllib.request import getproxies, proxy_bypass

    value = getproxies().get(scheme)
    return _read(value, _SYSTEM, url) if value and not proxy_bypass(host) else None


def _exceptions(environ: Mapping[str, str]) -> Iterator[str]:
    """The entries of `NO_PROXY`. Blanks part them as commas do; a lone `*` is all hosts."""
    value = environ.get("no_proxy") or environ.get("NO_PROXY", "")
    if value == "*":
        yield value
        return
    for entry in re.split(r"[\s,]+", value.lower()):
        if bare := entry.removesuffix(".").removeprefix("."):
            yield bare if bare != "*" else "*."  # only alone it has an effect


def _matches(host: str, entry: str) -> bool:
    if entry in ("*", host):
        return True
    if not _is_address(host):
        return host.endswith(f".{entry}")
    import ipaddress

    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except (ValueError, TypeError):
        return False


def _is_address(host: str) -> bool:
    return ":" in host or re.fullmatch(r"[0-9.]+", host) is not None


def exceptions_without_effect(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The entries of `NO_PROXY` that no host can match: a port, a `*` before a name …"""
    return tuple(plain(e, limit=60) for e in _exceptions(environ) if not _can_match(e))


def _can_match(entry: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return entry == "*" or (_NAME.fullmatch(entry) is not None and not _is_address(entry))
    return True


def _read(value: str, source: str, url: str) -> EnvironmentProxy:
    before, found, rest = value.strip().partition("://")
    scheme, rest = (before.lower(), rest) if found else ("http", before)
    authority = re.split(r"[/?#]", rest)[0]
    credentials, at, place = authority.rpartition("@")
    encode = (
        f"In {source}, percent-encode what is special in the user name and the password: "
        "%40 for @, %23 for #, %2F for /, %3F for ?, %25 for %, %20 for a blank."
    )
    if "@" in credentials or "@" in rest[len(authority) :]:
        raise proxy_refused(url, f"{source} holds a raw @, #, / or ? in its password", encode)
    user, _, password = credentials.partition(":")
    sent = unquote_to_bytes(user), unquote_to_bytes(password)
    if re.search(r"[\s\x00-\x1f\x7f]", authority) or re.search(rb"[\x00-\x1f\x7f]", b"".join(sent)):
        raise proxy_refused(url, f"{source} holds a blank or a control character", encode)
    try:
        parts = urlsplit(f"//{place}")
        host, _ = parts.hostname, parts.port  # raises for a port that is none
        has_place = bool(host)
    except ValueError:
        has_place = False
    if not has_place or before.endswith(":"):
        raise proxy_refused(
            url, f"the address that {source} gives is malformed", f"Check {source}."
        )
    if scheme not in ("http", "https", *_SOCKS):
        raise proxy_refused(
            url,
            f"{source} names a kind of proxy that is not known",
            f"Begin it with http:// or socks5h:// in {source}.",
        )
    proxy = EnvironmentProxy(
        scheme=scheme,
        place=place,
        source=source,
        user=sent[0] if at else None,
        password=sent[1],
        credentials=f"{credentials}{at}",
    )
    if proxy.is_socks and find_spec("socks") is None:
        raise proxy_refused(
            url,
            f"{proxy.url} is a SOCKS proxy, and the package PySocks is not installed",
            f"Install it beside this program (pip install PySocks), or name an HTTP proxy in "
            f"{source}. With socks5h:// the proxy looks names up.",
        )
    return proxy


def proxy_refused(url: str, why: str, advice: str) -> ProxyRefused:
    """The proxy is of no use as it is named; nothing was sent."""
    host = urlsplit(url).netloc.rpartition("@")[2]
    return ProxyRefused(
        f"The proxy on the way to {host} cannot be used: {why}.",
        advice=f"{advice} Nothing was sent.",
    )


def offered_schemes(lines: list[str]) -> list[str]:
    """The ways of signing in that the values of `Proxy-Authenticate` name, in their order."""
    words = [part.split() for line in lines for part in _QUOTED.sub("", line).split(",")]
    names = [word[0] for word in words if word and "=" not in word[0]]
    return [plain(name, limit=30) for name in dict.fromkeys(names)][:6]


def wants_sign_in(proxy: EnvironmentProxy, url: str, lines: list[str]) -> ProxyRefused:
    """A 407, told with what the proxy offers."""
    offered = offered_schemes(lines)
    names = f", and offers {', '.join(offered)}" if offered else ""
    what = f"{proxy.url} wants a user name and a password (407 Proxy Authentication Required)"
    if offered and "basic" not in map(str.lower, offered):
        advice = (
            "Only Basic is spoken here. Run a helper on this machine that signs in to the proxy "
            f"for you, such as px or cntlm, and name it in {proxy.source}."
        )
    elif proxy.user is None:
        advice = (
            f"Put them into {proxy.source}: {proxy.scheme}://USER:PASSWORD@{plain(proxy.place)}, "
            "special characters percent-encoded."
        )
    else:
        advice = f"It did not take those of {proxy.source}: check them."
    return proxy_refused(url, f"{what}{names}", advice)
