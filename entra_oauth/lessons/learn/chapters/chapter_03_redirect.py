"""Chapter 3: the listener that the browser comes back to, and the state that it must bring."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from functools import partial
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urljoin, urlsplit

from entra_oauth.channels.base import Outcome, say_nothing
from entra_oauth.channels.listener.listener import Listener
from entra_oauth.errors import EntraOAuthError
from entra_oauth.lessons.learn.classroom import CLIENT, DATABRICKS, TENANT
from entra_oauth.lessons.learn.steps import Chapter, Feedback, Page, Task, choice, right, wrong
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest, AuthorizationResponse

if TYPE_CHECKING:
    from entra_oauth.channels.listener.listener import ListeningReceiver
    from entra_oauth.lessons.learn.classroom import Classroom
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["CHAPTER"]

_WAIT_S = 4 * 3600.0
_NEVER_S = 1e9


@dataclass(slots=True)
class _Waiting:
    """The real listener of this project, waiting in a thread for its one answer."""

    receiver: ListeningReceiver
    request: AuthorizationRequest
    accepted: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        threading.Thread(target=self._wait, name="lesson", daemon=True).start()

    def _wait(self) -> None:
        read = partial(AuthorizationResponse.read, answering=self.request)
        try:
            self.receiver.receive(self.request.url, read, timeout_s=_WAIT_S)
        except EntraOAuthError:
            return  # the lesson is over
        self.accepted.set()
        self.receiver.report_outcome(Outcome(succeeded=True, headline="Signed in"))


def _begin(classroom: Classroom) -> None:
    listener = Listener(
        launch=lambda url: True, say=say_nothing, response_mode="query", reminder_after_s=_NEVER_S
    )
    receiver = classroom.open.enter_context(listener.open())
    request = AuthorizationRequest.article(
        authority=Authority(classroom.base_url, TENANT),
        client_id=CLIENT,
        redirect_uri=receiver.redirect_uri,
        response_mode="query",
        scopes=(f"{DATABRICKS}/.default",),
    )
    waiting = _Waiting(receiver, request)
    waiting.start()
    classroom.parts["waiting"] = waiting


def _waiting(classroom: Classroom) -> _Waiting:
    waiting: _Waiting = classroom.parts["waiting"]
    return waiting


def _heading(reply: HttpResponse) -> str:
    text = reply.body.decode("utf-8", "replace")
    found = re.search(r"<h1[^>]*>(.*?)</h1>", text, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", found.group(1))).split()) if found else ""


def _where(classroom: Classroom) -> str:
    return f"{_waiting(classroom).receiver.redirect_uri}/"


def _forged(typed: str, classroom: Classroom) -> Feedback:
    fault = _not_a_forgery(typed, classroom)
    if fault is not None:
        return wrong(fault)
    if _waiting(classroom).accepted.is_set():
        return right("The listener has taken the genuine answer by now, and hears no other.")
    reply = classroom.get(typed)
    return right(
        f"The listener answered {reply.status}, with a page that says: {_heading(reply)}. "
        "The state in your address is not the one that was sent, so nothing shows that it answers "
        "this sign-in. Your code was not even looked at."
    )


def _not_a_forgery(typed: str, classroom: Classroom) -> str | None:
    try:
        parts, meant = urlsplit(typed), urlsplit(_where(classroom))
        port = parts.port
    except ValueError:
        return "That cannot be read as an address."
    if parts.scheme != "http" or parts.hostname != "localhost" or port != meant.port:
        return f"The listener is at {_where(classroom)}; begin with that."
    if parts.path not in ("", "/") or any(c.isspace() for c in typed):
        return "After the port comes /, then ?, then the parameters, without blanks."
    given = parse_qs(parts.query)
    for name in ("code", "state"):
        if name not in given:
            return f"There is no {name} in it. An answer has both: ?code=…&state=…"
    return None


def _genuine(typed: str, classroom: Classroom) -> Feedback:
    if typed.lower() != "go":
        return wrong("Type go, and Alice signs in.")
    waiting = _waiting(classroom)
    if waiting.accepted.is_set():
        return right("The listener had its answer already.")
    page = classroom.browse(waiting.request.url)
    reply = classroom.get(page.url.partition("#")[0])
    if not waiting.accepted.wait(10):
        return wrong(f"The listener answered {reply.status} and goes on waiting. Try again.")
    classroom.get(urljoin(page.url, reply.header("Location") or "/"))  # where a browser goes next
    return right(
        f"Accepted: the state was the one that had been sent. The listener answered {reply.status} "
        "and sent the browser on to an address without a code, so that none stays in the address "
        "bar. Its wait is over, and it takes no second answer."
    )


CHAPTER = Chapter(
    number=3,
    title="The listener, and the state",
    minutes=6,
    in_short="The answer comes to a small server on your own machine. It takes the first answer "
    "whose state is the one that was sent, and goes on waiting after any other.",
    prepare=_begin,
    steps=(
        Page(
            text="In chapter 2 the browser ended at http://localhost, where nobody was. This time "
            "somebody is. A program that signs you in starts a small web server on your own "
            "machine, for one answer: the listener. The redirect_uri names its address.\n\n"
            "localhost is the name of this machine; its addresses are 127.0.0.1 and ::1. The port "
            "is a number that says which program on it; the listener takes a free one. AS ENTRA: "
            "the port of localhost need not be registered, it does not count. RFC 8252 section 7.3 "
            "says so of the addresses. Section 8.3 recommends them over the name, which a machine "
            "might look up wrongly; the article uses the name."
        ),
        Page(
            text=lambda classroom: (
                "The real listener of this project is waiting now, here:\n\n"
                f"    {_where(classroom)}\n\n"
                "It was started as for any sign-in, and an authorize URL like yours was made, "
                f"with a random state of {len(_waiting(classroom).request.state)} characters. The "
                "listener knows it, the authority will repeat it, and you have not been shown it."
            )
        ),
        choice(
            "Any page in your browser can send it to any address, also to this listener. Suppose "
            "Mallory makes your browser open the listener's address with a code of her own, so "
            "that the program signs in as Mallory and your work ends up in her account. What would "
            "give her away?",
            (
                ("the code looks different", "No. Hers is a genuine code, only made for her."),
                (
                    "she does not know the state",
                    "It was made here, for this attempt, at random. She cannot guess it, so her "
                    "answer does not carry it. This attack has a name: login CSRF (RFC 6749 "
                    "section 10.12).",
                ),
                ("the browser asks first", "No. A page may send a browser anywhere, unasked."),
            ),
            correct=1,
            hint="What in the genuine answer is known to this program and the authority only?",
        ),
        Task(
            asks=lambda classroom: (
                "Be Mallory. Type an answer as the authority would send it, with a code and a "
                "state that you make up. It will be sent to the listener as it is.\n\n"
                f"    {_where(classroom)}?code=SOMETHING&state=SOMETHING"
            ),
            check=_forged,
            answer=lambda classroom: f"{_where(classroom)}?code=mallorys-code&state=12345",
            hints=(
                "Copy the address above, and put words of your own in the place of SOMETHING.",
                lambda classroom: f"For instance {_where(classroom)}?code=abc&state=12345",
            ),
            prompt="forged answer",
            takes_secrets=True,
        ),
        choice(
            "A wrong state has come. What should the listener do next?",
            (
                (
                    "stop, because it is under attack",
                    "Then any page could end your sign-in by opening one address. The genuine "
                    "answer may still be on its way.",
                ),
                (
                    "go on waiting",
                    "The forged answer counts for nothing, not even as a failure. An error "
                    "without the right state is treated the same way.",
                ),
                (
                    "ask you whether to accept it",
                    "You could not know. The state is there so that nobody has to be asked.",
                ),
            ),
            correct=1,
            hint="Who would like the listener to stop?",
        ),
        Task(
            asks="Now the genuine answer. Type go, and Alice signs in with the address that the "
            "program made.",
            check=_genuine,
            answer=lambda classroom: "go",
            hints=("The word is go.",),
            prompt="go",
        ),
        choice(
            "Why does the listener listen on 127.0.0.1 and ::1 only, and not on the address that "
            "your machine has in its network?",
            (
                ("it is faster", "Perhaps, but that is not the reason."),
                (
                    "so that only this machine can reach it",
                    "Both mean this machine, in the two kinds of addresses. Otherwise others in "
                    "the same network could read or bring answers.",
                ),
                ("Entra demands it", "Entra never sees the listener; the browser comes to it."),
            ),
            correct=1,
            hint="Who else is in a network?",
        ),
    ),
)
