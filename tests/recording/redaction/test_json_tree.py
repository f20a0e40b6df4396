"""JSON with places: each value where it stands, and nothing that is not JSON (RFC 8259)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.recording.redaction.json_tree import Node, NotJson, parse


def kinds(node: Node, text: str) -> list[tuple[str, str]]:
    """The kind of each value and its text, the outer ones first."""
    inner = list(node.children)
    for name, value in node.members:
        inner += [name, value]
    found = [(node.kind, text[node.start : node.end])]
    return found + [each for child in inner for each in kinds(child, text)]


def test_each_value_stands_where_it_stands() -> None:
    text = ' { "a" : [ 1 , true,"x\\"]" ] ,"b":null} '
    assert kinds(parse(text), text) == [
        ("object", text.strip()),
        ("string", '"a"'),
        ("array", '[ 1 , true,"x\\"]" ]'),
        ("number", "1"),
        ("word", "true"),
        ("string", '"x\\"]"'),
        ("string", '"b"'),
        ("word", "null"),
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *((word, "word") for word in ("true", "false", "null")),
        *((n, "number") for n in ("0", "-0", "10", "1.50", "1e9", "-1.5E+10", "2e-3")),
        *((s, "string") for s in ('""', '"\\u00e9\\/\\b\\f\\n\\r\\t\\\\"', '"\x7f"')),
        ("[]", "array"),
        ("[ ]", "array"),
        ("{}", "object"),
        ("{ }", "object"),
        ("\t\r\n 1\t\r\n ", "number"),
        ("\xef\xbb\xbf{}", "object"),
        ("\xef\xbb\xbf []", "array"),
    ],
)
def test_what_is_json_is_read(text: str, kind: str) -> None:
    assert parse(text).kind == kind


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "x", "tru", "True", "nan", "Infinity", "-", "+1", "01", "1.", ".5", "1e", "0x1"),
        *('"', '"\n"', '"\x00"', '"\\x"', '"\\u12"', "'a'"),
        *("[", "]", "[1", "[1,]", "[,1]", "[1 2]", "[1,,2]", "[1;2]", "[1:2]"),
        *("{", "}", '{"a"', '{"a":', '{"a":1', '{"a" 1}', '{"a":1,}', "{a:1}", "{1:1}"),
        *(
            '{"a":1;"b":2}',
            '{"a":1 "b":2}',
            '{,"a":1}',
            "1 2",
            "{} x",
            "[]]",
            "\xef\xbb",
            " \xef\xbb\xbf1",
            "\x0b1",
        ),
    ],
)
def test_what_is_no_json_is_not(text: str) -> None:
    with pytest.raises(NotJson):
        parse(text)


@pytest.mark.parametrize(("depth", "is_read"), [(1, True), (64, True), (65, False), (5000, False)])
def test_json_is_nested_64_deep_at_most(depth: int, is_read: bool) -> None:
    for before, inner, after in (("[", "1", "]"), ('{"a":', "1", "}")):
        text = before * depth + inner + after * depth
        if is_read:
            parse(text)
        else:
            with pytest.raises(NotJson):
                parse(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(VALUES.filter(lambda value: value not in (float("inf"), float("-inf"))))
def test_what_python_writes_is_read_to_its_end(value: object) -> None:
    text = json.dumps(value)
    if "Infinity" in text:
        return
    node = parse(text)
    assert (node.start, node.end) == (0, len(text))
