"""For the Azure SDKs: a `TokenCredential` of azure-core's shape, without azure-core.

Only the shape is asked for: azure-core looks for the methods, not for a base class
(`azure.core.credentials.TokenCredential` and `SupportsTokenInfo` are protocols).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from entra_oauth.adapters.azure_errors import as_azure
from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.errors import EntraOAuthError, UsageError
from entra_oauth.protocol.authority import folded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

__all__ = ["AccessToken", "AccessTokenInfo", "AsyncEntraCredential", "EntraCredential"]

T = TypeVar("T")


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


class EntraCredential:
    """`BlobServiceClient(url, credential=EntraCredential(profile="work"))`. Thread-safe.

    It does not see where the SDK sends the token; the SDK asks only for its own scopes.
    The profile is read when the first token is asked for. `tenant_id` may only be the tenant
    that it was made with, but for a managed identity, which has one whatever is asked for. With
    `enable_cae` the request declares `cp1`, and tokens are kept apart.

    Raises `SignInRequired` where a person has to go on, also for claims that a refresh does
    not bring. Where azure.identity is loaded, an error that says that nobody has signed in here
    is its `CredentialUnavailableError` too, so a chain goes on; one that says that the authority
    refused is azure.core's `ClientAuthenticationError`.
    """

    def __init__(self, tokens: StoredTokens | None = None, *, profile: str | None = None) -> None:
        if tokens is not None:
            tokens = StoredTokens.given(tokens, profile)
        self._tokens = tokens
        self._profile = profile

    def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
    ) -> AccessToken:
        """azure-core's `TokenCredential.get_token`."""
        return AccessToken(*self._get(scopes, claims, tenant_id, cae=enable_cae))

    def get_token_info(
        self, *scopes: str, options: Mapping[str, object] | None = None
    ) -> AccessTokenInfo:
        """azure-core's `SupportsTokenInfo.get_token_info`."""
        chosen = options or {}
        claims, tenant_id = chosen.get("claims"), chosen.get("tenant_id")
        found = self._get(
            scopes,
            claims if isinstance(claims, str) else None,
            tenant_id if isinstance(tenant_id, str) else None,
            cae=chosen.get("enable_cae") is True,
        )
        return AccessTokenInfo(*found)

    def close(self) -> None:
        """Nothing is open between two calls."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _get(
        self, scopes: tuple[str, ...], claims: str | None, tenant_id: str | None, *, cae: bool
    ) -> tuple[str, int]:
        if not scopes:
            raise UsageError("No scope was asked for.", advice="Name one, as get_token(scope).")
        tokens = self._at_hand()
        asked, known = folded(tenant_id or "").lower(), tokens.authority.tenant.lower()
        if tenant_id is not None and asked != known and not tokens.is_identity:
            raise UsageError(
                "A token of another tenant was asked for.",
                advice="Sign in to that tenant too, and make a credential of it.",
            )
        try:
            found = tokens.get(*scopes, claims=claims, cae=cae)
        except EntraOAuthError as error:
            raise as_azure(error) from None
        return found.token.text, found.token.expires_on

    def _at_hand(self) -> StoredTokens:
        if self._tokens is None:
            try:
                self._tokens = StoredTokens.of_profile(self._profile)
            except UsageError as error:
                raise as_azure(error, not_set_up=True) from None
        return self._tokens


class AsyncEntraCredential:
    """The same for clients of `azure.….aio`: `async with AsyncEntraCredential(…) as credential`.

    Each token is fetched in a thread, so that an event loop is never held up by a refresh.
    """

    def __init__(self, tokens: StoredTokens | None = None, *, profile: str | None = None) -> None:
        self._credential = EntraCredential(tokens, profile=profile)

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
    ) -> AccessToken:
        """azure-core's `AsyncTokenCredential.get_token`."""
        return await _in_thread(
            lambda: self._credential.get_token(
                *scopes, claims=claims, tenant_id=tenant_id, enable_cae=enable_cae
            )
        )

    async def get_token_info(
        self, *scopes: str, options: Mapping[str, object] | None = None
    ) -> AccessTokenInfo:
        """azure-core's `AsyncSupportsTokenInfo.get_token_info`."""
        return await _in_thread(lambda: self._credential.get_token_info(*scopes, options=options))

    async def close(self) -> None:
        """Nothing is open between two calls."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()


async def _in_thread(call: Callable[[], T]) -> T:
    import asyncio  # slow to import, and whoever awaits has it already

    return await asyncio.to_thread(call)
