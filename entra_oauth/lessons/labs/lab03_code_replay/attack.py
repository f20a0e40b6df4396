"""Lab 3: a code is redeemed twice."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.naive import NaiveAuthority, NaiveClient
from entra_oauth.lessons.labs.rerun import Rerun, fields_of
from entra_oauth.lessons.labs.sandbox import aadsts
from entra_oauth.lessons.labs.trials import fresh
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

__all__ = ["LAB"]


def attack(sandbox: Sandbox) -> Demonstration:
    """An authority that forgets what it has redeemed."""
    origin = sandbox.host(NaiveAuthority().handle)
    client = NaiveClient(
        sandbox.send, f"{origin}/authorize", f"{origin}/token", "http://localhost:9"
    )
    location = sandbox.get(client.authorize_url()).header("Location") or ""
    code = sandbox.code_of(HttpRequest(method="GET", url=location))
    answers = [client.redeem(code) for _ in range(3)]
    tokens = [each.get("access_token") for each in answers]
    return Demonstration(
        all(tokens),
        (
            "Alice's program redeems her code: a token.",
            "A week later somebody finds the code in a log and posts it: a token.",
            f"And again. {len(tokens)} posts of one code, {len([t for t in tokens if t])} tokens.",
        ),
        "The attack works: a code that stays good is a password in an address.",
    )


def defence(sandbox: Sandbox) -> Demonstration:
    """The same body again, verifier included, at the practice tenant."""
    ended = sandbox.sign_in(lambda url: sandbox.open(url, "alice"))
    sent = [
        each.request
        for each in ended.recording.exchanges
        if each.request.url == sandbox.authority.token_endpoint
    ]
    again = sandbox.send(sent[0])
    return Demonstration(
        len(sent) == 1 and ended.tokens is not None and aadsts(again) == "AADSTS54005",
        (
            "Alice's program redeems its code, once, whatever happens afterwards.",
            f"Requests of its own to the token endpoint: {len(sent)}.",
            f"The very same request, verifier and all, is sent again: {aadsts(again)}.",
        ),
        "Stopped: a code is good for one use and for ten minutes.",
    )


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """One code twice, and one after eleven minutes, at the authority with this function."""
    issued: dict[str, tuple[str, float]] = {"a-code-of-alice": ("alice", 1000.0)}
    issued["an-old-code-of-alice"] = ("alice", 340.0)
    spent: set[str] = set()

    def handle(request: HttpRequest) -> HttpResponse:
        try:
            person = function(dict(fields_of(request))["code"], issued, spent, 1000.0)
        except ValueError:
            return HttpResponse(status=400, body=b'{"error":"invalid_grant"}')
        return HttpResponse(status=200, body=f'{{"access_token":"token-of-{person}"}}'.encode())

    token = f"{stage.host_at('http://login.example', handle)}/token"
    first, old = (stage.posting(token, code=each) for each in issued)
    answers = [stage.send(each) for each in (first, first, old)]
    late = [each.status == 200 for each in answers[1:]]
    return Rerun(
        stopped=not any(late),
        works=answers[0].status == 200,
        told=f"Of two posts of a code that is spent or too old, {sum(late)} brought a token.",
        passed=(first, answers[1], old, answers[2]),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """One use, ten minutes, and each code by itself."""
    alice, bob = f"alice-{fresh()}", f"bob-{fresh()}"
    first, second, third = fresh(), fresh(), fresh()
    start = 1000.0

    def issued() -> dict[str, tuple[str, float]]:
        return {first: (alice, start), second: (bob, start), third: (alice, start)}

    for age in (0, 61, 599, 600):
        trials.gives(
            partial(function, first, issued(), set(), start + age),
            alice,
            f"A code of {age} seconds.",
        )
    for age in (601, 700, 86_400):
        trials.refuses(
            partial(function, first, issued(), set(), start + age), f"A code of {age} seconds."
        )
    known, spent = issued(), set[str]()
    trials.gives(lambda: function(first, known, spent, start + 1), alice, "A fresh code.")
    trials.refuses(lambda: function(first, known, spent, start + 2), "A code was redeemed twice.")
    trials.gives(lambda: function(second, known, spent, start + 2), bob, "Another code must work.")
    trials.gives(
        lambda: function(third, known, spent, start + 3), alice, "Another code of the same person."
    )
    trials.refuses(lambda: function(first, known, spent, start + 4), "A third time.")
    for odd in ("", fresh(), first[:-1], first.swapcase()):
        trials.refuses(partial(function, odd, issued(), set(), start), "An unknown code was taken.")


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
