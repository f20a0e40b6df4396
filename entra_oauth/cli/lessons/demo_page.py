"""demo --page and audit show --page: a recording on a page, a message more with each step."""

from __future__ import annotations

from urllib.parse import urlsplit

from entra_oauth.channels.base import now
from entra_oauth.channels.exchange import Exchange
from entra_oauth.channels.front_event import FrontEvent, Occurred
from entra_oauth.cli.lessons.learn_page import tell_address, wait_for_ever
from entra_oauth.cli.session.wrap import width
from entra_oauth.errors import DestinationRefused
from entra_oauth.lessons.page.scene_room import SceneRoom
from entra_oauth.lessons.page.site import Site
from entra_oauth.lessons.page.told_recording import ToldRecording
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.practice import http_send
from entra_oauth.recording.recognise import kind_of
from entra_oauth.recording.save import handed_on
from entra_oauth.recording.step import Evidence, Level, steps_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.cli.session.console import Console
    from entra_oauth.protocol.messages import HttpRequest
    from entra_oauth.recording import Recording

__all__ = ["show_demo", "show_recording"]


def show_demo(recording: Recording, base_url: str, console: Console) -> None:
    """Serve the page until Ctrl-C. Every value is the practice tenant's, so nothing is taken out.

    The tenant at `base_url` must still be answering.
    """
    evidence = Evidence(steps=steps_of(recording), created_at=now(), level=Level.NONE)
    _serve(ToldRecording(evidence, tenant_url=base_url, send=_sender(base_url)), console)


def show_recording(evidence: Evidence, console: Console) -> None:
    """The same of a recording from elsewhere: without secrets, and nothing can be sent."""
    _serve(ToldRecording(handed_on(evidence)), console)


def _serve(scene: ToldRecording, console: Console) -> None:
    with Site(SceneRoom(scene, has_shelf=False)) as site:
        tell_address(console, site.url, width())
        wait_for_ever()


def _sender(base_url: str) -> Callable[[HttpRequest], Exchange]:
    def send(request: HttpRequest) -> Exchange:
        if urlsplit(request.url).netloc != urlsplit(base_url).netloc:
            raise DestinationRefused(
                "A message of this page goes to the practice tenant only.",
                advice="Send it from the form on the page.",
            )
        started = now()
        reply = http_send(request)
        asked = kind_of(request) == "authorize"
        event = FrontEvent(Occurred.ASKED) if asked else None
        return Exchange(
            request=request, response=reply, started_at=started, ended_at=now(), event=event
        )

    return send
