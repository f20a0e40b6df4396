"""The kind and the story of each step of a recording, and those who take part in it.

Who sent a message to whom is told by its host and path. A step's name is the word of whoever
recorded it, and a page of the authority is a page to them as one of the program's is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.errors import plain
from entra_oauth.protocol.authority import CLOUDS
from entra_oauth.protocol.glossary.message_kind import (
    MessageKind,
    asks_for_identity,
    token_request_kind,
)
from entra_oauth.protocol.glossary.message_stories import Actor, story_of
from entra_oauth.protocol.messages import (
    HttpRequest,
    host_of,
    is_loopback,
    parse_form,
    split_origin,
)
from entra_oauth.recording.compare.layers import parameters
from entra_oauth.recording.recognise import endpoint_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from entra_oauth.protocol.glossary.message_stories import MessageStory
    from entra_oauth.protocol.messages import HttpResponse
    from entra_oauth.recording.step import Evidence, Step

__all__ = [
    "FORGERY",
    "Cast",
    "actors",
    "authority_remark",
    "cast_of",
    "evidence_remark",
    "message_kind",
    "remark_in",
    "server_of",
    "step_story",
    "title_of",
]

_BY_ENDPOINT = {
    "authorize": MessageKind.AUTHORIZATION_REQUEST,
    "keys": MessageKind.KEYS_REQUEST,
    "devicecode": MessageKind.DEVICE_REQUEST,
    "metadata": MessageKind.METADATA_REQUEST,
}
_ENTRAS = frozenset(host for cloud in CLOUDS.values() for host in cloud.hosts)
_WORKSPACES = tuple(cloud.workspaces for cloud in CLOUDS.values() if cloud.workspaces)
_OF_ENTRA = (".b2clogin.com", ".ciamlogin.com", ".microsoftonline.com", ".windows.net")
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_AT_THE_PROGRAM = {"redirect": MessageKind.AUTHORIZATION_RESPONSE, "page": MessageKind.LANDING_PAGE}


@dataclass(frozen=True, slots=True)
class Cast:
    """The origins of a recording that are known: of authorities, and of programs."""

    authorities: frozenset[str] = frozenset()
    programs: frozenset[str] = frozenset()

    def at(self, url: str) -> Actor | None:
        """Whose an address is; None where neither's."""
        origin = _origin(url)
        if origin in self.authorities:
            return Actor.AUTHORITY
        # The program's listener takes a port of its own choice (RFC 8252 §7.3).
        mine = origin in self.programs or is_loopback(host_of(url))
        return Actor.PROGRAM if mine else None


def _origin(url: str) -> str:
    return split_origin(url)[0].lower()


def server_of(response: HttpResponse | None) -> str:
    """The name of the server, as Entra's answers have it, and the practice tenant's."""
    return (response.header("x-ms-ests-server") or "") if response is not None else ""


def _server(step: Step) -> str:
    return server_of(step.http_response)


def cast_of(steps: Sequence[Step]) -> Cast:
    """The origins that the steps tell of: by OAuth's endpoints, and by the redirect URIs."""
    authorities: set[str] = set()
    programs: set[str] = set()
    for step in steps:
        request = HttpRequest(method="GET", url=step.url)
        fields = dict(parse_form(request.query))
        # An API may tell by a path like that of an authority where the authority is.
        endpoint = endpoint_of(request.path)
        asks = endpoint is not None and (endpoint != "authorize" or "client_id" in fields)
        asks = asks or {"client_id", "response_type"} <= fields.keys()
        host = host_of(step.url)
        # The practice tenant answers for workspaces too, under the server's name of its own.
        if asks or host in _ENTRAS or (_server(step) and not host.endswith(_WORKSPACES)):
            authorities.add(_origin(step.url))
            programs.add(_origin(fields.get("redirect_uri", "")))
    return Cast(frozenset(authorities), frozenset(programs - authorities - {""}))


def message_kind(step: Step, cast: Cast) -> MessageKind:
    """The kind of the request: by its address, its channel, and the grant that it hands in."""
    place = cast.at(step.url)
    if step.channel == "front":
        if step.name == "authorize":
            return MessageKind.AUTHORIZATION_REQUEST
        if place is Actor.AUTHORITY:
            return MessageKind.AUTHORITY_PAGE
        return _AT_THE_PROGRAM.get(step.name, MessageKind.REFUSED_RESPONSE)
    request = step.http_request
    if asks_for_identity(request):
        return MessageKind.IDENTITY_REQUEST
    endpoint = endpoint_of(request.path)
    if endpoint in _BY_ENDPOINT and (endpoint != "authorize" or "client_id" in step.url):
        return _BY_ENDPOINT[endpoint]
    grant = dict(parameters(step.request.message)).get("grant_type", b"")
    if endpoint == "token" or grant:
        return token_request_kind(grant.decode("utf-8", "replace"))
    has_token = request.header("authorization") or "access_token=" in request.query
    return MessageKind.API_CALL if has_token else MessageKind.OTHER


