"""YAML of a stranger's as plain values: mappings, lists, text, whole numbers, bytes.

Only the events of the parser are used. Nothing is constructed by a tag, nothing stands
for something else, and so nothing unfolds.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from typing import Any

from entra_oauth.errors import LocalError, UsageError

__all__ = ["Plain", "plain_yaml"]

Plain = None | bool | int | str | bytes | list["Plain"] | dict[str, "Plain"]

_DEEPEST = 20
_MOST = 2_000_000
_BINARY = "tag:yaml.org,2002:binary"
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_WORDS: dict[str, Plain] = {
    "": None, "~": None, "null": None, "Null": None, "true": True, "false": False,
}  # fmt: skip


class _YamlRefusedError(Exception):
    """Says at which line; never quotes any."""


def plain_yaml(data: bytes, *, name: str, advice: str) -> Plain:
    """The one document of a file. `name` is that of the file in the error.

    Raises `UsageError` with the line, and `LocalError` where the parser is not installed.
    """
    yaml: Any = None
    with suppress(ImportError):  # an extra
        yaml = import_module("yaml")
    if yaml is None:
        raise LocalError(
            f"The {name} is YAML, and the parser for that is not installed.",
            advice="Install it: pip install pyyaml. Then try again.",
        )
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    value: Plain = None
    problem = ""
    try:
        value = _Building(yaml).document(yaml.parse(data, Loader=loader))
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f" at line {error.problem_mark.line + 1:,}"
        problem = f"it is no YAML, or breaks off,{line}"
    except (yaml.YAMLError, UnicodeDecodeError):
        problem = "it holds bytes that YAML does not allow"
    except _YamlRefusedError as error:
        problem = str(error)
    if problem:
        raise UsageError(f"The {name} cannot be read: {problem}.", advice=advice)
    return value


class _Building:
    """Puts the values together as the parser comes past them."""

    def __init__(self, yaml: Any) -> None:
        self._yaml = yaml
        self._open: list[tuple[list[Plain] | dict[str, Plain], list[str]]] = []
        self._count = 0
        self._documents = 0
        self._root: Plain = None

    def document(self, events: Iterable[Any]) -> Plain:
        for event in events:
            self._take(event)
        return self._root

    def _take(self, event: Any) -> None:
        yaml, line = self._yaml, event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _YamlRefusedError(f"a second document begins at line {line:,}")
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
        elif isinstance(event, yaml.NodeEvent):
            self._check(event, line)
            self._put(self._value(event, line), line)

    def _check(self, event: Any, line: int) -> None:
        self._count += 1
        if self._count > _MOST:
            raise _YamlRefusedError(f"it has more than {_MOST:,} values")
        if event.anchor is not None:  # an alias has one, too
            raise _YamlRefusedError(f"a value at line {line:,} stands for another (& or *)")
        is_scalar = isinstance(event, self._yaml.ScalarEvent)
        if event.tag not in ((None, _BINARY) if is_scalar else (None,)):
            raise _YamlRefusedError(
                f"a value at line {line:,} has a tag, and of these only !!binary is taken"
            )

    def _value(self, event: Any, line: int) -> Plain:
        if isinstance(event, self._yaml.ScalarEvent):
            return _scalar(event, line)
        if len(self._open) >= _DEEPEST:
            raise _YamlRefusedError(f"it is nested more than {_DEEPEST} deep at line {line:,}")
        return [] if isinstance(event, self._yaml.SequenceStartEvent) else {}

    def _put(self, value: Plain, line: int) -> None:
        if not self._open:
            self._root = value
        else:
            inside, names = self._open[-1]
            if isinstance(inside, list):
                inside.append(value)
            elif not names:
                if not isinstance(value, str | int) or str(value) in inside:
                    raise _YamlRefusedError(f"a name at line {line:,} is no text, or stands twice")
                names.append(str(value))
                return
            else:
                inside[names.pop()] = value
        if isinstance(value, list | dict):
            self._open.append((value, []))


def _scalar(event: Any, line: int) -> Plain:
    text: str = event.value
    if event.tag == _BINARY:
        try:
            return b64decode("".join(text.split()), validate=True)
        except ValueError:
            pass
        raise _YamlRefusedError(f"the value at line {line:,} is not the base64 it is said to be")
    if not event.implicit[0]:  # in quotation marks, or a block
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text
