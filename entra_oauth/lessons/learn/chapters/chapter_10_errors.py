"""Chapter 10: errors, read; and the same commands for the learner's own tenant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.lessons.learn.chapter_words import chapter_from
from entra_oauth.lessons.learn.classroom import CLIENT, SCOPE, members
from entra_oauth.lessons.learn.steps import Feedback, right, wrong
from entra_oauth.lessons.learn.typed_answer import value_of
from entra_oauth.protocol.glossary.lookup import explain
from entra_oauth.protocol.messages import parse_form

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.classroom import Classroom

__all__ = ["CHAPTER"]

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
            "Programs decide by this word (RFC 6749 section 5.2); Microsoft's libraries look at "
            "Entra's suberror too. The text is for people and may change at any time."
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


def _app(classroom: Classroom) -> str:
    values = classroom.values
    return f"--tenant {values.get('tenant', 'TENANT')} --client-id {values.get('client', 'CLIENT')}"


CHAPTER = chapter_from(
    "chapter_10_errors",
    checks={
        "word": _word,
        "number": _number,
        "tenant": lambda typed, classroom: _given("tenant", typed, classroom),
        "client": lambda typed, classroom: _given("client", typed, classroom),
    },
    parts={
        "error_lines": lambda classroom: classroom.answer_lines(classroom.parts["error"]),
        "web": _web,
        "app": _app,
    },
    prepare=_begin,
)
