"""A token at hand: from the store, or refreshed by exactly one of all who want it.

`single_flight` is the walk, under the account's lock; here is what a new token takes: a refresh
token, or the proof of an app.
"""

from __future__ import annotations

from entra_oauth.cache.account import (
    APP_ONLY,
    MIN_VALIDITY_S,
    Account,
    App,
    CachedToken,
    access_token_of,
    account_of,
    scope_key,
    token_key,
)
from entra_oauth.cache.file_store import LOCK_WAIT_S, FileStore
from entra_oauth.cache.single_flight import SingleFlight
from entra_oauth.channels.base import monotonic, now, say_nothing
from entra_oauth.errors import (
    AuthorityError,
    EntraOAuthError,
    IdTokenRefused,
    LocalError,
    SignInRequired,
    bare,
)
from entra_oauth.light import TYPE_CHECKING, dataclass, replace
from entra_oauth.protocol.authority import same_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.cache.lock import Lock
    from entra_oauth.cache.refresher import AskAsApp, Refresh
    from entra_oauth.errors import TransportError
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["Found", "TokenSource"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A token that can be used now, whose it is, and where it came from."""

    token: CachedToken
    account: str
    scopes: str
    source: str
    """`cache`, or the grant that brought it."""


class TokenSource:
    """The tokens of one app at one authority; threads and processes may share the store.

    `refresh` is what is done where a new token is needed; `sign_in_with` is the
    command that a person is told to run when only a person can go on. With `as_app` it
    is the app itself that asks, and no person's tokens are looked at. `as_identity` says so of a
    managed identity, of which no sign-in is kept, only its tokens: what names it is named each
    time. `say` is told what could not be kept, which is no reason to withhold a token.
    """

    def __init__(
        self,
        *,
        store: FileStore,
        app: App,
        refresh: Refresh,
        as_app: AskAsApp | None = None,
        as_identity: bool = False,
        sign_in_with: str = "entra-oauth login",
        say: Callable[[str], None] = say_nothing,
        now: Callable[[], float] = now,
        monotonic: Callable[[], float] = monotonic,
        lock_wait_s: float = LOCK_WAIT_S,
    ) -> None:
        self.store = store
        self.app = app
        self._refresh = refresh
        self._as_app = as_app
        self._as_identity = as_identity
        self._sign_in_with = sign_in_with
        self._say = say
        self._now = now
        self._monotonic = monotonic
        self._lock_wait_s = lock_wait_s

    @property
    def is_app(self) -> bool:
        """True where the app itself asks: its tokens are nobody's."""
        return self._as_app is not None

    def get(
        self,
        *scopes: str,
        account: str | None = None,
        min_validity_s: float = MIN_VALIDITY_S,
        force: bool = False,
        claims: str | None = None,
        cae: bool = False,
    ) -> Found:
        """A token that is good for `min_validity_s` more seconds.

        `account` is the latest one that signed in, if none is named; `force` asks for
        a new token in any case, and so does a claims challenge. `cae` says that the caller can
        handle one, as claims may do too; tokens that come for it are kept apart, because an API
        may turn them down before their end. Raises `SignInRequired` where only a person can go
        on, and whatever the refresh raises. No frame that is left behind holds a token or a
        proof: there are tools that print the values of each.
        """
        try:
            wanted = self._wanted(
                scopes, account, min_validity_s, force=force, claims=claims, cae=cae
            )
            return self._find(wanted)
        except EntraOAuthError as error:
            failure = bare(error)
        raise failure

    def named(self, account: str | None) -> str:
        """The account whose tokens are looked at. Raises `SignInRequired` where nobody's are."""
        if self._as_app is None:
            self.app, account = self.store.kept_as(self.app, account)
        return self._account(account)

    def _wanted(
        self,
        scopes: tuple[str, ...],
        account: str | None,
        min_validity_s: float,
        *,
        force: bool,
        claims: str | None,
        cae: bool,
    ) -> _Wanted:
        name = self.named(account)
        scopes_kept = scope_key(scopes, self.app.base)
        return _Wanted(
            account=name,
            scopes=scopes_kept,
            asked=scopes,
            min_validity_s=min_validity_s,
            force=force or claims is not None,
            claims=_declaring_cae(claims) if cae else claims,
            kept_as=token_key(scopes_kept, cae=cae or _declares_cae(claims)),
        )

    def _find(self, wanted: _Wanted) -> Found:
        token, source = SingleFlight(
            look=lambda: self.store.access_token(self.app, wanted.account, wanted.kept_as),
            lock=lambda: self._lock(wanted),
            bring=lambda: self._renew(wanted),
            is_good=lambda token: token.is_good_for(
                wanted.min_validity_s, now=self._now(), monotonic=self._monotonic()
            ),
            force=wanted.force,
            is_final=self._is_final,
            lock_wait_s=self._lock_wait_s,
            say=self._say,
            now=self._now,
            monotonic=self._monotonic,
        ).token()
        return Found(token=token, account=wanted.account, scopes=wanted.scopes, source=source)

    # ---- looking -------------------------------------------------------------------

    def _account(self, named: str | None) -> str:
        if self._as_app is not None:
            return APP_ONLY
        found = named or self.store.default_account(self.app)
        if found is None:
            raise self._needs_person("Nobody has signed in to this app here")
        return found

    def _lock(self, wanted: _Wanted) -> Lock:
        is_person = self._as_app is None
        if is_person and self.store.account(self.app, wanted.account, with_token=False) is None:
            raise self._needs_person(f"{wanted.account} has not signed in to this app here")
        return self.store.lock(self.app, wanted.account)

    # ---- renewing, with the lock -----------------------------------------------------

    def _renew(self, wanted: _Wanted) -> tuple[CachedToken, str]:
        if self._as_app is not None:
            return self._ask(self._as_app, wanted)
        account = self.store.account(self.app, wanted.account)
        if account is None:
            raise self._needs_person(f"{wanted.account} has not signed in to this app here")
        if account.refresh_token is None:
            raise self._needs_person(f"There is no refresh token for {wanted.account}")
        try:
            tokens = self._refresh(account.refresh_token, wanted.asked, claims=wanted.claims)
        except AuthorityError as error:
            from entra_oauth.protocol.glossary.aadsts import is_dead

            if is_dead(error):
                self.store.drop_refresh_token(self.app, wanted.account)
            if is_dead(error) or (_wants_more(error) and "person" in error.helps):
                raise self._needs_person(error.what.rstrip("."), error) from None
            raise
        return self._save(wanted, account, tokens)

    def _ask(self, as_app: AskAsApp, wanted: _Wanted) -> tuple[CachedToken, str]:
        tokens = as_app(wanted.asked, claims=wanted.claims)
        if self._as_identity:
            return self._keep(wanted, None, tokens, "managed_identity")
        arrived = account_of(tokens, otherwise=wanted.account)
        return self._keep(
            wanted, replace(arrived, name=wanted.account), tokens, "client_credentials"
        )

    def _is_final(self, error: AuthorityError | TransportError) -> bool:
        """Tell if the old token is no answer: Entra wants something else of the person first."""
        return (
            self._as_app is None
            and isinstance(error, AuthorityError)
            and _wants_more(error)
            and "retry" not in error.helps
        )

    def _save(
        self, wanted: _Wanted, account: Account, tokens: TokenResponse
    ) -> tuple[CachedToken, str]:
        arrived = account_of(tokens, otherwise=account.name)
        known = account.object_id is not None and account.tenant_id is not None
        same = same_id(account.object_id, arrived.object_id)
        same = same and same_id(account.tenant_id, arrived.tenant_id)
        if known and tokens.identity is not None and not same:
            raise IdTokenRefused(
                "The refresh brought a token of another person than signed in.",
                advice=f"Nothing was kept. Sign in again with {self._sign_in_with} (as whom?).",
            )
        renewed = Account(
            name=account.name,
            tenant_id=arrived.tenant_id,
            object_id=arrived.object_id,
            signed_in_at=account.signed_in_at,
            # Unchanged means nothing to write.
            refresh_token=None
            if tokens.refresh_token == account.refresh_token
            else tokens.refresh_token,
        )
        return self._keep(wanted, renewed, tokens, "refresh_token")

    def _keep(
        self, wanted: _Wanted, account: Account | None, tokens: TokenResponse, grant: str
    ) -> tuple[CachedToken, str]:
        token = access_token_of(tokens, clock=self._monotonic())
        try:
            if account is None:
                self.store.save_token(self.app, wanted.account, wanted.kept_as, token)
            else:
                self.store.save(self.app, account, wanted.kept_as, token, signed_in=False)
        except LocalError as error:
            self._say(f"Note: the new token could not be kept. {error.what}")
        return token, grant

    def _needs_person(self, what: str, error: AuthorityError | None = None) -> SignInRequired:
        advice = f"Sign in with {self._sign_in_with} (then run this again)."
        if error is not None and error.cause:  # a number that is known has an advice of its own
            advice = f"{error.advice} The command: {self._sign_in_with}, then this again."
        required = SignInRequired(f"{what}.", advice=advice)
        required.was_refused = error is not None
        return required


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    account: str
    scopes: str
    asked: tuple[str, ...]
    min_validity_s: float
    force: bool
    claims: str | None
    kept_as: str
    """The scopes, as the token is called in the store."""


def _wants_more(error: AuthorityError) -> bool:
    """Tell if the same refresh token will be refused again: something else must happen first."""
    return error.error in ("invalid_grant", "interaction_required") or bool(error.claims)


def _declares_cae(claims: str | None) -> bool:
    if claims is None:
        return False
    from entra_oauth.protocol.resource.claims_challenge import declares_cae

    return declares_cae(claims)


def _declaring_cae(claims: str | None) -> str:
    # Late: a token that is still good needs none of it.
    from entra_oauth.protocol.resource.claims_challenge import declaring_cae

    return declaring_cae(claims)
