"""The house stays sorted: folders, names, functions and docstrings, as the architecture says."""

from __future__ import annotations

from functools import cache

import pytest

from kit.project import house

PACKAGE = "entra_oauth"


@cache
def _package() -> dict[str, str]:
    return house.package()


def test_no_folder_holds_more_than_a_reader_can_overlook() -> None:
    found = house.full_folders(house.ROOT / PACKAGE, house.ROOT / "tests", most=15)
    assert found == {}


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert house.circles(house.arrows(_package())) == []


def test_a_circle_is_seen_also_where_an_import_is_late_or_for_the_types() -> None:
    late = "def f():\n    import p.b"
    typed = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p import c"
    sources = {"p": "", "p.a": late, "p.b": typed, "p.c": "from p.a import x", "p.d": "import p.a"}
    sources = {
        name.replace("p", PACKAGE, 1): text.replace("p.", f"{PACKAGE}.").replace(
            "from p ", f"from {PACKAGE} "
        )
        for name, text in sources.items()
    }
    assert house.circles(house.arrows(sources)) == [[f"{PACKAGE}.{each}" for each in "abc"]]


def test_a_class_name_stands_once() -> None:
    assert house.twice_named_classes(_package()) == {}


SEEN_BY_ANOTHER_ROOM = {
    "attack": "each lab has one",
    "exercise": "each lab has one",
    "solution": "each lab has one",
    "exchange": "messages of one exchange, and the article's verb that makes one",
    "id_token": "checked by the client, judged by the linter",
    "lab": "the lab, and the verb that runs it",
    "lint": "the linter, and the verb",
    "redact": "the redactor, and the verb",
    "replay": "the request made ready, and the verb",
    "seal": "the seal, and the verb",
    "token": "the client's message, and the verb that prints a token",
}
"""Module names that stand in two rooms or more, and why that is the same thing."""


def test_a_module_name_stands_once_or_is_the_same_thing_in_another_room() -> None:
    twice = house.twice_named_modules(_package())
    assert set(twice) == set(SEEN_BY_ANOTHER_ROOM)
    assert len(SEEN_BY_ANOTHER_ROOM) <= 20


def test_no_two_modules_of_one_name_stand_in_one_room() -> None:
    def room(name: str) -> str:
        return name.removeprefix(f"{PACKAGE}.").partition(".")[0]

    labs = {"attack", "exercise", "solution"}
    for word, where in house.twice_named_modules(_package()).items():
        assert word in labs or len({room(name) for name in where}) == len(where), where


def test_only_the_room_that_reads_the_command_line_knows_an_untyped_bag() -> None:
    reading = f"{PACKAGE}.cli.command_line."
    assert [place for place in house.bags(_package()) if not place.startswith(reading)] == []


def test_every_function_fits_on_a_screen() -> None:
    assert house.long_functions(_package(), most=64) == {}


def test_docstrings_begin_with_the_noun_or_the_verb() -> None:
    every = list(house.docstrings(_package()))
    asking = [place for place, text in every if house.opens_with_a_question(text)]
    assert len(every) > 1000
    assert len(asking) / len(every) < 0.03, asking


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("What is there.", True),
        ("Whose it is", True),
        ("whether it holds", True),
        ("However it goes", False),
        ("The whole of it.", False),
        ("Whatever comes.", False),
    ],
)
def test_a_docstring_that_opens_with_a_question_is_seen(text: str, asks: bool) -> None:
    assert house.opens_with_a_question(text) is asks
