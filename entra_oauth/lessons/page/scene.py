"""The scene of a page: what has passed, what is told of it, and what can be done next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from entra_oauth.protocol.messages import HttpRequest
    from entra_oauth.recording.step import Evidence

__all__ = ["Controls", "Look", "PageScene", "StaleTurn"]


class StaleTurn(Exception):
    """Something was typed for a turn that is over; nothing was done with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """The ways on from a look."""

    prompt: str
    is_pause: bool = False
    """There is nothing to type."""
    options: tuple[str, ...] = ()
    """The answers to choose from, each with its letter."""
    commands: tuple[str, ...] = ()
    """The words that do something else than answer, such as `hint`."""
    is_over: bool = False
    """A chapter has ended; the list of all is next."""
    next_chapter: int | None = None
    """The chapter that can be begun now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a scene."""

    turn: int
    """Counts what happened; an answer belongs to one turn."""
    title: str
    step: int
    """From 0."""
    steps: int
    said: tuple[str, ...] = ()
    """What was said to the last answer."""
    text: str
    """The words of the step."""
    controls: Controls
    evidence: Evidence
    """All that has passed."""
    tenant_url: str = ""
    """The practice tenant to which a message may be sent again; empty: nothing can be sent."""


class PageScene(Protocol):
    """All that a page knows of what it shows. Called from many threads."""

    def look(self) -> Look:
        """The scene as it is."""
        ...

    def say(self, typed: str, *, turn: int) -> Look:
        """Take an answer or a command. Raises `StaleTurn` if it was for another turn."""
        ...

    def send(self, request: HttpRequest) -> int:
        """Send a message to the practice tenant. Returns the number of its step.

        Raises `EntraOAuthError` where it cannot be sent.
        """
        ...
