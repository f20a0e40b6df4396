"""`On the wire` is said only where each byte is the one that was there."""

from __future__ import annotations

import pytest

from entra_oauth.recording.cover.seen_words import (
    change_words,
    hides_a_length,
    is_as_sent,
    seen_words,
)
from entra_oauth.recording.step import Evidence, Half, Level, Seen, steps_of
from kit import recordings as kit

WIRE = "as it was on the wire"
HIDDEN = "; of a secret in it the length is hidden too"
HALVES = [
    (Half(), "not seen"),
    (Half(data=b"GET / HTTP/1.1\r\n\r\n", seen=Seen.WIRE, original_size=18), WIRE),
    (
        Half(
            data=b"GET /?code=code~0123456789~~ HTTP/1.1\r\n\r\n", seen=Seen.WIRE, original_size=41
        ),
        f"{WIRE}, but for 1 value taken out",
    ),
    (
        Half(data=b"GET /?pw=~pw~&a=at~0123456789 HTTP/1.1\r\n\r\n", seen=Seen.WIRE),
        f"{WIRE}, but for 2 values taken out{HIDDEN}",
    ),
    (
        Half(data=b"x", seen=Seen.WIRE, original_size=1, changes=("content-length",)),
        f"{WIRE}, but for what was taken out",
    ),
    (
        Half(data=b"x", seen=Seen.WIRE, changes=("not-understood",)),
        f"{WIRE}, but for what was taken out{HIDDEN}",
    ),
    (
        Half(data=b"GET / HTTP/1.1\r\n\r\n", seen=Seen.REBUILT, original_size=18),
        "put together from its parts; spacing may have differed",
    ),
    (
        Half(data=b"http://h/?code=~code~", seen=Seen.ADDRESS),
        f"only its address is known; the browser sent the rest; 1 value taken out{HIDDEN}",
    ),
    (
        Half(data=b"http://h/", seen=Seen.ADDRESS),
        "only its address is known; the browser sent the rest",
    ),
]


@pytest.mark.parametrize(("half", "words"), HALVES)
def test_each_half_has_its_sentence(half: Half, words: str) -> None:
    assert seen_words(half) == words
    assert is_as_sent(half) == (words == WIRE)
    assert hides_a_length(half) == words.endswith(HIDDEN)


def test_what_else_had_to_change_is_told_in_words_for_people() -> None:
    named = ("too-large", "not-understood", "content-length", "chunks", "trailer")
    words = change_words(Half(changes=(*named, "compressed-again", "\x1b[2J")))
    assert "a body larger than 4 MiB, taken out whole, what was not understood" in words
    assert words.endswith("compressed again, <ESC>[2J")
    assert not set(named) & set(words.split(", "))
    assert change_words(Half()) == ""


@pytest.mark.parametrize("level", list(Level))
def test_what_is_said_to_be_on_the_wire_is_what_the_socket_had(level: Level) -> None:
    made: Evidence = kit.evidence(kit.recording(hardened=True), level=level)
    original = steps_of(kit.recording(hardened=True))
    compared = 0
    for now, then in zip(made.steps, original, strict=True):
        for half, sent in ((now.request, then.request), (now.response, then.response)):
            assert is_as_sent(half) == (half.seen is Seen.WIRE and half.data == sent.data)
            compared += is_as_sent(half)
    assert compared >= 1


def test_a_value_inside_a_packed_body_counts() -> None:
    chunk = b'{"access_token":"at~0123456789~~"}'
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(chunk), chunk)
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    half = Half(data=data, seen=Seen.WIRE, original_size=len(data))
    assert seen_words(half) == f"{WIRE}, but for 1 value taken out"
