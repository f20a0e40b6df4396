"""What the tenant remembers: codes, refresh tokens, sessions, pages under way, consents.

All of it in memory, guarded by one lock, and bounded: the oldest entry goes when
a shelf is full. What is kept are frozen values, so that nothing handed out can
change behind the lock.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from entra_oauth.practice.authorize import AuthorizeRequest
    from entra_oauth.practice.directory import App, Platform, Tenant, User
    from entra_oauth.practice.scopes import Asked

__all__ = ["IssuedCode", "Ledger", "PageUnderWay", "RefreshGrant", "Session"]

T = TypeVar("T")

_SHELF_SIZE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCode:
    """What an authorization code stands for."""

    request: AuthorizeRequest
    user: User
    tenant: Tenant
    issued: float
    spent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshGrant:
    """What a refresh token stands for."""

    app: App
    platform: Platform
    user: User
    tenant: Tenant
    asked: Asked
    issued: float
    """When this token was made; ninety days later it is dead."""
    first_issued: float
    """When the first of its line was made; what a page's script holds dies a day later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Who is signed in with one browser."""

    users: tuple[User, ...]
    state: str
    """The GUID that answers carry as `session_state`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageUnderWay:
    """A form that was shown and not yet sent back."""

    request: AuthorizeRequest
    shown: float
    user: User | None = None
    """Who has proved their password; only the consent page has one."""


class _Shelf(Generic[T]):
    def __init__(self) -> None:
        self._items: OrderedDict[str, T] = OrderedDict()

    def put(self, key: str, item: T) -> None:
        self._items[key] = item
        if len(self._items) > _SHELF_SIZE:
            self._items.popitem(last=False)

    def get(self, key: str) -> T | None:
        return self._items.get(key)

    def drop(self, key: str) -> None:
        self._items.pop(key, None)


class Ledger:
    """The tenant's memory. Every method is one step, safe between threads."""

    def __init__(self, consents: frozenset[tuple[str | None, str, str]]) -> None:
        self._lock = Lock()
        self._codes: _Shelf[IssuedCode] = _Shelf()
        self._refresh: _Shelf[RefreshGrant] = _Shelf()
        self._sessions: _Shelf[Session] = _Shelf()
        self._pages: _Shelf[PageUnderWay] = _Shelf()
        self._consents = set(consents)

    def keep_code(self, code: str, issued: IssuedCode) -> None:
        with self._lock:
            self._codes.put(code, issued)

    def code(self, code: str) -> IssuedCode | None:
        with self._lock:
            return self._codes.get(code)

    def spend(self, code: str) -> bool:
        """Mark a code as used; false if it was, or is unknown. Only one caller wins."""
        with self._lock:
            issued = self._codes.get(code)
            if issued is None or issued.spent:
                return False
            self._codes.put(code, replace(issued, spent=True))
            return True

    def keep_refresh(self, token: str, grant: RefreshGrant) -> None:
        with self._lock:
            self._refresh.put(token, grant)

    def refresh(self, token: str) -> RefreshGrant | None:
        with self._lock:
            return self._refresh.get(token)

    def keep_session(self, name: str, session: Session) -> None:
        with self._lock:
            self._sessions.put(name, session)

    def session(self, name: str | None) -> Session | None:
        with self._lock:
            return self._sessions.get(name) if name else None

    def end_session(self, name: str | None) -> None:
        with self._lock:
            self._sessions.drop(name or "")

    def keep_page(self, name: str, page: PageUnderWay) -> None:
        with self._lock:
            self._pages.put(name, page)

    def page(self, name: str | None) -> PageUnderWay | None:
        with self._lock:
            return self._pages.get(name) if name else None

    def consent(self, oid: str, client_id: str, resource_id: str) -> None:
        with self._lock:
            self._consents.add((oid, client_id, resource_id))

    def consented(self, oid: str, client_id: str, resource_id: str) -> bool:
        """Whether the person, or an administrator for everybody, said yes."""
        with self._lock:
            return not self._consents.isdisjoint(
                {(oid, client_id, resource_id), (None, client_id, resource_id)}
            )
