"""Lab 13: a token that says itself how it is to be checked."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from entra_oauth.errors import IdTokenRefused
from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.naive import naive_claims
from entra_oauth.lessons.labs.rerun import Rerun
from entra_oauth.lessons.labs.trials import fresh
from entra_oauth.protocol.endpoints.signing_keys import KeysRequest, SigningKeys, check_signature
from entra_oauth.protocol.scopes import DATABRICKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

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


_OTHER_ALGORITHMS = (
    *("none", "None", "nOnE", "", "HS256", "RS512", "PS256", "rs256", "RS", "RS256 "),
    None,
    ["RS256"],
)


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """Two forgeries and a genuine token, each checked as this function says."""
    request = KeysRequest(stage.authority)
    found = SigningKeys.read(stage.send(request.to_http()), answering=request, received_at=0.0)
    keys = {str(each["kid"]): str(each["n"]) for each in found.keys}
    kid, public = next(iter(keys.items()))

    def believed(token: str) -> bool:
        head, _, signature = token.split(".")
        header = json.loads(urlsafe_b64decode(head + "=="))
        try:
            algorithm, key = function(header, dict(keys))
        except ValueError:
            return False
        if algorithm == "RS256" and key in keys.values():
            return _refused(token, found) == "accepted"
        made = hmac.new(str(key).encode(), token.rpartition(".")[0].encode(), hashlib.sha256)
        return algorithm == "none" or _b64(made.digest()) == signature

    forged = {each: _forge(each, kid, public.encode()) for each in ("none", "HS256")}
    taken = [each for each, token in forged.items() if believed(token)]
    genuine = str(stage.tokens_by_password("alice", f"{DATABRICKS} openid")["id_token"])
    head = json.dumps({"alg": "none", "kid": kid, "typ": "JWT"})
    return Rerun(
        stopped=not taken,
        works=believed(genuine),
        told=f"Forgeries that were believed: {', '.join(taken) or 'none of them'}.",
        passed=(f"the header of the first forgery: {head}", f"its body: {json.dumps(_CLAIMS)}"),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """RS256 and a published key; nothing that the token itself brings along."""
    kid, other, mallorys = f"Kid-{fresh()}", f"Kid-{fresh()}", fresh()
    keys = {kid: fresh(), other: fresh()}
    good = {"alg": "RS256", "typ": "JWT"}

    def chosen(header: dict[str, Any], published: dict[str, str] = keys) -> Callable[[], Any]:
        return lambda: function(dict(header), dict(published))

    for each in keys:
        trials.gives(chosen({**good, "kid": each}), ("RS256", keys[each]), "A published key.")
    for alg in _OTHER_ALGORITHMS:
        trials.refuses(chosen({"alg": alg, "kid": kid}), f"alg: {alg} was taken.")
    trials.refuses(chosen({"kid": kid}), "A header without alg was taken.")
    for named in (f"Kid-{fresh()}", "", kid[:-1], kid.swapcase(), None, [kid], {"kid": kid}, 0):
        trials.refuses(chosen({**good, "kid": named}), "A key that is not published was taken.")
    trials.refuses(chosen(good), "A header without kid was taken.")
    only = {kid: keys[kid]}
    trials.refuses(chosen(good, only), "A header without kid was taken, as only one key is there.")
    trials.refuses(chosen({**good, "kid": kid}, {}), "No key is published, and one was taken.")
    for crit in (["x"], []):
        header = {**good, "kid": kid, "crit": crit}
        trials.refuses(chosen(header), "crit was passed over (RFC 7515 §4.1.11).")
    for brought in ("jwk", "jku", "x5u", "x5c"):
        trials.refuses(chosen({**good, brought: mallorys}), f"The token's own {brought} was taken.")
        unknown = {**good, "kid": "mine", brought: mallorys}
        trials.refuses(chosen(unknown), f"The token's own {brought} was taken.")
        trials.gives_or_refuses(
            chosen({**good, "kid": kid, brought: mallorys}),
            ("RS256", keys[kid]),
            f"The token's own {brought} was taken, beside a kid that is published.",
        )


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
