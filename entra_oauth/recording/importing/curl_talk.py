"""The exchanges that curl tells of, put together from the pieces that it tells.

`curl -v` and `curl --trace` say the same things in two forms: words on the connection, a
request, an answer. What comes first here is the form's affair; see `curl_trace` and
`curl_verbose`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from entra_oauth.errors import UsageError
from entra_oauth.protocol.messages import Wire
from entra_oauth.recording.importing.entries import Entry, entry_of_bytes, refuse_many
from entra_oauth.recording.raw import split_message

__all__ = ["PREFIX", "Talk", "seconds_between"]

PREFIX = rb"(?:(\d\d:\d\d:\d\d\.\d{1,6}) )?(?:\[([0-9x]{1,9}-[0-9x]{1,9})\] )?"
"""Before a line of curl's: the time of day (`--trace-time`), numbers (`--trace-ids`)."""

_CONNECTED = re.compile(
    r"(?:Connected to|Established connection to) (\S{1,300}) \((\S{1,80}?)\)? port (\d{1,5})\b"
)
_TLS = re.compile(r"SSL connection using (TLSv[0-9.]{1,4}) / ([A-Za-z0-9_-]{1,60})")
_ALPN = re.compile(r"ALPN[:,] server accepted (?:to use )?([a-z0-9./-]{1,20})")
_SCHEME = re.compile(r"\[:scheme: (https?)\]")
_ENDED = re.compile(
    r"(?:Connection #\d+ to host .{1,300} left intact|[Cc]losing connection|shutting down "
    r"connection|Issue another request|Re-using existing|Closing)"
)


@dataclass(slots=True)
class _Connection:
    """What curl said of the connection that stands."""

    peer: str = ""
    port: int = 0
    scheme: str = ""
    tls: str = ""
    cipher: str = ""
    alpn: str = ""
    is_tunnel: bool = False


@dataclass(slots=True)
class _Exchange:
    connection: _Connection
    line: int
    began: str
    ended: str = ""
    sent: bytearray = field(default_factory=bytearray, repr=False)
    head: bytearray = field(default_factory=bytearray, repr=False)
    body: bytearray = field(default_factory=bytearray, repr=False)
    is_over: bool = False
    has_trailers: bool = False

    @property
    def is_answered(self) -> bool:
        return bool(self.head)


