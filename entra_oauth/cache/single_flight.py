"""One token of the store, which exactly one of all who want a new one brings.

    look, without a lock        → good: done
    take the lock               … or see that somebody else has brought a new one: done
    look again                  → somebody was quicker: done
    bring one, let go

Always in the foreground, never by a hidden process. A stored token is replaced only
when a new one has arrived.
"""

from __future__ import annotations

from entra_oauth.cache.file_store import LOCK_WAIT_S, LOCK_WAIT_WITH_TOKEN_S
from entra_oauth.channels.base import monotonic, now, say_nothing
from entra_oauth.errors import AuthorityError, LocalError, TransportError
from entra_oauth.light import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.cache.account import CachedToken
    from entra_oauth.cache.lock import Lock

__all__ = ["CACHE", "SingleFlight"]

CACHE = "cache"
"""The source of a token that was kept."""


def _never(error: AuthorityError | TransportError) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleFlight:
    """One walk to one token. Threads and processes may share the store behind it."""

    look: Callable[[], CachedToken | None]
    """The token that is kept, good or not. Takes no lock."""
    lock: Callable[[], Lock]
    """The lock of whoever brings a new one; asked for where one is needed."""
    bring: Callable[[], tuple[CachedToken, str]]
    """A new token and the grant that brought it; keeps it too. Called under the lock."""
    is_good: Callable[[CachedToken], bool]
    """True of a token that is as good as was asked for."""
    force: bool = False
    """Bring a new one in any case."""
    is_final: Callable[[AuthorityError | TransportError], bool] = _never
    """True of a failure after which the old token is no answer, though it lasts."""
    least_life_s: float = 0.0
    """Seconds. A token with fewer left is of use to nobody."""
    lock_wait_s: float = LOCK_WAIT_S
    say: Callable[[str], None] = say_nothing
    now: Callable[[], float] = now
    monotonic: Callable[[], float] = monotonic

    def token(self) -> tuple[CachedToken, str]:
        """The token, and its source: `CACHE`, or the grant that brought it.

        Raises what `bring` raises, and `LocalError` where another process does not finish.
        """
        before = self.look()
        if before is not None and not self.force and self.is_good(before):
            return before, CACHE
        old = before if before is not None and not self.force and self._lasts(before) else None
        with self.lock() as lock:
            wait_s = self.lock_wait_s
            if old is not None:
                wait_s = min(wait_s, LOCK_WAIT_WITH_TOKEN_S)
            mine = lock.take(wait_s, lambda: self._news(before) is not None)
            if (after := self._news(before)) is not None:
                return after, CACHE
            if not lock.works:
                self.say("Note: no lock can be had here; two processes may renew one token.")
            if not mine:
                return self._without_the_lock(old)
            try:
                return self.bring()
            except (AuthorityError, TransportError) as error:
                if old is None or self.is_final(error):
                    raise
                self.say(
                    f"Note: the token could not be renewed, and is used as it is. {error.what}"
                )
                return old, CACHE

    def _news(self, before: CachedToken | None) -> CachedToken | None:
        """The token that somebody has brought since we looked, if any.

        However long that one lasts, asking again would bring no better one.
        """
        token = self.look()
        return token if token is not None and token != before and self._lasts(token) else None

    def _lasts(self, token: CachedToken) -> bool:
        return token.is_good_for(self.least_life_s, now=self.now(), monotonic=self.monotonic())

    def _without_the_lock(self, old: CachedToken | None) -> tuple[CachedToken, str]:
        if old is not None:
            self.say("Note: another process does not finish renewing the token; used as it is.")
            return old, CACHE
        raise LocalError(
            "Another process holds this account's lock and does not finish.",
            advice="Look for an entra-oauth process that hangs or was stopped, end it, and run "
            "this again.",
        )
