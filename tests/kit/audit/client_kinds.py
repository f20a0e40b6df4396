"""The right sign-in of a native app, of a web app and of a single-page app, made by hand."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from entra_oauth.protocol.messages import FORM, Fields, HttpResponse, encode_form
from entra_oauth.recording import Exchange, Recording
from kit.audit.exchanges import json_answer, step
from kit.audit.judged import CLIENT, ENDPOINTS, TENANT, jwt

__all__ = ["RIGHT", "SECRETS"]

START = 1_764_000_000.0
_GRAPH = "https://graph.microsoft.com"
_SCOPE = f"{_GRAPH}/User.Read openid offline_access"


def _opaque(seed: str, length: int) -> str:
    text = "".join(
        urlsafe_b64encode(sha256(f"{seed}{n}".encode()).digest()).decode().rstrip("=")
        for n in range(length // 40 + 1)
    )
    return text[:length]


STATE, NONCE, VERIFIER = (_opaque(each, 43) for each in ("state", "nonce", "verifier"))
CODE = "1.AXkA" + _opaque("code", 400)
REFRESH = "1.AXkB" + _opaque("refresh", 600)
SECRET = "Ab~8Q" + _opaque("secret", 35)
_CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
_HEADER = {"typ": "JWT", "alg": "RS256", "kid": "k1"}
_TIMES = {"iat": int(START) + 40, "nbf": int(START) + 40, "exp": int(START) + 3639}
ACCESS = jwt(
    _HEADER,
    {
        "aud": _GRAPH,
        "iss": f"https://sts.windows.net/{TENANT}/",
        "appid": CLIENT,
        "scp": "User.Read",
        "tid": TENANT,
        "ver": "1.0",
        **_TIMES,
    },
    _opaque("access", 340),
)
IDENTITY = jwt(
    _HEADER,
    {
        "aud": CLIENT,
        "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
        "nonce": NONCE,
        "sub": _opaque("sub", 43),
        "tid": TENANT,
        "ver": "2.0",
        **_TIMES,
    },
    _opaque("identity", 340),
)
SECRETS = (STATE, NONCE, VERIFIER, CODE, REFRESH, SECRET, ACCESS, IDENTITY)

_ANSWER = {
    "token_type": "Bearer",
    "scope": f"{_GRAPH}/User.Read openid offline_access",
    "expires_in": 3599,
    "ext_expires_in": 3599,
    "access_token": ACCESS,
    "refresh_token": REFRESH,
    "id_token": IDENTITY,
}
_SAFE = (
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'"),
    ("Location", "/done"),
)
_PAGE = HttpResponse(
    status=200, headers=(("Content-Type", "text/html"),), body=b"<html><body>Sign in</body></html>"
)


def _sign_in(
    uri: str,
    mode: str,
    *,
    fields: dict[str, str] | None = None,
    headers: Fields = (),
    answered: Fields = (),
) -> Recording:
    asked = {
        "client_id": CLIENT,
        "response_type": "code",
        "redirect_uri": uri,
        "response_mode": mode,
        "scope": _SCOPE,
        "state": STATE,
        "nonce": NONCE,
        "code_challenge": _CHALLENGE,
        "code_challenge_method": "S256",
    }
    redeemed = {
        "client_id": CLIENT,
        "scope": _SCOPE,
        "code": CODE,
        "redirect_uri": uri,
        "grant_type": "authorization_code",
        "code_verifier": VERIFIER,
        **(fields or {}),
    }
    plain = json_answer(dict[str, Any](_ANSWER))
    answer = HttpResponse(status=200, headers=(*plain.headers, *answered), body=plain.body)
    return Recording(
        (
            step(
                "authorize",
                "GET",
                f"{ENDPOINTS}/authorize?{encode_form(tuple(asked.items()))}",
                response=_PAGE,
                at=START,
            ),
            _redirect(uri, mode),
            step(
                "token",
                "POST",
                f"{ENDPOINTS}/token",
                headers=(("Content-Type", FORM), *headers),
                body=encode_form(tuple(redeemed.items())).encode(),
                response=answer,
                at=START + 40,
            ),
            step(
                "list",
                "GET",
                f"{_GRAPH}/v1.0/me",
                headers=(("Authorization", f"Bearer {ACCESS}"),),
                response=json_answer({"displayName": "Ada"}),
                at=START + 50,
            ),
        )
    )


def _redirect(uri: str, mode: str) -> Exchange:
    came = encode_form((("code", CODE), ("state", STATE), ("session_state", TENANT)))
    answer = HttpResponse(status=303, headers=_SAFE)
    at = START + 30
    if mode == "form_post":
        kind = (("Content-Type", FORM),)
        return step(
            "accepted", "POST", uri, headers=kind, body=came.encode(), response=answer, at=at
        )
    slash = "" if uri.count("/") > 2 else "/"
    return step("accepted", "GET", f"{uri}{slash}?{came}", response=answer, at=at)


_ORIGIN = (("Origin", "https://spa.example"), ("Referer", "https://spa.example/"))
RIGHT: dict[str, Callable[[], Recording]] = {
    "native": lambda: _sign_in("http://localhost:8400", "query"),
    "web": lambda: _sign_in(
        "https://app.example/cb", "form_post", fields={"client_secret": SECRET}
    ),
    "single-page": lambda: _sign_in(
        "https://spa.example/",
        "query",
        headers=_ORIGIN,
        answered=(("Access-Control-Allow-Origin", "*"),),
    ),
}
"""By the kind of client."""
