"""Lab 15: device code phishing. Alice signs Mallory in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from entra_oauth.lessons.labs.lab import Demonstration, Exercise, Lab, Trials
from entra_oauth.lessons.labs.sandbox import CLIENT, PASSWORD, aadsts, full_name, give_up
from entra_oauth.practice import PracticeBrowser
from entra_oauth.practice.fidelity import Label
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox

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
    owner = sandbox.owner(token) if token else "nobody"
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


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """What the repaired function must do."""
    device = "urn:ietf:params:oauth:grant-type:device_code"
    screens = {"meeting-room"}
    now = function
    trials.gives(lambda: bool(now("laptop", "authorization_code", 0, screens)), True, "Code flow.")
    trials.gives(lambda: bool(now("meeting-room", device, 60, screens)), True, "A screen.")
    trials.gives(lambda: bool(now("laptop", device, 60, screens)), False, "It has a browser.")
    trials.gives(lambda: bool(now("meeting-room", device, 901, screens)), False, "Too old.")
    trials.gives(lambda: bool(now("laptop", "device_code", 60, screens)), False, "The short name.")
    trials.gives(lambda: bool(now("laptop", "password", 0, screens)), False, "Not allowed at all.")


LAB = Lab(
    number=15,
    name="device-phishing",
    title="Alice signs Mallory in",
    source="RFC 8628 §5.4",
    label=Label.AS_ENTRA,
    fidelity="Entra has this flow with 15 minutes; policies can block it (Conditional Access).",
    story=(
        "A screen without a keyboard shows a code; the person types it on a phone.",
        "Whoever began the sign-in gets the token, wherever they are.",
        "The code can be sent by mail, with a good story around it.",
        "The page is genuine, the address is genuine, the lock is closed.",
        "What does the code flow have that this one lacks?",
    ),
    off=attack,
    on=defence,
    exercise=Exercise(
        function="allowed",
        broken='''\
def allowed(app, grant_type, age, screens):
    """Return whether the policy lets `app` use this grant.

    authorization_code: every app. The device grant: only apps in the set
    `screens`, and only while the code's `age` is at most 900 seconds. It is
    called urn:ietf:params:oauth:grant-type:device_code. Nothing else at all.
    """
    return grant_type != "password"
''',
        solution="""\
def allowed(app, grant_type, age, screens):
    if grant_type == "authorization_code":
        return True
    if grant_type == "urn:ietf:params:oauth:grant-type:device_code":
        return app in screens and age <= 900
    return False
""",
        check=check,
    ),
)
