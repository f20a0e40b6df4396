"""A call of an API with a token, from the gate to the answer."""

from __future__ import annotations

from entra_oauth.flows.patience import send_patiently
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.channels.base import Channels
    from entra_oauth.protocol.messages import HttpResponse
    from entra_oauth.protocol.resource.workspace_api import ApiCall

__all__ = ["send"]


def send(call: ApiCall, channels: Channels, *, timeout_s: float = 30.0) -> HttpResponse:
    """Send a call and return its answer, whatever it is; `ApiCall.refusal` reads it.

    Only a GET or HEAD is sent again, by the one rule in `patience`. No redirect is
    followed. Raises a `TransportError`.
    """
    if call.is_repeatable:
        return send_patiently(call.to_http(), channels.back, channels, timeout_s=timeout_s)
    return channels.back.send(call.to_http(), timeout_s=timeout_s)
