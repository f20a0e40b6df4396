"""A message taken apart: its coding, its chunks, and how much is unpacked."""

from __future__ import annotations

import gzip
import zlib

import pytest

from entra_oauth.recording.raw import pack, split_message, unpack

BODY = b"a body that compresses well " * 8
DEFLATED = zlib.compress(BODY)
_RAW = zlib.compressobj(wbits=-15)
BARE = _RAW.compress(BODY) + _RAW.flush()


@pytest.mark.parametrize(
    ("line", "coding"),
    [
        ("Content-Encoding: gzip", "gzip"),
        ("content-encoding:GZip ", "gzip"),
        ("Content-Encoding:\r\n gzip\x0b", "gzip"),
        ("Content-Encoding: Identity", ""),
        ("Content-Encoding:", ""),
        ("X-Content-Encoding: gzip", ""),
    ],
)
def test_the_coding_is_told_in_small_letters_and_without_blanks(line: str, coding: str) -> None:
    message = split_message(
        f"HTTP/1.1 200 OK\r\n{line}\r\n\r\n".encode() + gzip.compress(BODY, mtime=0)
    )
    assert message.coding == coding
    assert message.decoded() == (BODY if coding else message.body)


@pytest.mark.parametrize(
    ("data", "coding"),
    [
        (gzip.compress(BODY, mtime=0), "gzip"),
        (gzip.compress(BODY, mtime=0), "x-gzip"),
        (DEFLATED, "deflate"),
        (BARE, "deflate"),
        (gzip.compress(BODY, mtime=0), "deflate"),
    ],
)
def test_as_much_as_is_allowed_is_unpacked_and_not_one_byte_more(data: bytes, coding: str) -> None:
    assert unpack(data, coding) == BODY
    assert unpack(data, coding, limit=len(BODY)) == BODY
    assert unpack(data, coding, limit=len(BODY) - 1) is None
    assert unpack(data[:-1], coding) is None, "its end is missing"
    assert unpack(data + b"x", coding) is None, "something follows"


@pytest.mark.parametrize(
    ("data", "coding"),
    [(BODY, "gzip"), (BODY, "deflate"), (gzip.compress(BODY, mtime=0), "br"), (DEFLATED, "gzip")],
)
def test_what_is_no_such_coding_is_not_unpacked(data: bytes, coding: str) -> None:
    assert unpack(data, coding) is None


@pytest.mark.parametrize("coding", ["", "gzip", "x-gzip", "deflate"])
def test_what_is_packed_again_is_unpacked_to_the_same(coding: str) -> None:
    assert unpack(pack(BODY, coding), coding) == BODY
    assert not coding.endswith("gzip") or pack(BODY, coding)[4:8] == bytes(4), "it has no time"


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"3 ;x=1\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", b"abcd"),
        (b"3\nabc\n0\n\n", b"abc"),
        (b"0000000A\r\n0123456789\r\n0\r\n", b"0123456789"),
        (b"0\r\nX: y\r\n\r\n", b""),
        (b"4\r\nab\r\n0\r\n\r\n", None),
        (b"3\r\nabcd\r\n0\r\n\r\n", None),
        (b"3\r\nabcx0\r\n\r\n", None),
        (b"3\r\nabc", None),
        (b"3\r\nabc\r\n", None),
        (b"3\r\nabc\r\nx\r\n", None),
        (b"000000001\r\na\r\n0\r\n", None),
        (b"", None),
    ],
)
def test_chunks_are_joined_if_they_are_well_formed(body: bytes, data: bytes | None) -> None:
    message = split_message(CHUNKED + body)
    assert message.unframed() == data
    assert message.decoded() == data
    assert bytes(message) == CHUNKED + body


@pytest.mark.parametrize("name", ["x-one", "X-ONE", "X-One"])
def test_of_two_headers_of_one_name_the_first_is_told_in_any_case(name: str) -> None:
    message = split_message(b"GET / HTTP/1.1\r\nx-One:  1 \r\nX-oNE: 2\r\n\r\n")
    assert message.header(name) == "1"
    assert message.header("one") is None


INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "interim", "start", "is_whole"),
    [
        (b"GET / HTTP/1.1\n\n", b"", b"GET / HTTP/1.1", True),
        (b"GET / HTTP/1.1\r\nA: b\n\n", b"", b"GET / HTTP/1.1\r\nA: b\n\n", False),
        (b"no head", b"", b"no head", False),
        (INTERIM + b"HTTP/1.1 200 OK\r\n\r\nx", INTERIM, b"HTTP/1.1 200 OK", True),
        (INTERIM * 2 + b"HTTP/1.1 200 OK\r\n\r\n", INTERIM * 2, b"HTTP/1.1 200 OK", True),
        (INTERIM + b"HTTP/1.1 200", INTERIM, b"HTTP/1.1 200", False),
        (INTERIM, b"", b"HTTP/1.1 100 Continue", True),
        (INTERIM + b"A: b\nC: d\r\n\r\n", b"", INTERIM + b"A: b\nC: d\r\n\r\n", False),
    ],
)
def test_the_parts_of_a_message_are_the_message(
    data: bytes, interim: bytes, start: bytes, is_whole: bool
) -> None:
    message = split_message(data)
    assert (message.interim, message.start, message.whole) == (interim, start, is_whole)
    assert bytes(message) == data
