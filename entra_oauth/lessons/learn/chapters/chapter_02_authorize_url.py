"""Chapter 2: the authorize URL, put together by hand."""

from __future__ import annotations

from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

from entra_oauth.errors import plain
from entra_oauth.lessons.learn.chapter_words import chapter_from
from entra_oauth.lessons.learn.chapters.authorize_check import fault_in
from entra_oauth.lessons.learn.classroom import CLIENT, SCOPE
from entra_oauth.lessons.learn.steps import Feedback, right, wrong
from entra_oauth.protocol.messages import parse_form

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.classroom import Classroom

__all__ = ["CHAPTER"]

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


CHAPTER = chapter_from(
    "chapter_02_authorize_url",
    checks={"endpoint": _endpoint, "encoded": _encoded, "url": _url},
    parts={
        "encoded_scope": lambda classroom: quote(SCOPE, safe=""),
        "model": _model,
        "opened": _opened,
        "refused": _refused,
    },
)
