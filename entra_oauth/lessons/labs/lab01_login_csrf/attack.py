"""Lab 1: login CSRF. An answer is taken that nobody here asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.rerun import Rerun, fields_of
from entra_oauth.lessons.labs.sandbox import owner_of
from entra_oauth.lessons.labs.stage import OURS
from entra_oauth.lessons.labs.trials import altered, fresh
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import HttpRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

__all__ = ["LAB"]


def attack(sandbox: Sandbox) -> Demonstration:
    """Mallory's code, brought to Alice's client by a link."""
    client = sandbox.naive_client()
    client.redirect_uri = sandbox.host(client.callback)
    answer = sandbox.answer_for(client.authorize_url(), "mallory")
    link = (
        f"{client.redirect_uri}/?{urlencode({'code': sandbox.code_of(answer), 'state': '12345'})}"
    )
    page = sandbox.get(link)
    owner = owner_of(client.tokens["access_token"])
    return Demonstration(
        page.status == 200 and owner == "mallory",
        (
            "Mallory signs in as herself, and stops before the answer reaches her app.",
            "She sends Alice a link: Alice's own listener, with Mallory's code in it.",
            f"Alice clicks it. Her program redeems the code and says: HTTP {page.status}.",
            f"Whose token does Alice's program hold now? {owner.title()}'s.",
        ),
        "The attack works: whatever Alice uploads next lands in Mallory's account.",
    )


def defence(sandbox: Sandbox) -> Demonstration:
    """The same link at our own client."""
    statuses: list[int] = []

    def visit(url: str) -> None:
        answer = sandbox.answer_for(url, "mallory")
        origin = answer.url.partition("/?")[0]
        forged = urlencode({"code": sandbox.code_of(answer), "state": "12345"})
        statuses.append(sandbox.get(f"{origin}/?{forged}").status)
        sandbox.open(url, "alice")

    ended = sandbox.sign_in(visit, procedure=Procedure.ARTICLE)
    owner = ended.owner
    return Demonstration(
        statuses == [400] and len(ended.refusals) == 1 and owner == "alice",
        (
            f"Alice clicks the same link while her sign-in is open: HTTP {statuses[0]}.",
            *(f"The listener says: {why}" for why in ended.refusals),
            "The wait goes on. Alice finishes her own sign-in.",
            f"Whose token does her program hold? {owner.title()}'s.",
        ),
        "Stopped: state is compared first, and until it is ours nothing else counts.",
    )


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """Mallory's code by a link, then Alice's own answer, at the client with this function."""
    client = stage.client()
    client.state = fresh()
    client.accept = partial(function, client.state)
    mallorys = stage.answer_for(client.authorize_url(), "mallory")
    query = urlencode({"code": dict(fields_of(mallorys))["code"], "state": "12345"})
    forged = HttpRequest(method="GET", url=f"{OURS}/?{query}")
    answer = stage.send(forged)
    taken = getattr(client, "tokens", {})
    stage.send(stage.answer_for(client.authorize_url(), "alice"))
    honest = owner_of(getattr(client, "tokens", {}).get("access_token", ""))
    held = owner_of(taken.get("access_token", "")).title()
    return Rerun(
        stopped=not taken,
        works=honest == "alice",
        told=f"After Mallory's link the program holds the token of: {held}.",
        passed=(forged, answer),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """The right state once, and nothing that is only similar to it."""
    state, code, other = fresh(), fresh(), fresh()

    def given(*states: str) -> list[tuple[str, str]]:
        return [("code", code), *(("state", each) for each in states)]

    trials.gives(lambda: function(state, given(state)), code, "The right state.")
    for forged, why in (
        ("12345", "A wrong state was taken."),
        (other, "Another state of the same length was taken."),
        (state[:-1], "A state that lacks its last letter was taken."),
        (f"{state}x", "A state with a letter too many was taken."),
        (altered(state), "A state with another last letter was taken."),
        (state[0], "The first letter of the state was taken for all of it."),
        (state.swapcase(), "A state in other case was taken."),
        ("", "An empty state was taken."),
    ):
        trials.refuses(partial(function, state, given(forged)), why)
    trials.refuses(lambda: function(state, given()), "A missing state was taken.")
    trials.refuses(lambda: function(state, given(state, other)), "Two states were taken.")
    trials.refuses(lambda: function(state, given(other, state)), "Two states were taken.")
    trials.refuses(lambda: function("", given("")), "An empty expected state was taken.")
    trials.refuses(lambda: function("", given()), "An empty expected state was taken.")
    for codes in ((code, other), (), ("",)):
        fields = [("state", state), *(("code", each) for each in codes)]
        trials.refuses(partial(function, state, fields), f"{len(codes)} codes, or an empty one.")


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
