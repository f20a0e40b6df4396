"""What a token of another issuer says of itself: its end, and what Entra compares."""

from __future__ import annotations

import pytest

from entra_oauth.errors import UsageError
from entra_oauth.protocol.federated_token import check_life, claims_of, described, presented
from kit import canaries
from kit.grants import NOW


def token(**claims: object) -> str:
    return canaries.jwt({"alg": "none"}, claims)


@pytest.mark.parametrize(
    ("ends", "minutes"),
    [
        (NOW + 1, None),
        (NOW, None),
        (NOW - 299, None),
        (NOW - 300, 5),
        (NOW - 359.5, 5),
        (NOW - 360, 6),
        (NOW - 999_999 * 60, 999_999),
        (NOW - 1_000_000 * 60, 999_999),
        (-(10.0**300), 999_999),
        (True, None),
        (False, None),
        ("1", None),
        (None, None),
    ],
)
def test_a_token_is_over_five_minutes_after_its_end(ends: object, minutes: int | None) -> None:
    if minutes is None:
        check_life(token(exp=ends), now=NOW)
        return
    with canaries.refused(UsageError) as caught:
        check_life(token(exp=ends), now=NOW)
    assert f"expired {minutes} minutes ago" in caught.value.what


def test_what_cannot_be_read_says_nothing_of_its_end() -> None:
    check_life("a.b.c", now=NOW)
    check_life(token(), now=NOW)
    assert claims_of("a.b.c") == {}
    assert claims_of(token(sub="s")) == {"sub": "s"}


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"sub": "s", "aud": "a", "iss": "i"}, "issuer “i”, subject “s”, audience “a”"),
        ({"aud": ["a", "b"]}, "audience “a” and “b”"),
        ({"aud": ["1", "2", "3", "4", "5"]}, "audience “1” and “2” and “3” and “4” and “5”"),
        ({"aud": ["1", "2", "3", "4", "5", "6"]}, "audience “1” and “2” and “3” and “4” and “5”"),
        ({"sub": 5}, "subject “5”"),
        ({"sub": "s" * 600}, f"subject “{'s' * 600}”"),
        ({"sub": "s" * 601}, f"subject “{'s' * 600}…”"),
        ({"iss": "i\x1b"}, "issuer “i<ESC>”"),
    ],
)
def test_issuer_subject_and_audience_are_told(claims: dict[str, object], said: str) -> None:
    sentence = f" The token that was presented has {said}; case counts."
    assert described(token(**claims)) == sentence
    assert presented(token(**claims), (1, 700213)) == sentence


def test_nothing_is_told_of_another_error_or_of_what_cannot_be_read() -> None:
    assert presented(token(sub="s"), (50034,)) == ""
    assert presented(token(sub="s"), ()) == ""
    assert presented(None, (700213,)) == ""
    assert presented("a.b.c", (700213,)) == ""
    assert described(token(name="n")) == ""
