"""Lab 17: a password that nobody meant to send."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from entra_oauth.lessons.labs.lab import Demonstration, Exercise, Lab, Trials
from entra_oauth.practice.fidelity import Label
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox

__all__ = ["LAB"]

_ROOT = Path(__file__).parents[4]
_TIMEOUT_S = 30
_FORM = "grant_type=authorization_code&code=c"

# The one place where the true library stands in for the naive client: it needs no help.
_WITH_REQUESTS = """
import sys, requests
form = dict(each.split("=") for each in sys.argv[2].split("&"))
requests.post(sys.argv[1], data=form, timeout=10)
"""
_WITH_OURS = """
import sys
sys.path.insert(0, sys.argv[3])
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.protocol.messages import FORM, HttpRequest
with RequestsBack(allow_keylog=True) as back:
    back.send(HttpRequest(method="POST", url=sys.argv[1], headers=(("Content-Type", FORM),),
        body=sys.argv[2].encode()), timeout_s=10)
"""


def _sent(sandbox: Sandbox, script: str) -> list[HttpRequest]:
    """What arrives when a program posts, on a machine with a .netrc file."""
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
        subprocess.run(  # noqa: S603 - a few lines of our own
            [sys.executable, "-c", script, url, _FORM, str(_ROOT)],
            env={**environ, "NETRC": str(netrc)},
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
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


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """What the repaired function must do."""
    netrc = {"login.example": "Basic netrc-password", "api.example": "Basic netrc-password"}
    url, api = "https://login.example/token", "https://api.example/clusters"
    trials.gives(lambda: function(url, None, netrc), {}, "Nobody asked for Authorization.")
    trials.gives(
        lambda: function(api, "at", netrc), {"Authorization": "Bearer at"}, "The token we meant."
    )
    trials.gives(
        lambda: function("https://other.example/", "at", {}),
        {"Authorization": "Bearer at"},
        "The token we meant, without a .netrc.",
    )


LAB = Lab(
    number=17,
    name="netrc",
    title="A password that nobody meant to send",
    source="RFC 6749 §2.3.1; measured with requests",
    label=Label.TOY,
    fidelity="What Entra does with a header that it did not expect was not tried here.",
    story=(
        "The file .netrc holds passwords by host, for ftp and old tools.",
        "HTTP libraries read it unasked; so do variables, cookies, proxies join in.",
        "A token request has its secrets in the body, and needs no header.",
        "With one, the authority sees two ways of proving who the client is.",
        "How would you find out what your library really sends?",
    ),
    off=attack,
    on=defence,
    exercise=Exercise(
        function="headers",
        broken='''\
def headers(url, token, netrc):
    """Return the headers (a dict) for a request: Authorization, or nothing.

    `token` is an access token or None. `netrc` is what .netrc says: host -> value.
    Only what the program itself has decided to send may go out.
    """
    host = url.split("/")[2]
    if host in netrc:
        return {"Authorization": netrc[host]}
    return {"Authorization": f"Bearer {token}"} if token else {}
''',
        solution="""\
def headers(url, token, netrc):
    if token is None:
        return {}
    return {"Authorization": f"Bearer {token}"}
""",
        check=check,
    ),
)
