"""Recordings with planted secrets, made by hand: each byte is known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote_plus

from entra_oauth.protocol.endpoints.authorize import s256
from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse, Times, Wire
from entra_oauth.recording import Exchange, FrontEvent, Occurred, Recording
from entra_oauth.recording.raw import split_message
from entra_oauth.recording.save import evidence_of, finished_files
from entra_oauth.recording.step import Evidence, Level
from entra_oauth.recording.store import write
from kit import canaries

__all__ = ["PLANTED", "evidence", "failed", "recording", "token_bytes", "written"]

HOST = "login.microsoftonline.com"
PATH = f"/{canaries.TENANT}/oauth2/v2.0/token"
SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"
TOKEN = canaries.jwt(
    {"alg": "RS256", "typ": "JWT", "kid": "one"},
    {"aud": "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d", "name": "Ada", "exp": 1764000000},
    "CanarySignature" + "Sg7_" * 40,
)
COOKIE = "CanaryCookie-" + "Ck8_" * 8
PLANTED = (
    canaries.CODE,
    canaries.STATE,
    canaries.VERIFIER,
    canaries.NONCE,
    canaries.REFRESH_TOKEN,
    TOKEN.rpartition(".")[2],
    COOKIE,
)
"""What may be found in nothing that is handed on."""

LINK = Wire(
    peer="192.0.2.7:443",
    tls_version="TLSv1.3",
    cipher="TLS_AES_256_GCM_SHA384",
    alpn="http/1.1",
    certificates=(b"\x30\x03\x02\x01\x05",),
    times=Times(dns=0.004, connect=0.01, tls=0.02, send=0.0001, wait=0.05, receive=0.001),
)


def token_bytes(*, hardened: bool = False, agent: str = "entra-oauth/0") -> bytes:
    """The token request as it is on the wire."""
    fields = [
        ("client_id", canaries.CLIENT_ID),
        ("scope", SCOPE),
        ("code", canaries.CODE),
        ("redirect_uri", "http://localhost:8400"),
        ("grant_type", "authorization_code"),
        ("code_verifier", canaries.VERIFIER) if hardened else ("state", canaries.STATE),
    ]
    body = "&".join(f"{name}={quote_plus(value)}" for name, value in fields).encode()
    accept = "application/json" if hardened else "*/*"
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: {agent}\r\nAccept: {accept}\r\n"
        f"Content-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def recording(*, hardened: bool = False, answer: bytes | None = None) -> Recording:
    """A whole sign-in. `answer` takes the place of the token endpoint's."""
    query = (
        f"client_id={canaries.CLIENT_ID}&response_type=code&"
        "redirect_uri=http%3A%2F%2Flocalhost%3A8400&response_mode=query&"
        f"scope={quote_plus(SCOPE)}&state={quote_plus(canaries.STATE)}"
    )
    if hardened:
        challenge = s256(canaries.VERIFIER)
        query += f"&code_challenge={challenge}&code_challenge_method=S256&nonce={canaries.NONCE}"
    came = f"/?code={quote_plus(canaries.CODE)}&state={quote_plus(canaries.STATE)}"
    redirect = f"GET {came} HTTP/1.1\r\nHost: localhost:8400\r\nCookie: a={COOKIE}\r\n\r\n"
    return Recording(
        (
            _front(
                FrontEvent(Occurred.ASKED),
                f"https://{HOST}/{canaries.TENANT}/oauth2/v2.0/authorize?{query}",
            ),
            _front(
                FrontEvent(Occurred.ACCEPTED),
                f"http://localhost:8400{came}",
                raw=redirect.encode(),
                response=HttpResponse(status=303, headers=(("Location", "/done/x"),)),
                at=2.0,
            ),
            _back(token_bytes(hardened=hardened), answer or _answer(), at=3.0),
            _back(
                f"GET /api/2.0/clusters/list HTTP/1.1\r\nHost: adb.example\r\n"
                f"Authorization: Bearer {TOKEN}\r\n\r\n".encode(),
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
                at=4.0,
                host="adb.example",
            ),
        )
    )


def failed(description: str) -> Recording:
    """A sign-in that the authority ended with this description."""
    body = json.dumps({"error": "invalid_grant", "error_description": description}).encode()
    head = (
        f"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    )
    return recording(answer=head.encode() + b"\r\n\r\n" + body)


def _answer() -> bytes:
    members = {
        "token_type": "Bearer",
        "expires_in": 3599,
        "access_token": TOKEN,
        "refresh_token": canaries.REFRESH_TOKEN,
    }
    body = json.dumps(members).encode()
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
        f"Set-Cookie: fpc={COOKIE}; path=/; secure; HttpOnly\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _front(
    event: FrontEvent,
    url: str,
    *,
    raw: bytes = b"",
    response: HttpResponse | None = None,
    at: float = 1.0,
) -> Exchange:
    headers = (("Host", "localhost:8400"), ("Cookie", f"a={COOKIE}")) if raw else ()
    return Exchange(
        event=event,
        request=HttpRequest(method="GET", url=url, headers=headers, raw=raw),
        response=response,
        started_at=at,
        ended_at=at,
    )


def _back(sent: bytes, received: bytes, *, at: float, host: str = HOST) -> Exchange:
    request, answer = split_message(sent), split_message(received)
    method, target, _ = request.start.decode().split(" ")
    wire = replace(LINK, sent=sent, received=received)
    return Exchange(
        request=HttpRequest(
            method=method, url=f"https://{host}{target}", headers=request.headers, body=request.body
        ),
        response=HttpResponse(
            status=int(status) if (status := answer.start[9:12]).isdigit() else 200,
            headers=answer.headers,
            body=answer.body,
            wire=wire,
        ),
        started_at=at,
        ended_at=at + 0.0851,
        wire=wire,
    )


def evidence(
    what: Recording | None = None, *, level: Level = Level.SECRETS, key: bytes = b"k" * 32
) -> Evidence:
    """It as it is written down; the article's procedure, if nothing else is named."""
    return evidence_of(
        recording() if what is None else what,
        level=level,
        created_at=1764000000.5,
        facts={"program": {"name": "entra-oauth", "version": "0", "verb": "mirror"}},
        key=key,
    )


def written(
    folder: Path,
    what: Recording | None = None,
    *,
    level: Level = Level.SECRETS,
    key: bytes = b"k" * 32,
) -> Path:
    """The same in a new folder."""
    what = recording() if what is None else what
    write(finished_files(evidence(what, level=level, key=key), what), folder)
    return folder
