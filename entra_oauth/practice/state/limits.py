"""Too much of a good thing: throttling, loops, and wrong passwords.

https://learn.microsoft.com/entra/architecture/resilience-client-app and
https://learn.microsoft.com/entra/identity/authentication/howto-password-smart-lockout.
All times are those of the tenant's clock, in seconds.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

__all__ = ["Limits"]

_LOOP_S = 300
_LOOP_TIMES = 15
_LOCK_AFTER = 10
_LOCK_S = 60
_REMEMBERED = 3
_MOST = 5_000


@dataclass(slots=True)
class _Throttle:
    after: int
    retry_after_s: int


@dataclass(slots=True)
class _Failures:
    count: int = 0
    since: float = 0.0
    recent: tuple[bytes, ...] = ()


class Limits:
    """The tenant's counters. Every method is one step, safe between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._throttle: _Throttle | None = None
        self._asked: dict[str, tuple[int, float]] = {}
        self._loops: OrderedDict[tuple[str, ...], tuple[float, ...]] = OrderedDict()
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def throttle(self, after: int | None, retry_after_s: int) -> None:
        """Answer 429 to each client after so many token requests; None: no more."""
        with self._lock:
            self._throttle = None if after is None else _Throttle(after, retry_after_s)
            self._asked.clear()

    def wait_s(self, client: str, now: float) -> int | None:
        """Seconds that this client must wait for an answer; None if it need not wait."""
        with self._lock:
            rule = self._throttle
            if rule is None:
                return None
            count, until = self._asked.get(client, (0, 0.0))
            if until and now >= until:
                count, until = 0, 0.0
            if count < rule.after:
                self._remember(client, (count + 1, 0.0))
                return None
            until = until or now + rule.retry_after_s
            self._remember(client, (count, until))
            return max(1, int(until - now))

    def _remember(self, client: str, state: tuple[int, float]) -> None:
        if client not in self._asked and len(self._asked) >= _MOST:
            self._asked.clear()
        self._asked[client] = state

    def loops(self, request: tuple[str, ...], now: float) -> bool:
        """Count one more of the same needless request: fifteen within five minutes are a loop.

        `request` is what makes it the same.
        """
        with self._lock:
            times = (*(t for t in self._loops.get(request, ()) if now - t < _LOOP_S), now)
            self._loops[request] = times[-_LOOP_TIMES:]
            self._loops.move_to_end(request)
            if len(self._loops) > _MOST:
                self._loops.popitem(last=False)
            return len(times) >= _LOOP_TIMES

    def locked(self, oid: str, now: float) -> bool:
        """True if that account is locked for a while, for too many wrong passwords."""
        with self._lock:
            failed = self._failures.get(oid)
            return failed is not None and failed.count >= _LOCK_AFTER and self._fresh(failed, now)

    @staticmethod
    def _fresh(failed: _Failures, now: float) -> bool:
        return now - failed.since < _LOCK_S

    def wrong_password(self, oid: str, password: str, now: float) -> None:
        """Count a wrong password; the same one again does not count."""
        import hashlib  # slow to import, and not needed to start

        mark = hashlib.sha256(password.encode("utf-8", errors="replace")).digest()
        with self._lock:
            failed = self._failures.setdefault(oid, _Failures())
            if failed.count >= _LOCK_AFTER and not self._fresh(failed, now):
                failed.count, failed.recent = 0, ()
            if mark in failed.recent:
                return
            failed.count += 1
            failed.since = now
            failed.recent = (*failed.recent, mark)[-_REMEMBERED:]

    def right_password(self, oid: str) -> None:
        """Forget the wrong ones."""
        with self._lock:
            self._failures.pop(oid, None)
