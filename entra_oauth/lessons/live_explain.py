"""Explained mode: a pair of channels around the real ones that tells each message.

Before a message leaves come its story, its bytes, and each parameter with one sentence and the
place where it is defined. All words are the glossary's. The text is made from the very values
that are handed on, so it cannot be another story than what is sent. Secrets are masked
(`masking.py`).

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
    look_away,
)
from entra_oauth.channels.front_event import FrontEvent, Occurred
from entra_oauth.errors import plain
from entra_oauth.lessons.masking import Masks
from entra_oauth.protocol.glossary.message_kind import (
    MessageKind,
    back_channel_kind,
    kind_of_answer,
)
from entra_oauth.protocol.glossary.message_stories import story_of
from entra_oauth.protocol.glossary.parameters import parameter
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, parse_form

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from entra_oauth.channels.base import Outcome
    from entra_oauth.protocol.glossary.message_stories import Prediction
    from entra_oauth.protocol.messages import Fields, Wire

__all__ = ["Explained", "Teller"]

T = TypeVar("T")

_LONGEST_ANSWER = 200
_LONGEST_UNKNOWN = 60
_OPAQUE = frozenset([MessageKind.API_CALL, MessageKind.API_ANSWER, MessageKind.OTHER])
"""Their bodies are the API's own, and no forms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """The way out for the story, and the way to ask the person."""

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
        """The same channels, explained."""
        return replace(
            channels,
            front=_ExplainedFront(channels.front, self),
            back=_ExplainedBack(channels.back, self, waits=True),
            # Another thread uses it while the person is busy: nothing is asked there.
            aside=channels.aside and _ExplainedBack(channels.aside, self, waits=False),
        )

    def wrap_front(self, channels: Channels) -> Channels:
        """The same channels with their front explained: for a back that is explained already."""
        return replace(channels, front=_ExplainedFront(channels.front, self))

    # ---- what the channels say ----------------------------------------------------------

    def before(self, kind: MessageKind, request: HttpRequest, *, waits: bool) -> None:
        """Tell a message that is about to leave."""
        prediction = story_of(kind).prediction
        with self._lock:
            if waits and self._predict and prediction is not None:
                self._let_predict(prediction)
            self._message(kind, request)
            if waits and self._pause:
                self._teller.ask("   Enter sends it> ")

    def arrived(
        self, event: FrontEvent, request: HttpRequest, response: HttpResponse | None
    ) -> None:
        """Tell a message that came to the receiver, and the judgement on it."""
        if event.kind in (Occurred.ASKED, Occurred.PAGE):
            return  # the first was explained before it left, the second is our own page
        with self._lock:
            if event.kind is not Occurred.ACCEPTED:
                self._teller.prose("", 0)
                self._teller.prose(
                    f"Not the answer: {request.method} {plain(request.path, limit=80)} was "
                    f"{plain(str(event), limit=300)}. The wait goes on.",
                    0,
                )
                return
            self._message(MessageKind.AUTHORIZATION_RESPONSE, request)
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

    def answered(self, kind: MessageKind, response: HttpResponse) -> None:
        """Tell an answer of the back channel."""
        with self._lock:
            self._teller.prose("", 0)
            self._teller.prose(
                f"The answer: {response.status} {plain(response.reason, limit=60)}".rstrip()
                + f", {len(response.body)} bytes.",
                3,
            )
            members = _members(response)
            answer = kind_of_answer(kind, [name for name, _ in members])
            if answer not in _OPAQUE:
                self._fields(members, kind=answer, where="answer")

    def failed(self, kind: str) -> None:
        """Tell that no answer came."""
        with self._lock:
            self._teller.prose("", 0)
            self._teller.prose(f"No answer came ({kind}).", 3)

    # ---- how it is said -----------------------------------------------------------------

    def _message(self, kind: MessageKind, request: HttpRequest) -> None:
        self._number += 1
        in_body = () if kind in _OPAQUE else parse_form(request.body.decode("latin-1"))
        fields = (*parse_form(request.query), *in_body)
        story = story_of(kind, [name for name, _ in fields])
        is_address = kind is MessageKind.AUTHORIZATION_REQUEST
        tell = self._teller
        tell.prose("", 0)
        tell.prose(f"Message {self._number}: {story.way}", 0)
        source = f" [{story.source}]" if story.source else ""
        tell.prose(f"Why: {story.purpose} {story.lesson}{source}", 3)
        tell.prose("The address:" if is_address else "The bytes:", 3)
        lines = [self._address(request)] if is_address else self._masks.message(request)
        for line in lines:
            tell.verbatim(line, 5)
        self._fields(fields, kind=kind, where="request")

    def _address(self, request: HttpRequest) -> str:
        parts = urlsplit(request.url)
        query = f"?{self._masks.form(request.query)}" if request.query else ""
        return plain(f"{parts.scheme}://{parts.netloc}{parts.path}", limit=400) + query

    def _fields(self, fields: Fields, *, kind: MessageKind, where: str) -> None:
        if fields:
            self._teller.prose(f"In this {where}:", 3)
        for name, value in fields:
            row = parameter(kind, name)
            shown = self._masks.value(name, value)
            sentence, source = "Not in this program's glossary.", ""
            if row is not None:
                sentence, source = row.sentence_of(value), row.citation
            elif len(value) > _LONGEST_UNKNOWN:
                shown = self._masks.secret("value", value)  # nobody knows what is in it
            self._teller.verbatim(f"{plain(name, limit=60)} = {shown}", 5)
            self._teller.prose(sentence + (f" [{source}]" if source else ""), 9)

    def _let_predict(self, prediction: Prediction) -> None:
        tell = self._teller
        tell.prose("", 0)
        tell.prose(f"Before you see it: {prediction.asks}", 0)
        given = tell.ask("   your guess> ")[:_LONGEST_ANSWER].strip().lower()
        right = any(word in given for word in prediction.accepts)
        opening = "Yes." if right else "Not quite." if given else "The answer:"
        tell.prose(f"{opening} {prediction.answer}", 3)


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
    explained: Explained

    def open(self, witness: Witness | None = None) -> RedirectReceiver:
        def both(event: FrontEvent, request: HttpRequest, response: HttpResponse | None, /) -> None:
            self.explained.arrived(event, request, response)
            if witness is not None:
                witness(event, request, response)

        return _ExplainedReceiver(self.inner.open(both), self.explained)


