"""The exchanges that another program's file holds, whatever kind of file it is.

Each reader makes these values, and nothing behind it asks which one did.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from entra_oauth.errors import UsageError
from entra_oauth.protocol.messages import Fields, HttpRequest, HttpResponse, Wire
from entra_oauth.recording.importing.memory_need import USUAL_MIB
from entra_oauth.recording.raw import RawMessage, split_message, unpack

__all__ = [
    "MAX_ENTRIES",
    "Beside",
    "Entry",
    "ForeignFile",
    "GivenFile",
    "as_line",
    "clean_headers",
    "entry_of_bytes",
    "nothing_beside",
    "refuse_many",
    "request_of",
    "response_of",
    "without_framing",
]

MAX_ENTRIES = 50_000
_KEEP = "Save only the requests of the sign-in."

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
_BREAKS = re.compile(r"[\r\n\0]")
_CONTROLS = re.compile(r"[\0-\x08\x0a-\x1f\x7f]")
_VERSION = re.compile(r"HTTP/[0-9](?:\.[0-9])?")
# What no longer holds once a body was unpacked.
_FRAMING = frozenset({"content-encoding", "content-length", "transfer-encoding"})

Beside = Callable[[str], bytes | None]
"""Gives the file of that name that lies beside the one that is read; None if there is none."""


def nothing_beside(name: str) -> bytes | None:
    """Nothing: the file stands alone."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFile:
    """A file to read, unpacked, and what lies beside it."""

    data: bytes = field(repr=False)
    beside: Beside = field(default=nothing_beside, repr=False)
    max_mib: int = USUAL_MIB
    """MiB of memory that reading it may need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One exchange, numbered from 1 as in the file."""

    number: int
    request: HttpRequest
    response: HttpResponse | None
    started_at: float
    """Seconds since 1970; 0 where the file does not say."""
    duration_s: float
    http_version: str = "HTTP/1.1"
    sent: bytes = field(default=b"", repr=False)
    """The request's own bytes, where the file has them."""
    received: bytes = field(default=b"", repr=False)
    link: Wire = field(default_factory=Wire)
    body_exact: bool = True
    """Whether the request's body is there, and not only what it said."""
    recording: str = ""
    """The recording whose tags stand in it, where the file says (`_redaction`)."""
    tags: dict[str, int | None] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignFile:
    """A file's entries, and what could not be used."""

    kind: str
    """In a word or two: `HAR file`, `flow file of mitmproxy`."""
    origin: str
    """The same with its program and version: `a HAR file of Firefox 128, version 1.2`."""
    version: str = ""
    creator: str = ""
    entries: tuple[Entry, ...] = ()
    unusable: tuple[int, ...] = ()
    """Numbers of the entries that are no exchanges."""
    not_kept: tuple[str, ...] = ()
    """Sentences on what this kind of file leaves out, or this one does."""
    har: Mapping[str, Any] | None = field(default=None, repr=False)
    """The object that a HAR file is; None for other kinds."""


def refuse_many(count: int, kind: str) -> None:
    """Raises `UsageError` where a file has more entries than are read."""
    if count > MAX_ENTRIES:
        raise UsageError(f"The {kind} has more than {MAX_ENTRIES:,} entries.", advice=_KEEP)


# ---- from parts -------------------------------------------------------------------------


def request_of(
    method: str, url: str, headers: Fields = (), body: bytes = b""
) -> HttpRequest | None:
    """The request; None if it could be none: no address, a method that is no word."""
    if not _is_address(url) or not _TOKEN.fullmatch(method):
        return None
    return HttpRequest(method=method, url=url, headers=headers, body=body)


def _is_address(url: str) -> bool:
    """True if whatever looks at it later can take it apart, port and all."""
    if "://" not in url or _BREAKS.search(url):
        return False
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def clean_headers(pairs: Iterable[tuple[str, str]]) -> Fields:
    """Those that can be headers; what HTTP/2 puts before these is left out."""
    return tuple((name, as_line(text)) for name, text in pairs if _NAME.fullmatch(name))


def as_line(text: str) -> str:
    """As it can stand in a header: without control characters, and Unicode as bytes of UTF-8."""
    text = _CONTROLS.sub(" ", text)
    if not text.isascii() and any(ord(character) > 0xFF for character in text):
        text = text.encode("utf-8", "surrogatepass").decode("latin-1")
    return text


def without_framing(headers: Fields) -> Fields:
    """The headers that still hold where a body is in one piece, and unpacked."""
    return tuple(pair for pair in headers if pair[0].lower() not in _FRAMING)


def response_of(status: int, reason: str, headers: Fields, body: bytes) -> HttpResponse:
    """The answer with its body unpacked, where it is packed and that can be undone.

    Many programs keep the header that says gzip, and a body that is so no more.
    """
    coding = next((v.strip().lower() for n, v in headers if n.lower() == "content-encoding"), "")
    packed = body.startswith(b"\x1f\x8b") or "gzip" not in coding
    unpacked = unpack(body, coding if coding != "identity" else "") if packed else body
    gone = _FRAMING if unpacked is not None else _FRAMING - {"content-encoding"}
    return HttpResponse(
        status=status,
        reason=as_line(reason),
        headers=tuple(pair for pair in headers if pair[0].lower() not in gone),
        body=body if unpacked is None else unpacked,
    )


# ---- from bytes -------------------------------------------------------------------------


def entry_of_bytes(
    number: int,
    sent: bytes,
    received: bytes,
    *,
    origin: str = "",
    started_at: float = 0.0,
    duration_s: float = 0.0,
    link: Wire | None = None,
    exact: bool = True,
    body_exact: bool = True,
) -> Entry | None:
    """An exchange from its two messages; None if the first is no request.

    `origin` is scheme and host, for a request line that has none; without it the `Host`
    header says the host, and the scheme is https. `exact`: the bytes are those of the wire.
    """
    message = split_message(sent)
    words = message.start.decode("latin-1").split(" ")
    if not message.whole or len(words) != 3 or not _VERSION.fullmatch(words[2]):
        return None
    target = words[1]
    if "://" not in target.partition("?")[0]:
        host = message.header("host") or ""
        target = f"{origin or (f'https://{host}' if host else '')}{target}"
    body = message.decoded()
    headers = clean_headers(message.headers)
    request = request_of(words[0], target, headers, message.body if body is None else body)
    if request is None:
        return None
    answer = split_message(received)
    response = _response(answer)
    # HTTP/2 has no such text: a program that shows one made it up.
    exact = exact and words[2].startswith("HTTP/1.")
    keeps_answer = response is not None and answer.unframed() is not None
    return Entry(
        number=number,
        request=request,
        response=response,
        started_at=started_at,
        duration_s=duration_s,
        http_version=words[2],
        sent=sent if exact and body_exact else b"",
        received=received if exact and body_exact and keeps_answer else b"",
        link=link or Wire(),
        body_exact=body_exact,
    )


def _response(message: RawMessage) -> HttpResponse | None:
    words = message.start.decode("latin-1").split(" ", 2)
    is_one = message.whole and len(words) >= 2 and _VERSION.fullmatch(words[0])
    if not is_one or not re.fullmatch(r"[1-5][0-9]{2}", words[1]):
        return None
    unframed = message.unframed()
    return response_of(
        int(words[1]),
        words[2] if len(words) > 2 else "",
        clean_headers(message.headers),
        message.body if unframed is None else unframed,  # some programs undo chunks, not headers
    )
