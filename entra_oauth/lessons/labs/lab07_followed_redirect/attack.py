"""Lab 7: the token endpoint answers with a redirect, and the client follows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from entra_oauth.lessons.labs.hostile import HostileServer
from entra_oauth.lessons.labs.lab import Demonstration, Exercise, Lab, Trials
from entra_oauth.lessons.labs.naive import NaiveClient
from entra_oauth.practice.fidelity import Label
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox

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
            "The client follows, as most HTTP libraries do unasked.",
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


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """What the repaired function must do."""
    sent: list[str] = []

    def world(status: int) -> Callable[[str, str], tuple[int, str, str]]:
        def send(url: str, body: str) -> tuple[int, str, str]:
            sent.append(url)
            if url == "https://evil.example/token":
                return 200, "", "mallorys"
            return status, "https://evil.example/token", "answer"

        return send

    ours = "https://login.example/token"
    trials.gives(lambda: function(world(200), ours, "code=c"), "answer", "A good answer.")
    for status in (301, 302, 303, 307, 308):
        sent.clear()
        trials.refuses(partial(function, world(status), ours, "code=c"), f"A {status}.")
        trials.that(sent == [ours], f"After a {status} the body was sent on.")


LAB = Lab(
    number=7,
    name="followed-redirect",
    title="The token request is sent somewhere else",
    source="RFC 9700 §4.12 (there for the browser); RFC 6749 §3.2",
    label=Label.TOY,
    fidelity="Entra's token endpoint redirects nobody; proxies and captive portals do.",
    story=(
        "The token request holds the code, and the verifier, in its body.",
        "An HTTP client that follows 307 and 308 sends that body again, elsewhere.",
        "A proxy, a captive portal or a typing error can produce such an answer.",
        "TLS does not help: the other host has a certificate of its own.",
        "Is there any good reason for a token endpoint to redirect?",
    ),
    off=attack,
    on=defence,
    exercise=Exercise(
        function="post",
        broken='''\
def post(send, url, body):
    """Post a form to the token endpoint and return the body of the answer.

    `send(url, body)` sends once and returns (status, location, body).
    Raise ValueError for an answer that is a redirect.
    """
    status, location, answer = send(url, body)
    if 300 <= status < 400:
        return post(send, location, body)
    return answer
''',
        solution="""\
def post(send, url, body):
    status, location, answer = send(url, body)
    if 300 <= status < 400:
        raise ValueError("a token endpoint does not redirect")
    return answer
""",
        check=check,
    ),
)
