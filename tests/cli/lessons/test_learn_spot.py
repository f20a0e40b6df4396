"""learn --spot: faults to find, in a pipe, with any input, taken up where one stopped."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from entra_oauth.lessons.learn.progress import Mark, Progress, standard_place
from entra_oauth.lessons.spot.all_faults import faults_of, found
from entra_oauth.lessons.spot.finding_tasks import options_of, right_steps
from entra_oauth.lessons.spot.planted_fault import LEVELS
from entra_oauth.lessons.spot.sheet import sheet
from kit.command_line import Ran, call, environment, error_of


def spot(*arguments: str, typed: str = "") -> Ran:
    """`learn --spot` in this process, with these lines on a standard input that is no terminal."""
    before, sys.stdin = sys.stdin, io.StringIO(typed)
    try:
        return call("learn", "--spot", "--no-pause", *arguments)
    finally:
        sys.stdin = before


def marks() -> dict[int, Mark]:
    return Progress(standard_place("spot.json")).marks()


def said(ran: Ran) -> str:
    return " ".join(ran.out.split())


def answers(count: int, level: int = 1) -> str:
    """The right answers to the first exchanges of a level."""
    lines = [
        line
        for fault in faults_of(level)[:count]
        for line in (str(found(fault).step), options_of(fault)[0].manual.title)
    ]
    return "\n".join(lines) + "\n"


def test_the_step_and_the_rule_are_named_and_the_rule_s_page_is_the_explanation() -> None:
    fault = faults_of(1)[0]
    finding = found(fault)
    ran = spot(typed=answers(1))
    assert (ran.code, ran.err) == (0, "")
    text = said(ran)
    assert "Faults to find, level 1" in text
    assert f"Right. It shows in step {finding.step}." in text
    first, _, _ = text.partition("Exchange 2 of 25")
    assert first.count(f"Step {finding.step}, at") == 2, "the step stands again above the rules"
    assert f"{fault.rule}, an error." in text
    manual = finding.rule.manual
    for part in (fault.rule, finding.text, manual.title, manual.why, manual.mend, manual.before):
        assert " ".join(part.split()) in text, part
    assert "You stopped at exchange 2. Next: entra-oauth learn --spot 1" in text


def test_what_is_wrong_is_told_and_the_score_counts_the_first_try() -> None:
    fault = faults_of(1)[0]
    wrong = next(number for number in range(1, 9) if number not in right_steps(fault))
    other = options_of(fault)[1].manual.title
    ran = spot(
        typed=f"{wrong}\n0\nnone\nhint\n{other}\n" + answers(2).replace("\n", f"\n{other}\n", 1)
    )
    text = said(ran)
    assert f"The linter finds it in another step than {wrong}." in text
    assert "Type the number of a step, 1 to" in text
    assert "Hint: It is about this:" in text
    assert "here it holds" in text
    assert "Exchange 1 of 25; right at the first try so far: 0" in text
    assert "Exchange 2 of 25; right at the first try so far: 0" in text
    assert marks()[1] == Mark(step=4, solved=(0, 1, 2, 3), at_once=(2, 3))


def test_it_goes_on_where_one_stopped_and_ends_with_a_count() -> None:
    last = len(faults_of(1)) - 1
    spot("1", typed="skip\n" * (2 * last))
    ran = spot("1", typed="answer\nanswer\n")
    text = said(ran)
    assert f"You stopped at exchange {last + 1}, and go on from there." in text
    assert "Level 1 is done. 0 of 50 tasks were yours" in text
    assert "Next: entra-oauth learn --spot 2" in text
    assert marks() == {1: Mark(done=True)}
    assert "level 2" in spot(typed="quit\n").out
    assert "done, 0 of 50" in spot("--list").out
    assert Progress(standard_place()).marks() == {}, "chapters are counted apart"


def test_when_all_levels_are_done_the_list_is_shown() -> None:
    for level in LEVELS:
        Progress(standard_place("spot.json")).save(level, Mark(done=True))
    text = said(spot())
    assert "You have done them all." in text
    assert text.count("done, 0 of") == len(LEVELS)


def test_two_at_once_keep_both_levels() -> None:
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "entra_oauth", "learn", "--spot", level, "--no-pause"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for level in ("1", "3")
    ]
    for child in children:
        out, err = child.communicate(b"skip\n" * 5, timeout=120)
        assert (child.returncode, err) == (0, b""), out
    assert {level: mark.step for level, mark in marks().items()} == {1: 5, 3: 5}


def test_a_damaged_progress_file_is_named_and_the_first_level_begins() -> None:
    place = standard_place("spot.json")
    place.parent.mkdir(parents=True)
    place.write_text("{broken", encoding="utf-8")
    ran = spot(typed="quit\n")
    assert ran.code == 0
    assert "spot.json.damaged-" in ran.err
    assert "Exchange 1 of 25" in ran.out


def test_one_can_go_back_to_an_exchange_of_another_day() -> None:
    spot("1", typed="skip\n" * 6)
    text = said(spot("1", typed="back\nback\nquit\n"))
    assert "Exchange 4 of 25" in text
    assert "Exchange 3 of 25" in text


WORDS = ["0", "4", "-0", "abc", "1.5", "٣", "99999999999999999999"]


@pytest.mark.parametrize("word", WORDS)
def test_a_level_that_is_not_there_is_a_usage_error(word: str) -> None:
    ran = spot("--", word)
    assert ran.code == 2
    error_of(ran)


@pytest.mark.parametrize(
    "options",
    [
        ("learn", "--sheet", "1"),
        ("learn", "--score", "x"),
        ("learn", "--spot", "--score", "x"),
        ("learn", "--spot", "--quiz"),
        ("learn", "--spot", "--page"),
        ("learn", "--spot", "--sheet", "-1"),
        ("learn", "--spot", "--sheet", "10000"),
        ("learn", "--spot", "--sheet", "x"),
    ],
)
def test_options_that_do_not_fit_are_a_usage_error(options: tuple[str, ...]) -> None:
    ran = call(*options)
    assert ran.code == 2
    error_of(ran)


def test_what_is_no_text_is_no_reason_to_end() -> None:
    ran = subprocess.run(
        [sys.executable, "-Werror", "-m", "entra_oauth", "learn", "--spot", "--no-pause"],
        input=b"\xff\xfe\n\x00\n" + b"x" * 100_000 + b"\nanswer\n" * 5,
        capture_output=True,
        timeout=60,
        env=environment(PYTHONUTF8="1"),
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"Exchange 2 of 25" in ran.stdout


@pytest.mark.parametrize("columns", ["40", "80"])
def test_a_sheet_fits_the_screen_and_is_scored(
    columns: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    ran = spot("--sheet", "4")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == spot("--sheet", "4").out
    assert "Exchange 10 of 10" in ran.out
    long = [
        line
        for line in ran.out.splitlines()
        if len(line) > int(columns) and not line.startswith("    ") and " " in line
    ]
    assert long == []
    file = tmp_path / "answers.txt"
    lines = [f"{each.number}: {found(each.fault).step} {each.letter}" for each in sheet(4)]
    file.write_text("\n".join(lines[:8]), encoding="utf-8")
    text = said(spot("--sheet", "4", "--score", str(file)))
    assert "8 of 10 faults were found: the step was right 8 times, the rule 8 times." in text
    assert "Exchange 9 of 10: not answered." in text
    assert marks() == {}, "a sheet is no level"


def test_half_an_answer_is_told_apart(tmp_path: Path) -> None:
    first, second = sheet(4)[:2]
    other = next(each for each in "abcd" if each != first.letter)
    file = tmp_path / "answers.txt"
    file.write_text(
        f"1: {found(first.fault).step} {other}\n2: 99 {second.letter}\n3: 99 x".replace("x", "a"),
        encoding="utf-8",
    )
    text = said(spot("--sheet", "4", "--score", str(file)))
    assert "Exchange 1 of 10: the rule wrong" in text
    assert "Exchange 2 of 10: the step wrong" in text
    assert "0 of 10 faults were found" in text


@pytest.mark.parametrize(
    ("data", "code"), [(b"1: 3 e", 2), (b"\xff\xfe\x00", 2), (b"x" * 70_000, 2), (None, None)]
)
def test_a_file_of_answers_that_cannot_be_read_is_named(
    data: bytes | None, code: int | None, tmp_path: Path
) -> None:
    file = tmp_path / "answers.txt"
    if data is not None:
        file.write_bytes(data)
    ran = spot("--sheet", "1", "--score", str(file))
    assert ran.code == code if code is not None else ran.code != 0
    error_of(ran)
