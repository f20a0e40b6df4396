"""Tokens that a workspace gave for Entra's: kept under a key of their own, fetched by one of all.

`single_flight` is the walk, with a lock of its own. Within it, Entra's token comes from a
`token_source`, which has the account's lock. Whoever holds this lock may wait for that one, and
never the other way round.
"""

from __future__ import annotations

from entra_oauth.cache.account import MIN_VALIDITY_S, access_token_of, scope_key
from entra_oauth.cache.file_store import LOCK_WAIT_S
from entra_oauth.cache.single_flight import SingleFlight
from entra_oauth.cache.token_source import Found
from entra_oauth.channels.base import monotonic, now, say_nothing
from entra_oauth.errors import EntraOAuthError, LocalError, bare
from entra_oauth.light import TYPE_CHECKING, Protocol, dataclass
from entra_oauth.protocol.endpoints.token_exchange import LEAST_LIFE_S
from entra_oauth.protocol.resource.destination import check_subject
from entra_oauth.protocol.scopes import DATABRICKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.cache.account import App, CachedToken
    from entra_oauth.cache.file_store import FileStore
    from entra_oauth.cache.lock import Lock
    from entra_oauth.cache.token_source import TokenSource
    from entra_oauth.protocol.endpoints.token import TokenResponse
    from entra_oauth.protocol.endpoints.token_exchange import ExchangeTarget

__all__ = ["AskWorkspace", "ExchangeFlight", "ExchangedSource"]

_EXCHANGE = "token-exchange"
"""The source of a token that was exchanged."""


def _good_enough_s(token: CachedToken, min_validity_s: float) -> float:
    """Seconds that a kept token must have left where `min_validity_s` are asked for.

    It ends with the token that was exchanged, which may have had five minutes and less when it
    came (GitHub's has). No new one would last longer, so it serves for half of its life.
    """
    life_s = token.expires_on - token.arrived_at
    if life_s < min(min_validity_s, MIN_VALIDITY_S):
        min_validity_s = life_s / 2
    return max(min_validity_s, LEAST_LIFE_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFlight:
    """The walk to one exchanged token: a kept one that lasts, or one that is exchanged now.

    `exchanged_source` and `federated_exchange` say what is exchanged, and for whom it is kept.
    """

    store: FileStore
    app: App
    account: str
    kept_as: str
    """The end of its key in the store."""
    lock: Callable[[], Lock]
    exchange: Callable[[], tuple[TokenResponse, str]]
    """The workspace's answer, and the account that it is kept for. Called under the lock."""
    min_validity_s: float
    force: bool
    lock_wait_s: float
    say: Callable[[str], None]

    def found(self) -> Found:
        """The token. Raises what `exchange` raises, and what `SingleFlight.token` does."""
        token, source = SingleFlight(
            look=lambda: self.store.access_token(self.app, self.account, self.kept_as),
            lock=self.lock,
            bring=self._bring,
            is_good=lambda token: token.is_good_for(
                _good_enough_s(token, self.min_validity_s), now=now(), monotonic=monotonic()
            ),
            force=self.force,
            least_life_s=LEAST_LIFE_S,
            lock_wait_s=self.lock_wait_s,
            say=self.say,
        ).token()
        # Whatever the token before it was for, this one is for Databricks.
        return Found(token=token, account=self.account, scopes=DATABRICKS, source=source)

    def _bring(self) -> tuple[CachedToken, str]:
        tokens, account = self.exchange()
        token = access_token_of(tokens, clock=monotonic())
        try:
            self.store.save_token(self.app, account, self.kept_as, token)
        except LocalError as error:
            self.say(f"Note: the exchanged token could not be kept. {error.what}")
        return token, _EXCHANGE


class AskWorkspace(Protocol):
    """Exchanges a token of Entra's: one request, after one for where to."""

    def __call__(self, subject_token: str, /) -> TokenResponse: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangedSource:
    """The tokens of one target. Threads and processes may share the store."""

    inner: TokenSource
    target: ExchangeTarget
    exchange: AskWorkspace
    say: Callable[[str], None] = say_nothing
    lock_wait_s: float = 2 * LOCK_WAIT_S

    @property
    def store(self) -> FileStore:
        return self.inner.store

    @property
    def app(self) -> App:
        return self.inner.app

    def get(
        self,
        *scopes: str,
        account: str | None = None,
        min_validity_s: float = MIN_VALIDITY_S,
        force: bool = False,
        claims: str | None = None,
        cae: bool = False,
    ) -> Found:
        """An exchanged token that is good for `min_validity_s` more seconds, if one can be.

        It ends with Entra's, which is renewed first where it does not last. The arguments are
        those of `TokenSource.get`, and so is what is raised; and `DestinationRefused` for scopes
        of an API whose tokens no workspace may see.
        """
        try:
            check_subject(scopes)
            who = self.inner.named(account)

            def exchange() -> tuple[TokenResponse, str]:
                subject = self.inner.get(
                    *scopes,
                    account=account,
                    min_validity_s=max(min_validity_s, MIN_VALIDITY_S),
                    force=force,
                    claims=claims,
                    cae=cae,
                )
                return self.exchange(subject.token.text), subject.account

            return ExchangeFlight(
                store=self.store,
                app=self.app,
                account=who,
                kept_as=f"{scope_key(scopes, self.app.base)} {self.target.key}",
                lock=lambda: self.store.lock(self.app, who, of="exchange-lock"),
                exchange=exchange,
                min_validity_s=min_validity_s,
                force=force or claims is not None,
                lock_wait_s=self.lock_wait_s,
                say=self.say,
            ).found()
        except EntraOAuthError as error:
            failure = bare(error)
        raise failure
