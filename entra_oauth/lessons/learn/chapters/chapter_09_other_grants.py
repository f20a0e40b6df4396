"""Chapter 9: two other ways to a token, and why not to take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.lessons.learn.chapter_words import chapter_from
from entra_oauth.lessons.learn.classroom import CLIENT, SCOPE, TENANT, members
from entra_oauth.lessons.learn.steps import Feedback, right, wrong
from entra_oauth.practice import PracticeBrowser
from entra_oauth.protocol.messages import FORM, HttpRequest, encode_form

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.classroom import Classroom
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["CHAPTER"]

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def _begin(classroom: Classroom) -> None:
    form = encode_form((("client_id", CLIENT), ("scope", SCOPE)))
    reply = classroom.send(
        HttpRequest(
            method="POST",
            url=f"{classroom.base_url}/{TENANT}/oauth2/v2.0/devicecode",
            headers=(("Accept", "application/json"), ("Content-Type", FORM)),
            body=form.encode("ascii"),
        )
    )
    codes = members(reply)
    classroom.parts["device answer"] = reply
    classroom.values["user code"] = codes["user_code"]
    classroom.values["device code"] = codes["device_code"]


def _poll(classroom: Classroom) -> HttpResponse:
    return classroom.post(
        (
            ("client_id", CLIENT),
            ("grant_type", _GRANT),
            ("device_code", classroom.values["device code"]),
        )
    )


def _asked(classroom: Classroom) -> str:
    return (
        "Some devices have no browser, and some machines are reached over a line of text only. "
        "For them there is the device code flow (RFC 8628). The program asks for two codes:\n\n"
        + classroom.answer_lines(classroom.parts["device answer"])
        + "\n\nuser_code is for a person, who types it into a browser on any other machine. "
        "device_code stays in the program, which asks with it, never sooner than interval says "
        "(RFC 8628 section 3.5): is it done? Just now the answer is:\n\n"
        + classroom.answer_lines(_poll(classroom))
    )


def _typed_code(typed: str, classroom: Classroom) -> Feedback:
    given, wanted = "".join(typed.upper().split()).replace("-", ""), classroom.values["user code"]
    if typed == classroom.values["device code"]:
        return wrong("That is the device code, which nobody types. The user code is short.")
    if given != wanted:
        if len(given) != len(wanted):
            return wrong(f"The user code has {len(wanted)} characters; this has {len(given)}.")
        return wrong("One character or more is not right. 0 and 1 do not occur in these codes.")
    reply = classroom.parts.get("token answer")
    if reply is None:
        person = classroom.tenant.person("alice")
        PracticeBrowser(
            classroom.tenant.handle, person.name, person.password, user_code=wanted
        ).open(f"{classroom.base_url}/devicelogin")
        reply = classroom.parts["token answer"] = _poll(classroom)
    return right(
        "Alice typed it on the authority's page and signed in there. The program asked once "
        f"more:\n\n{classroom.answer_lines(reply)}"
    )


def _password(classroom: Classroom, user: str) -> tuple[str, HttpResponse]:
    fields = (
        ("client_id", CLIENT),
        ("scope", SCOPE),
        ("username", classroom.tenant.person(user).name),
        ("password", classroom.tenant.person(user).password),
        ("grant_type", "password"),
    )
    return classroom.form_lines(fields), classroom.post(fields)


def _with_password(classroom: Classroom) -> str:
    shown, reply = _password(classroom, "alice")
    return (
        "And there is a flow without any browser: the program asks for your password and hands it "
        "in (RFC 6749 section 4.3; Microsoft calls it ROPC).\n\n"
        f"{shown}\n\n{classroom.answer_lines(reply)}\n\n"
        "It works, and undoes everything: the program has your password, and you have been taught "
        "to type it anywhere. RFC 9700 section 2.4: it must not be used. Microsoft "
        "recommends against it."
    )


def _with_second_step(classroom: Classroom) -> str:
    _, reply = _password(classroom, "carol")
    return (
        "Carol has two steps: after her password she confirms on her phone. The same request for "
        f"her:\n\n{classroom.answer_lines(reply)}\n\n"
        "TOY: whether a second step is asked for is a mark on the person here; with Entra policies "
        "decide. AS ENTRA: the number. Can the program do anything about it?"
    )


CHAPTER = chapter_from(
    "chapter_09_other_grants",
    checks={"typed_code": _typed_code},
    parts={"asked": _asked, "with_password": _with_password, "with_second_step": _with_second_step},
    prepare=_begin,
)
