"""What passed on both channels, as data; and the channels that keep it.

Recording is wrapping: a flow is given channels that remember, and does not know.
Linter, reports, narration and lessons all read the same `Recording`.

A `Recording` in memory holds secrets; its reprs do not show them.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from entra_oauth.channels.base import (
    BackChannel,
    Channels,
    FrontChannel,
    RedirectReceiver,
    Witness,
    ignore,
)
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Exchange", "Recorder", "Recording"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and what came of it."""

    channel: str
    """`front` (the person's browser) or `back` (our own requests)."""
    note: str
    """What it was, in words: `authorize`, `redirect accepted`, `token` …"""
    request: HttpRequest
    response: HttpResponse | None
    """None if no answer was seen: the browser's own traffic with the authority is
    not ours to see, and a failed request has none."""
    started_at: float
    """Seconds since 1970."""
    ended_at: float
    failure: str | None = None
    """The kind of error that ended it, if one did."""
    wire: Wire | None = None
    """What was seen below the level of messages, where it was: on the back channel, and at
    the authority's side. Of a request that failed too."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Exchanges in the order in which they ended."""

    exchanges: tuple[Exchange, ...] = field(default=())
    at_authority: bool = False
    """Seen where the requests arrive, not where they are sent."""


class Recorder:
    """Wraps a pair of channels and collects what passes."""

    def __init__(self) -> None:
        self.at_authority = False
        """Whether it is kept where the requests of somebody else's client arrive."""
        self._lock = threading.Lock()
        self._exchanges: list[Exchange] = []

    @property
    def recording(self) -> Recording:
        """What has passed so far."""
        with self._lock:
            return Recording(tuple(self._exchanges), self.at_authority)

    def wrap(self, channels: Channels) -> Channels:
        """The same channels, remembered."""
        return replace(
            channels,
            front=_RecordedFront(channels.front, self._witness(channels.now)),
            back=_RecordedBack(channels.back, self.keep, channels.now),
            aside=channels.aside and _RecordedBack(channels.aside, self.keep, channels.now),
        )

    def pasted(self, url: str, callback: HttpRequest, *, at: float) -> None:
        """Remember an answer that was brought by hand, and the address that it answers.

        `at` is in seconds since 1970.
        """
        for note, request in (
            ("authorize, opened by hand", HttpRequest(method="GET", url=url)),
            ("accepted", callback),
        ):
            self.keep(
                Exchange(
                    channel="front",
                    note=note,
                    request=request,
                    response=None,
                    started_at=at,
                    ended_at=at,
                )
            )

    def keep(self, exchange: Exchange) -> None:
        """Remember one more. May be called from any thread."""
        with self._lock:
            self._exchanges.append(exchange)

    def _witness(self, now: Callable[[], float]) -> Witness:
        def saw(note: str, request: HttpRequest, response: HttpResponse | None, /) -> None:
            at = now()
            self.keep(
                Exchange(
                    channel="front",
                    note=note,
                    request=request,
                    response=response,
                    started_at=at,
                    ended_at=at,
                )
            )

        return saw


@dataclass(frozen=True, slots=True)
class _RecordedFront:
    inner: FrontChannel
    saw: Witness

    def open(self, witness: Witness = ignore) -> RedirectReceiver:
        def both(note: str, request: HttpRequest, response: HttpResponse | None, /) -> None:
            self.saw(note, request, response)
            witness(note, request, response)

        return self.inner.open(both)


@dataclass(frozen=True, slots=True)
class _RecordedBack:
    inner: BackChannel
    keep: Callable[[Exchange], None]
    now: Callable[[], float]
    told: Callable[[Wire], None] | None = None

    def warm(self, url: str) -> None:
        self.inner.warm(url)

    def send(self, request: HttpRequest, *, timeout_s: float) -> HttpResponse:
        started_at = self.now()
        response: HttpResponse | None = None
        failure: str | None = None
        seen: list[Wire] = []
        try:
            response = self._send(request, timeout_s, seen.append)
            if response.wire is not None:
                seen.append(response.wire)
        except BaseException as error:
            failure = type(error).__name__
            raise
        finally:
            self.keep(
                Exchange(
                    channel="back",
                    note=request.path.rpartition("/")[2],
                    request=request,
                    response=response,
                    started_at=started_at,
                    ended_at=self.now(),
                    failure=failure,
                    wire=seen[-1] if seen else None,
                )
            )
        return response

    def send_watched(
        self, request: HttpRequest, *, timeout_s: float, saw: Callable[[Wire], None]
    ) -> HttpResponse:
        """For a recorder around this one."""
        return replace(self, told=saw).send(request, timeout_s=timeout_s)

    def _send(
        self, request: HttpRequest, timeout_s: float, saw: Callable[[Wire], None]
    ) -> HttpResponse:
        def both(wire: Wire) -> None:
            saw(wire)
            if self.told is not None:
                self.told(wire)

        # A channel that can say what passed before a failure is asked to.
        watched = getattr(self.inner, "send_watched", None)
        if watched is None:
            return self.inner.send(request, timeout_s=timeout_s)
        response: HttpResponse = watched(request, timeout_s=timeout_s, saw=both)
        return response
