"""The `Authorization` header of a request, to where it may be sent (RFC 6750 §2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.errors import SignInRequired
from entra_oauth.protocol.resource.claims_challenge import challenge_claims

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.adapters.stored_tokens import StoredTokens

__all__ = ["BearerHeader"]


class BearerHeader:
    """Makes the header anew for each request. Threads may share one.

    `on_claims` is told the claims that only a person's sign-in can meet.
    """

    def __init__(
        self, tokens: StoredTokens, scopes: tuple[str, ...], on_claims: Callable[[str], None]
    ) -> None:
        self._tokens = tokens
        self._scopes = scopes
        self._on_claims = on_claims

    def check(self, url: str) -> None:
        """Raise `DestinationRefused` unless the token may be sent there."""
        self._tokens.check_destination(url, *self._scopes)

    def value(self, claims: str | None = None) -> str:
        """The value of `Authorization`. Raises `SignInRequired` and what a refresh raises."""
        return f"Bearer {self._tokens.get(*self._scopes, claims=claims).token.text}"

    def better_value(self, status: int, challenge: str) -> str | None:
        """The header that answers a claims challenge; None where there is none, or no answer."""
        claims = challenge_claims([challenge]) if status == 401 else None
        if claims is None:
            return None
        try:
            return self.value(claims)
        except SignInRequired:
            self._on_claims(claims)
            return None
