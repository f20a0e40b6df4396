"""A recording as a scene: its messages one after the other, sent again only where they may be."""

from __future__ import annotations

import pytest

from entra_oauth.channels.exchange import Exchange
from entra_oauth.errors import UsageError
from entra_oauth.lessons.page.scene import StaleTurn
from entra_oauth.lessons.page.scene_room import SceneRoom
from entra_oauth.lessons.page.site import Site
from entra_oauth.lessons.page.told_recording import ToldRecording
from entra_oauth.practice import http_send
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit import recordings as kit

EVIDENCE = kit.evidence()


def test_each_step_shows_one_message_more_and_back_one_less() -> None:
    scene = ToldRecording(EVIDENCE)
    look = scene.look()
    counts = [len(look.evidence.steps)]
    while look.controls.prompt:
        look = scene.say("", turn=look.turn)
        counts.append(len(look.evidence.steps))
    assert counts == list(range(1, len(EVIDENCE.steps) + 1))
    assert scene.say("", turn=look.turn).step == look.step
    look = scene.look()
    assert len(scene.say("back", turn=look.turn).evidence.steps) == len(EVIDENCE.steps) - 1
    with pytest.raises(StaleTurn):
        scene.say("", turn=look.turn)


def test_what_was_recorded_elsewhere_is_shown_redacted_and_never_sent() -> None:
    scene = ToldRecording(EVIDENCE, tenant_url="http://localhost:1")
    assert scene.look().tenant_url == ""
    with pytest.raises(UsageError, match="never sent"):
        scene.send(HttpRequest(method="POST", url="http://localhost:1/token"))
    with Site(SceneRoom(scene, has_shelf=False)) as site:
        while scene.look().controls.prompt:
            scene.say("", turn=scene.look().turn)
        for step in EVIDENCE.steps:
            url = f"{site.url}flow?m={step.number}"
            page = http_send(HttpRequest(method="GET", url=url)).body.decode()
            assert "and never sent" in page
            assert "<textarea" not in page
        assert "<mark>" in page


def test_what_is_sent_follows_the_story() -> None:
    sent: list[HttpRequest] = []

    def send(request: HttpRequest) -> Exchange:
        sent.append(request)
        reply = HttpResponse(status=400, body=b"{}")
        return Exchange(request=request, response=reply, started_at=1.0, ended_at=1.0)

    scene = ToldRecording(EVIDENCE, tenant_url="http://localhost:1", send=send)
    old = scene.look()
    number = scene.send(HttpRequest(method="POST", url="http://localhost:1/x/oauth2/v2.0/token"))
    assert len(sent) == 1
    assert number == len(EVIDENCE.steps) + 1
    last = scene.look().evidence.steps[-1]
    assert (last.number, scene.look().turn) != (old.turn, old.turn)
    assert last.http_response is not None
    assert last.http_response.status == 400


def test_a_recording_without_a_message_is_refused() -> None:
    from dataclasses import replace

    with pytest.raises(UsageError, match="no message"):
        ToldRecording(replace(EVIDENCE, steps=()))
