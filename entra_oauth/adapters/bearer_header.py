"""The `Authorization` header of a request, to where it may be sent (RFC 6750 §2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.errors import SignInRequired
from entra_oauth.protocol.resource.claims_challenge import challenge_claims

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.adapters.stored_tokens import StoredTokens

__all__ = ["BearerHeader", "origin"]


class BearerHeader:
    """Makes the header anew for each request. Threads may share one.

    `on_claims` is told the claims that only a person's sign-in can meet. `cae` is that of
    `TokenSource.get`.
    """

    def __init__(
        self,
        tokens: StoredTokens,
        scopes: tuple[str, ...],
        on_claims: Callable[[str], None],
        *,
        cae: bool = False,
    ) -> None:
        self._tokens = tokens
        self._scopes = scopes
        self._on_claims = on_claims
        self._cae = cae

    def check(self, url: str) -> None:
        """Raise `DestinationRefused` unless the token may be sent there."""
        self._tokens.check_destination(url, *self._scopes)

    def value(self, claims: str | None = None) -> str:
        """The value of `Authorization`. Raises `SignInRequired` and what a refresh raises."""
        return f"Bearer {self._tokens.get(*self._scopes, claims=claims, cae=self._cae).token.text}"

    def better_value(self, challenge: str, spent: str | None) -> str | None:
        """The header that answers a claims challenge; None where there is none, or no answer.

        `challenge` is the `WWW-Authenticate` of a 401, and `spent` the header that it turns
        down. Raises what a renewal raises where the authority cannot be reached or refuses.
        """
        claims = challenge_claims([challenge])
        if claims is None:
            return None
        try:
            better = self.value(claims)
        except SignInRequired:
            self._on_claims(claims)
            return None
        return None if better == spent else better


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of an address, in the one spelling that is compared (RFC 6454)."""
    parts = urlsplit(url)
    default = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or default
