"""Every chapter walked through by script: right answers, wrong ones, hints, skips, back, quit."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

import pytest

from entra_oauth.lessons.learn import NUMBERS, chapter
from entra_oauth.lessons.learn.chapters import chapter_04_token_request
from entra_oauth.lessons.learn.classroom import CLIENT, Classroom
from entra_oauth.lessons.learn.conversation import Ending, Turn, turns
from entra_oauth.lessons.learn.steps import Chapter, Page, Task
from kit import needs

NONSENSE = [
    ("", "Nothing was typed"),
    ("   ", "Nothing was typed"),
    ("x" * 9000, "more than 8,192 characters"),
    ("abc\x1b[A", "U+001B"),
    ("a\x00b", "U+0000"),
    ("zzz", ""),
    ("🦀" * 40, ""),
    ("'; DROP TABLE codes; --", ""),
]
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJl"


@pytest.fixture
def classroom() -> Iterator[Classroom]:
    with Classroom() as ours:
        yield ours


@dataclass
class Walked:
    """A chapter that is being walked through, and all that it said."""

    lesson: Chapter
    classroom: Classroom
    start: int = 0
    solved: tuple[int, ...] = ()
    at_once: tuple[int, ...] = ()
    said: list[str] = field(default_factory=list)
    ending: Ending | None = None

    def __post_init__(self) -> None:
        self._turns = turns(
            self.lesson, self.classroom, start=self.start, solved=self.solved, at_once=self.at_once
        )
        self.turn = next(self._turns)
        self.said += self.turn.texts

    def type(self, line: str) -> Turn:
        try:
            self.turn = self._turns.send(line)
            self.said += self.turn.texts
        except StopIteration as stop:
            self.ending = stop.value
        return self.turn

    @property
    def text(self) -> str:
        return "\n".join(self.said)

    def task(self) -> Task | None:
        """The task that is open; None on a page."""
        if self.turn.step >= len(self.lesson.steps):
            return None
        step = self.lesson.steps[self.turn.step]
        return step if isinstance(step, Task) else None

    def through(self, answer: Callable[[Task], str]) -> Ending:
        for _ in range(200):
            if self.ending is not None:
                return self.ending
            task = self.task()
            self.type("" if task is None or self.turn.is_pause else answer(task))
        raise AssertionError("the chapter has no end")


def model(classroom: Classroom) -> Callable[[Task], str]:
    """The right answer to each task."""
    return lambda task: task.answer(classroom)


def tasks_of(lesson: Chapter) -> int:
    return sum(isinstance(step, Task) for step in lesson.steps)


@pytest.mark.parametrize("number", NUMBERS)
def test_right_answers_lead_through_a_chapter_at_once(number: int, classroom: Classroom) -> None:
    walked = Walked(chapter(number), classroom)
    ending = walked.through(lambda task: task.answer(classroom))
    assert (ending.finished, ending.right) == (True, tasks_of(walked.lesson))
    assert ending.at_once == ending.tasks == ending.right
    assert walked.text.count("Right.") == ending.tasks


@pytest.mark.parametrize("number", NUMBERS)
def test_wrong_answers_get_a_helpful_line_and_never_end_a_chapter(
    number: int, classroom: Classroom
) -> None:
    walked = Walked(chapter(number), classroom)

    def wrong_then_right(task: Task) -> str:
        at = walked.turn.step
        for typed, told in NONSENSE:
            if task.blank_is_an_answer and not typed.strip():
                continue
            turn = walked.type(typed)
            assert walked.ending is None
            assert turn.step == at, f"{typed!r} was taken for an answer"
            assert len(" ".join(turn.texts)) > 15
            assert told in " ".join(turn.texts)
        if not task.takes_secrets:
            turn = walked.type(TOKEN)
            assert turn.step == at
            assert "looks like a token" in turn.texts[0]
        assert TOKEN[:20] not in walked.text
        assert all(c.isprintable() or c == "\n" for c in walked.text)
        return task.answer(classroom)

    ending = walked.through(wrong_then_right)
    assert ending.finished
    assert ending.right == ending.tasks
    assert ending.at_once == 0


@pytest.mark.parametrize("number", NUMBERS)
def test_each_wrong_letter_is_told_why(number: int, classroom: Classroom) -> None:
    walked = Walked(chapter(number), classroom)

    def every_letter(task: Task) -> str:
        right = task.answer(classroom)
        if not task.prompt.startswith("a letter"):
            return right
        whys = set()
        last = task.prompt[-1]
        for letter in "abcdef"[: "abcdef".index(last) + 1]:
            if letter != right:
                turn = walked.type(f"{letter.upper()})")
                assert "Right." not in turn.texts[0]
                whys.add(turn.texts[0])
        assert len(whys) == "abcdef".index(last), "each wrong answer has a reason of its own"
        return right

    assert walked.through(every_letter).finished


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("word", ["answer", "skip"])
def test_whoever_is_stuck_gets_on(number: int, word: str, classroom: Classroom) -> None:
    walked = Walked(chapter(number), classroom)

    def stuck(task: Task) -> str:
        for _ in range(len(task.hints) + 1):
            assert walked.type(" Hint ").texts[0].startswith("Hint: ")
        return word

    ending = walked.through(stuck)
    assert (ending.finished, ending.right) == (True, 0)
    assert walked.text.count("The answer") >= (tasks_of(walked.lesson) if word == "answer" else 0)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_chapter_can_be_left_and_taken_up_at_every_step(number: int) -> None:
    lesson = chapter(number)
    for start in range(len(lesson.steps)):
        with Classroom() as classroom:
            walked = Walked(lesson, classroom, start=start)
            assert walked.turn.step == start
            walked.type("quit")
            assert walked.ending is not None
            assert (walked.ending.finished, walked.ending.step) == (False, start)
    with Classroom() as classroom:
        walked = Walked(lesson, classroom, start=len(lesson.steps) - 1)
        assert walked.through(lambda task: task.answer(classroom)).finished


def test_back_goes_one_step_back_and_no_further(classroom: Classroom) -> None:
    walked = Walked(chapter(1), classroom)
    assert "first step" in walked.type("back").texts[0]
    assert walked.turn.step == 0
    walked.type("")
    walked.type("")
    assert walked.turn.step == 2
    walked.type("back")
    assert walked.turn.step == 1


def test_a_chapter_can_be_done_twice_over_by_going_back(classroom: Classroom) -> None:
    for number in (4, 5, 9):
        lesson = chapter(number)
        with Classroom() as ours:
            walked = Walked(lesson, ours)
            for _ in range(len(lesson.steps) - 1):
                task = walked.task()
                walked.type("" if task is None else task.answer(ours))
            while walked.turn.step:
                walked.type("back")
            assert walked.through(model(ours)).finished


@dataclass
class Seen:
    """The words of each step, and those about its right answer."""

    steps: dict[int, str] = field(default_factory=dict)
    said: dict[int, tuple[str, ...]] = field(default_factory=dict)


def forward(walked: Walked, seen: Seen) -> None:
    """Go on to the end with right answers, and compare with what was seen before."""
    while walked.ending is None and walked.turn.step < len(walked.lesson.steps):
        at, shown = walked.turn.step, walked.turn.texts[-1]
        assert seen.steps.setdefault(at, shown) == shown
        task = walked.task()
        if task is None and at == len(walked.lesson.steps) - 1:
            return  # behind a last page there is no way back
        turn = walked.type("" if task is None else task.answer(walked.classroom))
        if task is not None:
            said = turn.texts[:1]
            assert said[0].startswith("Right.")
            assert seen.said.setdefault(at, said) == said


def backward(walked: Walked, seen: Seen) -> None:
    """Go back to the first step, and compare."""
    while walked.turn.step:
        turn = walked.type("back")
        assert turn.texts == (seen.steps[turn.step],)


@pytest.mark.parametrize("number", NUMBERS)
def test_to_the_end_and_back_and_to_the_end_again_shows_no_difference(
    number: int, classroom: Classroom
) -> None:
    walked, seen = Walked(chapter(number), classroom), Seen()
    forward(walked, seen)
    backward(walked, seen)
    sent = len(classroom.tenant.log)
    forward(walked, seen)
    assert len(classroom.tenant.log) == sent, "nothing was done a second time"
    while walked.ending is None:
        walked.type("")
    assert walked.ending.right == walked.ending.at_once == walked.ending.tasks


@pytest.mark.parametrize("number", NUMBERS)
def test_what_was_solved_is_still_counted_after_each_step_was_taken_up_again(number: int) -> None:
    lesson = chapter(number)
    solved: tuple[int, ...] = ()
    at_once: tuple[int, ...] = ()
    for start in range(len(lesson.steps)):
        with Classroom() as classroom:
            walked = Walked(lesson, classroom, start=start, solved=solved, at_once=at_once)
            task = walked.task()
            walked.type("" if task is None else task.answer(classroom))
            if start + 1 < len(lesson.steps):
                solved, at_once = walked.turn.solved, walked.turn.at_once
                walked.type("quit")
                continue
            ending = walked.through(model(classroom))
            assert ending.right == ending.at_once == ending.tasks == tasks_of(lesson)


@pytest.mark.parametrize("number", NUMBERS)
def test_from_the_last_step_that_was_taken_up_the_way_back_shows_what_holds(number: int) -> None:
    lesson = chapter(number)
    with Classroom() as classroom:
        walked, seen = Walked(lesson, classroom, start=len(lesson.steps) - 1), Seen()
        texts = [walked.turn.texts[-1]]
        while walked.turn.step:
            texts.append(walked.type("back").texts[-1])
        for step, text in enumerate(reversed(texts)):
            seen.steps[step] = text
        forward(walked, seen)


def test_an_answer_that_was_shown_is_not_counted_when_it_is_typed_afterwards(
    classroom: Classroom,
) -> None:
    walked = Walked(chapter(1), classroom, start=2)
    walked.type("answer")
    walked.type("back")
    ending = walked.through(model(classroom))
    assert ending.right == ending.tasks - 1


def test_another_right_answer_on_the_way_back_changes_what_follows(classroom: Classroom) -> None:
    lesson = chapter(10)
    walked = Walked(lesson, classroom)
    while walked.turn.step < len(lesson.steps) - 1:
        task = walked.task()
        walked.type("" if task is None else task.answer(classroom))
    assert "--tenant TENANT" in walked.turn.texts[-1]
    walked.type("back")
    walked.type("back")
    walked.type("contoso-practice.example")
    walked.type("")
    assert "--tenant contoso-practice.example" in walked.turn.texts[-1]
    assert "--client-id CLIENT" in walked.turn.texts[-1]


def test_after_the_revocation_another_form_is_still_answered(classroom: Classroom) -> None:
    lesson = chapter(7)
    walked = Walked(lesson, classroom)
    while walked.turn.step < len(lesson.steps) - 1:
        task = walked.task()
        walked.type("" if task is None else task.answer(classroom))
    while walked.turn.step > 2:
        walked.type("back")
    form = f"client_id={CLIENT}&grant_type=refresh_token&refresh_token=RT"
    assert walked.type(form).texts[0].startswith("Right. It was sent")
    assert "the old one   HTTP 200" in walked.turn.texts[-1]
    assert "the new one   HTTP 200" in walked.turn.texts[-1]


def test_help_is_at_hand_on_pages_and_tasks(classroom: Classroom) -> None:
    walked = Walked(chapter(1), classroom)
    for line in ("?", "help", "hint", "answer"):
        assert "Enter goes on" in walked.type(line).texts[0]
        assert walked.turn.step == 0
    walked.type("")
    walked.type("")
    assert "skip (goes on)" in walked.type("?").texts[0]


# ---- what is shown -----------------------------------------------------------------------


def secrets_in(classroom: Classroom) -> set[str]:
    """Codes, tokens, device codes and cookies that the tenant saw or gave."""
    found: set[str] = set()
    for request, response in classroom.tenant.log:
        texts = [request.query, request.body.decode(), response.body.decode("utf-8", "replace")]
        texts += [value for _, value in (*request.headers, *response.headers)]
        for text in texts:
            for name in ("code", "code_verifier", "device_code", "refresh_token"):
                found |= set(re.findall(rf"\b{name}=([^&\"\s;]+)", text))
            found |= set(re.findall(r'"(?:access|id|refresh)_token":"([^"]+)', text))
            found |= set(re.findall(r'"device_code":"([^"]+)', text))
            found |= set(re.findall(r"Bearer ([^\s\"]+)", text))
            found |= set(re.findall(r"(?:ESTS\w*|esctx\w*)=([^;]+)", text))
    return {unquote_plus(each) for each in found if len(each) > 12}


@pytest.mark.parametrize("number", NUMBERS)
def test_only_what_the_learner_is_to_paste_is_shown(number: int, classroom: Classroom) -> None:
    walked = Walked(chapter(number), classroom)
    walked.through(lambda task: "answer")
    wanted = {classroom.values[name] for name in ("code", "verifier") if name in classroom.values}
    if number not in (4, 5):
        assert not wanted
    if number == 5:
        wanted = {classroom.values["verifier"]}
    secrets = secrets_in(classroom) - wanted
    assert secrets or number == 4
    if number == 3:  # the one that is made up
        secrets.discard("mallorys-code")
    assert [each for each in secrets if each in walked.text] == []


def test_a_person_s_password_is_never_shown(classroom: Classroom) -> None:
    walked = Walked(chapter(9), classroom)
    walked.through(lambda task: "answer")
    assert "password = <password>" in walked.text


@pytest.mark.parametrize("number", NUMBERS)
def test_each_chapter_is_of_a_fair_length_and_says_what_to_remember(number: int) -> None:
    lesson = chapter(number)
    assert lesson.number == number
    assert 5 <= lesson.minutes <= 9
    assert 3 <= tasks_of(lesson) <= 7
    assert any(isinstance(step, Page) for step in lesson.steps)
    assert len(lesson.in_short) > 60


def test_what_is_claimed_of_entra_is_labelled(classroom: Classroom) -> None:
    text = ""
    for number in NUMBERS:
        with Classroom() as ours:
            walked = Walked(chapter(number), ours)
            walked.through(lambda task: "answer")
            text += walked.text
    assert text.count("AS ENTRA") >= 10
    assert text.count("TOY") >= 4
    assert text.count("STRICTER") >= 2
    first = min(text.index(label) for label in ("AS ENTRA", "STRICTER", "TOY", "UNKNOWN"))
    assert text[first:].startswith("AS ENTRA: so it is with Entra"), "explained before it is used"


# ---- chapter by chapter, on the learner's own bytes -------------------------------------------


def test_the_address_that_was_typed_is_the_one_that_is_opened(classroom: Classroom) -> None:
    walked = Walked(chapter(2), classroom, start=4)
    model = (walked.task() or pytest.fail("no task")).answer(classroom)
    walked.type(model.replace("kettle-lantern-river-42", "a-state-of-my-own"))
    assert any("a-state-of-my-own" in request.query for request, _ in classroom.tenant.log)


@needs.curl
@needs.posix
def test_the_command_that_is_shown_works_with_the_real_curl() -> None:
    with Classroom.with_curl() as classroom:
        walked = Walked(chapter(4), classroom, start=3)
        shown = walked.turn.texts[-1]
        command = "\n".join(line for line in shown.splitlines() if line.startswith("    "))
        assert walked.type("").step == 3
        assert "Nothing has arrived" in walked.turn.texts[0]
        _sh(command)
        assert "placeholder" in walked.type("").texts[0]
        _sh(command.replace("<authorization-code>", "1.wrong"))
        assert "not the one in the address" in walked.type("").texts[0]
        _sh(command.replace("<authorization-code>", classroom.values["code"]))
        assert walked.type("").texts[0].startswith("Right. It arrived from curl")
        agents = [request.header("User-Agent") or "" for request, _ in classroom.tenant.log]
        assert sum(agent.startswith("curl/") for agent in agents) == 3


def _sh(command: str) -> None:
    done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def test_on_windows_the_command_is_one_line_with_its_quotes(classroom: Classroom) -> None:
    command = chapter_04_token_request.curl_command(classroom, "1.a-code", windows=True)
    assert command.startswith("curl.exe -X POST ")
    assert "\n" not in command
    assert "'" not in command
    assert '-d "code=1.a-code"' in command


@needs.curl
def test_run_runs_the_real_curl_from_here() -> None:
    with Classroom.with_curl() as classroom:
        walked = Walked(chapter(4), classroom, start=3)
        assert "It arrived from curl" in walked.type("run").texts[0]


def test_without_curl_that_is_said_and_the_request_is_sent_from_here() -> None:
    with Classroom.with_curl(wanted=False) as classroom:
        walked = Walked(chapter(4), classroom, start=3)
        assert "There is no curl here, or --no-curl was given" in walked.turn.texts[-1]
        assert "It arrived from" in walked.type("send").texts[0]


def test_a_forged_answer_is_refused_by_the_real_listener_and_the_genuine_one_taken(
    classroom: Classroom,
) -> None:
    walked = Walked(chapter(3), classroom, start=3)
    where = re.findall(r"http://localhost:\d+/", walked.text)[-1]
    assert "begin with that" in walked.type("http://localhost:1/?code=a&state=b").texts[0]
    assert "no state" in walked.type(f"{where}?code=abc").texts[0]
    assert "not on this machine" not in walked.type("http://example.com/?code=a&state=b").texts[0]
    assert "answered 400" in walked.type(f"{where}?code=abc&state=zzz").texts[0]
    walked.type("go on waiting")
    assert "Accepted" in walked.type("go").texts[0]
