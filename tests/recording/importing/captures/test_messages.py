"""What tshark tells of connections becomes messages, each with the bytes of the wire."""

from __future__ import annotations

import struct
from base64 import b64encode

import pytest

from entra_oauth.errors import SecurityError, UsageError
from entra_oauth.recording.importing.captures.connections import Frame, TcpConnection
from entra_oauth.recording.importing.captures.follow import (
    Piece,
    StreamPieces,
    _hex_sections,
    _sections,
)
from entra_oauth.recording.importing.captures.http1_messages import (
    OneWay,
    requests_in,
    responses_in,
)
from entra_oauth.recording.importing.captures.http2_messages import sides_of

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=b"
CHUNKS = b"POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
TRAILED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n0\r\nT: v\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n"
OPEN = b"HTTP/1.1 200 OK\r\n\r\nuntil it closes"


def flow(*pieces: bytes) -> OneWay:
    return OneWay([Piece(at, float(at), data) for at, data in enumerate(pieces)])


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_requests_keep_their_bytes_however_the_packets_were_cut(size: int) -> None:
    data = GET + POST + CHUNKS + GET
    found = requests_in(flow(*(data[at : at + size] for at in range(0, len(data), size))))
    assert [each.data for each in found] == [GET, POST, CHUNKS, GET]
    assert all(each.whole for each in found)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_answers_keep_their_bytes_and_interim_ones_belong_to_the_one_after(size: int) -> None:
    data = OK + CONTINUE + TRAILED + EMPTY + HEAD + OPEN
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    found = responses_in(flow(*pieces), ["GET", "POST", "GET", "HEAD", "GET"])
    assert [each.data for each in found] == [OK, CONTINUE + TRAILED, EMPTY, HEAD, OPEN]
    assert all(each.whole for each in found)


def test_a_message_has_the_times_of_its_first_and_its_last_byte() -> None:
    (first, second) = requests_in(flow(GET, POST[:5], POST[5:-1], POST[-1:]))
    assert (first.began_at, first.ended_at) == (0.0, 0.0)
    assert (second.began_at, second.ended_at) == (1.0, 3.0)


CUT = {
    "head": (GET[:-2], b""),
    "body": (POST[:-1], b""),
    "chunk": (CHUNKS[:-8], b""),
    "end of chunks": (CHUNKS[:-2], b""),
    "no request": (b"\x16\x03\x01 nonsense\r\n\r\n", b""),
    "a length that is none": (POST.replace(b": 3", b": x"), b""),
    "answer's head": (GET, OK[:10]),
    "answer's body": (GET, OK[:-1]),
    "answer's trailers": (GET, TRAILED[:-3]),
    "no answer": (GET, b"\x00\x01\r\n\r\n"),
}


@pytest.mark.parametrize("name", CUT)
def test_what_breaks_off_is_not_whole(name: str) -> None:
    asked, answered = CUT[name]
    requests = requests_in(flow(asked))
    answers = responses_in(flow(answered), ["GET"])
    assert [each.whole for each in (*requests, *answers)].count(False) == 1


# ---- HTTP/2 ------------------------------------------------------------------------------


def block(*pairs: tuple[str, str]) -> bytes:
    """A list of headers as tshark tells it."""
    return b"".join(struct.pack(">I", len(text)) + text.encode() for pair in pairs for text in pair)


def frame_of(data: bytes, *, flags: int = 0, kind: int = 0) -> bytes:
    return len(data).to_bytes(3) + bytes([kind, flags]) + (1).to_bytes(4) + data


ASKED = block((":method", "POST"), (":path", "/t"), ("cookie", "a"), ("cookie", "b"))
ANSWERED = block((":status", "200"), ("x", "y"))


def stream(*pieces: tuple[bool, bytes]) -> StreamPieces:
    return StreamPieces(connection=0, number=1, pieces=pieces)


@pytest.mark.parametrize("client", [True, False])
def test_a_stream_is_a_request_and_its_answer_whichever_side_comes_first(client: bool) -> None:
    told = stream(
        (client, ASKED),
        (client, frame_of(b"a=")),
        (client, frame_of(b"b", flags=1)),
        (not client, block((":status", "103"), ("link", "x"))),
        (not client, ANSWERED),
        (not client, frame_of(b"\x02ok\0\0", flags=8)),
    )
    request, answer = sides_of(told)
    assert request is not None
    assert answer is not None
    assert request.pseudo == {":method": "POST", ":path": "/t"}
    assert request.headers == (("cookie", "a"), ("cookie", "b"))
    assert (request.body, answer.body, answer.pseudo[":status"]) == (b"a=b", b"ok", "200")
    assert answer.headers == (("x", "y"),)


