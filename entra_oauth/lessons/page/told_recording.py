"""A recording as a scene: one message more with each step, until all are told.

With a sender, messages can be edited and sent to the practice tenant again, and what comes of
it is added. Without one it is only shown, as what was recorded elsewhere is.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError
from entra_oauth.lessons.page.scene import Controls, Look, StaleTurn
from entra_oauth.recording.record import Recording
from entra_oauth.recording.step import steps_of
from entra_oauth.recording.story import cast_of, step_story, title_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.channels.exchange import Exchange
    from entra_oauth.protocol.messages import HttpRequest
    from entra_oauth.recording.step import Evidence

__all__ = ["ToldRecording"]


class ToldRecording:
    """A scene without tasks. `send` carries a request to the tenant at `tenant_url`."""

    def __init__(
        self,
        evidence: Evidence,
        *,
        tenant_url: str = "",
        send: Callable[[HttpRequest], Exchange] | None = None,
    ) -> None:
        if not evidence.steps:
            raise UsageError("There is no message in it.", advice="Give another recording.")
        self._evidence = evidence
        self._told = len(evidence.steps)
        """So many messages belong to the story; what was sent again follows them."""
        self._send = send
        self._tenant_url = tenant_url if send is not None else ""
        self._lock = threading.Lock()
        self._turn = self._step = 1

    def look(self) -> Look:
        """The story as far as it is told."""
        with self._lock:
            return self._look()

    def _look(self) -> Look:
        last = self._step >= self._told
        shown = self._evidence.steps if last else self._evidence.steps[: self._step]
        step = shown[min(self._step, self._told) - 1]
        cast = cast_of(self._evidence.steps)
        story = step_story(step, cast)
        prompt = "" if last else "Enter goes on"
        back = ("back",) if self._step > 1 else ()
        return Look(
            turn=self._turn,
            title=title_of(self._evidence),
            step=self._step - 1,
            steps=self._told,
            text=f"{story.title}: {story.way}.",
            controls=Controls(prompt=prompt, is_pause=True, commands=back),
            evidence=replace(self._evidence, steps=shown),
            tenant_url=self._tenant_url,
        )

    def say(self, typed: str, *, turn: int) -> Look:
        """Go on, or `back`. Raises `StaleTurn` if it was said of another turn."""
        with self._lock:
            if turn != self._turn:
                raise StaleTurn
            way = -1 if typed == "back" else 1
            self._step = max(1, min(self._told, self._step + way))
            self._turn += 1
            return self._look()

    def send(self, request: HttpRequest) -> int:
        """Send a message to the practice tenant. Raises `UsageError` where nothing is sent."""
        if self._send is None:
            raise UsageError(
                "What was recorded elsewhere is shown, and never sent.",
                advice="Use entra-oauth demo --page for messages that can be sent.",
            )
        exchange = self._send(request)
        (made,) = steps_of(Recording((exchange,)))
        with self._lock:
            number = len(self._evidence.steps) + 1
            steps = (*self._evidence.steps, replace(made, number=number))
            self._evidence = replace(self._evidence, steps=steps)
            self._step = self._told
            self._turn += 1
            return number
