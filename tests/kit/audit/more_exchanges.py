"""Other exchanges for the linter's rules: each with a good one, and one to be changed or bad."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, DATABRICKS
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import FORM, HttpResponse, Wire, encode_form
from entra_oauth.recording import Exchange, Recording
from kit.audit.changes import answer, answer_status, form, header, moved, query, redirect
from kit.audit.exchanges import LOGIN, SCOPE, json_answer, practised, step

__all__ = ["BASES", "EXTRA", "Pair", "device", "token_request"]

Pair = tuple[Recording, Recording]
TOKEN_ENDPOINT = f"{LOGIN}/{ARTICLE_TENANT_ID}/oauth2/v2.0/token"
LONG = "q" * 60

EXTRA = ("HR01", "HR02", *(f"PL0{number}" for number in range(1, 9)))
"""Rules that are tripped in other tests: they are about files and policies."""


def _hardened() -> Recording:
    return practised(Procedure.HARDENED)


def _both(recording: Recording) -> Pair:
    return recording, recording


def _of(recording: Recording, note: str) -> Exchange:
    return next(e for e in recording.exchanges if e.note.startswith(note))


def _plus(recording: Recording, *more: Exchange) -> Recording:
    return Recording((*recording.exchanges, *more))


def token_request(
    fields: Mapping[str, str],
    *headers: tuple[str, str],
    response: HttpResponse | None = None,
    url: str = TOKEN_ENDPOINT,
    note: str = "token",
    at: float = 1_000_000.0,
) -> Exchange:
    """A token request made by hand."""
    good = json_answer(
        {"token_type": "Bearer", "expires_in": 3599, "access_token": f"opaque-{LONG}"}
    )
    return step(
        note,
        "POST",
        url,
        headers=(("Content-Type", FORM), *headers),
        body=encode_form(tuple(fields.items())).encode(),
        response=response or good,
        at=at,
    )


def _over_http() -> Pair:
    return moved("authorize", lambda u: f"{LOGIN}/{u.split('/', 3)[3]}")(_hardened()), _hardened()


def _loopback_name() -> Pair:
    return query(redirect_uri="http://127.0.0.1:4711")(_hardened()), _hardened()


def _address() -> Pair:
    url = (
        f"{LOGIN}/{ARTICLE_TENANT_ID}/oauth2/v2.0/authorize?client_id={ARTICLE_CLIENT_ID}"
        "&response_type=code&redirect_uri=http%3A%2F%2Flocalhost&state=x"
        "&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
    )
    return _both(Recording((step("authorize", "GET", url),)))


def _issuer() -> Pair:
    base = "/".join(_of(_hardened(), "authorize").request.url.split("/")[:4])
    return _both(redirect(iss=f"{base}/v2.0")(_hardened()))


def _browsers() -> Pair:
    recording = _hardened()
    came = _of(recording, "accepted")
    location = f"{came.request.url}?code=abc"
    base = "/".join(_of(recording, "authorize").request.url.split("/")[:3])
    login = step(
        "page, sign-in",
        "POST",
        f"{base}/login",
        response=HttpResponse(status=302, headers=(("Location", location),)),
        at=came.started_at - 0.001,
    )
    return _both(_plus(recording, login))


def _refused() -> Pair:
    text = "AADSTS65004: User declined.\r\nTrace ID: x\r\nTimestamp: 2026-01-01 10:00:00Z"
    return _both(redirect(code=None, error="access_denied", error_description=text)(_hardened()))


def _jwt(header: dict[str, Any], content: dict[str, Any]) -> str:
    parts = [
        urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in (header, content)
    ]
    return ".".join([*parts, "A" * 86])


def _exchanged() -> Recording:
    fields = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "scope": "all-apis",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "subject_token": f"opaque-{LONG}",
    }
    url = "https://adb-1234567890123456.7.azuredatabricks.net/oidc/v1/token"
    return Recording((token_request(fields, url=url),))


def _assertion(alg: str = "PS256", **changes: Any) -> Recording:
    content = {
        "iss": "app",
        "sub": "app",
        "aud": TOKEN_ENDPOINT,
        "iat": 1_000_000,
        "exp": 1_000_600,
        "jti": "5bf4ae9b-d1e2-4d57-a3ab-2d3b3e4b7b5b",
    } | changes
    return Recording(
        (
            token_request(
                {
                    "client_id": "app",
                    "grant_type": "client_credentials",
                    "scope": SCOPE,
                    "client_assertion": _jwt({"alg": alg}, content),
                }
            ),
        )
    )


def _basic(text: str = "x:a%2Bb", response: HttpResponse | None = None) -> Recording:
    value = f"Basic {b64encode(text.encode()).decode()}"
    fields = {"client_id": "x", "grant_type": "client_credentials", "scope": SCOPE}
    return Recording((token_request(fields, ("Authorization", value), response=response),))


def _basic_refused() -> Pair:
    error = json_answer({"error": "invalid_client"}, 401)
    error = replace(error, headers=(*error.headers, ("WWW-Authenticate", "Basic")))
    return _both(_basic(response=error))


def _refreshed() -> Pair:
    recording = _hardened()
    token = _of(recording, "token")
    assert token.response is not None
    members = json.loads(token.response.body)
    fields = {
        "client_id": ARTICLE_CLIENT_ID,
        "grant_type": "refresh_token",
        "refresh_token": members["refresh_token"],
        "scope": SCOPE,
    }
    renewed = members | {"refresh_token": f"1.{LONG}", "access_token": f"opaque-{LONG}"}
    again = token_request(
        fields, response=json_answer(renewed), url=token.request.url, at=token.ended_at + 60
    )
    first = Recording(
        tuple(replace(e, purpose="redeem") if e is token else e for e in recording.exchanges)
    )
    return _both(_plus(first, again))


def _tls(version: str) -> Recording:
    exchange = _assertion().exchanges[0]
    wire = Wire(sent=b"", received=b"", tls_version=version)
    body = exchange.request.body
    head = (
        f"POST /{ARTICLE_TENANT_ID}/oauth2/v2.0/token HTTP/1.1\r\n"
        f"Host: login.microsoftonline.com\r\nContent-Type: {FORM}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return Recording((replace(exchange, wire=replace(wire, sent=head.encode() + body)),))


def _two() -> Pair:
    one, other = _hardened(), practised(Procedure.ARTICLE)
    token = _of(one, "token").response
    assert token is not None
    same = answer(access_token=json.loads(token.body)["access_token"])(other)
    return _plus(one, *other.exchanges), _plus(one, *same.exchanges)


def _single() -> Pair:
    scope = f"{DATABRICKS}/user_impersonation"
    recording = answer(scope=scope)(query(scope=f"{scope} openid")(_hardened()))
    return _both(form(scope=None)(recording))


def _sent_on() -> Pair:
    call = _of(_hardened(), "list")
    there = "https://adb-2.azuredatabricks.net/api"
    leads = replace(
        call, wire=None, response=HttpResponse(status=302, headers=(("Location", there),))
    )
    late = replace(
        call,
        wire=None,
        started_at=call.ended_at + 1,
        ended_at=call.ended_at + 1,
        request=replace(call.request, url=there),
    )
    other = replace(
        late, request=replace(late.request, headers=(("Authorization", f"Bearer {LONG}"),))
    )
    kept = [e for e in _hardened().exchanges if e is not call]
    return Recording((*kept, leads, other)), Recording((*kept, leads, late))


def _wrong_token() -> Pair:
    token = _of(_hardened(), "token").response
    assert token is not None
    refresh = json.loads(token.body)["refresh_token"]
    return _hardened(), header("list", "Authorization", f"Bearer {refresh}")(_hardened())


def _api_refuses() -> Pair:
    return _both(
        answer_status("list", 401, b"{}", ("WWW-Authenticate", 'Bearer error="invalid_token"'))(
            _hardened()
        )
    )


def device() -> Recording:
    """A device flow as Entra answered it in 2025: asked, pending, granted."""
    code = f"DAQABAAEAAA{'x9Yz' * 20}"
    start = step(
        "devicecode",
        "POST",
        f"{LOGIN}/{ARTICLE_TENANT_ID}/oauth2/v2.0/devicecode",
        headers=(("Content-Type", FORM),),
        body=encode_form((("client_id", ARTICLE_CLIENT_ID), ("scope", SCOPE))).encode(),
        response=json_answer(
            {
                "user_code": "BL6XB575V",
                "device_code": code,
                "verification_uri": "https://microsoft.com/devicelogin",
                "expires_in": 900,
                "interval": 5,
                "message": "To sign in, use a web browser.",
            }
        ),
    )
    fields = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "client_id": ARTICLE_CLIENT_ID,
        "device_code": code,
    }
    pending = json_answer({"error": "authorization_pending", "error_codes": [70016]}, 400)
    first = token_request(fields, response=pending, note="first poll", at=1_000_005.0)
    granted = json_answer(
        {
            "token_type": "Bearer",
            "scope": f"{DATABRICKS}/user_impersonation {SCOPE}",
            "expires_in": 5302,
            "ext_expires_in": 5302,
            "access_token": f"opaque-{LONG}",
        }
    )
    return Recording((start, first, token_request(fields, response=granted, at=1_000_010.5)))


def _beside() -> Pair:
    return device(), _plus(device(), _address()[0].exchanges[0])


BASES: dict[str, Callable[[], Pair]] = {
    "hardened": lambda: _both(_hardened()),
    "hardened over http": _over_http,
    "at 127.0.0.1, then by name": _loopback_name,
    "an address at Entra": _address,
    "with an issuer": _issuer,
    "in the address": lambda: _both(practised(Procedure.ARTICLE)),
    "a browser's": _browsers,
    "refused": _refused,
    "an exchange": lambda: _both(_exchanged()),
    "an app with an assertion": lambda: _both(_assertion()),
    "an assertion with HS256": lambda: (_assertion(), _assertion("HS256")),
    "an assertion for a day": lambda: (_assertion(), _assertion(exp=1_086_400)),
    "an assertion for elsewhere": lambda: (_assertion(), _assertion(aud="https://evil.example")),
    "with Basic": lambda: _both(_basic()),
    "with Basic refused": _basic_refused,
    "refreshed": _refreshed,
    "over an old TLS": lambda: (_tls("TLSv1.3"), _tls("TLSv1")),
    "two with one token": _two,
    "by single permissions": _single,
    "sent on": _sent_on,
    "shown a refresh token": _wrong_token,
    "refused by the API": _api_refuses,
    "by device": lambda: _both(device()),
    "by device beside a browser": _beside,
}
