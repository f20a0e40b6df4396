"""A token in an app's own name, from top to bottom (RFC 6749 §4.4)."""

from __future__ import annotations

from entra_oauth.flows.patience import exchange
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.endpoints.token import TokenRequest

if TYPE_CHECKING:
    from entra_oauth.channels.base import Channels
    from entra_oauth.protocol.endpoints.access_request import AccessRequest
    from entra_oauth.protocol.endpoints.client_auth import Credential
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["get_token"]


def get_token(
    access_request: AccessRequest,
    credential: Credential,
    channels: Channels,
    *,
    timeout_s: float = 30.0,
) -> TokenResponse:
    """Let the app prove itself, and get its token. There is no person, and no refresh token.

    `access_request` is made by `AccessRequest.for_app()`.
    """
    endpoint = access_request.authority.token_endpoint

    def build() -> TokenRequest:
        proof = credential.prove(access_request.client_id, endpoint, now=channels.now())
        return TokenRequest.client_credentials(access_request, proof=proof)

    return exchange(build, channels, timeout_s=timeout_s)
