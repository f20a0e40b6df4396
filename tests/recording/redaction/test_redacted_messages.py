"""Messages and steps without their secrets: each byte beside them stays, and lengths are true."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.protocol.messages import Wire
from entra_oauth.recording.redaction.finder import Finder
from entra_oauth.recording.redaction.redact import Redactor
from entra_oauth.recording.step import Half, Level, Seen, Step

KEY = b"k" * 32
REDACTOR = Redactor(level=Level.SECRETS, key=KEY)
PEOPLE = Redactor(level=Level.PII, key=KEY)
NOTHING = Redactor(level=Level.NONE, key=KEY)
LONG = "Canary-Secret-Of-Some-Length-0123456789"
FORM = "Content-Type: application/x-www-form-urlencoded"


def message(start: str, *lines: str, body: str = "") -> bytes:
    return "\r\n".join([start, *lines, "", body]).encode("latin-1")


def redacted(start: str, *lines: str, body: str = "") -> str:
    return REDACTOR.message(message(start, *lines, body=body))[0].decode("latin-1")


@pytest.mark.parametrize(
    ("start", "left"),
    [
        ("GET /p?state=12345 HTTP/1.1", "GET /p?state=~state~ HTTP/1.1"),
        ("GET /p?state=12345", "GET /p?state=~state~"),
        ("GET https://a.example/?state=12345 HTTP/1.1", "GET https://a.example/?state=~state~ "),
        ("GET /a b?state=12345 HTTP/1.1", "GET /a b?state=~state~ HTTP/1.1"),
        ("GET", "GET"),
        ("GET  /p?state=12345", "GET  /p?state=~state~"),
        ("GET  HTTP/1.1", "GET  HTTP/1.1"),
        ("GET /p ?state=12345", "GET /p ?state=~state~"),
        ("GET /p state=12345", "GET /p state=~state~"),
        ("GET /p HTTP/1.1 state=12345", "GET /p HTTP/1.1 state=~state~"),
        ("GET /p HTTP/2", "GET /p HTTP/2"),
        ("GET /p?state=12345 HTTP/1.1 ", "GET /p?state=~state~ HTTP/1.1 "),
        (f"GET /p {LONG}", "GET /val~"),
        ("password=12345 /p HTTP/1.1", "password=~pw~ /p HTTP/1.1"),
        ("HTTP/1.1 200 OK", "HTTP/1.1 200 OK"),
        ("HTTP/1.1 400 password=12345", "HTTP/1.1 400 password=~pw~"),
        ("CONNECT a.example:443 HTTP/1.1", "CONNECT a.example:443 HTTP/1.1"),
        ("CONNECT A.Example:65535 HTTP/1.1", "CONNECT A.Example:65535 HTTP/1.1"),
        ("CONNECT [2001:DB8::1]:443 HTTP/1.1", "CONNECT [2001:DB8::1]:443 HTTP/1.1"),
        ("CONNECT /?state=12345 HTTP/1.1", "CONNECT /?state=~state~ HTTP/1.1"),
    ],
)
def test_the_first_line_keeps_its_form(start: str, left: str) -> None:
    assert redacted(start, "Host: a.example").startswith(left)


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("Host: a.example", "Host: a.example"),
        ("no colon", "~val~"),
        ("no colon  ", "~val~  "),
        ("   ", "   "),
        (f"{LONG}+/: x", "val~"),
        ("Cookie: a=b; c=d", "Cookie: a=~ck~; c=~ck~"),
        ("X-Unheard-Of:x", "X-Unheard-Of:~val~"),
        ("X-Unheard-Of:", "X-Unheard-Of:"),
        ("Location: /p?state=12345", "Location: /p?state=~state~"),
    ],
)
def test_a_header_line_keeps_its_form(line: str, left: str) -> None:
    shown = redacted("HTTP/1.1 200 OK", "Host: a", line, "Date: x").split("\r\n")
    assert (shown[1], shown[3]) == ("Host: a", "Date: x")
    assert shown[2].startswith(left) if left == "val~" else shown[2].strip(" ") == left.strip(" ")
    assert (len(shown[2]) == len(line)) or "~" in shown[2]


def test_what_is_before_an_answer_is_redacted_as_well() -> None:
    early = message("HTTP/1.1 100 Continue", "Set-Cookie: a=b")
    bare = message("HTTP/1.1 103 Early Hints")
    data, finds, changes = REDACTOR.message(
        early + bare + message("HTTP/1.1 200 OK", "Set-Cookie: c=d")
    )
    clean = early.replace(b"=b", b"=~ck~") + bare
    assert data == clean + message("HTTP/1.1 200 OK", "Set-Cookie: c=~ck~")
    assert [find.value for find in finds] == ["b", "d"]
    assert changes == ()


def test_an_answer_that_never_came_is_none_though_it_was_announced() -> None:
    early = message("HTTP/1.1 100 Continue", "Set-Cookie: a=b")
    assert REDACTOR.message(early)[0] == early.replace(b"=b", b"=~ck~")
    made = step(half(message("GET / HTTP/1.1")), half(early))
    assert made.http_response is None
    answered = step(half(message("GET / HTTP/1.1")), half(early + message("HTTP/1.1 200 OK")))
    assert answered.http_response is not None
    assert answered.http_response.status == 200


# ---- Content-Length ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("Content-Length: 14", "Content-Length: 13"),
        ("content-length:14", "content-length:13"),
        ("Content-Length:  014  ", "Content-Length:  13  "),
        ("Content-Length: 999", "Content-Length: 998"),
        ("Content-Length: 0", "Content-Length: 0"),
        ("Content-Length: many", "Content-Length: many"),
    ],
)
def test_a_content_length_goes_on_by_the_difference(line: str, left: str) -> None:
    raw = message("POST / HTTP/1.1", FORM, line, body="password=12345")
    data, _, changes = REDACTOR.message(raw)
    assert data == message("POST / HTTP/1.1", FORM, left, body="password=~pw~")
    assert changes == (() if line.endswith("many") else ("content-length",))


def test_a_body_without_a_type_is_told_by_its_beginning() -> None:
    shown = redacted("POST / HTTP/1.1", body="state=12345&scope=a")
    assert shown.endswith("state=~state~&scope=a")
    shown = redacted("HTTP/1.1 200 OK", body='{"state": "12345"}')
    assert shown.endswith('{"state": "~state~"}')


def test_where_the_first_length_is_no_number_none_is_touched() -> None:
    lines = (FORM, "Content-Length: many", "Content-Length: 14")
    data, _, changes = REDACTOR.message(message("POST / HTTP/1.1", *lines, body="password=12345"))
    assert data == message("POST / HTTP/1.1", *lines, body="password=~pw~")
    assert changes == ()


def test_a_head_that_comes_to_no_end_keeps_its_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Redactor, "_settled", lambda self, text, look: None)
    raw = message("GET /p?state=12345 HTTP/1.1", "Host: a.example", body="words")
    data, finds, changes = REDACTOR.message(raw)
    assert data == message("GET /p?state=~state~ HTTP/1.1", "Host: a.example", body="~body~")
    assert [find.value for find in finds] == ["12345", "words"]
    assert changes == ("not-understood",)


def test_a_content_length_that_is_true_is_not_touched() -> None:
    raw = message("POST / HTTP/1.1", FORM, "Content-Length: 014", body="scope=openid&a")
    assert REDACTOR.message(raw) == (raw, (), ())
    same_length = message("POST / HTTP/1.1", FORM, "Content-Length: 9", body=f"code={LONG}")
    data, _, changes = REDACTOR.message(same_length)
    assert (len(data), changes) == (len(same_length), ())


def test_each_of_two_content_lengths_is_told_anew() -> None:
    lines = ("Content-Length: 14", "Age: 14", "Content-Length: x", "Content-Length: 15")
    shown = redacted("POST / HTTP/1.1", FORM, *lines, body="password=12345")
    assert shown.split("\r\n")[2:6] == [
        "Content-Length: 13",
        "Age: 14",
        "Content-Length: x",
        "Content-Length: 14",
    ]


# ---- chunks -----------------------------------------------------------------------------

CHUNKED = "Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("body", "left", "changes"),
    [
        ("e\r\npassword=12345\r\n0\r\n\r\n", "d\r\npassword=~pw~\r\n0\r\n\r\n", ("chunks",)),
        (
            "8\r\npassword\r\n6\r\n=12345\r\n0\r\n\r\n",
            "d\r\npassword=~pw~\r\n0\r\n\r\n",
            ("chunks",),
        ),
        ("8\r\nscope=ab\r\n0\r\n\r\n", "8\r\nscope=ab\r\n0\r\n\r\n", ()),
        ("08;x=y\r\nscope=ab\r\n0\r\n\r\n", "08;x=y\r\nscope=ab\r\n0\r\n\r\n", ()),
        ("8\r\nscope=ab\r\n0\r\nA: b\r\n\r\n", "8\r\nscope=ab\r\n0\r\n\r\n", ("trailer",)),
        (
            "d\r\nstate=1234567\r\n0\r\nA: b\r\n\r\n",
            "d\r\nstate=~state~\r\n0\r\n\r\n",
            ("trailer",),
        ),
    ],
)
def test_chunks_are_kept_where_their_length_is(
    body: str, left: str, changes: tuple[str, ...]
) -> None:
    raw = message("POST / HTTP/1.1", FORM, CHUNKED, body=body)
    data, _, changed = REDACTOR.message(raw)
    assert data.decode() == message("POST / HTTP/1.1", FORM, CHUNKED, body=left).decode()
    assert changed == changes


def test_the_length_of_a_chunked_message_is_not_made_up() -> None:
    lines = (FORM, CHUNKED, "Content-Length: 5")
    body = "e\r\npassword=12345\r\n0\r\n\r\n"
    data, _, changes = REDACTOR.message(message("POST / HTTP/1.1", *lines, body=body))
    assert b"Content-Length: 5\r\n" in data
    assert changes == ("chunks",)


@pytest.mark.parametrize("chunked", [True, False])
def test_a_packed_body_without_a_secret_keeps_its_bytes(chunked: bool) -> None:
    packed = gzip.compress(b'{"scope": "openid"}', compresslevel=1)
    head = ["HTTP/1.1 200 OK", "Content-Type: application/json", "Content-Encoding: gzip"]
    body = packed
    if chunked:
        head.append(CHUNKED)
        body = b"%x\r\n" % len(packed) + packed + b"\r\n0\r\n\r\n"
    raw = message(*head) + body
    assert REDACTOR.message(raw) == (raw, (), ())


# ---- values and bodies ------------------------------------------------------------------


def test_at_the_level_none_everything_stays() -> None:
    raw = message("GET /?state=12345 HTTP/1.1", "Cookie: a=b")
    assert NOTHING.message(raw) == (raw, (), ())
    assert REDACTOR.message(b"") == (b"", (), ())
    for shown in (
        NOTHING.url("/?state=12345"),
        NOTHING.words("code=12345"),
        NOTHING.header("Cookie", "a=b"),
        NOTHING.body(b"code=12345", "application/x-www-form-urlencoded"),
    ):
        assert shown.finds == ()
        assert "~" not in shown.text


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_header_stays(value: str) -> None:
    for name in ("Authorization", "Cookie", "X-Unheard-Of", "Location"):
        assert REDACTOR.header(name, value).text == value


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [
        (" AUTHORIZATION ", "Basic eDp5", "Basic ~pw~"),
        ("PROXY-Authorization", "Bearer x", "Bearer ~at~"),
        ("COOKIE", "a=b; Path=/", "a=~ck~; Path=~ck~"),
        ("Set-COOKIE", "a=b; Path=/", "a=~ck~; Path=/"),
        ("REFERER", "/?state=12345", "/?state=~state~"),
    ],
)
def test_the_name_of_a_header_is_read_in_any_case(name: str, value: str, left: str) -> None:
    assert REDACTOR.header(name, value).text == left


def test_a_challenge_by_itself_is_one_of_s256() -> None:
    assert REDACTOR.parameter("code_challenge", LONG).text == LONG


def test_no_repr_shows_a_secret_or_the_key_of_the_tags() -> None:
    knowing = Redactor(level=Level.SECRETS, key=b"secret-key", known={LONG: "code"})
    done = knowing.words(f"a {LONG} b")
    finder = Finder(key=b"secret-key", known={LONG: "code"})
    for shown in map(repr, (knowing, done, *done.finds, finder, NOTHING.words(LONG))):
        assert LONG not in shown
        assert "secret-key" not in shown


# ---- steps ------------------------------------------------------------------------------


def step(request: Half, response: Half | None = None, **changes: Any) -> Step:
    made = Step(
        number=1,
        name="token",
        channel="back",
        note="token",
        method="POST",
        url="https://a.example/?state=12345",
        request=request,
        response=response or Half(),
        started_at=1.0,
        ended_at=2.0,
    )
    return replace(made, **changes)


def half(data: bytes, seen: Seen = Seen.WIRE) -> Half:
    return Half(data=data, seen=seen, original_size=len(data))


@pytest.mark.parametrize(
    ("body", "is_known"),
    [
        (f"code={LONG}", True),
        (f"state={LONG[:16]}", True),
        (f"state={LONG[:15]}", False),
        (f"password={LONG}", False),
        (f"code={LONG}&password=x", False),
        ("scope=openid", True),
    ],
)
def test_the_size_on_the_wire_is_told_unless_it_tells_the_length_of_a_secret(
    body: str, is_known: bool
) -> None:
    raw = message("POST / HTTP/1.1", FORM, body=body)
    done, _ = REDACTOR.step(step(half(raw)))
    assert done.request.original_size == (len(raw) if is_known else None)
    address = half(f"https://a.example/?{body}".encode(), Seen.ADDRESS)
    done, _ = REDACTOR.step(step(address))
    assert done.request.original_size == (len(address.data) if is_known else None)


def test_each_part_of_a_step_is_redacted_and_its_finds_are_told() -> None:
    tunnel = Wire(
        tunnel_sent=message("CONNECT a:443 HTTP/1.1", "Proxy-Authorization: Basic eDp5"),
        tunnel_received=message("HTTP/1.1 200 OK", "Set-Cookie: a=tunnel"),
        proxy="http://proxy.example:8080",
        peer="192.0.2.1",
    )
    given = step(
        half(message("GET /?code=asked HTTP/1.1")),
        half(message("HTTP/1.1 200 OK", "Set-Cookie: a=answered")),
        note="a code=noted",
        link=tunnel,
    )
    done, finds = REDACTOR.step(given)
    assert {find.value for find in finds} == {
        *("12345", "asked", "answered", "noted", "eDp5", "tunnel")
    }
    assert done.url == "https://a.example/?state=~state~"
    assert done.note == "a code=~code~"
    assert (done.link.proxy, done.link.peer) == (tunnel.proxy, tunnel.peer)
    assert done.link.tunnel_sent.endswith(b"Basic ~pw~\r\n\r\n")
    assert done.link.tunnel_received.endswith(b"a=~ck~\r\n\r\n")
    assert NOTHING.step(given) == (given, ())


def test_a_proxy_tells_of_a_person_and_goes_with_the_peer() -> None:
    seen = half(message("GET / HTTP/1.1"))
    direct = step(seen, link=Wire(peer="192.0.2.1"))
    assert PEOPLE.step(direct)[0].link.peer == "192.0.2.1"
    by_proxy = replace(direct, link=Wire(peer="10.0.0.1", proxy="http://proxy.example"))
    link = PEOPLE.step(by_proxy)[0].link
    assert (link.proxy, link.peer) == ("~pii~", "~pii~")


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("", ""),
        ("Refused", "Refused"),
        ("code=12345 of Ada Lovelace.", "code=12345 of ~pii~."),
        ("Ada Lovelace \u2013 Ad\u00e9le", "~pii~ \u2013 ~pii~"),
    ],
)
def test_from_words_of_our_own_only_names_that_are_known_go(words: str, left: str) -> None:
    known = replace(PEOPLE, names=("Ada Lovelace", "Ad\u00e9le"))
    assert known.unnamed(words) == left
    assert known.step(step(half(message("GET / HTTP/1.1")), failure=words or None))[0].failure == (
        left or None
    )
    for knowing_none in (PEOPLE, REDACTOR, replace(REDACTOR, names=("Ada Lovelace",))):
        assert knowing_none.unnamed(words) == words


def test_an_interim_answer_is_redacted_as_an_answer_is() -> None:
    early = message("HTTP/1.1 103 Early Hints", "Set-Cookie: a=one") * 2
    last = message("HTTP/1.1 200 OK", "Set-Cookie: a=two", "Content-Length: 2", body="{}")
    data, finds, changes = REDACTOR.message(early + last)
    assert data == (early + last).replace(b"a=one", b"a=~ck~").replace(b"a=two", b"a=~ck~")
    assert [find.value for find in finds] == ["one", "one", "two"]
    assert changes == ()
