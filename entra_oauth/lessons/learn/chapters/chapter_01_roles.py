"""Chapter 1: who takes part, and what each of them gets to see."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.lessons.learn.classroom import DATABRICKS
from entra_oauth.lessons.learn.steps import Chapter, Feedback, Page, Task, choice, right, wrong

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


CHAPTER = Chapter(
    number=1,
    title="The roles",
    minutes=6,
    in_short="Four take part: you, the program, the authority, the API. The password goes from "
    "your browser to the authority and nowhere else; the program gets a code, then a token.",
    steps=(
        Page(
            text="You want a program to do something in your name: to list your clusters in Azure "
            "Databricks, say. The simplest way would be to give it your password. But then it "
            "could do everything that you can, for as long as the password lasts, and you would "
            "have to trust it to lose it to nobody.\n\n"
            "OAuth 2.0 is a way around that. The program gets a token instead: a text that opens "
            "one door, for about an hour. This first chapter is about who takes part."
        ),
        Page(
            text="Four take part.\n\n"
            "You. The books say resource owner, because what is to be opened is yours.\n\n"
            "The program that acts for you. The books call it the client, even where it runs on a "
            "server.\n\n"
            "The authority. It knows you, asks for your password, and hands out tokens. The books "
            "say authorization server. Here it is Microsoft Entra ID.\n\n"
            "The API: what the token opens. The books say resource server. Here it is your "
            "Databricks workspace.\n\n"
            "The book is RFC 6749; its section 1.1 has these four names."
        ),
        choice(
            "Which of the four gets to see your password in this arrangement?",
            (
                ("the program", "No: that is just what is to be avoided."),
                ("the authority", "You type it on the authority's own page. It knows it anyhow."),
                ("the API", "No. It gets a token, and looks at who issued that."),
                ("all of them", "No. Three of them have no need of it."),
            ),
            correct=1,
            hint="Who asks you to sign in? Whose page is it?",
        ),
        Page(
            text="There are two ways for a message to travel, and the difference will matter in "
            "every chapter.\n\n"
            "The front channel is your browser. The program sends you to an address, the "
            "authority sends you back to another. Whatever is in these addresses is seen by the "
            "browser, kept in its history, and perhaps seen by others on the machine.\n\n"
            "The back channel is a request of the program itself, straight to the authority, "
            "encrypted. Nobody in between can read it or change it.\n\n"
            "So the token comes by the back channel. What comes by the front channel is only a "
            "code: a slip of paper that is exchanged for the token."
        ),
        Page(
            text="In all chapters the practice tenant plays Entra. Four words say how far you can "
            "trust what you see of it.\n\n"
            "AS ENTRA: so it is with Entra, by Microsoft's documentation or by answers that "
            "others have recorded.\n\n"
            "STRICTER: refused here, while Entra takes it or may take it.\n\n"
            "TOY: simplified, or made up for the lesson.\n\n"
            "UNKNOWN: what Entra does was not found out; a choice was made."
        ),
        Page(text=_list_of_messages),
        Task(
            asks="Which line carried Alice's password? Type its number.",
            check=_password_line,
            answer=lambda classroom: classroom.values["password line"],
            hints=(
                "A password is sent with a form, so the line says POST.",
                "It is the first POST of the browser.",
            ),
            prompt="number of the line",
        ),
        Task(
            asks="In which line did the program exchange the code for the token?",
            check=_program_line,
            answer=lambda classroom: classroom.values["token line"],
            hints=(
                "It is a message of the program itself.",
                "The program sent two messages. The last one uses the token.",
            ),
            prompt="number of the line",
        ),
        choice(
            "Why does the authority not simply put the token into the address to which it sends "
            "your browser back?",
            (
                ("tokens are too long for an address", "Long, but not too long; it was done once."),
                (
                    "an address is seen by too many",
                    "History, logs, other programs: an address is no place for what opens a door. "
                    "A code is no use to whoever finds it, if the next chapters are followed.",
                ),
                ("the browser would not allow it", "It would. For years it was done that way."),
            ),
            correct=1,
            hint="Think of all the places in which an address ends up.",
        ),
    ),
)
