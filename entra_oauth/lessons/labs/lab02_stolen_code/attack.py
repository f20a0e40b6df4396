"""Lab 2: a stolen code, redeemed by the thief."""

from __future__ import annotations

import random
import re
from itertools import combinations
from typing import TYPE_CHECKING, Any

from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.naive import NaiveAuthority, NaiveClient
from entra_oauth.lessons.labs.rerun import Rerun, fields_of
from entra_oauth.lessons.labs.sandbox import CLIENT, aadsts, owner_of
from entra_oauth.protocol.endpoints.authorize import s256
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, parse_form

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

__all__ = ["LAB"]


def attack(sandbox: Sandbox) -> Demonstration:
    """A code from a log, redeemed with nothing but public values."""
    client = sandbox.naive_client("http://localhost:9")
    answer = sandbox.answer_for(client.authorize_url(), "alice")
    stolen = sandbox.post(
        sandbox.authority.token_endpoint,
        client_id=CLIENT,
        grant_type="authorization_code",
        code=sandbox.code_of(answer),
        redirect_uri=client.redirect_uri,
    )
    members = dict(_members(stolen))
    owner = owner_of(members.get("access_token", ""))
    return Demonstration(
        stolen.status == 200 and owner == "alice",
        (
            "Alice signs in. The answer, with its code, stands in an address.",
            "Mallory reads that address: in a history, a log, a proxy, over a shoulder.",
            "She posts it with client_id, redirect_uri and grant_type, which are no secrets.",
            f"The authority answers HTTP {stolen.status}; the token is {owner.title()}'s.",
        ),
        "The attack works: whoever comes first with the code gets the token.",
    )


def defence(sandbox: Sandbox) -> Demonstration:
    """The same theft from our own client, before it can redeem the code itself."""
    said: list[str] = []

    def visit(url: str) -> None:
        asked = dict(parse_form(HttpRequest(method="GET", url=url).query))
        here = asked["redirect_uri"]

        def send(request: HttpRequest) -> HttpResponse:
            if request.url.startswith(here) and request.method == "POST":
                for extra in ({}, {"code_verifier": "m" * 43}):
                    reply = sandbox.post(
                        sandbox.authority.token_endpoint,
                        client_id=CLIENT,
                        grant_type="authorization_code",
                        code=sandbox.code_of(request),
                        redirect_uri=here,
                        **extra,
                    )
                    said.append(aadsts(reply))
            return sandbox.send(request)

        sandbox.browser("alice", send).open(url)

    ended = sandbox.sign_in(visit)
    owner = ended.owner
    return Demonstration(
        said == ["AADSTS501481", "AADSTS501481"] and owner == "alice",
        (
            "Mallory reads the code on its way, before Alice's program has it.",
            f"She posts it without a verifier: {said[0]}.",
            f"She posts it with a verifier of her own: {said[1]}.",
            "Alice's program posts the verifier that only it knows.",
            f"The token is {owner.title()}'s.",
        ),
        "Stopped: the code is worth nothing without the verifier, which was never in the browser.",
    )


def _members(response: HttpResponse) -> tuple[tuple[str, Any], ...]:
    import json

    return tuple(json.loads(response.body).items())


def _looks_lightly(challenge: str | None, verifier: str | None) -> bool:
    """An authority that takes a challenge for the verifier itself where it is no hash (plain)."""
    plain = len(challenge or "") != 43 and challenge == verifier
    return bool(verifier) and (plain or challenge == s256(verifier or ""))


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """A stolen code at an authority that looks at verifiers; the thief has read the program."""
    verifier, challenge = function()
    guesses = ("", str(function()[0]), str(challenge))
    authority = NaiveAuthority(may_redeem=_looks_lightly)
    origin = stage.host_at("http://login.example", authority.handle)
    client = NaiveClient(stage.send, f"{origin}/authorize", f"{origin}/token", "http://localhost")
    client.verifier, client.challenge = str(verifier), str(challenge)
    location = stage.get(client.authorize_url()).header("Location") or ""
    code = dict(fields_of(HttpRequest(method="GET", url=location)))["code"]
    passed: list[HttpRequest | HttpResponse] = []
    for guess in guesses:
        theft = stage.posting(f"{origin}/token", code=code, code_verifier=guess)
        passed = [theft, stage.send(theft)]
        if passed[1].status == 200:  # type: ignore[union-attr]
            break
    stolen = passed[1].status == 200  # type: ignore[union-attr]
    return Rerun(
        stopped=not stolen,
        works="access_token" in client.redeem(code),
        told=f"The thief's posts of the code were {'taken' if stolen else 'refused'}.",
        passed=tuple(passed),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """The form of both values, and as much of chance as can be seen from outside.

    A counter that is hashed looks like chance, and so does the clock: neither can be seen.
    """
    try:
        pairs = [function() for _ in range(20)]
        verifiers = [str(verifier) for verifier, _ in pairs]
        challenges = [challenge for _, challenge in pairs]
        again = [_after_seeding(function) for _ in range(2)]
    except Exception as error:
        trials.that(
            False, f"It must return (verifier, challenge). It raised {type(error).__name__}."
        )
        return
    fits = all(re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", each) for each in verifiers)
    trials.that(fits, "A verifier has 43 to 128 letters, digits or -._~ (RFC 7636 §4.1).")
    trials.that(len(set(verifiers)) == 20, "Two calls gave the same verifier: it can be guessed.")
    alike = max(_alike(*two) for two in combinations(verifiers, 2))
    trials.that(alike < 0.5, "Two verifiers are alike in most places: the next can be guessed.")
    trials.that(
        again[0] != again[1],
        "It comes from the module random, whose numbers can be foretold. Use secrets.",
    )
    hashed = all(c == s256(v) for v, c in zip(verifiers, challenges, strict=True))
    trials.that(hashed, "The challenge is BASE64URL(SHA256(verifier)), without = (RFC 7636 §4.2).")


def _after_seeding(function: Callable[..., Any]) -> str:
    random.seed(7636)
    verifier, _ = function()
    return str(verifier)


def _alike(one: str, two: str) -> float:
    """The share of places in which two texts have the same sign."""
    same = sum(a == b for a, b in zip(one, two, strict=False))
    return same / max(len(one), len(two), 1)


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
