"""For authlib: an `OAuth2Session` that has the token, and keeps it fresh.

The session is authlib's own, and all that it does with the network is authlib's and
requests' way of doing it: redirects are followed, without the token to another host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.adapters.stored_tokens import StoredTokens

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from authlib.integrations.requests_client import OAuth2Session

__all__ = ["oauth2_session"]


def oauth2_session(
    tokens: StoredTokens | None = None, *, profile: str | None = None, scopes: tuple[str, ...] = ()
) -> OAuth2Session:
    """A session whose requests carry the token, to where it may be sent and nowhere else.

    It has no refresh token: that stays in the store, where one process at a time uses it.
    """
    from authlib.integrations.requests_client import OAuth2Session

    at_hand = StoredTokens.given(tokens, profile)
    found = at_hand.get(*scopes)

    def bring(
        url: str, headers: MutableMapping[str, str], body: object
    ) -> tuple[str, MutableMapping[str, str], object]:
        at_hand.check_destination(url, *scopes)
        headers["Authorization"] = f"Bearer {at_hand.get(*scopes).token.text}"
        return url, headers, body

    # No expires_at: authlib would look at it, and has no refresh token to act upon it.
    session = OAuth2Session(
        client_id=at_hand.client_id,
        scope=found.scopes,
        token={"token_type": "Bearer", "access_token": found.token.text},
    )
    session.register_compliance_hook("protected_request", bring)
    return session
