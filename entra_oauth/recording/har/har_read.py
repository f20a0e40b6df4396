"""Reading a HAR file of anybody's: what is there is checked, what is missing is allowed for.

Versions 1.1 to 1.3, with or without a byte order mark, gzip too (`.zhar`). Members
that browsers leave out are made up for: Firefox, Chrome, mitmproxy and others differ.
Text of a file that could not be read is never quoted: it holds tokens.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

from entra_oauth.errors import plain
from entra_oauth.protocol.messages import FORM, Fields, HttpRequest, HttpResponse, Times, Wire
from entra_oauth.recording.har.har_bodies import with_bodies
from entra_oauth.recording.har.har_json import har_object
from entra_oauth.recording.har.har_members import members_at, objects, pairs_in, text_at
from entra_oauth.recording.importing.entries import (
    Beside,
    Entry,
    ForeignFile,
    as_line,
    clean_headers,
    nothing_beside,
    refuse_many,
    request_of,
    without_framing,
)
from entra_oauth.recording.importing.memory_need import USUAL_MIB
from entra_oauth.recording.raw import split_message, unpack

__all__ = ["entries_in", "read_har"]

_HEADERS_BEFORE = re.compile(r"\A(?:[A-Za-z][A-Za-z-]{0,40}+: [^\r\n]{0,1000}+\r\n){1,20}+\r\n")


def read_har(
    data: bytes, beside: Beside = nothing_beside, *, max_mib: int = USUAL_MIB
) -> ForeignFile:
    """The exchanges of a HAR file. Raises `UsageError`, which quotes nothing of it.

    `beside` gives the bodies that lie in files of their own (`_file`). `max_mib` is the memory
    that it may need, in MiB.
    """
    har = har_object(data, max_mib=max_mib)
    log = har["log"]
    refuse_many(len(log["entries"]), "HAR file")
    found = tuple(entries_in(log, beside))
    unusable = {*range(1, len(log["entries"]) + 1)} - {entry.number for entry in found}
    creator, version = creator_of(log), plain(text_at(log, "version"), limit=10)
    return ForeignFile(
        kind="HAR file",
        origin=f"a HAR file of {creator or 'an unknown program'}, version {version}",
        version=version,
        creator=creator,
        entries=found,
        unusable=tuple(sorted(unusable)),
        har=har,
    )


def entries_in(log: dict[str, Any], beside: Beside = nothing_beside) -> Iterator[Entry]:
    """The exchanges of the `log` of a HAR file, one after the other."""
    about = members_at(log, "_redaction")
    tags = {str(k): _tag_length(v) for k, v in members_at(about, "tags").items()}
    for number, entry in enumerate(log["entries"], start=1):
        own = entry if isinstance(entry, dict) else {}
        read = _entry(number, with_bodies(own, beside), text_at(about, "recording"), tags)
        if read is not None:
            yield read


def creator_of(log: dict[str, Any]) -> str:
    """The program that wrote a HAR file, by its own word."""
    creator = members_at(log, "creator")
    return plain(f"{text_at(creator, 'name')} {text_at(creator, 'version')}".strip())


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
    headers = _headers(request.get("headers"))
    post = members_at(request, "postData")
    # Firefox writes the headers of the body before it.
    text = _HEADERS_BEFORE.sub("", text_at(post, "text"), count=1)
    body = text.encode("utf-8", "surrogatepass")
    if not body and isinstance(post.get("params"), list):
        body = _form(post["params"])
    kind = text_at(post, "mimeType") or (FORM if post.get("params") else "")
    if body and kind and not any(name.lower() == "content-type" for name, _ in headers):
        headers = (*headers, ("Content-Type", as_line(kind)))
    return request_of(method, url, headers, body)


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
    all_headers = _headers(response.get("headers"))
    body = _body(content, dict(all_headers))
    headers = without_framing(all_headers)
    kind = text_at(content, "mimeType")
    if body and kind and not any(name.lower() == "content-type" for name, _ in headers):
        headers = (*headers, ("Content-Type", as_line(kind)))
    location = text_at(response, "redirectURL")
    if location and not any(name.lower() == "location" for name, _ in headers):
        headers = (*headers, ("Location", as_line(location)))
    return HttpResponse(
        status=int(status),
        reason=as_line(text_at(response, "statusText")),
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
    return clean_headers(
        (text_at(item, "name"), line)
        for item in pairs_in(value)
        for text in _values(item.get("value"))
        for line in _lines(text_at(item, "name"), text)
    )


def _values(value: object) -> list[str]:
    """The values of a name; Polly.js writes several as a list."""
    several = value if isinstance(value, list) else [value if isinstance(value, str) else ""]
    return [each for each in several if isinstance(each, str)]


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
        tls_version=as_line(text_at(tls, "version")) or None,
        cipher=as_line(text_at(tls, "cipher")) or None,
        alpn=as_line(text_at(tls, "alpn")) or None,
        times=Times(**times, receive=_seconds(timings.get("receive"))),
    )


# ---- values ---------------------------------------------------------------------------


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
