"""The verb learn, and --explain: at a terminal and in a pipe, in any width, with any input."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from entra_oauth.cli.lessons import lesson_room
from entra_oauth.cli.lessons.lesson_room import rendered
from entra_oauth.cli.session.explain_option import folded
from entra_oauth.lessons.learn import NUMBERS
from entra_oauth.lessons.learn.progress import Mark, Progress, standard_place
from kit import needs
from kit.command_line import Ran, call, environment, error_of

# What must be copied from the screen, or is one word, may be longer than the screen is wide.
VERBATIM = "    "


def learn(*arguments: str, typed: str = "") -> Ran:
    """`learn` in this process, with these lines on a standard input that is no terminal."""
    before, sys.stdin = sys.stdin, io.StringIO(typed)
    try:
        return call("learn", *arguments)
    finally:
        sys.stdin = before


def marks() -> dict[int, Mark]:
    return Progress(standard_place()).marks()


def test_the_list_shows_all_chapters_and_how_far_one_is() -> None:
    ran = learn("--list")
    assert (ran.code, ran.err) == (0, "")
    assert [line[:2].strip() for line in ran.out.splitlines()] == [str(n) for n in NUMBERS]
    Progress(standard_place()).save(2, Mark(step=3))
    Progress(standard_place()).save(3, Mark(done=True))
    lines = learn("--list").out.splitlines()
    assert "at step 4" in lines[1]
    assert "done" in lines[2]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("columns", ["40", "80"])
def test_a_chapter_fits_the_screen_and_has_no_escape_codes(
    number: int, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    ran = learn(str(number), "--no-pause", "--no-curl", typed="hint\nanswer\n" * 12)
    assert (ran.code, ran.err) == (0, "")
    assert f"Chapter {number} is done." in ran.out
    assert "\x1b" not in ran.out
    long = [
        line
        for line in ran.out.splitlines()
        if len(line) > int(columns) and not line.startswith(VERBATIM) and " " in line
    ]
    assert long == [], "only what is to be copied may be wider"
    assert marks()[number] == Mark(done=True)


def test_learn_goes_from_chapter_to_chapter_and_takes_up_where_it_stopped() -> None:
    ran = learn("--no-pause", typed="answer\n" * 4)
    assert "Chapter 1 is done" in ran.out
    assert "Chapter 2: " in ran.out
    assert "You stopped at step 2. Next: entra-oauth learn 2" in " ".join(ran.out.split())
    assert marks() == {1: Mark(done=True), 2: Mark(step=1)}
    ran = learn("--no-pause", typed="quit\n")
    assert "Chapter 1" not in ran.out
    assert "You stopped at step 2, and go on from there." in ran.out


def test_what_was_solved_is_counted_after_quitting_and_taking_up() -> None:
    for typed in (
        "Authorization: Bearer TOKEN",
        "a header is shorter than an address\nan address ends up in logs and histories",
        "the token's aud is another API",
    ):  # then the input ends
        assert "You stopped at step" in learn("8", "--no-pause", typed=f"{typed}\n").out
    ran = learn("8", "--no-pause", typed="azuredatabricks.net.mallory.example\n")
    assert "4 of 4 tasks were yours, 3 of them at the first try" in " ".join(ran.out.split())


def test_when_all_is_done_the_list_is_shown() -> None:
    for number in NUMBERS:
        Progress(standard_place()).save(number, Mark(done=True))
    out = " ".join(learn().out.split())
    assert "You have done all ten." in out


def test_the_quiz_explains_and_counts() -> None:
    ran = learn("--quiz", "--no-pause", typed="z\n" + "a\nb\nc\n" * 20)
    assert ran.code == 0
    assert "Type one letter, a to c." in ran.out
    assert re.search(r"\b\d+ of 20 were right at once\.", ran.out)
    assert marks() == {}, "a quiz is no chapter"
    right = "it ties the answer to the question\nit is ignored, the wait goes on\n"
    ran = learn("3", "--quiz", "--no-pause", typed=right)
    assert "2 of 2 were right at once." in ran.out


WORDS = ["0", "11", "-0", "abc", "1.5", "٣", "99999999999999999999", "eyJhbGciOiJub25lIn0.e30."]


@pytest.mark.parametrize("word", WORDS)
def test_a_chapter_that_is_not_there_is_a_usage_error(word: str) -> None:
    ran = learn("--no-pause", "--", word)
    assert ran.code == 2
    error_of(ran)
    assert word not in ran.both or len(word) < 3


def test_a_damaged_progress_file_is_named_and_the_lesson_begins() -> None:
    standard_place().parent.mkdir(parents=True)
    standard_place().write_text("{broken", encoding="utf-8")
    ran = learn("1", "--no-pause", typed="quit\n")
    assert ran.code == 0
    assert "learn.json.damaged-" in ran.err
    assert "Step 1 of" in ran.out


def test_what_is_no_text_is_no_reason_to_end() -> None:
    ran = subprocess.run(
        [sys.executable, "-Werror", "-m", "entra_oauth", "learn", "1", "--no-pause"],
        input=b"\xff\xfe\n\x00\n" + b"x" * 100_000 + b"\nanswer\n" * 5,
        capture_output=True,
        timeout=60,
        env=environment(PYTHONUTF8="1"),
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == b""
    assert b"Chapter 1 is done" in ran.stdout


def test_two_at_once_keep_both_chapters() -> None:
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "entra_oauth", "learn", number, "--no-pause", "--no-curl"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for number in ("1", "8")
    ]
    for child in children:
        out, err = child.communicate(b"answer\n" * 9, timeout=60)
        assert (child.returncode, err) == (0, b""), out
    assert set(marks()) == {1, 8}
    assert all(mark.done for mark in marks().values())


# ---- at a terminal -----------------------------------------------------------------------

AT_A_TERMINAL = """
import os
os.dup2(2, 1)
from entra_oauth.cli import main
import sys
sys.argv = ["entra-oauth", *{arguments!r}]
raise SystemExit(main())
"""


@needs.posix
def test_at_a_terminal_the_address_is_typed_and_judged_and_ctrl_c_keeps_the_place() -> None:
    from kit.processes.ptys import Session

    with Session(AT_A_TERMINAL.format(arguments=["learn", "2"])) as session:
        session.wait_for("Enter goes on>")
        session.press("\n")
        session.wait_for("address>")
        base = re.findall(r"host +(http://localhost:\d+)", session.shown)[0]
        tenant = re.findall(r"tenant +([0-9a-f-]{36})", session.shown)[0]
        session.press(f"{base}/{tenant}/oauth2/authorize\n")
        session.wait_for("v2.0 missing")
        session.press(f"{base}/{tenant}/oauth2/v2.0/authorize\n")
        session.wait_for("Right. Host, tenant")
        session.wait_for("Enter shows more>")  # the page has more lines than the screen
        session.press("\n")
        session.wait_for("state: a value of your own")
        session.press("\n")
        session.wait_for("encoded scope>")
        session.press("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d%2F.default\n")
        session.wait_for("Now the whole address")
        session.wait_until_raw()
        session.press("zzz")
        session.wait_for("zzz")  # once readline echoes, it is about to wait for keys
        session.interrupt_until("Your place is kept")
        code, _ = session.finish()
    assert code == 130
    assert marks() == {2: Mark(step=4, solved=(1, 3), at_once=(3,))}


def test_a_step_that_is_taller_than_the_screen_is_shown_in_pieces_at_empty_lines() -> None:
    lines = ["", *(f"line {number}" if number % 4 else "" for number in range(1, 70))]
    pages = lesson_room._pages(lines, 21)
    assert [line for page in pages for line in page] == lines
    assert all(len(page) <= 21 for page in pages)
    assert all(page[0] == "" for page in pages)
    assert lesson_room._pages(["x"] * 50, 21) == [["x"] * 21, ["x"] * 21, ["x"] * 8]
    assert lesson_room._pages(lines, None) == [lines]
    assert lesson_room._pages([], 21) == [[]]


@needs.posix
def test_no_more_is_shown_at_once_than_the_screen_holds() -> None:
    from kit.processes.ptys import Session

    with Session(AT_A_TERMINAL.format(arguments=["learn", "10"]), columns=60) as session:
        session.wait_for("Enter shows more>")
        shown = session.shown.partition("Step 1 of")[2].partition("Enter shows more>")[0]
        assert 10 < len(shown.splitlines()) <= 24
        session.press("quit\n")
        session.wait_for("You stopped at step 1")
        assert session.finish()[0] == 0


@needs.posix
def test_a_line_of_more_than_a_thousand_characters_can_be_pasted() -> None:
    from kit.processes.ptys import Session

    with Session(AT_A_TERMINAL.format(arguments=["learn", "4", "--no-pause"])) as session:
        session.wait_for("code>")
        session.press(f"{'x' * 5000}\n")
        session.wait_for("That is not in the address")
        session.press("quit\n")
        assert session.finish()[0] == 0


@needs.posix
@pytest.mark.parametrize("no_color", [None, "1"])
def test_explain_at_a_terminal_asks_waits_and_shows_no_secret(
    no_color: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kit.processes.ptys import Session

    if no_color:
        monkeypatch.setenv("NO_COLOR", no_color)
    program = AT_A_TERMINAL.replace("os.dup2(2, 1)", "")
    arguments = ["demo", "--explain", "--pause", "--predict"]
    with Session(program.format(arguments=arguments)) as session:
        session.wait_for("your guess>")
        assert "Message 1" not in session.shown
        session.press("state\n")
        session.wait_for("Yes. state.")
        session.wait_for("Enter sends it>")
        session.press("\n")
        session.wait_for("Enter goes on>")
        session.press("\n")
        session.wait_for("your guess>", times=2)
        session.press("\n")
        session.wait_for("Enter sends it>", times=2)
        session.press("\n")
        session.wait_for("Message 4")
        session.wait_for("Enter sends it>", times=3)
        session.press("\n")
        code, out = session.finish()
        shown = session.shown
    assert code == 0
    assert "What the access token says" in out
    assert "eyJ" not in shown
    assert ("\x1b[" in shown) is (no_color is None)


# ---- --explain in a pipe -------------------------------------------------------------------


@pytest.mark.parametrize("columns", ["40", "80"])
def test_the_live_story_is_on_standard_error_and_fits_the_screen(
    columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    ran = call("demo", "--explain")
    assert ran.code == 0
    assert ran.err.count("Message ") == 4
    assert "Message " not in ran.out
    assert [line for line in ran.err.splitlines() if len(line) > int(columns)] == []
    assert "eyJ" not in ran.err


@pytest.mark.parametrize("flag", ["--pause", "--predict"])
def test_without_a_terminal_nobody_is_asked(flag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    ran = call("demo", flag)
    assert ran.code == 2
    assert "no terminal" in error_of(ran)[0]


@pytest.mark.parametrize("verb", ["mirror", "login"])
def test_a_real_sign_in_is_told_and_its_result_is_the_same(verb: str, tmp_path: Path) -> None:
    from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send, serve
    from kit.foreign.command import Command, at

    with serve(PracticeTenant(), tls=False) as hosted:
        options = (*at(hosted.base_url), "--explain", "--port", _free_port())
        with Command(tmp_path, verb, *options, "-o", "json") as command:
            browser = PracticeBrowser(http_send, "alice@contoso-practice.example", "practice")
            browser.open(command.address())
            done = command.finish()
    assert done.code == 0, done.err
    result = json.loads(done.out)
    assert result["access_token"]
    assert result["access_token"] not in done.err
    assert "Message 1: this program to the authority" in done.err
    assert "code_verifier" in done.err if verb == "login" else "code_verifier" not in done.err


def _free_port() -> str:
    from kit.command_line import free_port

    return free_port()


def test_a_device_sign_in_is_told_too(tmp_path: Path) -> None:
    from entra_oauth.practice import PracticeTenant, serve
    from kit.foreign.command import at

    tenant = PracticeTenant()
    with serve(tenant, tls=False) as hosted:
        child = subprocess.Popen(
            [
                *(sys.executable, "-m", "entra_oauth", "login", "--flow", "password"),
                *("--explain", "--password-stdin", "--username", "alice@contoso-practice.example"),
                *(*at(hosted.base_url), "--cache", "none", "-o", "none"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        _, err = child.communicate(b"practice-password-of-nobody\n", timeout=60)
    assert child.returncode == 3
    assert b"sends the person's user name and password" in b" ".join(err.split())
    assert b"practice-password-of-nobody" not in err
    assert b"password=<password>" in err


# ---- layout ----------------------------------------------------------------------------


def test_a_long_line_is_broken_after_an_ampersand_first() -> None:
    assert list(folded("aaaa=1&bbbb=2&cccc=3", indent=2, columns=12)) == [
        "  aaaa=1&",
        "    bbbb=2&",
        "    cccc=3",
    ]
    assert list(folded("x" * 25, indent=0, columns=10)) == [
        "x" * 10,
        "  " + "x" * 8,
        "  " + "x" * 7,
    ]
    assert list(folded("", indent=4, columns=40)) == [""]


def test_paragraphs_are_filled_and_commands_left_alone() -> None:
    text = "one\ntwo\n\n    curl \\\n      -d  x\n     a = b\nend"
    shown = ["one two", "", "    curl \\", "      -d  x", "    a = b", "end"]
    assert list(rendered(text, columns=40)) == shown
