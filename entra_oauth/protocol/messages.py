"""An HTTP message as a frozen value, and the form encoding both sides speak.

Everything else in the package builds, sends, records or answers these two
values. Their reprs show neither query nor body: that is where secrets are.
"""

from __future__ import annotations

from urllib.parse import quote_plus, unquote_plus, urlsplit

from entra_oauth._version import __version__
from entra_oauth.errors import UsageError
from entra_oauth.light import dataclass, field

__all__ = [
    "FORM",
    "USER_AGENT",
    "Fields",
    "HttpRequest",
    "HttpResponse",
    "RawFields",
    "Times",
    "Wire",
    "check_opaque",
    "encode_form",
    "host_of",
    "is_link_local",
    "is_loopback",
    "is_redirect",
    "not_followed",
    "parse_form",
    "refuse_control_characters",
    "split_form",
    "split_origin",
]

FORM = "application/x-www-form-urlencoded"

Fields = tuple[tuple[str, str], ...]
"""Names and values in wire order, decoded. A name may stand twice."""

RawFields = tuple[tuple[str, str], ...]
"""The same, each value still percent-encoded as it was on the wire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds that each part of an exchange took; None: it was not there, or not seen.

    On a reused connection the first four are those of the time when it was made.
    """

    dns: float | None = None
    connect: float | None = None
    tunnel: float | None = None
    """The proxy's part: CONNECT and its answer."""
    tls: float | None = None
    send: float | None = None
    wait: float | None = None
    """From the last byte out to the first byte in."""
    receive: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """The view that the back channel had of one exchange, below the level of messages."""

    sent: bytes = field(default=b"", repr=False)
    """The request as it was handed to the socket (inside TLS, if there was TLS)."""
    received: bytes = field(default=b"", repr=False)
    """The answer as it came from the socket: head and body, chunked and compressed as it was."""
    tunnel_sent: bytes = field(default=b"", repr=False)
    """The CONNECT that asked a proxy for the way through."""
    tunnel_received: bytes = field(default=b"", repr=False)
    peer: str | None = None
    """Address and port that were connected to."""
    proxy: str | None = None
    """Scheme, host and port of the proxy in between, without user information."""
    tls_version: str | None = None
    cipher: str | None = None
    alpn: str | None = None
    """The protocol that both sides agreed on in the handshake, if they spoke of it."""
    certificates: tuple[bytes, ...] = field(default=(), repr=False)
    """DER, the peer's own first; the others only where Python gives them (3.13 and later)."""
    reused: bool = False
    """True where the connection stood before the request was made."""
    times: Times = Times()


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request. `url` is absolute; `headers` are in wire order.

    `Host` and `Content-Length` are the channel's to add on the way out; on the
    way in they are among the headers like all others.
    """

    method: str
    url: str
    headers: Fields = ()
    body: bytes = b""
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The whole message as it came from a socket, where it did."""

    def header(self, name: str) -> str | None:
        """The first header of that name, without regard to case."""
        return _header(self.headers, name)

    @property
    def path(self) -> str:
        """The path, at least `/`, still percent-encoded."""
        return _split(self.url)[1]

    @property
    def query(self) -> str:
        """The query without `?`, still percent-encoded; empty if there is none."""
        return _split(self.url)[2]

    def __repr__(self) -> str:
        origin, path, _ = _split(self.url)
        return f"<HttpRequest {self.method} {origin}{path}, {len(self.body)} bytes>"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """One response. `body` is decoded: neither chunked nor compressed."""

    status: int
    reason: str = ""
    headers: Fields = ()
    body: bytes = b""
    wire: Wire | None = field(default=None, compare=False)

    def header(self, name: str) -> str | None:
        """The first header of that name, without regard to case."""
        return _header(self.headers, name)

    def __repr__(self) -> str:
        return f"<HttpResponse {self.status}, {len(self.body)} bytes>"


def _header(headers: Fields, name: str) -> str | None:
    wanted = name.lower()
    for key, value in headers:
        if key.lower() == wanted:
            return value
    return None


def _split(url: str) -> tuple[str, str, str]:
    """Origin, path and query as they stand there.

    NOTE: not `urlsplit`, which drops tabs and line breaks wherever they are, and
    raises for some hosts: a repr must not, and reading an answer must not either.
    """
    before, _, query = url.partition("#")[0].partition("?")
    scheme, mark, rest = before.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}", f"{slash}{path}" or "/", query


def split_origin(url: str) -> tuple[str, str]:
    """Origin (without user information), and what stands in a request line (RFC 9112 §3.2.1)."""
    origin, path, query = _split(url)
    mark = "?" if "?" in url.partition("#")[0] else ""
    return origin, f"{path}{mark}{query}"


def encode_form(fields: Fields) -> str:
    """`application/x-www-form-urlencoded`, in the order given (RFC 6749 app. B).

    Upper-case hex, space as `+`, `~` left alone: what curl's `--data-urlencode`
    sends, and what the article spells out by hand.
    """
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in fields)


def split_form(text: str) -> RawFields:
    """Names decoded, values as they stood on the wire; empty pieces are dropped."""
    pieces = (piece.partition("=") for piece in text.split("&") if piece)
    return tuple((unquote_plus(name), value) for name, _, value in pieces)


def parse_form(text: str) -> Fields:
    """Names and values, decoded as UTF-8; what is not UTF-8 becomes U+FFFD."""
    return tuple((name, unquote_plus(raw)) for name, raw in split_form(text))


def host_of(url: str) -> str:
    """The host of an address, in lower case; empty where it has none that can be read."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_redirect(status: int) -> bool:
    """True for an answer that sends its reader to another address (RFC 9110 §15.4)."""
    return 300 <= status < 400


def not_followed(status: int) -> str:
    """The end of a sentence about an answer that is a redirect; empty for any other status."""
    return ": it is a redirect, which is not followed" if is_redirect(status) else ""


def is_loopback(host: str) -> bool:
    """True for a host name or address that can only mean this machine.

    `localhost` counts (RFC 6761 §6.3); `localhost.example` does not.
    """
    host = host.strip("[]").lower()
    if host in ("localhost", "::1"):
        return True
    numbers = host.split(".")
    return (
        len(numbers) == 4
        and numbers[0] == "127"
        and all(n.isascii() and n.isdigit() and len(n) < 4 and int(n) < 256 for n in numbers)
    )


def is_link_local(host: str) -> bool:
    """True for an address that no router passes on (RFC 3927 §2): a cloud's own services."""
    numbers = host.split(".")
    return (
        len(numbers) == 4
        and numbers[:2] == ["169", "254"]
        and all(n.isascii() and n.isdigit() and len(n) < 4 and int(n) < 256 for n in numbers)
    )


def check_opaque(name: str, value: str) -> None:
    """Raise `UsageError` unless it is visible ASCII: a stray line break spoils a token."""
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise UsageError(
            f"The {name} is empty, or holds white space or another character that none has.",
            advice=f"Give the whole {name}, and nothing else.",
        )


def refuse_control_characters(name: str, value: str) -> None:
    """Raise `UsageError` if a value to be sent holds a control character.

    Nothing in OAuth needs one; in a URL or a terminal each can do harm.
    """
    if any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 for c in value):
        raise UsageError(
            f"{name} holds a control character.",
            advice=f"Give {name} again without line breaks, tabs or escapes.",
        )


USER_AGENT = f"entra-oauth/{__version__}"
