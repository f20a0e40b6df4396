"""The store that ends with the process."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from entra_oauth.channels.base import monotonic
from entra_oauth.protocol.guid import same_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from entra_oauth.cache.account import Account, App
    from entra_oauth.cache.decision import AccessToken

__all__ = ["MemoryStore"]

_SLICE_S = 0.02


class MemoryStore:
    """A `Store` for one process; threads may share it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._tokens: dict[tuple[str, ...], AccessToken] = {}
        self._accounts: dict[tuple[str, ...], tuple[App, Account]] = {}
        self._defaults: dict[tuple[str, ...], str] = {}
        self._locks: dict[tuple[str, ...], threading.Lock] = {}

    def access_token(self, app: App, account: str, scopes: str) -> AccessToken | None:
        """See `Store`."""
        return self._tokens.get(app.key(account, scopes))

    def account(self, app: App, name: str) -> Account | None:
        """See `Store`."""
        found = self._accounts.get(app.key(name, ""))
        return found[1] if found else None

    def default_account(self, app: App) -> str | None:
        """See `Store`."""
        return self._defaults.get(app.key("", ""))

    def accounts(self) -> list[tuple[App, Account]]:
        """See `Store`."""
        with self._guard:
            found = list(self._accounts.values())
        return [(app, replace(account, refresh_token=None)) for app, account in found]

    def keep(
        self, app: App, account: Account, scopes: str, token: AccessToken, *, signed_in: bool
    ) -> None:
        """See `Store`."""
        key = app.key(account.name, "")
        with self._guard:
            old = self._accounts.get(key)
            if old is not None and not signed_in:
                account = replace(
                    old[1], refresh_token=account.refresh_token or old[1].refresh_token
                )
            elif old is not None and not same_id(old[1].object_id, account.object_id):
                self._tokens = {k: v for k, v in self._tokens.items() if k[:4] != key[:4]}
            self._accounts[key] = app, replace(account, place="memory")
            self._tokens[app.key(account.name, scopes)] = token
            if signed_in:
                self._defaults[app.key("", "")] = account.name

    def drop_refresh_token(self, app: App, name: str) -> None:
        """See `Store`."""
        key = app.key(name, "")
        with self._guard:
            if key in self._accounts:
                self._accounts[key] = app, replace(self._accounts[key][1], refresh_token=None)

    def forget(self, app: App, name: str) -> bool:
        """See `Store`."""
        key = app.key(name, "")
        with self._guard:
            self._tokens = {k: v for k, v in self._tokens.items() if k[:4] != key[:4]}
            if self._defaults.get(app.key("", ""), "").lower() == name.lower():
                del self._defaults[app.key("", "")]
            return self._accounts.pop(key, None) is not None

    def forget_all(self) -> int:
        """See `Store`."""
        with self._guard:
            number = len(self._accounts)
            for each in (self._tokens, self._accounts, self._defaults):
                each.clear()
        return number

    def lock(self, app: App, name: str) -> _MemoryLock:
        """See `Store`."""
        with self._guard:
            return _MemoryLock(self._locks.setdefault(app.key(name, ""), threading.Lock()))


class _MemoryLock:
    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._ours = False
        self.works = True

    def take(self, wait_s: float, or_until: Callable[[], bool] = lambda: False) -> bool:
        until = monotonic() + wait_s
        while not self._lock.acquire(timeout=max(0.0, min(_SLICE_S, until - monotonic()))):
            if or_until() or monotonic() >= until:
                return False
        self._ours = True
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ours:
            self._ours = False
            self._lock.release()
