"""What has passed in a classroom, as a recording: the tenant's log and the program's visitors.

The practice tenant has seen each request that it answered; a browser's visits to the program
are known to the classroom. Both together, in order, are the steps of a report.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from entra_oauth.channels.exchange import Exchange
from entra_oauth.channels.front_event import FrontEvent, Occurred
from entra_oauth.recording.recognise import kind_of
from entra_oauth.recording.record import Recording
from entra_oauth.recording.step import Evidence, Level, steps_of

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.classroom import Classroom
    from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire

__all__ = ["evidence_in"]

_BY_THE_PROGRAM = frozenset(["token", "devicecode", "keys", "metadata", "api"])
_CUT_OFF = 444
"""The status by which the tenant's log says that a connection was ended without an answer."""


def evidence_in(classroom: Classroom) -> Evidence:
    """All that has passed, nothing taken out: every value is the practice tenant's invention.

    The times of its steps are their places in the order, not moments.
    """
    log, visits = classroom.tenant.log, list(classroom.at_program)
    wires = [each.wire for each in classroom.carried if each.wire is not None]
    exchanges: list[Exchange] = []
    for place in range(len(log) + 1):
        while visits and visits[0][0] <= place:
            _, request, reply = visits.pop(0)
            exchanges.append(_exchange(len(exchanges), request, reply, _visit(reply)))
        if place < len(log):
            request, reply = log[place]
            known = None if reply.status == _CUT_OFF else reply
            exchange = _exchange(len(exchanges), request, known, _event(request))
            exchanges.append(replace(exchange, wire=_wire_of(request, wires)))
    return Evidence(steps=steps_of(Recording(tuple(exchanges))), created_at=0.0, level=Level.NONE)


def _wire_of(request: HttpRequest, wires: list[Wire]) -> Wire | None:
    """The bytes of an exchange that came by the port; each is taken once.

    The port tells them after the answer has left, so for a moment they can be missing.
    """
    for wire in wires if request.raw else ():
        if wire.sent == request.raw:
            wires.remove(wire)
            return wire
    return None


def _exchange(
    place: int, request: HttpRequest, reply: HttpResponse | None, event: FrontEvent | None
) -> Exchange:
    at = float(place)
    return Exchange(request=request, response=reply, started_at=at, ended_at=at, event=event)


def _event(request: HttpRequest) -> FrontEvent | None:
    """The front channel's event of a request to the tenant; None for the program's own."""
    kind = kind_of(request)
    if kind in _BY_THE_PROGRAM or request.path.startswith("/api/"):
        return None
    return FrontEvent(Occurred.ASKED if kind == "authorize" else Occurred.PAGE)


def _visit(reply: HttpResponse | None) -> FrontEvent:
    refused = reply is not None and reply.status >= 400
    return FrontEvent(Occurred.REFUSED if refused else Occurred.ACCEPTED)
