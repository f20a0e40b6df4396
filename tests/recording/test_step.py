"""A step: how it is numbered and named, what its bytes are, and what is read from them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire
from entra_oauth.recording import Exchange, FrontEvent, Occurred, Recording
from entra_oauth.recording.step import Evidence, Half, Level, Seen, Step, rebuilt, steps_of

URL = "https://a.example/p?q=1"
GET = HttpRequest(method="GET", url=URL)
OK = HttpResponse(status=200, body=b"x")
ASKED, PASTED = Occurred.ASKED, Occurred.ACCEPTED


def made(
    request: HttpRequest = GET,
    response: HttpResponse | None = None,
    *,
    event: Occurred | None = None,
    wire: Wire | None = None,
    purpose: str = "token",
    at: float = 1.0,
) -> Exchange:
    return Exchange(
        event=FrontEvent(event) if event else None,
        purpose=purpose,
        request=request,
        response=response,
        started_at=at,
        ended_at=at,
        wire=wire,
    )


def steps(*exchanges: Exchange) -> tuple[Step, ...]:
    return steps_of(Recording(exchanges))


@pytest.mark.parametrize(
    ("request_", "data"),
    [
        (GET, b"GET /p?q=1 HTTP/1.1\r\nHost: a.example\r\n\r\n"),
        (
            HttpRequest(
                method="POST", url=URL, headers=(("host", "b"), ("X", "\u20ac")), body=b"ab"
            ),
            b"POST /p?q=1 HTTP/1.1\r\nhost: b\r\nX: ?\r\nContent-Length: 2\r\n\r\nab",
        ),
        (
            HttpRequest(method="POST", url=URL, headers=(("content-length", "9"),), body=b"ab"),
            b"POST /p?q=1 HTTP/1.1\r\nHost: a.example\r\ncontent-length: 9\r\n\r\nab",
        ),
    ],
)
def test_a_request_is_put_together_from_its_parts(request_: HttpRequest, data: bytes) -> None:
    assert rebuilt(request_) == data


@pytest.mark.parametrize(
    ("start", "status", "reason"),
    [
        ("HTTP/1.1 200 OK", 200, "OK"),
        ("HTTP/1.1 404 Not Found", 404, "Not Found"),
        ("HTTP/1.1 200 ", 200, ""),
        ("HTTP/1.1 200", 200, ""),
        ("HTTP/1.1 200\tOK", None, ""),
        ("HTTP/1.1 two OK", None, ""),
        ("HTTP/1.1", None, ""),
        ("HTTP/1.1 101 Switching Protocols", None, ""),
    ],
)
def test_an_answer_is_read_from_its_status_line(
    start: str, status: int | None, reason: str
) -> None:
    data = f"{start}\r\nContent-Encoding: br\r\n\r\nbody".encode()
    (step,) = steps(made(wire=Wire(sent=b"x", received=data)))
    answer = step.http_response
    assert (answer and answer.status) == status
    if answer is not None:
        assert (answer.reason, answer.body) == (reason, b"body"), "as it came: it is not unpacked"


RAW = HttpRequest(method="GET", url=URL, raw=b"GET /p HTTP/1.1\r\n\r\n")
NAMED = HttpRequest(method="GET", url=URL, headers=(("Host", "h"),))


@pytest.mark.parametrize(
    ("exchange", "seen"),
    [
        (made(event=ASKED), (Seen.ADDRESS, Seen.NOTHING)),
        (made(response=OK, event=ASKED), (Seen.ADDRESS, Seen.REBUILT)),
        (made(event=PASTED), (Seen.ADDRESS, Seen.NOTHING)),
        (made(response=OK, event=PASTED), (Seen.REBUILT, Seen.REBUILT)),
        (made(NAMED, event=ASKED), (Seen.REBUILT, Seen.NOTHING)),
        (made(RAW, OK, event=PASTED), (Seen.WIRE, Seen.WIRE)),
        (made(RAW, event=PASTED), (Seen.WIRE, Seen.NOTHING)),
        (made(GET, OK), (Seen.REBUILT, Seen.REBUILT)),
        (made(), (Seen.REBUILT, Seen.NOTHING)),
        (made(GET, OK, wire=Wire(sent=b"s", received=b"r")), (Seen.WIRE, Seen.WIRE)),
        (made(GET, OK, wire=Wire(sent=b"s")), (Seen.WIRE, Seen.NOTHING)),
        (made(event=PASTED, wire=Wire(received=b"r")), (Seen.NOTHING, Seen.WIRE)),
    ],
)
def test_it_is_told_where_the_bytes_are_from(exchange: Exchange, seen: tuple[Seen, Seen]) -> None:
    (step,) = steps(exchange)
    assert (step.request.seen, step.response.seen) == seen
    for half in (step.request, step.response):
        assert half.original_size == (len(half.data) if half.data else None)
    end = "url" if step.request.seen is Seen.ADDRESS else "request.bin"
    assert step.file_name("request") == f"001.{step.name}.{end}"
    assert step.file_name("response") == f"001.{step.name}.response.bin"


@pytest.mark.parametrize(
    ("purpose", "name"),
    [
        ("token", "token"),
        ("Managed identity!", "managed-identity"),
        ("--", "request"),
        ("x" * 33, "x" * 32),
    ],
)
def test_a_step_is_named_for_a_file(purpose: str, name: str) -> None:
    assert steps(made(purpose=purpose))[0].name == name


def test_steps_are_numbered_as_they_began_and_attempts_by_method_and_place() -> None:
    other = HttpRequest(method="POST", url=URL)
    again = HttpRequest(method="GET", url=URL.replace("q=1", "q=2"))
    elsewhere = HttpRequest(method="GET", url=URL.replace("/p", "/q"))
    found = steps(
        *(made(again, at=3.0), made(at=1.0), made(other, at=2.0), made(event=ASKED, at=4.0)),
        made(elsewhere, at=5.0),
    )
    assert [(each.number, each.method, each.url, each.attempt) for each in found] == [
        (1, "GET", URL, 1),
        (2, "POST", URL, 1),
        (3, "GET", again.url, 2),
        (4, "GET", URL, 1),
        (5, "GET", elsewhere.url, 1),
    ]
    evidence = Evidence(steps=found, created_at=1.0, level=Level.NONE)
    assert [evidence.step(number) for number in (0, 1, 5, 6)] == [None, found[0], found[4], None]


def test_of_what_is_no_message_the_request_is_its_method_and_address() -> None:
    (step,) = steps(made(wire=Wire(sent=b"no head")))
    assert (step.http_request, step.http_request.raw) == (GET, b"")
    assert step.http_response is None
    assert Half().message.whole is False


@pytest.mark.parametrize("data", [b"HTTP/1.1 200 OK\r\nServer: x\r\n", b"HTTP/1.1 200 OK", b""])
def test_an_answer_whose_head_was_cut_off_is_none(data: bytes) -> None:
    (step,) = steps(made(wire=Wire(sent=b"x", received=data)))
    assert step.http_response is None


def test_of_an_address_nothing_is_read_but_that() -> None:
    (step,) = steps(made(event=ASKED))
    odd = Half(data=b"https://a.example/ x\r\nX: y\r\n\r\nbody", seen=Seen.ADDRESS)
    asked = replace(step, request=odd).http_request
    assert (asked, asked.raw) == (GET, b"")


def test_a_body_that_cannot_be_unpacked_is_none_in_a_request() -> None:
    sent = b"POST /p HTTP/1.1\r\nContent-Encoding: br\r\n\r\nbody"
    (step,) = steps(made(wire=Wire(sent=sent)))
    assert (step.http_request.body, step.http_request.raw) == (b"", sent)


def test_what_is_known_of_a_connection_stays_with_its_step_and_its_bytes_do_not() -> None:
    wire = Wire(sent=b"s", received=b"r", peer="192.0.2.1:443", tunnel_sent=b"t")
    (step,) = steps(made(wire=wire))
    assert step.link == Wire(peer="192.0.2.1:443", tunnel_sent=b"t")


def test_only_the_listener_says_that_it_keeps_no_connection() -> None:
    front, back = steps(made(response=OK, event=PASTED), made(response=OK, at=2.0))
    assert b"Connection: close\r\n" in front.response.data
    assert b"Connection: close\r\n" not in back.response.data
