"""A token of Entra's or another issuer's for one of Databricks' own, top to bottom (RFC 8693).

The workspace is asked for its token endpoint first; both addresses pass the gate, and no redirect
is followed. An exchange uses nothing up, so what is passing is tried again. There is no refresh
token: with a fresh token it is exchanged anew.
"""

from __future__ import annotations

from entra_oauth.errors import UsageError
from entra_oauth.flows.patience import send_patiently
from entra_oauth.light import TYPE_CHECKING, dataclass, field
from entra_oauth.protocol.endpoints.token_exchange import LEAST_LIFE_S, ExchangeRequest
from entra_oauth.protocol.federated_token import claims_of
from entra_oauth.protocol.resource.destination import check_destination, check_shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.channels.base import Channels
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.endpoints.token import TokenResponse
    from entra_oauth.protocol.endpoints.token_exchange import ExchangeTarget

__all__ = ["FederatedSubject", "exchange_federated", "exchange_token", "read_federated"]

_DATABRICKS = ("databricks",)
_SHORT_S = 300
_RENEW = "Get a fresh one: entra-oauth token --force-refresh, and check the clock."
_LOOK_AT_SOURCE = (
    "Whatever keeps the federated token fresh has stopped, or the clock is wrong: look at both."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FederatedSubject:
    """A token of another issuer that was read to be exchanged, and where. Its repr shows none."""

    token: str = field(repr=False)
    endpoint: str

    @property
    def name(self) -> str:
        """The one that the token is about. Raises `UsageError` where it does not say so plainly."""
        claims = claims_of(self.token)
        said = [claims.get(name) for name in ("sub", "iss")]
        parts = [each for each in said if isinstance(each, str) and each.isprintable()]
        if len(parts) < 2 or not all(0 < len(each) <= 600 for each in parts):
            raise UsageError(
                "The federated token does not say in plain letters whose it is (sub, iss).",
                advice="Look at it with entra-oauth decode, or name the service principal that it "
                "stands for: --exchange-client-id.",
            )
        return " at ".join(parts)


def exchange_token(
    subject_token: str,
    target: ExchangeTarget,
    authority: Authority,
    channels: Channels,
    *,
    timeout_s: float = 30.0,
) -> TokenResponse:
    """Exchange a token that `authority` made.

    Raises `UsageError` for a token with less than a minute left, and `DestinationRefused` for one
    that says it is for another known API.
    """
    check_shown(subject_token)
    left = _life_left(subject_token, channels, _RENEW)
    if left is not None and left < _SHORT_S:
        channels.say(f"Note: the token to exchange ends in {int(left)} s, and the new one with it.")
    endpoint = _find_endpoint(target, authority, channels, timeout_s)
    return _exchange(subject_token, endpoint, target, authority, channels, timeout_s)


def read_federated(
    read: Callable[[str], str],
    target: ExchangeTarget,
    authority: Authority,
    channels: Channels,
    *,
    audience: str | None,
    timeout_s: float = 30.0,
) -> FederatedSubject:
    """Read a token of another issuer; `read` is given `audience`, or else the token endpoint.

    `authority` is the one whose cloud the workspace has to be of. Raises what reading raises.
    """
    endpoint = _find_endpoint(target, authority, channels, timeout_s)
    return FederatedSubject(token=read(audience or endpoint), endpoint=endpoint)


def exchange_federated(
    subject: FederatedSubject,
    target: ExchangeTarget,
    authority: Authority,
    channels: Channels,
    *,
    timeout_s: float = 30.0,
) -> TokenResponse:
    """Exchange it where it was read for. Raises what `exchange_token` does.

    Such a token often lives five minutes, and the new one ends with it.
    """
    check_shown(subject.token)
    _life_left(subject.token, channels, _LOOK_AT_SOURCE)
    return _exchange(subject.token, subject.endpoint, target, authority, channels, timeout_s)


def _find_endpoint(
    target: ExchangeTarget, authority: Authority, channels: Channels, timeout_s: float
) -> str:
    question = target.metadata_request()
    check_destination(question.url, scopes=_DATABRICKS, authority=authority)
    reply = send_patiently(question, channels.back, channels, timeout_s=timeout_s)
    return target.read_endpoint(reply)


def _exchange(
    token: str,
    endpoint: str,
    target: ExchangeTarget,
    authority: Authority,
    channels: Channels,
    timeout_s: float,
) -> TokenResponse:
    request = ExchangeRequest(endpoint=endpoint, subject_token=token, client_id=target.client_id)
    check_destination(request.endpoint, scopes=_DATABRICKS, authority=authority)
    reply = send_patiently(request.to_http(), channels.back, channels, timeout_s=timeout_s)
    return request.read(reply, received_at=channels.now())


def _life_left(token: str, channels: Channels, advice: str) -> float | None:
    """The seconds that the token says it has left; None where it does not say. Raises."""
    ends = claims_of(token).get("exp")
    if isinstance(ends, bool) or not isinstance(ends, int | float):
        return None
    left = ends - channels.now()
    if left < LEAST_LIFE_S:
        raise UsageError(
            f"The token to exchange is good for less than {LEAST_LIFE_S} seconds.", advice=advice
        )
    return left
