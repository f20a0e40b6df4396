"""A sign-in with planted secrets as other programs' files have it, made by hand."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from entra_oauth.recording.har.har_select import Import, import_foreign
from entra_oauth.recording.importing.entries import ForeignFile, GivenFile
from entra_oauth.recording.importing.readers import read_given
from entra_oauth.recording.raw import split_message
from entra_oauth.recording.step import Level
from kit.canaries import CLIENT_ID, CODE, REFRESH_TOKEN, STATE, TENANT
from kit.recordings import COOKIE, HOST, PLANTED, TOKEN, token_bytes

__all__ = [
    "ANSWER",
    "CHUNKED",
    "MESSAGES",
    "PLANTED",
    "Messages",
    "brought",
    "burp",
    "burp_item",
    "cassette",
    "curl_trace",
    "curl_verbose",
    "flow",
    "flows",
    "har_zip",
    "hexed",
    "imported",
    "saz",
    "tagged",
    "zipped",
]

QUERY = f"client_id={CLIENT_ID}&response_type=code&redirect_uri=http%3A%2F%2Flocalhost%3A8400"
ANSWER = json.dumps(
    {"token_type": "Bearer", "access_token": TOKEN, "refresh_token": REFRESH_TOKEN}
).encode()
_PACKED = gzip.compress(ANSWER, mtime=0)
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"
    + f"Set-Cookie: fpc={COOKIE}; path=/; HttpOnly\r\nSet-Cookie: x-ms=1\r\n\r\n".encode()
    + f"{len(_PACKED):x}\r\n".encode()
    + _PACKED
    + b"\r\n0\r\n\r\n"
)
Messages = tuple[tuple[str, bytes, bytes], ...]
MESSAGES: Messages = (
    (
        f"https://{HOST}",
        f"GET /{TENANT}/oauth2/v2.0/authorize?{QUERY}&state={STATE} HTTP/1.1\r\n"
        f"Host: {HOST}\r\n\r\n".encode(),
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>",
    ),
    (
        "http://localhost:8400",
        f"GET /?code={CODE}&state={STATE} HTTP/1.1\r\nHost: localhost:8400\r\n\r\n".encode(),
        b"HTTP/1.1 303 See Other\r\nLocation: /done\r\nContent-Length: 0\r\n\r\n",
    ),
    (f"https://{HOST}", token_bytes(hardened=True), CHUNKED),
)
"""Origin, request and answer of each."""


def brought(data: bytes, **beside: bytes) -> ForeignFile:
    """The file as it is read."""
    return read_given(GivenFile(data=data, beside=beside.get))


def imported(data: bytes, level: Level = Level.SECRETS) -> Import:
    """The same as a recording."""
    return import_foreign(brought(data), level=level, created_at=5.0, facts={})


def zipped(members: Mapping[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def saz(messages: Messages = MESSAGES) -> bytes:
    """As Fiddler writes it: absolute addresses, tunnels among the sessions, times."""
    members = {"[Content_Types].xml": b"<Types/>", "_index.htm": b"<html></html>"}
    members["raw/1_c.txt"] = f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
    for number, (_, sent, received) in enumerate(messages, start=2):
        members[f"raw/{number}_c.txt"] = sent
        members[f"raw/{number}_s.txt"] = received
        members[f"raw/{number}_m.xml"] = (
            f'<?xml version="1.0"?><Session SID="{number}" BitFlags="1f"><SessionTimers '
            f'ClientBeginRequest="2026-11-25T10:00:0{number}.1234567+01:00" '
            f'ServerDoneResponse="2026-11-25T10:00:0{number}.6234567+01:00" /></Session>'
        ).encode()
    return zipped(members)


def har_entry(url: str, sent: bytes, received: bytes, names: tuple[str, str]) -> dict[str, Any]:
    """As Playwright writes one whose bodies are in these files; no name, no body."""
    method, target, _ = sent.decode().partition("\r\n")[0].split(" ")
    head = sent.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    pairs = [line.split(": ", 1) for line in head]
    return {
        "startedDateTime": "2026-11-25T09:00:00.000Z",
        "time": 12.5,
        "request": {
            "method": method,
            "url": f"{url}{target}",
            "headers": [{"name": name, "value": value} for name, value in pairs],
            **({"postData": {"params": [], "_file": names[0]}} if names[0] else {}),
        },
        "response": {
            "status": int(received[9:12]),
            "headers": [],
            "content": {"mimeType": "application/json", "size": 1, "_file": names[1]},
        },
    }


def har_zip(members: Mapping[str, bytes] | None = None) -> bytes:
    """As Playwright writes it: `har.har`, and each body in a file of its own."""
    names = [("", "a1.html"), ("", ""), ("b2.dat", "c3.json")]
    entries = [har_entry(*each, name) for each, name in zip(MESSAGES, names, strict=True)]
    har = {"log": {"version": "1.2", "creator": {"name": "Playwright"}, "entries": entries}}
    body = MESSAGES[2][1].partition(b"\r\n\r\n")[2]
    bodies = {"a1.html": b"<html></html>", "b2.dat": body, "c3.json": ANSWER}
    return zipped({"har.har": json.dumps(har).encode(), **(bodies if members is None else members)})


def tagged(value: object) -> bytes:
    """A value as mitmproxy writes it."""
    if isinstance(value, dict):
        data, kind = b"".join(tagged(k) + tagged(v) for k, v in value.items()), b"}"
    elif isinstance(value, list):
        data, kind = b"".join(map(tagged, value)), b"]"
    elif isinstance(value, bytes):
        data, kind = value, b","
    elif value is None:
        data, kind = b"", b"~"
    else:
        kinds = {bool: b"!", int: b"#", float: b"^", str: b";"}
        data, kind = str(value).lower().encode(), kinds[type(value)]
        data = value.encode() if isinstance(value, str) else data
    return b"%d:%s%s" % (len(data), data, kind)


def flow(origin: str, sent: bytes, received: bytes, **more: Any) -> dict[str, Any]:
    """One of mitmproxy's, form 21; `more` takes the place of its members."""
    asked, came = split_message(sent), split_message(received)
    method, target, version = asked.start.split(b" ")
    scheme, _, host = origin.partition("://")
    return {
        "websocket": None,
        "response": {
            "status_code": int(came.start[9:12]),
            "reason": came.start[13:],
            "http_version": b"HTTP/1.1",
            "headers": [[n.encode(), v.encode()] for n, v in came.headers],
            "content": came.unframed(),
            "timestamp_start": 1764000001.25,
            "timestamp_end": 1764000001.5,
        },
        "request": {
            "method": method,
            "scheme": scheme.encode(),
            "authority": b"",
            "host": host.partition(":")[0],
            "port": 443,
            "path": target,
            "http_version": version,
            "headers": [[n.encode(), v.encode()] for n, v in asked.headers],
            "content": asked.body,
            "timestamp_start": 1764000001.0,
            "timestamp_end": 1764000001.125,
        },
        "server_conn": {
            "peername": ["192.0.2.7", 443],
            "tls_version": "TLSv1.3",
            "cipher": "TLS_AES_256_GCM_SHA384",
            "alpn": b"h2",
        },
        "backup": None,
        "is_replay": None,
        "type": "http",
        "version": 21,
        **more,
    }


