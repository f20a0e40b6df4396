"""The room of the site in which a scene is seen, answered, and its messages sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.lessons.page.frame import answered, document, moved, words
from entra_oauth.lessons.page.scene import StaleTurn
from entra_oauth.lessons.page.views.flow_view import flow_view
from entra_oauth.lessons.page.views.message_view import message_view
from entra_oauth.lessons.page.views.send_again import edited, send_view
from entra_oauth.lessons.page.views.task_view import task_view
from entra_oauth.markup import Html, html
from entra_oauth.recording.report.parts import NOTHING

if TYPE_CHECKING:
    from entra_oauth.lessons.page.scene import PageScene
    from entra_oauth.lessons.page.site import Asked
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["SCENE", "SceneRoom"]

SCENE = "flow"
"""The last part of the address of the scene."""


class SceneRoom:
    """The scene's part of a site; `has_shelf` where there is a list to go back to."""

    def __init__(self, scene: PageScene, *, has_shelf: bool) -> None:
        self._scene = scene
        self._has_shelf = has_shelf

    def __call__(self, asked: Asked) -> HttpResponse | None:
        """The answer, or None for what is not the scene's."""
        if asked.rest == SCENE and not asked.posts:
            return self._page(asked)
        if asked.rest == "answer" and asked.posts:
            return self._answer(asked)
        if asked.rest == "send" and asked.posts:
            return self._send(asked)
        if not asked.rest and not self._has_shelf:
            return moved(asked.address + SCENE)
        return None

    def _page(self, asked: Asked) -> HttpResponse:
        look = self._scene.look()
        chosen = look.evidence.step(asked.number("m")) or (look.evidence.steps or (None,))[-1]
        here = asked.address + SCENE
        number = chosen.number if chosen is not None else None
        message = again = NOTHING
        if chosen is not None:
            message = html('<div id="message">{}</div>', message_view(look.evidence, chosen, here))
            again = send_view(
                chosen, tenant_url=look.tenant_url, address=asked.address, token=asked.token
            )
        body = html(
            '<div class="scene">{}{}{}{}</div>',
            *(task_view(look, asked.address, asked.token), flow_view(look.evidence, number, here)),
            *(message, again),
        )
        return answered(200, document(look.title, body, address=self._shelf(asked)))

    def _shelf(self, asked: Asked) -> str:
        return asked.address if self._has_shelf else ""

    def _answer(self, asked: Asked) -> HttpResponse:
        command = asked.fields.get("command", "")
        typed = command or asked.fields.get("typed", "")
        try:
            self._scene.say(typed, turn=asked.number("turn"))
        except StaleTurn:
            return self._stale(asked, typed)
        return moved(asked.address + SCENE)

    def _stale(self, asked: Asked, typed: str) -> HttpResponse:
        kept: Html = NOTHING
        if typed.strip():
            kept = html('<p>You typed:</p><pre tabindex="0">{}</pre>', typed)
        return words(
            409,
            "It has gone on meanwhile",
            "This page was older than the lesson: it was led on in the terminal or in another "
            "window. What you sent was not used, and nothing else is lost.",
            address=asked.address + SCENE,
            more=kept,
        )

    def _send(self, asked: Asked) -> HttpResponse:
        look = self._scene.look()
        step = look.evidence.step(asked.number("m"))
        if step is None or not look.tenant_url:
            return words(
                409,
                "Nothing was sent",
                "There is no such message that could be sent.",
                address=asked.address + SCENE,
            )
        number = self._scene.send(edited(step, asked.fields, look.tenant_url))
        return moved(f"{asked.address}{SCENE}?m={number}#message")
