"""Chapter 2: the authorize URL, put together by hand."""

from __future__ import annotations

from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

from entra_oauth.errors import plain
from entra_oauth.lessons.learn.chapters.authorize_check import fault_in
from entra_oauth.lessons.learn.classroom import CLIENT, DATABRICKS, TENANT
from entra_oauth.lessons.learn.steps import Chapter, Feedback, Page, Task, choice, right, wrong
from entra_oauth.protocol.messages import parse_form

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.classroom import Classroom

__all__ = ["CHAPTER"]

SCOPE = f"{DATABRICKS}/.default"
STATE = "kettle-lantern-river-42"
WANTED = {
    "client_id": CLIENT,
    "response_type": "code",
    "redirect_uri": "http://localhost",
    "response_mode": "query",
    "scope": SCOPE,
    "state": "",
}


def _endpoint(typed: str, classroom: Classroom) -> Feedback:
    if typed.rstrip("/") == classroom.authorize_endpoint:
        return right("Host, tenant, then /oauth2/v2.0/authorize. AS ENTRA, but for the host.")
    if "?" in typed:
        return wrong("Only the part before the question mark for now.")
    fault = fault_in(f"{typed}?x=y", classroom.authorize_endpoint, {"x": "y"})
    return wrong(fault or "Not quite. Compare it with the pattern, piece by piece.")


def _encoded(typed: str, classroom: Classroom) -> Feedback:
    wanted = quote(SCOPE, safe="")
    if typed.lower() == wanted.lower():
        return right("Only the slash changes: the dot and the hyphens may stand as they are.")
    if typed == SCOPE:
        return wrong("The slash is still a slash. Write it as % and the two digits of its number.")
    if "%252f" in typed.lower():
        return wrong("That is encoded twice: %25 stands for a % itself.")
    if "%2e" in typed.lower():
        return wrong("The dot needs no encoding. It would be understood, but leave it.")
    return wrong("Not quite. It is the resource's id, then the encoded slash, then .default.")


def _url(typed: str, classroom: Classroom) -> Feedback:
    fault = fault_in(typed, classroom.authorize_endpoint, WANTED)
    if fault is not None:
        return wrong(fault)
    classroom.values["url"] = typed
    return right("That is the whole address. Let us open it.")


def _model(classroom: Classroom) -> str:
    return classroom.authorize_url(tuple(WANTED.items())[:-1] + (("state", STATE),))


def _opened(classroom: Classroom) -> str:
    page = classroom.browse(classroom.values["url"])
    answer = {k: v[0] for k, v in parse_qs(urlsplit(page.url).query).items()}
    sent = parse_qs(urlsplit(classroom.values["url"]).query)["state"][0]
    code = classroom.masks.value("code", answer.get("code", ""))
    session = classroom.masks.value("session_state", answer.get("session_state", ""))
    same = "the same as yours" if answer.get("state") == sent else "NOT the same as yours"
    return (
        "Your address was opened in the built-in browser, and Alice signed in. The browser ended "
        "at http://localhost, where nobody listens now, so a real one would show an error page: "
        "that is expected. What counts is the address in its address bar. It carries:\n\n"
        f"    code           {code}\n"
        f"    state          {same}\n"
        f"    session_state  {session}"
        "\n\nThe code is good once, for ten minutes (AS ENTRA). session_state is for browsers and "
        "is not used here."
    )


def _refused(classroom: Classroom) -> str:
    sent = parse_form(urlsplit(classroom.values["url"]).query)
    changed = tuple((n, "http://evil.example" if n == "redirect_uri" else v) for n, v in sent)
    text = unescape(classroom.browse(classroom.authorize_url(changed)).text)
    found = " ".join(text.partition("AADSTS")[2].partition("<")[0].split()).partition(". ")[0]
    return (
        "Now somebody changes one thing in your address: the redirect_uri becomes "
        "http://evil.example, and the rest stays. The tenant's page says:\n\n"
        f"     AADSTS{plain(found, limit=300)}\n\n"
        "Where does the browser end up?"
    )


