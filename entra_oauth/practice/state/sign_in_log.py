"""The sign-ins that really happened at this tenant, good and bad: an administrator's log."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import RegisteredApp, Resource, User
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.http.refusals import Refused

__all__ = ["SignInEvent", "SignInLog"]

_MOST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInEvent:
    """One attempt of a person that the directory knows."""

    id: str
    """Entra's id of the request."""
    correlation_id: str
    at: float
    """Seconds since 1970."""
    user: User
    app: RegisteredApp
    resource: Resource
    in_browser: bool
    """False for the password grant."""
    error: int = 0
    """AADSTS number; 0 for a success."""
    reason: str = ""
    """Entra's sentence of that number."""
    interactive: bool = True
    """False where an app hands in what a person's sign-in gave it: a code."""
    session: str = ""
    """The `session_state` of the browser; empty where there was none."""


class SignInLog:
    """The last thousand of them. Safe between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._events: deque[SignInEvent] = deque(maxlen=_MOST)

    def note(
        self,
        call: Call,
        user: User | None,
        app: RegisteredApp,
        resource: Resource,
        *,
        in_browser: bool,
        no: Refused | None = None,
        interactive: bool = True,
        session: str = "",
    ) -> None:
        """Keep one, with the refusal if it failed; none of somebody who is not in the directory."""
        if user is None:
            return
        event = SignInEvent(
            id=call.trace_id,
            correlation_id=call.correlation_id,
            at=call.now,
            user=user,
            app=app,
            resource=resource,
            in_browser=in_browser,
            error=no.kind.number if no is not None else 0,
            reason=no.text.partition(": ")[2] if no is not None else "",
            interactive=interactive,
            session=session,
        )
        with self._lock:
            self._events.append(event)

    @property
    def newest_first(self) -> tuple[SignInEvent, ...]:
        with self._lock:
            return tuple(reversed(self._events))
