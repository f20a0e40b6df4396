"""Chapter 10: errors, read; and the same commands for the learner's own tenant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.lessons.learn.classroom import CLIENT, DATABRICKS, members
from entra_oauth.lessons.learn.steps import Chapter, Feedback, Page, Task, choice, right, wrong
from entra_oauth.lessons.learn.typed_answer import value_of
from entra_oauth.protocol.glossary.lookup import explain
from entra_oauth.protocol.messages import parse_form

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.classroom import Classroom

__all__ = ["CHAPTER"]

SCOPE = f"{DATABRICKS}/.default"
_WEB_APP = "5eb00000-0000-4000-8000-000000000002"
_WEB_URI = "http://localhost/web"
_LATER_S = 91 * 86_400
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)


def _begin(classroom: Classroom) -> None:
    token = classroom.sign_in(f"{SCOPE} offline_access")["refresh_token"]
    classroom.tenant.advance(_LATER_S)
    reply = classroom.post(
        (("client_id", CLIENT), ("grant_type", "refresh_token"), ("refresh_token", token))
    )
    classroom.tenant.advance(-_LATER_S)
    classroom.parts["error"] = reply
    classroom.values["number"] = str(members(reply)["error_codes"][0])
    classroom.values["error"] = str(members(reply)["error"])


def _number(typed: str, classroom: Classroom) -> Feedback:
    given = value_of(typed, "error_codes", "number").strip(" []")
    digits = "".join(given.upper().split()).removeprefix("AADSTS").rstrip(":.")
    if digits == classroom.values["number"]:
        return right("It stands twice: in error_codes, and at the beginning of the description.")
    if given == classroom.values["error"]:
        return wrong("That is the word of OAuth. Entra's number begins with AADSTS in the text.")
    if not digits.isdigit():
        return wrong("Type the number, with or without AADSTS before it.")
    return wrong("Not that one. Look behind AADSTS in error_description.")


def _word(typed: str, classroom: Classroom) -> Feedback:
    typed = value_of(typed, "error")
    if typed.lower() == classroom.values["error"]:
        return right(
            "Programs decide by this word, and by Entra's suberror where there is one. The text "
            "is for people and may change at any time."
        )
    if "aadsts" in typed.lower() or typed.isdigit():
        return wrong("That is Entra's own number. The word of OAuth stands behind error.")
    return wrong("Not that one. It is the value behind error, one word.")


def _web(classroom: Classroom) -> str:
    asked = (
        ("client_id", _WEB_APP),
        ("response_type", "code"),
        ("redirect_uri", _WEB_URI),
        ("scope", SCOPE),
        ("state", "kettle-lantern-river-42"),
    )
    answer = dict(parse_form(urlsplit(classroom.browse(classroom.authorize_url(asked)).url).query))
    reply = classroom.post(
        (
            ("client_id", _WEB_APP),
            ("scope", SCOPE),
            ("code", answer.get("code", "")),
            ("redirect_uri", _WEB_URI),
            ("grant_type", "authorization_code"),
        )
    )
    found = explain("7000218")[0]
    return (
        "An app was registered under the platform Web by mistake, and redeems its code as you did "
        f"in chapter 4:\n\n{classroom.answer_lines(reply)}\n\n"
        f"entra-oauth explain AADSTS7000218 says: {found.meaning} Who can put it right?"
    )


def _given(name: str, typed: str, classroom: Classroom) -> Feedback:
    if not typed.strip():
        return right("Then the commands have a placeholder.")
    is_domain = name == "tenant" and _DOMAIN.fullmatch(typed)
    if not (_GUID.fullmatch(typed) or is_domain):
        return wrong(
            "That is no id: 32 hexadecimal digits in five groups, such as "
            "12a34b56-789c-0d12-e3fa-b456789c0123. Enter alone goes on without one."
        )
    classroom.values[name] = typed
    return right("It is used for the next page only, and not kept.")


def _bridge(classroom: Classroom) -> str:
    tenant, client = (
        classroom.values.get("tenant", "TENANT"),
        classroom.values.get("client", "CLIENT"),
    )
    app = f"--tenant {tenant} --client-id {client}"
    return f"""The bridge to the real thing. For each part of the article: what it has you do, and
below that the command that does or checks it.

