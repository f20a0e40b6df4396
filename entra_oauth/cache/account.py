"""Accounts and apps as values, and the methods that every store has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from entra_oauth.protocol.authority import cloud_of
from entra_oauth.protocol.scopes import expand, resource_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from entra_oauth.cache.cached_token import CachedToken
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["Account", "App", "Store", "StoreLock", "account_of", "scope_key"]


@dataclass(frozen=True, slots=True)
class App:
    """An app at an authority: the beginning of every key."""

    base: str
    """Scheme, host and perhaps port of the authority."""
    tenant: str
    client_id: str

    @classmethod
    def of(cls, authority: Authority, client_id: str) -> App:
        return cls(authority.base, authority.tenant, client_id)

    def key(self, account: str, scopes: str) -> tuple[str, ...]:
        """The key of an access token in the store."""
        return self.base, self.tenant.lower(), self.client_id.lower(), account.lower(), scopes


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who signed in to an app. Its repr shows no token."""

    name: str
    """The account's name here: the user name, or who the token speaks for."""
    tenant_id: str | None = None
    object_id: str | None = None
    signed_in_at: int = 0
    """Seconds since 1970."""
    refresh_token: str | None = field(default=None, repr=False)
    place: str = "file"
    """The place of the refresh token: `file` or `keyring`."""


class StoreLock(Protocol):
    """The lock of one account; to be used in a `with` block once `take` has got it."""

    @property
    def works(self) -> bool:
        """False where none can be had; then everybody gets it."""

    def take(self, wait_s: float, or_until: Callable[[], bool] = ..., /) -> bool:
        """Take it, waiting `wait_s` seconds at most; whether it is ours."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Store(Protocol):
    """A place for tokens. Every method may raise `LocalError`."""

    def access_token(self, app: App, account: str, scopes: str) -> CachedToken | None:
        """The access token for these scopes, good or not. Takes no lock."""

    def account(self, app: App, name: str) -> Account | None:
        """An account with its refresh token."""

    def default_account(self, app: App) -> str | None:
        """The account of the latest sign-in."""

    def accounts(self) -> list[tuple[App, Account]]:
        """Every account of every app, without refresh tokens."""

    def save(
        self, app: App, account: Account, scopes: str, token: CachedToken, *, signed_in: bool
    ) -> None:
        """Save what has arrived. A refresh token that is None leaves the old one."""

    def drop_refresh_token(self, app: App, name: str) -> None:
        """Forget a refresh token that the authority has called dead."""

    def forget(self, app: App, name: str) -> bool:
        """Forget an account with all of its tokens; whether there was one. Takes its lock."""

    def forget_all(self) -> int:
        """Forget everything; how many accounts there were."""

    def lock(self, app: App, name: str) -> StoreLock:
        """The lock to be held around a refresh and what follows."""


def scope_key(scopes: tuple[str, ...], base: str) -> str:
    """The scopes' part of a key in the store; `base` is the authority's origin.

    In any order, and without the words of OpenID Connect: they ask for other tokens.
    """
    named = expand(scopes, cloud=cloud_of(base))
    of_a_resource = [scope for scope in named if resource_of(scope) is not None]
    return " ".join(sorted(of_a_resource or named))


def account_of(tokens: TokenResponse, *, otherwise: str) -> Account:
    """The account that an answer belongs to; `otherwise` if it does not say."""
    identity = tokens.identity
    name = (identity.username or identity.object_id) if identity else None
    return Account(
        name=name or otherwise,
        tenant_id=identity.tenant_id if identity else None,
        object_id=identity.object_id if identity else None,
        signed_in_at=int(tokens.received_at),
        refresh_token=tokens.refresh_token,
    )
