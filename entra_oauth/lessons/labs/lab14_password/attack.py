"""Lab 14: a program that asks for the password."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from entra_oauth.lessons.labs.lab import Demonstration, Exercise, Lab, Trials
from entra_oauth.lessons.labs.naive import NaiveClient
from entra_oauth.lessons.labs.sandbox import PASSWORD, full_name
from entra_oauth.practice.fidelity import Label
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox

__all__ = ["LAB"]


def attack(sandbox: Sandbox) -> Demonstration:
    """The password grant: works for Alice, whose password the program now has."""
    bodies: list[bytes] = []

    def send(request: HttpRequest) -> HttpResponse:
        bodies.append(request.body)
        return sandbox.send(request)

    client = NaiveClient(send, "", sandbox.authority.token_endpoint, "")
    alice = client.password(full_name("alice"), PASSWORD)
    carol = client.password(full_name("carol"), PASSWORD)
    seen = f"password={quote_plus(PASSWORD)}".encode() in bodies[0]
    codes = carol.get("error_codes", [0])
    return Demonstration(
        "access_token" in alice and seen and codes == [50076],
        (
            "A program asks Alice for her name and password, and posts both to /token.",
            f"It gets a token. Did the program see her password? {'Yes' if seen else 'No'}.",
            "It could keep it, or use it anywhere: nobody can tell where it was typed.",
            f"Carol has a second step. Her password is right, and she gets AADSTS{codes[0]}.",
        ),
        "The attack works: people learn to type their password into programs.",
    )


def defence(sandbox: Sandbox) -> Demonstration:
    """The code flow: the password is typed at the authority, and Carol's second step works."""
    found, owners = False, []
    for person in ("alice", "carol"):
        ended = sandbox.sign_in(partial(sandbox.open, person=person))
        for each in ended.recording.exchanges:
            answer = each.response.body if each.response else b""
            message = each.request.url.encode() + each.request.body + answer
            found = found or b"passw" in message.lower()
        owners.append(sandbox.owner(ended.tokens.access_token) if ended.tokens else "nobody")
    return Demonstration(
        not found and owners == ["alice", "carol"],
        (
            "Our client sends Alice to the authority's own page, in her own browser.",
            "Every message that our client saw is searched for the password.",
            f"Was it there? {'Yes' if found else 'No'}.",
            "Carol does her second step on that page.",
            f"There are tokens of {' and '.join(map(str.title, owners))}.",
        ),
        "Stopped: what a program never sees it cannot lose.",
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """What the repaired function must do."""
    given = {
        "client_id": "app",
        "username": "alice",
        "password": "SECRET-PASSWORD",
        "code": "c1",
        "redirect_uri": "http://localhost:8400",
        "code_verifier": "v" * 43,
    }
    try:
        form = dict(function(given))
    except Exception as error:
        trials.that(False, f"It must return a dict. It raised {type(error).__name__}.")
        return
    trials.that("SECRET" not in str(form), "The password is in the form.")
    trials.that("username" not in form, "The user name has no place in a token request.")
    trials.that(form.get("grant_type") == "authorization_code", "grant_type=authorization_code.")
    for name in ("client_id", "code", "redirect_uri", "code_verifier"):
        trials.that(form.get(name) == given[name], f"{name} is missing or changed.")


LAB = Lab(
    number=14,
    name="password",
    title="A program asks for the password",
    source="RFC 9700 §2.4",
    label=Label.AS_ENTRA,
    fidelity="Entra still has the password grant for work accounts, and answers 50076 for MFA.",
    story=(
        "The password grant is one request: name, password, token. How simple!",
        "The program sees the password, and whoever wrote or changed it too.",
        "A second step, a passkey, a policy: none of them fits into that request.",
        "RFC 9700 says MUST NOT; Microsoft is ending it.",
        "What would a program have to be for you to type your password into it?",
    ),
    off=attack,
    on=defence,
    exercise=Exercise(
        function="token_form",
        broken='''\
def token_form(given):
    """Return the form (a dict) for the token endpoint: the code flow with PKCE.

    `given` has client_id, username, password, code, redirect_uri, code_verifier.
    """
    return {
        "grant_type": "password",
        "client_id": given["client_id"],
        "username": given["username"],
        "password": given["password"],
    }
''',
        solution="""\
def token_form(given):
    form = {"grant_type": "authorization_code"}
    for name in ("client_id", "code", "redirect_uri", "code_verifier"):
        form[name] = given[name]
    return form
""",
        check=check,
    ),
)
