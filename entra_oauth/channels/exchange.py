"""One request and what came of it, as whoever was there has seen it.

The same value on all ways: the recorder keeps it, a loopback host tells its witness of
it, the practice browser brings it home. It holds secrets; its repr does not show them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire

__all__ = ["Exchange", "FrontEvent", "Occurred"]


class Occurred(Enum):
    """The kinds of events on the front channel; each value names the step of a recording."""

    ASKED = "authorize"
    """The browser was sent to the sign-in page."""
    ACCEPTED = "redirect"
    """The answer came, tokens or error, and was taken."""
    REFUSED = "redirect-refused"
    """A redirect came that is not the answer."""
    IGNORED = "ignored"
    """Something else came to the listener."""
    PAGE = "page"
    """The browser fetched a page."""


@dataclass(frozen=True, slots=True)
class FrontEvent:
    """An event on the front channel, and what more there is to say of it."""

    kind: Occurred
    detail: str = ""
    """A part of a sentence for people: why it was refused, the page's name …"""
    ends_the_wait: bool = False
    """Of a redirect that was refused: no other is waited for."""

    def __str__(self) -> str:
        """The event in words."""
        if self.kind is Occurred.REFUSED and self.ends_the_wait:
            return f"refused, which ends the wait: {self.detail}"
        joint = ", " if self.kind is Occurred.ASKED else ": "
        return joint.join(filter(None, (_WORDS[self.kind], self.detail)))


_WORDS = {
    Occurred.ASKED: "authorize",
    Occurred.ACCEPTED: "accepted",
    Occurred.REFUSED: "refused",
    Occurred.IGNORED: "ignored",
    Occurred.PAGE: "page",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and what came of it."""

    request: HttpRequest
    """Of one that could not be read, as much as could be."""
    response: HttpResponse | None
    """None if no answer was seen: the browser's own traffic with the authority is
    not ours to see, and a failed request has none."""
    started_at: float
    """Seconds since 1970."""
    ended_at: float
    event: FrontEvent | None = None
    """What it was on the front channel (the person's browser); None on the back channel."""
    purpose: str = ""
    """What a request on the back channel was for, where its address does not say it."""
    failure: str | None = None
    """The kind of error that ended it, if one did."""
    wire: Wire | None = None
    """What was seen below the level of messages, where it was: on the back channel, and at
    the authority's side. Of a request that failed too.

    At a host of ours, `sent` is what the peer has sent. Of the times there, `send` is how
    long the request took to arrive, `wait` how long we took, `receive` how long the answer
    took to be taken."""

    @property
    def channel(self) -> str:
        """`front` (the person's browser) or `back` (our own requests)."""
        return "back" if self.event is None else "front"

    @property
    def note(self) -> str:
        """What it was, in words for people: `authorize`, `accepted`, `token` …"""
        if self.event is not None:
            return str(self.event)
        return self.purpose or self.request.path.rpartition("/")[2]
