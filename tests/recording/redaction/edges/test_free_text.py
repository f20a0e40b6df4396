"""Places in free text: to the character, and each only where it is one."""

from __future__ import annotations

import pytest

from entra_oauth.recording.redaction.free_text import (
    addresses,
    is_address,
    named_secrets,
    secret_runs,
    unsigned_tokens,
)
from entra_oauth.recording.redaction.redact import Redactor
from entra_oauth.recording.step import Level
from kit.canaries import jwt

BARE = "ey" + "A" * 10 + ".ey" + "A" * 2 + "."
TAGGED = f"{BARE}sig~0123456789~~~"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        (TAGGED, [TAGGED]),
        (f"a {TAGGED} b {TAGGED}", [TAGGED, TAGGED]),
        (f"{BARE}sig", []),
        (f"{BARE}sig~", []),
        (f"{BARE}sig~012345678", []),
        (f"{BARE}xsig~0123456789", []),
        (f"{BARE}xig~0123456789", []),
        (BARE, []),
    ],
)
def test_a_token_without_its_signature_ends_with_its_mark(text: str, tokens: list[str]) -> None:
    assert [text[start:end] for start, end in unsigned_tokens(text)] == tokens


def test_what_such_a_token_tells_of_a_person_goes_where_people_do() -> None:
    claims = {"aud": "api://x", "name": "Ada Lovelace of the Analytical Society"}
    signed = jwt({"alg": "RS256"}, claims, "c2lnbmF0dXJl" * 4)
    once = Redactor(level=Level.SECRETS, key=b"k" * 32).parameter("scope", f"a {signed} b").text
    assert once.startswith("a ey")
    assert ".sig~" in once
    twice = Redactor(level=Level.PII, key=b"k" * 32).parameter("scope", once).text
    assert len(twice) == len(once)
    assert twice.partition(".")[0] == once.partition(".")[0]
    assert twice.split(".")[1] != once.split(".")[1]
    assert twice.split(".")[2] == once.split(".")[2]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("code=12345", ["12345"]),
        ("code=state=12345", ["state=12345"]),
        ("error: db_password=12345", ["12345"]),
        ("code=, state=1", ["1"]),
        ("code=", []),
        ("code=;", []),
        ("code = '1' and state: 2; nonce=\"3\"", ["1", "2", "3"]),
        ("code=1&state=2<nonce=3>", ["1", "2", "3"]),
        ("code 12345", []),
        ("scope=12345", []),
    ],
)
def test_a_value_ends_where_it_ends_and_is_told_once(text: str, values: list[str]) -> None:
    assert [text[start:end] for _, start, end in named_secrets(text)] == values


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("see https://a.example/p?q=1 there", ["https://a.example/p?q=1"]),
        ("'https://a.example' <ftp://b/>", ["https://a.example", "ftp://b/"]),
        ("a.example://x", ["a.example://x"]),
        ("1a://x", []),
        ("https:/a.example", []),
        ("://a", []),
    ],
)
def test_an_address_has_a_scheme_and_ends_before_a_blank_or_a_quote(
    text: str, places: list[str]
) -> None:
    assert [text[start:end] for start, end in addresses(text)] == places
    assert is_address(text) is (places == [text])


RUN = "ab1" * 6 + "ab"
URL = f"https://a.example/?x={RUN}"


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        (RUN, [RUN]),
        (f"{RUN} {RUN}==", [RUN, f"{RUN}=="]),
        (f"{URL} {RUN}", [RUN]),
        (f"{RUN} {URL}", [RUN]),
        (f"{URL} {RUN} {URL}", [RUN]),
        (f"{TAGGED} {RUN} {URL} {RUN}", [RUN, RUN]),
        (f"{URL}&y={TAGGED} {RUN}", [RUN]),
        (RUN[1:], []),
    ],
)
def test_a_run_is_one_where_no_address_and_no_token_has_it(text: str, runs: list[str]) -> None:
    assert [text[start:end] for start, end in secret_runs(text)] == runs
