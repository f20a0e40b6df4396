"""Lab 11: another program answers on our port."""

from __future__ import annotations

import secrets
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from entra_oauth.channels.base import say_nothing
from entra_oauth.channels.listener.listener import Listener
from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.channels.loopback.ports import bind
from entra_oauth.errors import LocalError, PortBusy
from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.rerun import Rerun
from entra_oauth.lessons.labs.sandbox import CLIENT
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, parse_form

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

__all__ = ["LAB"]


def attack(sandbox: Sandbox) -> Demonstration:
    """The client listens on 127.0.0.1, the squatter on ::1; the browser asks for localhost."""
    client = sandbox.naive_client("")
    squatted: list[HttpRequest] = []

    def squat(request: HttpRequest) -> HttpResponse:
        squatted.append(request)
        return HttpResponse(status=200)

    with LoopbackHost(client.callback, address="127.0.0.1") as ours:
        client.redirect_uri = f"http://localhost:{ours.port}"
        try:
            squatter = LoopbackHost(squat, address="::1", port=ours.port)
        except PortBusy:
            raise
        except LocalError:
            raise LocalError(
                "This machine has no ::1, so nobody can squat on it.",
                advice="Go on with lab 12; here the attack cannot be shown.",
            ) from None
        with squatter:
            answer = sandbox.answer_for(client.authorize_url(), "alice")
            # Browsers try ::1 first for localhost (RFC 6724), so this is where it arrives.
            sandbox.get(f"http://[::1]:{ours.port}/?{answer.query}")
    stolen = sandbox.post(
        sandbox.authority.token_endpoint,
        client_id=CLIENT,
        grant_type="authorization_code",
        code=sandbox.code_of(squatted[0]),
        redirect_uri=client.redirect_uri,
    )
    return Demonstration(
        stolen.status == 200 and not hasattr(client, "tokens"),
        (
            "Alice's program listens on 127.0.0.1. The redirect URI says localhost.",
            "Mallory's program, run by another user of the machine, takes the same port on ::1.",
            "The browser looks localhost up, and tries ::1 first.",
            f"The code arrives at Mallory's program. She redeems it: HTTP {stolen.status}.",
        ),
        "The attack works: localhost has two addresses, and only one was taken.",
    )


def defence(sandbox: Sandbox) -> Demonstration:
    """Our client takes both, or none."""
    tries: list[str] = []

    def visit(url: str) -> None:
        asked = dict(parse_form(urlsplit(url).query))
        port = urlsplit(asked["redirect_uri"]).port or 80
        for address in ("127.0.0.1", "::1"):
            try:
                for listener in bind(port, address):
                    listener.close()
                tries.append("taken")
            except PortBusy:
                tries.append("busy")
        sandbox.open(url, "alice")

    ended = sandbox.sign_in(visit)
    owner = ended.owner
    with LoopbackHost(lambda request: HttpResponse(status=200), address="::1") as first:
        try:
            front = Listener(launch=lambda url: True, say=say_nothing, port=first.port)
            with front.open():
                pass
            late = "it listens all the same"
        except PortBusy as error:
            late = error.what
    return Demonstration(
        tries == ["busy", "busy"] and owner == "alice" and "in use" in late,
        (
            "Our listener holds its port on 127.0.0.1 and on ::1 before the URL is built.",
            f"Mallory tries 127.0.0.1: {tries[0]}. She tries ::1: {tries[1]}.",
            f"Alice signs in; the token is {owner.title()}'s.",
            "When Mallory was there first on a port that we were told to use, our client does "
            f"not begin at all ({'PortBusy' if 'in use' in late else late}).",
        ),
        "Stopped: both addresses or none. And with PKCE a caught code is worth nothing (lab 2).",
    )


class _FakeListener:
    """One address that was taken, until it is closed."""

    def __init__(
        self, address: str, port: int, *, closes: Callable[[], object] = lambda: None
    ) -> None:
        self.address, self.port, self.is_open = address, port, True
        self._closes = closes

    def close(self) -> None:
        self.is_open = False
        self._closes()


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """Who listens where, and whom the browser finds; then with a squatter who came first."""
    taken: dict[str, str] = {}

    def bind(owner: str, address: str) -> _FakeListener:
        family = "IPv6" if ":" in address else "IPv4"
        if family in taken:
            raise OSError("address in use")
        taken[family] = owner
        return _FakeListener(address, 8401, closes=lambda: taken.pop(family, None))

    function(lambda address, port: bind("Alice's program", address), 8401)
    works = "Alice's program" in taken.values()
    for address in ("127.0.0.1", "::1"):
        with suppress(OSError):
            bind("Mallory's program", address)
    found = taken["IPv6"]  # browsers try ::1 first for localhost (RFC 6724)
    client = stage.client(lambda request: HttpResponse(status=200))
    answer = stage.answer_for(client.authorize_url(), "alice")
    came = HttpRequest(method="GET", url=answer.url.replace("localhost", "[::1]", 1))
    taken.clear()
    bind("Mallory's program", "::1")
    with suppress(ValueError):
        function(lambda address, port: bind("Alice's program", address), 8401)
    left = "Alice's program" in taken.values()
    return Rerun(
        stopped=found == "Alice's program" and not left,
        works=works,
        told=f"The browser brings the code to {found}. Where Mallory came first, half a listener "
        f"{'stayed open' if left else 'was not left'}.",
        passed=(came,),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """Both addresses of the one port; where one is not to be had, nothing stays open."""
    port = 8400 + secrets.randbelow(1000)

    def network(*busy: str) -> tuple[Callable[[str, int], _FakeListener], list[_FakeListener]]:
        bound: list[_FakeListener] = []

        def bind(address: str, number: int) -> _FakeListener:
            if address in busy:
                raise OSError("address in use")
            bound.append(_FakeListener(address, number))
            return bound[-1]

        return bind, bound

    bind, bound = network()
    trials.gives(
        lambda: sorted(each.address for each in function(bind, port) if each.is_open),
        ["127.0.0.1", "::1"],
        "Both addresses of localhost, open.",
    )
    others = {each.address for each in bound} - {"127.0.0.1", "::1"}
    trials.that(not others, "More was bound than localhost: others in the network may reach it.")
    trials.that({each.port for each in bound} <= {port}, "Another port was bound.")
    for busy in (("127.0.0.1",), ("::1",), ("127.0.0.1", "::1")):
        bind, bound = network(*busy)
        trials.refuses(
            partial(function, bind, port), f"Another program has the port on {' and '.join(busy)}."
        )
        left = [each.address for each in bound if each.is_open]
        trials.that(not left, f"With {' and '.join(busy)} busy, {', '.join(left)} was left open.")


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
