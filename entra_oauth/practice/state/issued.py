"""The tenant's memory: codes, refresh tokens, sessions, pages under way, consents.

All of it in memory, guarded by one lock, and bounded: the oldest entry goes when
a shelf is full. The values are frozen, so that nothing handed out can
change behind the lock.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.practice.directory.model import Platform, RegisteredApp, Tenant, User
    from entra_oauth.practice.directory.tenant_authority import TenantAuthority
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.request.authorize_request import AuthorizeRequest
    from entra_oauth.practice.request.interaction_request import Interaction
    from entra_oauth.practice.request.scope_string import RequestedScope, ResourceScope

__all__ = [
    "DEVICE_LIVES_S",
    "INTERVAL_S",
    "BrowserSession",
    "DeviceGrant",
    "Issued",
    "IssuedCode",
    "PendingPage",
    "RefreshGrant",
]

T = TypeVar("T")

DEVICE_LIVES_S = 900
"""The life of a device code."""
INTERVAL_S = 5
"""A device's pause between two questions, at least."""
_SHELF_SIZE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCode:
    """The sign-in that an authorization code stands for."""

    request: AuthorizeRequest
    user: User
    tenant: Tenant
    issued_at: float
    amr: tuple[str, ...] = ("pwd",)
    """The proofs that the person gave (RFC 8176)."""
    spent: bool = False
    session: str = ""
    """The `session_state` of the browser that it was given to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceGrant:
    """The request that a device code stands for, and what has become of it."""

    authority: TenantAuthority
    app: RegisteredApp
    requested: RequestedScope
    device_call: Call
    """The request for the code: answers to polls carry its ids."""
    issued_at: float
    user: User | None = None
    """The person who agreed; None as long as nobody did."""
    amr: tuple[str, ...] = ("pwd",)
    declined: bool = False
    fault: str = ""
    """The fault that left the person nothing but to decline."""
    spent: bool = False
    last_poll: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshGrant:
    """The grant that a refresh token stands for."""

    app: RegisteredApp
    platform: Platform
    user: User
    tenant: Tenant
    requested: RequestedScope
    issued_at: float
    """The time at which this token was made; ninety days later it is dead."""
    first_issued_at: float
    """The time of the first of its line; a token that a page's script holds dies a day later."""
    amr: tuple[str, ...] = ("pwd",)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserSession:
    """The people who are signed in with one browser."""

    users: tuple[User, ...]
    state: str
    """The GUID that answers carry as `session_state`."""
    strong: frozenset[str] = frozenset()
    """Object ids of those who took the second step."""

    def amr(self, user: User) -> tuple[str, ...]:
        """The proofs that this person gave (RFC 8176)."""
        return ("pwd", "mfa") if user.oid in self.strong else ("pwd",)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingPage:
    """A form that was shown and not yet sent back."""

    interaction: Interaction
    shown: float
    user: User | None = None
    """The person who has proved their password; the pages after the sign-in page have one."""
    strong: bool = False
    """True if they took the second step."""


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


class Issued:
    """The tenant's memory. Every method is one step, safe between threads."""

    def __init__(self, consents: frozenset[tuple[str | None, str, str]]) -> None:
        self._lock = Lock()
        self._codes: _Shelf[IssuedCode] = _Shelf()
        self._refresh: _Shelf[RefreshGrant] = _Shelf()
        self._sessions: _Shelf[BrowserSession] = _Shelf()
        self._pages: _Shelf[PendingPage] = _Shelf()
        self._devices: _Shelf[DeviceGrant] = _Shelf()
        self._user_codes: _Shelf[str] = _Shelf()
        self._consents = set(consents)
        self._revoked: dict[str, float] = {}
        self._challenged: dict[str, float] = {}

    def save_code(self, code: str, issued_code: IssuedCode) -> None:
        with self._lock:
            self._codes.put(code, issued_code)

    def code(self, code: str) -> IssuedCode | None:
        with self._lock:
            return self._codes.get(code)

    def spend(self, code: str) -> bool:
        """Mark a code as used; false if it was, or is unknown. Only one caller wins."""
        with self._lock:
            issued_code = self._codes.get(code)
            if issued_code is None or issued_code.spent:
                return False
            self._codes.put(code, replace(issued_code, spent=True))
            return True

    def save_refresh(self, token: str, grant: RefreshGrant) -> None:
        with self._lock:
            self._refresh.put(token, grant)

    def refresh(self, token: str) -> RefreshGrant | None:
        with self._lock:
            return self._refresh.get(token)

    def save_device(self, device_code: str, user_code: str, grant: DeviceGrant) -> None:
        with self._lock:
            self._devices.put(device_code, grant)
            self._user_codes.put(user_code, device_code)

    def device(self, device_code: str) -> DeviceGrant | None:
        with self._lock:
            return self._devices.get(device_code)

    def device_code(self, user_code: str) -> str | None:
        """The device code that belongs to what a person typed."""
        with self._lock:
            return self._user_codes.get(user_code)

    def change_device(
        self, device_code: str, change: Callable[[DeviceGrant], DeviceGrant | None]
    ) -> bool:
        """Put what `change` makes of the grant in its place; false if it makes nothing."""
        with self._lock:
            grant = self._devices.get(device_code)
            changed = change(grant) if grant is not None else None
            if changed is not None:
                self._devices.put(device_code, changed)
            return changed is not None

    def revoke(self, oid: str, now: float) -> None:
        """From now on, what was issued to that person before is dead (AADSTS50173)."""
        with self._lock:
            self._revoked[oid] = now

    def revoked(self, oid: str) -> float | None:
        """Since when a person's earlier refresh tokens are dead."""
        with self._lock:
            return self._revoked.get(oid)

    def challenge(self, oid: str, now: float) -> None:
        """From now on, the workspace asks that person for a token made later than this."""
        with self._lock:
            self._challenged[oid] = now

    def challenged(self, oid: str) -> float | None:
        with self._lock:
            return self._challenged.get(oid)

    def save_session(self, name: str, session: BrowserSession) -> None:
        with self._lock:
            self._sessions.put(name, session)

    def session(self, name: str | None) -> BrowserSession | None:
        with self._lock:
            return self._sessions.get(name) if name else None

    def end_session(self, name: str | None) -> None:
        with self._lock:
            self._sessions.drop(name or "")

    def save_page(self, name: str, page: PendingPage) -> None:
        with self._lock:
            self._pages.put(name, page)

    def page(self, name: str | None) -> PendingPage | None:
        with self._lock:
            return self._pages.get(name) if name else None

    def consent(self, oid: str | None, client_id: str, resource_id: str) -> None:
        """Note a yes; without a person it is an administrator's, for everybody."""
        with self._lock:
            self._consents.add((oid, client_id, resource_id))

    def consented_for_all(self, client_id: str, resource_id: str) -> bool:
        """True if an administrator agreed for everybody that the app may call that API."""
        with self._lock:
            return (None, client_id, resource_id) in self._consents

    def consented(self, app: RegisteredApp, resource_scope: ResourceScope, user: User) -> bool:
        """True if that person, or an administrator, agreed that the app may call that API.

        A permission that only an administrator can give is not covered by a yes that the person
        gave for the others of the same API, unless the person is one. Nobody is asked for what the
        API lets the app have anyway.
        """
        # fidelity: consent-default
        if app.holds(resource_scope.resource.id, resource_scope.permissions):
            return True
        for_all = resource_scope.needs_admin and not user.admin
        api = app.client_id, resource_scope.resource.id
        with self._lock:
            return any(
                (who, *api) in self._consents for who in ((None,) if for_all else (user.oid, None))
            )
