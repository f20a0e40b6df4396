"""The kind and the story of each step of a recording, and those who take part in it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.protocol.glossary.message_kind import MessageKind, token_request_kind
from entra_oauth.protocol.glossary.message_stories import Actor, story_of
from entra_oauth.recording.compare.layers import parameters

if TYPE_CHECKING:
    from entra_oauth.protocol.glossary.message_stories import MessageStory
    from entra_oauth.recording.step import Evidence, Step

__all__ = ["actors", "message_kind", "step_story"]

_BY_NAME = {
    "authorize": MessageKind.AUTHORIZATION_REQUEST,
    "redirect": MessageKind.AUTHORIZATION_RESPONSE,
    "redirect-refused": MessageKind.REFUSED_RESPONSE,
    "page": MessageKind.LANDING_PAGE,
    "ignored": MessageKind.REFUSED_RESPONSE,
    "keys": MessageKind.KEYS_REQUEST,
    "devicecode": MessageKind.DEVICE_REQUEST,
    "openid-configuration": MessageKind.METADATA_REQUEST,
}


def message_kind(step: Step) -> MessageKind:
    """The kind of the request, by the step's name and by the grant that it hands in."""
    if step.name in _BY_NAME:
        return _BY_NAME[step.name]
    if step.channel == "front":
        return MessageKind.REFUSED_RESPONSE
    grant = dict(parameters(step.request.message)).get("grant_type", b"")
    if step.name == "token" or grant:
        return token_request_kind(grant.decode("utf-8", "replace"))
    return MessageKind.API_CALL


def step_story(step: Step) -> MessageStory:
    """The story of the step's request."""
    names = [name for name, _ in parameters(step.request.message)]
    # Of an authorization request often only the address is known.
    names += [piece.partition("=")[0] for piece in urlsplit(step.url).query.split("&")]
    return story_of(message_kind(step), names)


def actors(evidence: Evidence) -> dict[Actor, str]:
    """Those who take part, in the order of a diagram, with the hosts that they are."""
    hosts: dict[Actor, str] = {}
    for step in evidence.steps:
        story = step_story(step)
        for actor in (story.sender, story.receiver):
            hosts.setdefault(actor, "")
        if story.receiver in (Actor.AUTHORITY, Actor.API) and not hosts[story.receiver]:
            hosts[story.receiver] = urlsplit(step.url).netloc.rpartition("@")[2]
    return {actor: hosts[actor] for actor in Actor if actor in hosts}
