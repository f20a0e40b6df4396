"""Lab 4: a redirect URI that only begins like the registered one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from entra_oauth.errors import UsageError
from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.naive import NaiveAuthority, NaiveClient
from entra_oauth.lessons.labs.rerun import Rerun
from entra_oauth.lessons.labs.sandbox import CLIENT, aadsts
from entra_oauth.lessons.labs.trials import fresh
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

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


_LOCAL, _PORT, _WEB = "http://localhost", "http://localhost:8400/cb", "https://app.example/cb"
_CASES: tuple[tuple[list[str], str, bool, str], ...] = (
    ([_LOCAL], "http://localhost", True, "The registered one."),
    ([_LOCAL], "http://localhost:8400", True, "The port of localhost does not count."),
    ([_LOCAL], "http://localhost:1", True, "The port of localhost does not count."),
    ([_LOCAL], "http://localhost:65535", True, "The port of localhost does not count."),
    ([_PORT], "http://localhost:8400/cb", True, "The registered one."),
    ([_PORT], "http://localhost:9000/cb", True, "The registered port does not count either."),
    ([_PORT], "http://localhost/cb", True, "The registered port does not count either."),
    ([_WEB], _WEB, True, "The registered one."),
    ([_LOCAL, _WEB], _WEB, True, "The second of two."),
    ([_WEB, _LOCAL], "http://localhost:8400", True, "The second of two."),
    ([], _LOCAL, False, "Nothing is registered."),
    ([_WEB], _LOCAL, False, "localhost is not registered."),
    ([_WEB], "http://localhost:8400", False, "localhost is not registered."),
    ([_PORT], "http://localhost:9000", False, "Another path."),
    ([_PORT], "http://localhost:9000/cb/x", False, "It only begins like it."),
    ([_LOCAL], "http://localhost.evil.example", False, "It only begins like it."),
    ([_LOCAL], "http://localhost:8400.evil.example", False, "It only begins like it."),
    ([_LOCAL], "http://localhost:8400@evil.example", False, "The host stands after the @."),
    ([_LOCAL], "http://localhost@evil.example", False, "The host stands after the @."),
    ([_LOCAL], "http://me:pw@localhost:8400", False, "Only the port may differ."),
    ([_LOCAL], "http://localhost:evil", False, "That is no port."),
    ([_LOCAL], "http://localhost:8400?x=1", False, "Something was added."),
    ([_LOCAL], "http://localhost:8400#x", False, "Something was added."),
    ([_LOCAL], "http://localhost:8400/other", False, "Another path."),
    ([_LOCAL], "https://localhost", False, "Another scheme."),
    ([_LOCAL], "http://127.0.0.1:8400", False, "Another name, though of the same machine."),
    ([_LOCAL], "http://evil.example/?http://localhost", False, "It only holds it."),
    ([_WEB], "https://app.example/cb/../steal", False, "It only begins like it."),
    ([_WEB], "https://app.example/cb/", False, "It only begins like it."),
    ([_WEB], "https://app.example/other", False, "Another path."),
    ([_WEB], "https://app.example/CB", False, "A path in other case is another path."),
    ([_WEB], "https://app.example:444/cb", False, "Of other hosts the port does count."),
    ([_WEB], "https://app.example/cb?x=1", False, "Something was added."),
    ([_WEB], "https://app.example.evil.example/cb", False, "Another host."),
    ([_WEB], "http://app.example/cb", False, "Another scheme."),
)


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """Mallory's redirect URI, and one of Alice's program, at the authority with this function."""
    authority = NaiveAuthority(is_registered=function)
    origin = stage.host_at("http://login.example", authority.handle)
    client = NaiveClient(stage.send, f"{origin}/authorize", "", f"http://{EVIL}/cb")
    asked = HttpRequest(method="GET", url=client.authorize_url())
    answer = stage.send(asked)
    client.redirect_uri = "http://localhost:8401"
    honest = stage.get(client.authorize_url()).status == 302
    sent = answer.status == 302
    return Rerun(
        stopped=not sent,
        works=honest,
        told=f"Alice's code is sent to {EVIL if sent else 'nobody but her own program'}.",
        passed=(asked, answer),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """Each case of the table, and a host that nobody can have written into the answer."""
    for registered, asked, wanted, why in _CASES:
        trials.gives(_decided(function, registered, asked), wanted, f"{asked}: {why}")
    mine = f"https://{fresh().lower().strip('-_')}.example/cb"
    trials.gives(_decided(function, [mine], mine), True, "The registered one.")
    trials.gives(_decided(function, [_WEB], mine), False, "Not the registered one.")


def _decided(function: Callable[..., Any], registered: list[str], asked: str) -> Callable[[], bool]:
    return lambda: bool(function(list(registered), asked))


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
