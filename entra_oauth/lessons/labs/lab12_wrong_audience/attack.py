"""Lab 12: a token for one API at another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from entra_oauth.errors import DestinationRefused
from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.naive import NaiveApi
from entra_oauth.lessons.labs.rerun import Rerun
from entra_oauth.lessons.labs.sandbox import CLIENT, PASSWORD, TENANT, full_name
from entra_oauth.lessons.labs.trials import fresh
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.jwt import decode
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from entra_oauth.protocol.resource.destination import check_destination
from entra_oauth.protocol.scopes import DATABRICKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

__all__ = ["LAB"]

WORKSPACE = "https://adb-1.1.azuredatabricks.net/api/2.0/clusters/list"


def _graph_token(sandbox: Sandbox) -> str:
    reply = sandbox.post(
        sandbox.authority.token_endpoint,
        client_id=CLIENT,
        grant_type="password",
        username=full_name("alice"),
        password=PASSWORD,
        scope="https://graph.microsoft.com/.default",
    )
    token: str = json.loads(reply.body)["access_token"]
    return token


def _call(sandbox: Sandbox, url: str, token: str) -> tuple[int, str]:
    headers = (("Authorization", f"Bearer {token}"),)
    reply = sandbox.send(HttpRequest(method="GET", url=url, headers=headers))
    return reply.status, reply.body.decode()


def attack(sandbox: Sandbox) -> Demonstration:
    """An API that does not look whom a token is for; and one that keeps what it is given."""
    api = NaiveApi()
    status, said = _call(sandbox, f"{sandbox.host(api.handle)}/", _graph_token(sandbox))
    second = NaiveApi()
    replayed, _ = _call(sandbox, f"{sandbox.host(second.handle)}/", api.seen[0])
    return Demonstration(
        status == 200 and "alice" in said and replayed == 200,
        (
            "Alice's token is for Microsoft Graph: that is what its aud says.",
            f"A program sends it to another API by mistake. It answers HTTP {status}.",
            f"That API is Mallory's. She sends the token on to a third one: HTTP {replayed}.",
            "Each of them believes that Alice is calling.",
        ),
        "The attack works: one careless API, and every token opens every door.",
    )


def _decision(url: str, scope: str) -> str:
    try:
        check_destination(url, scopes=(scope,), authority=Authority.of(TENANT))
    except DestinationRefused:
        return "refused"
    return "sent"


def defence(sandbox: Sandbox) -> Demonstration:
    """The workspace looks; and our client has a gate of its own. Nothing is sent to a cloud."""
    status, _ = _call(sandbox, f"{sandbox.base_url}/api/2.0/clusters/list", _graph_token(sandbox))
    wrong_api = _decision(WORKSPACE, "graph")
    wrong_host = _decision("https://adb-1.1.azuredatabricks.net.evil.example/", "databricks")
    right = _decision(WORKSPACE, "databricks")
    return Demonstration(
        status in (400, 401, 403)
        and (wrong_api, wrong_host, right) == ("refused", "refused", "sent"),
        (
            f"The practice workspace gets the same token for Graph: HTTP {status}.",
            f"Our client's gate, a token for Graph to a workspace: {wrong_api}.",
            f"A token for Databricks to a host that only ends differently: {wrong_host}.",
            f"A token for Databricks to a workspace: {right} (asked of the gate only).",
        ),
        "Stopped twice: the API compares aud, and the client does not send it elsewhere.",
    )


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """A token for Graph, and one for this API, at an API with this function."""
    token, own = (
        str(stage.tokens_by_password("alice", scope)["access_token"])
        for scope in ("https://graph.microsoft.com/.default", DATABRICKS)
    )
    me = str(decode(own).claims["aud"])

    def handle(request: HttpRequest) -> HttpResponse:
        claims = decode((request.header("Authorization") or "").removeprefix("Bearer ")).claims
        try:
            name = function(dict(claims), me, float(claims["nbf"]) + 60)
        except ValueError:
            return HttpResponse(status=401, body=b'{"message":"This token is not for us."}')
        return HttpResponse(status=200, body=f"Hello, {name}".encode())

    api = stage.host_at("http://api.example", handle)
    wrong, right = (
        HttpRequest(
            method="GET", url=f"{api}/clusters", headers=(("Authorization", f"Bearer {each}"),)
        )
        for each in (token, own)
    )
    answer = stage.send(wrong)
    return Rerun(
        stopped=answer.status != 200,
        works=stage.send(right).status == 200,
        told=f"A token for Graph at another API: HTTP {answer.status}.",
        passed=(wrong, answer),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """aud by the letter, exp always, nbf where it is there."""
    me, who = f"a{uuid4()}", f"{fresh()}@contoso-practice.example"
    good: dict[str, Any] = {"aud": me, "nbf": 1000, "exp": 2000, "upn": who}

    def at(now: float, claims: dict[str, Any] = good) -> Callable[[], Any]:
        return lambda: function(dict(claims), me, now)

    def without(name: str) -> Callable[[], Any]:
        return at(1500, {each: value for each, value in good.items() if each != name})

    for now in (1000, 1500, 1999):
        trials.gives(at(now), who, f"A good token (nbf 1000, exp 2000) at {now}.")
    trials.gives(without("nbf"), who, "nbf may be missing (RFC 7519 §4.1.5).")
    for aud, why in (
        ("https://graph.microsoft.com", "A token for Graph was taken."),
        (f"{me}.evil", "aud only begins so."),
        (f"evil{me}", "aud only ends so."),
        (me[:-1], "aud is only a part of our id."),
        (me.upper(), "aud in other case is another one (RFC 7519 §2: StringOrURI)."),
        ("", "An empty aud was taken."),
        (None, "A token whose aud is null was taken."),
        (["https://graph.microsoft.com"], "A list of others was taken."),
    ):
        trials.refuses(at(1500, {**good, "aud": aud}), why)
    for now in (2000, 2001, 10**10):
        trials.refuses(at(now), f"A token that has expired (exp 2000) at {now}.")
    for now in (999, 0):
        trials.refuses(at(now), f"A token that is not good yet (nbf 1000) at {now}.")
    trials.refuses(without("aud"), "A token without aud was taken.")
    trials.refuses(without("exp"), "A token without exp was taken: it never ends.")
    null = {**good, "exp": None}
    trials.refuses(at(1500, null), "A token whose exp is null was taken: it never ends.")
    trials.refuses(without("upn"), "A token of nobody was taken.")


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
