"""Lab 5: PKCE downgrade. The challenge is taken out, and nobody misses it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from entra_oauth.errors import AuthorityError
from entra_oauth.lessons.labs.lab import Demonstration, Exercise, Lab, Trials
from entra_oauth.lessons.labs.naive import NaiveAuthority, NaiveClient
from entra_oauth.practice.fidelity import Label
from entra_oauth.protocol.messages import HttpRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox

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


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """What the repaired function must do."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    trials.gives(lambda: bool(function(challenge, verifier)), True, "RFC 7636's own example.")
    trials.gives(lambda: bool(function(None, None)), True, "Neither: a client without PKCE.")
    trials.gives(lambda: bool(function(challenge, "x" * 43)), False, "A wrong verifier.")
    trials.gives(lambda: bool(function(challenge, None)), False, "The verifier is missing.")
    trials.gives(lambda: bool(function(None, verifier)), False, "A verifier without a challenge.")


LAB = Lab(
    number=5,
    name="pkce-downgrade",
    title="The challenge is taken out of the address",
    source="RFC 9700 §2.1.1, §4.8",
    label=Label.AS_ENTRA,
    fidelity="Entra refuses with AADSTS501481, as reported; PKCE itself stays optional there.",
    story=(
        "PKCE binds a code to the program that asked for it.",
        "The challenge travels in an address, which others can change.",
        "Without it the authority has nothing to compare the verifier with.",
        "Should it then ignore the verifier, or become suspicious?",
        "Mallory's code in Alice's sign-in gives the answer.",
    ),
    off=attack,
    on=defence,
    exercise=Exercise(
        function="may_redeem",
        broken='''\
import base64
import hashlib


def may_redeem(challenge, verifier):
    """Return whether a code may be redeemed (S256). Each is a text or None.

    `challenge` came with the authorize URL, `verifier` with the token request.
    """
    if challenge is None:
        return True
    digest = hashlib.sha256((verifier or "").encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
''',
        solution="""\
import base64
import hashlib


def may_redeem(challenge, verifier):
    if challenge is None or verifier is None:
        return challenge is None and verifier is None
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
""",
        check=check,
    ),
)
