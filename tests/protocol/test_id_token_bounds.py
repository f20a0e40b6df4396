"""The ID token at its bounds: lengths, times, several audiences."""

from __future__ import annotations

from typing import Any

import pytest

from entra_oauth.errors import IdTokenRefused
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.id_token import Beside, IdToken
from kit import canaries
from kit.canaries import CLIENT_ID, NONCE, TENANT

NOW = 1_760_000_000.0
CLAIMS: dict[str, Any] = {
    "aud": CLIENT_ID,
    "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
    "iat": int(NOW),
    "exp": int(NOW) + 3600,
    "nonce": NONCE,
    "sub": "a-subject",
    "tid": TENANT,
}


def read(changes: dict[str, Any], *, authority_time: float | None = None) -> IdToken:
    return IdToken.read(
        canaries.jwt({"alg": "RS256"}, CLAIMS | changes),
        authority=Authority.of(TENANT),
        client_id=CLIENT_ID,
        nonce=NONCE,
        now=NOW,
        beside=Beside(authority_time=authority_time),
    )


def refused(changes: dict[str, Any], said: str | None) -> None:
    """It is refused in these words, or read where there are none."""
    if said is None:
        read(changes)
        return
    with canaries.refused(IdTokenRefused) as caught:
        read(changes)
    assert said in caught.value.what


@pytest.mark.parametrize(
    ("claim", "member"),
    [("oid", "object_id"), ("preferred_username", "username"), ("name", "name")],
)
def test_a_text_is_shown_up_to_300_characters(claim: str, member: str) -> None:
    assert getattr(read({claim: "n" * 300}), member) == "n" * 300
    assert getattr(read({claim: "n" * 301}), member) == "n" * 300 + "…"
    for other in ("", 5, None, ["n"]):
        assert getattr(read({claim: other}), member) is None


@pytest.mark.parametrize(
    ("subject", "good"),
    [
        ("s", True),
        ("s" * 255, True),
        ("s" * 256, False),
        ("", False),
        ("a b", True),
        ("ä", False),
        ("a\n", False),
        (5, False),
        (None, False),
        (["s"], False),
    ],
)
def test_a_subject_has_255_characters_of_ascii_at_most(subject: object, good: bool) -> None:
    refused({"sub": subject}, None if good else "no usable subject")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"exp": NOW - 299}, None),
        ({"exp": NOW - 300}, "it expired 300 seconds ago"),
        ({"iat": NOW + 300}, None),
        ({"iat": NOW + 301}, "not valid before 301 seconds from now"),
        ({"nbf": NOW + 300}, None),
        ({"nbf": NOW + 301}, "not valid before 301 seconds from now"),
        ({"nbf": NOW - 99, "iat": NOW + 301}, "not valid before 301 seconds from now"),
        ({"nbf": True}, "time nbf is missing or not a number"),
        ({"iat": None}, "time iat is missing or not a number"),
        ({"exp": "1"}, "time exp is missing or not a number"),
        ({"exp": 10**12}, "time exp is not a time"),
        ({"exp": 10**12 - 1}, None),
        ({"iat": 0}, None),
        ({"iat": -1}, "time iat is not a time"),
    ],
)
def test_a_token_is_good_within_its_times_and_five_minutes(
    changes: dict[str, Any], said: str | None
) -> None:
    refused(changes, said)


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (None, ""),
        (0, ""),
        (300, ""),
        (-300, ""),
        (301, " That clock is 301 seconds ahead of the authority's, which is the cause."),
        (-301, " That clock is 301 seconds behind the authority's, which is the cause."),
    ],
)
def test_a_clock_that_is_wrong_is_called_the_cause(ahead: int | None, said: str) -> None:
    with canaries.refused(IdTokenRefused) as caught:
        read({"exp": NOW - 400}, authority_time=None if ahead is None else NOW - ahead)
    assert caught.value.what.endswith(f"By this machine's clock it expired 400 seconds ago.{said}")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"aud": [CLIENT_ID]}, None),
        ({"aud": [CLIENT_ID, "another"]}, "azp"),
        ({"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID.upper()}, None),
        ({"aud": [CLIENT_ID, "another"], "azp": "another"}, "azp"),
        ({"azp": "another"}, "azp"),
        ({"azp": None}, "azp"),
        ({"azp": CLIENT_ID}, None),
        ({"aud": []}, "aud"),
        ({"aud": ["another"]}, "aud"),
        ({"aud": None}, "aud"),
    ],
)
def test_of_several_audiences_the_authorized_party_is_told(
    changes: dict[str, Any], word: str | None
) -> None:
    refused(changes, word and f"another application ({word})")
