"""The rules for sending a request again: which, when, and how often. They are only here.

Sent again: a refresh, an app's request for its own token, a question of the device flow, the
request for keys, the GET of an API, the questions to a workspace for its tenant and to GitHub
for an assertion. Why: no connection was had, it broke off, or the answer
says that the fault is passing. A code is never redeemed twice (RFC 6749 §4.1.2), and a password
is never tried twice: that locks accounts. Where the time for an answer is over it is not asked
again: the person has set that time.
"""

from __future__ import annotations

import itertools
import math

from entra_oauth.errors import ConnectFailed, ExchangeBroken, ProxyRefused
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.endpoints.json_response import PASSING, is_passing, retry_after_s
from entra_oauth.protocol.endpoints.token import DEVICE_GRANT, TokenRequest, TokenResponse
from entra_oauth.protocol.messages import split_origin

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.channels.base import BackChannel, Channels
    from entra_oauth.protocol.messages import HttpRequest, HttpResponse

__all__ = [
    "ATTEMPTS",
    "LONGEST_PAUSE_S",
    "LONGEST_S",
    "exchange",
    "send_on_schedule",
    "send_patiently",
]

ATTEMPTS = 3
"""The most times that a request is sent."""

LONGEST_PAUSE_S = 60.0
"""Seconds waited in the foreground. An authority that wants more gets its error shown."""

LONGEST_S = 120.0
"""Seconds after the first try in which another may begin."""

_WINDOWS = 4
"""So many times what one attempt may take, all attempts of a schedule may begin in."""

_FIRST_PAUSE_S = {"connect": 1.0, "busy": 5.0}
"""Doubled each time. Microsoft asks for five seconds at least after a 429 or a 5xx."""

_REPEATABLE = frozenset(["refresh_token", "client_credentials", DEVICE_GRANT])


def exchange(
    build: Callable[[], TokenRequest], channels: Channels, *, timeout_s: float
) -> TokenResponse:
    """Send a token request, again only if its grant allows that, and read the answer.

    `build` is called for each try: the proof of an app is good for one.
    """
    request = build()

    def anew() -> HttpRequest:
        nonlocal request
        request = build()
        return request.to_http()

    if request.grant_type in _REPEATABLE:
        reply = send_patiently(
            request.to_http(),
            channels.back,
            channels,
            timeout_s=timeout_s,
            anew=anew,
            passes=is_passing,
        )
    else:
        reply = channels.back.send(request.to_http(), timeout_s=timeout_s)
    return TokenResponse.read(reply, answering=request, received_at=channels.now())


def _by_status(reply: HttpResponse) -> bool:
    return reply.status in PASSING


def send_patiently(
    request: HttpRequest,
    back: BackChannel,
    channels: Channels,
    *,
    timeout_s: float,
    anew: Callable[[], HttpRequest] | None = None,
    passes: Callable[[HttpResponse], bool] = _by_status,
) -> HttpResponse:
    """Send a request that does no harm when it is sent again.

    `timeout_s` is for each attempt; `anew` makes the request of each further one, and `passes`
    tells if an answer says that its cause will pass. Raises `ConnectFailed` or
    `ExchangeBroken` when that became of the last attempt, and any other `TransportError` at
    once. Returns the last answer, which may be such a one still.
    """
    until = channels.monotonic() + LONGEST_S
    for attempt in itertools.count(1):
        try:
            reply = back.send(request, timeout_s=timeout_s)
        except (ConnectFailed, ExchangeBroken) as fault:
            why, seconds = fault.what.rstrip("."), _own_pause_s("connect", attempt)
            out_of_time = seconds > until - channels.monotonic()
            if attempt == ATTEMPTS or out_of_time or isinstance(fault, ProxyRefused):
                raise
        else:
            if attempt == ATTEMPTS or not passes(reply):
                return reply
            asked = retry_after_s(reply, channels.now())
            seconds = _own_pause_s("busy", attempt) if asked is None else max(asked, 1.0)
            if seconds > min(LONGEST_PAUSE_S, until - channels.monotonic()):
                return reply
            host = split_origin(request.url)[0].partition("://")[2]
            why = f"{host} answered HTTP {reply.status}"
        channels.say(f"{why}. Trying again in {math.ceil(seconds)} s.")
        channels.sleep(seconds)
        request = anew() if anew else request
    raise AssertionError  # count() has no end


def send_on_schedule(
    request: HttpRequest,
    channels: Channels,
    pauses_s: Callable[[int], tuple[float, ...]],
    *,
    timeout_s: float,
) -> HttpResponse:
    """Send a request that does no harm when it is sent again, as its service's page says.

    `pauses_s` gives by the status of an answer the seconds before each further try; none for
    one that is final. `Retry-After` counts more. `timeout_s` is for each attempt, and no attempt
    begins later than four times that, or `LONGEST_S`, after the first one did. Raises any
    `TransportError` at once. Returns the last answer, which may be such a one still.
    """
    until = channels.monotonic() + min(LONGEST_S, _WINDOWS * timeout_s)
    for attempt in itertools.count():
        reply = channels.back.send(request, timeout_s=timeout_s)
        own = pauses_s(reply.status)
        if attempt >= len(own):
            return reply
        asked = retry_after_s(reply, channels.now())
        seconds = own[attempt] if asked is None else asked
        if seconds > min(LONGEST_PAUSE_S, until - channels.monotonic()):
            return reply
        if seconds > 1:
            host = split_origin(request.url)[0].partition("://")[2]
            again = f"Trying again in {math.ceil(seconds)} s."
            channels.say(f"{host} answered HTTP {reply.status}. {again}")
        channels.sleep(seconds)
    raise AssertionError  # count() has no end


def _own_pause_s(why: str, attempt: int) -> float:
    return _FIRST_PAUSE_S[why] * 2.0 ** (attempt - 1)