def step_story(step: Step, cast: Cast) -> MessageStory:
    """The story of the step's request, with its true sender and receiver."""
    names = [name for name, _ in parameters(step.request.message)]
    # Of an authorization request often only the address is known.
    names += [piece.partition("=")[0] for piece in urlsplit(step.url).query.split("&")]
    kind = message_kind(step, cast)
    story = story_of(kind, names)
    if kind is MessageKind.OTHER and cast.at(step.url) is Actor.AUTHORITY:
        story = replace(story, receiver=Actor.AUTHORITY)
    # Browsers say so of what a page's script sends (Fetch Metadata §2), and let no script do.
    by_script = step.http_request.header("sec-fetch-mode")
    return replace(story, sender=Actor.BROWSER) if by_script else story


def actors(evidence: Evidence) -> dict[Actor, str]:
    """Those who take part, in the order of a diagram, with the hosts that they are."""
    hosts: dict[Actor, str] = {}
    cast = cast_of(evidence.steps)
    for step in evidence.steps:
        story = step_story(step, cast)
        for actor in (story.sender, story.receiver):
            hosts.setdefault(actor, "")
        if story.receiver in (Actor.AUTHORITY, Actor.API) and not hosts[story.receiver]:
            hosts[story.receiver] = urlsplit(step.url).netloc.rpartition("@")[2]
    return {actor: hosts[actor] for actor in Actor if actor in hosts}


# ---- an authority that is not Entra ----------------------------------------------------

_TENANTS = "PRACTICE: recorded at entra-oauth's practice tenant, not at Microsoft Entra ID."
_OF_MACHINE = "PRACTICE: recorded at an authority on this machine, not at Microsoft Entra ID."
_HOSTS = r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}"
_REMARK = re.compile(
    rf"{re.escape(_TENANTS)}|{re.escape(_OF_MACHINE)}|"
    rf"NOT ENTRA: the authority was {_HOSTS}(?:, {_HOSTS}){{0,9}}, and not Microsoft Entra ID\."
)
"""Nothing else is taken over from the text of a file: it could hold anything."""
FORGERY = "This is said against mistakes. Whoever wants to forge a recording can leave it out."
"""A sentence that stands wherever there is room behind a remark on the authority."""


def authority_remark(steps: Sequence[Step]) -> str:
    """A sentence on an authority that is not one of Entra's; empty where each is.

    It keeps recordings from being mixed up. Whoever wants to forge one can leave it out.
    """
    if any(_server(step).endswith("PRACTICE") for step in steps):
        return _TENANTS
    cast = cast_of(steps)
    entras = {host_of(step.url) for step in steps if _server(step)} | _ENTRAS
    asking = (step for step in steps if _asks_an_authority(step, cast))
    hosts = {host_of(step.url) for step in asking if not _exchanges_at_workspace(step)}
    hosts = {host for host in hosts - entras if not host.endswith(_OF_ENTRA)}
    if not hosts:
        return ""
    if all(map(is_loopback, hosts)):
        return _OF_MACHINE
    named = ", ".join(plain(host, limit=100) for host in sorted(hosts) if not is_loopback(host))
    return f"NOT ENTRA: the authority was {named}, and not Microsoft Entra ID."


def remark_in(text: str) -> str:
    """The remark that a text begins with; empty if it begins with none."""
    found = _REMARK.match(text)
    return found[0] if found else ""


def _asks_an_authority(step: Step, cast: Cast) -> bool:
    return MessageKind.AUTHORITY_REQUEST in message_kind(step, cast).from_special_to_general


def _exchanges_at_workspace(step: Step) -> bool:
    """True for Databricks' token exchange.

    The token that is handed in there is another authority's, and nobody signs in.
    """
    form = parse_form(step.http_request.body.decode("latin-1"))
    return host_of(step.url).endswith(_WORKSPACES) and ("grant_type", _EXCHANGE) in form


def evidence_remark(evidence: Evidence) -> str:
    """The same of a recording that was written down: of one of its steps alone, too."""
    told = evidence.facts.get("authority")
    written = plain(told, limit=300) if isinstance(told, str) else ""
    return authority_remark(evidence.steps) or written


def title_of(evidence: Evidence) -> str:
    """The title of a recording: with whom the sign-in was."""
    mark, _, _ = evidence_remark(evidence).partition(":")
    whose = {"": "with Entra ID", "PRACTICE": "for practice"}.get(mark, "that is not Entra's")
    cast = cast_of(evidence.steps)
    kinds = {message_kind(step, cast) for step in evidence.steps}
    if MessageKind.IDENTITY_REQUEST in kinds and len(kinds - {MessageKind.API_CALL}) == 1:
        return "A managed identity's token"
    return f"A sign-in {whose}"