ODD = {
    "a list that breaks off": ASKED[:-1],
    "a length beyond the end": b"\xff\xff\xff\xff",
    "a frame of another kind": frame_of(b"abc", kind=3),
    "a frame that is too short": frame_of(b"abc")[:-1],
    "more padding than data": frame_of(b"\x09ab", flags=8),
}


@pytest.mark.parametrize("name", ODD)
def test_a_side_that_cannot_be_read_is_none(name: str) -> None:
    assert sides_of(stream((True, ASKED), (True, ODD[name]))) == (None, None)


def test_a_body_that_is_not_as_long_as_it_says_is_not_whole() -> None:
    head = block((":method", "POST"), ("content-length", "4"))
    request, _ = sides_of(stream((True, head), (True, frame_of(b"abc"))))
    assert request is not None
    assert not request.whole


# ---- what tshark prints ------------------------------------------------------------------


def test_sections_of_yaml_are_told_apart_by_their_heads() -> None:
    text = (
        "peers:\n  - peer: 0\n    host: 127.0.0.1\n    port: 1\npackets:\n  - packet: 7\n"
        "    peer: 1\n    timestamp: 5.250000000\n    data: !!binary |\n"
        f"      {b64encode(b'a' * 57).decode()}\n      {b64encode(b'b').decode()}\n\n"
        "peers:\n  - peer: 0\n    host: x\n    port: 0\npackets:\n"
    )
    assert list(_sections(text.splitlines())) == [(Piece(7, 5.25, b"a" * 57 + b"b"),)]


@pytest.mark.parametrize(
    "line", ["  - packet: x", "    data: text", "      $$$$", "      YQ=", "\x1b[31m"]
)
def test_a_line_that_tshark_does_not_print_is_refused(line: str) -> None:
    head = ["peers:", "packets:", "  - packet: 7", "    timestamp: 5.0", "    data: !!binary |"]
    with pytest.raises(UsageError, match="in another way") as refused:
        list(_sections([*head, line]))
    assert line.strip() not in str(refused.value)


def test_sections_of_hex_name_their_stream() -> None:
    line = "=" * 67
    text = [
        line, "Follow: http2,raw", "Filter: tcp.stream eq 3 and http2.streamid eq 5",
        "Node 0: 127.0.0.1:1", "Node 1: 127.0.0.1:2", "6162", "\t63", line,
    ]  # fmt: skip
    (found,) = _hex_sections(text)
    assert (found.connection, found.number) == (3, 5)
    assert found.pieces == ((False, b"ab"), (True, b"c"))
    with pytest.raises(UsageError):
        list(_hex_sections([*text[:5], "zz", line]))


# ---- records that were not opened --------------------------------------------------------


def connection(*frames: Frame) -> TcpConnection:
    return TcpConnection(stream=0, frames=frames, client="a:1", server="b:2")


def packet(number: int, records: str, sealed: str = "") -> Frame:
    return Frame(
        number=number, at=0.0, source="a:1", to="b:2", records=tuple(records.split()),
        sealed=tuple(sealed.split()), is_http=True,
    )  # fmt: skip


def test_a_connection_of_which_each_record_was_opened_is_whole() -> None:
    connection(packet(1, "22"), packet(2, "20 22", "23"), packet(3, "23", "23")).check_whole(
        frozenset({3})
    )
    connection(packet(1, "22"), packet(2, "23")).check_whole(frozenset({2}))


@pytest.mark.parametrize(
    ("records", "sealed", "opened"), [("", "23", {1, 2}), ("23", "23 23", {1, 2}), ("23", "", {1})]
)
def test_a_record_that_was_not_opened_is_named(records: str, sealed: str, opened: set[int]) -> None:
    made = connection(packet(1, "23"), packet(2, records, sealed))
    with pytest.raises(SecurityError, match="in packet 2 cannot be opened"):
        made.check_whole(frozenset(opened))
