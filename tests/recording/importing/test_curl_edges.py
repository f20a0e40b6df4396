"""curl at its edges, by hand: files cut off, transfers at once, dots in the place of bytes."""

from __future__ import annotations

import pytest

from entra_oauth.errors import UsageError
from entra_oauth.recording.importing.curl_talk import seconds_between
from entra_oauth.recording.importing.entries import Entry
from kit.canaries import refused
from kit.foreign.files import brought, hexed

HEAD = "POST /t/oauth2/v2.0/token HTTP/1.1\r\nHost: localhost:1\r\nContent-Length: 0\r\n\r\n"


ASKED = hexed("=> Send header", HEAD.encode())
CAME = hexed("<= Recv header", b"HTTP/1.1 200 OK\r\n") + hexed("<= Recv header", b"\r\n")
SHORT = (
    hexed("<= Recv header", b"HTTP/1.1 200 OK\r\n")
    + hexed("<= Recv header", b"Content-Length: 9\r\n")
    + hexed("<= Recv header", b"\r\n")
    + hexed("<= Recv data", b"12345678")
)
LEFT = "== Info: Connection #0 to host localhost left intact\n"


def test_a_trace_made_by_hand_is_read() -> None:
    (entry,) = brought((ASKED + CAME + LEFT).encode()).entries
    assert entry.sent == HEAD.encode()
    assert entry.received == b"HTTP/1.1 200 OK\r\n\r\n"


def test_a_transfer_that_broke_off_is_no_file_that_did() -> None:
    (entry,) = brought((ASKED + SHORT + "== Info: Closing connection 0\n").encode()).entries
    assert entry.received.endswith(b"12345678")


UPLOADED = "== Info: We are completely uploaded and fine\n"


def answered(*lines: str, body: bytes = b"") -> str:
    """The blocks of an answer."""
    heads = "".join(hexed("<= Recv header", f"{each}\r\n".encode()) for each in (*lines, ""))
    return heads + (hexed("<= Recv data", body) if body else "")


def read_trace(text: str) -> tuple[Entry, ...]:
    return brought(text.encode()).entries


def test_an_answer_that_needs_no_body_lacks_none() -> None:
    head = HEAD.replace("POST", "HEAD").encode()
    long = ("HTTP/1.1 200 OK", "Content-Length: 9")
    assert len(read_trace(hexed("=> Send header", head) + answered(*long))) == 1
    assert len(read_trace(ASKED + answered("HTTP/1.1 304 Not Modified", long[1]))) == 1
    with pytest.raises(UsageError, match="shorter than it says"):
        read_trace(ASKED + answered(*long) + UPLOADED)


def test_chunks_that_are_not_whole_are_seen_and_chunks_that_were_undone_are_none() -> None:
    head = ("HTTP/1.1 200 OK", "Transfer-Encoding: chunked")
    with pytest.raises(UsageError, match="shorter than it says"):
        read_trace(ASKED + answered(*head, body=b"5\r\nab"))
    (entry,) = read_trace(ASKED + answered(*head, body=b'{"a": 1}'))
    assert entry.response is not None
    assert (entry.response.body, entry.received) == (b'{"a": 1}', b"")


def test_a_request_that_got_no_answer_is_one_without_and_the_next_has_its_own() -> None:
    closed = "== Info: Closing connection 0\n"
    file = brought((ASKED + closed + ASKED + CAME).encode())
    assert [entry.response and entry.response.status for entry in file.entries] == [None, 200]
    assert any("may be cut off" in line for line in file.not_kept)
    file = brought((ASKED + CAME + LEFT + ASKED + CAME + LEFT).encode())
    assert not any("may be cut off" in line for line in file.not_kept)


def test_an_answer_with_trailers_is_read_and_not_called_exact() -> None:
    trailed = answered("HTTP/1.1 200 OK", body=b"{}") + hexed("<= Recv header", b"X-A: b\r\n")
    (entry,) = read_trace(ASKED + trailed + LEFT)
    assert entry.response is not None
    assert (entry.response.body, entry.received, entry.response.header("x-a")) == (b"{}", b"", None)


def test_what_curl_says_of_the_handshake_is_kept() -> None:
    said = "== Info: ALPN: server accepted http/1.1\n"
    (entry,) = read_trace(said + ASKED + CAME + LEFT)
    assert (entry.link.alpn, entry.link.tls_version) == ("http/1.1", None)
    assert entry.request.url.startswith("https://localhost:1/")


def test_more_exchanges_than_are_read_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entra_oauth.recording.importing.entries.MAX_ENTRIES", 1)
    with pytest.raises(UsageError, match="more than 1 entries"):
        read_trace((ASKED + CAME + LEFT) * 2)


