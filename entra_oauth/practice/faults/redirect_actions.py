"""Faults of the way back to the app: another response mode, a second delivery, a stray visit."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from entra_oauth.practice.browser.user_agent import VISIT
from entra_oauth.practice.http.authorization_response import read_reply
from entra_oauth.practice.http.responses import dated, page_answer, redirect_answer
from entra_oauth.practice.pages import forms
from entra_oauth.practice.pages.page import page
from entra_oauth.practice.pages.page_style import policy
from entra_oauth.practice.request import redirects

if TYPE_CHECKING:
    from entra_oauth.practice.faults.fault_rule import Scene
    from entra_oauth.practice.http.authorization_response import Reply
    from entra_oauth.protocol.messages import Fields, HttpResponse

__all__ = ["Frames", "OtherMode"]


@dataclass(frozen=True, slots=True)
class OtherMode:
    """The reply comes by this response mode, whichever the app asked for."""

    mode: str

    def __call__(self, scene: Scene, answer: HttpResponse) -> HttpResponse:
        reply = read_reply(answer) if scene.place == "redirect" else None
        if reply is None:
            return answer
        if self.mode == "form_post":
            return _dated(
                scene,
                forms.form_post(scene.call, reply.target, reply.fields, extra=_cookies(answer)),
            )
        location = redirects.reply_url(reply.target, reply.fields, self.mode)
        return _dated(scene, redirect_answer(location, scene.call, extra=_cookies(answer)))


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

    def __call__(self, scene: Scene, answer: HttpResponse) -> HttpResponse:
        reply = read_reply(answer) if scene.place == "redirect" else None
        if reply is None:
            return answer
        origin = redirects.origin_of(reply.target)
        stray = [f'src="{escape(origin + self.first)}"'] if self.first else []
        visits = (*stray, *(_source(reply),) * (2 if self.twice else 1))
        frames = "".join(
            f'<iframe name="{VISIT}" title="Visit {number}" width="100%" height="160" {visit}>'
            "</iframe>"
            for number, visit in enumerate(visits, start=1)
        )
        body = (
            "<h1>Back to the app, on purpose not as usual</h1><p>A fault is in force. Below is "
            "what the app says to each visit of your browser, in their order. A frame stays "
            f"empty where the app forbids frames, or does not answer any more.</p>{frames}"
        )
        rules = policy(form_to=origin, script=True, frames=origin)
        html = page("Back to the app", body)
        return _dated(
            scene, page_answer(200, html, scene.call, policy=rules, extra=_cookies(answer))
        )


def _source(reply: Reply) -> str:
    """What a frame has to hold so that it delivers the reply."""
    location = reply.response.header("Location")
    if location is not None:
        return f'src="{escape(location)}"'
    return f'srcdoc="{escape(reply.response.body.decode("utf-8"))}"'


def _cookies(answer: HttpResponse) -> Fields:
    return tuple((n, v) for n, v in answer.headers if n.lower() == "set-cookie")


def _dated(scene: Scene, answer: HttpResponse) -> HttpResponse:
    return dated(answer, scene.call.now)
