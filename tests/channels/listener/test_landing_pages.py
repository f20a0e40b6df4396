"""The listener's pages: safe, readable, and the same for everybody."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import product
from typing import Literal, get_args

import pytest

from entra_oauth.channels.base import Outcome
from entra_oauth.channels.listener import landing_pages
from entra_oauth.protocol.messages import HttpResponse

SUCCESS = Outcome(
    succeeded=True,
    headline="Signed in as ada@practice.example",
    detail="The token has arrived.",
    advice="You can close this window.",
)
FAILURE = Outcome(
    succeeded=False,
    headline="Not signed in",
    detail="AADSTS65004: User declined to consent.\r\nTrace ID: 1",
    advice="Ask again and accept.",
    reference="Correlation ID: 2",
)
HOSTILE = '<script>alert(1)</script><img src=//evil.example onerror="x">&\'"\x1b[31m\u202e'

HTML_PAGES: dict[str, tuple[int, Callable[[], HttpResponse]]] = {
    "success": (200, lambda: landing_pages.done(SUCCESS)),
    "failure": (200, lambda: landing_pages.done(FAILURE)),
    "stopped": (200, lambda: landing_pages.page("stopped")),
    "still waiting": (400, lambda: landing_pages.page("still waiting")),
    "already answered": (409, lambda: landing_pages.page("already answered")),
    "not found": (404, lambda: landing_pages.page("not found")),
    "wrong method": (405, lambda: landing_pages.page("wrong method", (("Allow", "POST"),))),
    "wrong kind": (415, lambda: landing_pages.page("wrong kind")),
    "hostile": (
        200,
        lambda: landing_pages.done(
            Outcome(
                succeeded=False, headline=HOSTILE, detail=HOSTILE, advice=HOSTILE, reference=HOSTILE
            )
        ),
    ),
}
OTHERS: dict[str, tuple[int, Callable[[], HttpResponse]]] = {
    "wrong host": (421, landing_pages.wrong_host),
    "see other": (303, lambda: landing_pages.see_other("/done/x")),
    "empty": (204, landing_pages.empty),
}


class Seen(HTMLParser):
    """The parts of a page."""

    def __init__(self, page: HttpResponse) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(page.body.decode("utf-8", "strict"))
        self.close()
        assert self._open == [], "every element is closed"

    def handle_decl(self, decl: str) -> None:
        assert decl == "doctype html"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            self.text.setdefault(self._open[-1], []).append(data)


@pytest.fixture(params=HTML_PAGES.values(), ids=list(HTML_PAGES))
def page(request: pytest.FixtureRequest) -> HttpResponse:
    status, make = request.param
    made: HttpResponse = make()
    assert made.status == status
    return made


def test_a_page_uses_nothing_from_outside_and_runs_nothing(page: HttpResponse) -> None:
    seen = Seen(page)
    assert set(seen.tags) <= {
        *("html", "head", "meta", "title", "style", "body", "main"),
        *("p", "span", "h1", "h2", "footer"),
    }
    names = {name for name, _ in seen.attributes}
    assert names <= {"lang", "charset", "name", "content", "class", "aria-hidden"}
    assert not re.search(r"url\(|@import|https?:|//", "".join(seen.text["style"]))


def test_a_page_has_a_language_a_title_a_viewport_and_one_heading(page: HttpResponse) -> None:
    seen = Seen(page)
    assert ("lang", "en") in seen.attributes
    assert ("name", "viewport") in seen.attributes
    assert [seen.tags.count(tag) for tag in ("title", "h1", "main")] == [1, 1, 1]
    assert "".join(seen.text["title"]).endswith(" – entra-oauth")
    assert page.header("content-type") == "text/html; charset=utf-8"


def test_the_policy_allows_the_style_sheet_of_the_page_and_nothing_else(page: HttpResponse) -> None:
    style = "".join(Seen(page).text["style"])
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert page.header("content-security-policy") == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


@pytest.mark.parametrize("name", [*HTML_PAGES, *OTHERS])
def test_every_response_has_the_headers_that_keep_it_to_itself(name: str) -> None:
    status, make = (HTML_PAGES | OTHERS)[name]
    response = make()
    assert response.status == status
    expected = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    assert expected.items() <= dict(response.headers).items()
    policy = response.header("content-security-policy") or ""
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    names = [n.lower() for n, _ in response.headers]
    assert len(names) == len(set(names))
    assert not any(n.startswith("access-control") for n in names)


def text_of(page: HttpResponse, tag: str) -> str:
    return "\n".join(Seen(page).text[tag])


def test_success_and_failure_are_told_by_words_and_by_a_symbol() -> None:
    good, bad = landing_pages.done(SUCCESS), landing_pages.done(FAILURE)
    assert "Success" in text_of(good, "p")
    assert text_of(good, "span") == "✓"
    assert "This did not work" in text_of(bad, "p")
    assert text_of(bad, "span") == "✗"
    assert text_of(good, "h1") == SUCCESS.headline
    for status, make in HTML_PAGES.values():
        assert status == 200 or "Success" not in make().body.decode()


def test_a_failure_shows_what_to_do_and_what_support_asks_for() -> None:
    page = landing_pages.done(FAILURE)
    assert "AADSTS65004: User declined to consent.\nTrace ID: 1" in text_of(page, "p")
    assert "Ask again and accept." in text_of(page, "p")
    assert "Correlation ID: 2" in text_of(page, "p")


def test_text_from_outside_stays_text() -> None:
    page = HTML_PAGES["hostile"][1]()
    body = page.body.decode()
    assert "<script>" not in body
    assert "<img" not in body
    assert "\x1b" not in body
    assert "\u202e" not in body
    shown = text_of(page, "h1")
    assert shown.startswith("<script>alert(1)</script>")
    assert shown.endswith("<ESC>[31m<U+202E>")


def test_the_page_for_another_host_says_nothing_of_us() -> None:
    page = landing_pages.wrong_host()
    assert page.body == b"Misdirected request.\n"


def test_a_wrong_method_is_told_the_right_one() -> None:
    assert landing_pages.page("wrong method", (("Allow", "GET"),)).header("allow") == "GET"


# ---- colours -------------------------------------------------------------------

_LIGHT, _DARK = landing_pages.style().split("@media (prefers-color-scheme: dark)")
_PALETTES = {
    name: dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", part))
    for name, part in (("light", _LIGHT), ("dark", _DARK))
}


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_formula_knows_black_and_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("scheme", "ink", "paper"),
    list(product(("light", "dark"), ("ink", "quiet", "good", "bad"), ("paper", "card"))),
)
def test_text_has_enough_contrast_in_both_schemes(scheme: str, ink: str, paper: str) -> None:
    palette = _PALETTES[scheme]
    assert contrast(palette[ink], palette[paper]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_have_enough_contrast_in_both_schemes(scheme: str) -> None:
    palette = _PALETTES[scheme]
    assert contrast(palette["rule"], palette["paper"]) >= 3


def test_every_colour_of_the_style_comes_from_the_palettes() -> None:
    assert _PALETTES["light"].keys() == _PALETTES["dark"].keys()
    rules = re.sub(r"--\w+: #[0-9a-f]{6};", "", landing_pages.style())
    assert "#" not in rules
    assert "color-scheme: light dark;" in rules
    assert set(re.findall(r"var\(--(\w+)\)", rules)) == _PALETTES["light"].keys()


def test_the_words_of_every_page_are_there_and_no_others() -> None:
    words = landing_pages._words()
    names = eval(str(landing_pages.Name), {"Literal": Literal})  # typing is not imported for it
    assert set(words) == set(get_args(names))
    for each in words.values():
        assert {name: type(value) for name, value in each.items()} == {
            **dict.fromkeys(("kind", "state", "headline"), str),
            "status": int,
            "paragraphs": list,
        }
        assert all(isinstance(text, str) and text for text in each["paragraphs"])


@pytest.mark.parametrize(
    "make",
    [
        lambda: landing_pages.page("not found"),
        lambda: landing_pages.page("wrong kind"),
        lambda: landing_pages.page("wrong method", (("Allow", "POST"),)),
    ],
)
def test_who_came_astray_is_told_where_to_go_on(make: Callable[[], HttpResponse]) -> None:
    text = " ".join(Seen(make()).text["p"])
    assert re.search(r"Go on with .+ in the window that was opened for it\.", text)
