"""Sign in on another device, from top to bottom (RFC 8628).

The person opens a page wherever they like and types a code; meanwhile we ask, never
faster than we may, whether they have finished.
"""

from __future__ import annotations

import math

from entra_oauth.errors import (
    AuthorityError,
    ConnectFailed,
    DeadlineExceeded,
    ExchangeBroken,
    ProxyRefused,
    TimedOut,
)
from entra_oauth.flows.id_token_signature import KeyStore, SignatureCheck, require_library
from entra_oauth.flows.patience import send_patiently
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.endpoints.device_authorization import DeviceRequest, DeviceResponse
from entra_oauth.protocol.endpoints.json_response import is_passing, retry_after_s
from entra_oauth.protocol.endpoints.token import TokenRequest, TokenResponse

if TYPE_CHECKING:
    from entra_oauth.channels.base import Channels
    from entra_oauth.protocol.endpoints.access_request import AccessRequest
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["SLOW_DOWN_S", "sign_in"]

SLOW_DOWN_S = 5
"""RFC 8628 §3.5: "the interval MUST be increased by 5 seconds for this and all
subsequent requests"."""

_LONGEST_BACK_OFF_S = 60.0
_EXPIRED_CODES = frozenset([70019, 70020])


def sign_in(
    access_request: AccessRequest,
    channels: Channels,
    *,
    keys: KeyStore | None = None,
    timeout_s: float = 30.0,
    wait_s: float | None = None,
) -> TokenResponse:
    """Tell the person page and code, and wait until they have finished.

    `timeout_s` is for each request, `wait_s` for the person, who has as long as the codes
    live at most. Raises `TimedOut` when that is over, `AuthorityError` when the person or
    the authority said no.
    """
    require_library(channels)
    request = DeviceRequest(access_request)
    reply = send_patiently(
        request.to_http(), channels.back, channels, timeout_s=timeout_s, passes=is_passing
    )
    device = DeviceResponse.read(reply, answering=request, received_at=channels.now())
    life_s = device.expires_in if wait_s is None else min(wait_s, device.expires_in)
    deadline = channels.monotonic() + life_s
    channels.say(device.message)
    with SignatureCheck.begin(access_request.authority, channels, keys or KeyStore()) as signature:
        tokens = _ask_until_finished(
            access_request, device, channels, deadline=deadline, timeout_s=timeout_s
        )
        return signature.check(tokens)


def _ask_until_finished(
    access_request: AccessRequest,
    device: DeviceResponse,
    channels: Channels,
    *,
    deadline: float,
    timeout_s: float,
) -> TokenResponse:
    request = TokenRequest.device(access_request, device.device_code)
    interval: float = device.interval_s
    extra = 0.0
    while True:
        _wait(interval + extra, channels, deadline)
        try:
            reply = channels.back.send(request.to_http(), timeout_s=timeout_s)
        except ProxyRefused:
            raise
        except (ConnectFailed, DeadlineExceeded, ExchangeBroken) as fault:
            extra = _back_off(extra, interval)
            _say(fault.what, interval + extra, channels, deadline)
            continue
        if is_passing(reply):
            extra = max(_back_off(extra, interval), _asked_wait(reply, channels) - interval)
            what = f"The authority answered HTTP {reply.status}."
            _say(what, interval + extra, channels, deadline)
            continue
        extra = 0.0
        try:
            return TokenResponse.read(reply, answering=request, received_at=channels.now())
        except AuthorityError as error:
            if error.error == "slow_down":
                interval += SLOW_DOWN_S
            elif error.error == "expired_token" or not _EXPIRED_CODES.isdisjoint(error.error_codes):
                raise _expired() from None
            elif error.error != "authorization_pending":
                raise


def _wait(seconds: float, channels: Channels, deadline: float) -> None:
    """Wait, unless the codes are dead before that is over."""
    if seconds >= deadline - channels.monotonic():
        raise _expired()
    channels.sleep(seconds)


def _back_off(extra: float, interval: float) -> float:
    """RFC 8628 §3.5: after a fault, ask less often, doubling each time."""
    return min(2 * extra + interval, max(_LONGEST_BACK_OFF_S, interval))


def _asked_wait(reply: HttpResponse, channels: Channels) -> float:
    return retry_after_s(reply, channels.now()) or 0.0


def _say(what: str, seconds: float, channels: Channels, deadline: float) -> None:
    in_time = seconds < deadline - channels.monotonic()
    channels.say(f"{what} Asking again in {math.ceil(seconds)} s." if in_time else what)


def _expired() -> TimedOut:
    return TimedOut(
        "The code was not used in time: it expires, or the time that was set for it ends, before "
        "the authority may be asked again.",
        advice="Start again, and finish on the page within the time that it gives.",
    )
