"""A token of Entra's for one of Databricks' own, from top to bottom (RFC 8693)."""

from __future__ import annotations

from entra_oauth.errors import UsageError
from entra_oauth.flows.patience import send_patiently
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.endpoints.token_exchange import LEAST_LIFE_S, ExchangeRequest
from entra_oauth.protocol.federated_token import claims_of
from entra_oauth.protocol.resource.destination import check_destination

if TYPE_CHECKING:
    from entra_oauth.channels.base import Channels
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.endpoints.token import TokenResponse
    from entra_oauth.protocol.endpoints.token_exchange import ExchangeTarget

__all__ = ["exchange_token"]

_DATABRICKS = ("databricks",)
_SHORT_S = 300


def exchange_token(
    subject_token: str,
    target: ExchangeTarget,
    authority: Authority,
    channels: Channels,
    *,
    timeout_s: float = 30.0,
) -> TokenResponse:
    """Exchange a token that `authority` made. There is no refresh token: it is exchanged anew.

    Asks the workspace for its token endpoint first; both addresses pass the gate, and no
    redirect is followed. An exchange uses nothing up, so what is passing is tried again.
    Raises `UsageError` for a token with less than a minute left.
    """
    _check_life(subject_token, channels)
    question = target.metadata_request()
    check_destination(question.url, scopes=_DATABRICKS, authority=authority)
    reply = send_patiently(question, channels.back, channels, timeout_s=timeout_s)
    request = ExchangeRequest(
        endpoint=target.read_endpoint(reply),
        subject_token=subject_token,
        client_id=target.client_id,
    )
    check_destination(request.endpoint, scopes=_DATABRICKS, authority=authority)
    reply = send_patiently(request.to_http(), channels.back, channels, timeout_s=timeout_s)
    return request.read(reply, received_at=channels.now())


def _check_life(subject_token: str, channels: Channels) -> None:
    ends = claims_of(subject_token).get("exp")
    if isinstance(ends, bool) or not isinstance(ends, int | float):
        return
    left = ends - channels.now()
    if left < LEAST_LIFE_S:
        raise UsageError(
            f"The token to exchange is good for less than {LEAST_LIFE_S} seconds.",
            advice="Get a fresh one: entra-oauth token --force-refresh, and check the clock.",
        )
    if left < _SHORT_S:
        channels.say(f"Note: the token to exchange ends in {int(left)} s, and the new one with it.")
