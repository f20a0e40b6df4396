"""Sheets of ten exchanges: the same for the same number, and answers in a file."""

from __future__ import annotations

import pytest

from entra_oauth.errors import UsageError
from entra_oauth.lessons.spot.all_faults import found
from entra_oauth.lessons.spot.sheet import Given, answers_in, sheet
from entra_oauth.recording.findings import Severity


def test_a_sheet_has_ten_different_faults_of_all_levels_and_no_mere_notes() -> None:
    questions = sheet(3)
    assert [question.number for question in questions] == list(range(1, 11))
    assert len({question.fault.rule for question in questions}) == 10
    assert [question.fault.level for question in questions] == [1] * 4 + [2] * 4 + [3] * 2
    assert Severity.NOTE not in {found(question.fault).severity for question in questions}


def test_the_same_number_is_the_same_sheet_and_another_is_another() -> None:
    assert [each.told for each in sheet(1)] == [each.told for each in sheet(1)]
    assert {each.fault.rule for each in sheet(1)} != {each.fault.rule for each in sheet(2)}
    assert len({each.letter for number in (1, 2, 3) for each in sheet(number)}) == 4


def test_an_answer_is_right_in_its_step_and_its_rule_apart() -> None:
    question = sheet(1)[0]
    step, letter = found(question.fault).step, question.letter
    other = next(each for each in "abcd" if each != letter)
    assert question.has_step(Given(step, other))
    assert not question.has_rule(Given(step, other))
    assert question.has_rule(Given(99, letter))
    assert not question.has_step(Given(99, letter))
    assert not question.has_step(None)
    assert not question.has_rule(None)


@pytest.mark.parametrize(
    "line", ["1: 3 b", "1 3 b", "1. 3b", "1) 3, (b)", "1: step 3 B.", "  1:  3   b  ", "1: 3;b"]
)
def test_an_answer_may_be_written_in_several_ways(line: str) -> None:
    assert answers_in(f"# mine\n\n{line}\n", 10) == {1: Given(3, "b")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("b", "Line 1 is no answer"),
        ("1: b 3", "Line 1 is no answer"),
        ("1: 3 e", "Line 1 is no answer"),
        ("1: 3 b extra", "Line 1 is no answer"),
        ("\n11: 3 b", "Line 2 answers exchange 11"),
        ("0: 3 b", "Line 1 answers exchange 0"),
        ("1: 3 b\n1: 3 c", "Line 2 answers exchange 1 once more"),
        ("\u0661: 3 b", "Line 1 is no answer"),
        ("\x1b[2J", "Line 1 is no answer"),
        ("x" * 60_000, "Line 1 is no answer"),
    ],
)
def test_a_line_that_is_no_answer_is_named(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        answers_in(text, 10)
    assert said in caught.value.what
    assert "\x1b" not in caught.value.what
    assert len(caught.value.what) < 120
