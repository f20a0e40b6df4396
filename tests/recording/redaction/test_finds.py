"""Finds: what counts as taken out, what looks like a secret, and what is put in its place."""

from __future__ import annotations

from typing import Any

import pytest

from entra_oauth.recording.redaction.finds import (
    Find,
    apply,
    is_taken_out,
    looks_secret,
    mask,
    placeholder,
    tag_of,
)

KEY = b"k" * 32


@pytest.mark.parametrize(
    ("text", "is_gone"),
    [
        ("~code~", True),
        ("code~0123456789", True),
        ("code~0123456789~~~", True),
        ("eyA.eyB.sig~0123456789~~~", True),
        ("code~0123456789~~~x", False),
        ("x~code~", False),
        ("longer~0123456789", False),
        ("~longer~", False),
        ("code~012345678", False),
        ("code~012345678g", False),
        ("eyA.eyB.sig~012345678", False),
        ("eyA.eyB.at~0123456789", False),
        ("eyA.sig~0123456789", False),
        ("xyA.eyB.sig~0123456789", False),
        ("", False),
    ],
)
def test_what_was_taken_out_is_known_again(text: str, is_gone: bool) -> None:
    assert is_taken_out(text) is is_gone


GUID = "12a34b56-789c-0d12-e3fa-b456789c0123"


@pytest.mark.parametrize(
    ("run", "looks"),
    [
        ("ab1" * 5 + "a", True),
        ("ab1" * 5, False),
        ("abcdefghijklmnop", False),
        ("1234567890123456", False),
        ("Abcdefghijklmnop", False),
        ("abcdefghijklmnoP", True),
        ("authorization_code", False),
        (GUID, False),
        (GUID.upper(), False),
        (f"{GUID}-ab1ab1ab1ab1ab1a", True),
        (f"{GUID}/{GUID}", False),
        ("code~0123456789~~~~~~~~~~", False),
        ("code~0123456789~~~~ab1ab1ab1ab1ab1ab", True),
    ],
)
def test_what_looks_like_a_secret_is_long_and_mixed(run: str, looks: bool) -> None:
    assert looks_secret(run) is looks


def find(start: int, end: int, kind: str = "code", value: str = "x" * 20, **more: Any) -> Find:
    return Find(start=start, end=end, kind=kind, value=value, **more)


def applied(text: str, *finds: Find) -> str:
    return apply(text, finds, KEY)[0]


def test_a_long_value_is_replaced_by_one_of_its_own_length_and_a_short_one_by_a_mask() -> None:
    tag = tag_of("s" * 16, KEY)
    assert len(tag) == 10
    assert applied("ab" + "s" * 16 + "c", find(2, 18, value="s" * 16)) == f"abcode~{tag}~c"
    assert applied("ab" + "s" * 15 + "c", find(2, 17, value="s" * 15)) == "ab~code~c"
    assert applied("ab" + "s" * 16 + "c", find(2, 18, value="s" * 16, masked=True)) == "ab~code~c"
    ready = Find(start=0, end=2, kind="at", value="s" * 40, text="ready")
    assert applied("abc", ready) == "readyc"


def test_the_length_is_that_of_the_text_and_not_that_of_the_value() -> None:
    escaped = "%41" * 16
    done = applied(escaped, find(0, 48, value="A" * 16))
    assert done == placeholder("code", "A" * 16, 48, KEY)
    assert len(done) == 48
    assert placeholder("code", "A" * 16, 3, KEY) == f"code~{tag_of('A' * 16, KEY)}"
    assert mask("pw") == "~pw~"


def test_of_two_finds_that_overlap_the_wider_counts() -> None:
    text = "0123456789" * 3
    wide, inner, after = find(2, 20), find(4, 10, "state"), find(20, 25, "nonce", "y")
    for order in ((wide, inner, after), (after, inner, wide)):
        done, counted = apply(text, order, KEY)
        assert counted == [wide, after]
        assert done == "01" + placeholder("code", wide.value, 18, KEY) + "~nonce~" + text[25:]
    same_start = find(2, 10, "state")
    assert apply(text, [same_start, wide], KEY)[1] == [wide]


def test_of_two_that_cross_the_rest_of_the_second_goes_too() -> None:
    text = "0123456789" * 3
    first, second = find(2, 20), find(15, 24, "state")
    done, counted = apply(text, [first, second], KEY)
    assert done == "01" + placeholder("code", first.value, 18, KEY) + "~~~~" + text[24:]
    assert [(each.start, each.end, each.kind) for each in counted] == [
        (2, 20, "code"),
        (20, 24, "state"),
    ]
    assert apply(text, [first, find(20, 24, "state", "y")], KEY)[0].count("~state~") == 1


def test_equal_values_have_equal_tags_and_only_with_the_same_key() -> None:
    assert tag_of("a", KEY) == tag_of("a", KEY)
    assert len({tag_of("a", KEY), tag_of("b", KEY), tag_of("a", b"x" * 32)}) == 3
