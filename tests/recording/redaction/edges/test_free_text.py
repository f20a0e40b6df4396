"""Places in free text: to the character, and each only where it is one."""

from __future__ import annotations

import pytest

from entra_oauth.recording.redaction.free_text import unsigned_tokens
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
