"""Lab 18: a state that is an address, and a page that can be framed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from entra_oauth.lessons.labs.lab import Demonstration, Exercise, Lab, Trials
from entra_oauth.lessons.labs.naive import NaiveClient, naive_page
from entra_oauth.practice.fidelity import Label
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, parse_form

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox

__all__ = ["LAB", "may_be_framed"]

EVIL = "https://evil.example/sign-in-again"


def may_be_framed(page: HttpResponse) -> bool:
    """Whether a browser would show it inside another site's page (CSP level 3, RFC 7034)."""
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


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """What the repaired function must do."""
    pending = {"r4nd0m": "/reports", "0ther": "/clusters"}
    call = function
    trials.gives(lambda: call("r4nd0m", dict(pending)), "/reports", "A state of ours.")
    trials.refuses(lambda: call(EVIL, dict(pending)), "An address in state was followed.")
    trials.refuses(lambda: call("/reports", dict(pending)), "A path in state was followed.")
    trials.refuses(lambda: call("", dict(pending)), "An empty state was taken.")
    once = dict(pending)
    trials.gives(lambda: call("0ther", once), "/clusters", "A state of ours.")
    trials.refuses(lambda: call("0ther", once), "A state was taken twice: take it out of pending.")


LAB = Lab(
    number=18,
    name="framed",
    title="A state that is an address, a page that can be framed",
    source="RFC 9700 §4.7.1, §4.11, §4.16",
    label=Label.TOY,
    fidelity="The rule for frames is played by a few lines; Entra returns state as it was sent.",
    story=(
        "Programs like to remember where the person was before the sign-in.",
        "state comes back unchanged, so they write the address into it.",
        "But anybody can bring a redirect, with any state.",
        "And a page that may be framed can lie under Mallory's buttons.",
        "Where else could a program remember the way back?",
    ),
    off=attack,
    on=defence,
    exercise=Exercise(
        function="way_back",
        broken='''\
def way_back(state, pending):
    """Return where to go after the sign-in, or raise ValueError.

    `pending` is a dict that we filled when the sign-in began: our random state
    -> our own path. Each state is good once: take it out.
    """
    return state
''',
        solution="""\
def way_back(state, pending):
    if state not in pending:
        raise ValueError("not a state of ours")
    return pending.pop(state)
""",
        check=check,
    ),
)
