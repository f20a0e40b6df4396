"""The strict HTTP/1.1 reader and writer, without a socket."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.channels.loopback import http1
from entra_oauth.protocol.messages import HttpRequest, HttpResponse


def read(head: bytes, body: bytes = b"") -> HttpRequest:
    parsed = http1.parse_head(head)
    return http1.build_request(parsed, body, scheme="http", fallback_host="127.0.0.1:1")


def head(line: str = "GET / HTTP/1.1", *headers: str) -> bytes:
    return "\r\n".join([line, *(headers or ("Host: localhost:1",))]).encode("latin-1")


HOST = "Host: localhost:1"


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (head("GET /"), 400),  # HTTP/0.9
        (head("GET  / HTTP/1.1"), 400),
        (head("GET / HTTP/1.1 "), 400),
        (head(" GET / HTTP/1.1"), 400),
        (head("GET\t/ HTTP/1.1"), 400),
        (head("G(T / HTTP/1.1"), 400),
        (head("GET /\x01 HTTP/1.1"), 400),
        (head("GET /\x7f HTTP/1.1"), 400),
        (head("GET /\xe4 HTTP/1.1"), 400),
        (head("GET /a b HTTP/1.1"), 400),
        (head("GET /#code HTTP/1.1"), 400),
        (head("GET / http/1.1"), 400),
        (head("GET / HTTP/2.0"), 505),
        (head("PRI * HTTP/2.0"), 505),
        (head("GET * HTTP/1.1"), 400),
        (head("CONNECT localhost:1 HTTP/1.1"), 400),
        (head("GET localhost/ HTTP/1.1"), 400),
        (head("GET http://elsewhere.example/ HTTP/1.1"), 400),
        (head("GET http://localhost:1 HTTP/1.1"), 400),
        (head("GET http://localhost:1@evil.example/ HTTP/1.1"), 400),
        (head("GET http://localhost:12/ HTTP/1.1"), 400),
        (head("GET https://localhost:1/ HTTP/1.1"), 400),
        (b"GET / HTTP/1.1", 400),  # no Host
        (head("GET / HTTP/1.1", HOST, HOST), 400),
        (head("GET / HTTP/1.1", HOST, "host: other"), 400),
        (head("GET / HTTP/1.1", "Host:"), 400),
        (head("GET / HTTP/1.1", "Host: user@localhost:1"), 400),
        (head("GET / HTTP/1.1", "Host: localhost:1/path"), 400),
        (head("GET / HTTP/1.1", "Host: localhost:1?x"), 400),
        (head("GET / HTTP/1.1", "Host: [::1"), 400),
        (head("GET / HTTP/1.1", "Host: [:::::]:1"), 400),
        (head("GET / HTTP/1.1", "Host: localhost:port"), 400),
        (head("GET / HTTP/1.1", HOST, "X"), 400),
        (head("GET / HTTP/1.1", HOST, ": x"), 400),
        (head("GET / HTTP/1.1", HOST, "X : x"), 400),
        (head("GET / HTTP/1.1", HOST, "X: a", " folded"), 400),
        (head("GET / HTTP/1.1", HOST, "X: a", "\tfolded: b"), 400),
        (head("GET / HTTP/1.1", HOST, "X: a\x00b"), 400),
        (head("GET / HTTP/1.1", HOST, "X: a\rb"), 400),
        (head("GET / HTTP/1.1", HOST, "X: a\nb"), 400),
        (head("GET / HTTP/1.1", HOST, *["X: y"] * 200), 431),
        (head("POST / HTTP/1.1", HOST, "Content-Length: 1", "Content-Length: 1"), 400),
        (head("POST / HTTP/1.1", HOST, "Content-Length: 1, 1"), 400),
        (head("POST / HTTP/1.1", HOST, "Content-Length: -1"), 400),
        (head("POST / HTTP/1.1", HOST, "Content-Length: +1"), 400),
        (head("POST / HTTP/1.1", HOST, "Content-Length: 0x1"), 400),
        (head("POST / HTTP/1.1", HOST, "Content-Length: 1_0"), 400),
        (head("POST / HTTP/1.1", HOST, "Content-Length: \xb2"), 400),
        (head("POST / HTTP/1.1", HOST, "Content-Length:"), 400),
        (head("POST / HTTP/1.1", HOST, f"Content-Length: {1 << 20 | 1}"), 413),
        (head("POST / HTTP/1.1", HOST, "Transfer-Encoding: chunked"), 411),
        (head("POST / HTTP/1.1", HOST, "Transfer-Encoding: chunked", "Content-Length: 1"), 400),
        (head("POST / HTTP/1.1", HOST, "Expect: a-miracle"), 417),
    ],
)
def test_a_doubtful_request_is_refused_with_its_status(message: bytes, status: int) -> None:
    with pytest.raises(http1.Refusal) as refusal:
        read(message)
    assert refusal.value.status == status


@pytest.mark.parametrize(
    "target",
    ["/", "//", "/x", "/%2f%2F?a=%2f&a=%2F&b", "/?", "/a?b?c", "/a;b?{}|^`\\\"<>'", "//h/?q=//h2/"],
)
def test_path_and_query_keep_their_spelling(target: str) -> None:
    request = read(head(f"GET {target} HTTP/1.1"))
    assert request.url == f"http://localhost:1{target}"


def test_the_absolute_form_of_our_own_host_is_the_same_request() -> None:
    request = read(head("GET http://localhost:1/a?b HTTP/1.1"))
    assert request.url == "http://localhost:1/a?b"


def test_http_1_0_may_leave_the_host_out() -> None:
    assert read(b"GET /a HTTP/1.0").url == "http://127.0.0.1:1/a"


def test_headers_are_kept_in_wire_order_with_their_case() -> None:
    request = read(head("GET / HTTP/1.1", "hOST: [::1]:1", "B: 2 ", "A:\t1\t", "B:"))
    assert request.headers == (("hOST", "[::1]:1"), ("B", "2"), ("A", "1"), ("B", ""))


@pytest.mark.parametrize(
    "start",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"\x00",
        b" GET",
        b"GET / HTTP/1.1\n",
        b"GET / HTTP/1.1\r\nA: b\n",
    ],
)
def test_what_cannot_become_a_request_is_refused_before_its_end(start: bytes) -> None:
    with pytest.raises(http1.Refusal):
        http1.refuse_early(start)


@pytest.mark.parametrize("start", [b"", b"G", b"GET / HTTP/1.1\r", b"GET / HTTP/1.1\r\nA: b\r\n"])
def test_what_can_become_a_request_is_waited_for(start: bytes) -> None:
    http1.refuse_early(start)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_a_refusal(message: bytes) -> None:
    try:
        request = read(message)
    except http1.Refusal:
        return
    assert request.url.startswith("http://")
    assert request.path.startswith("/")


_LINES = st.lists(
    st.sampled_from(
        [
            "GET / HTTP/1.1",
            "POST /a?b HTTP/1.1",
            "Host: localhost",
            "Host: [::1]:1",
            "Content-Length: 3",
            "Transfer-Encoding: chunked",
            "Expect: 100-continue",
            " fold",
            "X: \x85",
            "",
        ]
    ),
    max_size=6,
)


@given(_LINES)
def test_any_lines_are_a_request_or_a_refusal(lines: list[str]) -> None:
    message = "\r\n".join(lines).encode("latin-1")
    try:
        parsed = http1.parse_head(message)
    except http1.Refusal:
        return
    assert len([line for line in lines if line.startswith("Host")]) == 1
    assert parsed.length == (3 if "Content-Length: 3" in lines else 0)
    assert "Transfer-Encoding: chunked" not in lines


@given(
    st.integers(200, 599),
    st.lists(st.tuples(st.sampled_from(["A", "Location"]), st.text(max_size=20)), max_size=3),
)
def test_a_response_header_can_never_begin_a_line_of_its_own(
    status: int, headers: list[tuple[str, str]]
) -> None:
    response = HttpResponse(status=status, headers=tuple(headers), body=b"body")
    try:
        message = http1.encode_response(response, method="GET", keep=False)
    except ValueError:
        return
    lines = message.partition(b"\r\n\r\n")[0].split(b"\r\n")
    added = 1 if status in (204, 304) else 2
    assert len(lines) == 1 + len(headers) + added
    assert not any(b"\n" in line or b"\r" in line for line in lines)


@pytest.mark.parametrize(
    ("response", "method", "keep", "message"),
    [
        (
            HttpResponse(status=200, body=b"hi"),
            "GET",
            True,
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi",
        ),
        (
            HttpResponse(status=200, body=b"hi"),
            "HEAD",
            False,
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n",
        ),
        (
            HttpResponse(status=204, body=b"hi"),
            "GET",
            False,
            b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
        ),
        (
            HttpResponse(status=304, body=b"hi"),
            "GET",
            True,
            b"HTTP/1.1 304 Not Modified\r\nConnection: keep-alive\r\n\r\n",
        ),
        (
            HttpResponse(
                status=299,
                reason="As You Like",
                headers=(("content-length", "9"), ("connection", "close")),
                body=b"hi",
            ),
            "GET",
            True,
            b"HTTP/1.1 299 As You Like\r\ncontent-length: 9\r\nconnection: close\r\n\r\nhi",
        ),
    ],
)
def test_a_response_becomes_these_bytes(
    response: HttpResponse, method: str, keep: bool, message: bytes
) -> None:
    assert http1.encode_response(response, method=method, keep=keep) == message


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\x00", "\u20ac"])
def test_a_header_that_cannot_be_sent_is_not_sent(value: str) -> None:
    with pytest.raises(ValueError, match="cannot be sent"):
        http1.encode_response(
            HttpResponse(status=200, headers=(("X", value),)), method="GET", keep=False
        )


@pytest.mark.parametrize(
    ("value", "ends"),
    [("close", True), ("Close", True), ("keep-alive, close", True), ("keep-alive", False)],
)
def test_connection_close_is_understood_in_a_list(value: str, ends: bool) -> None:
    assert http1.ends_connection((("Connection", value),)) is ends


@pytest.mark.parametrize(
    ("line", "headers", "expected"),
    [
        ("GET / HTTP/1.1", [HOST], (True, 0, False, False)),
        ("GET / HTTP/1.0", [HOST], (False, 0, False, True)),
        ("GET / HTTP/1.0", [HOST, "Connection: keep-alive"], (False, 0, False, True)),
        ("GET / HTTP/1.1", [HOST, "Connection: close"], (True, 0, False, True)),
        ("GET / HTTP/1.1", [HOST, "connection: x", "CONNECTION: Close"], (True, 0, False, True)),
        ("GET / HTTP/1.1", [HOST, "Connection: closed"], (True, 0, False, False)),
        ("GET / HTTP/1.1", [HOST, "X: close"], (True, 0, False, False)),
        ("POST / HTTP/1.1", [HOST, "CONTENT-length: 007"], (True, 7, False, False)),
        ("POST / HTTP/1.1", [HOST, "EXPECT: 100-Continue"], (True, 0, True, False)),
        ("POST / HTTP/1.0", [HOST, "Expect: 100-continue"], (False, 0, False, True)),
        ("POST / HTTP/1.1", [HOST, "Expect:"], (True, 0, False, False)),
    ],
)
def test_a_head_says_what_follows_it(
    line: str, headers: list[str], expected: tuple[bool, int, bool, bool]
) -> None:
    parsed = http1.parse_head(head(line, *headers))
    found = (parsed.modern, parsed.length, parsed.waits_for_continue, parsed.ends)
    assert found == expected
    assert parsed.host == "localhost:1"
    assert parsed.method == line.partition(" ")[0]


@pytest.mark.parametrize(
    ("length", "limit", "status"),
    [
        (str(1 << 20), None, None),
        (str((1 << 20) + 1), None, 413),
        ("9", 9, None),
        ("10", 9, 413),
        ("0", 0, None),
        ("0" * 11 + "1", 1, None),
        ("0" * 12 + "1", 1, 400),
    ],
)
def test_a_body_is_as_long_as_the_limit_at_most(
    length: str, limit: int | None, status: int | None
) -> None:
    message = head("POST / HTTP/1.1", HOST, f"Content-Length: {length}")
    options = {} if limit is None else {"body_limit": limit}
    if status is None:
        assert http1.parse_head(message, **options).length == int(length)
    else:
        with pytest.raises(http1.Refusal) as refusal:
            http1.parse_head(message, **options)
        assert refusal.value.status == status


def test_a_request_has_128_headers_at_most() -> None:
    most = head("GET / HTTP/1.1", HOST, *["X: y"] * 127)
    assert len(read(most).headers) == 128
    with pytest.raises(http1.Refusal) as refusal:
        read(most + b"\r\nX: y")
    assert refusal.value.status == 431
    assert (http1.HEAD_LIMIT, http1.BODY_LIMIT) == (65_536, 1_048_576)


def test_a_request_keeps_its_bytes_and_its_body() -> None:
    message = head("POST /a HTTP/1.1", HOST, "Content-Length: 3")
    request = read(message, b"a=b")
    assert (request.method, request.body) == ("POST", b"a=b")
    assert request.raw == message + b"\r\n\r\na=b"


@pytest.mark.parametrize(("start", "status"), [(b"\x16", 400), (b"G\n", 400), (b"G\r\n\n", 400)])
def test_what_is_refused_early_is_a_bad_request(start: bytes, status: int) -> None:
    with pytest.raises(http1.Refusal) as refusal:
        http1.refuse_early(start)
    assert refusal.value.status == status


REASONS = {
    **{200: "OK", 201: "Created", 204: "No Content", 301: "Moved Permanently", 302: "Found"},
    **{303: "See Other", 304: "Not Modified", 307: "Temporary Redirect"},
    **{308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden"},
    **{404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout", 409: "Conflict"},
    **{411: "Length Required", 413: "Content Too Large", 415: "Unsupported Media Type"},
    **{417: "Expectation Failed", 421: "Misdirected Request", 429: "Too Many Requests"},
    **{431: "Request Header Fields Too Large", 500: "Internal Server Error"},
    **{502: "Bad Gateway", 503: "Service Unavailable", 505: "HTTP Version Not Supported"},
}


@pytest.mark.parametrize("status", [*REASONS, 299, 599])
def test_a_status_has_the_reason_of_the_standard(status: int) -> None:
    """RFC 9110 §15, RFC 6585."""
    message = http1.encode_response(HttpResponse(status=status), method="GET", keep=True)
    assert message.startswith(f"HTTP/1.1 {status} {REASONS.get(status, '')}\r\n".encode())
    assert (b"Content-Length: 0\r\n" in message) is (status not in (204, 304))


@pytest.mark.parametrize(("status", "method", "body"), [(304, "GET", b""), (200, "POST", b"hi")])
def test_an_answer_without_a_body_has_none(status: int, method: str, body: bytes) -> None:
    response = HttpResponse(status=status, body=b"hi")
    message = http1.encode_response(response, method=method, keep=True)
    assert message.partition(b"\r\n\r\n")[2] == body


def test_a_page_is_used_here_and_nowhere_else() -> None:
    expected = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'",
    }
    assert dict(http1.safe_headers()) == expected
    policy = dict(http1.safe_headers("style-src 'sha256-x'"))["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-x'; base-uri 'none'; ")
    bare = http1.bare(404)
    assert (bare.status, bare.body, dict(bare.headers)) == (404, b"", expected)


@pytest.mark.parametrize(
    ("value", "ends"), [("x,close", True), (" close ", True), ("closed", False), ("", False)]
)
def test_a_connection_ends_where_any_such_header_says_so(value: str, ends: bool) -> None:
    assert http1.ends_connection((("A", "close"), ("CONNECTION", value))) is ends
    assert http1.ends_connection((("Connection", "x"), ("connection", value))) is ends


def test_the_fixed_bytes_and_limits_are_those_of_the_standards() -> None:
    # RFC 8446 §5.1 and §6: an alert record of version 3.1, two bytes long: fatal, 40.
    assert bytes.fromhex("15 03 01 00 02 02 28") == http1.TLS_ALERT
    assert http1.CONTINUE == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert http1.ESTABLISHED == b"HTTP/1.1 200 Connection Established\r\n\r\n"
    limits = (http1.HEAD_LIMIT, http1.BODY_LIMIT, http1.HEADER_COUNT_LIMIT)
    assert limits == (65_536, 1_048_576, 128)


def test_after_a_rehearsal_no_pattern_has_to_be_made() -> None:
    # In a process of its own: here, other tests have used them.
    source = (
        "from entra_oauth.channels.loopback import http1\n"
        "made = {name: each for name, each in vars(http1).items() if type(each).__name__ == "
        "'_Pattern'}\n"
        "before = {name: len(vars(each)) for name, each in made.items()}\n"
        "http1.rehearse()\n"
        "print([name for name, each in made.items() if len(vars(each)) == before[name]], *made)"
    )
    ran = subprocess.run(
        [sys.executable, "-P", "-c", source], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == [
        "[]", "_TOKEN", "_FIELDS", "_TARGET", "_HOST", "_LENGTH", "_UNSENDABLE"
    ]  # fmt: skip
