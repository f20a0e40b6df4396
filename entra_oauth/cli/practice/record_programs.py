"""What other people's programs send to the practice tenant, as a recording has it."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from entra_oauth.practice.faults.fault_rule import place_of
from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse, parse_form
from entra_oauth.recording.raw import split_message
from entra_oauth.recording.record import Exchange

if TYPE_CHECKING:
    from collections.abc import Iterable

    from entra_oauth.channels.loopback.host import Passage
    from entra_oauth.recording import Recorder

__all__ = ["Passages"]

_MOST_BYTES = 64 * 1024 * 1024
_MOST = 5_000


class Passages:
    """Gives a recorder whatever passes at the tenant, up to an end. Safe between threads."""

    def __init__(self, recorder: Recorder) -> None:
        recorder.at_authority = True
        self._recorder = recorder
        self._lock = Lock()
        self._room = _MOST_BYTES
        self._count = 0
        self.left_out = 0
        """How many there was no room for."""

    def at_tenant(self, passage: Passage) -> None:
        """A request came to the tenant, or to its proxy."""
        channel, note = _part(passage)
        self._keep(channel, note, passage)

    def at_program(self, visits: Iterable[Passage], tenant_url: str) -> None:
        """The browser went to the program's own address; to the tenant's is known already."""
        for visit in visits:
            if not visit.request.url.startswith(f"{tenant_url}/"):
                whole = _with_messages(visit)
                self._keep("front", _visit_note(whole.request), whole)

    def _keep(self, channel: str, note: str, passage: Passage) -> None:
        wire = passage.wire
        size = len(wire.sent) + len(wire.received)
        with self._lock:
            if size > self._room or self._count >= _MOST:
                self.left_out += 1
                return
            self._room -= size
            self._count += 1
        self._recorder.keep(
            Exchange(
                channel=channel,
                note=note,
                request=passage.request,
                response=passage.response,
                started_at=passage.started_at,
                ended_at=passage.ended_at,
                failure=passage.failure,
                wire=wire if wire.sent else None,
            )
        )


def _part(passage: Passage) -> tuple[str, str]:
    """Channel and note of what came to the tenant.

    Pages are the browser's business, and so is the authorize request; all else is asked
    for by the program itself.
    """
    request = passage.request
    if request.method == "CONNECT":
        return "back", "connect, refused"
    path = request.path
    name = path.rstrip("/").rpartition("/")[2] or "start"
    if name == "authorize":
        # Without an app's name it is a client that asks a workspace who its authority is.
        asks = "client_id" in _fields(request)
        return ("front", "authorize") if asks else ("back", "lookup of the authority")
    if place_of(path) == "page" and "/.well-known/" not in path:
        return "front", f"page: {name}"
    return "back", name


def _fields(request: HttpRequest) -> set[str]:
    """Names of what is in its query and its form."""
    fields = parse_form(request.query)
    if (request.header("content-type") or "").lower().startswith(FORM):
        fields += parse_form(request.body.decode("latin-1"))
    return {name for name, _ in fields}


def _visit_note(request: HttpRequest) -> str:
    if _fields(request).isdisjoint({"code", "error", "access_token", "id_token"}):
        return "page: of the program"
    return "accepted: the browser brought the answer to the program"


def _with_messages(visit: Passage) -> Passage:
    """The same, its bytes read: the browser tells of bytes only."""
    sent, received = split_message(visit.wire.sent), split_message(visit.wire.received)
    request, response = visit.request, visit.response
    if sent.whole:
        request = replace(request, headers=sent.headers, body=sent.decoded() or b"")
    status = received.start.split(b" ")[1:2]
    if received.whole and status and status[0].isdigit():
        response = HttpResponse(
            status=int(status[0]),
            headers=received.headers,
            body=received.decoded() or received.body,
        )
    return replace(visit, request=request, response=response)
