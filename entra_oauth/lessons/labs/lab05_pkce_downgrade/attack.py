"""Lab 5: PKCE downgrade. The challenge is taken out, and nobody misses it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from entra_oauth.errors import AuthorityError
from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.naive import NaiveAuthority, NaiveClient
from entra_oauth.lessons.labs.rerun import Rerun, fields_of
from entra_oauth.lessons.labs.trials import fresh
from entra_oauth.protocol.endpoints.authorize import s256
from entra_oauth.protocol.messages import HttpRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

__all__ = ["LAB"]


def _stripped(url: str) -> str:
    return re.sub(r"&code_challenge(?:_method)?=[^&]*", "", url)


def attack(sandbox: Sandbox) -> Demonstration:
    """A code without a challenge, put into a sign-in that has a verifier."""
    authority = NaiveAuthority(person="mallory")
    origin = sandbox.host(authority.handle)
    client = NaiveClient(
        sandbox.send,
        f"{origin}/authorize",
        f"{origin}/token",
        "http://localhost:9",
        verifier="a" * 43,
    )
    location = sandbox.get(_stripped(client.authorize_url())).header("Location") or ""
    answer = client.redeem(sandbox.code_of(HttpRequest(method="GET", url=location)))
    token = str(answer.get("access_token"))
    return Demonstration(
        token.endswith("mallory"),
        (
            "Alice's program does PKCE: its authorize URL has a code_challenge.",
            "Mallory opens that URL on her own device, without the challenge.",
            "She puts the code that she gets into Alice's sign-in.",
            "Alice's program sends it with its verifier. For this code the authority has no "
            "challenge, so it checks nothing.",
            f"Alice's program holds this token: {token}.",
        ),
        "The attack works: PKCE was there, and protected nothing.",
    )


def defence(sandbox: Sandbox) -> Demonstration:
    """The same at the practice tenant, with our own client and its true state."""
    ended = sandbox.sign_in(lambda url: sandbox.open(_stripped(url), "mallory"))
    codes = ended.error.error_codes if isinstance(ended.error, AuthorityError) else ()
    said = f"AADSTS{codes[0]}" if codes else "nothing"
    return Demonstration(
        ended.tokens is None and said == "AADSTS501481",
        (
            "Mallory even knows Alice's state: she has seen the whole URL.",
            "Her code, got without a challenge, reaches our client with the right state.",
            f"Our client sends it with its verifier. The authority: {said}.",
            "Our client keeps nothing and says so on the page.",
        ),
        "Stopped: a verifier for a code that had no challenge is a sign of an attack.",
    )


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """A code without a challenge, and one with, at the authority with this function."""
    authority = NaiveAuthority(person="mallory", may_redeem=function)
    origin = stage.host_at("http://login.example", authority.handle)
    client = NaiveClient(stage.send, f"{origin}/authorize", f"{origin}/token", "http://localhost")
    client.verifier = fresh()
    codes = []
    for url in (_stripped(client.authorize_url()), client.authorize_url()):
        location = stage.get(url).header("Location") or ""
        codes.append(dict(fields_of(HttpRequest(method="GET", url=location)))["code"])
    theft = stage.posting(
        f"{origin}/token",
        grant_type="authorization_code",
        code=codes[0],
        code_verifier=client.verifier,
    )
    answer = stage.send(theft)
    taken = answer.status == 200
    return Rerun(
        stopped=not taken,
        works="access_token" in client.redeem(codes[1]),
        told=f"Alice's program holds {'the token of Mallory' if taken else 'no token'}.",
        passed=(theft, answer),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """RFC 7636's own pair, random pairs, and all that fits only in part."""
    example = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    verifier, another = fresh(), fresh()
    challenge = s256(verifier)
    for theirs, sent, wanted, why in (
        (s256(example), example, True, "RFC 7636's own example (appendix B)."),
        (challenge, verifier, True, "A random pair."),
        (s256(another), another, True, "Another random pair."),
        (None, None, True, "Neither: a client without PKCE."),
        (challenge, "x" * 43, False, "A wrong verifier."),
        (challenge, another, False, "The verifier of another sign-in."),
        (challenge, challenge, False, "The challenge itself, which everybody has seen."),
        (verifier, verifier, False, "The method plain was not agreed on."),
        (challenge, verifier[:-1], False, "A verifier that lacks its last letter."),
        (challenge, f"{verifier}\n", False, "A verifier with a line break."),
        (challenge, verifier.swapcase(), False, "A verifier in other case."),
        (challenge.swapcase(), verifier, False, "A challenge in other case."),
        (challenge[:20], verifier, False, "A challenge that was cut short."),
        (challenge, None, False, "The verifier is missing."),
        (challenge, "", False, "The verifier is empty."),
        (None, verifier, False, "A verifier without a challenge."),
        (None, example, False, "A verifier without a challenge."),
    ):
        trials.gives(_decided(function, theirs, sent), wanted, why)


def _decided(
    function: Callable[..., Any], challenge: str | None, verifier: str | None
) -> Callable[[], bool]:
    return lambda: bool(function(challenge, verifier))


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
