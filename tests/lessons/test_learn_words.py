"""The words of the chapters: commands that work on each system, terms that are told first."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from entra_oauth.lessons.learn import NAMES, NUMBERS, chapter
from entra_oauth.lessons.learn.chapter_words import words_of
from entra_oauth.lessons.learn.classroom import Classroom
from entra_oauth.lessons.learn.memory import Memory
from entra_oauth.lessons.learn.steps import Task
from entra_oauth.protocol.jwt import decode

TEXT = {
    number: " ".join(
        str(row.get("text") or row.get("asks")) + " " + " ".join(map(str, row.get("options", ())))
        for row in words_of(f"chapters/{NAMES[number - 1]}.toml")["step"]
    )
    for number in NUMBERS
}


def at_step(number: int, step: int, classroom: Classroom) -> str:
    memory = Memory(chapter(number), classroom)
    prepare = memory.chapter.prepare
    if prepare is not None:
        prepare(classroom)
    for before in range(step):
        memory.do_silently(before)
    return memory.text(step)


def run_of(command: str, given: str = "") -> str:
    """What a command of the screen prints. Python stands in for the one that it names."""
    name, _, rest = command.partition(" ")
    if name in ("python3", "py"):
        code = rest.partition(" ")[2][1:-1]
        words = [sys.executable, "-c", code]
    else:
        words = ["sh", "-c", command]
    done = subprocess.run(words, input=given, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commands_in(text: str, *names: str) -> list[str]:
    lines = (line.strip() for line in text.split("\n"))
    return [line for line in lines if line.partition(" ")[0] in names]


def test_the_commands_that_make_a_challenge_give_the_right_one() -> None:
    with Classroom() as classroom:
        shown = at_step(5, 1, classroom)
        task = chapter(5).steps[1]
        assert isinstance(task, Task)
        wanted = task.answer(classroom)
    found = commands_in(shown, "printf", "python3", "py")
    assert [each.partition(" ")[0] for each in found] == ["printf", "python3", "py"]
    for each in found:
        if each.startswith("printf") and not (shutil.which("sh") and shutil.which("openssl")):
            continue
        assert run_of(each) == wanted, each


def test_the_commands_that_read_a_token_print_its_body() -> None:
    with Classroom() as classroom:
        shown = at_step(6, 2, classroom)
        token = classroom.values["id token"]
    payload = "\n".join(
        line for line in shown.split("\n") if re.fullmatch(r" {4}[\w-]{5,60}", line)
    )
    found = commands_in(shown, "python3", "py")
    assert [each.partition(" ")[0] for each in found] == ["python3", "py"]
    for each in found:
        assert str(decode(token).claims["aud"]) in run_of(each, payload)


def test_a_command_for_windows_has_no_quotes_that_its_shell_does_not_know() -> None:
    for text in TEXT.values():
        for command in commands_in(text, "py"):
            assert re.fullmatch(r'py -c "[^"$]*(\$verifier[^"$]*)?"', command), command


SAID = [
    (2, "a scope of two, and its token endpoint refuses it"),
    (2, "Each name stands once (RFC 6749 section 3.1)"),
    (2, "no secret stands in an address at all"),
    (2, "Plain http is for this machine only"),
    (2, "a program that listens on your machine never gets it"),
    (2, "With form_post the browser brings it as a form"),
    (3, "an answer with two states is as good as one with none"),
    (3, "each attempt has a new one, with 128 bits of chance or more"),
    (4, "goes to the authority that the browser was sent to and to no other"),
    (5, "the verifier, of 43 to 128 characters"),
    (8, "It goes over https only"),
    (8, "also where an answer would redirect it"),
    (10, "an answer with both is to be believed in nothing"),
]


@pytest.mark.parametrize(("number", "words"), SAID)
def test_what_a_reader_needs_to_see_a_fault_is_said(number: int, words: str) -> None:
    assert words in " ".join(TEXT[number].split())


TOLD = [
    ("authority", "The books say authorization server"),
    ("listener", "for one answer: the listener"),
    ("base64url", "base64url writes bytes as letters, digits, - and _"),
    ("SHA-256", "SHA-256 is a hash of 32 bytes"),
    ("consent", "Consent is the yes to what the app may do"),
    ("form_post", "With form_post the browser brings it as a form"),
    ("verifier", "random secret: the verifier"),
    ("hash", "A hash is a fingerprint"),
    ("header", "a line that stands before the body"),
]


@pytest.mark.parametrize(("term", "told"), TOLD)
def test_a_term_is_told_where_it_is_first_used(term: str, told: str) -> None:
    whole = " ".join(" ".join(TEXT[number].split()) for number in NUMBERS)
    first = re.search(rf"\b{re.escape(term)}\b", whole, re.IGNORECASE)
    assert first is not None
    assert 0 <= whole.index(told) - first.start() + len(told) <= 700
