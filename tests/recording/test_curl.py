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


@pytest.mark.parametrize(
    ("line", "given"),
    [
        (b"X-Empty:", "X-Empty;"),
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
    assert words(made).count("@/etc/passwd") == 1
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
