"""Reading a HAR file of anybody's: what is there is checked, what is missing is allowed for.

Versions 1.1 to 1.3, with or without a byte order mark, gzip too (`.zhar`). Members
that browsers leave out are made up for: Firefox, Chrome, mitmproxy and others differ.
Text of a file that could not be read is never quoted: it holds tokens.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from entra_oauth.errors import LocalError, UsageError, plain
from entra_oauth.protocol.messages import FORM, Fields, HttpRequest, HttpResponse, Times, Wire
from entra_oauth.recording.har.har_redact import MAX_HAR_BYTES, members_at, objects, text_at
from entra_oauth.recording.har.har_redact import read_har as har_object
from entra_oauth.recording.raw import split_message, unpack

__all__ = ["Entry", "Har", "read_file", "read_har"]

MAX_ENTRIES = 50_000

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
_HEADERS_BEFORE = re.compile(r"\A(?:[A-Za-z][A-Za-z-]{0,40}+: [^\r\n]{0,1000}+\r\n){1,20}+\r\n")
_BREAKS = re.compile(r"[\r\n\0]")
_CONTROLS = re.compile(r"[\0-\x08\x0a-\x1f\x7f]")
# What no longer holds once a body was unpacked.
_FRAMING = frozenset({"content-encoding", "content-length", "transfer-encoding"})


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
    """The request's own bytes, where the file has them (`_raw`)."""
    received: bytes = field(default=b"", repr=False)
    link: Wire = field(default_factory=Wire)
    body_exact: bool = True
    """Whether the request's body is there, and not only what it said."""
    recording: str = ""
    """The recording whose tags stand in it, where the file says (`_redaction`)."""
    tags: dict[str, int | None] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Har:
    """A file's entries, and what could not be used."""

    version: str
    creator: str
    entries: tuple[Entry, ...]
    unusable: tuple[int, ...] = ()
    """Numbers of the entries that are no exchanges."""


