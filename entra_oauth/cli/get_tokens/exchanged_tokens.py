"""The exchange that the options ask for: where to, of which token, and the request."""

from __future__ import annotations

from entra_oauth.cache.account import scope_key
from entra_oauth.cache.file_store import LOCK_WAIT_S
from entra_oauth.cli.sign_in.plan import authority_of
from entra_oauth.errors import DestinationRefused, UsageError
from entra_oauth.light import TYPE_CHECKING, replace

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from entra_oauth.cache.exchanged_source import ExchangedSource
    from entra_oauth.cache.federated_exchange import FederatedExchange
    from entra_oauth.cache.file_store import FileStore
    from entra_oauth.cache.token_source import TokenSource
    from entra_oauth.channels.base import Channels
    from entra_oauth.cli.get_tokens.token_query import TokenQuery
    from entra_oauth.cli.options.app_options import AppOptions
    from entra_oauth.cli.options.exchange_options import TokenExchangeOptions
    from entra_oauth.cli.session.console import Session
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.endpoints.token import TokenResponse
    from entra_oauth.protocol.endpoints.token_exchange import ExchangeTarget

__all__ = [
    "authority_for",
    "check_exchange",
    "check_goes_to",
    "exchanged",
    "federated",
    "of_workspace_cloud",
    "refuse_exchange",
    "target_of",
]


def target_of(options: TokenExchangeOptions, workspace_url: str | None) -> ExchangeTarget | None:
    """The place that exchanges; None where nothing is to be. Raises `UsageError`."""
    if options.exchange is None:
        return None
    # Late: only an exchange needs it.
    from entra_oauth.protocol.endpoints.token_exchange import ExchangeTarget, account_meant

    return ExchangeTarget.of(
        workspace_url,
        account_id=account_meant(workspace_url, options.exchange_account),
        client_id=options.exchange_client_id,
    )


def check_exchange(query: TokenQuery) -> None:
    """Raise `UsageError` for what does not go together."""
    options = query.exchange
    if options.exchange is None:
        for name, is_given in (
            ("exchange_client_id", options.exchange_client_id is not None),
            ("subject_token", options.is_federated),
        ):
            if is_given:
                raise UsageError(
                    f"{_called(name, query)} goes with --exchange only.",
                    advice="Give --exchange databricks too, or leave it out.",
                )
        return
    if query.renew.interactive:
        from entra_oauth.cli.sign_in.login_command import login_command

        raise UsageError(
            "--interactive and --exchange exclude each other.",
            advice=f"Sign in with {login_command(query.app, query.network)}, then run this again "
            "without --interactive.",
        )
    if options.is_federated:
        _check_without_entra(query)


def _called(name: str, query: TokenQuery) -> str:
    """The option as it was typed, or the value and where it comes from."""
    option, source = f"--{name.replace('_', '-')}", query.app.origins.source(name)
    return option if source in ("", option) else f"{name} of {source}"


_OF_ENTRA = {
    "tenant": "names a directory of Entra's",
    "client_id": "names an app at Entra",
    "account": "names somebody who signed in at Entra",
    "flow": "names a way to Entra's token",
    "cae": "is about Entra's tokens",
    "correlation_id": "is for Entra's logs",
}
"""The options that say something to Entra alone, and what that is."""


def _check_without_entra(query: TokenQuery) -> None:
    """Raise `UsageError` for an option that means nothing where Entra has no part in it.

    What a variable or a profile says is passed over: it may be there for other commands. An
    account alone is not, for it says whose token is wanted.
    """
    given = query.app.origins.given
    if query.credential.is_identity:
        raise UsageError(
            "The token of a managed identity is one of Entra's, and no federated token.",
            advice="Leave --subject-token out: it is exchanged as Entra's.",
        )
    for name, meaning in _OF_ENTRA.items():
        if name in given or (name == "account" and query.app.account is not None):
            called = _called(name, query)
            own = " Databricks' service principal is --exchange-client-id."
            without = "Leave it out" if called.startswith("--") else "Use a profile without it"
            raise UsageError(
                f"{called} {meaning}, and a federated token is exchanged without Entra.",
                advice=f"{without}, or exchange Entra's token: leave --subject-token out."
                f"{own if name == 'client_id' else ''}",
            )
    if "scope" in given:
        base = of_workspace_cloud(query.app).base
        if scope_key(query.app.scope, base) != scope_key(("databricks",), base):
            raise UsageError(
                "--scope names what Entra's token is for; without Entra there are tokens for the "
                "workspace alone.",
                advice="Leave --scope out, or --subject-token.",
            )


