"""The slides as text: what is on them, and what is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from entra_oauth.lessons.labs.catalogue import labs
from teaching_slide_diagram import ROWS

DECK = (Path(__file__).parents[2] / "docs/teach/slides.html").read_text(encoding="utf-8")
SLIDES = dict(
    re.findall(r'<section class="slide[^"]*" id="([^"]+)"(.*?)</section>', DECK, re.DOTALL)
)


def _words(markup: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", markup).split())


@pytest.mark.parametrize("number", [each.number for each in labs()])
def test_the_attack_and_its_stopping_are_two_slides_in_this_order(number: int) -> None:
    names = list(SLIDES)
    attack, stopped = f"lab-{number}", f"lab-{number}-stopped"
    assert names.index(stopped) == names.index(attack) + 1
    assert "The attack works" in SLIDES[attack]
    assert "Stopped" not in SLIDES[attack]
    assert "Stopped" in SLIDES[stopped]
    assert "The attack works" not in SLIDES[stopped]
    assert SLIDES[attack].count('class="ask"') == 1
    assert re.search(r'class="ask">[^<]+\?<', SLIDES[attack])


def test_the_diagram_has_the_person_and_the_api() -> None:
    drawn = re.findall(r'class="who"[^>]*>([^<]+)<', SLIDES["way"])
    assert drawn == ["Person", "Browser", "Program", "Authority", "API"]
    ends = {each.sender for each in ROWS} & {each.receiver for each in ROWS}
    assert ends == set(drawn)
    assert len(re.findall("<polygon", SLIDES["way"])) == len(ROWS)


def test_the_diagram_says_the_same_as_a_list() -> None:
    told = re.findall("<li>(.*?)</li>", SLIDES["way"])
    assert told == [f"{each.sender} to {each.receiver}: {each.words}" for each in ROWS]


def test_a_number_in_the_diagram_is_that_of_the_slide_which_shows_the_message() -> None:
    drawn = re.findall(r'class="number"[^>]*>(\d)<', SLIDES["way"])
    titles = [_words(each) for each in re.findall("<h2.*?</h2>", DECK, re.DOTALL)]
    assert drawn == [title[0] for title in titles if re.match(r"\d\. ", title)]
    assert drawn == ["1", "2", "3", "4", "5"]


def test_no_slide_shows_a_wall_of_base64() -> None:
    words = {name: _words(slide) for name, slide in SLIDES.items()}
    assert "code_challenge" in words["ask"]
    # A challenge has 43 characters, and nothing that is shown whole is longer.
    assert [name for name, text in words.items() if re.search(r"[\w+/-]{61,}", text)] == []


def test_no_slide_quotes_a_number_of_another_text() -> None:
    found = re.compile(r"\b(?:steps?|messages?|chapters?|questions?|slides?) \d", re.IGNORECASE)
    assert found.search("as in step 3")
    assert [name for name, slide in SLIDES.items() if found.search(_words(slide))] == []


def test_the_slides_count_themselves() -> None:
    shown = [re.findall(r'class="page">(\d+) of (\d+)<', slide) for slide in SLIDES.values()]
    assert shown == [[(str(n), str(len(SLIDES)))] for n in range(1, len(SLIDES) + 1)]


def test_snapping_is_left_to_the_style_sheet() -> None:
    assert "scroll-snap-type: y mandatory" in DECK
    assert "<script" not in DECK
