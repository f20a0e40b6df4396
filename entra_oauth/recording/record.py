"""Recordings of both channels as data, and the channels that make them.

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
    look_away,
)
from entra_oauth.channels.exchange import Exchange
from entra_oauth.channels.front_event import FrontEvent, Occurred
from entra_oauth.protocol.messages import HttpRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.protocol.messages import HttpResponse, Wire

__all__ = ["Recorder", "Recording"]


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
        """True where it is kept at the place at which somebody else's requests arrive."""
        self._lock = threading.Lock()
        self._exchanges: list[Exchange] = []

    @property
    def recording(self) -> Recording:
        """All that has passed so far."""
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
        asked = FrontEvent(Occurred.ASKED, "opened by hand")
        self._on_front(asked, HttpRequest(method="GET", url=url), None, at)
        self._on_front(FrontEvent(Occurred.ACCEPTED), callback, None, at)

    def keep(self, exchange: Exchange) -> None:
        """Remember one more. May be called from any thread."""
        with self._lock:
            self._exchanges.append(exchange)

    def _on_front(
        self, event: FrontEvent, request: HttpRequest, response: HttpResponse | None, at: float
    ) -> None:
        self.keep(
            Exchange(event=event, request=request, response=response, started_at=at, ended_at=at)
        )

    def _witness(self, now: Callable[[], float]) -> Witness:
        return lambda event, request, response: self._on_front(event, request, response, now())


@dataclass(frozen=True, slots=True)
class _RecordedFront:
    inner: FrontChannel
    saw: Witness

    def open(self, witness: Witness | None = None) -> RedirectReceiver:
        def both(event: FrontEvent, request: HttpRequest, response: HttpResponse | None, /) -> None:
            self.saw(event, request, response)
            if witness is not None:
                witness(event, request, response)

        return self.inner.open(both)


@dataclass(frozen=True, slots=True)
class _RecordedBack:
    inner: BackChannel
    keep: Callable[[Exchange], None]
    now: Callable[[], float]

    def warm(self, url: str) -> None:
        self.inner.warm(url)

    def send(
        self, request: HttpRequest, *, timeout_s: float, saw: Callable[[Wire], None] = look_away
    ) -> HttpResponse:
        started_at = self.now()
        response: HttpResponse | None = None
        failure: str | None = None
        wire: Wire | None = None

        def both(until_it_failed: Wire) -> None:
            nonlocal wire
            wire = until_it_failed
            saw(until_it_failed)

        try:
            response = self.inner.send(request, timeout_s=timeout_s, saw=both)
            wire = response.wire
        except BaseException as error:
            failure = type(error).__name__
            raise
        finally:
            self.keep(
                Exchange(
                    request=request,
                    response=response,
                    started_at=started_at,
                    ended_at=self.now(),
                    failure=failure,
                    wire=wire,
                )
            )
        return response
