"""Lab 18: a state that is an address, and a page that can be framed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.naive import NaiveClient, naive_page
from entra_oauth.lessons.labs.rerun import Rerun, fields_of
from entra_oauth.lessons.labs.stage import OURS
from entra_oauth.lessons.labs.trials import fresh
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, parse_form

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

__all__ = ["LAB", "may_be_framed"]

EVIL = "https://evil.example/sign-in-again"


def may_be_framed(page: HttpResponse) -> bool:
    """True where a browser would show it inside another site's page (CSP level 3, RFC 7034)."""
    policy = page.header("Content-Security-Policy") or ""
    if "frame-ancestors" in policy:
        return "frame-ancestors 'none'" not in policy
    return (page.header("X-Frame-Options") or "").upper() not in ("DENY", "SAMEORIGIN")


def _yes(value: bool) -> str:
    return "Yes" if value else "No"


def attack(sandbox: Sandbox) -> Demonstration:
    """The naive client's way on, and its page."""
    client = NaiveClient(sandbox.send, "", "", "")
    origin = sandbox.host(client.go_on)
    reply = sandbox.get(f"{origin}/?{urlencode({'code': 'c', 'state': EVIL})}")
    framed = may_be_framed(naive_page(""))
    return Demonstration(
        reply.header("Location") == EVIL and framed,
        (
            "The client writes into state where to go after the sign-in, and goes there.",
            f"Mallory's link has another address in it: HTTP {reply.status} to {EVIL}.",
            "The person comes from a genuine page, and is asked to sign in once more.",
            f"May a page elsewhere show the client's page in a frame? {_yes(framed)}.",
        ),
        "The attack works: an open redirector, and a page whose buttons others can cover.",
    )


def defence(sandbox: Sandbox) -> Demonstration:
    """Our listener: the same link, and every page of it."""
    pages: list[HttpResponse] = []
    forged: list[HttpResponse] = []

    def visit(url: str) -> None:
        here = dict(parse_form(urlsplit(url).query))["redirect_uri"]
        forged.append(sandbox.get(f"{here}/?{urlencode({'code': 'c', 'state': EVIL})}"))

        def send(request: HttpRequest) -> HttpResponse:
            response = sandbox.send(request)
            if request.url.startswith(here):
                pages.append(response)
            return response

        sandbox.browser("alice", send).open(url)

    ended = sandbox.sign_in(visit, procedure=Procedure.ARTICLE)
    framed = any(may_be_framed(page) for page in (*forged, *pages))
    on = pages[0].header("Location") or ""
    return Demonstration(
        ended.tokens is not None
        and forged[0].status == 400
        and forged[0].header("Location") is None
        and on.startswith("/done/")
        and not framed,
        (
            f"The same link at our listener: HTTP {forged[0].status}, and no way on.",
            "A genuine answer goes on to an address of our own, made anew each time: "
            f"{_yes(on.startswith('/done/'))}.",
            f"May any of its pages be framed? {_yes(framed)}.",
        ),
        "Stopped: state is compared and never used as data; frame-ancestors 'none' on all pages.",
    )


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """Mallory's link and Alice's own answer, at a client that goes on as this function says."""
    state = fresh()
    pending = {state: "/reports"}

    def go_on(request: HttpRequest) -> HttpResponse:
        try:
            there = function(dict(fields_of(request)).get("state", ""), pending)
        except ValueError:
            return HttpResponse(status=400, body=b"That is not the answer to our question.")
        return HttpResponse(status=302, headers=(("Location", str(there)),))

    stage.client(go_on)
    forged, honest = (
        HttpRequest(method="GET", url=f"{OURS}/?{urlencode({'code': 'c', 'state': each})}")
        for each in (EVIL, state)
    )
    answer = stage.send(forged)
    way = answer.header("Location")
    return Rerun(
        stopped=way is None,
        works=stage.send(honest).header("Location") == "/reports",
        told=f"Mallory's link leads the person to {way or 'no other place'}.",
        passed=(forged, answer),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """Our states, each once; whatever else comes changes nothing."""
    first, second, third = (f"St-{fresh()}" for _ in range(3))
    pending = {first: f"/{fresh()}", second: f"/{fresh()}", third: f"/{fresh()}"}
    paths = dict(pending)
    for forged, why in (
        (EVIL, "An address in state was followed."),
        ("//evil.example", "An address in state was followed."),
        ("/reports", "A path in state was followed."),
        (paths[first], "A path of ours in state was followed."),
        ("", "An empty state was taken."),
        (fresh(), "A state that is not ours was taken."),
        (first[:-1], "A state that lacks its last letter was taken."),
        (f"{first}x", "A state with a letter too many was taken."),
        (first.swapcase(), "A state in other case was taken."),
    ):
        trials.refuses(partial(function, forged, pending), why)
    trials.that(pending == paths, "A state that is not ours must change nothing in pending.")
    for state in (second, first, third):
        trials.gives(partial(function, state, pending), paths[state], "A state of ours.")
        trials.that(state not in pending, "A state that was used must be taken out of pending.")
        trials.refuses(partial(function, state, pending), "A state was taken twice.")


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
