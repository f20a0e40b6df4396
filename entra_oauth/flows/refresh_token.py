"""Fresh tokens for a refresh token, from top to bottom (RFC 6749 §6)."""

from __future__ import annotations

from entra_oauth.errors import IdTokenRefused
from entra_oauth.flows.id_token_signature import KeyStore, SignatureCheck
from entra_oauth.flows.patience import exchange
from entra_oauth.light import TYPE_CHECKING, replace
from entra_oauth.protocol.authority import same_id
from entra_oauth.protocol.endpoints.token import TokenRequest

if TYPE_CHECKING:
    from entra_oauth.channels.base import Channels
    from entra_oauth.protocol.endpoints.access_request import AccessRequest
    from entra_oauth.protocol.endpoints.client_auth import Credential
    from entra_oauth.protocol.endpoints.token import TokenResponse
    from entra_oauth.protocol.id_token import IdToken

__all__ = ["refresh"]


def refresh(
    access_request: AccessRequest,
    refresh_token: str,
    channels: Channels,
    *,
    credential: Credential | None = None,
    before: IdToken | None = None,
    keys: KeyStore | None = None,
    timeout_s: float = 30.0,
) -> TokenResponse:
    """Exchange a refresh token; the answer always holds one, the old one if no new one came.

    `before` is who signed in, if that is known: another person's answer is refused
    (OpenID Connect Core §12.2). The ID token's signature is checked if the authority's
    keys are in `keys`; they are not fetched for a refresh. `credential` is that of a
    confidential app. Whether a refusal means that
    the token is dead is for `protocol.aadsts.is_dead` to say; for anything else it must be
    kept.
    """
    client_id, endpoint = access_request.client_id, access_request.authority.token_endpoint

    def build() -> TokenRequest:
        proof = credential.prove(client_id, endpoint, now=channels.now()) if credential else None
        return TokenRequest.refresh(access_request, refresh_token, proof=proof)

    tokens = exchange(build, channels, timeout_s=timeout_s)
    tokens = SignatureCheck.at_hand(access_request.authority, channels, keys or KeyStore()).check(
        tokens
    )
    if before is not None and tokens.identity is not None:
        _check_same_person(before, tokens.identity)
    # RFC 6749 §6: a new one replaces the old one, and may be left out.
    return tokens if tokens.refresh_token else replace(tokens, refresh_token=refresh_token)


def _check_same_person(before: IdToken, after: IdToken) -> None:
    if not same_id(before.tenant_id, after.tenant_id) or before.subject != after.subject:
        raise IdTokenRefused(
            "The refresh brought an ID token of another person than signed in.",
            advice="Nothing was kept. Sign in again.",
        )
