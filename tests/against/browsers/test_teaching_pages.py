"""The pages of the class kit in a real Chromium: both schemes, both widths, printed, by axe."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from kit import needs
from kit.foreign.chromium import Page
from kit.foreign.looks import axe_complaints, fits

pytestmark = [pytest.mark.against, needs.chromium, needs.posix]

KIT = Path(__file__).parents[3] / "docs" / "teach"
PAGES = sorted(path.stem for path in KIT.glob("*.html"))


@pytest.fixture(params=PAGES)
def shown(request: pytest.FixtureRequest, page: Page) -> Page:
    page.open((KIT / f"{request.param}.html").as_uri())
    page.wait_for("document.readyState === 'complete'")
    return page


def test_it_fits_every_width_and_follows_the_colours(shown: Page) -> None:
    fits(shown)
    assert len(shown.requests) == 1  # itself, and nothing from elsewhere


@needs.node_package("axe-core")
def test_axe_finds_nothing(shown: Page) -> None:
    assert axe_complaints(shown) == []


def _pages_of(page: Page) -> list[tuple[float, float]]:
    """The sizes, in points, of the pages of its PDF."""
    made = page.call("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True})
    pdf = base64.b64decode(made["data"])
    boxes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    return [(float(width), float(height)) for width, height in boxes]


def test_each_slide_is_printed_on_one_page(page: Page) -> None:
    page.open((KIT / "slides.html").as_uri())
    page.wait_for("document.readyState === 'complete'")
    slides = page.evaluate("document.querySelectorAll('section.slide').length")
    printed = _pages_of(page)
    assert slides > 50
    assert len(printed) == slides
    assert all(width > height for width, height in printed)


SCREENS = [(1280, 720), (1920, 1080), (1024, 768), (1280, 600)]


@pytest.fixture
def deck(page: Page) -> Page:
    """The slides on a screen of 1280 by 720."""
    page.open((KIT / "slides.html").as_uri())
    page.wait_for("document.readyState === 'complete'")
    _screen(page, 1280, 720)
    return page


def _screen(page: Page, width: int, height: int) -> None:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    page.call("Emulation.setDeviceMetricsOverride", metrics)
    page.wait_for(f"innerWidth === {width} && innerHeight === {height}")


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_each_slide_fills_the_screen_and_nothing_sticks_out(
    width: int, height: int, deck: Page
) -> None:
    _screen(deck, width, height)
    measured = deck.evaluate(
        """[...document.querySelectorAll('section.slide')].map(slide => {
          const all = [...slide.querySelectorAll('*')].filter(
            each => !each.closest('.told, caption, .page'));
          const end = Math.max(...all.map(each => each.getBoundingClientRect().bottom));
          const right = Math.max(...all.map(each => each.getBoundingClientRect().right));
          const number = slide.querySelector('.page').getBoundingClientRect();
          const box = slide.getBoundingClientRect();
          return [slide.id, box.height, end - box.top, right, number.top - box.top]})"""
    )
    assert len(measured) > 50
    assert [each[0] for each in measured if each[1] != height] == []
    assert [each for each in measured if each[2] > each[4] or each[3] > width] == []


def _at(page: Page, number: int) -> None:
    """Wait until that slide, counted from 0, is the one that is shown, to the pixel."""
    page.wait_for(f"Math.round(scrollY) === {number} * innerHeight")


def test_the_keys_that_scroll_turn_the_slides_one_by_one(deck: Page) -> None:
    _at(deck, 0)
    moves = [("PageDown", 34, 1), ("ArrowDown", 40, 2), ("PageDown", 34, 3), ("PageUp", 33, 2)]
    moves += [("ArrowUp", 38, 1), ("ArrowDown", 40, 2), ("Home", 36, 0)]
    for key, code, number in moves:
        deck.key(key, code=code)
        _at(deck, number)
    last = deck.evaluate("document.querySelectorAll('section.slide').length") - 1
    deck.key("End", code=35)
    _at(deck, last)


def test_the_space_bar_is_the_next_slide(deck: Page) -> None:
    for number in (1, 2, 3):
        deck.type_key(" ")
        _at(deck, number)


def test_a_link_to_a_lab_shows_its_slide(deck: Page) -> None:
    deck.press('a[href="#lab-12"]')
    deck.wait_for("location.hash === '#lab-12'")
    deck.wait_for("document.getElementById('lab-12').getBoundingClientRect().top === 0")


@pytest.mark.parametrize("name", [name for name in PAGES if "worksheet" in name])
def test_a_worksheet_and_its_key_are_printed_on_two_pages_each(name: str, page: Page) -> None:
    page.open((KIT / f"{name}.html").as_uri())
    page.wait_for("document.readyState === 'complete'")
    printed = _pages_of(page)
    assert len(printed) == 2
    assert all(width < height for width, height in printed)