CHAPTER = Chapter(
    number=2,
    title="The authorize URL by hand",
    minutes=8,
    in_short="The program's question is one address: where to ask, who asks, what for, where to "
    "send the answer, and a state that must come back. Each value is encoded, once.",
    steps=(
        Page(
            text="The first message of a sign-in is an address. The program opens it in your "
            "browser; everything that it wants to say stands in it. You will now write one "
            "yourself, and the practice tenant will answer it.\n\n"
            "You can copy from this screen. Nothing you type leaves this machine."
        ),
        Task(
            asks=lambda classroom: (
                "The address begins with the place where to ask. With Entra the pattern is:\n\n"
                "    https://login.microsoftonline.com/TENANT/oauth2/v2.0/authorize\n\n"
                "TENANT is the id of the directory in which you are known. Here the host is the "
                "practice tenant, over http (TOY: Entra is only there over https):\n\n"
                f"    host    {classroom.base_url}\n    tenant  {TENANT}\n\n"
                "Type the address up to and including authorize."
            ),
            check=_endpoint,
            answer=lambda classroom: classroom.authorize_endpoint,
            hints=(
                "Put the host in the place of https://login.microsoftonline.com.",
                lambda classroom: f"It begins with {classroom.base_url}/{TENANT}/",
            ),
            prompt="address",
        ),
        Page(
            text="After the address comes a question mark, then parameters: name=value, joined by "
            "&. RFC 6749 needs two of these, client_id and response_type; the article sends all "
            "six, in any order:\n\n"
            "client_id: which app is asking. The app was registered once, and got this id.\n\n"
            "response_type: what is wanted back. Here: code.\n\n"
            "redirect_uri: where the browser is to be sent with the answer. It must be registered "
            "for the app.\n\n"
            "response_mode: how the answer comes. Here: query, which means in the address.\n\n"
            "scope: what the token is to be good for.\n\n"
            "state: a value of your own that must come back unchanged. Chapter 3 shows what for."
        ),
        Task(
            asks="A value may hold signs that have a meaning in an address: / ? & = and others. "
            "In a value they are written as % and the number of the sign in hexadecimal: a slash "
            "becomes %2F, a colon %3A.\n\n"
            "The scope for Databricks is this. (The id is that of Azure Databricks in every "
            "tenant; .default means: whatever was agreed for this app.)\n\n"
            f"    {SCOPE}\n\n"
            "Type it as it must stand in the address.",
            check=_encoded,
            answer=lambda classroom: quote(SCOPE, safe=""),
            hints=("There is only one sign in it that must be encoded.", "It ends in %2F.default"),
            prompt="encoded scope",
        ),
        Task(
            asks=lambda classroom: (
                "Now the whole address, on one line:\n\n"
                f"    address        {classroom.authorize_endpoint}\n"
                f"    client_id      {CLIENT}\n"
                "    response_type  code\n"
                "    redirect_uri   http://localhost\n"
                "    response_mode  query\n"
                f"    scope          {SCOPE}\n"
                "    state          a value of your own, eight characters or more\n\n"
                "Encode redirect_uri and scope. You will be told which part is wrong and why."
            ),
            check=_url,
            answer=_model,
            hints=(
                "Address, then ?, then client_id=…&response_type=…, and so on.",
                "http://localhost becomes http%3A%2F%2Flocalhost.",
                "Type answer to see one whole address; compare it with yours.",
            ),
            prompt="address",
        ),
        Page(text=_opened),
        choice(
            _refused,
            (
                (
                    "the authority shows this page and sends nobody anywhere",
                    "AS ENTRA: redirect_uri must be registered, to the letter (only the port of "
                    "localhost may differ). Otherwise anybody could have your code sent to "
                    "themselves. So this error never reaches a program; you see it in the browser.",
                ),
                (
                    "the browser is sent to evil.example with an error",
                    "No. That would already send somebody to a place that the app's owner never "
                    "named.",
                ),
                (
                    "the code is sent to http://localhost all the same",
                    "No. The request is refused as it stands.",
                ),
            ),
            correct=0,
            hint="Read what the page says. Where does the browser stand now?",
        ),
    ),
)
