"""Played channels for a flow: a receiver that answers by itself, a back channel of one function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self, TypeVar

from entra_oauth.channels.base import Channels, Outcome, Witness, look_away
from entra_oauth.channels.front_event import FrontEvent, Occurred
from entra_oauth.errors import CallbackRefused, TimedOut
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire, encode_form, parse_form

__all__ = ["FakeBack", "FakeFront", "answer_to", "channels", "parameters"]

T = TypeVar("T")

Answers = Callable[[str], Sequence[HttpRequest]]
"""Given the authorize URL, what reaches the receiver, one after the other."""


def parameters(url: str) -> dict[str, str]:
    """The query of a URL. Fails if one stands twice."""
    fields = parse_form(url.partition("?")[2])
    assert len(dict(fields)) == len(fields)
    return dict(fields)


def answer_to(url: str, *fields: tuple[str, str], state: str | None = None) -> HttpRequest:
    """The redirect to an authorize URL, in the response mode that it asks for."""
    asked = parameters(url)
    text = encode_form((*fields, ("state", asked["state"] if state is None else state)))
    if asked["response_mode"] == "query":
        return HttpRequest(method="GET", url=f"{asked['redirect_uri']}/?{text}")
    return HttpRequest(
        method="POST",
        url=asked["redirect_uri"],
        headers=(("Content-Type", "application/x-www-form-urlencoded"),),
        body=text.encode("ascii"),
    )


class FakeFront:
    """Opens one receiver; `events` is told in which order things happen."""

    def __init__(self, answers: Answers, events: list[str], *, mode: str = "form_post") -> None:
        self.answers = answers
        self.events = events
        self.mode = mode
        self.told: list[Outcome] = []
        self.asked: list[str] = []

    def open(self, witness: Witness | None = None) -> FakeReceiver:
        self.events.append("open")
        return FakeReceiver(self, witness)


class FakeReceiver:
    def __init__(self, front: FakeFront, witness: Witness | None) -> None:
        self._front = front
        self._witness = witness

    def _tell(self, event: FrontEvent, request: HttpRequest, response: HttpResponse | None) -> None:
        if self._witness is not None:
            self._witness(event, request, response)

    @property
    def redirect_uri(self) -> str:
        return "http://localhost:8400"

    @property
    def response_mode(self) -> str:
        return self._front.mode

    def receive(self, url: str, read: Callable[[HttpRequest], T], *, timeout_s: float) -> T:
        self._front.events.append("receive")
        self._front.asked.append(url)
        self._tell(FrontEvent(Occurred.ASKED), HttpRequest(method="GET", url=url), None)
        refusal: CallbackRefused | None = None
        for callback in self._front.answers(url):
            try:
                value = read(callback)
            except CallbackRefused as error:
                refusal = error
                self._tell(FrontEvent(Occurred.REFUSED), callback, HttpResponse(status=400))
            else:
                self._tell(FrontEvent(Occurred.ACCEPTED), callback, HttpResponse(status=303))
                return value
        raise refusal or TimedOut(f"Nothing within {timeout_s} seconds.", advice="Try again.")

    def report_outcome(self, outcome: Outcome) -> None:
        self._front.events.append("report_outcome")
        self._front.told.append(outcome)

    def __enter__(self) -> Self:
        self._front.events.append("enter")
        return self

    def __exit__(self, *exc: object) -> None:
        self._front.events.append("exit")


class FakeBack:
    """Answers each request with a function."""

    def __init__(
        self, respond: Callable[[HttpRequest], HttpResponse], events: list[str] | None = None
    ) -> None:
        self._respond = respond
        self._events = [] if events is None else events
        self.requests: list[HttpRequest] = []
        self.timeouts_s: list[float] = []
        self.warmed: list[str] = []

    def warm(self, url: str) -> None:
        self._events.append("warm")
        self.warmed.append(url)

    def send(
        self, request: HttpRequest, *, timeout_s: float, saw: Callable[[Wire], None] = look_away
    ) -> HttpResponse:
        self._events.append("send")
        self.requests.append(request)
        self.timeouts_s.append(timeout_s)
        return self._respond(request)


def channels(front: FakeFront, back: FakeBack, *, at: float) -> Channels:
    """Both, with a clock that stands still."""

    def no_sleep(seconds: float) -> None:
        raise AssertionError("nothing here may sleep")

    return Channels(front=front, back=back, now=lambda: at, sleep=no_sleep)
