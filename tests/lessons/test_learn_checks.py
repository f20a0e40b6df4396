"""The checkers: each kind of mistake is named, each right answer taken; and the quiz."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.lessons.learn import NAMES, NUMBERS, chapter
from entra_oauth.lessons.learn.chapter_words import unfolded, words_of
from entra_oauth.lessons.learn.chapters import (
    chapter_05_pkce,
    chapter_07_refresh_token,
    chapter_08_api_call,
)
from entra_oauth.lessons.learn.chapters.authorize_check import fault_in
from entra_oauth.lessons.learn.chapters.chapter_02_authorize_url import WANTED
from entra_oauth.lessons.learn.classroom import CLIENT, DATABRICKS, Classroom
from entra_oauth.lessons.learn.conversation import turns
from entra_oauth.lessons.learn.memory import Memory
from entra_oauth.lessons.learn.quiz import quiz
from entra_oauth.lessons.learn.steps import Feedback, Task
from entra_oauth.lessons.learn.typed_answer import command_in, refusal, tidy
from entra_oauth.protocol.endpoints.authorize import s256

ENDPOINT = "http://localhost:8400/a-tenant/oauth2/v2.0/authorize"
MINE = {**WANTED, "state": "kettle-lantern-river"}


def url(**changes: str | None) -> str:
    """A good address, with raw values changed or left out."""
    raw = {name: quote(value, safe="") for name, value in MINE.items()}
    merged = {**raw, **changes}
    pairs = (f"{name}={value}" for name, value in merged.items() if value is not None)
    return f"{ENDPOINT}?{'&'.join(pairs)}"


def test_a_good_address_has_no_fault_in_any_order() -> None:
    assert fault_in(url(), ENDPOINT, WANTED) is None
    place, _, query = url().partition("?")
    backwards = "&".join(reversed(query.split("&")))
    assert fault_in(f"{place}?{backwards}", ENDPOINT, WANTED) is None
    assert fault_in(url(scope=quote(MINE["scope"], safe="").lower()), ENDPOINT, WANTED) is None


WRONG = [
    ("localhost:8400/a-tenant", "whole address"),
    ("authorize?client_id=1", "whole address"),
    ("http://[::1/x?y=z", "cannot be read"),
    (url().replace("http://", "https://", 1), "begins with http://"),
    (url().replace("8400", "8401", 1), "host is not"),
    (url().replace("a-tenant", "common", 1), "tenant id"),
    (url().replace("authorize", "token", 1), "token endpoint"),
    (url().replace("/v2.0", "", 1), "v2.0 missing"),
    (url().replace("/authorize", "/authorise", 1), "ends in oauth2/v2.0/authorize"),
    (ENDPOINT, "parameters are missing"),
    (f"{url()}#x", "There is a #"),
    (url() + " ", "blank"),
    (url().replace("&scope", "&\nscope"), "line break"),
    (url().replace("&scope", "?scope"), "second question mark"),
    (url() + "&", "nothing beside it"),
    (url() + "&x", "without an equals sign"),
    (url() + "&foo=1", "not in the list"),
    (url() + "&code_challenge=1", "chapter 5"),
    (url() + "&state=abcdefghijk", "twice"),
    (url().replace("client_id", "clientid"), "it is client_id"),
    (url().replace("redirect_uri", "redirect_url"), "it is redirect_uri"),
    (url().replace("client_id", "Client_Id"), "it is client_id"),
    (url(client_id=None), "AADSTS900144"),
    (url(response_type=None), "response_type is missing"),
    (url(state=None), "state is missing"),
    (url(response_mode=None), "response_mode is missing"),
    (url(state=""), "state has no value"),
    (url(state="12345"), "others can guess"),
    (url(state="kxqtz"), "eight characters"),
    (url(scope=MINE["scope"]), "%2F"),
    (url(scope=quote(quote(MINE["scope"], safe=""), safe="")), "encoded twice"),
    (url(scope="openid"), "names the resource"),
    (url(scope=f"{CLIENT}%2F.default"), "Databricks id"),
    (url(redirect_uri="http://localhost"), "%2F"),
    (url(redirect_uri="http%3A%2F%2Flocalhost%2F"), "slash at its end"),
    (url(redirect_uri="https%3A%2F%2Flocalhost"), "begins with http://"),
    (url(redirect_uri="http%3A%2F%2Fevil.example"), "not the registered one"),
    (url(client_id=CLIENT[:-1]), "group by group"),
    (url(response_type="token"), "into the address"),
    (url(response_mode="fragment"), "must be query"),
]


@pytest.mark.parametrize(("typed", "told"), WRONG, ids=[told for _, told in WRONG])
def test_each_mistake_in_an_address_is_named(typed: str, told: str) -> None:
    assert told in (fault_in(typed, ENDPOINT, WANTED) or "no fault")


@given(st.text())
def test_no_text_breaks_the_checker_of_addresses(typed: str) -> None:
    for text in (typed, f"{ENDPOINT}?{typed}", f"http://{typed}"):
        fault_in(text, ENDPOINT, WANTED)


VERIFIER = "a-verifier-that-is-long-enough-to-be-one-000"
DIGEST = hashlib.sha256(VERIFIER.encode()).digest()
LINE = hashlib.sha256(f"{VERIFIER}\n".encode()).digest()
CHALLENGES = [
    (VERIFIER, "verifier itself"),
    (s256(VERIFIER) + "=", "leave out the ="),
    (DIGEST.hex(), "hexadecimal"),
    (base64.urlsafe_b64encode(LINE).decode().rstrip("="), "line break was hashed"),
    (base64.urlsafe_b64encode(DIGEST.hex().encode()).decode().rstrip("="), "32 bytes"),
    ("abc", "has 43 characters; this has 3"),
    ("A" * 43, "another hash"),
]


@pytest.mark.parametrize(("typed", "told"), CHALLENGES)
def test_each_mistake_in_a_challenge_is_named(typed: str, told: str) -> None:
    assert told in chapter_05_pkce._fault(typed, VERIFIER, s256(VERIFIER))


def test_plain_base64_is_told_from_base64url() -> None:
    for number in range(50):
        verifier = f"{VERIFIER}{number}"
        plain = base64.b64encode(hashlib.sha256(verifier.encode()).digest()).decode()
        if "+" in plain or "/" in plain:
            assert "plain base64" in chapter_05_pkce._fault(plain, verifier, s256(verifier))
            return
    pytest.fail("no such hash")


FORMS = [
    ("", "client_id is missing"),
    (f"client_id={CLIENT}&grant_type=authorization_code&refresh_token=RT", "no code this time"),
    ("client_id=x&grant_type=refresh_token&refresh_token=RT", "not the app's id"),
    (f"client_id={CLIENT}&grant_type=refresh_token&refresh_token=abc", "Write refresh_token=RT"),
    (f"client_id={CLIENT}&grant_type=refresh_token&refresh_token=RT&code=1", "leave out code"),
    (f"client_id={CLIENT}&client_id=1&grant_type=refresh_token&refresh_token=RT", "twice"),
    (
        f"client_id={CLIENT}&grant_type=refresh_token&refresh_token=RT&client_secret=x",
        "AADSTS700025",
    ),
    (f"client_id={CLIENT}&grant_type=refresh_token&refresh_token=RT&scope=openid", "Databricks"),
    (f"client_id={CLIENT} &grant_type=refresh_token", "no blanks"),
]


@pytest.mark.parametrize(("typed", "told"), FORMS)
def test_each_mistake_in_a_refresh_form_is_named(typed: str, told: str) -> None:
    assert told in chapter_07_refresh_token._form(typed, Classroom()).why


HEADERS = [
    ("Bearer TOKEN", "a name, a colon"),
    ("Token: TOKEN", "name is Authorization"),
    ("Authorization: TOKEN", "Bearer"),
    ("Authorization: Basic TOKEN", "Basic is for"),
    ('Authorization: Bearer "TOKEN"', "No quotes"),
    ("Authorization: Bearer", "one blank, then TOKEN"),
]


@pytest.mark.parametrize(("typed", "told"), HEADERS)
def test_each_mistake_in_a_header_is_named(typed: str, told: str) -> None:
    assert told in chapter_08_api_call._header(typed, Classroom()).why


def test_a_real_databricks_host_is_no_forgery_and_a_stranger_fools_nobody() -> None:
    classroom = Classroom()
    assert (
        "real Databricks host"
        in chapter_08_api_call._host("adb-1.2.azuredatabricks.net", classroom).why
    )
    assert "fall for it" in chapter_08_api_call._host("example.com", classroom).why
    assert chapter_08_api_call._host(
        "https://azuredatabricks.net.evil.example/", classroom
    ).is_right


# ---- what was typed -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        (" HINT ", "hint"),
        ("answer", "answer"),
        ("Skip", "skip"),
        ("back", "back"),
        ("quit", "quit"),
        ("exit", "quit"),
        ("q", "quit"),
        ("?", "help"),
        ("hints", None),
        ("", None),
        ("skip it", None),
    ],
)
def test_commands_are_known_in_any_case(typed: str, command: str | None) -> None:
    assert command_in(typed) == command


def test_where_a_letter_is_asked_for_a_letter_is_no_command() -> None:
    assert command_in("b", letters=False) is None
    assert command_in("back", letters=False) == "back"


def test_what_surrounds_a_paste_is_taken_off() -> None:
    assert tidy("  'abc' \n") == "abc"
    assert tidy("'") == "'"


@pytest.mark.parametrize(
    ("typed", "is_secret"),
    [
        ("x" * 10 + "eyJ" + "x" * 30, False),  # a challenge may be so
        ("x" * 10 + "eyJ" + "x" * 60, False),  # and so may a longer verifier
        ("eyJ" + "x" * 40, False),
        ("eyJ" + "x" * 41, True),
        ("eyJabcdefghij.k", True),
        ("Bearer eyJabcdefghij.k", True),
        ("access_token=eyJabcdefghij.", True),
        ("http://localhost/?code=" + "x" * 20, True),
        ("http://localhost/?code=" + "x" * 19, False),
    ],
)
def test_a_token_is_told_from_a_challenge_that_looks_like_its_beginning(
    typed: str, is_secret: bool
) -> None:
    why = refusal(typed, takes_secrets=False, blank_is_an_answer=False)
    assert (why is not None) is is_secret
    assert refusal(typed, takes_secrets=True, blank_is_an_answer=False) is None


@given(st.text())
def test_whatever_was_typed_is_an_answer_or_refused_without_being_repeated(typed: str) -> None:
    why = refusal(typed, takes_secrets=False, blank_is_an_answer=False)
    if why is None:
        assert typed.strip()
    else:
        assert why.isprintable()


# ---- the quiz -------------------------------------------------------------------------------


QUESTIONS = words_of("quiz.toml")["question"]


def test_the_quiz_has_twenty_questions_two_of_each_chapter() -> None:
    assert Counter(each["chapter"] for each in QUESTIONS) == dict.fromkeys(NUMBERS, 2)
    assert len({each["asks"] for each in QUESTIONS}) == 20
    for each in QUESTIONS:
        assert each.keys() == {"chapter", "asks", "options", "correct", "hint"}
        _a_question_that_can_be_answered(each)


def _a_question_that_can_be_answered(row: dict[str, Any]) -> None:
    whys = [why for words, why in row["options"] if words and why]
    assert len(set(whys)) == len(row["options"])
    assert 0 <= row["correct"] < len(whys)


STEPS = {
    "text": {"text"},
    "options": {"asks", "options", "correct", "hint"},
    "task": {"task", "asks", "hints", "prompt", "answer"},
}
FLAGS = {"takes_secrets", "blank_is_an_answer"}


@pytest.mark.parametrize("name", NAMES)
def test_the_words_of_a_chapter_are_pages_questions_and_tasks(name: str) -> None:
    words = words_of(f"chapters/{name}.toml")
    assert words.keys() == {"number", "title", "minutes", "in_short", "step"}
    assert (words["number"], words["minutes"] > 0) == (int(name[8:10]), True)
    for row in words["step"]:
        (kind,) = STEPS.keys() & row.keys()
        assert row.keys() - (FLAGS if kind == "task" else ()) == STEPS[kind]
        assert all(row[flag] is True for flag in FLAGS & row.keys())
        if kind == "options":
            _a_question_that_can_be_answered(row)


def test_a_paragraph_of_the_words_is_one_line_and_an_indented_line_stays() -> None:
    assert (
        unfolded("\none\ntwo\n\n    three\nfour\n    five\n")
        == "one two\n\n    three\nfour\n    five"
    )


def test_the_quiz_counts_what_was_right_at_once() -> None:
    questions, classroom = quiz(), Classroom()
    conversation = turns(questions, classroom)
    turn, wrong_once = next(conversation), False
    try:
        while True:
            if turn.is_pause:
                turn = conversation.send("")
            elif turn.step == 0 and not wrong_once:
                wrong_once = True
                turn = conversation.send(QUESTIONS[0]["options"][2][0])
            else:
                task = questions.steps[turn.step]
                assert isinstance(task, Task)
                turn = conversation.send(task.answer(classroom))
    except StopIteration as stop:
        ending = stop.value
    assert (ending.right, ending.at_once, ending.tasks) == (20, 19, 20)


EVERY_QUESTION = [
    *QUESTIONS,
    *(
        row
        for name in NAMES
        for row in words_of(f"chapters/{name}.toml")["step"]
        if "options" in row
    ),
]


def test_neither_the_place_nor_the_length_of_an_option_gives_it_away() -> None:
    longest = 0
    for row in EVERY_QUESTION:
        lengths = [len(words) for words, _ in row["options"]]
        assert len(lengths) >= 3, row["asks"]
        assert len({words for words, _ in row["options"]}) == len(lengths)
        longest += lengths[row["correct"]] == max(lengths)
    assert 0.2 <= longest / len(EVERY_QUESTION) <= 0.4


def test_options_stand_in_another_order_in_each_run_and_in_one_order_within_it() -> None:
    task = chapter_task(1, 2)
    told = set()
    for _ in range(60):
        classroom = Classroom()
        shown = task.asks(classroom) if callable(task.asks) else task.asks
        assert shown == (task.asks(classroom) if callable(task.asks) else "")
        told.add(shown)
        letter = task.answer(classroom)
        assert f"{letter}) the authority" in shown
        for typed in (letter, f"({letter.upper()})", str("abcd".index(letter) + 1)):
            assert task.check(typed, classroom).is_right
        assert not task.check("abcd".replace(letter, "")[0], classroom).is_right
        assert task.check("the authority", classroom).is_right
    assert len(told) > 5


def test_there_is_no_chapter_beyond_the_ten() -> None:
    with pytest.raises(KeyError):
        chapter(11)
    assert DATABRICKS in WANTED["scope"]


# ---- what is right in other words, and what is only nearly right ----------------------------


CHOICES = [
    ("b", True),
    ("B", True),
    ("b)", True),
    ("(b)", True),
    ("b.", True),
    ("b) the authority", True),
    ("b) …", True),
    ("B: because it has the page", True),
    ("2", True),
    ("2)", True),
    ("the authority", True),
    ("The  Authority.", True),
    ("a", False),
    ("1", False),
    ("the program", False),
    ("e", None),
    ("0", None),
    ("5", None),
    ("22", None),
    ("b a", None),
    ("be", None),
    ("bb", None),
    ("authority", None),
    ("②", None),
]


@pytest.mark.parametrize(("typed", "right"), CHOICES)
def test_a_letter_its_number_and_its_words_are_one_answer(typed: str, right: bool | None) -> None:
    feedback = chapter_task(1, 2).check(tidy(typed), Classroom(shuffle=as_written))
    assert feedback.is_right is (right is True)
    assert ("Type one letter" in feedback.why) is (right is None)


def as_written(places: list[int]) -> None:
    """The options stay in the order of the file."""


def chapter_task(number: int, step: int) -> Task:
    task = chapter(number).steps[step]
    assert isinstance(task, Task)
    return task


def in_a_classroom(number: int, step: int, typed: str) -> Feedback:
    """The reply of a step to an answer, once the steps before it were done."""
    with Classroom() as classroom:
        memory = Memory(chapter(number), classroom)
        prepare = memory.chapter.prepare
        if prepare is not None:
            prepare(classroom)
        for before in range(step):
            memory.do_silently(before)
        typed = typed.format(**classroom.values)
        return chapter_task(number, step).check(tidy(typed), classroom)


IN_OTHER_WORDS = [
    (1, 6, "line {password line}", True),
    (1, 6, "{password line})", True),
    (1, 6, "{token line}", False),
    (1, 6, "Alice", False),
    (1, 7, "Line {token line}.", True),
    (6, 1, "3", True),
    (6, 1, "3 parts", True),
    (6, 1, "Three parts.", True),
    (6, 1, "2 parts", False),
    (6, 2, CLIENT, True),
    (6, 2, f"aud: {CLIENT}", True),
    (6, 2, f'"aud": "{CLIENT}",', True),
    (6, 2, f"aud={CLIENT}", True),
    (6, 2, f"aud: {DATABRICKS}", False),
    (6, 2, f"iss: {CLIENT}", False),
    (10, 1, "error = invalid_grant", True),
    (10, 1, '"error": "invalid_grant"', True),
    (10, 1, "Invalid_Grant", True),
    (10, 1, "error = invalid_request", False),
    (10, 1, "error_description", False),
    (10, 2, "AADSTS {number}", True),
    (10, 2, "aadsts{number}:", True),
    (10, 2, "{number}", True),
    (10, 2, "error_codes: [{number}]", True),
    (10, 2, "AADSTS700083", False),
    (10, 2, "invalid_grant", False),
]


@pytest.mark.parametrize(("number", "step", "typed", "right"), IN_OTHER_WORDS)
def test_what_is_right_in_other_words_is_taken(
    number: int, step: int, typed: str, right: bool
) -> None:
    feedback = in_a_classroom(number, step, typed)
    assert feedback.is_right is right, feedback.why


REFRESH = f"client_id={CLIENT}&grant_type=refresh_token&refresh_token=RT"
REFRESHES = [
    (REFRESH, True),
    (f"{REFRESH}&scope={DATABRICKS}%2F.default", True),
    (f"{REFRESH}&scope={DATABRICKS}%2Fuser_impersonation+offline_access", True),
    (f"{REFRESH}&scope=offline_access", False),
    (f"{REFRESH}&response_type=token", False),
    (f"{REFRESH}&code_verifier=x", False),
    (f"{REFRESH}&state=x", False),
    (f"{REFRESH}&{'x' * 200}=y", False),
]


@pytest.mark.parametrize(("typed", "right"), REFRESHES)
def test_a_refresh_form_has_what_belongs_to_it(typed: str, right: bool) -> None:
    feedback = in_a_classroom(7, 2, typed)
    assert feedback.is_right is right, feedback.why


HOSTS = [
    ("adb-1.2.azuredatabricks.net.mallory.example", True),
    ("adb-1.azuredatabricks.net@evil.example", True),
    ("azured4tabricks.net", True),
    ("adb-1.databr1cks.net", True),
    ("adb-1.2.azuredatabrick.net", True),
    ("adb-1.azuredatabricks-net.example", True),
    ("https://azuredatabricks.net.evil.example/", True),
    ("adb-1.2.databricks.azure.us", False),
    ("adb-1.2.databricks.azure.cn", False),
    ("dbc-1.cloud.databricks.com", False),
    ("1.2.gcp.databricks.com", False),
    ("adb-1.2.azuredatabricks.net:8443", False),
    ("http://adb-1.2.azuredatabricks.net", False),
    ("ADB-1.2.AzureDatabricks.NET.", False),
    ("evil@adb-1.2.azuredatabricks.net", False),
    ("example.com", False),
    ("login.microsoftonline.com", False),
    ("http://[", False),
]


@pytest.mark.parametrize(("typed", "right"), HOSTS)
def test_a_forged_host_looks_like_databricks_and_is_none(typed: str, right: bool) -> None:
    feedback = chapter_task(8, 5).check(typed, Classroom())
    assert feedback.is_right is right, feedback.why


STATES = [
    ("kettle-lantern-river-42", True),
    ("a-state-of-my-own", True),
    ("xK29-fjq0-wwZ1", True),
    ("aaaaaaaa", False),
    ("abababab", False),
    ("password", False),
    ("Password1!", False),
    ("12345678", False),
    ("11223344", False),
    ("abcdefgh", False),
    ("state-1234", False),
    ("short-1", False),
]


@pytest.mark.parametrize(("state", "right"), STATES)
def test_a_state_that_others_would_try_first_is_no_state(state: str, right: bool) -> None:
    assert (fault_in(url(state=state), ENDPOINT, WANTED) is None) is right


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (url() + "&prompt=login", "not in the list: prompt."),
        (url() + "&login_hint", "equals sign: login_hint."),
        (url().replace("a-tenant", "A-TENANT"), "small letters"),
        (url() + "&ey!x=1", "not in the list. "),
    ],
)
def test_a_mistake_is_named_with_the_parameter_it_is_in(typed: str, said: str) -> None:
    assert said in (fault_in(typed, ENDPOINT, WANTED) or "")
