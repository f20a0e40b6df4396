"""Lab 13: a token that says itself how it is to be checked."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from functools import partial
from typing import TYPE_CHECKING, Any

from entra_oauth.errors import IdTokenRefused
from entra_oauth.lessons.labs.lab import Demonstration, Exercise, Lab, Trials
from entra_oauth.lessons.labs.naive import naive_claims
from entra_oauth.practice.fidelity import Label
from entra_oauth.protocol.endpoints.signing_keys import KeysRequest, SigningKeys, check_signature

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox

__all__ = ["LAB"]

_CLAIMS = {"preferred_username": "trent@contoso-practice.example", "aud": "our-app"}


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _forge(algorithm: str, kid: str, key: bytes) -> str:
    head = _b64(json.dumps({"alg": algorithm, "kid": kid, "typ": "JWT"}).encode())
    body = f"{head}.{_b64(json.dumps(_CLAIMS).encode())}"
    if algorithm == "none":
        return f"{body}."
    return f"{body}.{_b64(hmac.new(key, body.encode(), hashlib.sha256).digest())}"


def _published(sandbox: Sandbox) -> tuple[SigningKeys, str, bytes]:
    """The tenant's keys, the name of the first, and its public number as text."""
    request = KeysRequest(sandbox.authority)
    reply = sandbox.send(request.to_http())
    keys = SigningKeys.read(reply, answering=request, received_at=0.0)
    return keys, str(keys.keys[0]["kid"]), str(keys.keys[0]["n"]).encode()


def attack(sandbox: Sandbox) -> Demonstration:
    """Two forgeries, made without any secret."""
    _, kid, public = _published(sandbox)
    found = [naive_claims(_forge(each, kid, public), public) for each in ("none", "HS256")]
    names = [str((claims or {}).get("preferred_username")).partition("@")[0] for claims in found]
    return Demonstration(
        names == ["trent", "trent"],
        (
            "Mallory writes a token: Trent, the administrator. Its header says alg: none.",
            "The naive check reads alg from the token, and checks nothing.",
            f"Who is this, then? {names[0].title()}.",
            "Then she says alg: HS256, and signs with the authority's public key, which "
            "everybody can fetch.",
            f"The check takes that key for a password, and believes in {names[1].title()} again.",
        ),
        "The attack works: the attacker chose the lock.",
    )


def _refused(token: str, keys: SigningKeys) -> str:
    try:
        check_signature(token, keys)
    except IdTokenRefused as error:
        return error.what
    return "accepted"


def defence(sandbox: Sandbox) -> Demonstration:
    """Our client's own check, and a whole sign-in that ends with an unsigned token."""
    keys, kid, public = _published(sandbox)
    said = [_refused(_forge(each, kid, public), keys) for each in ("none", "HS256")]
    sandbox.tenant.faults.add("unsigned")
    ended = sandbox.sign_in(lambda url: sandbox.open(url, "alice"))
    kind = type(ended.error).__name__
    return Demonstration(
        "accepted" not in said and kind == "IdTokenRefused" and ended.tokens is None,
        (
            f"Our client, alg: none. {said[0]}",
            f"Our client, alg: HS256. {said[1]}",
            f"A whole sign-in that ends with an unsigned ID token: {kind} (exit code 5).",
            "Nothing was kept, and the page says so.",
        ),
        "Stopped: RS256 and the published keys were agreed on before the token came.",
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """What the repaired function must do."""
    keys = {"k1": "public-key-1", "k2": "public-key-2"}
    trials.gives(
        lambda: function({"alg": "RS256", "kid": "k2"}, keys), ("RS256", "public-key-2"), "Good."
    )
    for header, why in (
        ({"alg": "none"}, "alg: none was taken."),
        ({"alg": "None", "kid": "k1"}, "alg: None was taken."),
        ({"alg": "HS256", "kid": "k1"}, "alg: HS256 with a public key was taken."),
        ({"alg": "RS256", "kid": "k9"}, "A key that is not published was taken."),
        ({"alg": "RS256"}, "A header without kid was taken."),
        ({"kid": "k1"}, "A header without alg was taken."),
        ({"alg": "RS256", "kid": "k1", "crit": ["x"]}, "crit was passed over (RFC 7515 §4.1.11)."),
    ):
        trials.refuses(partial(function, header, keys), why)


LAB = Lab(
    number=13,
    name="forged-token",
    title="A token says itself how it is to be checked",
    source="RFC 8725 §2.1, §3.1; OpenID Connect Core §3.1.3.7",
    label=Label.AS_ENTRA,
    fidelity="Entra signs with RS256. A forged token never comes from Entra; the lab makes it.",
    story=(
        "A signed token has a header: which algorithm, which key.",
        "Mallory writes tokens of her own, header included.",
        "A check that does what the header says does what Mallory says.",
        "alg: none asks for no check; HS256 turns a public key into a password.",
        "Who should choose the algorithm, and when?",
    ),
    off=attack,
    on=defence,
    exercise=Exercise(
        function="how_to_check",
        broken='''\
def how_to_check(header, keys):
    """Return (algorithm, key) with which a token is to be checked.

    `header` is the token's own, a dict. `keys` are those that the authority
    publishes: kid -> key. It signs with RS256. Raise ValueError for all else.
    """
    return header["alg"], keys.get(header.get("kid"))
''',
        solution="""\
def how_to_check(header, keys):
    if header.get("alg") != "RS256" or "crit" in header:
        raise ValueError("not what was agreed")
    if header.get("kid") not in keys:
        raise ValueError("no such key")
    return "RS256", keys[header["kid"]]
""",
        check=check,
    ),
)
