"""Lab 16: the landing page tells others the code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.naive import naive_page
from entra_oauth.lessons.labs.rerun import Rerun
from entra_oauth.lessons.labs.sandbox import CLIENT
from entra_oauth.lessons.labs.trials import fresh
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, parse_form

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

__all__ = ["LAB"]

_IMAGE = re.compile(r'<img\b[^>]*\bsrc="([^"]+)"')
_POLICY = re.compile(r'<meta name="referrer" content="([^"]+)"')


def load_images(send: Callable[[HttpRequest], object], address: str, page: HttpResponse) -> int:
    """Fetch a page's images as a browser would, Referer included. Returns how many."""
    if "default-src 'none'" in (page.header("Content-Security-Policy") or ""):
        return 0
    text = page.body.decode("utf-8", "replace")
    found = _POLICY.search(text)
    policy = page.header("Referrer-Policy") or (found[1] if found else "")
    parts = urlsplit(address)
    # What browsers do since 2020 without a policy: the origin only.
    referer = address if policy == "unsafe-url" else f"{parts.scheme}://{parts.netloc}/"
    headers = () if policy == "no-referrer" else (("Referer", referer),)
    for image in _IMAGE.findall(text):
        send(HttpRequest(method="GET", url=image, headers=headers))
    return len(_IMAGE.findall(text))


def _statistics(sandbox: Sandbox) -> list[str]:
    """The other host, and the Referers that it sees."""
    referers: list[str] = []

    def handle(request: HttpRequest) -> HttpResponse:
        referers.append(request.header("Referer") or "")
        return HttpResponse(status=200)

    sandbox.host(handle, "statistics.example")
    return referers


def attack(sandbox: Sandbox) -> Demonstration:
    """An image on the page after the sign-in."""
    referers = _statistics(sandbox)
    client = sandbox.naive_client("")
    # It is slow, or fails: the page is there before the code is redeemed.
    client.redirect_uri = sandbox.host(lambda request: naive_page(request.query))
    answer = sandbox.answer_for(client.authorize_url(), "alice")
    load_images(sandbox.send, answer.url, sandbox.send(answer))
    code = sandbox.code_of(HttpRequest(method="GET", url=referers[0])) if referers else ""
    stolen = sandbox.post(
        sandbox.authority.token_endpoint,
        client_id=CLIENT,
        grant_type="authorization_code",
        code=code,
        redirect_uri=client.redirect_uri,
    )
    return Demonstration(
        bool(code) and stolen.status == 200,
        (
            "The page after the sign-in counts its visitors: an image from statistics.example.",
            "The browser fetches it, and says in Referer on which page it stood.",
            "That page's address holds Alice's code; so does the other host's log now.",
            f"Somebody there redeems it: HTTP {stolen.status}.",
        ),
        "The attack works: browsers send the origin only, unless a page asks for more, as "
        "this one did.",
    )


def defence(sandbox: Sandbox) -> Demonstration:
    """Every page that our listener shows."""
    referers = _statistics(sandbox)
    pages: list[HttpResponse] = []
    addresses: list[str] = []

    def visit(url: str) -> None:
        here = dict(parse_form(urlsplit(url).query))["redirect_uri"]

        def send(request: HttpRequest) -> HttpResponse:
            response = sandbox.send(request)
            if request.url.startswith(here):
                pages.append(response)
                addresses.append(request.url)
                load_images(sandbox.send, request.url, response)
            return response

        sandbox.browser("alice", send).open(url)

    ended = sandbox.sign_in(visit)
    statuses = [page.status for page in pages]
    last = pages[-1]
    quiet = all(page.header("Referrer-Policy") == "no-referrer" for page in pages)
    closed = "default-src 'none'" in (last.header("Content-Security-Policy") or "")
    return Demonstration(
        ended.tokens is not None
        and not referers
        and statuses == [303, 200]
        and quiet
        and closed
        and not any("code=" in each for each in addresses),
        (
            f"Our listener's answers: {statuses[0]}, to an address without a code, then "
            f"{statuses[1]}.",
            f"Referrer-Policy: no-referrer on each? {'Yes' if quiet else 'No'}.",
            f"May the page load anything (Content-Security-Policy)? {'No' if closed else 'Yes'}.",
            f"What statistics.example was told: {len(referers)} addresses.",
        ),
        "Stopped three times: no code in the address, no Referer, nothing to be loaded.",
    )


_LOADS = re.compile(
    r"//|\bsrc(?:set)?\s*=|\bdata\s*=|url\s*\(|@import|<(?:script|link|base|form|iframe)|http-equiv",
    re.IGNORECASE,
)
_ALSO_LOAD = ("link", "refresh", "set-cookie", "x-dns-prefetch-control")


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """The page that this function makes of Alice's answer, in a browser that loads images."""
    told: list[HttpRequest] = []

    def statistics(request: HttpRequest) -> HttpResponse:
        told.append(request)
        return HttpResponse(status=200)

    def landing(request: HttpRequest) -> HttpResponse:
        status, headers, page = function(request.query)
        pairs = tuple((str(name), str(value)) for name, value in dict(headers).items())
        return HttpResponse(status=int(status), headers=pairs, body=str(page).encode())

    stage.host_at("http://statistics.example", statistics)
    answer = stage.answer_for(stage.client(landing).authorize_url(), "alice")
    page = stage.send(answer)
    load_images(stage.send, answer.url, page)
    return Rerun(
        stopped=not told,
        works=page.status < 400,
        told=f"Requests of the page to statistics.example: {len(told)}.",
        passed=(answer, page, *told),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """303 to /done, one policy without any source, and nothing of the code anywhere."""
    code, state = fresh(), fresh()
    try:
        status, given, page = function(f"code={code}&state={state}")
        pairs = [(str(name).lower(), str(value)) for name, value in dict(given).items()]
    except Exception as error:
        trials.that(False, f"It must return (status, headers, page): {type(error).__name__}.")
        return
    headers = dict(pairs)
    trials.that(len(headers) == len(pairs), "A header stands there twice, in other case.")
    trials.that(status == 303, "303 sends the browser on to an address without a code.")
    trials.that(headers.get("location") == "/done", "The address to go on to is /done.")
    trials.that(headers.get("referrer-policy") == "no-referrer", "Referrer-Policy: no-referrer.")
    trials.hides(f"{page} {pairs}", (code, state), "The code or the state is in the answer.")
    trials.that(_LOADS.search(str(page)) is None, "The page loads something, or has a script.")
    extra = [name for name in _ALSO_LOAD if name in headers]
    trials.that(not extra, f"This header makes the browser fetch or keep something: {extra}.")
    policy = _directives(headers.get("content-security-policy", ""))
    trials.that(
        policy.get("default-src") == "'none'", "Content-Security-Policy: default-src 'none'."
    )
    wider = [name for name, value in policy.items() if value not in ("'none'", "")]
    trials.that(not wider, f"The policy has another source or address: {', '.join(wider)}.")


def _directives(policy: str) -> dict[str, str]:
    """Name and value of each directive. Of two with one name the first counts (CSP level 3)."""
    found: dict[str, str] = {}
    for each in policy.split(";"):
        name, _, value = each.strip().partition(" ")
        if name:
            found.setdefault(name.lower(), value.strip())
    return found


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
