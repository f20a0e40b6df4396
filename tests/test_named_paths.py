"""CONTRIBUTING and the page about the house name files, rooms and classes that exist."""

from __future__ import annotations

import re
from functools import cache

import pytest

from kit.project import imports, pages

ARCHITECTURE = pages.page("docs/architecture.md")
CONTRIBUTING = pages.page("CONTRIBUTING.md")
# In backticks or in a drawing of a path: a file by its ending, a folder by its stroke.
NAMED = re.compile(
    r"(?:(?<=[`\s])|^)([\w.-]+(?:/[\w.-]+)*(?:\.(?:py|md|json|toml|yml)|/run|/))(?=[`\s:;]|$)"
)
CLASS = re.compile(r"`([A-Z][a-z]\w+)(?:\.(\w+))?`")


def _named(text: str) -> list[str]:
    return sorted({name for line in text.splitlines() for name in NAMED.findall(line)})


def _exists(name: str) -> bool:
    return any((top / name).exists() for top in (pages.ROOT, pages.ROOT / "entra_oauth"))


@pytest.mark.parametrize("name", _named(ARCHITECTURE))
def test_every_file_and_room_of_the_house_page_exists(name: str) -> None:
    assert _exists(name)


@pytest.mark.parametrize("name", _named(CONTRIBUTING))
def test_every_file_and_folder_of_contributing_exists(name: str) -> None:
    assert _exists(name)


def test_a_file_that_is_not_there_would_be_seen() -> None:
    text = "The `flows/none.py`, and `nowhere/`.\n  flows/gone.py  does it\n`flows/patience.py`"
    assert [name for name in _named(text) if not _exists(name)] == [
        "flows/gone.py",
        "flows/none.py",
        "nowhere/",
    ]
    assert len(_named(ARCHITECTURE)) > 60
    assert len(_named(CONTRIBUTING)) > 25


@cache
def _source() -> str:
    files = sorted((pages.ROOT / "entra_oauth").rglob("*.py"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


@pytest.mark.parametrize(("name", "member"), sorted(set(CLASS.findall(ARCHITECTURE))))
def test_every_class_of_the_house_page_exists(name: str, member: str) -> None:
    source = _source()
    assert re.search(rf"^class {name}\b", source, re.MULTILINE)
    assert not member or re.search(rf"^    (?:def )?{member}\b", source, re.MULTILINE)


def test_every_room_has_its_paragraph_and_stands_in_the_drawing() -> None:
    rooms = {*imports.LAYERS, *imports.ASIDE}
    told = re.findall(r"\*\*`(\w+)(?:/|\.py)`\*\*", ARCHITECTURE)
    assert sorted(told) == sorted(rooms)
    (drawing,) = re.findall(r"```text\n(  cli .*?)```", ARCHITECTURE, re.DOTALL)
    assert rooms <= set(re.findall(r"\w+", drawing))


def test_the_house_page_and_contributing_stay_short() -> None:
    assert len(ARCHITECTURE.splitlines()) <= 250
    assert len(CONTRIBUTING.splitlines()) <= 70
