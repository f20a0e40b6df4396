"""The two channels of a sign-in, as the flows see them.

The *back channel* carries our own HTTPS requests. The *front channel* is the
person's browser: we give it a URL, and it comes back to a *redirect receiver*: the
listener on this machine, or a prompt where the final address is pasted. Whatever has
these methods can stand in for the world: a recording, the practice tenant, a
test.

This is the only module that reads the clock.
"""

from __future__ import annotations

import sys
import time

from entra_oauth.light import TYPE_CHECKING, Protocol, dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self, TypeVar

    from entra_oauth.channels.front_event import FrontEvent
    from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire

    T = TypeVar("T")

__all__ = [
    "BackChannel",
    "Channels",
    "FrontChannel",
    "NoFront",
    "Outcome",
    "PasteWanted",
    "RedirectReceiver",
    "Witness",
    "look_away",
    "monotonic",
    "now",
    "say_nothing",
    "say_on_stderr",
    "sleep",
]


now = time.time
"""Seconds since 1970, as a float: for what is told to people and to servers."""

monotonic = time.monotonic
"""Seconds that only go forward: for deadlines."""

sleep = time.sleep


def say_nothing(line: str, /) -> None:
    """For places where nobody is to be told anything."""


def say_on_stderr(line: str, /) -> None:
    """For programs that do not say themselves where people are told something."""
    try:
        if sys.stderr is not None:  # else print() would turn to standard output
            print(line, file=sys.stderr, flush=True)
    except OSError:
        pass  # Nobody listens. That is no reason to give up the work.


class Witness(Protocol):
    """A party that is told of every message on the front channel; a recorder has one."""

    def __call__(
        self, event: FrontEvent, request: HttpRequest, response: HttpResponse | None, /
    ) -> None:
        """Take note. `response` is None where none was seen."""


def look_away(wire: Wire, /) -> None:
    """For requests of which nobody wants to know what passed before they failed."""


class BackChannel(Protocol):
    """Our own requests to the authority."""

    def warm(self, url: str) -> None:
        """Get ready to talk to the host of `url`; returns at once, never raises."""

    def send(
        self, request: HttpRequest, *, timeout_s: float, saw: Callable[[Wire], None] = look_away
    ) -> HttpResponse:
        """Send one request once, follow nothing, and return its answer.

        `timeout_s` is the total: name, connection, TLS, request and answer.
        If the request fails, `saw` is told what had passed on the socket until then,
        where that was seen; an answer has the same as its `wire`. It does not go into
        the error, which may be shown to anybody: the bytes hold the code.

        Raises a `TransportError`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The message of the browser's last page to the person, in plain text."""

    succeeded: bool
    headline: str
    detail: str = ""
    advice: str = ""
    reference: str = ""
    """The details that support will ask for: correlation id, trace id, time."""


class RedirectReceiver(Protocol):
    """One attempt's way back for the browser. Use it in a `with` block."""

    @property
    def redirect_uri(self) -> str:
        """The redirect URI to be sent; its port, if any, is already ours."""

    @property
    def response_mode(self) -> str:
        """The way in which the answer can come: `form_post` or `query`."""

    def receive(self, url: str, read: Callable[[HttpRequest], T], *, timeout_s: float) -> T:
        """Send the person to `url` and wait for the answer that `read` accepts.

        `read` gets every message that reaches the receiver. It returns the value to be
        returned, raises `CallbackRefused` to go on waiting, or any other
        `EntraOAuthError` to end the wait with it.

        Raises what `read` raised to end it; a `CallbackRefused` of the last one's kind
        if nothing else came within `timeout_s` seconds, with an advice of its own;
        `TimedOut` if nothing came at all.
        """

    def report_outcome(self, outcome: Outcome) -> None:
        """Say on the page that the browser is waiting for how it went."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


class PasteWanted(Exception):
    """The person gave up waiting for the browser and wants to paste instead.

    A signal to the caller, not an error: this attempt is over, and a new one is to
    be begun with a prompt as its front channel. It needs a state and a verifier of
    its own, because an answer by form_post leaves nothing that could be pasted.
    """


class FrontChannel(Protocol):
    """The person's browser, and the way back from it."""

    def open(self, witness: Witness | None = None) -> RedirectReceiver:
        """Get a receiver ready, before the URL is built; `witness` is told what passes, if given.

        Raises a `LocalError`.
        """


@dataclass(frozen=True, slots=True)
class NoFront:
    """The front channel of flows that send nobody to a browser."""

    def open(self, witness: Witness | None = None) -> RedirectReceiver:
        """Raises `AssertionError`: such a flow has no use for it."""
        raise AssertionError("this flow sends nobody to a browser")


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """All that a flow may touch."""

    front: FrontChannel
    back: BackChannel
    aside: BackChannel | None = None
    """A second back channel, for what nobody may have to wait for: the authority's
    keys are fetched through it while the person signs in. None: they are not fetched."""
    say: Callable[[str], None] = say_nothing
    """Tells the person a line that they need."""
    now: Callable[[], float] = now
    monotonic: Callable[[], float] = monotonic
    sleep: Callable[[float], None] = sleep
