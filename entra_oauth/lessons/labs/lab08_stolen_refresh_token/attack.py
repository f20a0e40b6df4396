"""Lab 8: a stolen refresh token, used beside its owner."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from entra_oauth.errors import AuthorityError
from entra_oauth.flows.refresh_token import refresh
from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.rerun import Rerun, fields_of
from entra_oauth.lessons.labs.sandbox import CLIENT, aadsts
from entra_oauth.lessons.labs.stage import members
from entra_oauth.lessons.labs.trials import fresh
from entra_oauth.protocol.endpoints.access_request import AccessRequest
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, parse_form

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials
    from entra_oauth.protocol.authority import Authority

__all__ = ["LAB"]


class _Strict:
    """The practice tenant, with the reuse detection of RFC 9700 §4.14.2 in front."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._tenant = sandbox.tenant
        self._family: dict[str, int] = {}
        self._current: dict[int, str] = {}

    def handle(self, request: HttpRequest) -> HttpResponse:
        form = dict(parse_form(request.body.decode())) if request.method == "POST" else {}
        used = form.get("refresh_token")
        if used in self._family and self._current.get(self._family[used]) != used:
            self._current.pop(self._family[used], None)  # thief or owner: nobody can tell
            return HttpResponse(
                status=400,
                headers=(("Content-Type", "application/json"),),
                body=b'{"error":"invalid_grant","error_description":"The token was used before."}',
            )
        response = self._tenant.handle(request)
        if request.path.endswith("/token") and response.status == 200:
            fresh = json.loads(response.body).get("refresh_token")
            if fresh:
                family = self._family.get(used or "", len(self._family))
                self._family[fresh], self._current[family] = family, fresh
        return response


def _first(sandbox: Sandbox, authority: Authority) -> str:
    ended = sandbox.sign_in(lambda url: sandbox.open(url, "alice"), authority=authority)
    return (ended.tokens.refresh_token if ended.tokens else None) or ""


def _steal(sandbox: Sandbox, authority: Authority, token: str) -> HttpResponse:
    return sandbox.post(
        authority.token_endpoint, client_id=CLIENT, grant_type="refresh_token", refresh_token=token
    )


def _asking(authority: Authority) -> AccessRequest:
    return AccessRequest.for_person(authority=authority, client_id=CLIENT, scopes=("databricks",))


def attack(sandbox: Sandbox) -> Demonstration:
    """As Entra has it: an old refresh token stays good."""
    first = _first(sandbox, sandbox.authority)
    renewed = refresh(_asking(sandbox.authority), first, sandbox.channels())
    stolen = _steal(sandbox, sandbox.authority, first)
    again = refresh(_asking(sandbox.authority), renewed.refresh_token or "", sandbox.channels())
    works = stolen.status == 200 and bool(again.access_token)
    return Demonstration(
        works,
        (
            "Mallory has copied the file in which Alice's program keeps its refresh token.",
            "Alice's program renews its token, and gets a new refresh token with it.",
            f"Mallory posts the old one: HTTP {stolen.status}. She has a token of Alice's.",
            "Alice's program renews again, and notices nothing.",
        ),
        "The attack works: for months, unless somebody revokes Alice's sessions.",
    )


def defence(sandbox: Sandbox) -> Demonstration:
    """Reuse detection; and what Entra has in its place."""
    authority = sandbox.authority_at(sandbox.host(_Strict(sandbox).handle))
    first = _first(sandbox, authority)
    renewed = refresh(_asking(authority), first, sandbox.channels())
    stolen = _steal(sandbox, authority, first)
    try:
        refresh(_asking(authority), renewed.refresh_token or "", sandbox.channels())
        ended = "nothing"
    except AuthorityError as error:
        ended = error.error
    plain = _first(sandbox, sandbox.authority)
    sandbox.tenant.advance(1)
    sandbox.tenant.revoke_sessions("alice")
    revoked = aadsts(_steal(sandbox, sandbox.authority, plain))
    return Demonstration(
        stolen.status == 400 and ended == "invalid_grant" and revoked == "AADSTS50173",
        (
            "A stricter authority remembers which refresh token is the newest of its family.",
            f"Mallory posts the old one: HTTP {stolen.status}, and the whole family is dead.",
            f"Alice's program renews: {ended}. She has to sign in again, and so learns of it.",
            f"At Entra an administrator revokes her sessions; Mallory then gets {revoked}.",
        ),
        "Stopped: by the authority. Our client's part is to keep the file from others.",
    )


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """Alice renews, Mallory posts the old token, Alice renews, at the authority with this."""
    family = {"rt-first": "f"}
    newest: dict[str, str | None] = {"f": "rt-first"}

    def handle(request: HttpRequest) -> HttpResponse:
        new = f"rt-{len(family)}"
        try:
            given = function(dict(fields_of(request))["refresh_token"], family, newest, new)
        except ValueError:
            return HttpResponse(status=400, body=b'{"error":"invalid_grant"}')
        family[new] = "f"
        return HttpResponse(status=200, body=json.dumps({"refresh_token": given}).encode())

    token = f"{stage.host_at('http://login.example', handle)}/token"
    oldest = next(iter(family))
    first = stage.posting(token, grant_type="refresh_token", refresh_token=oldest)
    renewed = stage.send(first)
    theft = stage.send(first)
    newer = [members(each).get("refresh_token") for each in (theft, renewed)]
    now = str(newer[0] or newer[1])
    again = stage.posting(token, grant_type="refresh_token", refresh_token=now)
    last = stage.send(again)
    return Rerun(
        stopped=theft.status == 400 and last.status == 400,
        works=renewed.status == 200,
        told=f"Mallory posts the old token: HTTP {theft.status}. Then Alice: HTTP {last.status}.",
        passed=(first, theft, again, last),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """The newest is exchanged; an old one ends its own family, for good, and no other."""
    old, now, other, next_one, later = (fresh() for _ in range(5))
    family = {old: "f", now: "f", other: "g"}
    newest: dict[str, str | None] = {"f": now, "g": other}

    def use(token: str, new: str) -> Callable[[], Any]:
        return lambda: function(token, family, newest, new)

    for odd in ("", fresh(), now[:-1], now.swapcase()):
        trials.refuses(use(odd, later), "An unknown token was taken.")
    trials.that(newest == {"f": now, "g": other}, "An unknown token must change nothing.")
    trials.gives(use(now, next_one), next_one, "The newest token.")
    trials.that(newest.get("f") == next_one, "The new token must be remembered as the newest.")
    family[next_one] = "f"
    trials.refuses(use(now, later), "An old token was taken.")
    trials.that(
        newest.get("f", "gone") is None, "After a reuse the family must be dead: newest is None."
    )
    for dead in (next_one, now, old):
        trials.refuses(use(dead, later), "A token of a dead family was taken.")
    trials.that(newest.get("f", "gone") is None, "A dead family must stay dead.")
    trials.gives(use(other, later), later, "Another family must live.")
    trials.that(newest.get("g") == later, "The new token must be remembered as the newest.")


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
