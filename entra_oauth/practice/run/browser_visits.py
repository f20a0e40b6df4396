"""The visits of the browser of `practice run` to the program's address, reported by itself.

The browser is another process. It reports a visit to the control endpoint before it makes it,
and its outcome afterwards, so that no visit is missed whose answer makes the program end.
Nothing of it is written to a file.
"""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress
from dataclasses import replace
from threading import Condition
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from entra_oauth.channels.base import now
from entra_oauth.channels.exchange import Exchange
from entra_oauth.errors import EntraOAuthError
from entra_oauth.practice.browser.control_client import command
from entra_oauth.practice.browser.transport import SocketTap
from entra_oauth.protocol.messages import HttpRequest, Wire, is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["BrowserVisits", "TappedSend", "reporting_send"]

_MOST = 200
_LONGEST_ANSWER = 256 * 1024


class BrowserVisits:
    """The visits of one run. Safe between threads."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._visits: list[Exchange] = []
        self._open: set[int] = set()

    def begin(self, method: str, url: str) -> int:
        """A visit is about to be made. Returns its number; -1 if there were too many."""
        request, at = HttpRequest(method=method, url=url), now()
        with self._changed:
            number = len(self._visits)
            if number >= _MOST:
                return -1
            self._visits.append(
                Exchange(request=request, response=None, started_at=at, ended_at=at)
            )
            self._open.add(number)
            return number

    def end(self, number: int, sent: bytes, received: bytes) -> None:
        """It is over. Nothing is taken of a visit that is not under way."""
        with self._changed:
            if number not in self._open:
                return
            self._open.discard(number)
            self._visits[number] = replace(
                self._visits[number],
                ended_at=now(),
                failure=None if received else "ExchangeBroken",
                wire=Wire(sent=sent, received=received) if sent else None,
            )
            self._changed.notify_all()

    def wait(self, patience_s: float) -> tuple[Exchange, ...]:
        """All of them, once none is under way any more, or after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: not self._open, patience_s)
            return tuple(self._visits)


class TappedSend(Protocol):
    """`http_send` with its options filled in, but for the tap."""

    def __call__(self, request: HttpRequest, *, tap: SocketTap | None = None) -> HttpResponse:
        """Carry one request."""
        ...


def reporting_send(control: str, carry: TappedSend) -> Callable[[HttpRequest], HttpResponse]:
    """`carry` that reports each request to this machine to `control`.

    If nobody wants to know, the request is made all the same.
    """

    def send(request: HttpRequest) -> HttpResponse:
        if not is_loopback(urlsplit(request.url).hostname or ""):
            return carry(request)
        number, tap = _begun(control, request), SocketTap()
        try:
            return carry(request, tap=tap)
        finally:
            _ended(control, number, tap)

    return send


def _begun(control: str, request: HttpRequest) -> int:
    with suppress(EntraOAuthError):
        about: dict[str, object] = {"method": request.method, "url": request.url}
        number = command(control, "POST", "/visits", about).get("visit")
        return number if isinstance(number, int) else -1
    return -1


def _ended(control: str, number: int, tap: SocketTap) -> None:
    if number < 0:
        return
    with suppress(EntraOAuthError):
        outcome: dict[str, object] = {
            "visit": number,
            "sent": b64encode(tap.sent).decode("ascii"),
            "received": b64encode(tap.received[:_LONGEST_ANSWER]).decode("ascii"),
        }
        command(control, "POST", "/visits/end", outcome)
