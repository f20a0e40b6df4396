from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.errors import plain
from entra_oauth.protocol.echoes import hide
from entra_oauth.protocol.glossary.aadsts import as_sentence, judge, read_description
from kit import canaries

TRACE = "d828e473-0000-1111-2222-333344445555"
CORRELATION = "10148fe9-0000-1111-2222-333344445555"
TIME = "2025-02-19 03:49:12Z"
TEXT = "AADSTS50076: You must use multi-factor authentication to access '6dae42f8-x'."

TRAILERS = {
    "one line, since 2025": f" Trace ID: {TRACE} Correlation ID: {CORRELATION} Timestamp: {TIME}",
    "CR LF, until 2023": (
        f"\r\nTrace ID: {TRACE}\r\nCorrelation ID: {CORRELATION}\r\nTimestamp: {TIME}"
    ),
    "LF alone": f"\nTrace ID: {TRACE}\nCorrelation ID: {CORRELATION}\nTimestamp: {TIME}\n",
    "other order": f" Correlation ID: {CORRELATION} Trace ID: {TRACE} Timestamp: {TIME}",
    "no space": f" Trace ID:{TRACE} Correlation ID:{CORRELATION} Timestamp:{TIME}",
}


@pytest.mark.parametrize("trailer", TRAILERS.values(), ids=TRAILERS)
def test_text_codes_and_the_three_references_are_told_apart(trailer: str) -> None:
    described = read_description(TEXT + trailer)
    assert described.text == TEXT
    assert described.codes == (50076,)
    assert described.trace_id == TRACE
    assert described.correlation_id == CORRELATION
    assert described.timestamp == TIME


@pytest.mark.parametrize(
    ("text", "shown", "codes"),
    [
        ("", "", ()),
        ("   \r\n ", "", ()),
        ("no number here", "no number here", ()),
        ("AADSTS70002: a.\r\nAADSTS70008: b.", "AADSTS70002: a. AADSTS70008: b.", (70002, 70008)),
        ("AADSTS50011 AADSTS50011", "AADSTS50011 AADSTS50011", (50011,)),
        ("AADSTS9002313: x", "AADSTS9002313: x", (9002313,)),
        ("AADSTS: AADSTS12 AADSTS٥٠٠١١", "AADSTS: AADSTS12 AADSTS٥٠٠١١", ()),
        ("a\tb\x0bc\u2028d", "a b c d", ()),
        ("a\x1b[31mb\u202ec\x9bd\0e", "a<ESC>[31mb<U+202E>c<U+009B>d<U+0000>e", ()),
        ("\ud800", "<U+D800>", ()),
        # A number in the trailer is none of the error's.
        ("x Trace ID: AADSTS50011", "x", ()),
    ],
)
def test_a_description_of_any_shape_is_read(text: str, shown: str, codes: tuple[int, ...]) -> None:
    described = read_description(text)
    assert (described.text, described.codes) == (shown, codes)
    assert described.correlation_id is None
    assert described.timestamp is None


WORDS = st.sampled_from(
    ["AADSTS", "50076", "Trace ID: ", "Correlation ID:", "Timestamp: ", TIME, TRACE, "\r\n", " "]
)


@given(st.text() | st.lists(WORDS | st.text(max_size=5), max_size=20).map("".join))
def test_reading_a_description_never_fails_and_is_safe_to_print(text: str) -> None:
    described = read_description(text)
    assert described.text == plain(described.text)
    for reference in (described.trace_id, described.correlation_id, described.timestamp):
        assert reference is None or (reference.isascii() and len(reference) <= 64)


@pytest.mark.parametrize("filler", [" ", "\r\n", "Trace ID ", "AADSTS", "AADSTS1234 "])
def test_a_description_as_long_as_an_answer_may_be_is_read_at_once(filler: str) -> None:
    begun = time.monotonic()
    described = read_description(filler * (200_000 // len(filler)) + "x")
    assert time.monotonic() - begun < 5
    assert len(described.text) <= 2001


@pytest.mark.parametrize(
    ("error", "codes", "subcode", "word"),
    [
        ("invalid_client", (7000218,), None, "Mobile and desktop applications"),
        ("invalid_request", (9002327,), None, "Single-page application"),
        ("invalid_request", (9002326,), None, "Origin"),
        ("invalid_grant", (54005,), None, "once"),
        ("invalid_grant", (70008,), None, "ten minutes"),
        ("invalid_grant", (50076,), None, "multi-factor"),
        ("invalid_grant", (70002, 70008), None, "ten minutes"),
        ("invalid_grant", (1,), None, "no longer good"),
        ("access_denied", (65004,), "cancel", "cancelled"),
        ("access_denied", (), None, "administrator"),
        ("temporarily_unavailable", (), None, "busy"),
        ("something_new", (), None, "correlation id"),
        ("", (), None, "correlation id"),
    ],
)
def test_each_error_comes_with_what_to_do(
    error: str, codes: tuple[int, ...], subcode: str | None, word: str
) -> None:
    advice = judge(error, codes, subcode).advice
    assert word in advice
    assert advice.endswith(".")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("a", "a."), ("a.", "a."), ("a!", "a!"), ("a?", "a?"), ("a…", "a…"), ("a)", "a).")],
)
def test_a_sentence_ends_in_one_mark(text: str, sentence: str) -> None:
    assert as_sentence(text) == sentence


def test_a_secret_that_an_authority_repeats_is_hidden_wherever_it_stands() -> None:
    text = f"The code {canaries.CODE} of {canaries.STATE} is bad: {canaries.CODE}."
    shown = hide(text, ["", "bad", canaries.CODE, canaries.STATE])
    assert shown == "The code <hidden> of <hidden> is bad: <hidden>."
