"""For authlib: an `OAuth2Session` that has the token, and keeps it fresh.

The session is authlib's own, and all that it does with the network is authlib's and
requests' way of doing it: redirects are followed, without the token to another host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.adapters.stored import StoredTokens
from entra_oauth.errors import UsageError

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session

__all__ = ["oauth2_session"]


def oauth2_session(
    tokens: StoredTokens | None = None,
    *,
    profile: str | None = None,
    scopes: tuple[str, ...] = (),
) -> OAuth2Session:
    """A session whose requests carry the token, to where it may be sent and nowhere else.

    It has no refresh token: that stays in the store, where one process at a time uses it.
    """
    from authlib.integrations.requests_client import OAuth2Session

    from entra_oauth.adapters.http import EntraAuth

    if tokens is not None and profile is not None:
        raise UsageError("Tokens and a profile exclude each other.", advice="Give one.")
    at_hand = tokens or StoredTokens.of_profile(profile)
    found = at_hand.get(*scopes)
    session = OAuth2Session(
        client_id=at_hand.client_id,
        scope=found.scopes,
        token={
            "token_type": "Bearer",
            "access_token": found.token.text,
            "expires_at": found.token.expires_on,
        },
    )
    # In the place of authlib's own, which would need the refresh token.
    session.token_auth = EntraAuth(at_hand, scopes=scopes)
    return session
