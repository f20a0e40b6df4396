"""One request and what came of it, as whoever was there has seen it.

The same value on all ways: the recorder keeps it, a loopback host tells its witness of
it, the practice browser brings it home. It holds secrets; its repr does not show them.
"""

from __future__ import annotations

from entra_oauth.light import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from entra_oauth.channels.front_event import FrontEvent
    from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire

__all__ = ["Exchange"]


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
    """The event on the front channel (the person's browser); None on the back channel."""
    purpose: str = ""
    """The purpose of a request on the back channel, where its address does not say it."""
    failure: str | None = None
    """The kind of error that ended it, if one did."""
    wire: Wire | None = None
    """The view below the level of messages, where there was one: on the back channel, and
    at the authority's side. Of a request that failed too.

    At a host of ours, `sent` is what the peer has sent. Of the times there, `send` is how
    long the request took to arrive, `wait` how long we took, `receive` how long the answer
    took to be taken."""

    @property
    def channel(self) -> str:
        """`front` (the person's browser) or `back` (our own requests)."""
        return "back" if self.event is None else "front"

    @property
    def note(self) -> str:
        """The name of it, in words for people: `authorize`, `accepted`, `token` …"""
        if self.event is not None:
            return str(self.event)
        if not self.purpose:
            # Late: only a recording has a use for the word.
            from entra_oauth.protocol.glossary.message_kind import asks_for_identity

            if asks_for_identity(self.request):
                return "managed-identity"
        return self.purpose or self.request.path.rpartition("/")[2]
