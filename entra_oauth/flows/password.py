"""User name and password for tokens, from top to bottom (RFC 6749 §4.3).

It is here because the article has it. RFC 9700 §2.4 says that it must not be used:
the program sees the password, and nothing beyond it (MFA, a policy) can be met.
Entra keeps it for accounts without MFA, in one tenant, and advises against it.
"""

from __future__ import annotations

from entra_oauth.flows.id_token_signature import KeyStore, SignatureCheck
from entra_oauth.flows.patience import exchange
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.endpoints.token import TokenRequest

if TYPE_CHECKING:
    from entra_oauth.channels.base import Channels
    from entra_oauth.protocol.endpoints.access_request import AccessRequest
    from entra_oauth.protocol.endpoints.client_auth import Proof
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["WARNING", "sign_in"]

WARNING = (
    "The password flow is on its way out: this program sees your password, multi-factor "
    "authentication cannot be met, and Microsoft advises against it. Prefer the browser or "
    "--flow device-code."
)


def sign_in(
    access_request: AccessRequest,
    username: str,
    password: str,
    channels: Channels,
    *,
    proof: Proof | None = None,
    keys: KeyStore | None = None,
    timeout_s: float = 30.0,
    is_warned: bool = False,
) -> TokenResponse:
    """Sign in once; a wrong password is never tried again, for that locks the account.

    `is_warned` where the person has seen `WARNING` before they typed.
    """
    request = TokenRequest.password(access_request, username, password, proof=proof)
    if not is_warned:
        channels.say(WARNING)
    with SignatureCheck.begin(access_request.authority, channels, keys or KeyStore()) as signature:
        return signature.check(exchange(lambda: request, channels, timeout_s=timeout_s))
