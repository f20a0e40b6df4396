"""The rules for sending a request again: which, when, and how often. They are only here.

Sent again: a refresh, a question of the device flow, the request for keys, the GET of
an API. Why: no
connection was had, or the authority answered 429 or 503. A code is never redeemed
twice (RFC 6749 §4.1.2), and a password is never tried twice: that locks accounts.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from entra_oauth.errors import ConnectFailed
from entra_oauth.protocol.endpoints.json_response import retry_after_s
from entra_oauth.protocol.endpoints.token import DEVICE_GRANT, TokenRequest, TokenResponse
from entra_oauth.protocol.messages import split_origin

if TYPE_CHECKING:
    from entra_oauth.channels.base import BackChannel, Channels
    from entra_oauth.protocol.messages import HttpRequest, HttpResponse

__all__ = ["ATTEMPTS", "BUSY", "LONGEST_PAUSE_S", "busy_pause_s", "exchange", "send_patiently"]

ATTEMPTS = 3
"""The most times that a request is sent."""

BUSY = frozenset([429, 503])

LONGEST_PAUSE_S = 60.0
"""Seconds waited in the foreground. An authority that wants more gets its error shown."""

_FIRST_PAUSE_S = {"connect": 1.0, "busy": 5.0}
"""Doubled each time. Microsoft asks for five seconds at least after a 429 or a 5xx."""

_REPEATABLE = frozenset(["refresh_token", DEVICE_GRANT])


def exchange(request: TokenRequest, channels: Channels, *, timeout_s: float) -> TokenResponse:
    """Send a token request, again only if its grant allows that, and read the answer."""
    message = request.to_http()
    if request.grant_type in _REPEATABLE:
        reply = send_patiently(message, channels.back, channels, timeout_s=timeout_s)
    else:
        reply = channels.back.send(message, timeout_s=timeout_s)
    return TokenResponse.read(reply, answering=request, received_at=channels.now())


def send_patiently(
    request: HttpRequest, back: BackChannel, channels: Channels, *, timeout_s: float
) -> HttpResponse:
    """Send a request that does no harm when it is sent again.

    `timeout_s` is for each attempt. Raises `ConnectFailed` when no attempt had a
    connection, and any other `TransportError` at once: then something was sent.
    Returns the last answer, which may be a 429 or 503 still.
    """
    for attempt in itertools.count(1):
        try:
            reply = back.send(request, timeout_s=timeout_s)
        except ConnectFailed as error:
            if attempt == ATTEMPTS:
                raise
            why, seconds = error.what.rstrip("."), _own_pause_s("connect", attempt)
        else:
            asked = busy_pause_s(reply, attempt, received_at=channels.now())
            if reply.status not in BUSY or attempt == ATTEMPTS or asked is None:
                return reply
            host = split_origin(request.url)[0].partition("://")[2]
            why, seconds = f"{host} answered HTTP {reply.status}", asked
        channels.say(f"{why}. Trying again in {math.ceil(seconds)} s.")
        channels.sleep(seconds)
    raise AssertionError  # count() has no end


def busy_pause_s(reply: HttpResponse, attempt: int, *, received_at: float) -> float | None:
    """Seconds to wait after a 429 or 503; None if that is longer than anybody waits.

    `Retry-After` is obeyed. `attempt` counts from 1; `received_at` is in seconds since 1970.
    """
    asked = retry_after_s(reply, received_at)
    seconds = _own_pause_s("busy", attempt) if asked is None else max(asked, 1.0)
    return seconds if seconds <= LONGEST_PAUSE_S else None


def _own_pause_s(why: str, attempt: int) -> float:
    return _FIRST_PAUSE_S[why] * 2.0 ** (attempt - 1)
