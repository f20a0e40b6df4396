"""Lab 6: mix-up. The answer of one authority is carried to another."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from entra_oauth.lessons.labs.hostile import HostileServer
from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.naive import NaiveClient
from entra_oauth.lessons.labs.rerun import Rerun
from entra_oauth.lessons.labs.sandbox import TENANT, give_up, owner_of
from entra_oauth.lessons.labs.trials import fresh
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

__all__ = ["LAB"]


def _mallorys(sandbox: Sandbox) -> HostileServer:
    """An authority that sends people on to the honest one, and collects codes."""
    busy = HttpResponse(status=400, body=b'{"error":"temporarily_unavailable"}')
    return HostileServer(busy, forward_to=sandbox.authority.authorization_endpoint)


def attack(sandbox: Sandbox) -> Demonstration:
    """A client with two authorities to choose from; Alice chose the wrong one."""
    evil = _mallorys(sandbox)
    origin = sandbox.host(evil.handle)
    client = NaiveClient(sandbox.send, f"{origin}/authorize", f"{origin}/token", redirect_uri="")
    client.redirect_uri = sandbox.host(client.callback)
    sandbox.open(client.authorize_url(), "alice")
    stolen = evil.forms[0].get("code", "") if evil.forms else ""
    client.token_endpoint = sandbox.authority.token_endpoint
    tokens = client.redeem(stolen)
    owner = owner_of(tokens.get("access_token", ""))
    return Demonstration(
        owner == "alice",
        (
            "Alice's program knows two authorities. It believes it talks to the second one, "
            "which is Mallory's and sends the browser on to the honest one at once.",
            "Alice signs in on the honest page. The code comes back to her program, "
            "which posts it to the authority that it believes in: Mallory's.",
            f"Mallory redeems it at the honest one. The token is {owner.title()}'s.",
        ),
        "The attack works: nothing in the answer says who gave it.",
    )


def defence(sandbox: Sandbox) -> Demonstration:
    """The same with `iss` in the answer, as RFC 9207 has it."""
    evil = _mallorys(sandbox)
    origin = sandbox.host(evil.handle)
    issuer = sandbox.authority.issuer(TENANT)
    sandbox.tenant.faults.add(f"redirect set=iss:{issuer}")

    def visit(url: str) -> None:
        sandbox.open(url, "alice")
        give_up(sandbox, url)

    ended = sandbox.sign_in(
        visit, procedure=Procedure.ARTICLE, authority=sandbox.authority_at(origin)
    )
    return Demonstration(
        not evil.forms and len(ended.refusals) == 1 and ended.tokens is None,
        (
            "The honest authority now says in its answer who it is: iss (RFC 9207).",
            *(f"Our client says: {why}" for why in ended.refusals),
            f"Codes that reached Mallory's authority: {len(evil.forms)}.",
            "Alice closes the page, and the sign-in ends without a token.",
        ),
        "Stopped: iss is compared whenever it comes. Entra is not known to send it; there, a "
        "client with one authority, as ours is, cannot be mixed up in the first place.",
    )


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """The answer of the honest authority, at a client with this function that asked Mallory's."""
    evil = HostileServer(HttpResponse(status=400, body=b'{"error":"temporarily_unavailable"}'))
    origin = stage.host_at("http://evil.example", evil.handle)
    client = stage.client()
    answer = stage.answer_for(client.authorize_url(), "alice")
    honest = stage.authority.issuer(TENANT)
    came = HttpRequest(method="GET", url=f"{answer.url}&{urlencode({'iss': honest})}")
    client.token_endpoint = f"{origin}/token"
    client.accept = partial(function, "http://evil.example/v2.0", True)
    reply = stage.send(came)
    client.token_endpoint = stage.authority.token_endpoint
    client.accept = partial(function, honest, True)
    stage.send(came)
    posted = tuple(stage.posting(f"{origin}/token", **form) for form in evil.forms)
    return Rerun(
        stopped=not evil.forms,
        works="access_token" in getattr(client, "tokens", {}),
        told=f"Codes that reached Mallory's authority: {len(evil.forms)}.",
        passed=(came, *posted, reply),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """Our issuer once, by the letter. Ours without a promise is a matter of policy: not tried."""
    host, code = fresh().lower().strip("-_"), fresh()
    ours, evil = f"https://{host}.example/Tenant/v2.0", f"https://{host}.evil.example/Tenant/v2.0"

    def given(*issuers: str) -> list[tuple[str, str]]:
        return [("code", code), *(("iss", each) for each in issuers)]

    trials.gives(lambda: function(ours, True, given(ours)), code, "Ours.")
    trials.gives(lambda: function(ours, False, given()), code, "None promised, none came.")
    trials.refuses(lambda: function(ours, True, given()), "No issuer, though one was promised.")
    trials.refuses(lambda: function(ours, True, given("")), "An empty issuer is none.")
    for promised in (True, False):
        for forged, why in (
            (evil, "Another issuer was taken."),
            (f"{ours}/", "An issuer with a slash more was taken."),
            (ours[:-1], "An issuer that lacks its last letter was taken."),
            (f"{ours}.evil.example", "An issuer that only begins like ours was taken."),
            (ours.lower(), "An issuer in other case was taken."),
            (ours.replace("Tenant", "Other"), "Another tenant of the same host was taken."),
            (ours.replace("https", "http"), "An issuer over plain http was taken."),
        ):
            also = "" if promised else " Its authority did not promise iss; it came all the same."
            trials.refuses(partial(function, ours, promised, given(forged)), f"{why}{also}")
        for twice in ((evil, ours), (ours, evil), (ours, ours)):
            trials.refuses(
                partial(function, ours, promised, given(*twice)), "iss stood there twice."
            )
    trials.refuses(lambda: function(ours, True, [("iss", ours)]), "There is no code.")
    two = [*given(ours), ("code", fresh())]
    trials.refuses(lambda: function(ours, True, two), "Two codes were taken.")


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
