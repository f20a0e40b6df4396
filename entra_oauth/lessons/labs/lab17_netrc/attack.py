"""Lab 17: a password that nobody meant to send."""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from entra_oauth.child_program import answer_of
from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.rerun import Rerun
from entra_oauth.lessons.labs.trials import fresh
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

__all__ = ["LAB"]

_ROOT = Path(__file__).parents[4]
_TIMEOUT_S = 60
_FORM = "grant_type=authorization_code&code=c"

# The one place where the true library stands in for the naive client: it needs no help.
_WITH_REQUESTS = """
import sys, requests
form = dict(each.split("=") for each in sys.argv[2].split("&"))
requests.post(sys.argv[1], data=form, timeout=50)
"""
_WITH_OURS = """
import sys
sys.path.insert(0, sys.argv[3])
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.protocol.messages import FORM, HttpRequest
with RequestsBack(allow_keylog=True) as back:
    back.send(HttpRequest(method="POST", url=sys.argv[1], headers=(("Content-Type", FORM),),
        body=sys.argv[2].encode()), timeout_s=50)
"""


def _sent(sandbox: Sandbox, script: str) -> list[HttpRequest]:
    """The requests that arrive when a program posts, on a machine with a .netrc file."""
    got: list[HttpRequest] = []

    def handle(request: HttpRequest) -> HttpResponse:
        got.append(request)
        return HttpResponse(status=200, body=b"{}")

    url = f"{sandbox.host(handle)}/token"
    with tempfile.TemporaryDirectory() as folder:
        netrc = Path(folder) / "netrc"
        netrc.write_text("machine localhost login alice password not-a-secret\n", "utf-8")
        netrc.chmod(0o600)
        environ = {n: v for n, v in os.environ.items() if "PROXY" not in n.upper()}
        answer_of(
            [sys.executable, "-c", script, url, _FORM, str(_ROOT)],
            environ={**environ, "NETRC": str(netrc)},
            timeout_s=_TIMEOUT_S,
        )
    return got


def attack(sandbox: Sandbox) -> Demonstration:
    """`requests.post` as everybody writes it."""
    got = _sent(sandbox, _WITH_REQUESTS)
    header = (got[0].header("Authorization") or "nothing").partition(" ")[0] if got else "?"
    return Demonstration(
        header == "Basic",
        (
            "Years ago somebody put a line for this host into the file .netrc.",
            "A program posts its code with requests.post(url, data=form). No more than that.",
            f"What the authority finds in the header Authorization: {header}, and a password.",
            "An authority may take that for the client's own credentials, and refuse them.",
        ),
        "The attack works: the library sent a password that the program does not know of.",
    )


def defence(sandbox: Sandbox) -> Demonstration:
    """Our back channel, in the same environment."""
    got = _sent(sandbox, _WITH_OURS)
    names = [name for name, _ in got[0].headers] if got else ["?"]
    return Demonstration(
        "Authorization" not in names and "?" not in names and got[0].body == _FORM.encode(),
        (
            "The same file, the same host, our own client.",
            f"Headers that arrive: {', '.join(names)}.",
            f"Authorization among them? {'Yes' if 'Authorization' in names else 'No'}.",
        ),
        "Stopped: nothing that lies about on the machine joins in. What is sent is declared.",
    )


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """A token request and a call, with the headers of this function, where .netrc has the host."""
    got: list[HttpRequest] = []

    def handle(request: HttpRequest) -> HttpResponse:
        got.append(request)
        return HttpResponse(status=200, body=b"{}")

    origin = stage.host_at("http://login.example", handle)
    netrc = {"login.example": "Basic YWxpY2U6bm90LWEtc2VjcmV0"}
    url = f"{origin}/token"
    for token in (None, "a-token-of-alice"):
        headers = tuple(dict(function(url, token, netrc)).items())
        stage.send(HttpRequest(method="GET" if token else "POST", url=url, headers=headers))
    unasked = got[0].header("Authorization")
    return Rerun(
        stopped=unasked is None,
        works=got[1].header("Authorization") == "Bearer a-token-of-alice",
        told=f"A password that nobody decided to send went out: {'Yes' if unasked else 'No'}.",
        passed=tuple(got),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """The token that was given, or no header, whatever lies about on the machine."""
    host, token, password = f"{fresh().lower().strip('-_')}.example", fresh(), fresh()
    bearer = {"Authorization": f"Bearer {token}"}
    for url, why in (
        (f"https://{host}/token", "its host is in .netrc"),
        (f"https://{host}:8443/token", "its host is in .netrc, and it has a port"),
        (f"https://alice:{password}@{host}/token", "it has a password in its address"),
        ("https://other.example/token", "only the default of .netrc fits"),
        ("http://localhost:8400/token", "it is on this machine"),
    ):
        for netrc in ({}, {host: f"Basic {password}", "default": f"Basic {password}"}):
            trials.gives(
                partial(_named, function, url, None, netrc), {}, f"Without a token; {why}."
            )
            trials.gives(partial(_named, function, url, token, netrc), bearer, f"A token; {why}.")


def _named(function: Callable[..., Any], *given: Any) -> dict[str, str]:
    """The headers, their names as they are usually written."""
    return {str(name).title(): value for name, value in dict(function(*given)).items()}


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
