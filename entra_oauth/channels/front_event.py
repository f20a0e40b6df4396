"""The events of the front channel: an enum, and what more there is to say of each.

Apart from `exchange`, because a sign-in that is not recorded has events all the same, and
each class that is made costs time before the browser opens.
"""

from __future__ import annotations

from enum import Enum

from entra_oauth.light import dataclass

__all__ = ["FrontEvent", "Occurred"]


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