Article, steps 1 to 8: register an app. Microsoft Entra ID, App registrations, New registration;
any name; Accounts in this organizational directory only; Redirect URI: platform Public
client/native (mobile & desktop), value http://localhost. Only the portal can do this.

    entra-oauth doctor --registration {app}

Article, step 9: copy Application (client) ID and Directory (tenant) ID from Overview.

    entra-oauth status

Article, step 10: API permissions, Add a permission, APIs my organization uses, AzureDatabricks,
user_impersonation; then Grant admin consent, or let the first sign-in ask for it.

    entra-oauth explain AADSTS65001

Chapters 2 to 4, the article's browser and curl, at one go and by the byte:

    entra-oauth mirror {app}

Chapters 3, 5 and 6: the same with state, PKCE, nonce and a checked ID token, told message by
message:

    entra-oauth login --explain {app}

Chapter 7: a token for every day, renewed as needed:

    entra-oauth token

Chapter 8: the call, to your own workspace (URL is its address):

    entra-oauth api GET /api/2.0/clusters/list --workspace-url URL

Nothing was sent anywhere by this page. With the real commands your organisation's rules count:
ask before you register an app."""


CHAPTER = Chapter(
    number=10,
    title="Errors, and the bridge to the real thing",
    minutes=8,
    in_short="Three things to read in an error: where it was said, the word, Entra's number. "
    "entra-oauth explain has the rest. And the same commands work for your own tenant.",
    prepare=_begin,
    steps=(
        Page(
            text=lambda classroom: (
                "Things go wrong, and then you get an error. The first question is where it was "
                "said.\n\n"
                "On a page in the browser: the program hears nothing. Chapter 2 had such a one, "
                "AADSTS50011.\n\n"
                "In the redirect: error and error_description in the place of the code. Your "
                "state comes with it, and is checked first.\n\n"
                "In the answer of the token endpoint, as JSON. Here is one, from the tenant just "
                "now, for a refresh token of three months ago (TOY: its clock was put ahead):\n\n"
                + classroom.answer_lines(classroom.parts["error"])
            )
        ),
        Task(
            asks="What is the word of OAuth for it? (RFC 6749 section 5.2 has six of them; Entra "
            "adds some.)",
            check=_word,
            answer=lambda classroom: classroom.values["error"],
            hints=("It is the value of error.",),
            prompt="word",
        ),
        Task(
            asks="And what is Entra's own number?",
            check=_number,
            answer=lambda classroom: f"AADSTS{classroom.values['number']}",
            hints=("In error_description, the word that begins with AADSTS.",),
            prompt="number",
        ),
        choice(
            _web,
            (
                ("the person, by signing in again", "The person has done nothing wrong."),
                (
                    "whoever owns the app registration",
                    "The redirect URI belongs under Public client/native. AS ENTRA: for a web app "
                    "the authority demands a secret; an app on your machine must have none.",
                ),
                ("nobody; wait", "Waiting changes no registration."),
            ),
            correct=1,
            hint="Where was the mistake made?",
        ),
        choice(
            "For which of these is it right to send the very same request again?",
            (
                ("invalid_grant", "What is handed in is not good, or not any more. A new sign-in."),
                (
                    "HTTP 429, too many requests",
                    "After the seconds that Retry-After says. (For a code even then: rather not.)",
                ),
                ("invalid_client", "The registration or the client id is wrong. Look there."),
            ),
            correct=1,
            hint="Which of them may have a different answer a minute later?",
        ),
        Task(
            asks="Last, the bridge. If you have an app in a tenant of your own, type its Directory "
            "(tenant) ID, and the commands are written with it. Enter alone goes on without.",
            check=lambda typed, classroom: _given("tenant", typed, classroom),
            answer=lambda classroom: "",
            hints=("It is on the app's Overview page in the portal. Enter alone is fine too.",),
            prompt="tenant id, or Enter",
            blank_is_an_answer=True,
        ),
        Task(
            asks="And the Application (client) ID. Enter alone goes on without.",
            check=lambda typed, classroom: _given("client", typed, classroom),
            answer=lambda classroom: "",
            hints=("The same page has it. Enter alone is fine too.",),
            prompt="client id, or Enter",
            blank_is_an_answer=True,
        ),
        Page(text=_bridge),
    ),
)
