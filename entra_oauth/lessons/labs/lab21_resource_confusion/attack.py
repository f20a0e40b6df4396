"""Lab 21: confusion by resource. An API says that it is another one, and is given its token."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from entra_oauth.errors import DestinationRefused
from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.rerun import Rerun
from entra_oauth.lessons.labs.sandbox import TENANT
from entra_oauth.lessons.labs.trials import fresh
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from entra_oauth.protocol.resource.destination import check_destination

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

__all__ = ["LAB"]

_HONEST, _EVIL = "http://mail.example/api", "http://weather.example/api"


class _Api:
    """An API that takes tokens for itself only, and keeps what it was shown."""

    def __init__(self, resource: str) -> None:
        self.resource = resource
        self.shown: list[str] = []

    def handle(self, request: HttpRequest) -> HttpResponse:
        token = (request.header("Authorization") or "").removeprefix("Bearer ")
        self.shown.append(token)
        if token != f"token-of-alice-for-{self.resource}":
            return HttpResponse(status=401)
        return HttpResponse(status=200, body=b"Alice's data")


def _call(url: str, resource: str) -> HttpRequest:
    """A call with a token that an authority made for that resource (RFC 8707)."""
    token = f"Bearer token-of-alice-for-{resource}"
    return HttpRequest(method="GET", url=url, headers=(("Authorization", token),))


def _play(world: Sandbox | Stage, function: Callable[..., Any]) -> tuple[Any, ...]:
    """A program that calls Mallory's API, then the honest one; then Mallory."""
    honest, evil = _Api(_HONEST), _Api(_EVIL)
    world.host_at(_HONEST, honest.handle)
    world.host_at(_EVIL, evil.handle)
    sent = []
    try:
        # Mallory's metadata say: I am the honest API.
        sent.append(_call(_EVIL, str(function(_EVIL, {"resource": _HONEST}))))
        world.send(sent[0])
    except ValueError:
        pass
    own = world.send(_call(_HONEST, str(function(_HONEST, {"resource": _HONEST}))))
    caught = evil.shown[0] if evil.shown else "nothing"
    theft = HttpRequest(method="GET", url=_HONEST, headers=(("Authorization", f"Bearer {caught}"),))
    return own.status == 200, theft, world.send(theft), tuple(sent)


def _said(url: str, metadata: dict[str, Any]) -> str:
    """WRONG (lab 21): the API itself says for whom the token is to be."""
    return str(metadata["resource"])


def attack(sandbox: Sandbox) -> Demonstration:
    """A weather service that calls itself the mail."""
    _, _, reply, sent = _play(sandbox, _said)
    return Demonstration(
        reply.status == 200 and len(sent) == 1,
        (
            "A program asks an API what token it wants. The API answers with its metadata.",
            "Mallory runs a weather service. Its metadata say: resource is the mail service.",
            "Alice agrees to a token for her mail, which she uses daily; the page is the true one.",
            "The program sends that token to the weather service, which had asked.",
            f"Mallory shows it to the mail service: HTTP {reply.status}.",
        ),
        "The attack works: aud was right all the time, and the token was at the wrong place.",
    )


def defence(sandbox: Sandbox) -> Demonstration:
    """Our client asks nobody, and its gate compares the token with the destination."""
    try:
        check_destination(
            "https://weather.example/api", scopes=("databricks",), authority=Authority.of(TENANT)
        )
        gate = "sent"
    except DestinationRefused:
        gate = "refused"
    works, _, reply, sent = _play(sandbox, _checked)
    return Demonstration(
        gate == "refused" and reply.status == 401 and works and not sent,
        (
            "Our client takes the API from the person or the profile, from no API's metadata.",
            f"Its gate, a token for Databricks to the weather service: {gate}.",
            "A program that does read metadata compares resource with the address that it calls: "
            f"{len(sent)} tokens were sent.",
            f"What Mallory has opens the mail service: HTTP {reply.status}.",
        ),
        "Stopped: a token is asked for the place to which it will be sent.",
    )


def _checked(url: str, metadata: dict[str, Any]) -> str:
    if metadata["resource"] != url:
        raise ValueError(url)
    return url


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """The program at both APIs, with this function."""
    works, theft, reply, sent = _play(stage, function)
    return Rerun(
        stopped=reply.status != 200,
        works=works,
        told=f"Mallory at the mail service, with what she was sent: HTTP {reply.status}.",
        passed=(json.dumps({"resource": _HONEST}), *sent, theft, reply),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """The address that is called, by the letter, and said by nobody but itself."""
    host = fresh().lower().strip("-_")
    ours, other = f"https://{host}.example/Api", f"https://{host}.evil.example/Api"

    def asks(url: str, metadata: dict[str, Any]) -> Callable[[], object]:
        return partial(function, url, dict(metadata))

    trials.gives(asks(ours, {"resource": ours}), ours, "An API that says who it is.")
    more = {"resource": ours, "authorization_servers": [other], "scopes_supported": [other]}
    trials.gives(asks(ours, more), ours, "What it says besides changes nothing.")
    trials.gives(asks(other, {"resource": other}), other, "Another API that says who it is.")
    for resource, why in (
        (other, "It says that it is another API."),
        (f"https://{host}.example", "The resource is only the beginning of the address."),
        (f"{ours}/", "A resource with a slash more is another one."),
        (f"{ours}/more", "A resource below it is another one."),
        (ours.lower(), "A resource in other case is another one."),
        (f"https://{host}.example/Other", "Another API of the same host."),
        (f"https://{host}.example:8443/Api", "Another port is another API."),
        (f"{ours}?x=1", "A resource with a query is another one."),
        (ours.replace("https", "http"), "A resource over plain http is another one."),
        ("", "An empty resource is none."),
        (None, "A resource that is null is none."),
        ([ours], "A list is no resource."),
    ):
        trials.refuses(asks(ours, {"resource": resource}), why)
    trials.refuses(asks(ours, {}), "Metadata without a resource speak for nobody.")


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
