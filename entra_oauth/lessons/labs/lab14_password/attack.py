"""Lab 14: a program that asks for the password."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.naive import NaiveClient
from entra_oauth.lessons.labs.rerun import Rerun, fields_of
from entra_oauth.lessons.labs.sandbox import CLIENT, PASSWORD, full_name
from entra_oauth.lessons.labs.trials import fresh
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

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
        owners.append(ended.owner)
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


_WANTED = ("client_id", "code", "redirect_uri", "code_verifier")


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """The token request that the program makes with this function, at the practice tenant."""
    client = stage.client()
    client.verifier = fresh()
    code = dict(fields_of(stage.answer_for(client.authorize_url(), "alice")))["code"]
    given = {
        "client_id": CLIENT,
        "username": full_name("alice"),
        "password": PASSWORD,
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": client.verifier,
    }
    asked = stage.posting(stage.authority.token_endpoint, **dict(function(given)))
    answer = stage.send(asked)
    seen = quote_plus(PASSWORD) in asked.body.decode()
    return Rerun(
        stopped=not seen,
        works=answer.status == 200,
        told=f"The password is {'' if seen else 'not '}in the token request.",
        passed=(asked, answer),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """The five parameters, each as it was given, and nothing beside them."""
    given = {name: fresh() for name in ("username", "password", *_WANTED)}
    given["redirect_uri"] = "http://localhost:8400"
    try:
        form = dict(function(dict(given)))
    except Exception as error:
        trials.that(False, f"It must return a dict. It raised {type(error).__name__}.")
        return
    trials.hides(str(form), (given["password"],), "The password is in the form.")
    trials.hides(str(form), (given["username"],), "The user name has no place in a token request.")
    trials.that(form.get("grant_type") == "authorization_code", "grant_type=authorization_code.")
    for name in _WANTED:
        trials.that(form.get(name) == given[name], f"{name} is missing or changed.")
    more = sorted(str(name) for name in form if name not in ("grant_type", *_WANTED))
    trials.that(not more, f"Nothing else belongs into the form: {', '.join(more)}.")


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
