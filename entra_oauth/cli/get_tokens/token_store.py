"""The kept tokens of whoever the options name."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from entra_oauth.cache import private_files
from entra_oauth.cache.account import App
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.token_source import Refresher, TokenSource
from entra_oauth.cache.vault import Keyring, can_be_expected
from entra_oauth.channels.base import now
from entra_oauth.cli.options.app_options import RequestOptions
from entra_oauth.cli.output.formats import Shown
from entra_oauth.cli.sign_in import only_sign_in
from entra_oauth.cli.sign_in.plan import authority_of, check_asked, client_id_of, use_workspace
from entra_oauth.errors import LocalError, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.cache.account import Account
    from entra_oauth.cache.token_source import Found, Refresh
    from entra_oauth.cache.vault import Vault
    from entra_oauth.cli.options.app_options import AppOptions, RenewOptions, StoreOptions
    from entra_oauth.cli.options.common_options import NetworkOptions
    from entra_oauth.cli.output.token_output import TokenSubject
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["Keeper", "TokenQuery", "find", "login_command", "settled", "shown", "source_for"]


_NOWHERE = "Nothing was kept on this machine."


class Keeper:
    """The place for a sign-in: a folder, and a vault for the refresh token, or nowhere."""

    def __init__(self, folder: str | None, vault: Vault | None = None) -> None:
        self._folder = folder
        self._vault = vault

    @classmethod
    def ready(cls, options: StoreOptions, session: Session) -> Keeper:
        """As `--cache` says. Raises `LocalError` if what was asked for cannot be had."""
        if options.cache in ("none", "memory"):  # a command's memory ends with it
            return cls(None)
        vault = _vault(options, session.environ)
        try:
            folder = private_files.standard_folder(session.environ)
            private_files.check_folder(folder)
        except LocalError as error:
            if options.cache is not None:
                raise
            session.console.ask(f"Note: the tokens of this sign-in will not be kept. {error.what}")
            return cls(None)
        return cls(folder, vault)

    def keep(
        self, tokens: TokenResponse, subject: TokenSubject, scope: tuple[str, ...], console: Console
    ) -> tuple[Account | None, str]:
        """Keep it; whose it is, and a sentence for the person. A full disk loses no token."""
        if self._folder is None:
            return None, _NOWHERE
        from entra_oauth.cache.account import App
        from entra_oauth.cache.file_store import FileStore, store_sign_in

        store = FileStore(self._folder, vault=self._vault, say=console.say)
        app = App.of(subject.authority, subject.client_id)
        try:
            account = store_sign_in(store, app, tokens, scope, otherwise=subject.client_id)
        except LocalError as error:
            console.ask(f"Note: the tokens could not be kept. {error.what}")
            return None, _NOWHERE
        if tokens.refresh_token is None:
            return account, "It was kept; no refresh token came, so it cannot be renewed."
        where = f"{plain(self._folder)}, which only you can read"
        return account, f"Kept in {'the password store of the system' if self._vault else where}."


def _vault(options: StoreOptions, environ: Mapping[str, str]) -> Vault | None:
    if options.cache == "file":
        return None
    if options.cache is None and not can_be_expected(environ, sys.platform):
        return None
    try:
        return Keyring.working()
    except LocalError:
        if options.cache == "keyring":
            raise
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenQuery:
    """The token that the options ask for, and the way to renew it."""

    app: AppOptions
    renew: RenewOptions
    network: NetworkOptions
    request: RequestOptions = field(default_factory=RequestOptions)


def settled(app: AppOptions, network: NetworkOptions, session: Session) -> AppOptions:
    """The app that the options name, or the only one that somebody has signed in to.

    A workspace is asked for its tenant if none is given.
    """
    app = only_sign_in.use(app, network, session)
    return app if app.tenant else use_workspace(app, network, session)


def source_for(query: TokenQuery, session: Session) -> TokenSource:
    """The tokens of the app, which is settled.

    Raises `UsageError` if none is named, or one that cannot be.
    """
    check_asked(query.app)
    return TokenSource(
        store=FileStore.standard(session.environ, say=session.console.say),
        app=App.of(authority_of(query.app), client_id_of(query.app)),
        refresh=_refresh(query, session),
        sign_in_with=login_command(query.app),
        say=session.console.say,
    )


def _refresh(query: TokenQuery, session: Session) -> Refresh:
    app, network, request = query.app, query.network, query.request
    if not (session.is_watched or request.correlation_id):
        return Refresher(
            authority_of(app),
            client_id_of(app),
            ca_bundle=network.ca_bundle,
            allow_keylog=network.allow_keylog,
            timeout_s=network.http_timeout,
            say=session.console.say,
        )

    def renew(
        refresh_token: str, scopes: tuple[str, ...], /, *, claims: str | None
    ) -> TokenResponse:
        from entra_oauth.cli.sign_in.choose_receiver import back_channels
        from entra_oauth.flows.refresh_token import refresh
        from entra_oauth.protocol.endpoints.access_request import AccessRequest

        access_request = AccessRequest.for_person(
            authority=authority_of(app),
            client_id=client_id_of(app),
            scopes=scopes,
            claims=claims,
            correlation_id=request.correlation_id,
        )
        with back_channels(network, session) as channels:
            return refresh(access_request, refresh_token, channels, timeout_s=network.http_timeout)

    return renew


def find(query: TokenQuery, source: TokenSource) -> Found:
    """The token that the options ask for. Raises `SignInRequired` and what a refresh raises."""
    return source.get(
        *query.app.scope,
        account=query.app.account,
        min_validity_s=query.renew.min_validity,
        force=query.renew.force_refresh,
        claims=query.request.claims,
    )


def shown(
    found: Found, query: TokenQuery, source: TokenSource, *, env_name: str | None = None
) -> Shown:
    """The values that the formats need to know."""
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
        profile=query.app.profile_name,
        env_name=env_name,
    )


def login_command(app: AppOptions) -> str:
    """The command that a person is told to run, with what they need to give."""
    words = ["entra-oauth", "login"]
    if app.profile_name is not None:
        words += ["--profile", app.profile_name]
    values = (
        ("tenant", (app.tenant,)),
        ("client_id", (app.client_id,)),
        ("authority_host", (app.authority_host,)),
        ("scope", app.scope),
    )
    for name, texts in values:
        # Only what stands on this command line, or was not named at all: the rest is found
        # again the same way.
        if name in app.origins.given or app.origins.source(name) == only_sign_in.SOURCE:
            for text in filter(None, texts):
                words += [f"--{name.replace('_', '-')}", shlex.quote(plain(text, limit=300))]
    return " ".join(words)