@dataclass(frozen=True, slots=True)
class _ExplainedReceiver:
    inner: RedirectReceiver
    explained: Explained

    @property
    def redirect_uri(self) -> str:
        return self.inner.redirect_uri

    @property
    def response_mode(self) -> str:
        return self.inner.response_mode

    def receive(self, url: str, read: Callable[[HttpRequest], T], *, timeout_s: float) -> T:
        request = HttpRequest(method="GET", url=url)
        self.explained.before(MessageKind.AUTHORIZATION_REQUEST, request, waits=True)
        answer = self.inner.receive(url, read, timeout_s=timeout_s)
        self.explained.after_redirect()
        return answer

    def report_outcome(self, outcome: Outcome) -> None:
        self.inner.report_outcome(outcome)

    def __enter__(self) -> Self:
        self.inner.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.inner.__exit__(*exc)


@dataclass(frozen=True, slots=True)
class _ExplainedBack:
    inner: BackChannel
    explained: Explained
    waits: bool

    def warm(self, url: str) -> None:
        self.inner.warm(url)

    def send(
        self, request: HttpRequest, *, timeout_s: float, saw: Callable[[Wire], None] = look_away
    ) -> HttpResponse:
        kind = back_channel_kind(request)
        self.explained.before(kind, request, waits=self.waits)
        try:
            response = self.inner.send(request, timeout_s=timeout_s, saw=saw)
        except BaseException as error:
            self.explained.failed(type(error).__name__)
            raise
        self.explained.answered(kind, response)
        return response
