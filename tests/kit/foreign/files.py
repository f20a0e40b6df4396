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
from entra_oauth.recording.step import Level
from kit.canaries import CLIENT_ID, CODE, REFRESH_TOKEN, STATE, TENANT
from kit.recordings import COOKIE, HOST, PLANTED, TOKEN, token_bytes

__all__ = [
    "ANSWER", "CHUNKED", "MESSAGES", "PLANTED", "brought", "har_zip", "imported", "saz", "zipped",
]  # fmt: skip

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
MESSAGES: tuple[tuple[str, bytes, bytes], ...] = (
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


def saz() -> bytes:
    """As Fiddler writes it: absolute addresses, tunnels among the sessions, times."""
    members = {"[Content_Types].xml": b"<Types/>", "_index.htm": b"<html></html>"}
    members["raw/1_c.txt"] = f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
    for number, (_, sent, received) in enumerate(MESSAGES, start=2):
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


def base64_of(data: bytes) -> str:
    """In one line."""
    return base64.b64encode(data).decode()
