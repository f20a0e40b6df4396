"""For the Azure SDKs: a `TokenCredential` of azure-core's shape, without azure-core.

Only the shape is asked for: azure-core looks for the methods, not for a base class
(`azure.core.credentials.TokenCredential` and `SupportsTokenInfo` are protocols).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.errors import UsageError
from entra_oauth.protocol.authority import folded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

__all__ = ["AccessToken", "AccessTokenInfo", "EntraCredential"]


class AccessToken(NamedTuple):
    """azure-core's pair."""

    token: str
    expires_on: int
    """Seconds since 1970."""

    def __repr__(self) -> str:
        return f"AccessToken(expires_on={self.expires_on})"


class AccessTokenInfo:
    """azure-core's newer form. Its repr does not show the token."""

    __slots__ = ("expires_on", "refresh_on", "token", "token_type")

    def __init__(self, token: str, expires_on: int) -> None:
        self.token = token
        self.expires_on = expires_on
        self.token_type = "Bearer"  # noqa: S105
        self.refresh_on: int | None = None

    def __repr__(self) -> str:
        return f"AccessTokenInfo(expires_on={self.expires_on})"


class _Options(Protocol):
    def get(self, name: str, /) -> object: ...


class EntraCredential:
    """`BlobServiceClient(url, credential=EntraCredential(profile="work"))`. Thread-safe.

    It does not see where the SDK sends the token; the SDK asks only for its own scopes.
    Raises `SignInRequired` where a person has to go on, also for claims that a refresh
    does not bring. `tenant_id` may only be the tenant that it was made with.
    """

    def __init__(self, tokens: StoredTokens | None = None, *, profile: str | None = None) -> None:
        if tokens is not None and profile is not None:
            raise UsageError("Tokens and a profile exclude each other.", advice="Give one.")
        self._tokens = tokens or StoredTokens.of_profile(profile)

    def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
    ) -> AccessToken:
        """azure-core's `TokenCredential.get_token`. `enable_cae` has no effect."""
        token, expires_on = self._get(scopes, claims, tenant_id)
        return AccessToken(token, expires_on)

    def get_token_info(
        self, *scopes: str, options: Mapping[str, object] | None = None
    ) -> AccessTokenInfo:
        """azure-core's `SupportsTokenInfo.get_token_info`."""
        chosen = options or {}
        claims, tenant_id = chosen.get("claims"), chosen.get("tenant_id")
        token, expires_on = self._get(
            scopes,
            claims if isinstance(claims, str) else None,
            tenant_id if isinstance(tenant_id, str) else None,
        )
        return AccessTokenInfo(token, expires_on)

    def close(self) -> None:
        """Nothing is open between two calls."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _get(
        self, scopes: tuple[str, ...], claims: str | None, tenant_id: str | None
    ) -> tuple[str, int]:
        if not scopes:
            raise UsageError("No scope was asked for.", advice="Name one, as get_token(scope).")
        asked, known = folded(tenant_id or "").lower(), self._tokens.authority.tenant.lower()
        if tenant_id is not None and asked != known:
            raise UsageError(
                "A token of another tenant was asked for.",
                advice="Sign in to that tenant too, and make a credential of it.",
            )
        found = self._tokens.get(*scopes, claims=claims)
        return found.token.text, found.token.expires_on
