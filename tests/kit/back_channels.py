"""A back channel for a test, the request that is sent through it, and ways of waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.protocol.messages import FORM, HttpRequest, Wire
from entra_oauth.recording import Exchange
from kit import canaries
from kit.guards import left_behind

__all__ = ["BODY", "StandingClock", "a_back", "eventually", "token_post", "wire_of", "workers"]

BODY = f"grant_type=authorization_code&code={canaries.CODE}&code_verifier={canaries.VERIFIER}"


def token_post(origin: str, *, body: str = BODY) -> HttpRequest:
    """A token request with planted secrets."""
    return HttpRequest(
        method="POST",
        url=f"{origin}/{canaries.TENANT}/oauth2/v2.0/token",
        headers=(("User-Agent", "a-test/1"), ("Accept", "*/*"), ("Content-Type", FORM)),
        body=body.encode("ascii"),
    )


@contextmanager
def a_back(
    *,
    ca_bundle: str | None = None,
    allow_keylog: bool = False,
    say: Callable[[str], None] | None = None,
) -> Iterator[RequestsBack]:
    """A `RequestsBack` whose threads are gone when the block has ended."""
    try:
        with RequestsBack(ca_bundle=ca_bundle, allow_keylog=allow_keylog, say=say) as back:
            yield back
    finally:
        assert eventually(lambda: not workers()), "a worker is left over"


def wire_of(exchange: Exchange) -> Wire:
    """The view of it on the socket; there must be one."""
    assert exchange.wire is not None
    return exchange.wire


def workers() -> list[threading.Thread]:
    """Those of this test: one that an earlier test left behind is that one's failure."""
    running = set(threading.enumerate()) - set(left_behind.of_earlier_tests)
    return [thread for thread in running if thread.name == "entra-oauth-back"]


def eventually(condition: Callable[[], object], *, within_s: float = 10.0) -> bool:
    """Tell if it comes true; asked often, for so long at most."""
    until = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


class StandingClock:
    """A monotonic clock that goes on when a test tells it to, however long the machine takes."""

    def __init__(self) -> None:
        self.at = 1000.0
        self._readings = 0

    def __call__(self) -> float:
        self._readings += 1
        return self.at

    def pass_by(self, seconds: float) -> None:
        """Let time pass for who waits by this clock, and wait until that was acted on."""
        self._is_read_twice()
        self.at += seconds
        self._is_read_twice()

    def _is_read_twice(self) -> None:
        # Between the two, all that is done at one time has been done.
        before = self._readings
        assert eventually(lambda: self._readings >= before + 2)
