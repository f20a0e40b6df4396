"""Two hundred secrets in twenty exchanges, each where it belongs and once more in a spelling."""

from __future__ import annotations

import json
import random
import string
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse
from kit.sweep import spellings

__all__ = ["COUNT", "SECRETS", "Asked", "answer", "asked"]

COUNT = 20
"""Exchanges."""
_LETTERS = string.ascii_letters + string.digits + "-_"
_CHANCE = random.Random(20)
SECRETS = tuple(
    "".join(_CHANCE.choices(_LETTERS, k=_CHANCE.randint(24, 60))) for _ in range(COUNT * 10)
)
"""Ten for each exchange."""


@dataclass(frozen=True)
class Asked:
    """A request that a program is to send."""

    path: str
    headers: dict[str, str]
    body: str


@cache
def _spelled(at: int) -> str:
    """The secret of that number in one of nine spellings."""
    nine = [text.decode("latin-1") for _, text in spellings(SECRETS[at])]
    return nine[at % len(nine)]


def _ten(number: int) -> tuple[str, ...]:
    return SECRETS[number * 10 : number * 10 + 10]


def asked(number: int) -> Asked:
    """A token request; five secrets are in it, and those of the answer spelled in other words."""
    code, verifier, password, cookie, bearer, *_ = _ten(number)
    form = {
        "grant_type": "authorization_code",
        "client_id": "12a34b56-789c-0d12-e3fa-b456789c0123",
        "code": code,
        "code_verifier": verifier,
        "client_secret": password,
        "scope": f"openid profile x{_spelled((number * 10 + 17) % len(SECRETS))}",
    }
    again = _spelled((number * 10 + 31) % len(SECRETS))
    return Asked(
        path=f"/t{number}/oauth2/v2.0/token?claims={quote(again)}",
        headers={
            "Cookie": f"ESTSAUTH={cookie}; x={_spelled(number * 10)}",
            "Authorization": f"Bearer {bearer}",
            "X-Note": _spelled((number * 10 + 43) % len(SECRETS)),
            "Content-Type": FORM,
        },
        body=urlencode(form),
    )


def answer(request: HttpRequest) -> HttpResponse:
    """The answer to the request of that number: five more secrets, as JSON or in a page."""
    number = int(request.path.split("/")[1][1:] or 0)
    _, _, _, _, _, access, refresh, cookie, device, state = _ten(number)
    more = [_spelled((number * 10 + step) % len(SECRETS)) for step in range(0, 200, 23)]
    headers = [("Set-Cookie", f"fpc={cookie}; path=/; HttpOnly")]
    headers.append(("Location", f"http://localhost/?state={state}"))
    if number % 2:
        kind, text = "text/html; charset=utf-8", _page(access, refresh, device, more)
    else:
        members: dict[str, Any] = {
            "token_type": "Bearer",
            "access_token": access,
            "refresh_token": refresh,
            "device_code": device,
            "error_description": f"Said {more[0]} and {more[1]}",
            "inner": [{"text": each} for each in more],
        }
        kind, text = "application/json", json.dumps(members)
    headers.append(("Content-Type", kind))
    return HttpResponse(status=200, headers=tuple(headers), body=text.encode())


def _page(access: str, refresh: str, device: str, more: list[str]) -> str:
    fields = "".join(
        f'<input type="hidden" name="{name}" value="{value}">'
        for name, value in (("access_token", access), ("code", refresh), ("flowToken", device))
    )
    said = "".join(f"<p>{each}</p><!-- {each} -->" for each in more)
    script = f"<script>var a='{more[0]}';</script>"
    return f"<html><head>{script}</head><body>{fields}{said}</body></html>"
