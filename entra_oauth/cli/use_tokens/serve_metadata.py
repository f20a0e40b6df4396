"""serve metadata: tokens for the Databricks SDKs, until Ctrl-C."""

from __future__ import annotations

import threading

from entra_oauth.adapters.metadata import MetadataService
from entra_oauth.cli.get_tokens import token_store
from entra_oauth.cli.get_tokens.exchanged_tokens import authority_for, check_goes_to, target_of
from entra_oauth.cli.sign_in.plan import authority_of
from entra_oauth.errors import DestinationRefused
from entra_oauth.light import TYPE_CHECKING, replace
from entra_oauth.protocol.resource.destination import check_destination
from entra_oauth.protocol.resource.workspace import Workspace

if TYPE_CHECKING:
    from entra_oauth.cli.get_tokens.token_query import TokenQuery
    from entra_oauth.cli.session.console import Session
    from entra_oauth.cli.verbs.use_tokens_verbs import ServeMetadataOptions
    from entra_oauth.protocol.endpoints.token_exchange import ExchangeTarget

__all__ = ["run"]


def run(options: ServeMetadataOptions, session: Session) -> int:
    """Serve. Raises `SignInRequired` at once where there is nothing to serve."""
    console = session.console
    app = token_store.settled(
        options.app, options.network, session, options.credential, options.exchange
    )
    query = token_store.TokenQuery(
        app=app,
        renew=options.renew,
        network=options.network,
        credential=options.credential,
        exchange=options.exchange,
    )
    source = token_store.exchanging_source_for(query, session)
    target = target_of(options.exchange, app.workspace_url)
    token_store.find(query, source)
    # Once was asked for, not each time.
    query = replace(query, renew=replace(options.renew, force_refresh=False))
    with MetadataService(
        lambda: token_store.find(query, source),
        lambda url: _check(url, query, target),
        port=options.port or 0,
        say=console.say,
    ) as service:
        console.say("Tokens are served to this machine. Stop: Ctrl-C. Give the SDK this address:")
        console.say("  export DATABRICKS_METADATA_SERVICE_URL=…")
        console.result(service.url)
        forever = threading.Event()
        while not forever.wait(0.25):  # in slices: Windows sees Ctrl-C between them
            pass
    return 0


def _check(url: str, query: TokenQuery, target: ExchangeTarget | None) -> None:
    """Only the profile's own workspace, or if it names none, hosts that the token is for."""
    app = query.app
    if target is not None:
        check_goes_to(target, url, authority_for(app, query.exchange))
        return
    check_destination(url, scopes=app.scope, authority=authority_of(app), named_hosts=app.hosts)
    if app.workspace_url and Workspace(app.workspace_url).url != Workspace(url).url:
        raise DestinationRefused(
            "A token for another workspace than the chosen one was asked for.",
            advice="Start another service for that workspace, with --workspace-url.",
        )
