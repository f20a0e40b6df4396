"""The kept tokens of whoever the options name."""

from __future__ import annotations

from entra_oauth.cache.account import APP_ONLY, App
from entra_oauth.cache.file_store import LOCK_WAIT_S, FileStore
from entra_oauth.cache.refresher import Refresher
from entra_oauth.cache.token_source import TokenSource
from entra_oauth.channels.base import now
from entra_oauth.cli.get_tokens.exchanged_tokens import (
    check_exchange,
    exchanged,
    federated,
    target_of,
)
from entra_oauth.cli.get_tokens.token_query import TokenQuery
from entra_oauth.cli.output.token_output import Shown
from entra_oauth.cli.sign_in import only_sign_in
from entra_oauth.cli.sign_in.asker import ask_as_app, asker_of
from entra_oauth.cli.sign_in.identity_options import (
    app_for_identity,
    check_flow_is_named,
    identity_asker,
    refuse_beside_other_flow,
)
from entra_oauth.cli.sign_in.login_command import login_command
from entra_oauth.cli.sign_in.plan import authority_of, challenge_of, check_asked, client_id_of
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.cache.exchanged_source import ExchangedSource
    from entra_oauth.cache.federated_exchange import FederatedExchange
    from entra_oauth.cache.refresher import AskAsApp, Refresh
    from entra_oauth.cache.token_source import Found
    from entra_oauth.cli.options.app_options import AppOptions, CredentialOptions
    from entra_oauth.cli.options.common_options import NetworkOptions
    from entra_oauth.cli.options.exchange_options import TokenExchangeOptions
    from entra_oauth.cli.session.console import Session
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["TokenQuery", "exchanging_source_for", "find", "settled", "shown", "source_for"]


def settled(
    app: AppOptions,
    network: NetworkOptions,
    session: Session,
    credential: CredentialOptions | None = None,
    exchange: TokenExchangeOptions | None = None,
) -> AppOptions:
    """The app that the options name, or the only one that somebody has signed in to.

    A workspace is asked for its tenant if none is given. A managed identity is no app, and
    nobody is asked; see `app_for_identity`. As it was where a federated token is exchanged: that
    takes no app at Entra.
    """
    if exchange is not None and exchange.exchange is not None:
        if exchange.is_federated:
            return app
        target_of(exchange, app.workspace_url)  # nobody is asked anything for what cannot be
    if credential is not None and credential.is_identity:
        return app_for_identity(app, credential)
    check_flow_is_named(app)
    app = only_sign_in.use(app, network, session)
    if app.tenant or not app.workspace_url:
        return app
    client_id_of(app)  # the workspace is not asked in vain
    from entra_oauth.cli.sign_in.choose_receiver import use_workspace

    return use_workspace(app, network, session)


def source_for(query: TokenQuery, session: Session) -> TokenSource:
    """The tokens of the app, which is settled.

    Raises `UsageError` if none is named, or one that cannot be.
    """
    if query.credential.is_identity:
        return _of_identity(query, session)
    refuse_beside_other_flow(query.credential)
    check_asked(query.app)
    store = FileStore.standard(session.environ, say=session.console.say)
    asker = asker_of(query.app, query.credential, session.environ, store)
    if notice := asker.notice(client_id_of(query.app)):
        session.console.say(notice)
    return TokenSource(
        store=store,
        app=App.of(authority_of(query.app), client_id_of(query.app)),
        refresh=_refresh(query, session),
        as_app=_as_app(query, session) if asker.is_app else None,
        sign_in_with=login_command(query.app, query.network),
        say=session.console.say,
        # Whoever has the lock is taken to be as patient as we are.
        lock_wait_s=LOCK_WAIT_S + max(0.0, 2 * (query.network.http_timeout - 30.0)),
    )


def _of_identity(query: TokenQuery, session: Session) -> TokenSource:
    """The tokens of a managed identity: no sign-in is looked for, and none is kept."""
    asker = identity_asker(query.app, query.credential, query.network, session)
    return TokenSource(
        store=FileStore.standard(session.environ, say=session.console.say),
        app=asker.app,
        refresh=_refresh(query, session),
        as_app=asker,
        as_identity=True,
        say=session.console.say,
        lock_wait_s=LOCK_WAIT_S + max(0.0, 4 * (query.network.http_timeout - 30.0)),
    )


def exchanging_source_for(
    query: TokenQuery, session: Session
) -> TokenSource | ExchangedSource | FederatedExchange:
    """The same, or what they or a federated token are exchanged for where the options say so."""
    check_exchange(query)
    target = target_of(query.exchange, query.app.workspace_url)
    if target is not None and query.exchange.is_federated:
        store = FileStore.standard(session.environ, say=session.console.say)
        return federated(store, target, query, session)
    source = source_for(query, session)
    return source if target is None else exchanged(source, target, query, session)


def _as_app(query: TokenQuery, session: Session) -> AskAsApp:
    return ask_as_app(query.app, query.credential, query.network, query.request, session)


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
            announce=session.console.announce,
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


def find(query: TokenQuery, source: TokenSource | ExchangedSource | FederatedExchange) -> Found:
    """The token that the options ask for. Raises `SignInRequired` and what a refresh raises."""
    return source.get(
        *query.app.scope,
        account=query.app.account,
        min_validity_s=query.renew.min_validity,
        force=query.renew.force_refresh,
        claims=challenge_of(query.request),
        cae=query.request.cae,
    )


def shown(
    found: Found,
    query: TokenQuery,
    source: TokenSource | ExchangedSource | FederatedExchange,
    *,
    env_name: str | None = None,
) -> Shown:
    """The values that the formats need to know."""
    account = source.store.account(source.app, found.account, with_token=False)
    is_identity = query.credential.is_identity
    tenant = "" if is_identity else f"/{source.app.tenant}"
    return Shown(
        token=found.token.text,
        expires_on=found.token.expires_on,
        now=now(),
        scopes=found.scopes,
        granted=found.token.granted,
        tenant_id=account.tenant_id if account else None,
        client_id=source.app.client_id,
        authority=source.app.base + tenant,
        username=None if found.account == APP_ONLY else found.account,
        source=found.source,
        profile=query.app.profile_name,
        env_name=env_name,
        whose=f"the managed identity ({source.app.client_id})" if is_identity else None,
    )