def flows(messages: Messages = MESSAGES) -> bytes:
    """A sign-in as mitmproxy keeps it."""
    return b"".join(tagged(flow(*each)) for each in messages)


DTD = b"<!DOCTYPE items [\n<!ELEMENT items (item*)>\n<!ATTLIST items burpVersion CDATA ''>\n]>"


def burp_item(origin: str, sent: bytes, received: bytes) -> bytes:
    """One of Burp's items."""
    target = sent.split(b" ")[1].replace(b"&", b"&amp;")
    host = origin.partition("://")[2].partition(":")[0]
    return (
        b"<item><time>Wed Nov 25 10:00:00 IDT 2026</time><url><![CDATA["
        + origin.encode()
        + sent.split(b" ")[1]
        + b']]></url><host ip="192.0.2.7">'
        + host.encode()
        + b"</host><port>443</port><protocol>https</protocol><path>"
        + target
        + b'</path><request base64="true"><![CDATA['
        + base64.b64encode(sent)
        + b']]></request><response base64="true"><![CDATA['
        + base64.b64encode(received)
        + b"]]></response><comment></comment></item>"
    )


def burp(*items: bytes, version: str = "1.0", dtd: bytes = DTD) -> bytes:
    """A file of Burp's; a sign-in, if no items are given."""
    given = items or tuple(burp_item(*each) for each in MESSAGES)
    head = f'<?xml version="{version}"?>\n'.encode()
    return (
        head + dtd + b'<items burpVersion="2024.1" exportTime="x">' + b"".join(given) + b"</items>"
    )


