"""Lab 19: an address that is handed over. The sign-in is genuine, and the code is given away."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.rerun import Rerun, fields_of
from entra_oauth.lessons.labs.sandbox import CLIENT, aadsts, give_up, owner_of
from entra_oauth.lessons.labs.stage import members
from entra_oauth.lessons.labs.trials import fresh
from entra_oauth.protocol.endpoints.authorize import Procedure, s256
from entra_oauth.protocol.messages import HttpRequest
from entra_oauth.protocol.scopes import DATABRICKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials
    from entra_oauth.protocol.authority import Authority

__all__ = ["LAB"]

_DEAD = "http://localhost:8409"
"""An address of Alice's machine at which nobody listens."""
_ALICE, _MALLORY = "192.0.2.10", "203.0.113.9"


def _lure(authority: Authority, verifier: str) -> str:
    """The authorize URL that Mallory sends: everything in it is of her making."""
    fields = {
        "client_id": CLIENT,
        "response_type": "code",
        "redirect_uri": _DEAD,
        "response_mode": "query",
        "scope": f"{DATABRICKS} offline_access",
        "state": "mallorys",
        "code_challenge": s256(verifier),
        "code_challenge_method": "S256",
    }
    return f"{authority.authorization_endpoint}?{urlencode(fields)}"


def _redemption(code: str, verifier: str) -> dict[str, str]:
    return {
        "client_id": CLIENT,
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _DEAD,
        "code_verifier": verifier,
    }


def _row(session: str, **more: object) -> dict[str, Any]:
    usual = {"user": "alice", "app": CLIENT, "ok": True, "time": 0.0, "ip": _ALICE}
    return {"session": session, **usual, "interactive": True, **more}


def _trace(session: str) -> list[dict[str, Any]]:
    """The rows that the attack leaves in the log, as Entra has them by other names."""
    return [_row(session), _row(session, interactive=False, ip=_MALLORY, time=45.0)]


def attack(sandbox: Sandbox) -> Demonstration:
    """Alice signs in on the true page, and pastes the dead address where she is told to."""
    verifier = fresh()
    answer = sandbox.answer_for(_lure(sandbox.authority, verifier), "alice")
    pasted = dict(fields_of(answer))["code"]
    reply = sandbox.post(sandbox.authority.token_endpoint, **_redemption(pasted, verifier))
    owner = owner_of(str(members(reply).get("access_token", "")))
    return Demonstration(
        reply.status == 200 and owner == "alice",
        (
            "Mallory makes an authorize URL, with a state and a PKCE challenge of her own, and "
            "has Alice open it.",
            "Alice signs in on the true page. The browser ends at localhost, where nobody is.",
            "Mallory's page says: to prove that you are no robot, paste that address here.",
            f"Alice does. Mallory redeems the code: HTTP {reply.status}. The token is "
            f"{owner.title()}'s.",
        ),
        "The attack works: PKCE binds the code to whoever asked, and that was Mallory.",
    )


