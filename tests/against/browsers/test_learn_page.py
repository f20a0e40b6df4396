"""The pages of `learn --page` in a real Chromium: by keyboard alone, judged by axe-core."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from entra_oauth.lessons.labs.catalogue import lab
from entra_oauth.lessons.learn.progress import Progress
from entra_oauth.lessons.page.course import Course
from entra_oauth.lessons.page.lab_room import LabRoom
from entra_oauth.lessons.page.scene_room import SceneRoom
from entra_oauth.lessons.page.shelf import Shelf
from entra_oauth.lessons.page.site import Site
from kit import needs
from kit.foreign.chromium import Page
from kit.foreign.looks import axe_complaints, fits

pytestmark = [pytest.mark.against, needs.chromium, needs.posix]

READY = "document.readyState === 'complete'"


@dataclass
class Class:
    """A learner's site, and what is kept of the learner."""

    site: Site
    course: Course
    chapters: Progress
    labs: Progress


@pytest.fixture
def lesson(tmp_path: Path) -> Iterator[Class]:
    chapters, labs = Progress(tmp_path / "learn.json"), Progress(tmp_path / "labs.json")
    with Course(chapters, with_curl=False) as course:
        rooms = Shelf(course, labs), SceneRoom(course, has_shelf=True), LabRoom(labs)
        with Site(*rooms) as site:
            yield Class(site, course, chapters, labs)


def at(page: Page) -> str:
    """The words of whatever has the focus: of its own, of its label, or its value."""
    return str(
        page.evaluate(
            "(e => e.labels?.[0]?.innerText || e.innerText || e.value || e.name || '')"
            "(document.activeElement)"
        )
    )


def tab_to(page: Page, words: str) -> None:
    """Press Tab until something with these words has the focus."""
    for _ in range(80):
        page.key("Tab", code=9)
        if at(page).strip().startswith(words):
            return
    raise AssertionError(f"Tab does not lead to {words!r} on {page.seen()}")


def write(page: Page, text: str) -> None:
    """Replace what is in the field that has the focus."""
    page.evaluate("document.activeElement.select()")
    page.call("Input.insertText", {"text": text})


def enter_leads_to(page: Page, condition: str) -> None:
    page.enter()
    page.wait_for(f"{READY} && ({condition})")


def test_a_whole_chapter_is_done_by_keyboard(page: Page, lesson: Class) -> None:
    page.open(lesson.site.url)
    page.wait_for_heading("Chapters and labs")
    assert "TOY: simplified." in page.text, "the marks of the labs are explained"
    tab_to(page, "4. ")
    enter_leads_to(page, "location.pathname.endsWith('/flow')")
    while (look := lesson.course.look()).controls.prompt:
        if look.controls.is_pause:
            tab_to(page, "Go on")
        elif look.controls.options:
            tab_to(page, "a) ")
            page.key("ArrowDown", code=40)
            tab_to(page, "Answer")
        elif look.text.startswith("Alice has signed in"):
            tab_to(page, "Code")
            write(page, lesson.course._opened.classroom.values["code"])
            tab_to(page, "Answer")
        else:
            tab_to(page, "Enter when it has run")
            write(page, "send")
            tab_to(page, "Answer")
        turn = look.turn
        page.enter()
        page.wait_for(f"{READY} && !document.querySelector('input[name=turn][value=\"{turn}\"]')")
        after = lesson.course.look()
        if after.controls.options and after.text == look.text:
            tab_to(page, "Skip")  # the second of three is not always the right one
            page.enter()
            page.wait_for(
                f"{READY} && !document.querySelector('input[name=turn][value=\"{turn + 1}\"]')"
            )
    assert "Chapter 4 is done." in page.text
    assert lesson.chapters.marks()[4].done
    assert page.problems == []


