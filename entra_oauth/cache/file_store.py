"""The store on disk: a folder for each account, a small file for each scope.

Whoever reads an access token takes no lock: a file is always whole, because it is
only ever replaced. A change of an account is made under that account's lock.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from entra_oauth.cache import paths, private_files
from entra_oauth.cache.account import Account, App
from entra_oauth.cache.cached_token import CachedToken
from entra_oauth.cache.lock import Lock
from entra_oauth.channels.base import now, say_nothing
from entra_oauth.errors import LocalError, plain
from entra_oauth.protocol.authority import same_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from entra_oauth.cache.vault import Vault

__all__ = ["FileStore"]

_SCHEMA = "entra-oauth/account/"
_VERSION = "1"
_ACCOUNT, _LOCK, _DEFAULT = "account", "lock", "default"
_WAIT_S = 10.0
"""Seconds that forgetting waits for whoever renews a token meanwhile."""


class FileStore:
    """A `Store` in a folder. `vault` takes the refresh tokens, if there is one.

    `say` is told once of a damaged file, which is then out of the way.
    """

    def __init__(
        self, folder: str, *, vault: Vault | None = None, say: Callable[[str], None] = say_nothing
    ) -> None:
        self.folder = folder
        self._vault = vault
        self._say = say

    @classmethod
    def standard(
        cls,
        environ: Mapping[str, str],
        *,
        vault: Vault | None = None,
        say: Callable[[str], None] = say_nothing,
    ) -> FileStore:
        """The store of this person. Raises `LocalError` where there is no home for it."""
        return cls(private_files.standard_folder(environ), vault=vault, say=say)

    def check(self) -> None:
        """Find out whether anything can be stored. Raises `LocalError`."""
        private_files.check_folder(self.folder)

    # ---- reading -------------------------------------------------------------------

    def access_token(self, app: App, account: str, scopes: str) -> CachedToken | None:
        """See `Store`. A damaged file is set aside; one of a later version is left alone."""
        key = app.key(account, scopes)
        path = paths.line_file(self._account(app, account), *key)
        text = self._read(path)
        if text is None:
            return None
        found = paths.read_token(text, key)
        if found is None:
            if not paths.is_newer(text):
                self._set_aside(path)
            return None
        expires_on, arrived_at, clock, token, granted = found
        return CachedToken(
            text=token,
            expires_on=expires_on,
            arrived_at=arrived_at,
            arrived_on_clock=clock,
            granted=granted or None,
        )

    def account(self, app: App, name: str) -> Account | None:
        """See `Store`. Raises `LocalError` for an account of a later version."""
        record = self._record(os.path.join(self._account(app, name), _ACCOUNT))
        if record is None or _app(record) != _lowered(app):
            return None
        secret = record["refresh_token"]
        if record["place"] == "keyring":
            secret = self._require_vault().get(_vault_key(app, name))
        return _account(record, secret)

    def default_account(self, app: App) -> str | None:
        """See `Store`."""
        path = os.path.join(self._app(app), _DEFAULT)
        text = self._read(path)
        values = None if text is None else paths.read_line(text)
        if text is not None and values is None and not paths.is_newer(text):
            self._set_aside(path)
        return values[0] if values else None

    def accounts(self) -> list[tuple[App, Account]]:
        """See `Store`."""
        found = []
        for path in self._records():
            with suppress(LocalError):
                record = self._record(path)
                if record is not None:
                    app = App(record["base"], record["tenant"], record["client_id"])
                    found.append((app, _account(record, None)))
        return sorted(found, key=lambda each: (each[0].base, each[0].tenant, each[1].name))

    def has_refresh_token(self, app: App, name: str) -> bool:
        """Tell if there is one, without fetching it."""
        record = self._record(os.path.join(self._account(app, name), _ACCOUNT))
        return record is not None and bool(record["refresh_token"] or record["place"] == "keyring")

    # ---- changing ------------------------------------------------------------------

    def save(
        self, app: App, account: Account, scopes: str, token: CachedToken, *, signed_in: bool
    ) -> None:
        """See `Store`. The refresh token goes first: it is the one that must not be lost.

        The order of writes. Whoever is killed between two of them leaves a store that
        works: the record with the new refresh token, then the access token (without it,
        the next command refreshes), then the default account (without it, the one before
        stays). The authority may have made the old refresh token worthless by now; an
        access token can be had again.
        """
        folder = self._account(app, account.name)
        for each in (self.folder, self._app(app), folder):
            private_files.make_folder(each)
        private_files.sweep(folder)
        path = os.path.join(folder, _ACCOUNT)
        old = self._record(path)
        if old is not None and signed_in and not same_id(old["object_id"], account.object_id):
            self._forget_tokens(folder)  # another person of the same name
        vault = self._vault if signed_in else self._vault_of(old)
        record = self._new_record(app, account, old if not signed_in else None, vault)
        if old is not None and (old["place"], record["place"]) == ("keyring", "file"):
            # Before the record forgets that there is something in the vault.
            self._require_vault().drop(_vault_key(app, account.name))
        if record != old:
            private_files.write(path, _dump(record))
        key = app.key(account.name, scopes)
        text = paths.write_token(key, token.times, token.text, token.granted or "")
        private_files.write(paths.line_file(folder, *key), text)
        if signed_in:
            private_files.write(
                os.path.join(self._app(app), _DEFAULT), paths.write_line(account.name)
            )

    def drop_refresh_token(self, app: App, name: str) -> None:
        """See `Store`."""
        path = os.path.join(self._account(app, name), _ACCOUNT)
        record = self._record(path)
        if record is None:
            return
        if record["place"] == "keyring":
            self._require_vault().drop(_vault_key(app, name))
        private_files.write(path, _dump(record | {"refresh_token": None, "place": "file"}))

    def forget(self, app: App, name: str) -> bool:
        """See `Store`. Damaged and temporary files go with it."""
        folder = self._account(app, name)
        with self.lock(app, name) as lock:
            ours = lock.take(_WAIT_S)
            record = None
            with suppress(LocalError):  # a later version's account can be forgotten too
                record = self._record(os.path.join(folder, _ACCOUNT))
            if record is not None and record["place"] == "keyring":
                self._require_vault().drop(_vault_key(app, name))
            gone = record is not None or any(each != _LOCK for each in _names(folder))
            _clear(folder, lock if ours else None)
        default = self.default_account(app)
        if default is not None and default.lower() == name.lower():
            private_files.remove(os.path.join(self._app(app), _DEFAULT))
        with suppress(OSError):
            os.rmdir(self._app(app))  # if it was the last
        return gone

    def forget_all(self) -> int:
        """See `Store`."""
        accounts = self.accounts()
        for app, account in accounts:
            if account.place == "keyring":
                self._require_vault().drop(_vault_key(app, account.name))
        for folder in map(os.path.dirname, self._records()):
            with suppress(LocalError), Lock(os.path.join(folder, _LOCK)) as lock:
                _clear(folder, lock if lock.take(_WAIT_S) else None)
        private_files.remove(self.folder)
        return len(accounts)

    def lock(self, app: App, name: str) -> Lock:
        """See `Store`. Makes the account's folder if there is none."""
        folder = self._account(app, name)
        for each in (self.folder, self._app(app), folder):
            private_files.make_folder(each)
        return Lock(os.path.join(folder, _LOCK))

    # ---- within --------------------------------------------------------------------

    def _app(self, app: App) -> str:
        return paths.app_folder(self.folder, app.base, app.tenant, app.client_id)

    def _account(self, app: App, name: str) -> str:
        return paths.account_folder(self._app(app), name)

    def _records(self) -> Iterator[str]:
        for app in _folders(self.folder):
            for account in _folders(app):
                yield os.path.join(account, _ACCOUNT)

    def _read(self, path: str) -> str | None:
        try:
            return private_files.read(path)
        except private_files.Damaged:
            self._set_aside(path)
            return None

    def _record(self, path: str) -> dict[str, Any] | None:
        text = self._read(path)
        if text is None:
            return None
        record = _parse(text)
        schema = record.get("schema") if record else None
        if isinstance(schema, str) and schema.startswith(_SCHEMA):
            if schema != f"{_SCHEMA}{_VERSION}":
                raise LocalError(
                    f"{plain(path)} was written by a later version of entra-oauth.",
                    advice="Use that version, or sign out with it first.",
                )
            if record is not None and _is_whole(record):
                return record
        self._set_aside(path)
        return None

    def _set_aside(self, path: str) -> None:
        aside = private_files.set_aside(path, now())
        self._say(f"A damaged file of the token store was set aside: {plain(aside)}")

    def _new_record(
        self, app: App, account: Account, old: dict[str, Any] | None, vault: Vault | None
    ) -> dict[str, Any]:
        record: dict[str, Any] = {
            "schema": f"{_SCHEMA}{_VERSION}",
            "base": app.base,
            "tenant": app.tenant,
            "client_id": app.client_id,
            "account": account.name,
            "tenant_id": account.tenant_id,
            "object_id": account.object_id,
            "signed_in_at": account.signed_in_at,
            "refresh_token": None,
            "place": "file",
        }
        if old is not None:
            record |= {n: old[n] for n in ("signed_in_at", "refresh_token", "place")}
            # A refresh may bring no ID token; who it is stays what it was.
            record |= {n: record[n] or old[n] for n in ("tenant_id", "object_id")}
        if account.refresh_token is None:
            return record
        if vault is not None:
            vault.put(_vault_key(app, account.name), account.refresh_token)
            return record | {"refresh_token": None, "place": "keyring"}
        return record | {"refresh_token": account.refresh_token, "place": "file"}

    def _vault_of(self, record: dict[str, Any] | None) -> Vault | None:
        """A refreshed token stays where the one before it was: no silent step down."""
        was_there = record is not None and record["place"] == "keyring"
        return self._require_vault() if was_there else None

    def _require_vault(self) -> Vault:
        if self._vault is None:
            from entra_oauth.cache.vault import Keyring

            self._vault = Keyring.open()
        return self._vault

    def _forget_tokens(self, folder: str) -> None:
        for name in os.listdir(folder):
            if name not in (_ACCOUNT, _LOCK):
                private_files.remove(os.path.join(folder, name))


