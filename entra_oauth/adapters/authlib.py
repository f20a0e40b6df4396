"""For authlib: an `OAuth2Session` that has the token, and keeps it fresh.

The session is authlib's own, and all that it does with the network is authlib's and
requests' way of doing it: redirects are followed, without the token to another host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from entra_oauth.adapters.bearer_header import BearerHeader
from entra_oauth.adapters.requests_challenge import ClaimsAnswer
from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.channels.base import say_nothing

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from authlib.integrations.requests_client import OAuth2Session
    from requests import Response

__all__ = ["oauth2_session"]


def oauth2_session(
    tokens: StoredTokens | None = None,
    *,
    profile: str | None = None,
    scopes: tuple[str, ...] = (),
    on_claims: Callable[[str], None] = say_nothing,
    enable_cae: bool = False,
) -> OAuth2Session:
    """A session whose requests carry the token, to where it may be sent and nowhere else.

    It has no refresh token: that stays in the store, where one process at a time uses it. A
    claims challenge is answered as by `EntraAuth`, with the same options.
    """
    from authlib.integrations.requests_client import OAuth2Session

    at_hand = StoredTokens.given(tokens, profile)
    found = at_hand.get(*scopes, cae=enable_cae)
    header = BearerHeader(at_hand, scopes, on_claims, cae=enable_cae)

    def bring(
        url: str, headers: MutableMapping[str, str], body: object
    ) -> tuple[str, MutableMapping[str, str], object]:
        header.check(url)
        headers["Authorization"] = header.value()
        return url, headers, body

    def answer(response: Response, **options: Any) -> Response:
        request = response.request
        value = request.headers.get("Authorization")
        if response.status_code != 401 or value is None:
            return response
        # Once: what a redirect leads to is not answered again.
        request.deregister_hook("response", answer)  # type: ignore[no-untyped-call]
        return ClaimsAnswer(header, request, value)(response, **options)

    # No expires_at: authlib would look at it, and has no refresh token to act upon it.
    session = OAuth2Session(
        client_id=at_hand.client_id,
        scope=found.scopes,
        token={"token_type": "Bearer", "access_token": found.token.text},
    )
    session.register_compliance_hook("protected_request", bring)
    session.hooks["response"].append(answer)
    return session
