"""Values that were taken out, and all that can still be said of them."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.audit.redacted_values import hidden, jwt, length, same
from entra_oauth.protocol.messages import host_of
from entra_oauth.recording.redaction.redact import Redactor
from entra_oauth.recording.step import Level

TAGGED = "state~0123456789~~~~~~~~"


@pytest.mark.parametrize(
    "value",
    [
        *(TAGGED, "~pw~", "REDACTED", "[REDACTED]", "redacted", "(removed)", "***", "xxxx"),
        *("<authorization-code>", "[hidden]", "0.ASkAIj...RxgFhSAA", "eyJ0…", "a***b"),
    ],
)
def test_what_was_taken_out_is_known_to_be(value: str) -> None:
    assert hidden(value)


@pytest.mark.parametrize("value", ["", "12345", "a.b", "redactedness", "x", "0.AS~kA", "a-b_c~d"])
def test_what_is_there_is_not_hidden(value: str) -> None:
    assert not hidden(value)
    assert same(value, value) is True


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (TAGGED, TAGGED, True),
        (TAGGED, "code~0123456789~~~", True),
        (TAGGED, "state~9999999999~~~~~~~~", False),
        (TAGGED, "clear", None),
        ("~state~", "~state~", None),
        ("REDACTED", "REDACTED", None),
        ("a", "b", False),
    ],
)
def test_values_are_compared_as_far_as_they_can_be(
    one: str, other: str, equal: bool | None
) -> None:
    assert same(one, other) is equal
    assert same(other, one) is equal


def test_the_length_of_a_mask_is_not_known() -> None:
    assert (length("abc"), length(TAGGED), length("~pw~"), length("a...b")) == (3, 24, None, None)


PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=60)


@given(PRINTABLE, PRINTABLE)
def test_redaction_turns_no_comparison_round(one: str, other: str) -> None:
    redactor = Redactor(level=Level.SECRETS, key=secrets.token_bytes(32))
    for a, b in ((one, other), (one, one)):
        before = same(a, b)
        after = same(redactor.parameter("code", a).text, redactor.parameter("code", b).text)
        assert after is None or before is None or after is before


def test_a_token_is_read_without_its_signature() -> None:
    read = jwt("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4IiwiZXhwIjoxfQ.sig~0123456789~~~")
    assert read is not None
    assert (read.header["alg"], read.text("iss"), read.number("exp")) == ("RS256", "x", 1.0)
    assert read.text("exp") is None
    assert read.number("iss") is None


@pytest.mark.parametrize(
    ("value", "number"),
    [("5", 5.0), ("0.5", 0.5), ("true", None), ("false", None), ('"5"', None), ("null", None)],
)
def test_a_claim_that_is_a_number_is_no_yes_or_no(value: str, number: float | None) -> None:
    part = urlsafe_b64encode(f'{{"n": {value}}}'.encode()).rstrip(b"=").decode()
    read = jwt(f"e30.{part}.c")
    assert read is not None
    assert read.number("n") == number


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b",
        "a.b.c",
        "eyJhbGciOiJSUzI1NiJ9.%.c",
        "é.é.é",
        "e30.e3$$$$0.c",
        "e30.e3\n0.c",
        " e30.e30.c",
    ],
)
def test_what_is_no_token_is_none(token: str) -> None:
    assert jwt(token) is None


def test_an_address_that_cannot_be_read_has_no_host() -> None:
    assert (host_of("https://[x/"), host_of("https://LOGIN.example:1/x")) == ("", "login.example")
