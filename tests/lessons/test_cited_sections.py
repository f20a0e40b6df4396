"""Each section that lessons, glossary and rules cite is in one table, with its title."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import entra_oauth
from entra_oauth.audit.rules.citations import how_checked

PACKAGE = Path(entra_oauth.__file__).parent
ROOMS = ("lessons", "protocol/glossary", "audit/rules")
TABLE = tomllib.loads(Path(__file__).with_name("cited_sections.toml").read_text("utf-8"))

_DOCUMENT = re.compile(
    r"RFC \d+|OpenID Connect (?:[A-Z][\w-]+ ?){1,2}|Multiple Response Types|"
    r"Form Post Response Mode|OAuth 2\.1|WS-Trust 1\.3|draft-[a-z0-9-]+"
)
_SECTION = re.compile(r"(?:§|[Ss]ections?\s)(\d+(?:\.\d+)*)|[Aa]ppendix\s([A-Z])")


def cited(text: str) -> Iterator[tuple[str, str]]:
    """Documents and sections in a text; a section alone belongs to the document before it."""
    found = list(_DOCUMENT.finditer(text))
    ends = [*(each.start() for each in found[1:]), len(text)]
    for document, end in zip(found, ends, strict=False):
        for section in _SECTION.finditer(text, document.end(), end):
            yield document[0].strip(), section[1] or f"appendix {section[2]}"


def texts(file: Path) -> Iterator[str]:
    """The texts of a file of words, or those in a module."""
    source = file.read_text("utf-8")
    if file.suffix == ".toml":
        yield from _leaves(tomllib.loads(source))
    elif file.suffix == ".json":
        yield from _leaves(json.loads(source))
    else:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)


def everything() -> dict[tuple[str, str], str]:
    """Each citation, and a file in which it stands."""
    files = [
        file
        for room in ROOMS
        for file in sorted((PACKAGE / room).rglob("*"))
        if file.suffix in (".toml", ".json", ".py") and file.name != "sections.toml"
    ]
    assert len(files) > 100
    return {each: file.name for file in files for text in texts(file) for each in cited(text)}


CITED = [
    ("RFC 6749 §4.1.2, §10.12; RFC 8252 §7.3", [("RFC 6749", "4.1.2"), ("RFC 6749", "10.12")]),
    (
        "(RFC 6749 section 4.1.3). See (section\n10.6)",
        [("RFC 6749", "4.1.3"), ("RFC 6749", "10.6")],
    ),
    ("RFC 7636 appendix A", [("RFC 7636", "appendix A")]),
    ("OpenID Connect Core §3.1.3.7(9–10)", [("OpenID Connect Core", "3.1.3.7")]),
    ("OAuth 2.0 Form Post Response Mode §2", [("Form Post Response Mode", "2")]),
    ("section 3 of nothing", []),
]


@pytest.mark.parametrize(("text", "found"), CITED)
def test_a_section_belongs_to_the_document_before_it(
    text: str, found: list[tuple[str, str]]
) -> None:
    assert list(cited(text))[: len(found) or 1] == found


def test_each_section_that_is_cited_has_its_title_in_the_table() -> None:
    named = everything()
    known = {(document, each) for document, about in TABLE.items() for each in about["titles"]}
    assert {each: file for each, file in named.items() if each not in known} == {}
    assert known - set(named) == set(), "cited nowhere any more"


def test_the_table_says_of_each_document_how_it_was_checked() -> None:
    assert {about["seen"] for about in TABLE.values()} == {"contents", "quoted", "memory"}
    assert all(about["titles"] for about in TABLE.values())


def test_what_a_rule_calls_read_was_not_written_down_from_memory() -> None:
    for document, about in TABLE.items():
        if about["seen"] == "memory":
            for section in about["titles"]:
                assert how_checked(document, section) == "not read", (document, section)
