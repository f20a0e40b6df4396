"""The plans: their minutes are those of the notes, are called estimates, and fit."""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from entra_oauth.lessons.labs.catalogue import labs
from entra_oauth.lessons.learn import NUMBERS, chapter
from teaching_minutes import Estimate, asked_in, of_chapter, of_repair, of_texts
from teaching_plans import LENGTHS, Material, Row, plan_rows, plan_table

ROOT = Path(__file__).parents[2]
KIT = ROOT / "docs" / "teach"
WRITTEN = tomllib.loads((ROOT / "scripts/teaching_plans.toml").read_text("utf-8"))
ROW = re.compile(r"^\| (\d+) \| (\d+) \| (.*?) \| (.*?) \|$", re.MULTILINE)
NOTED = re.compile(
    r"<!-- minutes: lab (\d+) -->\n\nEstimate: (\d+) minutes to show, (\d+) to repair\.\n"
)


def _page(name: str) -> str:
    return (KIT / name).read_text(encoding="utf-8")


def _noted() -> dict[int, tuple[int, int]]:
    """The minutes in the notes of each lab: to show it, and to repair its function."""
    return {int(n): (int(show), int(repair)) for n, show, repair in NOTED.findall(_page("labs.md"))}


def test_every_lab_and_every_chapter_has_its_estimate() -> None:
    assert list(_noted()) == [each.number for each in labs()]
    found = re.findall(r"<!-- minutes: chapter (\d+) -->\n\nEstimate: (\d+)", _page("chapters.md"))
    assert [int(number) for number, _ in found] == list(NUMBERS)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_chapter_says_the_minutes_that_are_estimated(number: int) -> None:
    assert chapter(number).minutes == of_chapter(number).minutes
    assert f"chapter {number} -->\n\nEstimate: {chapter(number).minutes} m" in _page("chapters.md")


@pytest.mark.parametrize("length", LENGTHS)
def test_a_plan_adds_up_and_fits_into_its_time(length: int) -> None:
    page = _page(f"plan-{length}.md")
    rows = [(int(start), int(takes)) for start, takes, _, _ in ROW.findall(page)]
    assert len(rows) == len(WRITTEN[str(length)])
    for (start, takes), (after, _) in pairwise(rows):
        assert start + takes == after
    total = sum(takes for _, takes in rows)
    assert rows[0][0] == 0
    assert 0 <= length - total <= length // 5
    assert f"In all {total} minutes; {length - total} left" in page
    assert "estimate" in page


@pytest.mark.parametrize("length", LENGTHS)
def test_the_minutes_of_a_row_of_labs_are_those_of_their_notes(length: int) -> None:
    noted = _noted()
    rows = zip(WRITTEN[str(length)], ROW.findall(_page(f"plan-{length}.md")), strict=True)
    seen = 0
    for row, (_, takes, what, _) in rows:
        assert what == row["what"]
        if "labs" in row:
            assert int(takes) == sum(noted[each][0] for each in row["labs"])
            seen += 1
        if "repair" in row:
            assert int(takes) == max(noted[each][1] for each in row["repair"])
        if "chapters" in row:
            assert int(takes) == sum(chapter(each).minutes for each in row["chapters"])
    assert seen


@pytest.mark.parametrize("length", LENGTHS)
def test_a_lab_that_a_row_names_is_one_that_it_counts_and_has_its_command(length: int) -> None:
    page = _page(f"plan-{length}.md")
    for row in WRITTEN[str(length)]:
        for number in row.get("labs", ()):
            assert re.search(rf"^entra-oauth lab {number}( --off)?$", page, re.MULTILINE)
            told = re.findall(r"\d+", f"{row['what'].partition(': ')[2]} {row['with']}")
            assert str(number) in told
        if "repair" in row:
            assert any(f"entra-oauth lab check {n} " in page for n in row["repair"])
        for number in row.get("chapters", ()):
            assert f"chapter {number}" in row["what"]


def test_an_estimate_is_words_at_150_a_minute_and_inputs() -> None:
    assert Estimate(words=150).minutes == 1
    assert Estimate(words=151).minutes == 2
    assert Estimate(words=150, questions=4).minutes == 4
    assert Estimate(commands=4, lines=2).minutes == 2
    assert Estimate().minutes == 0
    assert of_texts(["one two", "three"], questions=1) == Estimate(words=3, questions=1)


def test_the_questions_of_a_lab_are_those_of_its_notes() -> None:
    asked = asked_in(_page("labs.md"))
    assert set(asked) == {each.number for each in labs()}
    assert asked[1][:2] == (
        "What could Mallory learn from what Alice uploads into the wrong account?",
        "Why is the wait not ended by a wrong state?",
    )
    assert all(2 <= len(each) <= 4 for each in asked.values())


def test_a_repair_counts_the_lines_that_have_to_be_written() -> None:
    first = next(each for each in labs() if each.number == 1)
    kept = set(map(str.strip, first.exercise.broken.splitlines()))
    new = [line for line in map(str.strip, first.exercise.solution.splitlines()) if line]
    written = [each for each in new if each not in kept and not each.startswith('"""')]
    assert of_repair(first).lines == len(written)
    assert of_repair(first).words == len(first.exercise.broken.split())


def test_a_plan_that_is_too_long_is_refused() -> None:
    hour = Estimate(words=60 * 150)
    every = {each.number: hour for each in labs()}
    material = Material(
        printed=str, slides="", questions="", worksheets={}, showing=every, repair=every
    )
    with pytest.raises(ValueError, match="the plan for 45 minutes takes 1"):
        plan_rows(45, material)


def test_a_table_begins_each_row_where_the_one_before_ends() -> None:
    rows = [Row(what="one", with_what="a", minutes=4), Row(what="two", with_what="b", minutes=5)]
    assert plan_table(10, rows).splitlines()[2:] == [
        "| 0 | 4 | one | a |",
        "| 4 | 5 | two | b |",
        "",
        "In all 9 minutes; 1 left for what takes longer.",
        "",
    ]