def of_workspace_cloud(app: AppOptions) -> Authority:
    """The authority of a token that no options name: its cloud is the one of the workspace."""
    # Late: only a token from elsewhere needs it.
    from entra_oauth.protocol.resource.workspace import Workspace

    cloud = app.cloud
    if "cloud" not in app.origins.given and app.workspace_url:
        of_workspace = Workspace(app.workspace_url).cloud
        cloud = of_workspace.name if of_workspace else cloud
    return authority_of(replace(app, tenant=app.tenant or "organizations", cloud=cloud))


def authority_for(app: AppOptions, exchange: TokenExchangeOptions) -> Authority:
    """The authority by whose cloud a token is held back or let go, exchanged or not."""
    return of_workspace_cloud(app) if exchange.is_federated else authority_of(app)


def exchanged(
    inner: TokenSource, target: ExchangeTarget, query: TokenQuery, session: Session
) -> ExchangedSource:
    """The exchanged tokens, for which `inner` has those of Entra."""
    from entra_oauth.cache.exchanged_source import ExchangedSource

    network = query.network

    def ask(subject_token: str, /) -> TokenResponse:
        from entra_oauth.cli.sign_in.choose_receiver import back_channels
        from entra_oauth.flows.exchange_at_workspace import exchange_token

        with back_channels(network, session) as channels:
            return exchange_token(
                subject_token,
                target,
                authority_of(query.app),
                channels,
                timeout_s=network.http_timeout,
            )

    return ExchangedSource(inner=inner, target=target, exchange=ask, say=session.console.say)


def federated(
    store: FileStore, target: ExchangeTarget, query: TokenQuery, session: Session
) -> FederatedExchange:
    """The tokens for which the federated token itself is exchanged, without Entra."""
    from entra_oauth.cache.federated_exchange import FederatedAsker, FederatedExchange
    from entra_oauth.cli.sign_in.app_credential import proof_of

    timeout_s = query.network.http_timeout
    proof = proof_of(query.credential, session.environ)

    def channels() -> AbstractContextManager[Channels]:
        from entra_oauth.cli.sign_in.choose_receiver import back_channels

        return back_channels(query.network, session)

    asker = FederatedAsker(
        target=target,
        authority=of_workspace_cloud(query.app),
        token=lambda at, audience: proof.federated_token(at, audience, timeout_s=timeout_s),
        channels=channels,
        # An account's id is what its policies want where they name no audience.
        audience=query.exchange.exchange_audience or query.exchange.exchange_account,
        timeout_s=timeout_s,
    )
    return FederatedExchange(
        store=store,
        target=target,
        asker=asker,
        say=session.console.say,
        # Whoever has the lock is taken to be as patient as we are.
        lock_wait_s=2 * LOCK_WAIT_S + max(0.0, 3 * (timeout_s - 30.0)),
    )


def check_goes_to(target: ExchangeTarget, url: str, authority: Authority) -> None:
    """Raise `DestinationRefused` where a token of this workspace would go to another place."""
    from entra_oauth.protocol.resource.destination import check_destination

    check_destination(url, scopes=("databricks",), authority=authority)
    if not target.takes(url):
        raise DestinationRefused(
            "The token was not sent: it is of another workspace than the address.",
            advice="Name that workspace with --workspace-url: its token is exchanged there.",
        )


def refuse_exchange(app: AppOptions, scope: tuple[str, ...], session: Session, who: str) -> None:
    """Raise `UsageError` where a profile or a variable has this token exchanged, and `who` must not
    have the workspace's own.

    Other scopes than the profile's are not exchanged, and so not refused.
    """
    profile = app.settings
    named = session.environ.get("ENTRA_OAUTH_EXCHANGE")
    if not named and (profile is None or profile.text("exchange") is None):
        return
    base = of_workspace_cloud(app).base
    own = (profile.texts("scope") if profile is not None else ()) or ("databricks",)
    if scope_key(scope, base) not in (scope_key(own, base), scope_key(("databricks",), base)):
        return
    raise UsageError(
        f"An exchange is set, and {who} takes Entra's token and not the workspace's own.",
        advice="Use a profile without exchange; or hand the workspace's own over with "
        "entra-oauth run, serve metadata or credential databricks-cli.",
    )
