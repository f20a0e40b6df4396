"""The store on disk: a folder for each account, a small file for each scope.

Whoever reads an access token takes no lock: a file is always whole, because it is
only ever replaced. A change of an account is made under that account's lock.
"""

from __future__ import annotations

import os
from contextlib import suppress

from entra_oauth.cache import paths, private_files
from entra_oauth.cache.account import (
    Account,
    App,
    CachedToken,
    access_token_of,
    account_of,
    later_version,
    parse_account,
    same_tenant,
    scope_key,
    spell_account,
    token_key,
)
from entra_oauth.cache.lock import Lock
from entra_oauth.channels.base import monotonic, now, say_nothing
from entra_oauth.errors import LocalError, StoreSilent, plain
from entra_oauth.light import TYPE_CHECKING, pattern, replace
from entra_oauth.protocol.authority import same_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from entra_oauth.cache.vault import Vault
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["LOCK_WAIT_S", "LOCK_WAIT_WITH_TOKEN_S", "FileStore", "store_sign_in"]

LOCK_WAIT_S = 360.0
"""Seconds that an account's lock is waited for: as long as whoever has it may take.

That one may have asked elsewhere for an app's proof before it asks for the token. Each of the
two may be sent for the last time after `patience.LONGEST_S`, and then take 30 s; and so may each
call of the password store.
"""

LOCK_WAIT_WITH_TOKEN_S = 10.0
"""The same for whoever has a token that is still good."""

_ACCOUNT, _LOCK, _DEFAULT = "account", "lock", "default"
_TOKEN_FILE = pattern(r"[0-9a-f]{32}")
_WAIT_S = 10.0
"""Seconds that forgetting waits for whoever renews a token meanwhile."""


