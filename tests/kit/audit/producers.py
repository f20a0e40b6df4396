"""Programs that keep HTTP exchanges, each as a function from exchanges to a file in its style.

The styles are those that the programs' own files have: names of headers in lower case or as
sent, bodies as text, as parameters or in base64, with a mark before the text or packed.
"""

from __future__ import annotations

import gzip
import json
import zlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any

from entra_oauth.protocol.messages import Fields, HttpRequest, HttpResponse, parse_form
from entra_oauth.recording import Exchange, Recording
from entra_oauth.recording.har.har_write import har_text
from entra_oauth.recording.save import evidence_of
from entra_oauth.recording.step import Level, rebuilt
from kit.foreign.files import burp, burp_item, flow, hexed, tagged, zipped

__all__ = ["PRODUCERS", "Producer"]

Producer = Callable[[Recording], bytes]
Pairs = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Style:
    """A program's way to write a HAR file."""

    creator: str
    version: str = "1.2"
    names: Callable[[str], str] = str
    """Of headers."""
    pairs: Callable[[Fields, HttpRequest | None], Any] | None = None
    """Of headers, in the place of objects with name and value."""
    post: Callable[[HttpRequest], dict[str, Any]] | None = None
    content: Callable[[HttpResponse], dict[str, Any]] | None = None
    http: str = "HTTP/1.1"
    more: Callable[[Exchange], dict[str, Any]] = lambda _exchange: {}
    """Members of an entry."""
    about: tuple[tuple[str, Any], ...] = ()
    """Members of the log."""
    pack: Callable[[bytes], bytes] = bytes
    sorted: bool = False


def in_style(style: Style) -> Producer:
    """A producer of HAR files."""

    def produced(recording: Recording) -> bytes:
        log = {
            "version": style.version,
            "creator": {"name": style.creator, "version": "1.0"},
            **dict(style.about),
            "entries": [_entry(each, style) for each in recording.exchanges],
        }
        text = json.dumps({"log": log}, ensure_ascii=False, sort_keys=style.sorted)
        return style.pack(text.encode())

    return produced


def _entry(exchange: Exchange, style: Style) -> dict[str, Any]:
    request, response = exchange.request, exchange.response
    start = datetime.fromtimestamp(exchange.started_at, UTC)
    asked: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "httpVersion": style.http,
        "cookies": [],
        "headers": _headers(request.headers, request, style),
        "queryString": _named(parse_form(request.query)),
        "headersSize": -1,
        "bodySize": len(request.body),
    }
    if request.body:
        asked["postData"] = (style.post or _text_and_params)(request)
    return {
        "startedDateTime": start.isoformat().replace("+00:00", "Z"),
        "time": 12.5,
        "request": asked,
        "response": _answer(response, style),
        "cache": {},
        "timings": {"send": 0.5, "wait": 11, "receive": 1},
        **style.more(exchange),
    }


def _answer(response: HttpResponse | None, style: Style) -> dict[str, Any]:
    if response is None:
        return {"status": 0, "headers": [], "content": {}, "_error": "net::ERR_ABORTED"}
    return {
        "status": response.status,
        "statusText": "",
        "httpVersion": style.http,
        "cookies": [],
        "headers": _headers(response.headers, None, style),
        "content": (style.content or _as_text)(response),
        "redirectURL": response.header("location") or "",
        "headersSize": -1,
        "bodySize": -1,
    }


def _headers(fields: Fields, request: HttpRequest | None, style: Style) -> Any:
    named = tuple((style.names(name), value) for name, value in fields)
    return style.pairs(named, request) if style.pairs else _named(named)


def _named(fields: Fields) -> Pairs:
    return [{"name": name, "value": value} for name, value in fields]


def _kind(message: HttpRequest | HttpResponse) -> str:
    return message.header("content-type") or ""


# ---- bodies ----------------------------------------------------------------------------


def _text_and_params(request: HttpRequest) -> dict[str, Any]:
    pieces = (piece.partition("=") for piece in request.body.decode().split("&"))
    return {
        "mimeType": _kind(request),
        "text": request.body.decode(),
        "params": [{"name": name, "value": value} for name, _, value in pieces],
    }


def _text_alone(request: HttpRequest) -> dict[str, Any]:
    return {"mimeType": _kind(request), "text": request.body.decode()}


def _params_alone(request: HttpRequest) -> dict[str, Any]:
    return {"mimeType": _kind(request), "params": _named(parse_form(request.body.decode()))}


def _headers_before(request: HttpRequest) -> dict[str, Any]:
    head = f"Content-Type: {_kind(request)}\r\nContent-Length: {len(request.body)}\r\n\r\n"
    return {**_params_alone(request), "text": head + request.body.decode()}


def _as_text(response: HttpResponse) -> dict[str, Any]:
    text = response.body.decode()
    return {"size": len(text), "mimeType": _kind(response), "text": text}


