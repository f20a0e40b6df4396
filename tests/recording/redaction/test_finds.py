"""Finds: what counts as taken out, what looks like a secret, and what is put in its place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import entra_oauth
from entra_oauth.recording.redaction.finds import (
    KIND_WORDS,
    Find,
    apply,
    is_taken_out,
    looks_secret,
    mask,
    placeholder,
    settled,
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
        ("getAccessTokenSilently", False),
        ("getAccessTokenSilently1", False),
        ("getAccessTokenSilently123", True),
        ("aBcdefghijklmnopq", True),
        ("Abcdefghijklmnopq", False),
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


def test_no_value_shows_in_the_repr_of_a_find() -> None:
    assert repr(Find(3, 9, "code", "Canary")) == "Find(code from 3 to 9)"


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


# ---- looked through again --------------------------------------------------------------


def words(*known: str, masked: bool = False) -> Callable[[str], list[Find]]:
    """Finds these wherever they stand."""
    return lambda text: [
        Find(match.start(), match.end(), "val", match[0], masked)
        for each in known
        for match in re.finditer(re.escape(each), text)
    ]


def behind(known: str, later: str) -> Callable[[str], list[Find]]:
    """Finds one, and the other where the first was replaced."""
    return lambda text: words(*([known] if known in text else [later]))(text)


@pytest.mark.parametrize(
    ("text", "look", "after", "values"),
    [
        ("a secret", words("secret"), "a ~val~", ["secret"]),
        ("nothing", words("secret"), "nothing", []),
        # What is found beside a replacement alone stays a find of its own.
        ("one b", words("one", "b"), "~val~ ~val~", ["one", "b"]),
        # Before, within and behind what was replaced: all that it replaced goes too.
        ("x one y", words("one", "x ~val~"), "~val~ y", ["x one"]),
        ("x one y", words("one", "~val~ y"), "x ~val~", ["one y"]),
        ("x one y", words("one", "~ y"), "x ~val~", ["one y"]),
        ("x one y", words("one", "x ~va"), "~val~ y", ["x one"]),
        ("x one y", words("one", " ~val~"), "x~val~ y", [" one"]),
        ("x one y", words("one", "~val~ "), "x ~val~y", ["one "]),
        ("x one y", behind("one", "x "), "~val~~val~ y", ["x ", "one"]),
        ("x one y", behind("one", " y"), "x ~val~~val~", ["one", " y"]),
        ("one two c", words("one", "two", "~ c"), "~val~ ~val~", ["one", "two c"]),
        ("one two c d", words("one", "two", "~ ~"), "~val~ c d", ["one two"]),
        ("one two three", words("one", "two", "~val~ ~val~"), "~val~ three", ["one two"]),
        ("one two yes", words("one", "two", "yes"), "~val~ ~val~ ~val~", ["one", "two", "yes"]),
    ],
)
def test_what_is_found_in_what_came_out_is_a_find_of_the_text(
    text: str, look: Callable[[str], list[Find]], after: str, values: list[str]
) -> None:
    done = settled(text, look, KEY)
    assert done is not None
    assert done.text == after
    assert [find.value for find in done.finds] == values
    assert [text[find.start : find.end] for find in done.finds] == values


def test_a_find_behind_a_shorter_replacement_keeps_its_place_and_its_text() -> None:
    def look(text: str) -> list[Find]:
        if "~" not in text:
            return words("password")(text)
        return [Find(at, at + 2, "num", "12", text="99") for at in [text.find("12")] if at >= 0]

    done = settled("password 12 end", look, KEY)
    assert done is not None
    assert done.text == "~val~ 99 end"
    assert [(find.start, find.end) for find in done.finds] == [(0, 8), (9, 11)]
    assert [find.value for find in done.earlier] == ["password"]


def test_the_later_of_two_finds_of_one_width_counts() -> None:
    def look(text: str) -> list[Find]:
        kind = "at" if "value" in text else "val"
        return [] if "~val~" in text else [Find(2, len(text), kind, text[2:], masked=True)]

    done = settled("a value", look, KEY)
    assert done is not None
    assert done.text == "a ~val~"
    assert [find.kind for find in done.earlier] == ["at"]


def test_what_never_settles_or_is_not_understood_is_none() -> None:
    turns = iter("abcdefgh")
    looks = [0]

    def turning(text: str) -> list[Find]:
        looks[0] += 1
        return [Find(0, 1, "val", text, text=next(turns))]

    assert settled("x y", turning, KEY) is None
    assert looks == [6]
    assert settled("x y", lambda text: None, KEY) is None
    again = iter([[Find(0, 1, "val", "x")], None])
    assert settled("x y", lambda text: next(again), KEY) is None


@pytest.mark.parametrize(
    ("text", "look", "times"),
    [
        ("a", words("b"), 1),
        (" secret ", words("secret"), 1),
        ('{"a": "secret"}', words("secret"), 1),
        ('{"name": "secret"}', words("secret"), 2),
        ('{"a": "b secret"}', words("secret"), 2),
        ('{"secret": "a"}', lambda text: [Find(2, 8, "name", text[2:8], masked=True)], 2),
        ('{"a": 12345}', lambda text: [Find(6, 11, "num", text[6:11], text="0")], 1),
        ("a=secret", words("secret"), 2),
        (' [1, "secret"]', words("secret"), 1),
        ('a "secret"', words("secret"), 2),
        ('{"a": "secret b"}', words("secret"), 2),
        ('{"Name":    "secret"}', words("secret"), 2),
        ('{"a": ["secret", "b secret"]}', words("secret"), 2),
        ("secret", lambda text: [Find(0, len(text), "val", text, text="other")], 2),
    ],
)
def test_what_stays_by_its_form_is_not_looked_through_again(
    text: str, look: Callable[[str], list[Find]], times: int
) -> None:
    seen: list[str] = []

    def counted(text: str) -> list[Find]:
        seen.append(text)
        return look(text)

    assert settled(text, counted, KEY) is not None
    assert len(seen) == times


def test_every_kind_of_value_that_is_taken_out_has_words() -> None:
    package = Path(entra_oauth.__file__).parent
    names = json.loads((package / "protocol/glossary/secrecy.json").read_text("utf-8"))["names"]
    kinds = {kind for by_kind in names.values() if isinstance(by_kind, dict) for kind in by_kind}
    made = re.compile(r'(?:Treatment\(Act\.\w+, |[^\w.]find\(|placeholder\()"([a-z]{1,5})"')
    for path in (package / "recording/redaction").glob("*.py"):
        kinds.update(made.findall(path.read_text("utf-8")))
    assert {"code", "val", "sess", "sig", "pii"} <= kinds
    assert sorted(kinds - KIND_WORDS.keys() - {""}) == []
