"""Repairs of the labs' functions: what is unsafe is refused, what is right is taken.

The tables lie in `repairs/`, one for each lab. Where a wrong repair cannot be told from a
right one by calling it, its table says so.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.lessons.labs.catalogue import labs
from entra_oauth.lessons.labs.judge import judged

HERE = Path(__file__).parent / "repairs"
TABLES: dict[int, dict[str, Any]] = {
    each.number: tomllib.loads((HERE / f"lab{each.number:02}.toml").read_text(encoding="utf-8"))
    for each in labs()
}


def rows(kind: str) -> list[Any]:
    """Lab, name and source of every repair of a kind."""
    return [
        pytest.param(number, source, id=f"{number}: {name}")
        for number, table in TABLES.items()
        for name, source in table[kind].items()
    ]


@pytest.mark.parametrize(("number", "source"), rows("wrong"))
def test_an_unsafe_repair_is_refused_and_that_is_explained(number: int, source: str) -> None:
    complaints = judged(number, source)
    assert complaints
    assert all(len(each) > 10 for each in complaints)
    assert len(complaints) <= 9
    assert not any("is no Python" in each or "no function" in each for each in complaints)


@pytest.mark.parametrize(("number", "source"), rows("right"))
def test_a_right_repair_is_taken_whichever_way_it_is_written(number: int, source: str) -> None:
    assert judged(number, source) == []


@pytest.mark.parametrize("number", TABLES)
def test_a_table_has_enough_of_both_kinds(number: int) -> None:
    table = TABLES[number]
    assert len(table["wrong"]) >= 8
    assert len(table["right"]) >= 2
    sources = [*table["wrong"].values(), *table["right"].values()]
    assert len(set(sources)) == len(sources)


def test_what_a_check_says_changes_with_no_run() -> None:
    # The trials are random; whether a function passes must not be.
    for number, table in TABLES.items():
        source = next(iter(table["wrong"].values()))
        assert len({len(judged(number, source)) for _ in range(5)}) == 1, number
