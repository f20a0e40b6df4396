"""Lab 15: device code phishing. Alice signs Mallory in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.rerun import Rerun, fields_of
from entra_oauth.lessons.labs.sandbox import CLIENT, PASSWORD, aadsts, full_name, give_up, owner_of
from entra_oauth.lessons.labs.stage import members
from entra_oauth.lessons.labs.trials import fresh
from entra_oauth.practice import PracticeBrowser
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

__all__ = ["LAB"]

SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"
NOT_PUBLIC = "51f61e00-0000-4000-8000-000000000004"
"""An app of the practice directory in which public client flows are switched off."""


def _begin(sandbox: Sandbox, client_id: str = CLIENT) -> dict[str, Any]:
    endpoint = f"{sandbox.authority.base}/{sandbox.authority.tenant}/oauth2/v2.0/devicecode"
    begun: dict[str, Any] = json.loads(
        sandbox.post(endpoint, client_id=client_id, scope=SCOPE).body
    )
    return begun


def _type(sandbox: Sandbox, user_code: str) -> str:
    """Alice types a code that was sent to her. Returns the page's text."""
    browser = PracticeBrowser(sandbox.send, full_name("alice"), PASSWORD, user_code=user_code)
    return browser.open(f"{sandbox.base_url}/devicelogin").text


def _collect(sandbox: Sandbox, device_code: str, client_id: str = CLIENT) -> HttpResponse:
    return sandbox.post(
        sandbox.authority.token_endpoint,
        client_id=client_id,
        grant_type="urn:ietf:params:oauth:grant-type:device_code",
        device_code=device_code,
    )


def attack(sandbox: Sandbox) -> Demonstration:
    """Mallory begins, Alice finishes."""
    begun = _begin(sandbox)
    _type(sandbox, begun["user_code"])
    reply = _collect(sandbox, begun["device_code"])
    token = json.loads(reply.body).get("access_token", "")
    owner = owner_of(token)
    return Demonstration(
        owner == "alice",
        (
            "Mallory begins a device sign-in on her own machine, and gets a short code.",
            "She writes to Alice: for the meeting, open the page and type this code.",
            "The page is the true one. Alice types the code and signs in.",
            f"Mallory asks for the token: HTTP {reply.status}. It is {owner.title()}'s.",
        ),
        "The attack works: nothing ties the device that began to the person who ends.",
    )


def defence(sandbox: Sandbox) -> Demonstration:
    """The code flow goes back to the machine that began; codes expire; a policy says no."""
    late = _begin(sandbox)
    sandbox.tenant.advance(901)
    page = HttpResponse(status=200, body=_type(sandbox, late["user_code"]).encode())
    expired = aadsts(page)
    refused = aadsts(_collect(sandbox, _begin(sandbox, NOT_PUBLIC)["device_code"], NOT_PUBLIC))

    def visit(url: str) -> None:
        sandbox.answer_for(url, "alice")  # on Alice's machine nobody listens there
        give_up(sandbox, url)

    ended = sandbox.sign_in(visit)
    got = "nothing" if ended.tokens is None else "a token"
    return Demonstration(
        expired == "AADSTS70019" and refused == "AADSTS7000218" and got == "nothing",
        (
            "Mallory sends Alice the authorize URL of our client instead of a code.",
            "Alice signs in. The answer goes to localhost: to Alice's machine, not Mallory's.",
            f"What Mallory's program got: {got}.",
            f"A device code that Alice types after a quarter of an hour: {expired}.",
            f"An app whose registration does not allow public client flows: {refused}.",
        ),
        "Stopped: by using the code flow wherever there is a browser, and by a policy that "
        "forbids the device grant to all other apps. The page can only warn.",
    )


_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_OTHERS = (
    "password",
    "refresh_token",
    "client_credentials",
    "implicit",
    "",
    "device_code",
    _DEVICE.upper(),
    _DEVICE.removeprefix("urn:"),
    f"{_DEVICE} ",
    "Authorization_Code",
    "authorization_code2",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
)


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """Mallory's device code, typed by Alice, at an authority with this policy."""
    endpoint = f"{stage.authority.base}/{stage.authority.tenant}/oauth2/v2.0/devicecode"

    def handle(request: HttpRequest) -> HttpResponse:
        form = dict(fields_of(request))
        if not function(form["client_id"], form["grant_type"], 60, {"a-screen"}):
            return HttpResponse(status=400, body=b'{"error":"unauthorized_client"}')
        return stage.send(stage.posting(stage.authority.token_endpoint, **form))

    front = f"{stage.host_at('http://login.example', handle)}/token"
    begun = members(stage.send(stage.posting(endpoint, client_id=CLIENT, scope=SCOPE)))
    page = f"{stage.authority.base}/devicelogin"
    browser = PracticeBrowser(
        stage.send, full_name("alice"), PASSWORD, user_code=begun["user_code"]
    )
    browser.open(page)
    theft = stage.posting(
        front, client_id=CLIENT, grant_type=_DEVICE, device_code=begun["device_code"]
    )
    answer = stage.send(theft)
    client = stage.client()
    client.token_endpoint = front
    own = dict(fields_of(stage.answer_for(client.authorize_url(), "alice")))
    honest = client.redeem(own["code"])
    owner = owner_of(members(answer).get("access_token", "")).title()
    return Rerun(
        stopped=answer.status != 200,
        works="access_token" in honest,
        told=f"Mallory's program gets the token of: {owner}.",
        passed=(theft, answer),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """Two grants, one of them for screens and for a quarter of an hour."""
    screen, another, laptop = f"Screen-{fresh()}", f"Screen-{fresh()}", f"laptop-{fresh()}"
    screens = {screen, another}

    def asked(app: str, grant: str, age: float, known: set[str] = screens) -> Callable[[], bool]:
        return lambda: bool(function(app, grant, age, set(known)))

    for app in (laptop, screen, ""):
        for age in (0, 900, 901, 10_000):
            trials.gives(asked(app, "authorization_code", age), True, "The code flow, for all.")
        for grant in _OTHERS:
            trials.gives(asked(app, grant, 60), False, f"The grant {grant!r} was allowed.")
    for age in (0, 100, 101, 600, 899, 900):
        for app in (screen, another):
            trials.gives(asked(app, _DEVICE, age), True, f"A screen, {age} seconds.")
    for age in (901, 1000, 86_400):
        trials.gives(asked(screen, _DEVICE, age), False, f"A screen, {age} seconds: too old.")
    for app in (laptop, screen[:-1], f"{screen}2", screen.swapcase(), ""):
        trials.gives(asked(app, _DEVICE, 60), False, "An app that is no screen.")
    trials.gives(asked(screen, _DEVICE, 60, set()), False, "No app is a screen here.")


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