def read_file(path: Path) -> bytes:
    """The bytes of a file. Raises `LocalError`, and `UsageError` if it is too large."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_HAR_BYTES + 1)
    except OSError as error:
        raise LocalError(
            f"{plain(str(path))} cannot be read: {error.strerror}.",
            advice="Check its name, and who may read it.",
        ) from None
    if len(data) > MAX_HAR_BYTES:
        raise UsageError(
            f"{plain(str(path))} is larger than {MAX_HAR_BYTES // 2**20} MiB.",
            advice="Save only the requests of the sign-in.",
        )
    return data


def read_har(data: bytes) -> Har:
    """The exchanges of a HAR file. Raises `UsageError`, which quotes nothing of it."""
    log = har_object(data)["log"]
    entries = log["entries"]
    if len(entries) > MAX_ENTRIES:
        raise UsageError(
            f"The HAR file has more than {MAX_ENTRIES:,} entries.",
            advice="Save only the requests of the sign-in.",
        )
    found, unusable = [], []
    about = members_at(log, "_redaction")
    tags = {str(k): _tag_length(v) for k, v in members_at(about, "tags").items()}
    for number, entry in enumerate(entries, start=1):
        own = entry if isinstance(entry, dict) else {}
        read = _entry(number, own, text_at(about, "recording"), tags)
        if read is None:
            unusable.append(number)
        else:
            found.append(read)
    creator = members_at(log, "creator")
    return Har(
        version=plain(text_at(log, "version"), limit=10),
        creator=plain(f"{text_at(creator, 'name')} {text_at(creator, 'version')}".strip()),
        entries=tuple(found),
        unusable=tuple(unusable),
    )


# ---- one entry ------------------------------------------------------------------------


def _entry(
    number: int, entry: dict[str, Any], recording: str, tags: dict[str, int | None]
) -> Entry | None:
    about = members_at(entry, "request")
    request = _request(about)
    if request is None:
        return None
    post = members_at(about, "postData")
    raw = members_at(entry, "_raw")
    sent, received = _base64(text_at(raw, "request")), _base64(text_at(raw, "response"))
    if sent and split_message(sent).whole:
        message = split_message(sent)
        request = HttpRequest(
            method=request.method,
            url=request.url,
            headers=message.headers,
            body=message.decoded() or b"",
        )
    return Entry(
        number=number,
        request=request,
        response=_response(members_at(entry, "response")),
        started_at=_time(text_at(entry, "startedDateTime")),
        duration_s=_number(entry.get("time")) / 1000,
        http_version=text_at(about, "httpVersion") or "HTTP/1.1",
        sent=sent,
        received=received,
        link=_link(entry),
        body_exact=bool(sent) or not post or isinstance(post.get("text"), str),
        recording=recording,
        tags=tags,
    )


def _request(request: dict[str, Any]) -> HttpRequest | None:
    url, method = text_at(request, "url"), text_at(request, "method")
    if "://" not in url or _BREAKS.search(url) or not _TOKEN.fullmatch(method):
        return None
    headers = _headers(request.get("headers"))
    post = members_at(request, "postData")
    # Firefox writes the headers of the body before it.
    text = _HEADERS_BEFORE.sub("", text_at(post, "text"), count=1)
    body = text.encode("utf-8", "surrogatepass")
    if not body and isinstance(post.get("params"), list):
        body = _form(post["params"])
    kind = text_at(post, "mimeType") or (FORM if post.get("params") else "")
    if body and kind and not any(name.lower() == "content-type" for name, _ in headers):
        headers = (*headers, ("Content-Type", _line(kind)))
    return HttpRequest(method=method, url=url, headers=headers, body=body)


def _form(params: list[Any]) -> bytes:
    pairs = [(text_at(p, "name"), text_at(p, "value")) for p in objects(params)]
    # Chrome writes names and values as they were on the wire, others decoded.
    return "&".join(f"{_once(name)}={_once(value)}" for name, value in pairs).encode()


def _once(text: str) -> str:
    is_encoded = re.fullmatch(r"(?:[A-Za-z0-9_.~*+-]|%[0-9A-Fa-f]{2})*", text) and "%" in text
    return text if is_encoded else quote_plus(text, errors="replace")


def _response(response: dict[str, Any]) -> HttpResponse | None:
    status = _number(response.get("status"))
    if not 100 <= status <= 599:
        return None
    content = members_at(response, "content")
    body = _body(content, dict(_headers(response.get("headers"))))
    headers = tuple(
        (name, value)
        for name, value in _headers(response.get("headers"))
        if name.lower() not in _FRAMING
    )
    kind = text_at(content, "mimeType")
    if body and kind and not any(name.lower() == "content-type" for name, _ in headers):
        headers = (*headers, ("Content-Type", _line(kind)))
    location = text_at(response, "redirectURL")
    if location and not any(name.lower() == "location" for name, _ in headers):
        headers = (*headers, ("Location", _line(location)))
    return HttpResponse(
        status=int(status),
        reason=_line(text_at(response, "statusText")),
        headers=headers,
        body=body,
    )


def _body(content: dict[str, Any], headers: dict[str, str]) -> bytes:
    """The body of an answer, decoded, and unpacked where the file holds it packed."""
    text = text_at(content, "text")
    if text_at(content, "encoding").lower() != "base64":
        return text.encode("utf-8", "surrogatepass")
    body = b"".join(map(_base64, _pieces(text)))
    coding = next((v.lower() for n, v in headers.items() if n.lower() == "content-encoding"), "")
    packed = body.startswith(b"\x1f\x8b")
    return unpack(body, coding if coding and not packed else "gzip" * packed) or body


def _pieces(text: str) -> list[str]:
    """The pieces of a body; Polly.js writes them as a list."""
    if not text.startswith("["):
        return [text]
    try:
        pieces = json.loads(text)
    except (ValueError, RecursionError):
        return [text]
    return [each for each in pieces if isinstance(each, str)]


def _headers(value: object) -> Fields:
    """Names and values; what HTTP/2 puts before the headers is left out."""
    pairs = ((text_at(i, "name"), text_at(i, "value")) for i in objects(value))
    return tuple(
        (name, _line(line))
        for name, text in pairs
        if _NAME.fullmatch(name)
        for line in _lines(name, text)
    )


def _lines(name: str, text: str) -> list[str]:
    """The fields that a value was: of cookies, several are written as the lines of one."""
    if name.lower() != "set-cookie":
        return [text]
    return [line for line in re.split(r"[\r\n]+", text) if line.strip()] or [""]


def _link(entry: dict[str, Any]) -> Wire:
    tls, timings = members_at(entry, "_tls"), members_at(entry, "timings")
    address = text_at(entry, "serverIPAddress").strip("[]")
    port = text_at(entry, "connection")
    peer = f"[{address}]" if ":" in address else address
    names = {"dns": "dns", "connect": "connect", "tls": "ssl", "send": "send", "wait": "wait"}
    times = {ours: _seconds(timings.get(theirs)) for ours, theirs in names.items()}
    return Wire(
        peer=plain(f"{peer}:{port}" if port.isdigit() else peer, limit=80) or None,
        tls_version=_line(text_at(tls, "version")) or None,
        cipher=_line(text_at(tls, "cipher")) or None,
        alpn=_line(text_at(tls, "alpn")) or None,
        times=Times(**times, receive=_seconds(timings.get("receive"))),
    )


# ---- values ---------------------------------------------------------------------------


def _line(text: str) -> str:
    """As it can stand in a header: without control characters, and Unicode as bytes of UTF-8."""
    text = _CONTROLS.sub(" ", text)
    if any(ord(character) > 0xFF for character in text):
        text = text.encode("utf-8", "surrogatepass").decode("latin-1")
    return text


def _number(value: object) -> float:
    good = isinstance(value, int | float) and -1e12 < value < 1e12
    return float(value) if good and isinstance(value, int | float) else 0.0


def _seconds(value: object) -> float | None:
    number = _number(value)
    return number / 1000 if isinstance(value, int | float) and number >= 0 else None


def _tag_length(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _time(value: str) -> float:
    try:
        return datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def _base64(value: str) -> bytes:
    try:
        return b64decode(value, validate=True)
    except ValueError:
        return b""
