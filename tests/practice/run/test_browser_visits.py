"""The browser of `practice run` tells what it did at the program's own address."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from entra_oauth.channels.exchange import Exchange
from entra_oauth.channels.loopback.host import HangUp, LoopbackHost
from entra_oauth.errors import ConnectFailed, ExchangeBroken, UsageError
from entra_oauth.practice.browser.control_client import command
from entra_oauth.practice.browser.transport import SocketTap, http_send
from entra_oauth.practice.run import browser_visits as room
from entra_oauth.practice.run.browser_visits import BrowserVisits, reporting_send
from entra_oauth.practice.run.control import Control
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse
from kit.back_channels import wire_of


def _program(request: HttpRequest) -> HttpResponse:
    if request.path == "/gone":
        raise HangUp
    return HttpResponse(status=200, headers=(("X-Program", "1"),), body=b"thanks" * 5000)


@pytest.fixture
def visits() -> BrowserVisits:
    return BrowserVisits()


@pytest.fixture
def seen() -> list[Exchange]:
    return []


@pytest.fixture
def program(seen: list[Exchange]) -> Iterator[LoopbackHost]:
    with LoopbackHost(_program, witness=seen.append) as host:
        yield host


@pytest.fixture
def control(visits: BrowserVisits) -> Iterator[Control]:
    with Control(PracticeTenant(), visits=visits) as control:
        yield control


def _form(port: int, path: str = "/") -> HttpRequest:
    return HttpRequest(
        method="POST",
        url=f"http://localhost:{port}{path}",
        headers=(("Origin", "null"), ("Content-Type", FORM)),
        body=b"code=abc&state=def",
    )


def test_a_visit_is_told_with_the_bytes_that_the_program_saw(
    control: Control, visits: BrowserVisits, program: LoopbackHost, seen: list[Exchange]
) -> None:
    send = reporting_send(control.address, http_send)
    response = send(_form(program.port))
    assert (response.status, response.header("X-Program")) == (200, "1")
    (visit,) = visits.wait(5)
    program.close()
    (other,) = seen
    assert (wire_of(visit).sent, wire_of(visit).received) == (
        wire_of(other).sent,
        wire_of(other).received,
    )
    assert wire_of(visit).sent.endswith(b"\r\n\r\ncode=abc&state=def")
    assert (visit.request.method, visit.request.url) == (
        "POST",
        f"http://localhost:{program.port}/",
    )
    assert visit.failure is None


def test_a_visit_that_came_to_nothing_is_one_too(
    control: Control, visits: BrowserVisits, program: LoopbackHost
) -> None:
    send = reporting_send(control.address, http_send)
    with pytest.raises(ExchangeBroken):
        send(_form(program.port, "/gone"))
    program.close()
    with pytest.raises(ConnectFailed):
        send(_form(program.port))
    broken, refused = visits.wait(5)
    assert (broken.failure, wire_of(broken).received) == ("ExchangeBroken", b"")
    assert wire_of(broken).sent.endswith(b"code=abc&state=def")
    assert (refused.failure, refused.wire) == ("ExchangeBroken", None)


def test_where_nobody_wants_to_know_the_visit_is_made(program: LoopbackHost) -> None:
    with Control(PracticeTenant()) as deaf:
        send = reporting_send(deaf.address, http_send)
        assert send(_form(program.port)).status == 200
    assert send(_form(program.port)).status == 200  # and where nobody is there any more


def test_what_is_under_way_is_waited_for_but_not_for_ever(visits: BrowserVisits) -> None:
    number = visits.begin("GET", "http://localhost:1/?code=abc")
    assert [visit.wire for visit in visits.wait(0)] == [None]
    later = threading.Timer(0.05, visits.end, (number, b"sent", b"received"))
    later.start()
    assert [wire_of(visit).sent for visit in visits.wait(10)] == [b"sent"]
    later.join()
    visits.end(number, b"again", b"again")
    visits.end(7, b"never begun", b"")
    assert [wire_of(visit).sent for visit in visits.wait(0)] == [b"sent"]


def test_there_is_an_end_to_what_is_kept(
    visits: BrowserVisits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_MOST", 2)
    assert [visits.begin("GET", "http://localhost:1/") for _ in range(3)] == [0, 1, -1]


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("/visits", {"method": "GET"}, "url is missing"),
        ("/visits", {"method": 1, "url": "x"}, "method is missing"),
        ("/visits/end", {"visit": "0", "sent": "", "received": ""}, "visit is missing"),
        ("/visits/end", {"visit": 0, "sent": "%", "received": ""}, "sent is not base64"),
        ("/visits/end", {"visit": 0, "sent": ""}, "received is missing"),
    ],
)
def test_what_does_not_fit_is_refused(
    path: str, content: dict[str, object], said: str, control: Control, visits: BrowserVisits
) -> None:
    with pytest.raises(UsageError, match=said):
        command(control.address, "POST", path, content)
    assert visits.wait(0) == ()


def test_a_tenant_that_is_not_recorded_has_no_such_address() -> None:
    with (
        Control(PracticeTenant()) as deaf,
        pytest.raises(UsageError, match=r"There is /faults and /clock"),
    ):
        command(deaf.address, "POST", "/visits", {"method": "GET", "url": "http://localhost/"})


def test_a_tap_changes_nothing_of_the_answer(program: LoopbackHost) -> None:
    request, tap = _form(program.port), SocketTap()
    assert http_send(request, tap=tap) == http_send(request)
    assert bytes(tap.sent).startswith(b"POST / HTTP/1.1\r\n")
    assert bytes(tap.received).endswith(b"thanks")
