"""Tokens that a workspace gave for another issuer's: Entra is not asked, and nothing of it kept.

The walk is that of `exchanged_source`. The federated token is read for each
exchange and is never kept. Where a service principal is named, the new token is that one's. Where
none is, it belongs to whoever the federated token is about, so that is read first.
"""

from __future__ import annotations

from entra_oauth.cache.account import APP_ONLY, MIN_VALIDITY_S, App
from entra_oauth.cache.exchanged_source import ExchangeFlight
from entra_oauth.cache.file_store import LOCK_WAIT_S
from entra_oauth.cache.token_source import Found
from entra_oauth.channels.base import monotonic, now, say_nothing
from entra_oauth.errors import EntraOAuthError, UsageError, bare
from entra_oauth.light import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from entra_oauth.cache.file_store import FileStore
    from entra_oauth.channels.base import Channels
    from entra_oauth.flows.exchange_at_workspace import FederatedSubject
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.endpoints.token import TokenResponse
    from entra_oauth.protocol.endpoints.token_exchange import ExchangeTarget

__all__ = ["FederatedAsker", "FederatedExchange", "KeptExchange", "app_at", "kept_exchanges"]


_KEPT_AS = "federated "
"""The beginning of their names in the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptExchange:
    """A token that is kept, without the token."""

    place: str
    """The workspace; of an account, its host with the account's path."""
    client_id: str | None
    """The service principal that was named."""
    subject: str | None
    """The one that the federated token was about, where no service principal was named."""
    expires_on: int | None
    """Seconds since 1970; None where it is over."""


def kept_exchanges(store: FileStore) -> list[KeptExchange]:
    """All that is kept of such exchanges, good or over. Takes no lock."""
    kept = []
    for app, account, kept_as, token in store.tokens_without_account():
        if kept_as.startswith(_KEPT_AS):
            left = token.seconds_left(now=now(), monotonic=monotonic())
            account_path = app.tenant.removeprefix("oidc")
            exchange = KeptExchange(
                place=f"{app.base}{account_path}",
                client_id=app.client_id or None,
                subject=None if account == APP_ONLY else account,
                expires_on=token.expires_on if left > 0 else None,
            )
            kept.append(exchange)
    return kept


def app_at(target: ExchangeTarget) -> App:
    """The app under which its tokens are kept: Databricks is their authority."""
    return App(target.workspace.url, target.issuer_path, target.client_id or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class FederatedAsker:
    """The way to a federated token and to what it is exchanged for, over channels of its own."""

    target: ExchangeTarget
    authority: Authority
    """Any of the cloud that the workspace has to be of."""
    token: Callable[[Channels, str], str]
    """Reads the token; the text is the audience, for an issuer that makes it when it is asked."""
    channels: Callable[[], AbstractContextManager[Channels]]
    audience: str | None = None
    """None: the token endpoint."""
    timeout_s: float = 30.0

    def read(self) -> FederatedSubject:
        """Read the token that is to be exchanged."""
        with self.channels() as channels:
            return self._read(channels)

    def exchange(self, subject: FederatedSubject | None) -> TokenResponse:
        """Exchange that one, or if there is none, one that is read now."""
        # Late: a token that is still good needs none of it.
        from entra_oauth.flows.exchange_at_workspace import exchange_federated

        with self.channels() as channels:
            return exchange_federated(
                subject or self._read(channels),
                self.target,
                self.authority,
                channels,
                timeout_s=self.timeout_s,
            )

    def _read(self, channels: Channels) -> FederatedSubject:
        from entra_oauth.flows.exchange_at_workspace import read_federated

        return read_federated(
            lambda audience: self.token(channels, audience),
            self.target,
            self.authority,
            channels,
            audience=self.audience,
            timeout_s=self.timeout_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FederatedExchange:
    """The tokens of one target. Threads and processes may share the store."""

    store: FileStore
    target: ExchangeTarget
    asker: FederatedAsker
    say: Callable[[str], None] = say_nothing
    lock_wait_s: float = 2 * LOCK_WAIT_S
    """As long as whoever has the lock may take: three requests, one after the other."""

    @property
    def app(self) -> App:
        return app_at(self.target)

    @property
    def is_app(self) -> bool:
        """True where a service principal is named; else it may be a person's."""
        return self.target.client_id is not None

    def get(
        self,
        *scopes: str,
        account: str | None = None,
        min_validity_s: float = MIN_VALIDITY_S,
        force: bool = False,
        claims: str | None = None,
        cae: bool = False,
    ) -> Found:
        """An exchanged token, as `ExchangedSource.get` gives it.

        `scopes`, `account` and `cae` are Entra's and mean nothing here. Raises `UsageError` for a
        claims challenge, which only Entra can answer.
        """
        if claims is not None:
            raise UsageError(
                "A claims challenge is answered by Entra, and this token is not from there.",
                advice="Leave --subject-token out, and sign in with entra-oauth login.",
            )
        try:
            first = None if self.is_app else self.asker.read()
            who = APP_ONLY if first is None else first.name
            return ExchangeFlight(
                store=self.store,
                app=self.app,
                account=who,
                kept_as=f"{_KEPT_AS}{self.target.key}",
                lock=lambda: self.store.lock(self.app, who),
                exchange=lambda: (self.asker.exchange(first), who),
                min_validity_s=min_validity_s,
                force=force,
                lock_wait_s=self.lock_wait_s,
                say=self.say,
            ).found()
        except EntraOAuthError as error:
            failure = bare(error)
        raise failure