def _as_base64(response: HttpResponse) -> dict[str, Any]:
    text = b64encode(response.body).decode()
    return {"size": len(response.body), "mimeType": _kind(response)} | {
        "text": text,
        "encoding": "base64",
    }


def _gzip_in_base64(response: HttpResponse) -> dict[str, Any]:
    packed = b64encode(gzip.compress(response.body, mtime=0)).decode()
    return {"size": 1, "mimeType": _kind(response), "text": packed, "encoding": "base64"}


# ---- headers ---------------------------------------------------------------------------


def _pseudo(fields: Fields, request: HttpRequest | None) -> Pairs:
    if request is None:
        return _named(fields)
    origin, _, rest = request.url.partition("://")[2].partition("/")
    first = ((":authority", origin), (":method", request.method), (":path", f"/{rest}"))
    return _named((*first, (":scheme", "https"), *fields))


def _as_lists(fields: Fields, _request: HttpRequest | None) -> Pairs:
    once: dict[str, list[str]] = {}
    for name, value in fields:
        once.setdefault(name, []).append(value)
    return [{"name": n, "value": v if len(v) > 1 else v[0]} for n, v in once.items()]


def _as_pairs(fields: Fields, _request: HttpRequest | None) -> list[list[str]]:
    return [[name, value] for name, value in fields]


def _joined(fields: Fields, _request: HttpRequest | None) -> Pairs:
    once: dict[str, str] = {}
    for name, value in fields:
        once[name] = f"{once[name]}\n{value}" if name in once else value
    return _named(tuple(once.items()))


def _utf16(text: bytes) -> bytes:
    return text.decode().encode("utf-16")


_CHROME = Style(
    creator="WebInspector",
    about=(("pages", [{"startedDateTime": "2025-11-24T16:00:00.000Z", "id": "page_1"}]),),
    more=lambda e: {
        "_initiator": {"type": "other"},
        "_priority": "VeryHigh",
        "_resourceType": "document",
        "pageref": "page_1",
        "connection": "443",
        "serverIPAddress": "192.0.2.7",
    },
)
STYLES: dict[str, Style] = {
    "Chrome": _CHROME,
    "Chrome over HTTP/2": replace(_CHROME, names=str.lower, pairs=_pseudo, http="http/2.0"),
    "Edge": replace(_CHROME, more=lambda e: {"_fromCache": None, "_connectionId": "12"}),
    "Chrome, cookies joined by lines": replace(_CHROME, pairs=_joined),
    "Firefox": Style(creator="Firefox", post=_params_alone, about=(("browser", {"name": "F"}),)),
    "Firefox, headers before the body": Style(creator="Firefox", post=_headers_before),
    "Safari": Style(creator="WebKit Web Inspector", post=_text_alone, http="HTTP/2"),
    "Charles": Style(creator="Charles Proxy", more=lambda e: {"_charlesStatus": "COMPLETE"}),
    "Fiddler": Style(creator="Fiddler", pack=lambda text: b"\xef\xbb\xbf" + text),
    "mitmproxy": Style(creator="mitmproxy", post=_text_and_params, http="HTTP/2.0"),
    "mitmproxy, zhar": Style(creator="mitmproxy", pack=zlib.compress),
    "gzip": Style(creator="HAR Recorder", pack=gzip.compress),
    "Playwright": Style(
        creator="Playwright", more=lambda e: {"_securityDetails": {"protocol": "TLS 1.3"}}
    ),
    "Polly.js": Style(
        creator="Polly.JS",
        names=str.lower,
        pairs=_as_lists,
        post=_text_and_params,
        about=(("_recordingName", "sign-in"),),
        more=lambda e: {"_id": sha1(e.request.url.encode()).hexdigest(), "_order": 0},
        sorted=True,
    ),
    "Slack's pairs": Style(creator="Slack", pairs=_as_pairs),
    "PowerShell's UTF-16": replace(_CHROME, pack=_utf16),
    "HTTP Toolkit": Style(creator="HTTP Toolkit", content=_as_base64, post=_text_alone),
    "Proxyman": Style(creator="Proxyman", content=_as_base64, more=lambda e: {"_id": "7"}),
    "bodies packed in base64": Style(creator="Rec", content=_gzip_in_base64),
    "Insomnia": Style(creator="Insomnia REST Client", post=_params_alone, version="1.2"),
    "HttpWatch, HAR 1.1": Style(creator="HttpWatch", version="1.1", post=_params_alone),
    "HAR 1.3": Style(creator="Reqable", version="1.3", post=_text_alone),
}


# ---- files of other kinds --------------------------------------------------------------


def _messages(recording: Recording) -> list[tuple[str, bytes, bytes]]:
    """Origin, request and answer of each."""
    found = []
    for exchange in recording.exchanges:
        scheme, _, rest = exchange.request.url.partition("://")
        origin = f"{scheme}://{rest.partition('/')[0].partition('?')[0]}"
        found.append((origin, rebuilt(exchange.request), _received(exchange.response)))
    return found


