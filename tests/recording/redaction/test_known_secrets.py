"""Known secrets are found all at once: the longest at each place, and none is missed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.recording.redaction.known_secrets import SHORTEST_KNOWN, KnownSecrets

# Few letters, so that secrets begin alike, and stand in one another.
WORDS = st.text("ab~", min_size=SHORTEST_KNOWN, max_size=SHORTEST_KNOWN + 4)


@given(st.lists(WORDS, max_size=8), st.text("ab~", max_size=90), st.data())
def test_at_each_place_the_longest_secret_is_found(
    secrets: list[str], text: str, data: st.DataObject
) -> None:
    if secrets:
        text += data.draw(st.sampled_from(secrets)) + data.draw(st.text("ab~", max_size=5))
    expected = {}
    for at in range(len(text)):
        here = [each for each in secrets if text.startswith(each, at)]
        if here:
            expected[at] = max(here, key=len)
    assert dict(KnownSecrets(secrets).find(text)) == expected
    assert KnownSecrets(secrets).may_stand_in(text.encode()) or not expected


def test_what_is_short_is_not_looked_for() -> None:
    short = "a" * (SHORTEST_KNOWN - 1)
    assert list(KnownSecrets([short]).find(f"{short} {short}")) == []


@given(st.binary(max_size=60), st.integers(0, 11), st.integers(0, 11))
def test_what_may_stand_in_a_text_is_told_wherever_it_stands(
    noise: bytes, before: int, after: int
) -> None:
    table = KnownSecrets(["the-secret-of-it"])
    assert table.may_stand_in(b"." * before + b"the-secret-of-it" + b"." * after + noise)
    assert not table.may_stand_in(b"." * before + b"the-other-words!" + b"." * after)


def test_without_secrets_nothing_is_found() -> None:
    assert list(KnownSecrets([]).find("anything at all, however long")) == []


@pytest.mark.parametrize("after", [0, 1, 7, 8, 50])
def test_a_secret_may_stand_wherever_it_does(after: int) -> None:
    table = KnownSecrets(["twelve-chars"])
    for before in (*range(9), 64, 100):
        assert table.may_stand_in(b"." * before + b"twelve-chars" + b"." * after), before
    for length in range(80):
        assert not table.may_stand_in(b"." * length)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("twelve-chars-and-some", "twelve-chars"),
        ("twelve-chars-and-more-yet", "twelve-chars-and-more"),
        ("twelve-chars-and-more-than-that", "twelve-chars-and-more-than-that"),
        ("twelve-chars-and-more-than-what", "twelve-chars-and-more"),
        ("twelve-chars-zzz", "twelve-chars"),
        ("twelve-charm-zzz", None),
    ],
)
def test_of_secrets_that_begin_alike_the_longest_that_is_there_is_found(
    text: str, found: str | None
) -> None:
    secrets = ["twelve-chars", "twelve-chars-and-more", "twelve-chars-and-more-than-that"]
    table = KnownSecrets([*secrets, "twelve-chars-ab"])
    assert list(table.find(f".{text}")) == ([] if found is None else [(1, found)])


def test_a_secret_of_one_letter_is_found_right_behind_another_letter() -> None:
    assert list(KnownSecrets(["x" * 12]).find("y" + "x" * 12)) == [(1, "x" * 12)]
