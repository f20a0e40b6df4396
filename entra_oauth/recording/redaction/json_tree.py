"""JSON with the place of every value: so that one can be replaced and all else stays."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Node", "NotJson", "parse"]

_BLANK = r"[ \t\r\n]*+"
_TEXT = r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\\x00-\x1f]*+)*+"'
_SPACE = re.compile(_BLANK)
_NAME = re.compile(rf"{_BLANK}({_TEXT}){_BLANK}:{_BLANK}")
_LEAF = re.compile(
    rf"{_BLANK}(?:(?P<string>{_TEXT})|(?P<word>true|false|null)"
    rf"|(?P<number>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?)){_BLANK}"
)
_MAX_DEPTH = 64


class NotJson(ValueError):
    """The text is not JSON (RFC 8259), or nested too deeply. Quotes nothing."""


class Node(NamedTuple):
    """A value and its place. A string's place includes its quotes."""

    kind: str
    """`object`, `array`, `string`, `number` or `word`."""
    start: int
    end: int
    children: tuple[Node, ...] = ()
    """Of an array."""
    members: tuple[tuple[Node, Node], ...] = ()
    """Of an object: name and value; a name may stand twice."""


def parse(text: str) -> Node:
    """The value that the whole text is. A byte order mark before it is passed over."""
    start = 3 if text.startswith("\xef\xbb\xbf") else 0
    node, end = _value(text, start, 0)
    if end != len(text):
        raise NotJson("something follows")
    return node


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _value(text: str, at: int, depth: int) -> tuple[Node, int]:
    """A value, and the place after the blanks that follow it."""
    if depth > _MAX_DEPTH:
        raise NotJson("nested too deeply")
    match = _LEAF.match(text, at)
    if match is not None:
        kind = match.lastgroup or ""
        return Node(kind, *match.span(kind)), match.end()
    at = _skip(text, at)
    first = text[at : at + 1]
    if first == "{":
        return _object(text, at, depth)
    if first == "[":
        return _array(text, at, depth)
    raise NotJson("no value")


def _array(text: str, start: int, depth: int) -> tuple[Node, int]:
    children: list[Node] = []
    at = _skip(text, start + 1)
    while text[at : at + 1] != "]":
        if children:
            at = _after_comma(text, at)
        child, at = _value(text, at, depth + 1)
        children.append(child)
    return Node("array", start, at + 1, tuple(children)), _skip(text, at + 1)


def _object(text: str, start: int, depth: int) -> tuple[Node, int]:
    members: list[tuple[Node, Node]] = []
    at = _skip(text, start + 1)
    while text[at : at + 1] != "}":
        match = _NAME.match(text, _after_comma(text, at) if members else at)
        if match is None:
            raise NotJson("no name")
        value, at = _value(text, match.end(), depth + 1)
        members.append((Node("string", *match.span(1)), value))
    return Node("object", start, at + 1, (), tuple(members)), _skip(text, at + 1)


def _after_comma(text: str, at: int) -> int:
    if text[at : at + 1] != ",":
        raise NotJson("no ,")
    return at + 1
