"""JSON with the place of every value: so that one can be replaced and all else stays."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Node", "NotJson", "parse"]

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"true|false|null")
_MAX_DEPTH = 64


class NotJson(ValueError):
    """The text is not JSON (RFC 8259), or nested too deeply. Quotes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
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
    node = _value(text, _skip(text, start), 0)
    if _skip(text, node.end) != len(text):
        raise NotJson("something follows")
    return node


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _value(text: str, at: int, depth: int) -> Node:
    if depth > _MAX_DEPTH:
        raise NotJson("nested too deeply")
    first = text[at : at + 1]
    if first == "{":
        return _object(text, at, depth)
    if first == "[":
        return _array(text, at, depth)
    if first == '"':
        return _leaf("string", _STRING, text, at)
    if first == "-" or first.isdigit():
        return _leaf("number", _NUMBER, text, at)
    return _leaf("word", _WORD, text, at)


def _leaf(kind: str, pattern: re.Pattern[str], text: str, at: int) -> Node:
    match = pattern.match(text, at)
    if match is None:
        raise NotJson("no value")
    return Node(kind=kind, start=at, end=match.end())


def _array(text: str, start: int, depth: int) -> Node:
    children: list[Node] = []
    at = _skip(text, start + 1)
    while text[at : at + 1] != "]":
        if children:
            at = _expect(text, at, ",")
        children.append(_value(text, at, depth + 1))
        at = _skip(text, children[-1].end)
    return Node(kind="array", start=start, end=at + 1, children=tuple(children))


def _object(text: str, start: int, depth: int) -> Node:
    members: list[tuple[Node, Node]] = []
    at = _skip(text, start + 1)
    while text[at : at + 1] != "}":
        if members:
            at = _expect(text, at, ",")
        name = _leaf("string", _STRING, text, at)
        at = _expect(text, _skip(text, name.end), ":")
        value = _value(text, at, depth + 1)
        members.append((name, value))
        at = _skip(text, value.end)
    return Node(kind="object", start=start, end=at + 1, members=tuple(members))


def _expect(text: str, at: int, mark: str) -> int:
    if text[at : at + 1] != mark:
        raise NotJson(f"no {mark}")
    return _skip(text, at + 1)
