"""The kept tokens of whoever the options name: reading them, and keeping a sign-in."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

from entra_oauth.cache.kept import App
from entra_oauth.cache.source import TokenSource
from entra_oauth.cache.store import FileStore
from entra_oauth.cache.vault import Keyring, can_be_expected
from entra_oauth.channels.base import now
from entra_oauth.cli.formats import Shown
from entra_oauth.cli.plans import authority_of, client_id_of, use_workspace
from entra_oauth.errors import LocalError, plain

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cache.kept import Account, Store
    from entra_oauth.cache.source import Found, Refresh
    from entra_oauth.cache.vault import Vault
    from entra_oauth.cli.console import Console
    from entra_oauth.cli.output import Asked
    from entra_oauth.protocol.token import TokenResponse

__all__ = ["Keeper", "app_of", "find", "login_command", "shown", "source_for"]


def app_of(args: argparse.Namespace, console: Console) -> App:
    """The app that the options name; a workspace is asked for its tenant if none is given."""
    if not args.tenant:
        use_workspace(args, console)
    return App.of(authority_of(args), client_id_of(args))


def source_for(args: argparse.Namespace, console: Console) -> TokenSource:
    """The tokens of that app. Raises `UsageError` if none is named."""
    app = app_of(args, console)
    return TokenSource(
        store=FileStore.standard(os.environ, say=console.say),
        app=app,
        refresh=_refresh(args, console),
        sign_in_with=login_command(args),
        say=console.say,
    )


def _refresh(args: argparse.Namespace, console: Console) -> Refresh:
    def renew(
        refresh_token: str, scopes: tuple[str, ...], /, *, claims: str | None
    ) -> TokenResponse:
        from entra_oauth.cli.doors import back_channels
        from entra_oauth.flows.refresh_token import refresh
        from entra_oauth.protocol.asking import Asking

        asking = Asking.for_person(
            authority=authority_of(args),
            client_id=client_id_of(args),
            scopes=scopes,
            claims=claims,
            correlation_id=getattr(args, "correlation_id", None),
        )
        with back_channels(args, console) as channels:
            return refresh(asking, refresh_token, channels, timeout_s=float(args.http_timeout))

    return renew


def find(args: argparse.Namespace, source: TokenSource) -> Found:
    """The token that the options ask for. Raises `SignInRequired` and what a refresh raises."""
    return source.get(
        *args.scope,
        account=args.account,
        min_validity_s=args.min_validity,
        force=args.force_refresh,
        claims=getattr(args, "claims", None),
    )


def shown(found: Found, args: argparse.Namespace, source: TokenSource) -> Shown:
    """What the formats need to know."""
    account = source.store.account(source.app, found.account)
    return Shown(
        token=found.token.text,
        expires_on=found.token.expires_on,
        now=now(),
        scopes=found.scopes,
        granted=found.token.granted,
        tenant_id=account.tenant_id if account else None,
        client_id=source.app.client_id,
        authority=f"{source.app.base}/{source.app.tenant}",
        username=found.account,
        source=found.source,
        profile=args.settings.name if args.settings else None,
        env_name=getattr(args, "env_name", None),
    )


def login_command(args: argparse.Namespace) -> str:
    """The command that a person is told to run, with what they need to give."""
    words = ["entra-oauth", "login"]
    if args.settings is not None:
        words += ["--profile", args.settings.name]
    for name in ("tenant", "client_id", "authority_host", "scope"):
        source = args.sources.get(name, "")
        value = getattr(args, name)
        # Only what stands on this command line: the rest is found again the same way.
        if not value or not source.startswith("--"):
            continue
        for each in value if isinstance(value, tuple) else (value,):
            words += [f"--{name.replace('_', '-')}", shlex.quote(plain(each, limit=300))]
    return " ".join(words)


class Keeper:
    """Where a sign-in will be kept; found out before the person is sent anywhere."""

    def __init__(self, store: Store | None, place: str) -> None:
        self._store = store
        self._place = place

    @classmethod
    def ready(cls, args: argparse.Namespace, console: Console) -> Keeper:
        """As `--cache` says. Raises `LocalError` if what was asked for cannot be had."""
        if args.cache in ("none", "memory"):  # a command's memory ends with it
            return cls(None, "")
        vault = _vault(args, console)
        try:
            store = FileStore.standard(os.environ, vault=vault, say=console.say)
            store.check()
        except LocalError as error:
            if args.cache is not None:
                raise
            console.ask(f"Note: the tokens of this sign-in will not be kept. {error.what}")
            return cls(None, "")
        where = "the system's password store" if vault else plain(store.folder)
        return cls(store, where if vault else f"{where}, which only you can read")

    def keep(
        self, tokens: TokenResponse, asked: Asked, args: argparse.Namespace, console: Console
    ) -> tuple[Account | None, str]:
        """Keep it; whose it is, and a sentence for the person. A full disk loses no token."""
        if self._store is None:
            return None, "Nothing was kept on this machine."
        from entra_oauth.cache.source import keep_sign_in

        app = App.of(asked.authority, asked.client_id)
        try:
            account = keep_sign_in(
                self._store, app, tokens, tuple(args.scope), otherwise=asked.client_id
            )
        except LocalError as error:
            console.ask(f"Note: the tokens could not be kept. {error.what}")
            return None, "Nothing was kept on this machine."
        if tokens.refresh_token is None:
            return account, "It was kept; no refresh token came, so it cannot be renewed."
        return account, f"Kept in {self._place}."


def _vault(args: argparse.Namespace, console: Console) -> Vault | None:
    if args.cache == "file":
        return None
    if args.cache is None and not can_be_expected(os.environ, sys.platform):
        return None
    try:
        return Keyring.working()
    except LocalError:
        if args.cache == "keyring":
            raise
        return None