def test_a_message_is_edited_and_sent_again_by_keyboard(page: Page, lesson: Class) -> None:
    lesson.course.open(4)
    for typed in ("", "answer", "", "send"):
        lesson.course.say(typed, turn=lesson.course.look().turn)
    page.open(lesson.site.url + "flow")
    page.wait_for_heading(lesson.course.look().title)
    number = len(lesson.course.look().evidence.steps)
    tab_to(page, "grant_type")
    write(page, "nonsense")
    tab_to(page, "Send to the practice tenant")
    enter_leads_to(page, f"location.search === '?m={number + 1}'")
    assert "AADSTS70003" in page.text or "unsupported_grant_type" in page.text
    assert len(lesson.course.look().evidence.steps) == number + 1


def test_a_lab_is_done_by_keyboard(page: Page, lesson: Class) -> None:
    page.open(lesson.site.url)
    page.wait_for_heading("Chapters and labs")
    tab_to(page, f"3. {lab(3).title}")
    enter_leads_to(page, "!!document.querySelector('textarea')")
    for function, verdict in ((None, "Not yet."), (lab(3).exercise.solution, "Solved.")):
        tab_to(page, "Your function")
        if function is not None:
            write(page, function)
        tab_to(page, "Run the attack on it")
        shown = f"document.querySelector('.verdict')?.innerText === {json.dumps(verdict)}"
        enter_leads_to(page, shown)
        assert page.evaluate("document.querySelectorAll('.side').length") == 3
    assert lesson.labs.marks()[3].done
    assert page.problems == []


# ---- how it looks -----------------------------------------------------------------------


def _prepare(page: Page, lesson: Class, name: str) -> None:
    lesson.course.open(4)
    said = {"empty": (), "task": ("",), "told": ("", "answer", "", "send"), "wrong": ("", "x")}
    if name == "empty":
        lesson.course.open(5)
    for typed in said.get(name, ()):
        lesson.course.say(typed, turn=lesson.course.look().turn)
    if name == "choice":
        lesson.course.open(1)
        while not (look := lesson.course.look()).controls.options:
            lesson.course.say("", turn=look.turn)
    if name == "lab":
        page.open(lesson.site.url + "lab?n=3")
        page.press("button.main")
        page.wait_for(f"{READY} && !!document.querySelector('.side')")
        return
    page.open(lesson.site.url + {"list": "", "lost": "nowhere"}.get(name, "flow"))
    page.wait_for(f"{READY} && !!document.querySelector('h1')")


LOOKS_OF = ("list", "empty", "task", "wrong", "told", "choice", "lab", "lost")


@pytest.fixture(params=LOOKS_OF)
def shown(request: pytest.FixtureRequest, page: Page, lesson: Class) -> Page:
    _prepare(page, lesson, request.param)
    return page


def test_it_fits_every_width_and_follows_the_colours(shown: Page) -> None:
    fits(shown)


def test_a_command_keeps_its_lines_and_their_places(page: Page, lesson: Class) -> None:
    lesson.course.open(4)
    for typed in ("", "answer", ""):
        lesson.course.say(typed, turn=lesson.course.look().turn)
    page.open(lesson.site.url + "flow")
    page.wait_for(f"{READY} && !!document.querySelector('.words pre')")
    lines = str(page.evaluate("document.querySelector('.words pre').innerText")).split("\n")
    assert lines[0].startswith("curl -X POST")
    assert all(line.startswith("  ") for line in lines[1:])
    assert len(lines) == 8


@needs.node_package("axe-core")
def test_axe_finds_nothing(shown: Page) -> None:
    assert axe_complaints(shown) == []


def test_every_link_of_a_value_leads_to_its_meaning(page: Page, lesson: Class) -> None:
    _prepare(page, lesson, "told")
    dead = (
        "[...document.querySelectorAll('a[href^=\"#\"]')]"
        ".filter(a => !document.querySelector(a.getAttribute('href')))"
        ".map(a => a.getAttribute('href'))"
    )
    assert page.evaluate(dead) == []
    assert page.evaluate("document.querySelectorAll('a.value').length") > 10


def test_nothing_but_the_site_is_asked_for(page: Page, lesson: Class) -> None:
    _prepare(page, lesson, "told")
    base = lesson.site.url.removesuffix(lesson.site.gate.path)
    assert {each["url"].startswith(base) for each in page.requests} == {True}
    assert page.evaluate("document.scripts.length") == 0
    assert page.evaluate("document.referrer") == ""
