"""Lab 9: a code in the browser's history. Needs a real browser."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from entra_oauth.child_program import answer_of
from entra_oauth.errors import LocalError
from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.rerun import Rerun, fields_of
from entra_oauth.lessons.labs.stage import OURS
from entra_oauth.lessons.labs.trials import fresh
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, parse_form

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

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
    answer_of(command, timeout_s=_TIMEOUT_S)


def _files_with(code: str, profile: Path) -> list[str]:
    needle = code[:_ENOUGH].encode()
    found = (p for p in profile.rglob("*") if p.is_file() and needle in p.read_bytes())
    return sorted({path.name for path in found})


def attack(sandbox: Sandbox) -> Demonstration:
    """The answer in the address, as `response_mode=query` has it."""
    client = sandbox.naive_client()
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
    owner = ended.owner
    return Demonstration(
        files == [] and owner == "alice",
        (
            "The same with our client: response_mode=form_post, then 303 to another address.",
            f"Files of the profile that hold the code: {len(files)}.",
            f"The sign-in worked: the token is {owner.title()}'s.",
        ),
        "Stopped: a form is in no history, and the page that is left has no code.",
    )


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """An answer by address, one by form, at a listener that answers as this function says."""
    passed: list[HttpRequest | HttpResponse] = []

    def listen(request: HttpRequest) -> HttpResponse:
        status, location = function(request.method, fields_of(request))
        headers = (("Location", str(location)),) if location else ()
        return HttpResponse(status=int(status), headers=headers)

    client = stage.client(listen)
    answer = stage.answer_for(client.authorize_url(), "alice")
    code = dict(fields_of(answer))["code"]
    form = stage.posting(OURS, code=code, state="12345")
    kept, ways = [], []
    for request in (answer, form):
        reply = stage.send(request)
        passed += [request, reply]
        if request.method == "GET" and reply.status != 405:
            kept.append(request.url)
        ways.append(urljoin(f"{OURS}/", (reply.header("Location") or "").replace("\\", "/")))
    told_code = [each for each in (*kept, *ways) if code in each]
    away = [each for each in ways if urlsplit(each).netloc != urlsplit(OURS).netloc]
    return Rerun(
        stopped=not told_code and not away,
        works=passed[3].status in (302, 303),  # type: ignore[union-attr]
        told=f"Addresses in the history with the code: {len(told_code)}; elsewhere: {len(away)}.",
        passed=tuple(passed),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """POST only, then a path of our own that has nothing of what came."""
    code, state = fresh(), fresh()
    form = [("code", code), ("state", state)]
    refused = [("error", "access_denied"), ("state", state)]

    def status(method: str, fields: list[tuple[str, str]]) -> int:
        return int(function(method, list(fields))[0])

    def way_on(method: str, fields: list[tuple[str, str]]) -> str:
        return str(function(method, list(fields))[1])

    for method in ("GET", "HEAD", "PUT", "DELETE", "post", ""):
        why = f"{method or 'No method'}: only POST is taken; a code in an address never."
        trials.gives(partial(status, method, form), 405, why)
    for fields, what in ((form, "a code"), (refused, "an error")):
        why = f"After a POST with {what}, 303 makes the browser GET."
        trials.gives(partial(status, "POST", fields), 303, why)
    try:
        by_get, location, again = (way_on(each, form) for each in ("GET", "POST", "POST"))
        other = way_on("POST", [("code", fresh()), ("state", state)])
    except Exception:
        return  # a complaint says so already
    trials.hides(by_get + location, (code, state), "Code or state stand in the address.")
    # An address that is made anew each time is fine; one that follows from the code is not.
    trials.that(location != again or location == other, "The address follows from the code.")
    for each in (by_get, location):
        trials.that(
            not each or re.fullmatch(r"/(?![/\\])[!-~]*", each) is not None,
            "The address must be a path of our own: one / first, and no other host behind it.",
        )
    trials.that(location != "", "The browser must be sent on.")


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