def _clear(folder: str, lock: Lock | None) -> None:
    """Remove all of an account, the lock last and only if it is ours."""
    private_files.empty(folder, but=_LOCK)
    if lock is not None:
        lock.remove()
        with suppress(OSError):
            os.rmdir(folder)


def _folders(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as found:
            names = [each.path for each in found if each.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise private_files.unusable(folder, error) from None
    yield from names


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _vault_key(app: App, name: str) -> str:
    return f"{app.base}/{app.tenant.lower()} {app.client_id.lower()} {name.lower()}"


def _dump(record: dict[str, Any]) -> str:
    import json

    return json.dumps(record, indent=1)


def _parse(text: str) -> dict[str, Any] | None:
    import json

    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


_TEXTS = ("base", "tenant", "client_id", "account")
_PERHAPS = ("tenant_id", "object_id", "refresh_token")


def _is_whole(record: dict[str, Any]) -> bool:
    return (
        all(isinstance(record.get(name), str) for name in _TEXTS)
        and all(isinstance(record.get(name, 0), str | None) for name in _PERHAPS)
        and isinstance(record.get("signed_in_at"), int)
        and record.get("place") in ("file", "keyring")
    )


def _app(record: dict[str, Any]) -> App:
    return _lowered(App(record["base"], record["tenant"], record["client_id"]))


def _lowered(app: App) -> App:
    return App(app.base, app.tenant.lower(), app.client_id.lower())


def _account(record: dict[str, Any], refresh_token: str | None) -> Account:
    return Account(
        name=record["account"],
        tenant_id=record["tenant_id"],
        object_id=record["object_id"],
        signed_in_at=record["signed_in_at"],
        refresh_token=refresh_token,
        place=record["place"],
    )
