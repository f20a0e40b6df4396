"""The exchange that the options ask for: where to, and the request."""

from __future__ import annotations

from entra_oauth.cli.sign_in.plan import authority_of
from entra_oauth.errors import DestinationRefused, UsageError
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.cache.exchanged_source import ExchangedSource
    from entra_oauth.cache.token_source import TokenSource
    from entra_oauth.cli.options.app_options import AppOptions, RenewOptions
    from entra_oauth.cli.options.common_options import NetworkOptions
    from entra_oauth.cli.options.exchange_options import TokenExchangeOptions
    from entra_oauth.cli.session.console import Session
    from entra_oauth.protocol.endpoints.token import TokenResponse
    from entra_oauth.protocol.endpoints.token_exchange import ExchangeTarget

__all__ = ["check_exchange", "check_goes_to", "exchanged", "target_of"]


def target_of(options: TokenExchangeOptions, workspace_url: str | None) -> ExchangeTarget | None:
    """The place that exchanges; None where nothing is to be. Raises `UsageError`."""
    if options.exchange is None:
        return None
    # Late: only an exchange needs it.
    from entra_oauth.protocol.endpoints.token_exchange import ExchangeTarget

    of_account = options.exchange_account
    if workspace_url is not None and "//accounts." not in f"//{workspace_url}":
        # DATABRICKS_ACCOUNT_ID is often set beside a workspace, and is then of no use here.
        of_account = None
    return ExchangeTarget.of(
        workspace_url, account_id=of_account, client_id=options.exchange_client_id
    )


def check_exchange(options: TokenExchangeOptions, renew: RenewOptions) -> None:
    """Raise `UsageError` for what does not go together."""
    if options.exchange is None and options.exchange_client_id is not None:
        raise UsageError(
            "--exchange-client-id goes with --exchange only.",
            advice="Give --exchange databricks too, or leave it out.",
        )
    if options.exchange is not None and renew.interactive:
        raise UsageError(
            "--interactive and --exchange exclude each other.",
            advice="Sign in with entra-oauth login, then run this again without --interactive.",
        )


def exchanged(
    inner: TokenSource,
    target: ExchangeTarget,
    app: AppOptions,
    network: NetworkOptions,
    session: Session,
) -> ExchangedSource:
    """The exchanged tokens, for which `inner` has those of Entra."""
    from entra_oauth.cache.exchanged_source import ExchangedSource

    def ask(subject_token: str, /) -> TokenResponse:
        from entra_oauth.cli.sign_in.choose_receiver import back_channels
        from entra_oauth.flows.exchange_at_workspace import exchange_token

        with back_channels(network, session) as channels:
            return exchange_token(
                subject_token, target, authority_of(app), channels, timeout_s=network.http_timeout
            )

    return ExchangedSource(inner=inner, target=target, exchange=ask, say=session.console.say)


def check_goes_to(target: ExchangeTarget, url: str) -> None:
    """Raise `DestinationRefused` where a token of this workspace would go to another."""
    if not target.takes(url):
        raise DestinationRefused(
            "The token was not sent: it is of another workspace than the address.",
            advice="Name that workspace with --workspace-url: its token is exchanged there.",
        )