@pytest.mark.parametrize(
    ("more", "body", "kept"),
    [
        ("X-A: b", "{}", b"{}"),
        ("X-A: b", "....", b""),
        ("Content-Encoding: br", "k(.x", b""),
        ("Content-Encoding: gzip", ".....", b""),
    ],
)
def test_dots_in_ascii_are_no_body(more: str, body: str, kept: bytes) -> None:
    lines = ["=> Send header, 39 bytes (0x27)", "0000: GET /oauth2/token HTTP/1.1"]
    lines += ["001c: Host: a", "0025: "]
    size = len(more) + 2
    lines += ["<= Recv header, 17 bytes (0x11)", "0000: HTTP/1.1 200 OK"]
    lines += [f"<= Recv header, {size} bytes (0x{size:x})", f"0000: {more}"]
    lines += ["<= Recv header, 2 bytes (0x2)", "0000: "]
    lines += [f"<= Recv data, {len(body)} bytes (0x{len(body):x})", f"0000: {body}"]
    (entry,) = read_trace("\n".join([*lines, LEFT]))
    assert entry.response is not None
    assert entry.response.body == kept


def test_of_a_chunked_request_v_shows_no_body_either() -> None:
    text = "> POST /oauth2/token HTTP/1.1\n> Host: a\n> Transfer-Encoding: chunked\n>\n"
    assert not read_trace(text)[0].body_exact


def test_transfers_at_once_are_told_apart_by_their_numbers() -> None:
    def of(way: str, data: bytes, number: int) -> str:
        return hexed(way, data, f"10:11:12.00000{number} [{number}-0] ")

    second = HEAD.replace("token", "devicecode").encode()
    lines = of("=> Send header", HEAD.encode(), 0) + of("=> Send header", second, 1)
    for number, status in ((1, b"400"), (0, b"200")):
        lines += of("<= Recv header", b"HTTP/1.1 " + status + b" X\r\n", number)
        lines += of("<= Recv header", b"\r\n", number)
    entries = brought(lines.encode()).entries
    assert [(e.request.path[-5:], e.response and e.response.status) for e in entries] == [
        ("token", 200),
        ("ecode", 400),
    ]


REFUSED = [
    (ASKED[:-40], "block at line 1 of the trace of curl is not as long"),
    (ASKED.replace("50 4f", "50 zz"), "block at line 1"),
    (ASKED.replace("0010: ", "0020: "), "block at line 1"),
    (ASKED + "<= Recv hea", "Line 7 of the trace of curl is none of curl's"),
    (ASKED + CAME + '{"access_token": "x"}\n' + LEFT, "is none of curl's"),
    (ASKED + SHORT, "breaks off: the answer to the request at line 1"),
    (ASKED + hexed("<= Recv header", b"HTTP/1.1 200 OK\r\n"), "shorter than it says"),
    (ASKED + ASKED + CAME, "Two requests stand together at line 7"),
    (CAME, "an answer at line 1 that belongs to no request"),
    (ASKED + CAME + CAME, "belongs to no request"),
    (hexed("=> Send header", b"nonsense"), "at line 1 of the trace of curl is no request"),
    (hexed("=> Send header", HEAD.encode()[:-4]), "is no request"),
    ("* Trying 1\n> GET / HTTP/1.1\n> GET / HTTP/1.1\n", "Two requests stand together at line 3"),
    ("* Trying 1\n< HTTP/1.1 200 OK\n", "an answer at line 2"),
    ("> GET /t/oauth2/token HTTP/1.1\n> Host: a\n", "is no request: it breaks off"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_what_is_cut_off_or_changed_is_refused_with_its_place(text: str, said: str) -> None:
    with refused(UsageError) as caught:
        brought(text.encode())
    assert said in caught.value.what
    assert "again" in caught.value.advice


def test_a_body_that_could_be_a_piece_of_one_is_not_kept_from_v() -> None:
    head = "> GET /t/oauth2/v2.0/token HTTP/1.1\n> Host: localhost:1\n>\n< HTTP/1.1 200 OK\n"
    for length, body, kept in [
        ("Content-Length: 3", "abc", b"abc"),
        ("Content-Length: 4", "abc", b""),
        ("X: y", '{"a":1}', b'{"a":1}'),
        ("X: y", '{"a":', b""),
    ]:
        text = f"{head}< {length}\n<\n{body}* Connection #0 to host localhost left intact\n"
        (entry,) = brought(text.encode()).entries
        assert entry.response is not None
        assert entry.response.body == kept


def test_a_long_address_does_not_hide_what_the_file_is() -> None:
    text = f"> GET /oauth2/v2.0/authorize?x={'a' * 7000} HTTP/1.1\n> Host: a\n>\n"
    (entry,) = brought(text.encode()).entries
    assert len(entry.request.url) > 7000


@pytest.mark.parametrize(
    ("began", "ended", "passed"),
    [
        ("10:00:00.5", "10:00:01.75", 1.25),
        ("23:59:59.0", "00:00:01.0", 2.0),
        ("10:00:00.5", "10:00:00.5", 0.0),
        ("", "10:00:00.0", 0.0),
    ],
)
def test_times_of_day_are_a_duration(began: str, ended: str, passed: float) -> None:
    assert seconds_between(began, ended) == passed
