"""A recording as HAR 1.2, with what HAR has no word for in members that begin with `_`.

http://www.softwareishard.com/blog/har-12-spec/. Some members are there because
readers fail without them, though the specification lets them be absent.

`_raw` has the bytes of both directions (base64), `_tls` the connection, `_step` where
the exchange stands in the sign-in, `_redaction` what was changed.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from entra_oauth._version import __version__
from entra_oauth.moments import utc
from entra_oauth.protocol.messages import FORM, parse_form
from entra_oauth.recording.files import RECORDING, files_of
from entra_oauth.recording.step import Seen
from entra_oauth.recording.story import evidence_remark, title_of

if TYPE_CHECKING:
    from entra_oauth.protocol.messages import Fields, Times, Wire
    from entra_oauth.recording.step import Evidence, Half, Step

__all__ = ["har_of", "har_text", "recording_id"]

_PAGE = "sign-in"


def recording_id(evidence: Evidence) -> str:
    """Names a recording: its tags mean something within it only."""
    return hashlib.sha256(files_of(evidence)[RECORDING]).hexdigest()


def har_text(evidence: Evidence) -> str:
    """The file, as ASCII."""
    return json.dumps(har_of(evidence), indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def har_of(evidence: Evidence) -> dict[str, Any]:
    """The whole as JSON values."""
    steps = sorted(evidence.steps, key=lambda step: step.started_at)
    start = steps[0].started_at if steps else evidence.created_at
    seen = evidence.not_seen or ("Everything that passed is here.",)
    remarks = [each for each in (evidence_remark(evidence), *seen) if each]
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "entra-oauth", "version": __version__},
            "pages": [
                {
                    "startedDateTime": _iso(start),
                    "id": _PAGE,
                    "title": title_of(evidence),
                    "pageTimings": {"onContentLoad": -1, "onLoad": -1},
                }
            ],
            "entries": [_entry(step, evidence) for step in steps],
            "comment": " ".join(remarks),
            "_redaction": {
                "level": evidence.level.value,
                "recording": recording_id(evidence),
                "tags": {entry.tag: entry.length for entry in evidence.ledger if entry.tag},
            },
        }
    }


def _entry(step: Step, evidence: Evidence) -> dict[str, Any]:
    timings = _timings(step)
    counted = ("blocked", "dns", "connect", "send", "wait", "receive")
    entry: dict[str, Any] = {
        "pageref": _PAGE,
        "startedDateTime": _iso(step.started_at),
        "time": round(sum(max(timings[name], 0) for name in counted), 3),
        "request": _request(step),
        "response": _response(step),
        "cache": {},
        "timings": timings,
        "comment": _comment(step),
        "_resourceType": "document" if step.channel == "front" else "fetch",
        "_step": {
            "number": step.number,
            "name": step.name,
            "channel": step.channel,
            "note": step.note,
            "attempt": step.attempt,
            "failure": step.failure,
            "seen": {"request": step.request.seen.value, "response": step.response.seen.value},
            "claims": [
                {"name": claim.name, "verdict": claim.verdict}
                for claim in evidence.claims
                if step.number in claim.steps
            ],
        },
        "_raw": {"request": _bytes(step.request), "response": _bytes(step.response)},
        "_redaction": {"request": _changes(step.request), "response": _changes(step.response)},
    }
    entry |= _peer(step.link)
    if step.link.tls_version is not None:
        entry["_tls"] = _tls(step.link)
    if step.failure is not None:
        entry["_error"] = step.failure
    return entry


def _bytes(half: Half) -> str | None:
    return None if half.seen is Seen.NOTHING else b64encode(half.data).decode("ascii")


def _changes(half: Half) -> dict[str, Any]:
    return {"original_size": half.original_size, "changes": list(half.changes)}


def _iso(at: float) -> str:
    text = utc(at).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _comment(step: Step) -> str:
    if step.request.seen is Seen.ADDRESS:
        return "Sent by the browser: only its address is known, and its answer was not seen."
    if step.response.seen is Seen.NOTHING:
        return "No answer came."
    return step.note


def _timings(step: Step) -> dict[str, float]:
    """Milliseconds; -1 for what there was not. `ssl` is part of `connect`."""
    times, kept = step.link.times, step.link.reused
    known = [times.send, times.wait, times.receive]
    wait = _ms(times.wait)
    if all(part is None for part in known):
        wait = round((step.ended_at - step.started_at) * 1000, 3)
    return {
        "blocked": -1,
        "dns": -1 if kept else _ms(times.dns, -1),
        "connect": -1 if kept else _connect(times),
        "ssl": -1 if kept else _ms(times.tls, -1),
        "send": _ms(times.send),
        "wait": max(wait, 0),
        "receive": _ms(times.receive),
    }


def _ms(seconds: float | None, missing: float = 0) -> float:
    return missing if seconds is None else round(max(seconds, 0) * 1000, 3)


def _connect(times: Times) -> float:
    parts = [part for part in (times.connect, times.tunnel, times.tls) if part is not None]
    return _ms(sum(parts)) if parts else -1


def _peer(link: Wire) -> dict[str, str]:
    host, _, port = (link.peer or "").rpartition(":")
    try:
        address = str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return {}
    return {"serverIPAddress": address, "connection": port}


def _tls(link: Wire) -> dict[str, Any]:
    return {
        "version": link.tls_version,
        "cipher": link.cipher,
        "alpn": link.alpn,
        "certificates_sha256": [hashlib.sha256(der).hexdigest() for der in link.certificates],
    }


# ---- messages -------------------------------------------------------------------------


def _request(step: Step) -> dict[str, Any]:
    message, url = step.request.message, step.url.partition("#")[0]
    known = step.request.seen is not Seen.ADDRESS and message.whole
    headers = message.headers if known else ()
    body = message.decoded() if known else b""
    request: dict[str, Any] = {
        "method": step.method,
        "url": url,
        "httpVersion": _version(message.start) if known else "HTTP/1.1",
        "cookies": _cookies(headers),
        "headers": _named(headers),
        "queryString": _named(parse_form(url.partition("?")[2])),
        "headersSize": len(step.request.data) - len(message.body) if known else -1,
        "bodySize": len(message.body) if known else -1,
    }
    if body:
        kind = message.header("content-type") or ""
        text = body.decode("utf-8", "replace")
        is_form = kind.lower().startswith(FORM)
        # Chrome shows the word "undefined" where text is missing; others want params.
        request["postData"] = {
            "mimeType": kind,
            "text": text,
            "params": _named(parse_form(text)) if is_form else [],
        }
    return request


def _version(start: bytes) -> str:
    words = start.decode("latin-1").split(" ")
    return next((word for word in words if word.startswith("HTTP/")), "HTTP/1.1")


def _response(step: Step) -> dict[str, Any]:
    half = step.response
    response, message = step.http_response, half.message
    if response is None:
        return {
            "status": 0,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [],
            "content": {"size": 0, "mimeType": "x-unknown"},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
        }
    return {
        "status": response.status,
        "statusText": response.reason,
        "httpVersion": _version(message.start),
        "cookies": _set_cookies(response.headers),
        "headers": _named(response.headers),
        "content": _content(response.body, response.header("content-type"), len(message.body)),
        "redirectURL": response.header("location") or "",
        "headersSize": len(half.data) - len(message.body),
        "bodySize": len(message.body),
    }


def _content(body: bytes, kind: str | None, size: int) -> dict[str, Any]:
    content: dict[str, Any] = {"size": len(body), "mimeType": kind or "x-unknown"}
    if len(body) > size:
        content["compression"] = len(body) - size
    try:
        content["text"] = body.decode("utf-8")
    except UnicodeDecodeError:
        content |= {"text": b64encode(body).decode("ascii"), "encoding": "base64"}
    return content


def _named(fields: Fields) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in fields]


def _cookies(headers: Fields) -> list[dict[str, Any]]:
    lines = (value for name, value in headers if name.lower() == "cookie")
    pairs = (piece.strip().partition("=") for line in lines for piece in line.split(";"))
    return [{"name": name, "value": value} for name, _, value in pairs if name]


def _set_cookies(headers: Fields) -> list[dict[str, Any]]:
    cookies = []
    for name, line in headers:
        if name.lower() == "set-cookie":
            first, *rest = (piece.strip() for piece in line.split(";"))
            cookie: dict[str, Any] = dict(
                zip(("name", "_", "value"), first.partition("="), strict=True)
            )
            del cookie["_"]
            attributes = {
                piece.partition("=")[0].lower(): piece.partition("=")[2] for piece in rest
            }
            for own in ("path", "domain"):
                if own in attributes:
                    cookie[own] = attributes[own]
            cookie |= {"httpOnly": "httponly" in attributes, "secure": "secure" in attributes}
            cookies.append(cookie)
    return cookies
