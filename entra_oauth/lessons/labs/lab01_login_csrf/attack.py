"""Lab 1: login CSRF. An answer is taken that nobody here asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from entra_oauth.lessons.labs.lab import Demonstration, Exercise, Lab, Trials
from entra_oauth.lessons.labs.naive import NaiveClient
from entra_oauth.practice.fidelity import Label
from entra_oauth.protocol.endpoints.authorize import Procedure

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox

__all__ = ["LAB"]


def attack(sandbox: Sandbox) -> Demonstration:
    """Mallory's code, brought to Alice's client by a link."""
    client = NaiveClient(
        sandbox.send,
        sandbox.authority.authorization_endpoint,
        sandbox.authority.token_endpoint,
        redirect_uri="",
    )
    client.redirect_uri = sandbox.host(client.callback)
    answer = sandbox.answer_for(client.authorize_url(), "mallory")
    link = (
        f"{client.redirect_uri}/?{urlencode({'code': sandbox.code_of(answer), 'state': '12345'})}"
    )
    page = sandbox.get(link)
    owner = sandbox.owner(client.tokens["access_token"])
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
    owner = sandbox.owner(ended.tokens.access_token) if ended.tokens else "nobody"
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


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """What the repaired function must do."""
    good = "s" * 43
    trials.gives(
        lambda: function(good, [("code", "c1"), ("state", good)]), "c1", "The right state."
    )
    trials.refuses(
        lambda: function(good, [("code", "c1"), ("state", "12345")]), "A wrong state was taken."
    )
    trials.refuses(lambda: function(good, [("code", "c1")]), "A missing state was taken.")
    trials.refuses(
        lambda: function(good, [("code", "c1"), ("state", good), ("state", "x")]),
        "Two states were taken.",
    )
    trials.refuses(
        lambda: function("", [("code", "c1"), ("state", "")]), "An empty expected state was taken."
    )
    trials.refuses(
        lambda: function(good, [("state", good), ("code", "a"), ("code", "b")]),
        "Two codes were taken.",
    )


LAB = Lab(
    number=1,
    name="login-csrf",
    title="A stranger's answer is taken",
    source="RFC 9700 §2.1, §4.7; RFC 6749 §10.12",
    label=Label.AS_ENTRA,
    fidelity="Entra sends state back unchanged; to compare it is the client's task.",
    story=(
        "Alice's program listens on her machine for the end of a sign-in.",
        "Mallory begins a sign-in of her own and keeps the code that she gets.",
        "She puts it into a link to Alice's listener, and has Alice click it.",
        "If the program takes it, Alice works in Mallory's account, unknowing.",
        "What shows a program that an answer is to its own question?",
    ),
    off=attack,
    on=defence,
    exercise=Exercise(
        function="accept",
        broken='''\
def accept(expected_state, fields):
    """Return the code of a redirect, or raise ValueError if it is not our answer.

    `expected_state` is what we sent. `fields` is a list of (name, value) pairs,
    as they stood in the redirect; a name may stand there twice, or not at all.
    """
    values = dict(fields)
    return values["code"]
''',
        solution="""\
import hmac


def accept(expected_state, fields):
    states = [value for name, value in fields if name == "state"]
    codes = [value for name, value in fields if name == "code"]
    if not expected_state or len(states) != 1 or len(codes) != 1:
        raise ValueError("not our answer")
    if not hmac.compare_digest(states[0].encode(), expected_state.encode()):
        raise ValueError("not our state")
    return codes[0]
""",
        check=check,
    ),
)
