"""Lab 20: audience injection. A proof for Mallory's authority is good at the honest one."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import partial
from typing import TYPE_CHECKING, Any

from entra_oauth.lessons.labs.hostile import HostileServer
from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.rerun import Rerun, fields_of
from entra_oauth.lessons.labs.stage import members
from entra_oauth.lessons.labs.trials import fresh
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

__all__ = ["LAB"]

_KEY = b"the app's own key, played by a few lines"
_HONEST, _EVIL = "http://honest.example", "http://evil.example"


def _signed(audience: str) -> str:
    """The app's proof (TOY: signed with a key that both sides know)."""
    body = urlsafe_b64encode(json.dumps({"sub": "the-app", "aud": audience}).encode()).decode()
    return f"{body}.{hmac.new(_KEY, body.encode(), hashlib.sha256).hexdigest()}"


def _honest(request: HttpRequest) -> HttpResponse:
    """An authority that takes proofs for its issuer or its token endpoint (RFC 7523 §3)."""
    proof = dict(fields_of(request)).get("client_assertion", "")
    body, _, signature = proof.partition(".")
    good = hmac.new(_KEY, body.encode(), hashlib.sha256).hexdigest() == signature
    audience = json.loads(urlsafe_b64decode(body)).get("aud") if good else None
    if audience not in (_HONEST, f"{_HONEST}/token"):
        return HttpResponse(status=401, body=b'{"error":"invalid_client"}')
    return HttpResponse(status=200, body=b'{"access_token":"a-token-of-the-app"}')


def _metadata(origin: str) -> dict[str, str]:
    """What an authority publishes. Mallory's names the token endpoint of the honest one."""
    return {
        "issuer": origin,
        "token_endpoint": f"{_HONEST}/token",
        "pushed_authorization_request_endpoint": f"{origin}/par",
    }


def _play(world: Sandbox | Stage, function: Callable[..., Any]) -> tuple[Any, ...]:
    """The app at both authorities, its audience as the function says; then Mallory."""
    evil = HostileServer(HttpResponse(status=400, body=b'{"error":"temporarily_unavailable"}'))
    world.host_at(_EVIL, evil.handle)
    world.host_at(_HONEST, _honest)
    sent, told = [], []
    for origin, endpoint in ((_EVIL, f"{_EVIL}/par"), (_HONEST, f"{_HONEST}/token")):
        try:
            signed_for = str(function(origin, _metadata(origin)))
        except ValueError:
            continue
        told.append(f"the proof for {origin} says: aud = {signed_for}")
        sent.append((origin, _post(endpoint, _signed(signed_for))))
        world.send(sent[-1][1])
    honest = [each for origin, each in sent if origin == _HONEST]
    works = bool(honest) and world.send(honest[0]).status == 200
    seen = [form.get("client_assertion", "") for form in evil.forms]
    theft = _post(f"{_HONEST}/token", seen[0] if seen else "nothing")
    return works, theft, world.send(theft), (*told, *(each for _, each in sent))


def _post(url: str, proof: str) -> HttpRequest:
    body = f"client_id=the-app&client_assertion={proof}".encode()
    kind = (("Content-Type", "application/x-www-form-urlencoded"),)
    return HttpRequest(method="POST", url=url, headers=kind, body=body)


def _published(issuer: str, metadata: dict[str, Any]) -> str:
    """WRONG (lab 20): the audience is what the other side has published."""
    return str(metadata["token_endpoint"])


def _configured(issuer: str, metadata: dict[str, Any]) -> str:
    """As our own client has it: from the authority that is configured."""
    return issuer


def attack(sandbox: Sandbox) -> Demonstration:
    """An app with two authorities, one of them Mallory's."""
    _, _, reply, _ = _play(sandbox, _published)
    return Demonstration(
        reply.status == 200,
        (
            "An app proves itself by signing: this is from me, and for that authority (aud).",
            "It works with two authorities. Mallory's publishes, as its token endpoint, the one "
            "of the honest authority; all else that it publishes leads to herself.",
            "The app signs for the published token endpoint, and sends that to Mallory.",
            f"Mallory sends it on to the honest authority: HTTP {reply.status}. She is the app.",
        ),
        "The attack works: the receiver chose for whom the proof is good.",
    )


def defence(sandbox: Sandbox) -> Demonstration:
    """The audience from the configuration, as in our own client."""
    works, _, reply, _ = _play(sandbox, _configured)
    own = sandbox.authority.token_endpoint.startswith(sandbox.base_url)
    return Demonstration(
        reply.status == 401 and works and own,
        (
            "The app signs for the authority that is configured, whatever that publishes.",
            f"Mallory sends the proof on to the honest authority: HTTP {reply.status}.",
            f"At the honest authority the app's own proof is taken: {'Yes' if works else 'No'}.",
            "Our client's audience is its token endpoint. Is that at the host that it was given, "
            f"whatever is published? {'Yes' if own else 'No'}.",
        ),
        "Stopped: a proof is good at one place, and the app knows that place beforehand.",
    )


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """The app at both authorities, with this function."""
    works, theft, reply, sent = _play(stage, function)
    token = "access_token" in members(reply)
    return Rerun(
        stopped=not token,
        works=works,
        told=f"Mallory at the honest authority, with the app's proof: HTTP {reply.status}.",
        passed=(*sent, theft, reply),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """The configured issuer by the letter, and metadata of nobody else."""
    host = fresh().lower().strip("-_")
    ours, other = f"https://{host}.example/Tenant", f"https://{host}.evil.example/Tenant"

    def signs(metadata: dict[str, Any], issuer: str = ours) -> Callable[[], object]:
        return partial(function, issuer, dict(metadata))

    endpoint = {"token_endpoint": f"{ours}/token"}
    trials.gives(signs({"issuer": ours, **endpoint}), ours, "Metadata as they should be.")
    trials.gives(signs({"issuer": ours}), ours, "Metadata without a token endpoint.")
    for name in ("token_endpoint", "pushed_authorization_request_endpoint", "audience", "aud"):
        trials.gives(
            signs({"issuer": ours, **endpoint, name: f"{other}/token"}),
            ours,
            f"{name} is of the other side's choosing.",
        )
    trials.gives(
        signs({"issuer": other, **endpoint}, other), other, "Another authority that is configured."
    )
    for issuer, why in (
        (other, "These are another authority's metadata."),
        (f"{ours}/", "An issuer with a slash more is another one."),
        (ours.lower(), "An issuer in other case is another one."),
        (ours[:-1], "An issuer that lacks its last letter is another one."),
        (f"{ours}.evil.example", "An issuer that only begins so is another one."),
        (ours.replace("https", "http"), "An issuer over plain http is another one."),
        ("", "An empty issuer is none."),
        (None, "An issuer that is null is none."),
        ([ours], "A list is no issuer."),
    ):
        trials.refuses(signs({"issuer": issuer, **endpoint}), why)
    trials.refuses(signs(endpoint), "Metadata without an issuer are nobody's.")
    trials.refuses(signs({}), "Metadata without anything are nobody's.")


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
