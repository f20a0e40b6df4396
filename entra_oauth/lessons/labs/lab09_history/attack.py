"""Lab 9: a code in the browser's history. Needs a real browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from entra_oauth.errors import LocalError
from entra_oauth.lessons.labs.lab import Demonstration, Exercise, Lab, Trials
from entra_oauth.lessons.labs.naive import NaiveClient
from entra_oauth.practice.fidelity import Label
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, parse_form

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox

__all__ = ["LAB", "find_browser"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_ENOUGH = 48
"""Characters of a code that are searched for."""
_TIMEOUT_S = 30


def find_browser() -> str | None:
    """A Chromium on this machine."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


def _visit(url: str, profile: Path) -> None:
    """Open an address in a real browser with a profile of its own, and close it again."""
    browser = find_browser()
    if browser is None:
        raise LocalError(
            "Lab 9 needs a real browser: the package chromium is not here.",
            advice="Install chromium (on Debian: apt install chromium), or go on with lab 10.",
        )
    flags = ["--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium's sandbox refuses to run for root
    command = [browser, *flags, f"--user-data-dir={profile}", "--dump-dom", url]
    subprocess.run(  # noqa: S603 - the browser that was found, and an address of our own
        command, capture_output=True, timeout=_TIMEOUT_S, check=False
    )


def _files_with(code: str, profile: Path) -> list[str]:
    needle = code[:_ENOUGH].encode()
    found = (p for p in profile.rglob("*") if p.is_file() and needle in p.read_bytes())
    return sorted({path.name for path in found})


def attack(sandbox: Sandbox) -> Demonstration:
    """The answer in the address, as `response_mode=query` has it."""
    client = NaiveClient(
        sandbox.send,
        sandbox.authority.authorization_endpoint,
        sandbox.authority.token_endpoint,
        redirect_uri="",
    )
    client.redirect_uri = sandbox.host(client.callback)
    answer = sandbox.answer_for(client.authorize_url(), "alice")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        _visit(answer.url, Path(folder))
        files = _files_with(sandbox.code_of(answer), Path(folder))
    return Demonstration(
        "History" in files,
        (
            "A real Chromium opens the redirect that ends Alice's sign-in.",
            "It is closed again, and its profile is searched for her code.",
            f"Is the code in the file History? {'Yes' if 'History' in files else 'No'}.",
            f"Is it in other files too? {'Yes' if len(files) > 1 else 'No'}.",
        ),
        "The attack works: everything that can read the profile can read the code.",
    )


def defence(sandbox: Sandbox) -> Demonstration:
    """Our client: the answer comes as a form, and the browser is sent on."""
    found: list[list[str]] = []

    def visit(url: str) -> None:
        here = dict(parse_form(HttpRequest(method="GET", url=url).query))["redirect_uri"]
        pages: list[HttpResponse] = []
        codes: list[str] = []

        def send(request: HttpRequest) -> HttpResponse:
            if request.url.startswith(here):
                codes.append(sandbox.code_of(request))
                return HttpResponse(status=200)
            pages.append(sandbox.send(request))
            return pages[-1]

        sandbox.browser("alice", send).open(url)
        # The tenant's last page, which posts the form to our client, in the real browser.
        origin = sandbox.host(lambda request: pages[-1])
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            _visit(origin, Path(folder))
            found.append(_files_with(codes[0], Path(folder)))

    ended = sandbox.sign_in(visit)
    files = found[0] if found else ["?"]
    owner = sandbox.owner(ended.tokens.access_token) if ended.tokens else "nobody"
    return Demonstration(
        files == [] and owner == "alice",
        (
            "The same with our client: response_mode=form_post, then 303 to another address.",
            f"Files of the profile that hold the code: {len(files)}.",
            f"The sign-in worked: the token is {owner.title()}'s.",
        ),
        "Stopped: a form is in no history, and the page that is left has no code.",
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """What the repaired function must do."""
    form = [("code", "SECRET-CODE"), ("state", "SECRET-STATE")]

    def answer(method: str) -> tuple[int, str]:
        status, location = function(method, form)
        return int(status), str(location)

    trials.gives(lambda: answer("GET")[0], 405, "A code in an address must not be taken.")
    trials.gives(lambda: answer("POST")[0], 303, "After a POST, 303 makes the browser GET.")
    try:
        location = answer("POST")[1]
    except Exception:
        location = "SECRET"
    trials.that("SECRET" not in location, "Code or state stand in the address that it goes on to.")
    trials.that(location.startswith("/"), "The address must be one of our own: begin it with /.")


LAB = Lab(
    number=9,
    name="history",
    title="A code stays in the browser's history",
    source="RFC 9700 §4.3.1; OAuth 2.0 Form Post Response Mode",
    label=Label.AS_ENTRA,
    fidelity="Entra has query and form_post; the article uses query.",
    story=(
        "With response_mode=query the code is part of an address.",
        "Browsers write addresses down: history, sessions, sync, suggestions.",
        "Whoever reads the profile later reads the code.",
        "It is spent by then, one hopes; a failed sign-in leaves an unspent one.",
        "How can a browser carry an answer that is in no address?",
    ),
    off=attack,
    on=defence,
    exercise=Exercise(
        function="answer",
        broken='''\
def answer(method, fields):
    """Say how our listener answers a redirect: return (status, location).

    `fields` are the (name, value) pairs that came: code, state. They shall come
    by POST only (405 for all else), and the browser shall be sent on.
    """
    code = dict(fields)["code"]
    return 302, "/done?code=" + code
''',
        solution="""\
def answer(method, fields):
    if method != "POST":
        return 405, ""
    return 303, "/done"
""",
        check=check,
    ),
    needs="chromium",
)
