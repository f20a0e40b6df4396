"""Requests as curl commands: every header in its place, and no secret on a command line."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from entra_oauth.recording.curl import CurlCommand, curl_command
from entra_oauth.recording.raw import split_message
from kit import recordings as kit

GOLDEN = Path(__file__).parents[1] / "golden"
URL = "https://login.example/"


def command(data: bytes) -> CurlCommand:
    return curl_command(split_message(data), URL)


def words(made: CurlCommand) -> list[str]:
    """The words that the shell hands to curl."""
    return shlex.split(made.text.partition(" <<END")[0].replace("\\\n", " "))


def test_the_articles_request_is_told_header_by_header() -> None:
    made = command((GOLDEN / "curl_article.request.bin").read_bytes())
    found = words(made)
    assert found[:3] == ["curl", "-q", "--http1.1"]
    headers = [found[i + 1] for i, word in enumerate(found) if word == "-H"]
    assert headers == [
        "Host: login.microsoftonline.com",
        "User-Agent: curl/7.88.1",
        "Accept: */*",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Length: 203",
    ]
    assert "-X" not in found
    assert found[-1] == (
        "https://login.example/a1bc2d34-5e67-8f89-01ab-c2345d6c78de/oauth2/v2.0/token"
    )
    assert (made.variables, made.remarks) == ((), ())


def test_what_was_taken_out_is_a_variable_and_goes_through_standard_input() -> None:
    step = kit.evidence().steps[2]
    made = curl_command(step.request.message, step.url)
    assert made.variables == (("CODE", "parameter code"), ("STATE", "parameter state"))
    assert "~" not in " ".join(words(made))
    assert "--config" in words(made)
    line = made.text.partition("<<END_OF_CONFIG\n")[2].splitlines()[0]
    assert line.startswith('data-raw = "client_id=')
    assert "&code=${CODE:?}&redirect_uri=http%3A%2F%2Flocalhost%3A8400&" in line
    assert line.endswith('&state=${STATE:?}"')
    assert not any("Content-Length" in word for word in words(made))


def test_a_token_in_a_header_is_one_variable_though_its_claims_can_be_read() -> None:
    step = kit.evidence().steps[3]
    made = curl_command(step.request.message, step.url)
    assert made.variables == (("ACCESS_TOKEN", "access token"),)
    assert 'header = "Authorization: Bearer ${ACCESS_TOKEN:?}"' in made.text
    assert "eyJ" not in made.text


def test_equal_values_are_one_variable_and_others_of_that_name_another() -> None:
    body = b"code=code~0123456789~&x=code~0123456789~&y=%5B%22&code=code~aaaaaaaaaa~&z=~pw~"
    made = command(b"POST / HTTP/1.1\r\nHost: h\r\n\r\n" + body)
    assert [name for name, _ in made.variables] == ["CODE", "CODE_2", "Z"]
    third = body + b"&code=code~bbbbbbbbbb~&code=code~cccccccccc~&code=code~aaaaaaaaaa~"
    made = command(b"POST / HTTP/1.1\r\nHost: h\r\n\r\n" + third)
    assert [name for name, _ in made.variables] == ["CODE", "CODE_2", "Z", "CODE_3", "CODE_4"]


@pytest.mark.parametrize(
    ("line", "given"),
    [
        (b"X-Empty:", "X-Empty;"),
        (b"X-Blank: \t", "X-Blank;"),
        (b'X-Quote: it\'s "$HOME" `id`', 'X-Quote: it\'s "$HOME" `id`'),
        (b"Host:spaced", "Host:spaced"),
    ],
)
def test_a_header_is_given_as_it_stood(line: bytes, given: str) -> None:
    assert given in words(command(b"GET / HTTP/1.1\r\n" + line + b"\r\n\r\n"))


def test_what_curl_would_add_is_switched_off() -> None:
    found = words(command(b"POST / HTTP/1.1\r\nHost: h\r\n\r\n" + b"a" * 2000))
    for name in ("User-Agent:", "Accept:", "Content-Type:", "Expect:"):
        assert name in found
    assert "Expect:" not in words(command(b"POST / HTTP/1.1\r\nHost: h\r\n\r\na"))


def test_what_curl_takes_for_the_name_of_a_file_is_not_given_to_it() -> None:
    made = command(b"POST / HTTP/1.1\r\nHost: h\r\n@/etc/passwd\r\n\r\n@/etc/passwd")
    assert "@/etc/passwd" in words(made), "as --data-raw, which reads no file"
    assert words(made)[words(made).index("@/etc/passwd") - 1] == "--data-raw"
    assert [word for word in words(made) if word.startswith("@")] == ["@/etc/passwd"]
    assert "left out" in made.remarks[0]
    assert 'data-raw = "@x${' in command(b"POST / HTTP/1.1\r\nHost: h\r\n\r\n@x~pw~").text


HOSTILE = b"a=$(id)`id`\\$HOME\"'\nEND_OF_CONFIG\nid=1&code=~pw~"


def test_nothing_in_a_request_becomes_a_command_of_the_shell() -> None:
    text = command(b"POST /'$(id) HTTP/1.1\r\nHost: h\r\n\r\n" + HOSTILE).text
    document = text.partition("<<END_OF_CONFIG\n")[2].splitlines()
    assert document[-1] == "END_OF_CONFIG"
    assert len(document) == 2
    assert r"\$(id)\`id\`" in document[0]


REMARKS = [
    (b"GET / HTTP/1.1\r\nAccept: a\r\nHost: h\r\n\r\n", "curl sends Host first"),
    (b"GET / HTTP/2\r\nHost: h\r\n\r\n", "not HTTP/1.1"),
    (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "chunks of its own"),
    (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nX: y\r\n\r\n~pw~", "Content-Length last"),
    (b"GET / HTTP/1.1\r\nHost: h\r\nX: \r\n\r\n", "without the space"),
    (b"GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", "stands there twice"),
]


@pytest.mark.parametrize(("data", "said"), REMARKS)
def test_where_curl_cannot_send_the_same_bytes_it_is_said(data: bytes, said: str) -> None:
    assert said in " ".join(command(data).remarks)


def request(line: bytes, *headers: bytes, body: bytes = b"") -> CurlCommand:
    return command(b"\r\n".join([line, b"Host: h", *headers, b"", body]))


@pytest.mark.parametrize(
    ("line", "body", "method"),
    [
        (b"GET / HTTP/1.1", b"", None),
        (b"POST / HTTP/1.1", b"a", None),
        (b"POST / HTTP/1.1", b"", "POST"),
        (b"GET / HTTP/1.1", b"a", "GET"),
        (b"PUT / HTTP/1.1", b"a", "PUT"),
    ],
)
def test_a_method_is_named_where_curl_would_take_another(
    line: bytes, body: bytes, method: str | None
) -> None:
    found = words(request(line, body=body))
    assert (found[found.index("-X") + 1] if "-X" in found else None) == method


@pytest.mark.parametrize(
    ("line", "address"),
    [
        (b"GET /a?b HTTP/1.1", "https://login.example/a?b"),
        (b"GET /a b HTTP/1.1", "https://login.example/a b"),
        (b"GET HTTP/1.1", "https://login.example/"),
    ],
)
def test_the_address_is_the_one_of_the_request(line: bytes, address: str) -> None:
    assert words(request(line))[-1] == address


def test_what_stands_there_is_not_switched_off() -> None:
    named = (b"user-agent: x", b"ACCEPT: y", b"Content-Type: z", b"Expect: w")
    found = words(request(b"POST / HTTP/1.1", *named, body=b"a" * 2000))
    assert not any(word.endswith(":") for word in found)
    without = words(request(b"GET / HTTP/1.1"))
    assert [word for word in without if word.endswith(":")] == ["User-Agent:", "Accept:"]


@pytest.mark.parametrize(("size", "asks"), [(1000, False), (1001, True)])
def test_curl_asks_first_from_a_thousand_bytes_on(size: int, asks: bool) -> None:
    assert ("Expect:" in words(request(b"POST / HTTP/1.1", body=b"a" * size))) is asks


def test_more_options_stand_before_the_headers() -> None:
    message = split_message(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    made = curl_command(message, URL, options=("--cacert", "x y"))
    assert words(made)[:8] == [
        *("curl", "-q", "--http1.1", "--path-as-is", "--globoff", "--no-progress-meter"),
        *("--cacert", "x y"),
    ]


def test_a_body_that_cannot_be_typed_is_piped() -> None:
    made = request(b"POST / HTTP/1.1", body=b"a\x00\xff'b%\n")
    assert made.text.startswith("printf '%b' 'a\\0000\\0377\\0047b\\0045\\0012' | curl ")
    assert words(made)[-3:-1] == ["--data-binary", "@-"]
    assert made.remarks == ()
    torn = request(b"POST /?code=~code~ HTTP/1.1", body=b"\xff")
    assert torn.remarks == (
        "Both a body and a secret need standard input: fill the secret in by hand.",
    )


def test_secrets_follow_at_the_place_of_the_first() -> None:
    made = request(
        b"POST /p?code=~code~ HTTP/1.1",
        b"Cookie: a=~ck~",
        b"X: y",
        b"Authorization: Bearer ~at~",
        body=b'{"client_secret": "~sec~"}',
    )
    assert words(made).count("--config") == 1
    assert words(made).index("--config") < words(made).index("X: y")
    assert made.text.partition("<<END_OF_CONFIG\n")[2].splitlines() == [
        'header = "Cookie: a=${A:?}"',
        'header = "Authorization: Bearer ${ACCESS_TOKEN:?}"',
        'url = "https://login.example/p?code=${CODE:?}"',
        'data-raw = "{\\\\"client_secret\\\\": \\\\"${CLIENT_SECRET:?}\\\\"}"',
        "END_OF_CONFIG",
    ]
    assert made.variables == (
        ("A", "parameter a"),
        ("ACCESS_TOKEN", "access token"),
        ("CODE", "parameter code"),
        ("CLIENT_SECRET", "parameter client_secret"),
    )


@pytest.mark.parametrize(
    ("text", "name", "stands"),
    [
        (b"X-Api-Key: ~val~", "X_API_KEY", "header X-Api-Key"),
        (b"X: client.id=~val~", "CLIENT_ID", "parameter client.id"),
        (b"authorization:   BEARER ~at~", "ACCESS_TOKEN", "access token"),
        (b"Authorization: Basic ~pw~", "AUTHORIZATION", "header Authorization"),
        (b"2nd-Key: ~val~", "_2ND_KEY", "header 2nd-Key"),  # a shell's names begin with no digit
        (b"X" * 50 + b": ~val~", "X" * 40, "header " + "X" * 50),
    ],
)
def test_a_variable_is_called_after_its_place(text: bytes, name: str, stands: str) -> None:
    assert request(b"GET / HTTP/1.1", text).variables == ((name, stands),)


def test_a_value_without_a_name_is_called_a_value() -> None:
    made = request(b"POST / HTTP/1.1", body=b"~val~ ~val~")
    assert made.variables == (("VALUE", "parameter value"),)


def test_what_a_terminal_would_obey_is_written_as_its_number() -> None:
    made = request(b"GET / HTTP/1.1", b"X: a\x1b[31m\xe4")
    assert "\x1b" not in made.text
    assert r"\0033" in made.text
    assert r"\0344" in made.text
    assert r"\0377" in request(b"GET / HTTP/1.1", b"X: \xff").text
    secret = request(b"POST / HTTP/1.1", body=b'a=\x1b\t\r\n\\"$`&code=~code~')
    assert "\x1b" not in secret.text
    (line, _) = secret.text.partition("<<END_OF_CONFIG\n")[2].splitlines()
    assert line == (
        "data-raw = \"a=$(printf '%b' '\\0033')\\\\t\\\\r\\\\n\\\\\\\\\\\\\"\\$\\`&code=${CODE:?}\""
    )


def test_a_host_with_other_letters_is_written_in_utf8() -> None:
    message = split_message(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    made = curl_command(message, "https://l\u0100gin.example/")
    assert r"l\0304\0200gin.example" in made.text


def test_a_request_that_curl_can_send_has_no_remark() -> None:
    for body in (b"", b"a=b", b"code=~code~"):
        lines = (b"Accept: x", b"Content-Length: 3") if body else (b"Accept: x",)
        assert request(b"POST / HTTP/1.1", *lines, body=body).remarks == ()
    early = request(b"POST / HTTP/1.1", b"Content-Length: 3", b"X: y", body=b"a=b")
    assert early.remarks == (), "without a secret the header is given as it stood"
    alone = command(b"GET / HTTP/1.1\r\nX: y\r\n\r\n")
    assert alone.remarks == ()
    doubled = request(b"POST / HTTP/1.1", b"Content-Length: 1", b"content-length: 1", body=b"a")
    assert doubled.remarks == ("A header that curl sends once stands there twice.",)
