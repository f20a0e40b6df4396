"""One request on its way through the back channel's worker, and how its failure is told."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.channels.base import monotonic
from entra_oauth.errors import DeadlineExceeded, EntraOAuthError, ExchangeBroken

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire

__all__ = ["SLICE_S", "WORKER_NAME", "Job", "abandoned", "host_of", "too_late", "what_became_of_it"]

WORKER_NAME = "entra-oauth-back"
"""The name of each thread that has traffic of ours."""

SLICE_S = 0.25
"""Seconds of one wait. Ctrl-C does not interrupt it on Windows; between two it is seen."""


def host_of(url: str) -> str:
    """Host and port of a URL, for messages; user information is left out."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or "nowhere"
    except ValueError:
        return "an address that is none"


def what_became_of_it(*, sent: bool) -> str:
    """The meaning of a failure for a code that was to be redeemed, as a sentence."""
    return "If a code was sent it is spent: sign in again." if sent else "Nothing was sent."


def too_late(url: str, timeout_s: float, *, sent: bool) -> DeadlineExceeded:
    """The authority took longer than it may."""
    return DeadlineExceeded(
        f"{host_of(url)} did not answer within {timeout_s:g} seconds.",
        advice="Check the network, then allow more time with --http-timeout. "
        + what_became_of_it(sent=sent),
    )


def abandoned(job: Job, *, sent: bool) -> ExchangeBroken:
    """The channel was closed in the middle."""
    return ExchangeBroken(
        f"The request to {host_of(job.url)} was abandoned.", advice=what_became_of_it(sent=sent)
    )


class Job:
    """One request on its way through the worker; without a request, a warm-up."""

    def __init__(
        self,
        request: HttpRequest | None,
        url: str,
        timeout_s: float,
        *,
        announce: Callable[[str], None] | None = None,
    ) -> None:
        self.request = request
        self.url = url
        self.deadline = monotonic() + timeout_s
        self.timeout_s = timeout_s
        self.announce = announce
        self.proxy: str | None = None
        self.has_begun = False
        """True once the worker has taken it up."""
        self.wire: Wire | None = None
        """The bytes and the link that were seen of it, where it failed."""
        self._response: HttpResponse | None = None
        self._error: EntraOAuthError | None = None
        self._done = threading.Event()

    @property
    def remaining_s(self) -> float:
        """Seconds left, never less than none."""
        return max(self.deadline - monotonic(), 0.0)

    @property
    def has_ended(self) -> bool:
        """True once there is a result."""
        return self._done.is_set()

    def succeed(self, response: HttpResponse | None) -> None:
        """It has ended well; a warm-up has no response."""
        self._response = response
        self._done.set()

    def fail(self, error: EntraOAuthError) -> None:
        """It has ended so, unless it has ended already."""
        if not self._done.is_set():
            # The frames of the worker hold the request and the answer.
            self._error = error.with_traceback(None)
            self._done.set()

    def wait(self, until: float) -> bool:
        """Wait for its end until that moment of the monotonic clock; tell if it has ended."""
        while not self._done.wait(min(SLICE_S, max(until - monotonic(), 0.0))):
            if monotonic() >= until:
                return False
        return True

    def result(self) -> HttpResponse:
        """The response, or the error raised."""
        if self._response is not None:
            return self._response
        assert self._error is not None  # noqa: S101 - an ended job has one or the other
        raise self._error
