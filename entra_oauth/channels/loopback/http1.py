"""HTTP/1.1 as a loopback host needs it: bytes to a request, a response to bytes.

Small and strict (RFC 9112): what a browser or an HTTP library sends is read,
anything doubtful is refused with a status and the end of the connection. There
is no socket and no clock in here.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from entra_oauth.light import dataclass, field, pattern
from entra_oauth.protocol.messages import Fields, HttpRequest, HttpResponse

__all__ = [
    "BODY_LIMIT",
    "CONTINUE",
    "ESTABLISHED",
    "HEAD_END",
    "HEAD_LIMIT",
    "TLS_ALERT",
    "Head",
    "Refusal",
    "bare",
    "build_request",
    "encode_response",
    "ends_connection",
    "parse_head",
    "refuse_early",
    "rehearse",
    "safe_headers",
]

HEAD_LIMIT = 64 * 1024
"""Bytes of request line and headers together; more is answered 431."""
BODY_LIMIT = 1024 * 1024
"""Bytes of a body; more is answered 413."""
HEADER_COUNT_LIMIT = 128

HEAD_END = b"\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
TLS_ALERT = bytes([0x15, 3, 1, 0, 2, 2, 40])
"""A handshake failure (RFC 8446 §6.2), for a client that speaks TLS where none is spoken."""
ESTABLISHED = b"HTTP/1.1 200 Connection Established\r\n\r\n"

_NAME = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # a token, RFC 9110 section 5.6.2
_TOKEN = pattern(_NAME)
# A line that begins with a space (obs-fold, RFC 9112 section 5.2) has no token before its
# colon, and so has one with a space before the colon (section 5.1).
_FIELDS = pattern(rb"(?:\r\n" + _NAME + rb":[\t\x20-\x7e\x80-\xff]*)*")
_LOOKED_AT = frozenset({"host", "expect", "content-length", "transfer-encoding", "connection"})
_TARGET = pattern(rb"[!\"$-~]+")  # visible ASCII without `#`: a fragment is never sent
_HOST = pattern(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(:[0-9]{1,5})?")
_LENGTH = pattern(r"[0-9]{1,12}")
_UNSENDABLE = pattern(r"[^\t\x20-\x7e\x80-\xff]")

_NO_WAY_OUT = ("base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'")
_REASONS = {
    200: "OK",
    201: "Created",
    204: "No Content",
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    304: "Not Modified",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    411: "Length Required",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    417: "Expectation Failed",
    421: "Misdirected Request",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}


class Refusal(Exception):
    """A request that is answered with `status` before any handler sees it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Request line and headers, checked."""

    method: str
    target: str
    """As it was sent, in origin form or absolute form."""
    modern: bool
    """HTTP/1.1, not 1.0."""
    headers: Fields
    length: int
    """Bytes of body that follow."""
    waits_for_continue: bool
    ends: bool
    """True if the peer wants this to be the last request of its connection."""
    host: str | None
    """The Host header."""
    raw: bytes = field(repr=False)
    """As it came, without its final empty line."""


def refuse_early(start: bytes) -> None:
    """Raise `Refusal` for first bytes that cannot become a request.

    A TLS hello or a line without CR would else keep its connection waiting for
    the end of a head that never comes.
    """
    if start and not _TOKEN.match(start[:1]):
        raise Refusal(400)
    if start.count(b"\n") != start.count(b"\r\n"):
        raise Refusal(400)


def parse_head(head: bytes, *, body_limit: int = BODY_LIMIT) -> Head:
    """Read a head without its final empty line. Raises `Refusal`."""
    line, mark, rest = head.partition(b"\r\n")
    method, target, modern = _request_line(line)
    headers = _headers(mark + rest)
    seen = _looked_at(headers)
    host = seen.get("host")
    if host is None and modern:
        raise Refusal(400)  # RFC 9112 section 3.2
    expects = seen.get("expect", "").lower()
    if expects not in ("", "100-continue"):
        raise Refusal(417)
    return Head(
        method=method,
        target=target,
        modern=modern,
        headers=headers,
        length=_body_length(seen, body_limit),
        waits_for_continue=modern and expects != "",
        ends=not modern or _says_close(seen.get("connection", "")),
        host=host,
        raw=head,
    )


def build_request(head: Head, body: bytes, *, scheme: str, fallback_host: str) -> HttpRequest:
    """Join head and body; path and query keep their spelling. Raises `Refusal`.

    `fallback_host` stands in for the Host header that HTTP/1.0 may leave out.
    """
    host = fallback_host if head.host is None else head.host
    if not _HOST.fullmatch(host):
        raise Refusal(400)
    origin = f"{scheme}://{host}"
    target = head.target.removeprefix(origin)  # the absolute form, if it names this host
    if not target.startswith("/"):
        raise Refusal(400)
    url = origin + target
    if host.startswith("["):
        try:
            urlsplit(url)
        except ValueError:
            raise Refusal(400) from None
    raw = head.raw + HEAD_END + body
    return HttpRequest(method=head.method, url=url, headers=head.headers, body=body, raw=raw)


def ends_connection(headers: Fields) -> bool:
    """Tell if these headers say `Connection: close`."""
    return any(_says_close(value) for name, value in headers if name.lower() == "connection")


def _says_close(value: str) -> bool:
    return "close" in [part.strip() for part in value.lower().split(",")]


def safe_headers(allow: str = "") -> Fields:
    """The headers that tell a browser to use a response here and nowhere else.

    `allow` is what the Content-Security-Policy permits, such as one style sheet.
    """
    policy = ("default-src 'none'", *filter(None, [allow]), *_NO_WAY_OUT)
    return (
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Content-Security-Policy", "; ".join(policy)),
    )


def bare(status: int) -> HttpResponse:
    """A response that says its status and nothing else."""
    return HttpResponse(status=status, headers=safe_headers())


def encode_response(response: HttpResponse, *, method: str, keep: bool) -> bytes:
    """The bytes of a response to a `method` request.

    Adds `Content-Length` and `Connection` unless the response has its own. Raises
    `ValueError` for a header that cannot be sent.
    """
    reason = response.reason or _REASONS.get(response.status, "")
    names = {name.lower() for name, _ in response.headers}
    lines = [f"HTTP/1.1 {response.status} {reason}"]
    lines += [f"{name}: {value}" for name, value in response.headers]
    if "content-length" not in names and response.status not in (204, 304):
        lines.append(f"Content-Length: {len(response.body)}")
    if "connection" not in names:
        lines.append(f"Connection: {'keep-alive' if keep else 'close'}")
    if _UNSENDABLE.search("".join(lines)):
        raise ValueError("a response header holds a character that cannot be sent")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    has_body = method != "HEAD" and response.status not in (204, 304)
    return head + (response.body if has_body else b"")


def rehearse() -> None:
    """Read a request and write a response: what either needs is made, before anybody waits."""
    head = parse_head(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0")
    build_request(head, b"", scheme="http", fallback_host="")
    encode_response(bare(200), method=head.method, keep=False)


def _request_line(line: bytes) -> tuple[str, str, bool]:
    parts = line.split(b" ")
    if len(parts) != 3 or not _TOKEN.fullmatch(parts[0]) or not _TARGET.fullmatch(parts[1]):
        raise Refusal(400)
    if parts[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise Refusal(505 if parts[2].startswith(b"HTTP/") else 400)
    return parts[0].decode("ascii"), parts[1].decode("ascii"), parts[2] == b"HTTP/1.1"


def _headers(lines: bytes) -> Fields:
    """Names and values; each line has its line break before it."""
    if lines.count(b"\r\n") > HEADER_COUNT_LIMIT:
        raise Refusal(431)
    if not _FIELDS.fullmatch(lines):
        raise Refusal(400)
    pieces = (line.partition(":") for line in lines.decode("latin-1").split("\r\n")[1:])
    return tuple((name, value.strip(" \t")) for name, _, value in pieces)


def _looked_at(headers: Fields) -> dict[str, str]:
    """The headers that matter here, by lower-case name; only Connection may stand there twice."""
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        if key in _LOOKED_AT:
            if key not in found:
                found[key] = value
            elif key == "connection":
                found[key] += f",{value}"
            else:
                raise Refusal(400)
    return found


def _body_length(seen: dict[str, str], limit: int) -> int:
    length = seen.get("content-length")
    if "transfer-encoding" in seen:
        # Both at once is how requests are smuggled (RFC 9112 section 6.3).
        raise Refusal(411 if length is None else 400)
    if length is None:
        return 0
    if not _LENGTH.fullmatch(length):
        raise Refusal(400)
    if int(length) > limit:
        raise Refusal(413)
    return int(length)
