"""Lab 4: a redirect URI that only begins like the registered one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from entra_oauth.errors import UsageError
from entra_oauth.lessons.labs.lab import Demonstration, Exercise, Lab, Trials
from entra_oauth.lessons.labs.naive import NaiveAuthority, NaiveClient
from entra_oauth.lessons.labs.sandbox import CLIENT, aadsts
from entra_oauth.practice.fidelity import Label
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox

__all__ = ["LAB"]

EVIL = "localhost.evil.example"


def attack(sandbox: Sandbox) -> Demonstration:
    """The browser follows the answer to a host that was never registered."""
    at_evil: list[HttpRequest] = []

    def evil(request: HttpRequest) -> HttpResponse:
        at_evil.append(request)
        return HttpResponse(status=200)

    sandbox.host(evil, EVIL)
    origin = sandbox.host(NaiveAuthority().handle)
    client = NaiveClient(sandbox.send, f"{origin}/authorize", "", f"http://{EVIL}/cb")
    sandbox.open(client.authorize_url())
    code = sandbox.code_of(at_evil[0]) if at_evil else ""
    return Demonstration(
        bool(code),
        (
            "Registered: http://localhost. The authority compares the beginning only.",
            f"Mallory sends Alice an authorize URL with redirect_uri=http://{EVIL}/cb.",
            "Alice sees the true sign-in page of the true authority, and signs in.",
            f"Her browser is sent on to {EVIL}, with her code in the address.",
        ),
        "The attack works: the code is Mallory's, and Alice saw nothing wrong.",
    )


def defence(sandbox: Sandbox) -> Demonstration:
    """Exact comparison at the tenant; and our client does not even build such a request."""
    endpoint = sandbox.authority.authorization_endpoint
    client = NaiveClient(sandbox.send, endpoint, "", f"http://{EVIL}/cb")
    page = sandbox.get(client.authorize_url())
    code = aadsts(page)
    try:
        AuthorizationRequest.hardened(
            authority=sandbox.authority,
            client_id=CLIENT,
            redirect_uri=f"http://{EVIL}/cb",
            scopes=("databricks",),
        )
        said = "nothing"
    except UsageError as error:
        said = error.what
    return Demonstration(
        code == "AADSTS50011" and page.header("Location") is None and said != "nothing",
        (
            f"The same URL at the practice tenant: {code}, on a page of its own.",
            "The browser is sent nowhere, so nothing is told to the wrong host.",
            f"Our client, asked for such a redirect URI, says: {said}",
        ),
        "Stopped: the whole URI is compared; of localhost only the port is free.",
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """What the repaired function must do."""
    local, web = ["http://localhost"], ["https://app.example/cb"]
    cases = (
        (local, "http://localhost", True, "The registered one."),
        (local, "http://localhost:8400", True, "The port of localhost does not count."),
        (web, "https://app.example/cb", True, "The registered one."),
        (local, "http://localhost.evil.example", False, "It only begins like it."),
        (local, "http://localhost:8400@evil.example", False, "The host stands after the @."),
        (local, "https://localhost", False, "Another scheme."),
        (local, "http://localhost/other", False, "Another path."),
        (web, "https://app.example/cb/../steal", False, "It only begins like it."),
        (web, "https://app.example:444/cb", False, "Of other hosts the port does count."),
        (web, "https://app.example/cb?x=1", False, "Something was added."),
    )
    for registered, asked, wanted, why in cases:
        trials.gives(partial(function, registered, asked), wanted, f"{asked}: {why}")


LAB = Lab(
    number=4,
    name="redirect-prefix",
    title="A redirect URI that only begins like ours",
    source="RFC 9700 §2.1, §4.1; RFC 8252 §7.3",
    label=Label.AS_ENTRA,
    fidelity="Entra shows AADSTS50011 and ignores only the port of localhost.",
    story=(
        "The authority sends the code to the redirect URI in the request.",
        "Anybody can make a request with our public client id.",
        "So the authority compares the URI with those that are registered.",
        "If it compares too little, the code goes to whoever asked.",
        "Which part of http://localhost:8400/ may differ, and why only that?",
    ),
    off=attack,
    on=defence,
    exercise=Exercise(
        function="is_registered",
        broken='''\
def is_registered(registered, asked):
    """Return whether the redirect URI `asked` is one of the list `registered`.

    Exact comparison; only for http://localhost the port does not count.
    """
    for uri in registered:
        if asked.startswith(uri):
            return True
    return False
''',
        solution="""\
import re


def is_registered(registered, asked):
    for uri in registered:
        if asked == uri:
            return True
        if uri.startswith("http://localhost"):
            without_port = re.sub(r"^(http://localhost):[0-9]{1,5}(?=/|$)", r"\\1", asked)
            if without_port == uri:
                return True
    return False
""",
        check=check,
    ),
)
