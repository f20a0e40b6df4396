"""A service passes a person on to the next service, from top to bottom.

"Microsoft identity platform and OAuth 2.0 On-Behalf-Of flow": the service hands in
the access token that it was called with, and gets one for the next service, in the
name of the same person.
"""

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
    assertion: str,
    credential: Credential,
    channels: Channels,
    *,
    timeout_s: float = 30.0,
) -> TokenResponse:
    """Exchange `assertion`, an access token whose audience is this app.

    A refusal may hold `claims`: pass them to the caller, who has the person.
    """
    endpoint = access_request.authority.token_endpoint
    proof = credential.prove(access_request.client_id, endpoint, now=channels.now())
    request = TokenRequest.on_behalf_of(access_request, assertion, proof=proof)
    return exchange(lambda: request, channels, timeout_s=timeout_s)
