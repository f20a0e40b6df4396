"""Messages that other people's programs send to the practice tenant, as a recording has it."""

from __future__ import annotations

from threading import Lock

from entra_oauth.light import TYPE_CHECKING, replace
from entra_oauth.practice.faults.fault_rule import place_of
from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse, parse_form
from entra_oauth.recording import Exchange, FrontEvent, Occurred
from entra_oauth.recording.raw import split_message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from entra_oauth.recording import Recorder

__all__ = ["ProgramRecorder"]

_MOST_BYTES = 64 * 1024 * 1024
_MOST = 5_000


class ProgramRecorder:
    """Gives a recorder whatever passes at the tenant, up to an end. Safe between threads."""

    def __init__(self, recorder: Recorder) -> None:
        recorder.at_authority = True
        self._recorder = recorder
        self._lock = Lock()
        self._room = _MOST_BYTES
        self._count = 0
        self.left_out = 0
        """How many there was no room for."""

    def at_tenant(self, exchange: Exchange) -> None:
        """A request came to the tenant, or to its proxy."""
        self._keep(_classified(exchange))

    def at_program(self, visits: Iterable[Exchange], tenant_url: str) -> None:
        """The browser went to the program's own address; to the tenant's is known already."""
        for visit in visits:
            if not visit.request.url.startswith(f"{tenant_url}/"):
                whole = _with_messages(visit)
                self._keep(replace(whole, event=_event_of(whole.request)))

    def _keep(self, exchange: Exchange) -> None:
        wire = exchange.wire
        size = len(wire.sent) + len(wire.received) if wire is not None else 0
        with self._lock:
            if size > self._room or self._count >= _MOST:
                self.left_out += 1
                return
            self._room -= size
            self._count += 1
        self._recorder.keep(exchange)


def _classified(exchange: Exchange) -> Exchange:
    """A message that came to the tenant, with its channel.

    Pages are the browser's business, and so is the authorize request; all else is asked
    for by the program itself.
    """
    request = exchange.request
    if request.method == "CONNECT":
        return replace(exchange, purpose="connect, refused")
    path = request.path
    name = path.rstrip("/").rpartition("/")[2] or "start"
    if name == "authorize":
        if "client_id" in _fields(request):
            return replace(exchange, event=FrontEvent(Occurred.ASKED))
        # Without an app's name it is a client that asks a workspace who its authority is.
        return replace(exchange, purpose="lookup of the authority")
    if place_of(path) == "page" and "/.well-known/" not in path:
        return replace(exchange, event=FrontEvent(Occurred.PAGE, name))
    return replace(exchange, purpose=name)


def _fields(request: HttpRequest) -> set[str]:
    """Names of what is in its query and its form."""
    fields = parse_form(request.query)
    if (request.header("content-type") or "").lower().startswith(FORM):
        fields += parse_form(request.body.decode("latin-1"))
    return {name for name, _ in fields}


def _event_of(request: HttpRequest) -> FrontEvent:
    if _fields(request).isdisjoint({"code", "error", "access_token", "id_token"}):
        return FrontEvent(Occurred.PAGE, "of the program")
    return FrontEvent(Occurred.ACCEPTED, "the browser brought the answer to the program")


def _with_messages(visit: Exchange) -> Exchange:
    """The same, its bytes read: the browser tells of bytes only."""
    if visit.wire is None:
        return visit
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
