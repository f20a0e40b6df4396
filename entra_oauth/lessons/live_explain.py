"""Explained mode: a pair of channels around the real ones that tells each message.

Before a message leaves it is told who sends it to whom and why, then its bytes, then each
parameter with one sentence and the place where it is defined. What is told is made from the
very values that are handed on, so it cannot be another story than what is sent. Secrets are
masked (`masking.py`).

With `predict` a question is asked first; with `pause` a person says when it goes on.
"""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from entra_oauth.channels.base import (
    BackChannel,
    Channels,
    FrontChannel,
    RedirectReceiver,
    Witness,
    ignore,
    look_away,
)
from entra_oauth.channels.exchange import FrontEvent, Occurred
from entra_oauth.errors import plain
from entra_oauth.lessons.masking import Masks
from entra_oauth.protocol.glossary.message_stories import (
    LIVE,
    SOURCES,
    Question,
    Story,
    story_of,
)
from entra_oauth.protocol.glossary.parameters import AT_STEP, PARAMETERS
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, parse_form

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from entra_oauth.channels.base import Outcome
    from entra_oauth.protocol.messages import Fields, Wire

__all__ = ["Explained", "Teller"]

T = TypeVar("T")

_LONGEST_ANSWER = 200
_LONGEST_UNKNOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Where the story goes, and how the person is asked."""

    prose: Callable[[str, int], None]
    """Writes a text, indented by so many columns, broken at spaces."""
    verbatim: Callable[[str, int], None]
    """Writes one line that is shown as it is."""
    ask: Callable[[str], str]
    """Shows a prompt and returns the line that was typed; empty where the input has ended."""


class Explained:
    """Wraps channels; one object for one command."""

    def __init__(self, teller: Teller, *, pause: bool = False, predict: bool = False) -> None:
        self._teller = teller
        self._pause = pause
        self._predict = predict
        self._masks = Masks()
        self._lock = threading.Lock()
        self._number = 0

    def wrap(self, channels: Channels) -> Channels:
        """The same channels, told."""
        return replace(
            channels,
            front=_ExplainedFront(channels.front, self),
            back=_ExplainedBack(channels.back, self, waits=True),
            # Another thread uses it while the person is busy: nothing is asked there.
            aside=channels.aside and _ExplainedBack(channels.aside, self, waits=False),
        )

    def wrap_front(self, channels: Channels) -> Channels:
        """The same channels, their front told: for channels whose back is told already."""
        return replace(channels, front=_ExplainedFront(channels.front, self))

    # ---- what the channels say ----------------------------------------------------------

    def before(self, story: Story, request: HttpRequest, *, waits: bool) -> None:
        """Tell a message that is about to leave."""
        with self._lock:
            if waits and self._predict and story.question is not None:
                self._question(story.question)
            self._message(story, request)
            if waits and self._pause:
                self._teller.ask("   Enter sends it> ")

    def arrived(
        self, event: FrontEvent, request: HttpRequest, response: HttpResponse | None
    ) -> None:
        """Tell a message that came to the receiver, and what was made of it."""
        if event.kind in (Occurred.ASKED, Occurred.PAGE):
            return  # the first was told before it left, the second is our own page
        with self._lock:
            if event.kind is not Occurred.ACCEPTED:
                self._teller.prose("", 0)
                self._teller.prose(
                    f"Not the answer: {request.method} {plain(request.path, limit=80)} was "
                    f"{plain(str(event), limit=300)}. The wait goes on.",
                    0,
                )
                return
            self._message(story_of("redirect", request), request)
            if response is not None:
                self._teller.prose(
                    f"The listener answers {response.status}: the browser goes on to an address "
                    "without a code.",
                    3,
                )

    def after_redirect(self) -> None:
        """The person has come back; from here on this program acts alone."""
        if self._pause:
            with self._lock:
                self._teller.ask("   Enter goes on> ")

    def answered(self, story: Story, response: HttpResponse) -> None:
        """Tell an answer of the back channel."""
        with self._lock:
            self._teller.prose("", 0)
            self._teller.prose(
                f"The answer: {response.status} {plain(response.reason, limit=60)}".rstrip()
                + f", {len(response.body)} bytes.",
                3,
            )
            if not story.is_opaque:
                self._fields(_members(response), step="answer", where="answer")

    def failed(self, kind: str) -> None:
        """Tell that no answer came."""
        with self._lock:
            self._teller.prose("", 0)
            self._teller.prose(f"No answer came ({kind}).", 3)

    # ---- how it is said -----------------------------------------------------------------

    def _message(self, story: Story, request: HttpRequest) -> None:
        self._number += 1
        tell = self._teller
        tell.prose("", 0)
        tell.prose(f"Message {self._number}: {story.sender} to {story.receiver}", 0)
        tell.prose(f"Why: {story.why}", 3)
        tell.prose("The address:" if story.is_address else "The bytes:", 3)
        if story.is_address:
            tell.verbatim(self._address(request), 5)
        else:
            for line in self._masks.message(request):
                tell.verbatim(line, 5)
        in_address = parse_form(request.query)
        in_body = () if story.is_opaque else parse_form(request.body.decode("latin-1"))
        self._fields((*in_address, *in_body), step=story.step, where="request")

    def _address(self, request: HttpRequest) -> str:
        parts = urlsplit(request.url)
        query = f"?{self._masks.form(request.query)}" if request.query else ""
        return plain(f"{parts.scheme}://{parts.netloc}{parts.path}", limit=400) + query

    def _fields(self, fields: Fields, *, step: str, where: str) -> None:
        if fields:
            self._teller.prose(f"In this {where}:", 3)
        for name, value in fields:
            told = LIVE.get((step, name)) or AT_STEP.get(step, {}).get(name, "")
            meaning = told.get(value, "") if isinstance(told, dict) else told
            meaning = meaning or PARAMETERS.get(name, "not in this program's glossary")
            source = SOURCES.get(name)
            self._teller.verbatim(f"{plain(name, limit=60)} = {self._shown(name, value)}", 5)
            self._teller.prose(
                f"{meaning[:1].upper()}{meaning[1:]}." + (f" [{source}]" if source else ""), 9
            )

    def _shown(self, name: str, value: str) -> str:
        if name not in SOURCES and len(value) > _LONGEST_UNKNOWN:
            return self._masks.secret("value", value)  # nobody knows what is in it
        return self._masks.value(name, value)

    def _question(self, question: Question) -> None:
        tell = self._teller
        tell.prose("", 0)
        tell.prose(f"Before you see it: {question.asks}", 0)
        given = tell.ask("   your guess> ")[:_LONGEST_ANSWER].strip().lower()
        right = any(word in given for word in question.accepts)
        opening = "Yes." if right else "Not quite." if given else "The answer:"
        tell.prose(f"{opening} {question.answer}", 3)


def _members(response: HttpResponse) -> Fields:
    with suppress(ValueError, RecursionError):
        members = json.loads(response.body)
        if isinstance(members, dict):
            return tuple(
                (str(name), value if isinstance(value, str) else json.dumps(value))
                for name, value in members.items()
            )
    return ()


@dataclass(frozen=True, slots=True)
class _ExplainedFront:
    inner: FrontChannel
    told: Explained

    def open(self, witness: Witness = ignore) -> RedirectReceiver:
        def both(event: FrontEvent, request: HttpRequest, response: HttpResponse | None, /) -> None:
            self.told.arrived(event, request, response)
            witness(event, request, response)

        return _ExplainedReceiver(self.inner.open(both), self.told)


@dataclass(frozen=True, slots=True)
class _ExplainedReceiver:
    inner: RedirectReceiver
    told: Explained

    @property
    def redirect_uri(self) -> str:
        return self.inner.redirect_uri

    @property
    def response_mode(self) -> str:
        return self.inner.response_mode

    def receive(self, url: str, read: Callable[[HttpRequest], T], *, timeout_s: float) -> T:
        request = HttpRequest(method="GET", url=url)
        self.told.before(story_of("authorize", request), request, waits=True)
        answer = self.inner.receive(url, read, timeout_s=timeout_s)
        self.told.after_redirect()
        return answer

    def report_outcome(self, outcome: Outcome) -> None:
        self.inner.report_outcome(outcome)

    def __enter__(self) -> Self:
        self.inner.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.inner.__exit__(kind, error, trace)


@dataclass(frozen=True, slots=True)
class _ExplainedBack:
    inner: BackChannel
    told: Explained
    waits: bool

    def warm(self, url: str) -> None:
        self.inner.warm(url)

    def send(
        self,
        request: HttpRequest,
        *,
        timeout_s: float,
        saw: Callable[[Wire], None] = look_away,
    ) -> HttpResponse:
        story = story_of("back", request)
        self.told.before(story, request, waits=self.waits)
        try:
            response = self.inner.send(request, timeout_s=timeout_s, saw=saw)
        except BaseException as error:
            self.told.failed(type(error).__name__)
            raise
        self.told.answered(story, response)
        return response