class Talk:
    """Takes in what curl says, one thing after another. `source` is its name in errors."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._connections: dict[str, _Connection] = {}
        self._open: dict[str, _Exchange] = {}
        self._all: list[_Exchange] = []

    # ---- what is said ---------------------------------------------------------------

    def info(self, text: str, transfer: str = "") -> None:
        """Take in words of curl's own on the transfer."""
        about = self._connections.setdefault(transfer, _Connection())
        if connected := _CONNECTED.search(text):
            address, port = connected[2], int(connected[3])
            peer = f"[{address}]" if ":" in address else address
            about = self._connections[transfer] = _Connection(peer=f"{peer}:{port}", port=port)
        if tls := _TLS.search(text):
            about.tls, about.cipher, about.scheme = tls[1], tls[2], "https"
        if alpn := _ALPN.search(text):
            about.alpn, about.scheme = alpn[1], "https"
        if scheme := _SCHEME.search(text):
            about.scheme = scheme[1]
        if _ENDED.match(text) and transfer in self._open:
            self._open[transfer].is_over = True

    def request_head(self, data: bytes, line: int, at: str = "", transfer: str = "") -> None:
        """Begin an exchange. Raises `UsageError` where the one before it was not through."""
        before = self._open.get(transfer)
        if before is not None and not before.is_answered and not before.is_over:
            raise UsageError(
                f"Two requests stand together at line {line:,} of the {self._source}: which "
                "answer belongs to which cannot be told.",
                advice="Record again with one request at a time, without curl's --parallel.",
            )
        about = self._connections.setdefault(transfer, _Connection())
        about.is_tunnel = about.is_tunnel or data.startswith(b"CONNECT ")
        exchange = _Exchange(about, line, at, sent=bytearray(data))
        self._open[transfer] = exchange
        self._all.append(exchange)
        refuse_many(len(self._all), self._source)

    def request_body(self, data: bytes, at: str = "", transfer: str = "") -> None:
        """Take in a piece of the body."""
        if (exchange := self._open.get(transfer)) is not None:
            exchange.sent += data
            exchange.ended = at

    def answer_head(self, data: bytes, line: int, at: str = "", transfer: str = "") -> None:
        """Take in lines of the head. Raises `UsageError` where no request was made for it."""
        exchange = self._open.get(transfer)
        starts = data.startswith(b"HTTP/")
        if exchange is None or (starts and _is_final(exchange.head)):
            raise UsageError(
                f"The {self._source} has an answer at line {line:,} that belongs to no request.",
                advice="Record again from the beginning, with one request at a time.",
            )
        if exchange.body:
            exchange.has_trailers = True
        else:
            exchange.head += data
        exchange.ended = at

    def answer_body(self, data: bytes, at: str = "", transfer: str = "") -> None:
        """Take in a piece of the body, as it came."""
        if (exchange := self._open.get(transfer)) is not None:
            exchange.body += data
            exchange.ended = at

    def is_answering(self, transfer: str = "") -> bool:
        """True if the head of an answer is through, and its body may follow."""
        exchange = self._open.get(transfer)
        return exchange is not None and exchange.head.endswith(b"\r\n\r\n")

    def head(self, transfer: str = "") -> bytes:
        """The head of the answer so far."""
        exchange = self._open.get(transfer)
        return bytes(exchange.head) if exchange is not None else b""

    # ---- what came of it ------------------------------------------------------------

    def entries(self, *, exact: bool, body_exact: bool = True) -> tuple[list[Entry], int]:
        """The exchanges, and how many requests for a tunnel there were beside them."""
        found: list[Entry] = []
        tunnels = 0
        for exchange in self._all:
            if exchange.sent.startswith(b"CONNECT "):
                tunnels += 1
                continue
            has_body = _says_body(bytes(exchange.sent))
            entry = entry_of_bytes(
                len(found) + 1,
                bytes(exchange.sent),
                bytes(exchange.head + exchange.body),
                origin=_origin(exchange),
                duration_s=seconds_between(exchange.began, exchange.ended),
                link=_link(exchange.connection),
                exact=exact and not exchange.has_trailers,
                body_exact=body_exact or not has_body,
            )
            if entry is None:
                raise UsageError(
                    f"What begins at line {exchange.line:,} of the {self._source} is no request: "
                    "it breaks off, or is not of HTTP.",
                    advice="Record again, and keep the whole of what curl wrote.",
                )
            found.append(entry)
        return found, tunnels

    def refuse_cut_off(self) -> None:
        """Raises `UsageError` where the last answer is shorter than it says."""
        for exchange in self._all[-1:]:
            if not exchange.is_over and _falls_short(exchange):
                raise UsageError(
                    f"The {self._source} breaks off: the answer to the request at line "
                    f"{exchange.line:,} is shorter than it says.",
                    advice="Record again, and keep the whole of what curl wrote.",
                )

    @property
    def has_ended(self) -> bool:
        """True if curl said the last word on the last exchange."""
        return any(exchange.is_over for exchange in self._all[-1:])


def _is_final(head: bytes | bytearray) -> bool:
    """True if there is an answer that is more than an interim one (RFC 9110 §15.2)."""
    message = split_message(bytes(head))
    return message.whole and not re.match(rb"HTTP/[0-9.]+ 1", message.start)


def _says_body(sent: bytes) -> bool:
    message = split_message(sent)
    return message.header("content-length") not in (None, "0") or message.is_chunked


def _falls_short(exchange: _Exchange) -> bool:
    if exchange.head and not exchange.head.endswith(b"\r\n\r\n"):
        return True
    message = split_message(bytes(exchange.head + exchange.body))
    empty = exchange.sent.startswith(b"HEAD ") or re.match(rb"\S+ (?:204|304)\b", message.start)
    if not exchange.head or empty:
        return False
    length = message.header("content-length") or ""
    if message.is_chunked and message.body[:1] in b"0123456789abcdefABCDEF":
        return message.chunks() is None
    return length.isdigit() and len(length) < 12 and len(message.body) < int(length)


def _origin(exchange: _Exchange) -> str:
    about = exchange.connection
    host = split_message(bytes(exchange.sent)).header("host") or ""
    port = re.search(r":(\d{1,5})\Z", host)
    number = int(port[1]) if port else 0 if about.is_tunnel else about.port
    scheme = about.scheme or ("http" if number not in (0, 443) else "https")
    return f"{scheme}://{host}" if host else ""


def _link(about: _Connection) -> Wire:
    through = about.peer if about.is_tunnel else ""
    return Wire(
        peer=None if through else about.peer or None,
        proxy=f"http://{through}" if through else None,
        tls_version=about.tls or None,
        cipher=about.cipher or None,
        alpn=about.alpn or None,
    )


def seconds_between(began: str, ended: str) -> float:
    """From one time of day to another, `10:11:12.123456`; 0 where one is not known."""
    if not began or not ended:
        return 0.0
    passed = _seconds(ended) - _seconds(began)
    return passed if passed >= 0 else passed + 86_400


def _seconds(clock: str) -> float:
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
