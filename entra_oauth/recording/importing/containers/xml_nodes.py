"""XML of a stranger's as a list of its elements, with nothing in it that could unfold.

A document type may be declared, for Burp writes one. An entity may not, and nothing
outside of the file is ever asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from entra_oauth.errors import UsageError

__all__ = ["XmlNode", "nodes_of"]

_DEEPEST = 16
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class XmlNode:
    """One element: the names that lead to it, its attributes, the text right in it."""

    path: tuple[str, ...]
    attributes: Mapping[str, str] = field(repr=False)
    text: str = field(repr=False)


class _XmlRefusedError(Exception):
    """Ends the parsing; says why in words that are none of the file's."""


def nodes_of(data: bytes, *, place: str, advice: str) -> list[XmlNode]:
    """The elements in the order in which they end.

    `place` names the document in the error. Raises `UsageError`, which quotes nothing of it.
    """
    problem = ""
    reading = _Reading()
    try:
        _parser(reading).Parse(data, True)
    except expat.ExpatError as error:
        problem = f"it is no XML, or breaks off, at line {error.lineno}, column {error.offset + 1}"
    except _XmlRefusedError as error:
        problem = str(error)
    except (LookupError, ValueError):  # an encoding that Python does not know, or not of bytes
        problem = "its encoding is not known here"
    if problem:
        raise UsageError(f"{place} cannot be read: {problem}.", advice=advice)
    return reading.found


class _Reading:
    """The elements that are open, and those that have ended."""

    def __init__(self) -> None:
        self.found: list[XmlNode] = []
        self._open: list[tuple[str, Mapping[str, str], list[str]]] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if len(self._open) >= _DEEPEST:
            raise _XmlRefusedError(f"it is nested more than {_DEEPEST} deep")
        if len(self.found) >= _MOST:
            raise _XmlRefusedError(f"it has more than {_MOST:,} elements")
        self._open.append((name, attributes, []))

    def text(self, text: str) -> None:
        if self._open:
            self._open[-1][2].append(text)

    def end(self, name: str) -> None:
        path = tuple(name for name, _, _ in self._open)
        _, attributes, texts = self._open.pop()
        self.found.append(XmlNode(path, attributes, "".join(texts)))


def _parser(reading: _Reading) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    parser.EntityDeclHandler = _refuse_entity
    parser.UnparsedEntityDeclHandler = _refuse_entity
    parser.ExternalEntityRefHandler = _refuse_entity
    parser.SkippedEntityHandler = _refuse_entity
    return parser


def _refuse_entity(*about: object) -> NoReturn:
    raise _XmlRefusedError(
        "it declares an entity, or leads to one outside, and no program does that"
    )