class FileStore:
    """The tokens in a folder. `vault` takes the refresh tokens, if there is one.

    `say` is told once of a damaged file, which is then out of the way. Every method may raise
    `LocalError`.
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
        """The access token for these scopes, good or not. Takes no lock.

        A damaged file is set aside; one of a later version is left alone.
        """
        key = app.key(account, scopes)
        path = paths.line_file(self._account(app, account), *key)
        text = self._read(path)
        if text is None:
            return None
        token = CachedToken.parse(text, key)
        if token is None and not paths.is_newer(text):
            self._set_aside(path)
        return token

    def account(self, app: App, name: str, *, with_token: bool = True) -> Account | None:
        """An account, with its refresh token if wanted: for that a password store may wait.

        Raises `LocalError` for one of a later version.
        """
        record = self._record(self._record_file(app, name))
        if record is None or record[0].folded != app.folded:
            return None
        account = record[1]
        if account.place == "keyring" and with_token:
            secret = self._require_vault().get(app.vault_key(name))
            return replace(account, refresh_token=secret)
        return account

    def default_account(self, app: App) -> str | None:
        """The account of the latest sign-in; where that note is damaged, the only one there is.

        Raises `LocalError` where a later version has written the note.
        """
        path = os.path.join(self._app(app), _DEFAULT)
        text = self._read(path)
        values = None if text is None else paths.read_line(text)
        if values:
            return values[0]
        if text is None:
            return None
        if paths.is_newer(text):
            raise later_version(path)
        self._set_aside(path)
        names = [each.name for known, each in self.accounts() if known.folded == app.folded]
        if len(names) != 1:
            return None
        with suppress(LocalError), self.lock(app, names[0]) as lock:
            if lock.take(0) and not os.path.lexists(path):
                private_files.write_lightly(path, paths.write_line(names[0]))
        return names[0]

    def kept_as(self, app: App, name: str | None) -> tuple[App, str | None]:
        """App and account as they are kept: see `same_tenant`, if nobody has under this name."""
        if name is None and os.path.lexists(os.path.join(self._app(app), _DEFAULT)):
            return app, name
        if name is not None and os.path.lexists(self._record_file(app, name)):
            return app, name
        return same_tenant(app, name, self.accounts())

    def accounts(self) -> list[tuple[App, Account]]:
        """Every account of every app, without refresh tokens."""
        found = []
        for path in self._records():
            with suppress(LocalError):
                if (record := self._record(path)) is not None:
                    app, account = record
                    found.append((app, replace(account, refresh_token=None)))
        return sorted(found, key=lambda each: (each[0].base, each[0].tenant, each[1].name))

    def tokens_without_account(self) -> list[tuple[App, str, str, CachedToken]]:
        """The tokens that belong to no sign-in: the app, its name for whose they are, for what."""
        found = []
        for folder in map(os.path.dirname, self._records()):
            if os.path.lexists(os.path.join(folder, _ACCOUNT)):
                continue
            for name in filter(_TOKEN_FILE.fullmatch, private_files.names(folder)):
                path = os.path.join(folder, name)
                with suppress(LocalError):
                    text = self._read(path) or ""
                    key = tuple(text.split("\n")[1:6])
                    token = CachedToken.parse(text, key)
                    if token is not None:
                        base, tenant, client_id, account, scopes = key
                        found.append((App(base, tenant, client_id), account, scopes, token))
        return sorted(found, key=lambda each: (*each[0].key(each[1], each[2]),))

    def has_refresh_token(self, app: App, name: str) -> bool:
        """Tell if there is one, without fetching it."""
        record = self._record(self._record_file(app, name))
        return record is not None and bool(record[1].refresh_token or record[1].place == "keyring")

    # ---- changing ------------------------------------------------------------------

    def save(
        self, app: App, account: Account, scopes: str, token: CachedToken, *, signed_in: bool
    ) -> None:
        """Save what has arrived. A refresh token that is None leaves the old one.

        The refresh token goes first: it is the one that must not be lost.
        The order of writes. Whoever is killed between two of them leaves a store that
        works: the record with the new refresh token, then the access token (without it,
        the next command refreshes), then the default account (without it, the one before
        stays). The authority may have made the old refresh token worthless by now. An
        access token can be had again, and an account be named: the disk is not waited for.
        """
        folder = self._make_folder(app, account.name)
        for each in (self.folder, self._app(app), folder):
            private_files.sweep(each)
        path = os.path.join(folder, _ACCOUNT)
        record = self._record(path)
        old = record[1] if record else None
        if old is not None and signed_in and not same_id(old.object_id, account.object_id):
            private_files.empty(folder, but=(_ACCOUNT, _LOCK))  # another person of that name
        vault = self._vault if signed_in else self._vault_of(old)
        kept = self._kept(app, account, old if not signed_in else None, vault)
        if old is not None and (old.place, kept.place) == ("keyring", "file"):
            # Before the record forgets that there is something in the vault.
            try:
                self._require_vault().drop(app.vault_key(account.name))
            except StoreSilent as error:  # a new sign-in is kept all the same
                self._say(f"Note: the token before it stays in the password store. {error.what}")
        if (app, kept) != record:
            private_files.write(path, spell_account(app, kept))
        key = app.key(account.name, scopes)
        text = paths.write_token(key, token.times, token.text, token.granted or "")
        private_files.write_lightly(paths.line_file(folder, *key), text)
        if signed_in:
            private_files.write_lightly(
                os.path.join(self._app(app), _DEFAULT), paths.write_line(account.name)
            )

    def save_token(self, app: App, account: str, scopes: str, token: CachedToken) -> None:
        """Save an access token that was got with one of the account's. Its record stays."""
        folder = self._make_folder(app, account)
        key = app.key(account, scopes)
        text = paths.write_token(key, token.times, token.text, token.granted or "")
        private_files.write_lightly(paths.line_file(folder, *key), text)

    def drop_access_token(self, app: App, account: str, scopes: str, text: str) -> None:
        """Forget the access token if it is this one, under the account's lock.

        Whoever asks next has it renewed: the refresh token stays.
        """
        with self.lock(app, account) as lock:
            lock.take(_WAIT_S)
            kept = self.access_token(app, account, scopes)
            if kept is not None and kept.text == text:
                key = app.key(account, scopes)
                private_files.remove(paths.line_file(self._account(app, account), *key))

    def drop_refresh_token(self, app: App, name: str) -> None:
        """Forget a refresh token that the authority has called dead."""
        path = self._record_file(app, name)
        record = self._record(path)
        if record is None:
            return
        its_app, account = record
        if account.place == "keyring":
            self._require_vault().drop(app.vault_key(name))
        kept = replace(account, refresh_token=None, place="file")
        private_files.write(path, spell_account(its_app, kept))

    def forget(self, app: App, name: str) -> bool:
        """Forget an account with all of its files; whether there was one. Takes its lock."""
        folder = self._account(app, name)
        with self.lock(app, name) as lock:
            ours = lock.take(_WAIT_S)
            record = None
            with suppress(LocalError):  # a later version's account can be forgotten too
                record = self._record(os.path.join(folder, _ACCOUNT))
            if record is not None and record[1].place == "keyring":
                self._require_vault().drop(app.vault_key(name))
            gone = any(each != _LOCK for each in private_files.names(folder))
            _clear(folder, lock if ours else None)
            default = paths.read_line(self._read(os.path.join(self._app(app), _DEFAULT)) or "")
            if default and default[0].lower() == name.lower():
                private_files.remove(os.path.join(self._app(app), _DEFAULT))
            private_files.sweep(self._app(app))
        with suppress(OSError):
            os.rmdir(self._app(app))  # if it was the last
        return gone

    def forget_app(self, app: App) -> bool:
        """Forget all that is kept for an app, accounts or none; whether there was anything."""
        gone = False
        for folder in list(private_files.folders(self._app(app))):
            with Lock(os.path.join(folder, _LOCK)) as lock:
                ours = lock.take(_WAIT_S)
                gone |= any(each != _LOCK for each in private_files.names(folder))
                _clear(folder, lock if ours else None)
        with suppress(OSError):
            os.rmdir(self._app(app))
        return gone

    def forget_all(self) -> int:
        """Forget everything; how many accounts there were."""
        accounts = self.accounts()
        for app, account in accounts:
            if account.place == "keyring":
                self._require_vault().drop(app.vault_key(account.name))
        for folder in map(os.path.dirname, self._records()):
            with suppress(LocalError), Lock(os.path.join(folder, _LOCK)) as lock:
                _clear(folder, lock if lock.take(_WAIT_S) else None)
        private_files.remove(self.folder)
        return len(accounts)

    def lock(self, app: App, name: str, *, of: str = _LOCK) -> Lock:
        """The lock to be held around a refresh and what follows; makes the account's folder.

        `of` is the file of another lock than the account's.
        """
        return Lock(os.path.join(self._make_folder(app, name), of), self._say)

    # ---- within --------------------------------------------------------------------

    def _app(self, app: App) -> str:
        return paths.app_folder(self.folder, app.base, app.tenant, app.client_id)

    def _account(self, app: App, name: str) -> str:
        return paths.account_folder(self._app(app), name)

    def _record_file(self, app: App, name: str) -> str:
        return os.path.join(self._account(app, name), _ACCOUNT)

    def _make_folder(self, app: App, name: str) -> str:
        folder = self._account(app, name)
        for each in (self.folder, self._app(app), folder):
            private_files.make_folder(each)
        return folder

    def _records(self) -> Iterator[str]:
        for app in private_files.folders(self.folder):
            for account in private_files.folders(app):
                yield os.path.join(account, _ACCOUNT)

    def _read(self, path: str) -> str | None:
        folder = os.path.dirname(path)
        app = folder if os.path.dirname(folder) == self.folder else os.path.dirname(folder)
        private_files.check_way(self.folder, app, folder)
        try:
            return private_files.read(path)
        except private_files.Damaged:
            self._set_aside(path)
            return None

    def _record(self, path: str) -> tuple[App, Account] | None:
        text = self._read(path)
        found = None if text is None else parse_account(text, path)
        if text is not None and found is None:
            self._set_aside(path)
        return found

    def _set_aside(self, path: str) -> None:
        aside = private_files.set_aside(path, now())
        self._say(f"A damaged file of the token store was set aside: {plain(aside)}")

    def _kept(
        self, app: App, account: Account, old: Account | None, vault: Vault | None
    ) -> Account:
        """The account as it is to be kept: merged with the `old` one, the token in the vault."""
        kept = replace(account, refresh_token=None, place="file")
        if old is not None:
            # A refresh may bring no ID token; who it is stays what it was.
            kept = replace(
                old,
                name=account.name,
                tenant_id=account.tenant_id or old.tenant_id,
                object_id=account.object_id or old.object_id,
            )
        if account.refresh_token is None:
            return kept
        if vault is not None:
            vault.put(app.vault_key(account.name), account.refresh_token)
            return replace(kept, refresh_token=None, place="keyring")
        return replace(kept, refresh_token=account.refresh_token, place="file")

    def _vault_of(self, old: Account | None) -> Vault | None:
        """A refreshed token stays where the one before it was: no silent step down."""
        return self._require_vault() if old is not None and old.place == "keyring" else None

    def _require_vault(self) -> Vault:
        if self._vault is None:
            from entra_oauth.cache.vault import Keyring

            self._vault = Keyring.open(self._say)
        return self._vault


def store_sign_in(
    store: FileStore,
    app: App,
    tokens: TokenResponse,
    scopes: tuple[str, ...],
    *,
    otherwise: str,
    cae: bool = False,
) -> Account:
    """Store the tokens of a sign-in, under the account's lock; returns their account.

    `otherwise` is what the account is called if the answer does not say who it is. `cae` is
    that of `token_key`.
    Raises `LocalError`.
    """
    account = account_of(tokens, otherwise=otherwise)
    token = access_token_of(tokens, clock=monotonic())
    with store.lock(app, account.name) as lock:
        if not lock.take(LOCK_WAIT_S):
            raise LocalError(
                "Another process holds this account's lock and does not finish.",
                advice="Look for an entra-oauth process that was stopped, and end it.",
            )
        key = token_key(scope_key(scopes, app.base), cae=cae)
        store.save(app, account, key, token, signed_in=True)
    return account


def _clear(folder: str, lock: Lock | None) -> None:
    """Remove all of an account, the lock last and only if it is ours."""
    private_files.empty(folder, but=(_LOCK,))
    if lock is not None:
        lock.remove()
        with suppress(OSError):
            os.rmdir(folder)
