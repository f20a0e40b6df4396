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
    assert slides > 20
    assert len(printed) == slides + 1  # and the title
    assert all(width > height for width, height in printed)


@pytest.mark.parametrize("name", [name for name in PAGES if "worksheet" in name])
def test_a_worksheet_and_its_key_are_printed_on_two_pages_each(name: str, page: Page) -> None:
    page.open((KIT / f"{name}.html").as_uri())
    page.wait_for("document.readyState === 'complete'")
    printed = _pages_of(page)
    assert len(printed) == 2
    assert all(width < height for width, height in printed)