def defence(sandbox: Sandbox) -> Demonstration:
    """The address at our own client; the trace in the log; and what ends it."""
    verifier = fresh()
    statuses: list[int] = []
    answer = sandbox.answer_for(_lure(sandbox.authority, verifier), "alice")

    def visit(url: str) -> None:
        here = dict(fields_of(HttpRequest(method="GET", url=url)))["redirect_uri"]
        statuses.append(sandbox.get(f"{here}/?{answer.query}").status)
        give_up(sandbox, url)

    ended = sandbox.sign_in(visit, procedure=Procedure.ARTICLE)
    code = dict(fields_of(answer))["code"]
    tokens = members(sandbox.post(sandbox.authority.token_endpoint, **_redemption(code, verifier)))
    sandbox.tenant.advance(1)
    sandbox.tenant.revoke_sessions("alice")
    renewed = sandbox.post(
        sandbox.authority.token_endpoint,
        client_id=CLIENT,
        grant_type="refresh_token",
        refresh_token=str(tokens.get("refresh_token", "")),
    )
    return Demonstration(
        statuses == [400] and ended.tokens is None and aadsts(renewed) == "AADSTS50173",
        (
            f"The same address at our own listener: HTTP {statuses[0]}. Its state is not ours, "
            "and nobody's code is redeemed.",
            "If Alice hands it to Mallory, no client can help. The sign-in log can: one session, "
            f"signed in at {_ALICE} and redeemed at {_MALLORY} 45 seconds later.",
            f"Whoever sees that revokes Alice's sessions. Mallory renews: {aadsts(renewed)}.",
        ),
        "Stopped: an address with a code in it is given to nobody, and the log is looked at.",
    )


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """The theft, then a watch over the sign-in log that goes by this function."""
    verifier = fresh()
    answer = stage.answer_for(_lure(stage.authority, verifier), "alice")
    came = dict(fields_of(answer))
    endpoint = stage.authority.token_endpoint
    theft = stage.posting(endpoint, **_redemption(came["code"], verifier))
    tokens = members(stage.send(theft))
    honest = fresh()
    rows = [
        *_trace(came["session_state"]),
        _row(honest, user="bob"),
        _row(honest, user="bob", interactive=False, time=3.0),
    ]
    stolen = set(function([dict(each) for each in rows]))
    if came["session_state"] in stolen:
        stage.tenant.advance(1)
        stage.tenant.revoke_sessions("alice")
    renewal = stage.posting(
        endpoint,
        client_id=CLIENT,
        grant_type="refresh_token",
        refresh_token=str(tokens.get("refresh_token", "")),
    )
    reply = stage.send(renewal)
    log = [
        f"the log: {each['user']}, {'interactive' if each['interactive'] else 'not interactive'}, "
        f"{each['ip']}, second {each['time']:g}"
        for each in rows
    ]
    return Rerun(
        stopped=reply.status != 200,
        works=honest not in stolen,
        told=f"An hour later Mallory renews Alice's token: HTTP {reply.status}.",
        passed=(answer, theft, *log, renewal, reply),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """The trace in any order, among rows that lack one thing of it."""
    stolen, other = fresh(), fresh()

    def found(*rows: dict[str, Any]) -> Callable[[], object]:
        return lambda: set(function([dict(each) for each in rows]))

    first, later = _trace(stolen)
    noise = [_row(fresh(), user="bob"), _row(fresh(), user="carol", ok=False)]
    trials.gives(found(first, later), {stolen}, "The trace.")
    trials.gives(found(later, *noise, first), {stolen}, "The trace, in another order.")
    twice = [*_trace(stolen), *_trace(other), *noise]
    trials.gives(found(*twice), {stolen, other}, "Two sessions with the trace.")
    for seconds in (0.0, 599.0, 600.0):
        trials.gives(
            found(first, {**later, "time": seconds}), {stolen}, f"After {seconds:g} seconds."
        )
    for change, why in (
        ({"time": 601.0}, "More than 600 seconds later is no trace."),
        ({"time": -1.0}, "The token came before the sign-in."),
        ({"ip": _ALICE}, "The same ip is what honest people have."),
        ({"session": other}, "It is another session."),
        ({"user": "bob"}, "It is another person."),
        ({"app": fresh()}, "It is another app."),
        ({"ok": False}, "The token was refused."),
        ({"interactive": True}, "Two sign-ins by a person are no redemption."),
    ):
        trials.gives(found(first, {**later, **change}), set(), why)
    for change, why in (
        ({"ok": False}, "The sign-in failed."),
        ({"interactive": False}, "Nobody signed in."),
    ):
        trials.gives(found({**first, **change}, later), set(), why)
    near = {**later, "ip": f"{_ALICE}1"}
    trials.gives(found(first, near), {stolen}, "An ip that only begins alike is another one.")
    between = {**later, "ip": _ALICE, "time": 2.0}
    trials.gives(found(first, between, later), {stolen}, "A token at the own ip came first.")
    trials.gives(found(), set(), "An empty log.")
    trials.gives(partial(found(first)), set(), "A sign-in alone.")


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