def hexed(way: str, data: bytes, prefix: str = "") -> str:
    """A block of a trace as curl writes it."""
    lines = [f"{prefix}{way}, {len(data)} bytes (0x{len(data):x})"]
    for at in range(0, len(data), 16):
        piece = data[at : at + 16]
        shown = "".join(chr(b) if 0x20 <= b < 0x7F else "." for b in piece)
        lines.append(f"{at:04x}: {piece.hex(' ') + ' ':<48}{shown}")
    return "\n".join(lines) + "\n"


def _head_and_body(message: bytes) -> tuple[list[bytes], bytes]:
    head, _, body = message.partition(b"\r\n\r\n")
    return [*head.split(b"\r\n"), b""], body


def _curl_info(origin: str) -> list[str]:
    scheme, _, host = origin.partition("://")
    port = 443 if scheme == "https" else host.partition(":")[2]
    lines = [f"Connected to {host.partition(':')[0]} (192.0.2.7) port {port} (#0)"]
    tls = "SSL connection using TLSv1.3 / TLS_AES_256_GCM_SHA384"
    return [*lines, tls] if scheme == "https" else lines


def curl_trace(messages: Messages = MESSAGES) -> bytes:
    """A sign-in as `curl --trace` would have it."""
    text = ""
    for origin, sent, received in messages:
        text += "".join(f"== Info: {line}\n" for line in _curl_info(origin))
        head, _, body = sent.partition(b"\r\n\r\n")
        text += hexed("=> Send header", head + b"\r\n\r\n")
        text += hexed("=> Send data", body) if body else ""
        lines, body = _head_and_body(received)
        text += "".join(hexed("<= Recv header", line + b"\r\n") for line in lines)
        text += hexed("<= Recv data", body) if body else ""
        text += "== Info: Connection #0 to host x left intact\n"
    return text.encode()


def curl_verbose(messages: Messages = MESSAGES) -> bytes:
    """The same as `curl -v` would, its bodies elsewhere."""
    text = ""
    for origin, sent, received in messages:
        text += "".join(f"* {line}\n" for line in _curl_info(origin))
        text += "".join(f"> {line.decode()}\n" for line in _head_and_body(sent)[0])
        text += "".join(f"< {line.decode()}\n" for line in _head_and_body(received)[0])
        text += "* Connection #0 to host x left intact\n"
    return text.encode()


def cassette(messages: Messages = MESSAGES) -> bytes:
    """The same as vcrpy keeps it in JSON."""
    interactions = []
    for origin, sent, received in messages:
        asked, came = split_message(sent), split_message(received)
        method, target, _ = asked.start.decode().split(" ")
        interactions.append(
            {
                "request": {
                    "method": method,
                    "uri": origin + target,
                    "body": asked.body.decode() or None,
                    "headers": {name: [value] for name, value in asked.headers},
                },
                "response": {
                    "status": {"code": int(came.start[9:12]), "message": "OK"},
                    "headers": {name: [value] for name, value in came.headers},
                    "body": {"string": (came.decoded() or b"").decode()},
                },
            }
        )
    return json.dumps({"version": 1, "interactions": interactions}, indent=4).encode() + b"\n"
