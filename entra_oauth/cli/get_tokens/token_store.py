"""The kept tokens of whoever the options name."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

from entra_oauth.cache import private_files
from entra_oauth.cache.account import App
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.refresher import Refresher
from entra_oauth.cache.token_source import TokenSource
from entra_oauth.cache.vault import Keyring, can_be_expected
from entra_oauth.channels.base import now
from entra_oauth.cli.output.formats import Shown
from entra_oauth.cli.sign_in import only_sign_in
from entra_oauth.cli.sign_in.plan import authority_of, client_id_of, use_workspace
from entra_oauth.errors import LocalError, plain

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cache.account import Account
    from entra_oauth.cache.vault import Vault
    from entra_oauth.cli.output.token_output import Asked
    from entra_oauth.cli.session.console import Console
    from entra_oauth.protocol.endpoints.token import TokenResponse

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cache.token_source import Found, Refresh
    from entra_oauth.cli.session.console import Console
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["Keeper", "app_of", "find", "login_command", "shown", "source_for"]


_NOWHERE = "Nothing was kept on this machine."


class Keeper:
    """Where a sign-in will be kept: a folder, and a vault for the refresh token, or nowhere."""

    def __init__(self, folder: str | None, vault: Vault | None = None) -> None:
        self._folder = folder
        self._vault = vault

    @classmethod
    def ready(cls, args: argparse.Namespace, console: Console) -> Keeper:
        """As `--cache` says. Raises `LocalError` if what was asked for cannot be had."""
        if args.cache in ("none", "memory"):  # a command's memory ends with it
            return cls(None)
        vault = _vault(args)
        try:
            folder = private_files.standard_folder(os.environ)
            private_files.check_folder(folder)
        except LocalError as error:
            if args.cache is not None:
                raise
            console.ask(f"Note: the tokens of this sign-in will not be kept. {error.what}")
            return cls(None)
        return cls(folder, vault)

    def keep(
        self, tokens: TokenResponse, asked: Asked, args: argparse.Namespace, console: Console
    ) -> tuple[Account | None, str]:
        """Keep it; whose it is, and a sentence for the person. A full disk loses no token."""
        if self._folder is None:
            return None, _NOWHERE
        from entra_oauth.cache.account import App
        from entra_oauth.cache.file_store import FileStore
        from entra_oauth.cache.token_source import store_sign_in

        store = FileStore(self._folder, vault=self._vault, say=console.say)
        app = App.of(asked.authority, asked.client_id)
        try:
            account = store_sign_in(store, app, tokens, args.scope, otherwise=asked.client_id)
        except LocalError as error:
            console.ask(f"Note: the tokens could not be kept. {error.what}")
            return None, _NOWHERE
        if tokens.refresh_token is None:
            return account, "It was kept; no refresh token came, so it cannot be renewed."
        where = f"{plain(self._folder)}, which only you can read"
        return account, f"Kept in {'the password store of the system' if self._vault else where}."


def _vault(args: argparse.Namespace) -> Vault | None:
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


def app_of(args: argparse.Namespace, console: Console) -> App:
    """The app that the options name, or the only one that somebody has signed in to.

    A workspace is asked for its tenant if none is given.
    """
    only_sign_in.use(args, console)
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
    if not _is_watched(args):
        return Refresher(
            authority_of(args),
            client_id_of(args),
            ca_bundle=args.ca_bundle,
            allow_keylog=args.allow_keylog,
            timeout_s=float(args.http_timeout),
            say=console.say,
        )

    def renew(
        refresh_token: str, scopes: tuple[str, ...], /, *, claims: str | None
    ) -> TokenResponse:
        from entra_oauth.cli.sign_in.choose_receiver import back_channels
        from entra_oauth.flows.refresh_token import refresh
        from entra_oauth.protocol.endpoints.access_request import AccessRequest

        access_request = AccessRequest.for_person(
            authority=authority_of(args),
            client_id=client_id_of(args),
            scopes=scopes,
            claims=claims,
            correlation_id=getattr(args, "correlation_id", None),
        )
        with back_channels(args, console) as channels:
            return refresh(
                access_request, refresh_token, channels, timeout_s=float(args.http_timeout)
            )

    return renew


def _is_watched(args: argparse.Namespace) -> bool:
    """Whether the request is to be recorded or told, or carries more than usual."""
    names = ("recorder", "explain", "correlation_id")
    return any(getattr(args, name, None) for name in names)


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
        # Only what stands on this command line, or was not named at all: the rest is found
        # again the same way.
        if not value or not (source.startswith("--") or source == only_sign_in.SOURCE):
            continue
        for each in value if isinstance(value, tuple) else (value,):
            words += [f"--{name.replace('_', '-')}", shlex.quote(plain(each, limit=300))]
    return " ".join(words)
