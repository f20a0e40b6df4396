"""How a page is looked at: two widths, two colour schemes, and axe-core's verdict on each."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

from kit import needs
from kit.foreign.chromium import Page

__all__ = ["LOOKS", "axe_complaints", "fits"]

LOOKS = tuple(product((320, 1280), ("light", "dark")))


def fits(page: Page) -> None:
    """Fail if a page is wider than its window, or keeps its colours where they should turn."""
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    for width, scheme in LOOKS:
        page.look(width=width, scheme=scheme)
        page.wait_for(f"innerWidth === {width}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        red, green, blue = page.evaluate(
            "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)"
        )
        assert (max(red, green, blue) < 64) == (scheme == "dark"), (red, green, blue)
        assert min(red, green, blue) > 192 or scheme == "dark", (red, green, blue)
    # A page that tells of a failure has such a status, and Chromium notes it.
    assert [each for each in page.problems if "responded with a status of 4" not in each] == []


@cache
def _axe() -> str:
    assert needs.NODE_MODULES
    return (needs.NODE_MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def axe_complaints(page: Page) -> list[str]:
    """What axe-core has against a page, at every width and in both schemes."""
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    page.evaluate(f"{_axe()}; 0")
    found: list[str] = []
    for width, scheme in LOOKS:
        page.look(width=width, scheme=scheme)
        page.wait_for(f"innerWidth === {width}")
        verdict: dict[str, Any] = page.evaluate("axe.run(document)")
        assert len(verdict["passes"]) > 5
        for each in verdict["violations"]:
            places = [node["html"][:120] for node in each["nodes"]]
            found.append(f"{width} {scheme}: {each['id']}, {each['help']}: {places}")
    return found
