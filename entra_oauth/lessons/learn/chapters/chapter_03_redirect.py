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
from entra_oauth.lessons.learn.chapter_words import chapter_from
from entra_oauth.lessons.learn.classroom import CLIENT, DATABRICKS, TENANT
from entra_oauth.lessons.learn.steps import Feedback, right, wrong
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest

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


CHAPTER = chapter_from(
    "chapter_03_redirect",
    checks={"forged": _forged, "genuine": _genuine},
    parts={
        "listener": _where,
        "state_length": lambda classroom: str(len(_waiting(classroom).request.state)),
    },
    prepare=_begin,
)