def _received(response: HttpResponse | None) -> bytes:
    if response is None:
        return b""
    lines = [f"HTTP/1.1 {response.status} OK"]
    lines += [f"{name}: {value}" for name, value in response.headers]
    lines.append(f"Content-Length: {len(response.body)}")
    return "\r\n".join([*lines, "", ""]).encode() + response.body


def _flows(recording: Recording) -> bytes:
    kept = []
    for exchange, each in zip(recording.exchanges, _messages(recording), strict=True):
        made = flow(*each)
        port = each[0].partition("://")[2].partition(":")[2]
        start = exchange.started_at
        times = {"timestamp_start": start, "timestamp_end": start + 0.1}
        made["request"] |= {"port": int(port or 443), **times}
        made["response"] |= {"timestamp_start": start + 0.2, "timestamp_end": start + 0.3}
        kept.append(tagged(made))
    return b"".join(kept)


def _burp(recording: Recording) -> bytes:
    return burp(*(burp_item(*each) for each in _messages(recording)))


def _saz(recording: Recording) -> bytes:
    members = {"[Content_Types].xml": b"<Types/>"}
    exchanges = zip(recording.exchanges, _messages(recording), strict=True)
    for number, (exchange, (_, sent, received)) in enumerate(exchanges, start=1):
        words = sent.split(b" ", 2)
        members[f"raw/{number}_c.txt"] = b" ".join(
            (words[0], exchange.request.url.encode(), words[2])
        )
        members[f"raw/{number}_s.txt"] = received
        began = datetime.fromtimestamp(exchange.started_at, UTC).isoformat()
        members[f"raw/{number}_m.xml"] = (
            f'<?xml version="1.0"?><Session SID="{number}" BitFlags="1f">'
            f'<SessionTimers ClientBeginRequest="{began}" ServerDoneResponse="{began}" /></Session>'
        ).encode()
    return zipped(members)


def _cassette(recording: Recording) -> bytes:
    kept = []
    for exchange in recording.exchanges:
        asked, came = exchange.request, exchange.response
        assert came is not None
        kept.append(
            {
                "request": {
                    "method": asked.method,
                    "uri": asked.url,
                    "body": asked.body.decode() or None,
                    "headers": {name: [value] for name, value in asked.headers},
                },
                "response": {
                    "status": {"code": came.status, "message": "OK"},
                    "headers": {name: [value] for name, value in came.headers},
                    "body": {"string": came.body.decode()},
                },
            }
        )
    return json.dumps({"version": 1, "interactions": kept}).encode()


def _trace(recording: Recording) -> bytes:
    text = ""
    for origin, sent, received in _messages(recording):
        scheme, _, host = origin.partition("://")
        port = host.partition(":")[2] or (443 if scheme == "https" else 80)
        text += f"== Info: Connected to {host.partition(':')[0]} (192.0.2.7) port {port} (#0)\n"
        if scheme == "https":
            text += "== Info: SSL connection using TLSv1.3 / TLS_AES_256_GCM_SHA384\n"
        head, _, body = sent.partition(b"\r\n\r\n")
        text += hexed("=> Send header", head + b"\r\n\r\n")
        text += hexed("=> Send data", body) if body else ""
        head, _, body = received.partition(b"\r\n\r\n")
        lines = [*head.split(b"\r\n"), b""]
        text += "".join(hexed("<= Recv header", line + b"\r\n") for line in lines)
        text += hexed("<= Recv data", body) if body else ""
        text += "== Info: Connection #0 to host x left intact\n"
    return text.encode()


def _playwright_zip(recording: Recording) -> bytes:
    files: dict[str, bytes] = {}

    def kept(data: bytes, ending: str) -> dict[str, Any]:
        name = f"{sha1(data).hexdigest()}.{ending}"
        files[name] = data
        return {"_file": name}

    style = Style(
        creator="Playwright",
        post=lambda r: {"mimeType": _kind(r), "params": [], **kept(r.body, "dat")},
        content=lambda r: {"mimeType": _kind(r), "size": len(r.body), **kept(r.body, "json")},
    )
    return zipped({"har.har": in_style(style)(recording), **files})


def _our_own(recording: Recording) -> bytes:
    return har_text(evidence_of(recording, level=Level.NONE, created_at=1.0)).encode()


PRODUCERS: dict[str, Producer] = {
    **{name: in_style(style) for name, style in STYLES.items()},
    "Playwright, zipped": _playwright_zip,
    "mitmproxy's flows": _flows,
    "Burp": _burp,
    "Fiddler's archive": _saz,
    "vcrpy": _cassette,
    "curl's trace": _trace,
    "our own HAR": _our_own,
}
"""By the name of the program, and what is odd about its file."""
