"""Faults of the way back to the app: another response mode, a second delivery, a stray visit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from entra_oauth.markup import Html, html, joined
from entra_oauth.practice.browser.user_agent import VISIT
from entra_oauth.practice.http.responses import dated, page_answer
from entra_oauth.practice.pages.page import page
from entra_oauth.practice.pages.page_style import policy
from entra_oauth.practice.request.redirects import origin_of
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    from entra_oauth.practice.faults.fault_rule import Scene
    from entra_oauth.practice.pages.reply_to_app import Answer

__all__ = ["Frames", "OtherMode"]


@dataclass(frozen=True, slots=True)
class OtherMode:
    """The reply comes by this response mode, whichever the app asked for."""

    mode: str

    def __call__(self, scene: Scene, answer: Answer) -> Answer:
        if isinstance(answer, HttpResponse) or scene.place != "redirect":
            return answer
        return replace(answer, mode=self.mode, call=scene.call)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """The browser goes to the app several times, each time in a frame of one page.

    No script does it, but for the one line of `form_post`. A browser may go to all of them at
    once.
    """

    first: str = ""
    """A path of the app that is asked for before the reply is delivered."""
    twice: bool = False
    """The reply is delivered, and then once more."""

    def __call__(self, scene: Scene, answer: Answer) -> Answer:
        if isinstance(answer, HttpResponse) or scene.place != "redirect":
            return answer
        origin = origin_of(answer.redirect_uri)
        stray = [html('src="{}"', origin + self.first)] if self.first else []
        deliveries = (_source(answer.render()),) * (2 if self.twice else 1)
        frames = joined(
            html(
                '<iframe name="{}" title="Visit {}" width="100%" height="160" {}></iframe>',
                VISIT,
                number,
                source,
            )
            for number, source in enumerate((*stray, *deliveries), start=1)
        )
        body = html(
            "<h1>Back to the app, on purpose not as usual</h1><p>A fault is in force. Below is "
            "what the app says to each visit of your browser, in their order. A frame stays "
            "empty where the app forbids frames, or does not answer any more.</p>{}",
            frames,
        )
        rules = policy(form_to=origin, script=True, frames=origin)
        document = page("Back to the app", body)
        around = page_answer(200, document, scene.call, policy=rules, extra=answer.cookies)
        return dated(around, scene.call.now)


def _source(response: HttpResponse) -> Html:
    """The attribute of a frame that delivers the reply."""
    location = response.header("Location")
    if location is not None:
        return html('src="{}"', location)
    return html('srcdoc="{}"', response.body.decode("utf-8"))
