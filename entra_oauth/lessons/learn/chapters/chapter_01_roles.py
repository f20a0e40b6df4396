"""Chapter 1: who takes part, and what each of them gets to see."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.lessons.learn.chapter_words import chapter_from
from entra_oauth.lessons.learn.classroom import DATABRICKS
from entra_oauth.lessons.learn.steps import Feedback, right, wrong

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.classroom import Classroom

__all__ = ["CHAPTER"]


def _list_of_messages(classroom: Classroom) -> str:
    """A sign-in is made, and its messages listed as the tenant saw them."""
    before = len(classroom.tenant.log)
    tokens = classroom.sign_in(f"{DATABRICKS}/.default")
    classroom.call_api(("Authorization", f"Bearer {tokens['access_token']}"))
    lines = []
    for number, (request, _) in enumerate(classroom.tenant.log[before:], start=1):
        path = urlsplit(request.url).path
        short = path if path.startswith("/api/") else f"/{path.rpartition('/')[2]}"
        by_us = short == "/token" or path.startswith("/api/")
        if b"passwd=" in request.body:
            classroom.values["password line"] = str(number)
        if short == "/token":
            classroom.values["token line"] = str(number)
        sender = "the program" if by_us else "Alice's browser"
        lines.append(f"    {number}  {sender:<15}  {request.method:<4} {short}")
    return (
        "A sign-in has just been made on this machine: a small browser that is built in played "
        "Alice, and the practice tenant played both Entra and Databricks. Here is every message "
        "that they were sent, in order:\n\n" + "\n".join(lines) + "\n\n"
        "TOY: the pages between are the practice tenant's own, and the built-in browser signs in "
        "without being asked. The kinds of message, and who sends them, are as with Entra."
    )


def _password_line(typed: str, classroom: Classroom) -> Feedback:
    wanted, typed = classroom.values["password line"], _line(typed)
    if not typed:
        return wrong("Type the number of one line.")
    if typed == wanted:
        return right(
            "The browser sent the password, to the authority's own page. The program sent no "
            "message with a password in it, and received none."
        )
    if typed == classroom.values["token line"]:
        return wrong(
            "That is the program's own request. It hands in a code; it never had the password."
        )
    return wrong(
        "Not that one. A password is typed on a page and sent off with its form, so look for the "
        "browser's first POST."
    )


def _line(typed: str) -> str:
    """The number in `3`, `line 3` or `3)`; empty for anything else."""
    found = re.fullmatch(r"(?:line |number |no\.? ?)?#?([0-9]{1,2})[).]?", typed.lower())
    return found[1] if found else ""


def _program_line(typed: str, classroom: Classroom) -> Feedback:
    typed = _line(typed)
    if typed == classroom.values["token line"]:
        return right("This one goes from the program to the authority directly.")
    if not typed:
        return wrong("Type the number of one line.")
    return wrong("Not that one. The last column shows it: its address ends in /token.")


CHAPTER = chapter_from(
    "chapter_01_roles",
    checks={"password_line": _password_line, "program_line": _program_line},
    parts={"list_of_messages": _list_of_messages},
)
